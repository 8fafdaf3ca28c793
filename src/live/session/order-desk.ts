import type { OrderQueryRequested, OrderSubmitted } from "../../engine/domain/decision.ts";
import type { EngineEvent } from "../../engine/domain/event.ts";
import type { JournalEntry } from "../../engine/domain/journal.ts";
import { type Cancel, type LiveExchange, SAFETY_REFUSAL_CODE, type SafetyGate, type SessionStep } from "../ports.ts";
import { isGivenUp, orderSettledBy } from "./unresolved-orders.ts";

interface OpenOrder {
  readonly order: OrderSubmitted;
  /** It left at this time, or earlier, or never; `null` while it surely has not left. */
  leftTsMs: number | null;
}

export interface OrderDeskParts {
  readonly exchange: LiveExchange;
  readonly gate: SafetyGate | null;
  /**
   * A request may be on its way for so long after it left: until then "not found" proves nothing. The exchange refuses
   * requests older than their `recvWindow`. It may have left long after it was decided: an order that was parked goes
   * when the outcome of another one is known.
   */
  readonly notFoundAfterMs: number;
  /** Between two questions for an order that the engine asks for no more. */
  readonly askAgainMs: number;
  nowMs(): number;
  schedule(dueTsMs: number, action: () => void): Cancel;
  /** An answer the desk gives itself. */
  answer(event: EngineEvent): void;
  probe(step: SessionStep): void;
}

/**
 * The way of orders to the exchange. It keeps the promise that an order whose outcome nobody knows is asked for before
 * anything else is sent: orders decided meanwhile are parked, and one that the engine gives up while it is parked was
 * never sent. For one that left and was given up unanswered (its plan has its result by then) the desk asks on by
 * itself: what the exchange says of it is booked, and until then nothing leaves.
 */
export class OrderDesk {
  readonly #parts: OrderDeskParts;
  readonly #open = new Map<string, OpenOrder>();
  /** Orders that are asked for. */
  readonly #unknown = new Set<string>();
  readonly #parked = new Map<string, OrderSubmitted>();
  /** Questions for each order of unknown outcome that the engine asks for no more. */
  readonly #givenUp = new Map<string, number>();
  #cancelAsking: Cancel | null = null;
  #isHeld = false;

  constructor(parts: OrderDeskParts) {
    this.#parts = parts;
  }

  /** Client order ids. */
  get unknown(): Iterable<string> {
    return this.#unknown;
  }

  get unknownCount(): number {
    return this.#unknown.size;
  }

  get parkedCount(): number {
    return this.#parked.size;
  }

  /**
   * An order that had been decided when the session crashed: it was sent until then, or never.
   *
   * @param leftBeforeTsMs of `recoverSession`; just now when absent
   */
  recover(order: OrderSubmitted, leftBeforeTsMs = this.#parts.nowMs()): void {
    this.#open.set(order.clientOrderId, { order, leftTsMs: leftBeforeTsMs });
    this.#unknown.add(order.clientOrderId);
  }

  /** An order that the engine had given up before the session crashed, with no outcome told since. */
  recoverGivenUp(order: OrderSubmitted, leftBeforeTsMs = this.#parts.nowMs()): void {
    this.recover(order, leftBeforeTsMs);
    this.#giveUp(order.clientOrderId);
  }

