import type { z } from "zod";

/** What a ranker may look at, all as of the cycle's time. Symbols are indices into the run's symbol table. */
export interface RankerView {
  readonly tsMs: number;
  readonly symbols: readonly string[];
  /** Symbols with an open position on the exchange, ascending index. */
  readonly openPositions: readonly number[];
  /** Milliseconds since the last intent or plan of the symbol; `Infinity` when there was none. */
  intentAgeMs(symbol: number): number;
  planAgeMs(symbol: number): number;
  /** Base volume of the last 24 h times the mark price, in quote; 0 when unknown. */
  volume24hQuote(symbol: number): number;
  /** Spread of the last quote in basis points, `null` without one. */
  spreadBps(symbol: number): number | null;
  /** Exponentially weighted deviation of one-minute log returns, `null` before the first return. */
  volatility(symbol: number): number | null;
  /** Milliseconds since the exchange's last word on the symbol's position; `Infinity` when there was none. */
  snapshotAgeMs(symbol: number): number;
  /** Milliseconds since the symbol's last market event; `Infinity` when there was none. */
  priceAgeMs(symbol: number): number;
  /** What one more call is expected to cost, in milliseconds. */
  readonly callCostMs: number;
  /** Symbols the user listed by hand. */
  readonly allowlist: readonly number[];
  /** Exchange calls this cycle may cost; a ranker never returns more symbols. */
  readonly budgetCalls: number;
}

export interface Ranking {
  /** Ranked, first is most needed, without repeats. */
  readonly symbols: readonly number[];
  /** Tier name to how many symbols it contributed. */
  readonly tierCounts: Readonly<Record<string, number>>;
}

/** A candidate ranker is one file: a name, a zod schema of its parameters and one pure function. */
export interface RankerDefinition<Params = unknown> {
  readonly name: string;
  readonly summary: string;
  readonly params: z.ZodType<Params>;
  rank(view: RankerView, params: Params): Ranking;
  /** Work on the parameters that is done once and not every cycle; what it gives is used instead of `rank`. */
  withParams?(params: Params): Pick<RankerDefinition<Params>, "rank">;
}

export interface BoundRanker {
  readonly name: string;
  rank(view: RankerView): Ranking;
}

export function defineRanker<Params>(definition: RankerDefinition<Params>): RankerDefinition<Params> {
  return definition;
}

export function bindRanker<Params>(definition: RankerDefinition<Params>, params: Params): BoundRanker {
  const { rank } = definition.withParams?.(params) ?? definition;
  return { name: definition.name, rank: (view) => rank(view, params) };
}

/** Collects symbols tier by tier up to a bound, each symbol once, and counts what each tier contributed. */
export class TierCollector {
  readonly #limit: number;
  readonly #seen = new Set<number>();
  readonly #symbols: number[] = [];
  readonly #tierCounts: Record<string, number> = {};

  constructor(limit: number) {
    this.#limit = limit;
  }

  get remaining(): number {
    return Math.max(0, this.#limit - this.#symbols.length);
  }

  add(tier: string, symbols: Iterable<number>, most = Number.POSITIVE_INFINITY): void {
    let added = 0;
    for (const symbol of symbols) {
      if (this.remaining === 0 || added >= most) break;
      if (this.#seen.has(symbol)) continue;
      this.#seen.add(symbol);
      this.#symbols.push(symbol);
      added += 1;
    }
    this.#tierCounts[tier] = (this.#tierCounts[tier] ?? 0) + added;
  }

  finish(): Ranking {
    return { symbols: this.#symbols, tierCounts: this.#tierCounts };
  }
}

/** Indices ordered by symbol text in code-unit order: the same on every machine and locale. */
export function alphabeticalOrder(symbols: readonly string[]): number[] {
  return (
    symbols
      .map((_, index) => index)
      // allow(sort): one conditional whose last key is the index
      .sort((left, right) => {
        const leftName = symbols[left]!;
        const rightName = symbols[right]!;
        return leftName < rightName ? -1 : leftName > rightName ? 1 : left - right;
      })
  );
}

/** The `count` symbols of largest 24 h volume, ties by index: one scan and a small sorted list, not a full sort. */
export function topByVolume(view: RankerView, count: number, isWanted: (symbol: number) => boolean): number[] {
  const best: { symbol: number; volume: number }[] = [];
  if (count <= 0) return [];
  for (let symbol = 0; symbol < view.symbols.length; symbol++) {
    if (!isWanted(symbol)) continue;
    const volume = view.volume24hQuote(symbol);
    const last = best[best.length - 1];
    if (best.length === count && last !== undefined && volume <= last.volume) continue;
    let place = best.length;
    while (place > 0 && best[place - 1]!.volume < volume) place -= 1;
    best.splice(place, 0, { symbol, volume });
    if (best.length > count) best.pop();
  }
  return best.map(({ symbol }) => symbol);
}
