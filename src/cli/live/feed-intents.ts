import type { IntentReceived } from "../../engine/domain/event.ts";
import type { MarketState } from "../../engine/market/market-state.ts";
import type { Cancel, Clock, IntentBacklog, IntentListener, IntentSource } from "../../live/ports.ts";
import type { IntentFeed } from "../../sim/run/intent-feed.ts";

/**
 * Intents without a stream: of a strategy that looks at the session's own market, or of a list. The feed is the one
 * of simulations; here it is asked when the clock says so. Nothing has to be acknowledged.
 */
export class FeedIntents implements IntentSource {
  readonly #feed: IntentFeed;
  readonly #clock: Clock;
  readonly #market: MarketState;
  readonly #knownUntilTsMs: number;
  #listener: IntentListener | null = null;
  #cancel: Cancel | null = null;
  #isPaused = false;

  /** @param options `knownUntilTsMs`: intents up to then may have been judged by the session that this one goes on with */
  constructor(options: {
    readonly feed: IntentFeed;
    readonly clock: Clock;
    readonly market: MarketState;
    readonly knownUntilTsMs: number;
  }) {
    this.#feed = options.feed;
    this.#clock = options.clock;
    this.#market = options.market;
    this.#knownUntilTsMs = options.knownUntilTsMs;
  }

  async start(listener: IntentListener): Promise<IntentBacklog> {
    this.#listener = listener;
    this.#arm();
    return { pending: 0, unread: null, oldestEntryId: null };
  }

  pause(): void {
    this.#isPaused = true;
    this.#cancel?.();
    this.#cancel = null;
  }

  resume(): void {
    this.#isPaused = false;
    this.#arm();
  }

  async close(): Promise<void> {
    this.pause();
    this.#listener = null;
  }

  #arm(): void {
    if (this.#isPaused || this.#listener === null || this.#cancel !== null) return;
    const dueTsMs = this.#feed.nextTsMs;
    if (dueTsMs === Number.POSITIVE_INFINITY) return;
    this.#cancel = this.#clock.schedule(dueTsMs, () => {
      this.#cancel = null;
      const isRedelivery = dueTsMs <= this.#knownUntilTsMs;
      const intents = this.#feed.take(this.#market);
      for (const event of intents) this.#deliver(event, isRedelivery);
      this.#arm();
    });
  }

  #deliver(event: IntentReceived, isRedelivery: boolean): void {
    this.#listener?.intent({ event, isRedelivery, ack: () => undefined });
  }
}
