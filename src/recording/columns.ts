import type { MarketBatch } from "./batch.ts";

/** Rows of one batch: big enough that per-batch work does not count, small enough to stay near the cache. */
export const BATCH_ROWS = 65_536;

/** A batch while it is filled; whoever fills it hands it out as `MarketBatch` and does not touch it again. */
export interface MutableMarketBatch extends MarketBatch {
  length: number;
}

export function createColumns(rows: number): MutableMarketBatch {
  return {
    length: 0,
    seq: new Float64Array(rows),
    tsMs: new Float64Array(rows),
    rxMs: new Float64Array(rows),
    symbol: new Uint16Array(rows),
    kind: new Uint8Array(rows),
    price: new Float64Array(rows),
    bid: new Float64Array(rows),
    ask: new Float64Array(rows),
    qty: new Float64Array(rows),
  };
}
