import type { EngineEvent } from "../../engine/domain/event.ts";
import type { JournalEntry } from "../../engine/domain/journal.ts";
import type { EngineParts } from "../../engine/pipeline/state.ts";
import type { Clock, LiveExchange } from "../ports.ts";
import { EngineLane } from "./engine-lane.ts";
import { TimerQueue } from "./timer-queue.ts";

export interface ShadowOptions {
  readonly name: string;
  /** Its market may be the session's own: it is moved once, whoever reads it. */
  readonly parts: EngineParts;
  /** Paper or dry run: a shadow never acts. It must not be shared with anybody. */
  readonly exchange: LiveExchange;
  onEntry(entry: JournalEntry): void;
}

/**
 * A further engine on the inputs of a session: the same intents, prices and features at the same stamps, its own timers
 * and an exchange that is not real. Its journal is not written ahead, because nothing it does has to be undone.
 */
export class Shadow {
  readonly name: string;
  readonly exchange: LiveExchange;
  readonly #options: ShadowOptions;
  readonly #lane: EngineLane;
  readonly #clock: Clock;
  readonly #timers: TimerQueue;
  /** What stopped it; a shadow that fails leaves the session alone. */
  #failure: unknown = null;

  constructor(options: ShadowOptions, clock: Clock) {
    this.name = options.name;
    this.exchange = options.exchange;
    this.#options = options;
    this.#clock = clock;
    this.#lane = new EngineLane(options.parts);
    this.#timers = new TimerQueue(clock, () => this.#fire());
  }

  get failure(): unknown {
    return this.#failure;
  }

  get seq(): number {
    return this.#lane.seq;
  }

  async start(): Promise<void> {
    await this.exchange.connect({ event: (event) => this.take(event), gap: () => undefined });
    const { walletQuote } = await this.exchange.reconcile();
    this.take({ type: "run.started", walletQuote });
    this.#timers.start();
  }

  take(event: EngineEvent): void {
    if (this.#failure !== null) return;
    try {
      const entry = this.#lane.handle(event, Math.max(this.#clock.nowMs(), this.#lane.tsMs));
      this.#options.onEntry(entry);
      this.#act(entry);
    } catch (error) {
      this.#failure = error;
      this.#timers.stop();
    }
  }

  async close(cause: "interrupted" | "stopped"): Promise<void> {
    this.#timers.stop();
    if (this.#lane.seq > 0) this.take({ type: "run.ended", cause });
    await this.exchange.close();
  }

  #act({ envelope, decisions }: JournalEntry): void {
    for (const decision of decisions) {
      if (decision.type === "timer.set") this.#timers.set(decision.timerId, decision.dueTsMs);
      else if (decision.type === "order.submitted") this.exchange.submit(decision, envelope.tsMs);
      else if (decision.type === "snapshot.requested") this.exchange.requestSnapshot(decision, envelope.tsMs);
      else if (decision.type === "order.query-requested") {
        const sent = this.#lane.look().activeOrders.get(decision.clientOrderId);
        if (sent !== undefined) this.exchange.query(decision, envelope.tsMs, sent.order);
      }
    }
  }

  #fire(): void {
    for (;;) {
      const timerId = this.#timers.takeDue(this.#clock.nowMs());
      if (timerId === null) break;
      this.take({ type: "timer.fired", timerId });
    }
    this.#timers.rearm();
  }
}
