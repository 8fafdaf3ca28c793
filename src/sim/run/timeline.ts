import type { EngineEvent } from "../../engine/domain/event.ts";
import type { Side } from "../../engine/domain/intent.ts";
import type { MarketState } from "../../engine/market/market-state.ts";
import type { IntentFeed, IntentFeedSnapshot } from "./intent-feed.ts";
import type { RecordedInput } from "./recorded-input.ts";

/** Something from outside that happens to every variant alike. */
export type TimelineItem =
  | { readonly kind: "event"; readonly tsMs: number; readonly event: EngineEvent }
  | Extract<RecordedInput, { kind: "funding" }>
  | { readonly kind: "external"; readonly tsMs: number; readonly trade: ExternalTrade };

export interface ExternalTrade {
  readonly symbol: string;
  readonly side: Side;
  readonly qty: number;
  readonly price: number | null;
  readonly tsMs: number;
}

export interface TimelineParts {
  readonly inputs: Iterable<RecordedInput>;
  readonly operator: readonly { readonly tsMs: number; readonly scope: "off" | "entries" | "all" }[];
  readonly external: readonly {
    readonly tsMs: number;
    readonly symbol: string;
    readonly side: Side;
    readonly qty: number;
    readonly price?: number | undefined;
  }[];
  readonly intents: IntentFeed;
}

export interface Timeline {
  /** Time of the next item; Infinity when nothing is left. */
  readonly nextTsMs: number;
  /** All items of that time: recorded ones first, then the operator, other writers, and strategy intents last. */
  take(market: MarketState): readonly TimelineItem[];
  save(): TimelineSnapshot;
  /** Goes on where the saved timeline stopped; call it once, on a new one over the same parts. */
  load(saved: TimelineSnapshot): void;
}

/** How many recorded inputs and scripted items have been taken, and where the strategy is. */
export interface TimelineSnapshot {
  readonly inputsTaken: number;
  readonly scriptTaken: number;
  readonly intents: IntentFeedSnapshot;
}

/** Merges recorded inputs, the scenario's script and the strategy into one order. */
export function createTimeline(parts: TimelineParts): Timeline {
  return new MergedTimeline(parts);
}

class MergedTimeline implements Timeline {
  nextTsMs = Number.POSITIVE_INFINITY;
  readonly #inputs: Iterator<RecordedInput>;
  #input: RecordedInput | null;
  #inputsTaken = 0;
  readonly #script: readonly TimelineItem[];
  #place = 0;
  readonly #intents: IntentFeed;

  constructor(parts: TimelineParts) {
    this.#inputs = parts.inputs[Symbol.iterator]();
    this.#input = this.#readInput();
    this.#intents = parts.intents;
    this.#script = scriptOf(parts);
    this.#refresh();
  }

  save(): TimelineSnapshot {
    return { inputsTaken: this.#inputsTaken, scriptTaken: this.#place, intents: this.#intents.save() };
  }

  load({ inputsTaken, scriptTaken, intents }: TimelineSnapshot): void {
    for (; this.#inputsTaken < inputsTaken; this.#inputsTaken++) this.#input = this.#readInput();
    this.#place = scriptTaken;
    this.#intents.load(intents);
    this.#refresh();
  }

  take(market: MarketState): readonly TimelineItem[] {
    const tsMs = this.nextTsMs;
    const items: TimelineItem[] = [];
    while (this.#input !== null && this.#input.tsMs <= tsMs) {
      items.push(this.#input);
      this.#input = this.#readInput();
      this.#inputsTaken += 1;
    }
    while (this.#script[this.#place] !== undefined && this.#script[this.#place]!.tsMs <= tsMs) {
      items.push(this.#script[this.#place]!);
      this.#place += 1;
    }
    if (this.#intents.nextTsMs <= tsMs) {
      for (const event of this.#intents.take(market)) items.push({ kind: "event", tsMs, event });
    }
    this.#refresh();
    return items;
  }

  #readInput(): RecordedInput | null {
    const next = this.#inputs.next();
    return next.done === true ? null : next.value;
  }

  #refresh(): void {
    this.nextTsMs = Math.min(
      this.#input?.tsMs ?? Number.POSITIVE_INFINITY,
      this.#script[this.#place]?.tsMs ?? Number.POSITIVE_INFINITY,
      this.#intents.nextTsMs,
    );
  }
}

function scriptOf(parts: TimelineParts): TimelineItem[] {
  const items: TimelineItem[] = [
    ...parts.operator.map(
      ({ tsMs, scope }): TimelineItem => ({
        kind: "event",
        tsMs,
        event: { type: "operator.kill-switch-set", scope, source: "scenario" },
      }),
    ),
    ...parts.external.map(
      ({ tsMs, symbol, side, qty, price }): TimelineItem => ({
        kind: "external",
        tsMs,
        trade: { symbol, side, qty, price: price ?? null, tsMs },
      }),
    ),
  ];
  return items
    .map((item, order) => ({ item, order }))
    .sort((left, right) => left.item.tsMs - right.item.tsMs || left.order - right.order)
    .map(({ item }) => item);
}
