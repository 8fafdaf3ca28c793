import type { OrderSubmitted, ResultRecorded } from "../../engine/domain/decision.ts";
import type { EngineEvent } from "../../engine/domain/event.ts";
import type { JournalEntry } from "../../engine/domain/journal.ts";

/** The order whose outcome this event tells, by itself or by an answer to a question; `null` for any other event. */
export function orderSettledBy(event: EngineEvent): string | null {
  switch (event.type) {
    case "exchange.order-rejected":
    case "exchange.order-ended":
    case "exchange.order-queried":
      return event.clientOrderId;
    case "exchange.order-filled":
      return event.isOrderComplete ? event.clientOrderId : null;
    default:
      return null;
  }
}

/** Whether the engine ended a plan without knowing what became of its order; see `src/engine/domain/reason.ts`. */
export function isGivenUp({ reason }: ResultRecorded): boolean {
  return reason === "order_outcome_unknown";
}

/** Finds in the entries of a session which orders were given up with no outcome told since. */
export class GivenUpOrders {
  readonly #submitted = new Map<string, OrderSubmitted>();
  readonly #orders = new Map<string, OrderSubmitted>();

  get orders(): readonly OrderSubmitted[] {
    return [...this.#orders.values()];
  }

  /** Call it for every entry, in order. */
  observe({ envelope: { event }, decisions }: JournalEntry): void {
    const settled = orderSettledBy(event);
    if (settled !== null) this.#orders.delete(settled);
    for (const decision of decisions) {
      if (decision.type === "order.submitted") this.#submitted.set(decision.clientOrderId, decision);
      else if (decision.type === "result.recorded" && decision.clientOrderId !== null) {
        const order = this.#submitted.get(decision.clientOrderId);
        this.#submitted.delete(decision.clientOrderId);
        if (order !== undefined && isGivenUp(decision)) this.#orders.set(decision.clientOrderId, order);
      }
    }
  }
}
