import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { MarketBatch, RecordingSource } from "../recording/batch.ts";
import { CacheBuilder } from "../recording/cache/cache-builder.ts";
import { openParquetSource } from "../recording/cache/parquet-source.ts";
import { BATCH_ROWS, createColumns, type MutableMarketBatch } from "../recording/columns.ts";
import { mergeBatches } from "../recording/merge-batches.ts";
import { createRecordingWriter } from "../recording/writer.ts";

/** The universe is read from so many files, as four recorders would have left it. */
const SHARDS = 4;

/** Writes the rows as Parquet caches, one per recorder: each has a quarter of the symbols. */
export function writeShards(dir: string, recording: RecordingSource): void {
  const shards = Array.from({ length: SHARDS }, (_, shard) => ({
    builder: new CacheBuilder(shardFile(dir, shard), shardKey(shard), recording.symbols),
    columns: createColumns(BATCH_ROWS),
  }));
  const symbolCount = recording.symbols.length;
  for (const batch of recording.batches()) {
    for (let row = 0; row < batch.length; row++) {
      const shard = shards[Math.floor((batch.symbol[row]! * SHARDS) / symbolCount)]!;
      copyRow(batch, row, shard.columns);
      if (shard.columns.length < BATCH_ROWS) continue;
      shard.builder.append(shard.columns);
      shard.columns.length = 0;
    }
  }
  for (const { builder, columns } of shards) {
    if (columns.length > 0) builder.append(columns);
    if (builder.seal() === null) throw new Error(`cannot write caches to ${dir}, a folder with free space is needed`);
  }
}

/** The same rows from the caches: decoded and merged, nothing else. */
export function shardBatches(dir: string, { symbols, marketEventCount }: RecordingSource): Iterable<MarketBatch> {
  const seconds = marketEventCount / symbols.length;
  const sources = Array.from({ length: SHARDS }, (_, shard) => {
    const first = Math.ceil((shard * symbols.length) / SHARDS);
    const rows = seconds * (Math.ceil(((shard + 1) * symbols.length) / SHARDS) - first);
    const source = openParquetSource(shardFile(dir, shard), { key: shardKey(shard), rows });
    if (source === null) throw new Error(`${shardFile(dir, shard)} is missing`);
    return { batches: source.batches(), symbols: null, seqOffset: 0 };
  });
  return mergeBatches(sources);
}

const shardFile = (dir: string, shard: number) => join(dir, `shard-${shard}.parquet`);
const shardKey = (shard: number) => `bench shard ${shard}`;

function copyRow(from: MarketBatch, row: number, to: MutableMarketBatch): void {
  const at = to.length++;
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

/** Widest columns first, so that each begins where a typed array may begin. */
const RAW_COLUMNS = ["seq", "tsMs", "rxMs", "price", "bid", "ask", "qty", "symbol", "kind"] as const;

/** Columns as they lie in memory, one batch after another: no format at all. */
export function writeRaw(file: string, batches: Iterable<MarketBatch>): void {
  const descriptor = openSync(file, "w");
  for (const batch of batches) {
    writeSync(descriptor, Uint32Array.of(batch.length, 0));
    for (const name of RAW_COLUMNS) writeSync(descriptor, batch[name].subarray(0, batch.length));
    // Padded, so that the next batch begins at a multiple of eight again.
    writeSync(descriptor, new Uint8Array((8 - ((batch.length * 59) % 8)) % 8));
  }
  closeSync(descriptor);
}

/** The fastest way from a file to typed arrays: one read a batch, no copy, no check. */
export function* rawBatches(file: string): Generator<MarketBatch> {
  const descriptor = openSync(file, "r");
  const head = new Uint32Array(2);
  while (readSync(descriptor, head, 0, 8, null) === 8) {
    const length = head[0]!;
    const bytes = Math.ceil((length * 59) / 8) * 8;
    const { buffer } = new Uint8Array(bytes);
    readSync(descriptor, new Uint8Array(buffer), 0, bytes, null);
    const doubles = (column: number) => new Float64Array(buffer, column * length * 8, length);
    yield {
      length,
      seq: doubles(0),
      tsMs: doubles(1),
      rxMs: doubles(2),
      price: doubles(3),
      bid: doubles(4),
      ask: doubles(5),
      qty: doubles(6),
      symbol: new Uint16Array(buffer, length * 56, length),
      kind: new Uint8Array(buffer, length * 58, length),
      bidQty: null,
      askQty: null,
    };
  }
  closeSync(descriptor);
}

/** A recording in its interchange form, prices to twelve digits. */
export function writeNdjson(dir: string, recording: RecordingSource): void {
  const { symbols, fidelity } = recording;
  const writer = createRecordingWriter({ dir, id: "bench", symbols, fidelity, createdBy: "bench" });
  for (const { length, rxMs, symbol, price, bid, ask } of recording.batches()) {
    for (let row = 0; row < length; row++) {
      writer.market({
        ...{ rxMs: rxMs[row]!, symbol: symbol[row]!, price: decimalText(price[row]!), qty: "1" },
        ...{ bid: decimalText(bid[row]!), ask: decimalText(ask[row]!) },
      });
    }
  }
  writer.seal();
}

const decimalText = (value: number) => String(Number(value.toPrecision(12)));
