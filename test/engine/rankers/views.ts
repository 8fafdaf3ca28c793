import type { RankerView } from "../../../src/engine/rankers/ranker.ts";

/** A universe in which the order of names is the reverse of that of indices. */
export const SYMBOLS = Array.from({ length: 566 }, (_, index) => `S${String(565 - index).padStart(3, "0")}USDT`);

/** A view on it in which nothing has happened yet and volumes rise with the index. */
export function viewOf(overrides: Partial<RankerView>): RankerView {
  return {
    tsMs: 1_000_000,
    symbols: SYMBOLS,
    openPositions: [],
    intentAgeMs: () => Number.POSITIVE_INFINITY,
    planAgeMs: () => Number.POSITIVE_INFINITY,
    volume24hQuote: (symbol) => symbol,
    spreadBps: () => null,
    volatility: () => null,
    snapshotAgeMs: () => Number.POSITIVE_INFINITY,
    priceAgeMs: () => Number.POSITIVE_INFINITY,
    callCostMs: 100,
    allowlist: [],
    budgetCalls: 60,
    ...overrides,
  };
}
