import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { parquetReadObjects } from "hyparquet";
import { afterEach, beforeEach, expect, test } from "vitest";
import { MARKET_KIND } from "../../src/recording/batch.ts";
import { createColumns } from "../../src/recording/columns.ts";
import { MarketScanner } from "../../src/recording/market-scanner.ts";
import { createMemoryRecording } from "../../src/recording/memory.ts";
import { mergeBatches } from "../../src/recording/merge-batches.ts";
import { openRecording } from "../../src/recording/reader.ts";
import type { MarketRow } from "../../src/recording/record.ts";
import { bitsOf, fixedRows, marketRows, SYMBOLS, writeRecording } from "./cache/sample-recordings.ts";

let base: string;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "recording-sizes-"));
});

afterEach(() => {
  rmSync(base, { recursive: true, force: true });
});

/** A book row as an import of a capture writes it. */
function bookRow(rxMs: number, bidQty: string, askQty: string): MarketRow {
  const x = { e: "bookTicker", u: "2710246762461", B: bidQty, A: askQty, T: 1_680_652_700_430, E: 1_680_652_700_435 };
  return {
    ...{ rxMs, symbol: 0, kind: "book", price: "28145.15", bid: "28145.10", ask: "28145.20" },
    extra: { local_ns: "1680652700423575000", x },
  };
}

test("sizes at the best prices are the same numbers from memory, parts and cache", () => {
  fc.assert(
    fc.property(marketRows, (rows) => {
      const dir = join(base, "rows");
      rmSync(dir, { recursive: true, force: true });
      writeRecording(dir, rows);
      const inMemory = createMemoryRecording({ symbols: SYMBOLS, market: rows });
      // A batch in memory has room for more rows than it has; `bitsOf` looks at the rows.
      const truth = bitsOf(inMemory.batches());
      expect(bitsOf(openRecording(dir, { cache: "off" }).batches())).toEqual(truth);
      expect(bitsOf(openRecording(dir, { cache: "rebuild" }).batches())).toEqual(truth);
      expect(bitsOf(openRecording(dir).batches())).toEqual(truth);
    }),
    { numRuns: 20, seed: 11 },
  );
});

test("rows of a capture are read without JSON.parse, and their sizes are those of the event", () => {
  const rows = [bookRow(1, "3.868", "6.887"), bookRow(2, "12", "0.001"), { rxMs: 3, symbol: 0, price: "28147.27" }];
  const dir = join(base, "capture");
  writeRecording(dir, rows);
  const scanner = new MarketScanner(SYMBOLS);
  const columns = createColumns(10);
  scanner.load(gunzipSync(readFileSync(join(dir, "market.0001.ndjson.gz"))), "part");
  scanner.fill(columns);
  expect(scanner.slowLines).toBe(0);
  expect(Array.from(columns.bidQty!.subarray(0, 3))).toEqual([3.868, 12, Number.NaN]);
  expect(Array.from(columns.askQty!.subarray(0, 3))).toEqual([6.887, 0.001, Number.NaN]);
});

test("only a book has sizes: what a trade's event calls A or B is something else", () => {
  const row = { ...bookRow(1, "3", "4"), kind: "trade" as const };
  const [batch] = createMemoryRecording({ symbols: SYMBOLS, market: [row] }).batches();
  expect(batch!.kind[0]).toBe(MARKET_KIND.trade);
  expect([batch!.bidQty, batch!.askQty]).toEqual([null, null]);
  const dir = join(base, "trade");
  writeRecording(dir, [row]);
  const [onDisk] = openRecording(dir).batches();
  expect([onDisk!.bidQty, onDisk!.askQty]).toEqual([null, null]);
});

test("a cache has columns of sizes only where the recording has sizes, even when they come late", async () => {
  const dir = join(base, "late");
  const rows = [...fixedRows(50), bookRow(1_770_000_100_000, "5.5", "7.25"), bookRow(1_770_000_100_001, "6", "8")];
  writeRecording(dir, rows);
  writeRecording(join(base, "none"), fixedRows(50));
  const truth = bitsOf(openRecording(dir, { cache: "off", batchRows: 20 }).batches());
  expect(truth.map((bits) => bits.includes("bidQty absent"))).toEqual([true, true, false]);
  expect(bitsOf(openRecording(dir, { cache: "rebuild", batchRows: 20 }).batches())).toEqual(truth);
  expect(bitsOf(openRecording(dir, { batchRows: 20 }).batches())).toEqual(truth);
  for (const _ of openRecording(join(base, "none"), { cache: "rebuild" }).batches());
  const columnsOf = async (name: string) => {
    const bytes = readFileSync(join(base, name, ".cache/market.parquet"));
    const rowsRead = await parquetReadObjects({
      file: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer,
    });
    return rowsRead;
  };
  const late = await columnsOf("late");
  expect(late[50]).toMatchObject({ bid_qty: 5.5, ask_qty: 7.25 });
  expect(late[0]).toMatchObject({ bid_qty: Number.NaN });
  expect(Object.keys((await columnsOf("none"))[0]!)).not.toContain("bid_qty");
});

test("merged rows keep their sizes, and rows without any stay without columns", () => {
  const sized = createMemoryRecording({
    symbols: ["A"],
    market: [1, 5, 9].map((rxMs) => bookRow(rxMs, `${rxMs}`, "2")),
  });
  const bare = createMemoryRecording({
    symbols: ["A"],
    market: [2, 3, 6, 20, 21].map((rxMs) => ({ rxMs, symbol: 0, price: "1" })),
  });
  const sources = [sized, bare].map((recording, place) => ({
    batches: recording.batches(),
    symbols: null,
    seqOffset: place * 10,
  }));
  const merged = [...mergeBatches(sources, 2)].map(
    ({ length, bidQty }) => bidQty && Array.from(bidQty.subarray(0, length)),
  );
  expect(merged).toEqual([[1, Number.NaN], [Number.NaN, 5], [Number.NaN, 9], null]);
});
