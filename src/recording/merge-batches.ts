import type { MarketBatch } from "./batch.ts";
import { addSizes, BATCH_ROWS, createColumns, dropEmptySizes, type MutableMarketBatch } from "./columns.ts";

/** One of several sources of market rows, each in replay order by itself. */
export interface MergeSource {
  readonly batches: Iterable<MarketBatch>;
  /** Symbol index of the source to that of the merged rows; `null` when they are the same. */
  readonly symbols: Uint16Array | null;
  /** Added to `seq`, so that no two sources share a number. */
  readonly seqOffset: number;
}

/** A batch at least this long is handed on as it is when nothing comes between its rows. */
const PASS_ROWS = 4096;
/** A run at least this long is copied by one call per column; for a shorter one the call costs more than the values. */
const LONG_RUN = 32;

/** The batch of a source that is being merged, and how far it is. */
interface Head {
  readonly iterator: Iterator<MarketBatch>;
  readonly source: MergeSource;
  batch: MarketBatch;
  row: number;
}

/**
 * Merges sources by time received, stream rank and `seq`; all market streams have one rank (docs/architecture.md, rule
 * 5), so it has no column. A whole batch that precedes the others is handed on; otherwise the order is found first, as
 * runs of rows, and then copied column by column. One batch per source and one of the result are in memory.
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
  const runs = new Runs(batchRows);
  while (heads.length > 0) {
    const alone = wholeBatchBefore(heads);
    if (alone !== null) {
      if (merged.length > 0) {
        dropEmptySizes(merged);
        yield merged;
        merged = createColumns(batchRows);
      }
      yield alone.batch;
      alone.row = alone.batch.length;
    } else {
      runs.find(heads, batchRows - merged.length);
      runs.copy(heads, merged);
    }
    for (const head of [...heads]) if (head.row === head.batch.length) openNext(heads, head);
    if (merged.length < batchRows) continue;
    dropEmptySizes(merged);
    yield merged;
    merged = createColumns(batchRows);
  }
  if (merged.length === 0) return;
  dropEmptySizes(merged);
  yield merged;
}

/** The head whose batch is untouched, long, and before every row of the others; `null` when there is none. */
function wholeBatchBefore(heads: readonly Head[]): Head | null {
  const first = heads.reduce((lowest, head) =>
    isBefore(head.batch, head.row, lowest.batch, lowest.row) ? head : lowest,
  );
  const { batch, row } = first;
  if (row > 0 || batch.length < PASS_ROWS) return null;
  const isAlone = heads.every((head) => head === first || isBefore(batch, batch.length - 1, head.batch, head.row));
  return isAlone ? first : null;
}

function isBefore(left: MarketBatch, leftRow: number, right: MarketBatch, rightRow: number): boolean {
  const leftRxMs = left.rxMs[leftRow]!;
  const rightRxMs = right.rxMs[rightRow]!;
  return leftRxMs < rightRxMs || (leftRxMs === rightRxMs && left.seq[leftRow]! < right.seq[rightRow]!);
}

/** Rows in merged order: each run is some rows of one head, one after another. */
class Runs {
  readonly #head: Uint16Array;
  readonly #start: Int32Array;
  readonly #end: Int32Array;
  #count = 0;

  constructor(batchRows: number) {
    this.#head = new Uint16Array(batchRows);
    this.#start = new Int32Array(batchRows);
    this.#end = new Int32Array(batchRows);
  }

  /** Finds the order of at most `room` rows; ends early where a batch ends, because the next one must be opened. */
  find(heads: readonly Head[], room: number): void {
    const rxMs = heads.map(({ batch }) => batch.rxMs);
    const seq = heads.map(({ batch }) => batch.seq);
    const rows = Int32Array.from(heads, ({ row }) => row);
    // Keys of the rows at which the heads stand.
    const atRxMs = Float64Array.from(rxMs, (column, head) => column[rows[head]!]!);
    const atSeq = Float64Array.from(seq, (column, head) => column[rows[head]!]!);
    const headCount = heads.length;
    let count = 0;
    let left = room;
    for (;;) {
      let first = 0;
      let secondRxMs = Number.POSITIVE_INFINITY;
      let secondSeq = Number.POSITIVE_INFINITY;
      for (let head = 1; head < headCount; head++) {
        const isLower =
          atRxMs[head]! < atRxMs[first]! || (atRxMs[head]! === atRxMs[first]! && atSeq[head]! < atSeq[first]!);
        const other = isLower ? first : head;
        if (isLower) first = head;
        if (atRxMs[other]! < secondRxMs || (atRxMs[other]! === secondRxMs && atSeq[other]! < secondSeq)) {
          secondRxMs = atRxMs[other]!;
          secondSeq = atSeq[other]!;
        }
      }
      const start = rows[first]!;
      const { length } = heads[first]!.batch;
      const stop = Math.min(length, start + left);
      const ownRxMs = rxMs[first]!;
      const ownSeq = seq[first]!;
      let end = start + 1;
      while (end < stop && (ownRxMs[end]! < secondRxMs || (ownRxMs[end]! === secondRxMs && ownSeq[end]! < secondSeq))) {
        end += 1;
      }
      this.#head[count] = first;
      this.#start[count] = start;
      this.#end[count] = end;
      count += 1;
      rows[first] = end;
      left -= end - start;
      if (left === 0 || end === length) break;
      atRxMs[first] = ownRxMs[end]!;
      atSeq[first] = ownSeq[end]!;
    }
    this.#count = count;
  }

