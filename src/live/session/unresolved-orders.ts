import type { OrderSubmitted, ResultRecorded } from "../../engine/domain/decision.ts";
import { type EngineEvent, RESTART_CAUSE } from "../../engine/domain/event.ts";
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

/** What the entries of a session say of orders that a process which takes over has to ask for. */
export class UnresolvedOrders {
  readonly #submitted = new Map<string, OrderSubmitted>();
  readonly #givenUp = new Map<string, OrderSubmitted>();
  readonly #leftBeforeTsMs = new Map<string, number>();

  /** Orders that were given up with no outcome told since. */
  get givenUp(): readonly OrderSubmitted[] {
    return [...this.#givenUp.values()];
  }

  /**
   * Times before which an order left if it ever did, by client order id: a process that takes over asks for the orders
   * of the one before and never sends them.
   */
  get leftBeforeTsMs(): ReadonlyMap<string, number> {
    return this.#leftBeforeTsMs;
  }

  /** Call it for every entry, in order. */
  observe({ envelope: { event, tsMs }, decisions }: JournalEntry): void {
    const settled = orderSettledBy(event);
    if (settled !== null) this.#forget(settled);
    if (event.type === "exchange.order-unknown" && event.cause === RESTART_CAUSE) this.#left(event.clientOrderId, tsMs);
    for (const decision of decisions) {
      if (decision.type === "order.submitted") this.#submitted.set(decision.clientOrderId, decision);
      else if (decision.type === "result.recorded" && decision.clientOrderId !== null) {
        const { clientOrderId } = decision;
        const order = this.#submitted.get(clientOrderId);
        this.#submitted.delete(clientOrderId);
        if (order === undefined || !isGivenUp(decision)) this.#forget(clientOrderId);
        else {
          this.#givenUp.set(clientOrderId, order);
          this.#left(clientOrderId, tsMs);
        }
      }
    }
  }

  #left(clientOrderId: string, tsMs: number): void {
    if (!this.#leftBeforeTsMs.has(clientOrderId)) this.#leftBeforeTsMs.set(clientOrderId, tsMs);
  }

  #forget(clientOrderId: string): void {
    this.#givenUp.delete(clientOrderId);
    this.#leftBeforeTsMs.delete(clientOrderId);
  }
}