  /** Looks at what an entry says of orders. Call it for every entry, before its effects. */
  observe({ envelope: { event }, decisions }: JournalEntry): void {
    switch (event.type) {
      case "exchange.order-accepted":
      case "exchange.order-filled":
      case "exchange.order-rejected":
      case "exchange.order-ended":
      case "exchange.order-queried":
        this.#unknown.delete(event.clientOrderId);
        break;
      default:
    }
    const settled = orderSettledBy(event);
    if (settled !== null && this.#givenUp.delete(settled)) this.#end(settled);
    for (const decision of decisions) {
      if (decision.type === "order.query-requested") this.#unknown.add(decision.clientOrderId);
      else if (decision.type === "result.recorded" && decision.clientOrderId !== null) {
        const { clientOrderId } = decision;
        const leftTsMs = this.#open.get(clientOrderId)?.leftTsMs ?? null;
        if (leftTsMs !== null && isGivenUp(decision)) this.#giveUp(clientOrderId);
        else this.#end(clientOrderId);
      } else if (decision.type === "order.submitted") {
        this.#open.set(decision.clientOrderId, { order: decision, leftTsMs: null });
      }
    }
  }

  /** The entry that decided it is on disk. */
  submit(order: OrderSubmitted): void {
    if (!this.#open.has(order.clientOrderId)) return;
    if (this.#unknown.size > 0 || this.#isHeld) this.#parked.set(order.clientOrderId, order);
    else this.#send(order);
  }

  query(request: OrderQueryRequested): void {
    const { clientOrderId } = request;
    if (this.#parked.delete(clientOrderId)) {
      // It never left, so there is nothing to ask and nothing to wait for.
      this.#parts.answer({
        type: "exchange.order-queried",
        clientOrderId,
        status: "NOT_FOUND",
        orderId: null,
        executedQtyLots: 0,
      });
      return;
    }
    const open = this.#open.get(clientOrderId);
    if (open === undefined) return;
    this.#parts.probe("before-query");
    this.#parts.exchange.query(request, this.#parts.nowMs(), open.order);
  }

  /** `false` for an answer that proves nothing yet: the engine asks again by itself. */
  isConclusive(event: EngineEvent): boolean {
    if (event.type !== "exchange.order-queried" || event.status !== "NOT_FOUND") return true;
    const leftTsMs = this.#open.get(event.clientOrderId)?.leftTsMs ?? null;
    return leftTsMs === null || this.#parts.nowMs() >= leftTsMs + this.#parts.notFoundAfterMs;
  }

  /** Nothing leaves until `letGo`, whatever is known: what moves the account would blur a comparison of the books. */
  hold(): void {
    this.#isHeld = true;
  }

  letGo(): void {
    this.#isHeld = false;
    this.release();
  }

  /** Sends what was parked, once everything is known. Call it after the effects of an entry. */
  release(): void {
    if (this.#unknown.size > 0 || this.#isHeld) return;
    for (const [clientOrderId, order] of this.#parked) {
      this.#parked.delete(clientOrderId);
      this.#send(order);
    }
  }

  /** Nothing is asked any more. */
  stop(): void {
    this.#cancelAsking?.();
    this.#cancelAsking = null;
    this.#givenUp.clear();
  }

  #giveUp(clientOrderId: string): void {
    this.#givenUp.set(clientOrderId, 0);
    this.#unknown.add(clientOrderId);
    if (this.#cancelAsking === null) this.#askOn();
  }

  #askOn(): void {
    const { nowMs, schedule, askAgainMs, exchange } = this.#parts;
    this.#cancelAsking = schedule(nowMs() + askAgainMs, () => {
      this.#cancelAsking = null;
      if (this.#givenUp.size === 0) return;
      for (const [clientOrderId, asked] of this.#givenUp) {
        this.#givenUp.set(clientOrderId, asked + 1);
        const { order } = this.#open.get(clientOrderId)!;
        exchange.query({ type: "order.query-requested", clientOrderId, attempt: asked + 1 }, nowMs(), order);
      }
      this.#askOn();
    });
  }

  #end(clientOrderId: string): void {
    this.#unknown.delete(clientOrderId);
    this.#parked.delete(clientOrderId);
    this.#open.delete(clientOrderId);
  }

  #send(order: OrderSubmitted): void {
    const { gate, exchange, probe } = this.#parts;
    const tsMs = this.#parts.nowMs();
    const refusal = gate?.check(order, tsMs) ?? null;
    if (refusal !== null) {
      const { clientOrderId } = order;
      const text = `refused by the safety gate, ${refusal.limit}: ${refusal.text}`;
      this.#parts.answer({ type: "exchange.order-rejected", clientOrderId, code: SAFETY_REFUSAL_CODE, text });
      return;
    }
    const open = this.#open.get(order.clientOrderId);
    if (open !== undefined) open.leftTsMs = tsMs;
    probe("before-submit");
    exchange.submit(order, tsMs);
    probe("after-submit");
  }
}
