import type { MarketBatch } from "./batch.ts";

/** Rows of one batch: big enough that per-batch work does not count, small enough to stay near the cache. */
export const BATCH_ROWS = 65_536;

/** A batch while it is filled; whoever fills it hands it out as `MarketBatch` and does not touch it again. */
export interface MutableMarketBatch extends MarketBatch {
  length: number;
  bidQty: Float64Array | null;
  askQty: Float64Array | null;
}

/** Columns for so many rows. Those of sizes come with the first row that has one: see `setSizes`. */
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
    bidQty: null,
    askQty: null,
  };
}

/** Sets the sizes of a row, NaN where it has none. */
export function setSizes(columns: MutableMarketBatch, row: number, bidQty: number, askQty: number): void {
  if (columns.bidQty === null || columns.askQty === null) {
    if (Number.isNaN(bidQty) && Number.isNaN(askQty)) return;
    addSizes(columns);
  }
  columns.bidQty![row] = bidQty;
  columns.askQty![row] = askQty;
}

/** Gives the columns room for sizes; no row has one yet. */
export function addSizes(columns: MutableMarketBatch): void {
  columns.bidQty ??= new Float64Array(columns.seq.length).fill(Number.NaN);
  columns.askQty ??= new Float64Array(columns.seq.length).fill(Number.NaN);
}

/** Takes columns of sizes away in which no row has one, so that equal rows are equal batches. */
export function dropEmptySizes(columns: MutableMarketBatch): void {
  const { bidQty, askQty, length } = columns;
  if (bidQty === null || askQty === null) return;
  for (let row = 0; row < length; row++) if (!Number.isNaN(bidQty[row]!) || !Number.isNaN(askQty[row]!)) return;
  columns.bidQty = null;
  columns.askQty = null;
}
