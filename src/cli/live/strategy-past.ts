import type { MarketState } from "../../engine/market/market-state.ts";
import { createIntentFeed, type IntentFeed } from "../../sim/run/intent-feed.ts";
import type { StrategyChoice } from "../../sim/strategies/index.ts";
import type { LivePlan } from "./live-plan.ts";

/** The scenario's strategy as intents of a session; `replay` is a list and looks at nothing. */
export function strategyFeed({ scenario }: LivePlan, symbols: readonly string[], startTsMs: number): IntentFeed {
  const choice = scenario.strategy as StrategyChoice;
  return createIntentFeed(choice, symbols, startTsMs, (name) => scenario.plugIns?.strategy(name));
}

/**
 * What a strategy remembers of the time before a crash: while the journal is read it looks at the market once more, as
 * often as it did then. Its looks are not in the journal, only their interval is known, so they may lie up to one
 * interval apart from those of the session, and in an absence before the last one it sees prices that stand still. What it
 * says is passed over.
 */
export class StrategyPast {
  readonly #feed: IntentFeed;

  constructor(feed: IntentFeed) {
    this.#feed = feed;
  }

  /** @param market as it was before that time */
  lookBefore(tsMs: number, market: MarketState): void {
    while (this.#feed.nextTsMs <= tsMs) this.#feed.take(market);
  }

  /** The strategy with all it remembers; its next look is at that time. */
  goOnAt(nextTsMs: number): IntentFeed {
    this.#feed.load({ place: nextTsMs, memory: this.#feed.save().memory });
    return this.#feed;
  }
}