  /** Appends the rows found and moves the heads past them. */
  copy(heads: readonly Head[], to: MutableMarketBatch): void {
    const at = to.length;
    const batches = heads.map(({ batch }) => batch);
    this.#gather(
      to.seq,
      at,
      batches.map(({ seq }) => seq),
    );
    this.#gather(
      to.tsMs,
      at,
      batches.map(({ tsMs }) => tsMs),
    );
    this.#gather(
      to.rxMs,
      at,
      batches.map(({ rxMs }) => rxMs),
    );
    this.#gather(
      to.price,
      at,
      batches.map(({ price }) => price),
    );
    this.#gather(
      to.bid,
      at,
      batches.map(({ bid }) => bid),
    );
    this.#gather(
      to.ask,
      at,
      batches.map(({ ask }) => ask),
    );
    this.#gather(
      to.qty,
      at,
      batches.map(({ qty }) => qty),
    );
    if (batches.some(({ bidQty }) => bidQty !== null)) {
      addSizes(to);
      this.#gatherSizes(
        to.bidQty!,
        at,
        batches.map(({ bidQty }) => bidQty),
      );
      this.#gatherSizes(
        to.askQty!,
        at,
        batches.map(({ askQty }) => askQty),
      );
    }
    this.#gatherSymbols(
      to.symbol,
      at,
      batches.map(({ symbol }) => symbol),
    );
    to.length = this.#gatherKinds(
      to.kind,
      at,
      batches.map(({ kind }) => kind),
    );
    for (let run = 0; run < this.#count; run++) heads[this.#head[run]!]!.row = this.#end[run]!;
  }

  // Three times the same loop: one for all column types would be compiled for none of them.

  #gather(to: Float64Array, place: number, from: readonly Float64Array[]): void {
    let at = place;
    for (let run = 0; run < this.#count; run++) {
      const values = from[this.#head[run]!]!;
      const end = this.#end[run]!;
      let row = this.#start[run]!;
      if (end - row >= LONG_RUN) {
        to.set(values.subarray(row, end), at);
        at += end - row;
      } else while (row < end) to[at++] = values[row++]!;
    }
  }

  /** Rows of a batch without sizes keep the NaN that is there. */
  #gatherSizes(to: Float64Array, place: number, from: readonly (Float64Array | null)[]): void {
    let at = place;
    for (let run = 0; run < this.#count; run++) {
      const values = from[this.#head[run]!]!;
      const start = this.#start[run]!;
      const end = this.#end[run]!;
      if (values !== null) for (let row = start; row < end; row++) to[at + row - start] = values[row]!;
      at += end - start;
    }
  }

  #gatherSymbols(to: Uint16Array, place: number, from: readonly Uint16Array[]): void {
    let at = place;
    for (let run = 0; run < this.#count; run++) {
      const values = from[this.#head[run]!]!;
      const end = this.#end[run]!;
      let row = this.#start[run]!;
      if (end - row >= LONG_RUN) {
        to.set(values.subarray(row, end), at);
        at += end - row;
      } else while (row < end) to[at++] = values[row++]!;
    }
  }

  /** The place after the last row, as well. */
  #gatherKinds(to: Uint8Array, place: number, from: readonly Uint8Array[]): number {
    let at = place;
    for (let run = 0; run < this.#count; run++) {
      const values = from[this.#head[run]!]!;
      const end = this.#end[run]!;
      let row = this.#start[run]!;
      if (end - row >= LONG_RUN) {
        to.set(values.subarray(row, end), at);
        at += end - row;
      } else while (row < end) to[at++] = values[row++]!;
    }
    return at;
  }
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
