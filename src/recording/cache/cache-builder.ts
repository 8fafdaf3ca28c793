import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, writeSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { crc32 } from "node:zlib";
import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import type { MarketBatch } from "../batch.ts";
import {
  ABSENT,
  type CacheColumn,
  cacheColumns,
  cacheSchema,
  type GroupIndex,
  INDEX_KEY,
  indexText,
  SYMBOLS_KEY,
} from "./parquet-layout.ts";

/** Two builds in one process must not write to one file. */
let builds = 0;

/**
 * Writes a cache, one row group per batch, to a temporary file beside its place; `seal` brings it there by one rename.
 *
 * A cache is a convenience: whatever the disk answers, the build stops and the run goes on. After a failure every call
 * does nothing and `seal` says no.
 */
export class CacheBuilder {
  readonly hasSizes: boolean;
  readonly #file: string;
  readonly #scratch: string;
  readonly #groups: GroupIndex[] = [];
  readonly #index: { key: string; value: string };
  readonly #key: string;
  readonly #columns: readonly CacheColumn[];
  readonly #bytes = new ByteWriter();
  readonly #parquet: ParquetWriter;
  #descriptor: number | null = null;

  /** @param hasSizes whether the file has columns for sizes; a batch with sizes may only come to one that has */
  constructor(file: string, key: string, symbols: readonly string[], hasSizes = false) {
    this.#file = file;
    this.hasSizes = hasSizes;
    this.#columns = cacheColumns(hasSizes);
    builds += 1;
    this.#scratch = `${file}.${process.pid}-${builds}.part`;
    this.#key = key;
    // Filled in by `seal`: the writer reads it when it finishes.
    this.#index = { key: INDEX_KEY, value: "" };
    this.#parquet = new ParquetWriter({
      writer: this.#bytes,
      schema: cacheSchema(this.#columns),
      statistics: false,
      createdBy: "rehearsal",
      kvMetadata: [this.#index, { key: SYMBOLS_KEY, value: JSON.stringify(symbols) }],
    });
    this.#descriptor = openScratch(file, this.#scratch);
    this.#attempt(() => this.#drain());
  }

  /** False when the disk refused: no cache will come of this build. */
  get isOpen(): boolean {
    return this.#descriptor !== null;
  }

  append(batch: MarketBatch): void {
    this.#attempt(() => {
      const known = knownColumns(batch, this.#columns);
      this.#parquet.write({
        columnData: this.#columns.map((column) => ({
          name: column.name,
          data: columnValues(batch, column),
          encoding: "PLAIN",
          // Packing costs nothing where nobody of ours unpacks.
          codec: known[column.name] === undefined ? column.codec : "SNAPPY",
          offsetIndex: false,
        })),
        rowGroupSize: batch.length,
        // One page a column: the reader then has each column as one array.
        pageSize: 0,
      });
      this.#groups.push({ rows: batch.length, crc32: crc32(this.#bytes.getBytes()), known });
      this.#drain();
    });
  }

  /** Size of the finished file in bytes, or `null` when the disk refused somewhere. */
  seal(): number | null {
    let bytes: number | null = null;
    this.#attempt((descriptor) => {
      this.#index.value = indexText({ key: this.#key, hasSizes: this.hasSizes, groups: this.#groups });
      this.#parquet.finish();
      this.#drain();
      fsyncSync(descriptor);
      renameSync(this.#scratch, this.#file);
      closeSync(descriptor);
      this.#descriptor = null;
      bytes = this.#bytes.offset;
      syncFolder(dirname(this.#file));
    });
    return bytes;
  }

  /** Leaves nothing behind. Without effect after `seal`. */
  abort(): void {
    if (this.#descriptor === null) return;
    closeSync(this.#descriptor);
    this.#descriptor = null;
    rmSync(this.#scratch, { force: true });
  }

  #drain(): void {
    const bytes = this.#bytes.getBytes();
    for (let written = 0; written < bytes.length; ) written += writeSync(this.#descriptor!, bytes, written);
    this.#bytes.index = 0;
  }

  #attempt(action: (descriptor: number) => void): void {
    if (this.#descriptor === null) return;
    try {
      action(this.#descriptor);
    } catch (error) {
      this.abort();
      if (!isSystemError(error)) throw error;
    }
  }
}

function openScratch(file: string, scratch: string): number | null {
  try {
    mkdirSync(dirname(file), { recursive: true });
    removeAbandoned(file);
    return openSync(scratch, "wx");
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return null;
  }
}

function isSystemError(error: unknown): boolean {
  return typeof (error as { code?: unknown }).code === "string";
}

function columnValues(batch: MarketBatch, { field, type }: CacheColumn): Float64Array | Int32Array {
  const column = batch[field];
  if (column === null) return new Float64Array(batch.length).fill(Number.NaN);
  const values = column.subarray(0, batch.length);
  return type === "INT32" ? Int32Array.from(values) : (values as Float64Array);
}

/** A recording of marks has no quotes and no volumes, and most recorders give one time: such columns are only named. */
function knownColumns(batch: MarketBatch, columns: readonly CacheColumn[]): Record<string, string> {
  const known: Record<string, string> = {};
  for (const { name, field } of columns) {
    const values = batch[field];
    const value = values === null ? ABSENT : oneValue(values, batch.length);
    if (value !== null) known[name] = String(value);
  }
  if (known["rx_ms"] === undefined && isSame(batch.rxMs, batch.tsMs, batch.length)) known["rx_ms"] = "ts_ms";
  return known;
}

/** The value of all rows, bit for bit; `null` when they differ, and for -0, which text does not keep. */
function oneValue(
  values: MarketBatch["price"] | MarketBatch["kind"] | MarketBatch["symbol"],
  rows: number,
): number | null {
  const first = values[0]!;
  if (Object.is(first, -0)) return null;
  for (let row = 1; row < rows; row++) if (!Object.is(values[row], first)) return null;
  return first;
}

function isSame(left: Float64Array, right: Float64Array, rows: number): boolean {
  for (let row = 0; row < rows; row++) if (!Object.is(left[row], right[row])) return false;
  return true;
}

/** A killed build leaves its temporary file; nobody reads it, but it takes room. */
function removeAbandoned(file: string): void {
  const prefix = `${basename(file)}.`;
  for (const name of readdirSync(dirname(file))) {
    if (!name.startsWith(prefix) || !name.endsWith(".part")) continue;
    const pid = Number.parseInt(name.slice(prefix.length), 10);
    if (!isRunning(pid)) rmSync(join(dirname(file), name), { force: true });
  }
}

function isRunning(pid: number): boolean {
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: string }).code === "EPERM";
  }
}

/** The rename itself is on the disk only when the folder is. */
function syncFolder(folder: string): void {
  const descriptor = openSync(folder, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
