import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { crc32 } from "node:zlib";
import { type FileMetaData, parquetMetadata } from "hyparquet";
import { readColumn } from "hyparquet/src/column.js";
import { DEFAULT_PARSERS } from "hyparquet/src/convert.js";
import { getSchemaPath } from "hyparquet/src/schema.js";
import type { MarketBatch } from "../batch.ts";
import type { BatchSource } from "./batch-source.ts";
import {
  ABSENT,
  type CacheIndex,
  cacheColumns,
  cacheSchema,
  type GroupIndex,
  INDEX_KEY,
  parseIndexText,
} from "./parquet-layout.ts";

/** `PAR1` at both ends, and the length of the footer before the last one. */
const MAGIC_BYTES = 4;
const TAIL_BYTES = 8;

/** A cache that may not be used, and why. People never see this error: whoever reads falls back to the NDJSON parts. */
export class UnusableCache extends Error {
  override readonly name = "UnusableCache";
}

/** One row group: where it lies, where its columns begin, and what its bytes must add up to. */
interface Group extends GroupIndex {
  readonly start: number;
  readonly end: number;
  readonly columnStarts: readonly number[];
}

interface Contents {
  readonly groups: readonly Group[];
  readonly hasSizes: boolean;
}

export interface CacheExpectation {
  readonly key: string;
  readonly rows: number;
}

/**
 * Opens a cache file. Its footer is read and checked here; each row group is checked against its CRC-32 when it is
 * reached, and only that one is in memory.
 *
 * @returns `null` when there is no such file
 * @throws {UnusableCache} when it is torn, damaged, of another layout, or made from other parts; `batches()` throws the
 * same when a row group is damaged.
 */
export function openParquetSource(file: string, expected: CacheExpectation): BatchSource | null {
  const descriptor = openIfPresent(file);
  if (descriptor === null) return null;
  let contents: Contents;
  try {
    contents = readContents(descriptor, expected);
  } catch (error) {
    throw error instanceof UnusableCache ? error : new UnusableCache("its footer is damaged", { cause: error });
  } finally {
    closeSync(descriptor);
  }
  return {
    describe: () => `Parquet cache ${file}`,
    batches: () => readBatches(file, contents),
  };
}

function* readBatches(file: string, { groups, hasSizes }: Contents): Generator<MarketBatch> {
  // Held open: another process may put its own cache in the place of this one, with equal bytes but other descriptors.
  const descriptor = openIfPresent(file);
  if (descriptor === null) throw new UnusableCache("it has gone");
  const columns = cacheColumns(hasSizes);
  const schema = cacheSchema(columns);
  const decoders = columns.map(({ name, type, codec }) => ({
    pathInSchema: [name],
    type,
    element: schema.find((element) => element.name === name)!,
    schemaPath: getSchemaPath(schema, [name]),
    codec,
    parsers: DEFAULT_PARSERS,
  }));
  try {
    for (const group of groups) {
      const bytes = readRange(descriptor, group.start, group.end);
      if (crc32(bytes) !== group.crc32) throw new UnusableCache(`bytes ${group.start} to ${group.end} are damaged`);
      const decoded = new Map<string, unknown>();
      for (const [index, decoder] of decoders.entries()) {
        const [name] = decoder.pathInSchema as [string];
        const start = group.columnStarts[index]! - group.start;
        const known = group.known[name];
        const values =
          known === undefined
            ? readValues(bytes, start, group.rows, decoder)
            : known === ABSENT
              ? null
              : (decoded.get(known) ?? new Float64Array(group.rows).fill(Number(known)));
        decoded.set(name, values);
      }
      const double = (name: string) => decoded.get(name) as Float64Array<ArrayBuffer>;
      yield {
        length: group.rows,
        seq: double("seq"),
        tsMs: double("ts_ms"),
        rxMs: double("rx_ms"),
        symbol: new Uint16Array(double("symbol")),
        kind: new Uint8Array(double("kind")),
        price: double("price"),
        bid: double("bid"),
        ask: double("ask"),
        qty: double("qty"),
        bidQty: double("bid_qty") ?? null,
        askQty: double("ask_qty") ?? null,
      };
    }
  } finally {
    closeSync(descriptor);
  }
}

