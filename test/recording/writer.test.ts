import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { InvariantError } from "../../src/diagnostics/invariant-error.ts";
import { UserError } from "../../src/diagnostics/user-error.ts";
import { createRecordingWriter, type RecordingWriterOptions } from "../../src/recording/writer.ts";

let base: string;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "recording-writer-"));
});

afterEach(() => {
  rmSync(base, { recursive: true, force: true });
});

function options(overrides: Partial<RecordingWriterOptions> = {}): RecordingWriterOptions {
  return {
    dir: join(base, "sample"),
    id: "sample",
    symbols: ["BTCUSDT", "测试测试USDT"],
    fidelity: "mark",
    createdBy: "test",
    ...overrides,
  };
}

function writeSample(overrides: Partial<RecordingWriterOptions> = {}) {
  const writer = createRecordingWriter(options(overrides));
  writer.market({ rxMs: 1000, symbol: 0, price: "95467.7", qty: "8.4" });
  writer.market({ rxMs: 1000, tsMs: 990, symbol: 1, price: "0.0010", bid: "0.0009", ask: "0.0011" });
  writer.input({ rxMs: 1000, stream: "funding", payload: { sym: "BTCUSDT", rate: "0.0001" } });
  writer.market({ rxMs: 2000, symbol: 0, kind: "trade", price: "95468", extra: { nq: "7" } });
  writer.exchangeInfo({ symbols: [] });
  return writer.seal();
}

test("the writer gives one record a line, with ids and prices as texts", () => {
  const sealed = writeSample();

  expect(gunzipSync(readFileSync(join(sealed.dir, "market.0001.ndjson.gz"))).toString()).toBe(
    '{"seq":1,"rx":1000,"s":"mark","sym":"BTCUSDT","p":"95467.7","q":"8.4"}\n' +
      '{"seq":2,"rx":1000,"ts":990,"s":"mark","sym":"测试测试USDT","p":"0.0010","b":"0.0009","a":"0.0011"}\n' +
      '{"seq":4,"rx":2000,"s":"trade","sym":"BTCUSDT","p":"95468","nq":"7"}\n',
  );
  expect(gunzipSync(readFileSync(join(sealed.dir, "inputs.0001.ndjson.gz"))).toString()).toBe(
    '{"seq":3,"rx":1000,"s":"funding","sym":"BTCUSDT","rate":"0.0001"}\n',
  );
  expect(sealed.counts).toEqual({ mark: 2, trade: 1, funding: 1, exchangeInfo: 1 });
});

test("the manifest says what is in each part", () => {
  const { manifest } = writeSample();

  expect(
    manifest.parts.map(({ file, records, firstSeq, lastSeq, firstTs, lastTs }) => [
      ...[file, records, firstSeq, lastSeq, firstTs, lastTs],
    ]),
  ).toEqual([
    ["market.0001.ndjson.gz", 3, 1, 4, 990, 2000],
    ["inputs.0001.ndjson.gz", 1, 3, 3, 1000, 1000],
    ["exchange.0001.ndjson.gz", 1, null, null, null, null],
  ]);
  expect(manifest.symbols).toEqual([
    { symbol: "BTCUSDT", records: 2, priceDecimals: 1, qtyDecimals: 1 },
    { symbol: "测试测试USDT", records: 1, priceDecimals: 4, qtyDecimals: 0 },
  ]);
  expect(manifest.createdAt).toBeUndefined();
});

test("the same calls make the same bytes in every file", () => {
  const first = writeSample({ dir: join(base, "a") });
  const second = writeSample({ dir: join(base, "b") });

  const files = readdirSync(first.dir).sort();
  expect(files).toEqual(["exchange.0001.ndjson.gz", "inputs.0001.ndjson.gz", "manifest.json", "market.0001.ndjson.gz"]);
  for (const file of files) {
    expect(readFileSync(join(second.dir, file)).equals(readFileSync(join(first.dir, file))), file).toBe(true);
  }
  const header = readFileSync(join(first.dir, "market.0001.ndjson.gz")).subarray(0, 10);
  expect([...header.subarray(4, 8)], "no modification time").toEqual([0, 0, 0, 0]);
  expect(header[9], "no operating system").toBe(255);
});

test("parts are cut by size and the cut does not change the identity", () => {
  const whole = writeSample({ dir: join(base, "a") });
  const cut = writeSample({ dir: join(base, "b"), partBytesMax: 100 });

  expect(cut.manifest.parts.filter(({ group }) => group === "market").map(({ file }) => file)).toEqual([
    "market.0001.ndjson.gz",
    "market.0002.ndjson.gz",
    "market.0003.ndjson.gz",
  ]);
  expect(cut.hash).toBe(whole.hash);
});

