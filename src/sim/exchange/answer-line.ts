import type { EngineEvent, OrderFilled } from "../../engine/domain/event.ts";
import type { FaultPlan } from "./faults/fault-plan.ts";
import type { Latency } from "./latency.ts";

/** A held back or reordered event is overtaken by what is told within this time. */
const DELAY_DEFAULT_MS = 5_000;
const REORDER_DEFAULT_MS = 500;

export interface AnswerLineOptions {
  readonly answer: Latency;
  /** Of the user stream when it is a line of its own; `null` when answers and user events share one. */
  readonly user: Latency | null;
  readonly faults: FaultPlan;
  emit(dueTsMs: number, event: EngineEvent): void;
}

export interface AnswerLineSnapshot {
  readonly lastAnswerDueTsMs: number;
  readonly lastUserDueTsMs: number;
  /** Fills nobody was told of, by client order id. */
  readonly untold: ReadonlyMap<string, readonly OrderFilled[]>;
}

/**
 * The way from the venue to the engine. One connection carries events in the order in which they were given, whatever
 * their latencies; faults lose, repeat or hold back what it carries. Fills that are lost stay on the exchange: a query
 * of their order brings them, as a client's look at its trades does.
 */
export class AnswerLine {
  readonly #options: AnswerLineOptions;
  #lastAnswerDueTsMs = 0;
  #lastUserDueTsMs = 0;
  #untold = new Map<string, OrderFilled[]>();

  constructor(options: AnswerLineOptions) {
    this.#options = options;
  }

  /** The answer to an order request. */
  answer(tsMs: number, event: EngineEvent): void {
    const dueTsMs = this.#answerDueTsMs(tsMs);
    if (this.#options.faults.take(["disconnect"], tsMs, null) === null) this.#options.emit(dueTsMs, event);
  }

  /** An event of the user stream; `symbol` is what it is about. */
  tell(tsMs: number, event: EngineEvent, symbol: string): void {
    const { faults, emit } = this.#options;
    const dueTsMs = this.#options.user === null ? this.#answerDueTsMs(tsMs) : this.#userDueTsMs(tsMs);
    const lost = ["disconnect", "maintenance", "listen-key-expired", "user-event-lost"] as const;
    if (faults.take(lost, tsMs, symbol) !== null) {
      if (event.type === "exchange.order-filled") this.#keep(event);
      return;
    }
    const delayed = faults.take(["user-event-delayed"], tsMs, symbol);
    const reordered = faults.take(["user-event-reordered"], tsMs, symbol);
    const heldMs =
      (delayed === null ? 0 : (delayed.delayMs ?? DELAY_DEFAULT_MS)) +
      (reordered === null ? 0 : (reordered.delayMs ?? REORDER_DEFAULT_MS));
    emit(dueTsMs + heldMs, event);
    if (faults.take(["user-event-duplicated"], tsMs, symbol) !== null) emit(dueTsMs + heldMs, event);
  }

  /** The answer to a query of an order: a request of its own, so it may overtake the fills it tells of. */
  reply(tsMs: number, event: Extract<EngineEvent, { type: "exchange.order-queried" }>): void {
    const { answer, emit } = this.#options;
    const dueTsMs = tsMs + answer.sampleMs();
    for (const fill of this.#untold.get(event.clientOrderId) ?? []) emit(dueTsMs, { ...fill, learntBy: "query" });
    this.#untold.delete(event.clientOrderId);
    emit(dueTsMs, event);
  }

  save(): AnswerLineSnapshot {
    const [lastAnswerDueTsMs, lastUserDueTsMs] = [this.#lastAnswerDueTsMs, this.#lastUserDueTsMs];
    return { lastAnswerDueTsMs, lastUserDueTsMs, untold: this.#untold };
  }

  load({ lastAnswerDueTsMs, lastUserDueTsMs, untold }: AnswerLineSnapshot): void {
    this.#lastAnswerDueTsMs = lastAnswerDueTsMs;
    this.#lastUserDueTsMs = lastUserDueTsMs;
    this.#untold = new Map([...untold].map(([id, fills]) => [id, [...fills]]));
  }

  #keep(fill: OrderFilled): void {
    const known = this.#untold.get(fill.clientOrderId);
    if (known === undefined) this.#untold.set(fill.clientOrderId, [fill]);
    else known.push(fill);
  }

  #answerDueTsMs(tsMs: number): number {
    this.#lastAnswerDueTsMs = Math.max(tsMs + this.#options.answer.sampleMs(), this.#lastAnswerDueTsMs);
    return this.#lastAnswerDueTsMs;
  }

  #userDueTsMs(tsMs: number): number {
    this.#lastUserDueTsMs = Math.max(tsMs + this.#options.user!.sampleMs(), this.#lastUserDueTsMs);
    return this.#lastUserDueTsMs;
  }
}
