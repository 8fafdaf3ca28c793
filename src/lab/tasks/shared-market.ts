import type { MarketBatch, RecordingSource } from "../../recording/batch.ts";

/** A row of all columns, sizes included. */
const ROW_BYTES = 8 * 9 + 2 + 1;
/** Above this every thread reads the recording itself: two decodes cost less than memory that is not there. */
export const SHARED_BYTES_MAX = 1 << 30;

/** Market columns in memory that threads share; plain data for `workerData`. */
export type SharedMarket = readonly MarketBatch[];

/** Decodes a recording once, into shared memory; `null` when it is too large for that. */
export function shareMarket(recording: RecordingSource, bytesMax: number = SHARED_BYTES_MAX): SharedMarket | null {
  if (recording.marketEventCount * ROW_BYTES > bytesMax) return null;
  const shared: MarketBatch[] = [];
  for (const batch of recording.batches()) {
    const { length } = batch;
    const float = (column: Float64Array): Float64Array => {
      const copy = new Float64Array(new SharedArrayBuffer(length * 8));
      copy.set(column.subarray(0, length));
      return copy;
    };
    const symbol = new Uint16Array(new SharedArrayBuffer(length * 2));
    symbol.set(batch.symbol.subarray(0, length));
    const kind = new Uint8Array(new SharedArrayBuffer(length));
    kind.set(batch.kind.subarray(0, length));
    shared.push({
      length,
      seq: float(batch.seq),
      tsMs: float(batch.tsMs),
      rxMs: float(batch.rxMs),
      symbol,
      kind,
      price: float(batch.price),
      bid: float(batch.bid),
      ask: float(batch.ask),
      qty: float(batch.qty),
      bidQty: batch.bidQty === null ? null : float(batch.bidQty),
      askQty: batch.askQty === null ? null : float(batch.askQty),
    });
  }
  return shared;
}

/** The recording with its market taken from shared memory. */
export function withSharedMarket(recording: RecordingSource, shared: SharedMarket | null): RecordingSource {
  if (shared === null) return recording;
  return { ...recording, inputs: () => recording.inputs(), batches: () => shared };
}
