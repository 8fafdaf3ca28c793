import { crc32 } from "node:zlib";
import type { CompressionCodec, SchemaElement } from "hyparquet";
import type { MarketBatch } from "../batch.ts";
import { sha256Hex } from "../gzip.ts";
import type { MarketParts } from "./ndjson-source.ts";

/** Raised when the layout changes, or when the NDJSON reader gives other rows for the same bytes. */
const CACHE_VERSION = 3;

export const CACHE_FOLDER = ".cache";
export const CACHE_FILE = "market.parquet";

/** Key of the Parquet key-value metadata that holds a `CacheIndex`, as `indexText` writes it. */
export const INDEX_KEY = "rehearsal.cache";
/** Key of the symbol table as a JSON array: column `symbol` is an index into it. */
export const SYMBOLS_KEY = "rehearsal.symbols";

/** What the file says of itself. Nothing in the file is used before it agrees with this. */
export interface CacheIndex {
  readonly key: string;
  /** Whether the file has the columns of sizes. */
  readonly hasSizes: boolean;
  /** Per row group, in order. */
  readonly groups: readonly GroupIndex[];
}

export interface GroupIndex {
  readonly rows: number;
  /** Of the group's bytes in the file. */
  readonly crc32: number;
  /**
   * Columns that need no decoding: name to the one value all rows have, as text (JSON has no NaN), to the name of an
   * earlier column with the same values, or to `absent` where the batch has no such column. They are in the file all the same, for everybody else.
   */
  readonly known: Readonly<Record<string, string>>;
}

export interface CacheColumn {
  readonly name: string;
  readonly field: Exclude<keyof MarketBatch, "length">;
  readonly type: "DOUBLE" | "INT32";
  readonly codec: CompressionCodec;
}

/**
 * Columns in the order of the file, all REQUIRED and PLAIN. Times and `seq` are whole numbers below 2^53 and so exact as
 * doubles; INT64 would come out as BigInt and cost a conversion a row.
 *
 * Columns that repeat themselves are packed, which halves the file and costs a quarter of the decoding speed; packing
 * prices and `seq` too would halve both again (docs/cache.md).
 */
const ALWAYS: readonly CacheColumn[] = [
  { name: "seq", field: "seq", type: "DOUBLE", codec: "UNCOMPRESSED" },
  { name: "ts_ms", field: "tsMs", type: "DOUBLE", codec: "SNAPPY" },
  { name: "rx_ms", field: "rxMs", type: "DOUBLE", codec: "SNAPPY" },
  { name: "symbol", field: "symbol", type: "INT32", codec: "SNAPPY" },
  { name: "kind", field: "kind", type: "INT32", codec: "SNAPPY" },
  { name: "price", field: "price", type: "DOUBLE", codec: "UNCOMPRESSED" },
  { name: "bid", field: "bid", type: "DOUBLE", codec: "UNCOMPRESSED" },
  { name: "ask", field: "ask", type: "DOUBLE", codec: "UNCOMPRESSED" },
  { name: "qty", field: "qty", type: "DOUBLE", codec: "SNAPPY" },
];

/** Few recordings have sizes; only their caches have these. */
const SIZES: readonly CacheColumn[] = [
  { name: "bid_qty", field: "bidQty", type: "DOUBLE", codec: "SNAPPY" },
  { name: "ask_qty", field: "askQty", type: "DOUBLE", codec: "SNAPPY" },
];

/** What `known` says of a column that a batch does not have. */
export const ABSENT = "absent";

export function cacheColumns(hasSizes: boolean): readonly CacheColumn[] {
  return hasSizes ? [...ALWAYS, ...SIZES] : ALWAYS;
}

export function cacheSchema(columns: readonly CacheColumn[]): SchemaElement[] {
  return [
    { name: "market", num_children: columns.length },
    ...columns.map(({ name, type }): SchemaElement => ({ name, type, repetition_type: "REQUIRED" })),
  ];
}

/** JSON after its own CRC-32 in hex: no other checksum covers the footer. */
export function indexText(index: CacheIndex): string {
  const json = JSON.stringify(index);
  return `${crc32(json).toString(16)} ${json}`;
}

/** The index in a text of `indexText`; `null` when the text was damaged. */
export function parseIndexText(text: string): CacheIndex | null {
  const json = text.slice(text.indexOf(" ") + 1);
  return text === `${crc32(json).toString(16)} ${json}` ? (JSON.parse(json) as CacheIndex) : null;
}

/**
 * Identity of what a cache was made from: the parts' hashes in their order, the symbol table its indexes point into,
 * the rows of a batch, and the layout. Another key is another cache.
 */
export function cacheKey({ parts, symbols, batchRows }: MarketParts): string {
  const files = parts.map(({ sha256, records }) => [sha256, records]);
  return sha256Hex(JSON.stringify([CACHE_VERSION, cacheColumns(true), batchRows, symbols, files]));
}