type ColumnDecoder = Parameters<typeof readColumn>[2];

/** All values of one column chunk; hyparquet's own reader is asynchronous only where it fetches bytes. */
function readValues(bytes: Uint8Array<ArrayBuffer>, offset: number, rows: number, decoder: ColumnDecoder): unknown {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const select = { groupStart: 0, groupRows: rows, selectStart: 0, selectEnd: rows };
  const { data } = readColumn({ view, offset }, select, decoder);
  const values = data[0];
  if (data.length !== 1 || values?.length !== rows) throw new UnusableCache("a column is not one page");
  return values;
}

function readContents(descriptor: number, expected: CacheExpectation): Contents {
  const size = fstatSync(descriptor).size;
  if (size < MAGIC_BYTES + TAIL_BYTES) throw new UnusableCache(`it is cut off at byte ${size}`);
  const tail = readRange(descriptor, size - TAIL_BYTES, size);
  const footerBytes = new DataView(tail.buffer).getUint32(0, true);
  const start = size - TAIL_BYTES - footerBytes;
  if (start < MAGIC_BYTES) throw new UnusableCache("it is cut off");
  const metadata = parquetMetadata(readRange(descriptor, start, size));
  const index = readIndex(metadata);
  return { groups: checkedGroups(metadata, index, expected, start), hasSizes: index.hasSizes };
}

function readIndex(metadata: FileMetaData): CacheIndex {
  const text = metadata.key_value_metadata?.find(({ key }) => key === INDEX_KEY)?.value;
  if (text === undefined) throw new UnusableCache("this program did not write it");
  const index = parseIndexText(text);
  if (index === null) throw new UnusableCache("its index is damaged");
  return index;
}

/** Whatever the decoding relies on is either checked here or covered by a group's CRC-32. */
function checkedGroups(
  metadata: FileMetaData,
  index: CacheIndex,
  expected: CacheExpectation,
  footerStart: number,
): Group[] {
  if (index.key !== expected.key) throw new UnusableCache("it was made from other parts or by another version");
  const layout = new UnusableCache("its footer does not fit its index");
  if (!Array.isArray(index.groups) || index.groups.length !== metadata.row_groups.length) throw layout;
  const columnCount = cacheColumns(index.hasSizes).length;
  let place = MAGIC_BYTES;
  let rowsTotal = 0;
  const groups = metadata.row_groups.map((group, number): Group => {
    const { rows, crc32, known } = index.groups[number]!;
    if (group.columns.length !== columnCount || Number(group.num_rows) !== rows || !(rows > 0)) throw layout;
    const start = place;
    const columnStarts = group.columns.map(({ meta_data: chunk }) => {
      if (chunk === undefined || Number(chunk.data_page_offset) !== place) throw layout;
      place += Number(chunk.total_compressed_size);
      return Number(chunk.data_page_offset);
    });
    rowsTotal += rows;
    return { rows, crc32, known: { ...known }, start, end: place, columnStarts };
  });
  if (place !== footerStart || rowsTotal !== expected.rows) throw layout;
  return groups;
}

function openIfPresent(file: string): number | null {
  try {
    return openSync(file, "r");
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw new UnusableCache(`the system answers ${code}`, { cause: error });
  }
}

function readRange(descriptor: number, start: number, end: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(end - start);
  for (let filled = 0; filled < bytes.length; ) {
    const got = readSync(descriptor, bytes, filled, bytes.length - filled, start + filled);
    if (got === 0) throw new UnusableCache(`it is cut off at byte ${start + filled}`);
    filled += got;
  }
  return bytes;
}
