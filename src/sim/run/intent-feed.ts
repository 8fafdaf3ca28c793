import type { IntentReceived } from "../../engine/domain/event.ts";
import type { MarketState } from "../../engine/market/market-state.ts";
import { createStrategy, type StrategyChoice } from "../strategies/index.ts";
import { toIntentFields } from "../strategies/intent-fields.ts";
import type { Strategy, StrategyDefinition, StrategyMemory } from "../strategies/strategy.ts";

/** Something that happens to every variant at the same time. */
export interface TimedIntent {
  readonly tsMs: number;
  readonly event: IntentReceived;
}

/** Where intents come from when they are not recorded. */
export interface IntentFeed {
  /** Time of the next look at the market or the next given intent; Infinity when there is none. */
  readonly nextTsMs: number;
  /** Intents of exactly that time; moves on to the next. */
  take(market: MarketState): readonly IntentReceived[];
  save(): IntentFeedSnapshot;
  /** Goes on where the saved feed stopped, which must have had the same choice. */
  load(saved: IntentFeedSnapshot): void;
}

/** How far a feed is (the time of its next look, or a number of given intents) and what its strategy remembers. */
export interface IntentFeedSnapshot {
  readonly place: number;
  readonly memory: StrategyMemory;
}

export const NO_INTENTS: IntentFeed = {
  nextTsMs: Number.POSITIVE_INFINITY,
  take: () => [],
  save: () => ({ place: 0, memory: {} }),
  load: () => undefined,
};

export function createIntentFeed(
  choice: StrategyChoice,
  symbols: readonly string[],
  startTsMs: number,
  plugIn?: (name: string) => StrategyDefinition | undefined,
): IntentFeed {
  if (choice.name === "replay") return new GivenIntents(choice.intents, startTsMs);
  return new StrategyIntents(choice, symbols, startTsMs, createStrategy(choice, symbols.length, plugIn));
}

/** A strategy looks at the engine's prices each interval; its signals become `trade.intent` entries. */
class StrategyIntents implements IntentFeed {
  nextTsMs: number;
  readonly #choice: Exclude<StrategyChoice, { name: "replay" }>;
  readonly #strategy: Strategy;
  readonly #symbols: readonly string[];

  constructor(
    choice: Exclude<StrategyChoice, { name: "replay" }>,
    symbols: readonly string[],
    startTsMs: number,
    strategy: Strategy,
  ) {
    this.#choice = choice;
    this.#symbols = symbols;
    this.#strategy = strategy;
    this.nextTsMs = startTsMs + this.#strategy.intervalMs;
  }

  save(): IntentFeedSnapshot {
    return { place: this.nextTsMs, memory: this.#strategy.memory };
  }

  load({ place, memory }: IntentFeedSnapshot): void {
    this.nextTsMs = place;
    // allow(unordered): each column fills its own
    for (const [name, column] of Object.entries(this.#strategy.memory)) column.set(memory[name]!);
  }

  take(market: MarketState): readonly IntentReceived[] {
    const tsMs = this.nextTsMs;
    this.nextTsMs += this.#strategy.intervalMs;
    return this.#strategy.evaluate(tsMs, market.price).map((signal, counter) => ({
      type: "intent.received",
      entryId: `${tsMs}-${counter}`,
      fields: toIntentFields(signal, {
        symbolName: this.#symbols[signal.symbol]!,
        model: this.#choice.name === "plugin" ? this.#choice.use : this.#choice.name,
        tsMs,
        shape: this.#choice,
      }),
    }));
  }
}

/** The intents a scenario lists, repeated where it says so. */
class GivenIntents implements IntentFeed {
  readonly #events: readonly TimedIntent[];
  #place = 0;

  constructor(intents: Extract<StrategyChoice, { name: "replay" }>["intents"], startTsMs: number) {
    const events: TimedIntent[] = [];
    intents.forEach((intent, index) => {
      for (let repetition = 0; repetition < intent.count; repetition++) {
        const tsMs = startTsMs + intent.at + repetition * intent.every;
        const entryId = intent.id !== undefined && repetition === 0 ? intent.id : `${tsMs}-${index}`;
        events.push({ tsMs, event: { type: "intent.received", entryId, fields: givenFields(intent) } });
      }
    });
    this.#events = events
      .map((timed, order) => ({ ...timed, order }))
      .sort((left, right) => left.tsMs - right.tsMs || left.order - right.order);
  }

  get nextTsMs(): number {
    return this.#events[this.#place]?.tsMs ?? Number.POSITIVE_INFINITY;
  }

  save(): IntentFeedSnapshot {
    return { place: this.#place, memory: {} };
  }

  load({ place }: IntentFeedSnapshot): void {
    this.#place = place;
  }

  take(): readonly IntentReceived[] {
    const tsMs = this.nextTsMs;
    const taken: IntentReceived[] = [];
    while (this.#events[this.#place]?.tsMs === tsMs) {
      taken.push(this.#events[this.#place]!.event);
      this.#place += 1;
    }
    return taken;
  }
}

function givenFields(intent: Extract<StrategyChoice, { name: "replay" }>["intents"][number]): Record<string, string> {
  const payload: Record<string, unknown> = { symbol: intent.symbol, side: intent.side };
  const optional: readonly [string, unknown][] = [
    ["confidence", intent.confidence],
    ["entry_price", intent.entryPrice],
    ["position_size_usd", intent.sizeUsd],
    ["quantity", intent.qty],
    ["stop_loss", intent.stopLoss],
    ["take_profit", intent.takeProfit],
    ["reduceOnly", intent.reduceOnly],
  ];
  for (const [key, value] of optional) if (value !== undefined) payload[key] = value;
  return { event_type: "trade.intent", payload: JSON.stringify(payload), source: "scenario" };
}
