import type { MarketBatch } from "./batch.ts";
import { BATCH_ROWS, createColumns, type MutableMarketBatch } from "./columns.ts";

/** One of several sources of market rows, each in replay order by itself. */
export interface MergeSource {
  readonly batches: Iterable<MarketBatch>;
  /** Symbol index of the source to that of the merged rows; `null` when they are the same. */
  readonly symbols: Uint16Array | null;
  /** Added to `seq`, so that no two sources share a number. */
  readonly seqOffset: number;
}

/** A batch longer than this is handed on as it is when nothing comes between its rows. */
const PASS_ROWS = 4096;
/** Runs shorter than this are copied value by value: a call per column would cost more. */
const SHORT_RUN = 24;

/** The batch of a source that is being merged, and how far it is. */
interface Head {
  readonly iterator: Iterator<MarketBatch>;
  readonly source: MergeSource;
  batch: MarketBatch;
  row: number;
}

/**
 * Merges sources by time received, stream rank and `seq`; all market streams have one rank (docs/architecture.md, rule
 * 5), so it has no column. A run of rows of one source is copied at once and a whole batch that precedes the others is
 * handed on; one batch per source and one of the result are in memory.
 */
export function* mergeBatches(sources: readonly MergeSource[], batchRows = BATCH_ROWS): Generator<MarketBatch> {
  const heads: Head[] = [];
  try {
    for (const source of sources) {
      const iterator = source.batches[Symbol.iterator]();
      const batch = nextBatch(iterator, source);
      if (batch !== null) heads.push({ iterator, source, batch, row: 0 });
    }
    yield* mergeHeads(heads, batchRows);
  } finally {
    for (const { iterator } of heads) iterator.return?.();
  }
}

function* mergeHeads(heads: Head[], batchRows: number): Generator<MarketBatch> {
  let merged = createColumns(batchRows);
  while (heads.length > 0) {
    const head = lowestOf(heads, null)!;
    const end = endOfRun(head, lowestOf(heads, head));
    if (head.row === 0 && end === head.batch.length && end >= PASS_ROWS) {
      if (merged.length > 0) {
        yield merged;
        merged = createColumns(batchRows);
      }
      yield head.batch;
      head.row = end;
    }
    while (head.row < end) {
      head.row = copyRun(head.batch, head.row, end, merged);
      if (merged.length < batchRows) continue;
      yield merged;
      merged = createColumns(batchRows);
    }
    if (head.row === head.batch.length) openNext(heads, head);
  }
  if (merged.length > 0) yield merged;
}

function lowestOf(heads: readonly Head[], except: Head | null): Head | null {
  let lowest: Head | null = null;
  for (const head of heads) {
    if (head !== except && (lowest === null || isBefore(head.batch, head.row, lowest.batch, lowest.row))) lowest = head;
  }
  return lowest;
}

/** First row of the head that does not precede the row at which the other one stands. */
function endOfRun(head: Head, other: Head | null): number {
  const { batch } = head;
  const { length } = batch;
  if (other === null || isBefore(batch, length - 1, other.batch, other.row)) return length;
  const { rxMs, seq } = batch;
  const limitRxMs = other.batch.rxMs[other.row]!;
  const limitSeq = other.batch.seq[other.row]!;
  let end = head.row + 1;
  while (rxMs[end]! < limitRxMs || (rxMs[end]! === limitRxMs && seq[end]! < limitSeq)) end += 1;
  return end;
}

function isBefore(left: MarketBatch, leftRow: number, right: MarketBatch, rightRow: number): boolean {
  const leftRxMs = left.rxMs[leftRow]!;
  const rightRxMs = right.rxMs[rightRow]!;
  return leftRxMs < rightRxMs || (leftRxMs === rightRxMs && left.seq[leftRow]! < right.seq[rightRow]!);
}

/** Copies as many of the rows as there is room for; the row after the last one copied. */
function copyRun(from: MarketBatch, start: number, end: number, to: MutableMarketBatch): number {
  const at = to.length;
  const count = Math.min(end - start, to.seq.length - at);
  if (count < SHORT_RUN) {
    for (let step = 0; step < count; step++) copyRow(from, start + step, to, at + step);
  } else {
    const stop = start + count;
    to.seq.set(from.seq.subarray(start, stop), at);
    to.tsMs.set(from.tsMs.subarray(start, stop), at);
    to.rxMs.set(from.rxMs.subarray(start, stop), at);
    to.symbol.set(from.symbol.subarray(start, stop), at);
    to.kind.set(from.kind.subarray(start, stop), at);
    to.price.set(from.price.subarray(start, stop), at);
    to.bid.set(from.bid.subarray(start, stop), at);
    to.ask.set(from.ask.subarray(start, stop), at);
    to.qty.set(from.qty.subarray(start, stop), at);
  }
  to.length = at + count;
  return start + count;
}

function copyRow(from: MarketBatch, row: number, to: MutableMarketBatch, at: number): void {
  to.seq[at] = from.seq[row]!;
  to.tsMs[at] = from.tsMs[row]!;
  to.rxMs[at] = from.rxMs[row]!;
  to.symbol[at] = from.symbol[row]!;
  to.kind[at] = from.kind[row]!;
  to.price[at] = from.price[row]!;
  to.bid[at] = from.bid[row]!;
  to.ask[at] = from.ask[row]!;
  to.qty[at] = from.qty[row]!;
}

function openNext(heads: Head[], head: Head): void {
  const batch = nextBatch(head.iterator, head.source);
  if (batch === null) heads.splice(heads.indexOf(head), 1);
  else {
    head.batch = batch;
    head.row = 0;
  }
}

/** The next batch in the numbers of the merged rows; columns that do not change are shared with the source's. */
function nextBatch(iterator: Iterator<MarketBatch>, { symbols, seqOffset }: MergeSource): MarketBatch | null {
  let next = iterator.next();
  while (next.done !== true && next.value.length === 0) next = iterator.next();
  if (next.done === true) return null;
  const batch = next.value;
  if (symbols === null && seqOffset === 0) return batch;
  return {
    ...batch,
    seq: seqOffset === 0 ? batch.seq : batch.seq.map((seq) => seq + seqOffset),
    symbol: symbols === null ? batch.symbol : batch.symbol.map((symbol) => symbols[symbol]!),
  };
}