test("another price makes another identity", () => {
  const writer = createRecordingWriter(options({ dir: join(base, "b") }));
  writer.market({ rxMs: 1000, symbol: 0, price: "95467.8", qty: "8.4" });

  expect(writer.seal().hash).not.toBe(writeSample().hash);
});

test("nothing is where the recording will be until it is sealed, and abort leaves nothing", () => {
  const writer = createRecordingWriter(options());
  writer.market({ rxMs: 1000, symbol: 0, price: "1" });
  expect(readdirSync(base)).toEqual(["sample.part-1"]);

  writer.abort();

  expect(readdirSync(base)).toEqual([]);
  expect(() => writer.seal()).toThrow(InvariantError);
});

test("two writers of one target do not share a scratch folder, and the second to seal is refused", () => {
  const first = createRecordingWriter(options());
  const second = createRecordingWriter(options());
  first.market({ rxMs: 1, symbol: 0, price: "1" });
  first.seal();

  expect(() => second.seal()).toThrow(UserError);
  expect(readdirSync(base)).toEqual(["sample"]);
});

test("a sealed recording is never overwritten", () => {
  writeSample();

  expect(() => createRecordingWriter(options())).toThrow(/it holds a sealed recording, which is immutable/);
});

test("a folder with other files is refused, an empty one is used", () => {
  mkdirSync(join(base, "other"));
  writeFileSync(join(base, "other", "note.txt"), "x");
  mkdirSync(join(base, "empty"));

  expect(() => createRecordingWriter(options({ dir: join(base, "other") }))).toThrow(/a new or empty folder is needed/);
  expect(writeSample({ dir: join(base, "empty") }).counts["mark"]).toBe(2);
});

test("a target below a file is a mistake of the person, with the system's answer", () => {
  writeFileSync(join(base, "file"), "x");

  expect(() => createRecordingWriter(options({ dir: join(base, "file", "sample") }))).toThrow(
    /Cannot write a recording to the folder: the system answers ENOTDIR/,
  );
});

test.each([
  ["rx going backwards", { rxMs: 999, symbol: 0, price: "1" }, /comes after rx 1000/],
  ["an unknown symbol index", { rxMs: 1000, symbol: 2, price: "1" }, /the table has 2 symbols/],
  ["a price of zero", { rxMs: 1000, symbol: 0, price: "0.00" }, /> 0 is needed/],
  ["a negative price", { rxMs: 1000, symbol: 0, price: "-1" }, /plain decimal/],
  ["a price that is no number", { rxMs: 1000, symbol: 0, price: "NaN" }, /plain decimal/],
  ["an exponent", { rxMs: 1000, symbol: 0, price: "1e3" }, /plain decimal/],
  ["a negative quantity", { rxMs: 1000, symbol: 0, price: "1", qty: "-1" }, /plain decimal/],
  ["a time with a fraction", { rxMs: 1000.5, symbol: 0, price: "1" }, /whole milliseconds/],
  ["an extra field with a reserved name", { rxMs: 1000, symbol: 0, price: "1", extra: { q: "1" } }, /reserved/],
])("the writer refuses %s", (_, row, message) => {
  const writer = createRecordingWriter(options());
  writer.market({ rxMs: 1000, symbol: 0, price: "1" });

  expect(() => writer.market(row)).toThrow(message);
  expect(() => writer.market(row)).toThrow(InvariantError);
  writer.abort();
});

test("the writer refuses a record of lower rank in the same millisecond, and payloads it could not give back", () => {
  const writer = createRecordingWriter(options());
  writer.input({ rxMs: 5, stream: "trade.intent", payload: { id: "5-0", fields: {} } });

  expect(() => writer.market({ rxMs: 5, symbol: 0, price: "1" })).toThrow(/order of rx and rank/);
  expect(() => writer.input({ rxMs: 6, stream: "mark", payload: {} })).toThrow(/prices go through market/);
  expect(() => writer.input({ rxMs: 6, stream: "x", payload: { seq: 1 } })).toThrow(/reserved/);
  expect(() => writer.input({ rxMs: 6, stream: "x", payload: { a: { b: Number.NaN } } })).toThrow(/finite/);
  writer.abort();
});

test("a symbol table with doubles or half characters is refused", () => {
  expect(() => createRecordingWriter(options({ symbols: ["A", "A"] }))).toThrow(InvariantError);
  expect(() => createRecordingWriter(options({ symbols: ["\ud800"] }))).toThrow(InvariantError);
  expect(readdirSync(base)).toEqual([]);
});
