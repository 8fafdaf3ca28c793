import type { ReasonCount } from "./schema.ts";

/** Distinct reasons kept by name; a reason that embeds ids could otherwise grow with the journal. */
const REASONS_MAX = 200;
const SYMBOLS_SHOWN = 5;

/** Counts by reason and symbol. Beyond 200 distinct reasons the rest is counted as `other`. */
export interface ReasonTally {
  add(reason: string, symbol: string | null): void;
  readonly total: number;
  /** Most frequent first, ties by reason. */
  list(): ReasonCount[];
}

export function createReasonTally(): ReasonTally {
  const byReason = new Map<string, { count: number; symbols: Map<string, number> }>();
  let total = 0;
  return {
    add(reason, symbol) {
      total += 1;
      let entry = byReason.get(reason);
      if (entry === undefined) {
        const name = byReason.size < REASONS_MAX ? reason : "other";
        entry = byReason.get(name) ?? { count: 0, symbols: new Map() };
        byReason.set(name, entry);
      }
      entry.count += 1;
      if (symbol !== null) entry.symbols.set(symbol, (entry.symbols.get(symbol) ?? 0) + 1);
    },
    get total() {
      return total;
    },
    list: () =>
      byFrequency([...byReason].map(([reason, entry]) => [reason, entry.count] as const)).map(([reason, count]) => {
        const { symbols } = byReason.get(reason)!;
        return { reason, count, symbols: mostFrequent(symbols, SYMBOLS_SHOWN), symbolCount: symbols.size };
      }),
  };
}

/** Keys of a counter, most frequent first, ties by name. */
export function mostFrequent(counts: ReadonlyMap<string, number>, limit: number): string[] {
  return byFrequency([...counts])
    .slice(0, limit)
    .map(([name]) => name);
}

export function byFrequency<Pair extends readonly [string, number]>(pairs: readonly Pair[]): Pair[] {
  return [...pairs].sort((left, right) => right[1] - left[1] || (left[0] < right[0] ? -1 : 1));
}
