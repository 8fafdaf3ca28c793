import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { EXIT, UserError } from "../../src/diagnostics/user-error.ts";
import { MARKET_KIND, type RecordingSource } from "../../src/recording/batch.ts";
import { openRecording } from "../../src/recording/reader.ts";
import { verifyRecording } from "../../src/recording/verify.ts";
import { createRecordingWriter } from "../../src/recording/writer.ts";
import { editLines, editManifest, editPart, replacePart } from "./edit-recording.ts";

const MARKET = "market.0001.ndjson.gz";
const INPUTS = "inputs.0001.ndjson.gz";

let base: string;
let dir: string;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "recording-reader-"));
  dir = join(base, "sample");
});

afterEach(() => {
  rmSync(base, { recursive: true, force: true });
});

function writeSample(partBytesMax?: number): void {
  const writer = createRecordingWriter({
    ...{ dir, id: "sample", symbols: ["BTCUSDT", "测试测试USDT"], fidelity: "mark", createdBy: "test" },
    ...{ notes: ["made by hand"], ...(partBytesMax === undefined ? {} : { partBytesMax }) },
  });
  writer.market({ rxMs: 1000, symbol: 0, price: "95467.7", qty: "8.4" });
  writer.market({ rxMs: 1000, tsMs: 990, symbol: 1, price: "0.0010", bid: "0.0009", ask: "0.0011" });
  writer.input({ rxMs: 1000, stream: "funding", payload: { sym: "BTCUSDT", rate: "0.0001" } });
  writer.input({
    rxMs: 1001,
    stream: "trade.intent",
    payload: { id: "1001-0", fields: { symbol: "BTCUSDT", x: "1" } },
  });
  writer.market({ rxMs: 2000, tsMs: 2300, symbol: 0, kind: "book", price: "95468", bid: "95467.9", ask: "95468.1" });
  writer.market({ rxMs: 2000, symbol: 0, kind: "trade", price: "95468" });
  writer.seal();
}

interface Row {
  seq: number;
  rxMs: number;
  tsMs: number;
  symbol: string;
  kind: number;
  price: number;
  bid: number;
  ask: number;
  qty: number;
}

function rowsOf(source: RecordingSource): Row[] {
  const rows: Row[] = [];
  for (const batch of source.batches()) {
    for (let row = 0; row < batch.length; row++) {
      rows.push({
        ...{ seq: batch.seq[row]!, rxMs: batch.rxMs[row]!, tsMs: batch.tsMs[row]! },
        ...{ symbol: source.symbols[batch.symbol[row]!]!, kind: batch.kind[row]!, price: batch.price[row]! },
        ...{ bid: batch.bid[row]!, ask: batch.ask[row]!, qty: batch.qty[row]! },
      });
    }
  }
  return rows;
}

/** Reads everything; the error, which must be a UserError with the code of an unusable recording. */
function refusal(): string {
  try {
    const recording = openRecording(dir);
    rowsOf(recording);
    for (const _ of recording.inputs());
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    expect((error as UserError).exitCode).toBe(EXIT.recordingUnusable);
    return (error as UserError).message.replaceAll(base, "");
  }
  throw new Error("the recording was read without an error");
}

test("what was written is read back, prices as columns and inputs as they came", () => {
  writeSample();

  const recording = openRecording(dir);

  const none = Number.NaN;
  expect(rowsOf(recording)).toEqual([
    { seq: 1, rxMs: 1000, tsMs: 1000, symbol: "BTCUSDT", kind: 0, price: 95467.7, bid: none, ask: none, qty: 8.4 },
    { seq: 2, rxMs: 1000, tsMs: 990, symbol: "测试测试USDT", kind: 0, price: 0.001, bid: 0.0009, ask: 0.0011, qty: 0 },
    { seq: 5, rxMs: 2000, tsMs: 2300, symbol: "BTCUSDT", kind: 1, price: 95468, bid: 95467.9, ask: 95468.1, qty: 0 },
    { seq: 6, rxMs: 2000, tsMs: 2000, symbol: "BTCUSDT", kind: 2, price: 95468, bid: none, ask: none, qty: 0 },
  ]);
  expect([...recording.inputs()]).toEqual([
    { seq: 3, rxMs: 1000, tsMs: 1000, stream: "funding", payload: { sym: "BTCUSDT", rate: "0.0001" } },
    {
      ...{ seq: 4, rxMs: 1001, tsMs: 1001, stream: "trade.intent" },
      payload: { id: "1001-0", fields: { symbol: "BTCUSDT", x: "1" } },
    },
  ]);
  expect([recording.marketEventCount, recording.firstTsMs, recording.lastTsMs]).toEqual([4, 990, 2300]);
  expect(recording.notes[0]).toBe("made by hand");
});

test("every reading starts from the beginning, across parts and batches of any size", () => {
  writeSample(100);

  const recording = openRecording(dir, { batchRows: 3 });

  const first = rowsOf(recording);
  expect(first.map(({ seq }) => seq)).toEqual([1, 2, 5, 6]);
  expect(rowsOf(recording)).toEqual(first);
  expect([...recording.batches()].map(({ length }) => length)).toEqual([3, 1]);
  expect([...recording.inputs()]).toEqual([...recording.inputs()]);
  expect(recording.manifest.parts.length).toBe(6);
});

test("fields of later versions are carried, in the manifest, in market records and in inputs", () => {
  writeSample();
  editManifest(dir, (manifest) => {
    manifest["venue"] = "usdm-testnet";
    manifest.parts[0]!["crc32"] = "00";
  });
  editLines(dir, MARKET, ([first, ...rest]) => [first!.replace("}", ',"nq":"7","st":{"a":1}}'), ...rest]);
  editLines(dir, INPUTS, ([first, ...rest]) => [first!.replace("}", ',"ap":"9"}'), ...rest]);

  const recording = openRecording(dir);

  expect(recording.manifest["venue"]).toBe("usdm-testnet");
  expect(recording.manifest.parts[0]!["crc32"]).toBe("00");
  expect(rowsOf(recording)[0]).toMatchObject({ seq: 1, price: 95467.7, qty: 8.4 });
  expect([...recording.inputs()][0]!.payload).toEqual({ sym: "BTCUSDT", rate: "0.0001", ap: "9" });
});

test("a line with other spacing and key order means the same", () => {
  writeSample();
  editLines(dir, MARKET, ([, second, ...rest]) => [
    '{ "q": "8.4", "p": "95467.7", "sym": "BTCUSDT", "s": "mark", "rx": 1000, "seq": 1 }\r',
    second!.replace("测试测试", "\\u6d4b\\u8bd5\\u6d4b\\u8bd5"),
    ...rest,
  ]);

  const rows = rowsOf(openRecording(dir));
  expect(rows[0]).toMatchObject({ seq: 1, rxMs: 1000, tsMs: 1000, price: 95467.7, qty: 8.4, kind: MARKET_KIND.mark });
  expect(rows[1]!.symbol).toBe("测试测试USDT");
});

test("a decimal of any length is the nearest double, as Number reads it", () => {
  const decimals = fc.tuple(fc.bigInt({ min: 1n, max: 10n ** 20n }), fc.integer({ min: 0, max: 18 }));
  fc.assert(
    fc.property(fc.array(decimals, { minLength: 1, maxLength: 50 }), (values) => {
      const target = join(mkdtempSync(join(base, "case-")), "r");
      const texts = values.map(([units, places]) => {
        const digits = units.toString().padStart(places + 1, "0");
        return places === 0 ? digits : `${digits.slice(0, -places)}.${digits.slice(-places)}`;
      });
      const writer = createRecordingWriter({
        dir: target,
        id: "x",
        symbols: ["A"],
        fidelity: "mark",
        createdBy: "test",
      });
      for (const price of texts) writer.market({ rxMs: 1, symbol: 0, price });
      writer.seal();
      expect(rowsOf(openRecording(target)).map(({ price }) => price)).toEqual(texts.map(Number));
    }),
    { numRuns: 30, seed: 1 },
  );
});

test("a missing folder is named, with near names or the command that makes one", () => {
  writeSample();
  dir = join(base, "smaple");
  expect(refusal()).toBe(
    '/smaple Cannot open the recording: there is no such folder, one is needed; did you mean "/sample"?',
  );
  dir = join(base, "other", "thing");
  expect(refusal()).toMatch(
    /there is no such folder, one is needed; "sim import candles FILES... --out .*thing" makes one/,
  );
});

test("a folder without manifest is refused", () => {
  mkdirSync(dir);
  expect(refusal()).toMatch(/^\/sample Cannot open the recording: the folder has no manifest.json/);
});

test("a manifest that is cut off is named with its line", () => {
  writeSample();
  const path = join(dir, "manifest.json");
  writeFileSync(path, readFileSync(path, "utf8").slice(0, 300));
  expect(refusal()).toMatch(/^\/sample\/manifest.json:\d+:\d+ Cannot read the manifest: it is no complete JSON/);
});

test("a recording of a later version is refused as such", () => {
  writeSample();
  editManifest(dir, (manifest) => ({ ...manifest, schema: "rehearsal.recording/2" }));
  expect(refusal()).toBe(
    '/sample/manifest.json schema: Cannot read the recording: its schema is "rehearsal.recording/2", ' +
      '"rehearsal.recording/1" is needed; a later version wrote it: update this program',
  );
});

test("all wrong fields of a manifest are reported at once", () => {
  writeSample();
  editManifest(dir, ({ timeUnit, ...rest }) => ({
    ...rest,
    fidelity: "guess",
    parts: [{ ...rest.parts[0], file: "../x" }],
  }));
  const problems = refusal().split("\n");
  expect(problems.map((problem) => problem.split(" ")[1])).toEqual(["timeUnit:", "fidelity:", "parts[0].file:"]);
});

test("a manifest whose symbols were edited does not match its hash", () => {
  writeSample();
  editManifest(dir, (manifest) => {
    manifest.symbols[0]!.symbol = "ETHUSDT";
  });
  expect(refusal()).toMatch(/hash: Cannot trust the manifest/);
});

test("a missing part, a torn part and a changed part are told apart", () => {
  writeSample();
  const path = join(dir, MARKET);
  const whole = readFileSync(path);

  const flipped = Buffer.from(whole);
  flipped[30]! ^= 1;
  writeFileSync(path, flipped);
  expect(refusal()).toMatch(/^\/sample\/market.0001.ndjson.gz Cannot use the part of the recording: its SHA-256 is/);

  writeFileSync(path, whole);
  truncateSync(path, 40);
  expect(refusal()).toContain(`it is cut off at byte 40, the manifest says ${whole.length} bytes`);

  unlinkSync(path);
  expect(refusal()).toContain("the file is missing, the manifest lists it with 4 records");
});

test("a gzip stream that is torn is refused even when the manifest agrees with its bytes", () => {
  writeSample();
  const packed = readFileSync(join(dir, MARKET));
  replacePart(dir, MARKET, packed.subarray(0, packed.length - 10), gunzipSync(packed));
  expect(refusal()).toMatch(/it does not unpack \(unexpected end of file\), a whole gzip file of \d+ bytes is needed/);
});

test("a part that unpacks to more or less than the manifest says is refused", () => {
  writeSample();
  editManifest(dir, (manifest) => {
    manifest.parts[0]!.contentBytes--;
  });
  expect(refusal()).toMatch(/it does not unpack \(Cannot create a Buffer larger than \d+ bytes\)/);
  editManifest(dir, (manifest) => {
    manifest.parts[0]!.contentBytes += 2;
  });
  expect(refusal()).toMatch(/it unpacks to \d+ bytes, the manifest says \d+ bytes/);
});

test("lines that are missing from a part are noticed", () => {
  writeSample();
  editLines(dir, MARKET, (lines) => lines.slice(0, 3));
  expect(refusal()).toContain(
    "market.0001.ndjson.gz Cannot use the part of the recording: it has 3 records, the manifest says 4",
  );
});

const fourth = '{"seq":6,"rx":2000,"s":"trade","sym":"BTCUSDT","p":"95468"}';

test.each([
  ["a seq that is there twice", fourth.replace("6", "5"), "seq 5 is there twice, seq must increase"],
  ["a seq out of order", fourth.replace("6", "4"), "seq 4 comes after 5, seq must increase"],
  ["rx going backwards", fourth.replace("2000", "1999"), "rx 1999 comes after 2000, the time received must not"],
  ["a price of zero", fourth.replace("95468", "0.00"), 'price "p" is 0, more than 0 is needed'],
  ["a negative price", fourth.replace("95468", "-1"), 'price "p" is "-1", a plain decimal text'],
  ["a price NaN", fourth.replace("95468", "NaN"), 'price "p" is "NaN", a plain decimal text'],
  ["a price as a number", fourth.replace('"95468"', "95468"), 'price "p" is 95468, a plain decimal text'],
  ["a price beyond doubles", fourth.replace("95468", "9".repeat(400)), "a finite number is needed"],
  ["no price", fourth.replace(',"p":"95468"', ""), 'price "p" is missing, a plain decimal text'],
  ["a bid of zero", fourth.replace("}", ',"b":"0"}'), 'bid "b" is 0, more than 0 is needed'],
  ["a negative quantity", fourth.replace("}", ',"q":"-2"}'), 'quantity "q" is "-2", a plain decimal text'],
  ["an unknown symbol", fourth.replace("BTC", "ETH"), 'symbol "ETHUSDT" is unknown, one of the manifest'],
  ["an unknown stream", fourth.replace("trade", "trades"), 's is "trades", one of mark, book, trade is needed'],
  ["a time with a fraction", fourth.replace("2000", "2000.5"), "rx is 2000.5, whole milliseconds are needed"],
  ["a missing seq", fourth.replace('"seq":6,', ""), "seq is missing, a whole number is needed"],
  ["a line that is no JSON", fourth.slice(0, 30), "it is no JSON ("],
  ["a line that is no object", "[1]", "it is [1], a JSON object is needed"],
])("a market record with %s is named with file and line", (_, line, what) => {
  writeSample();
  editLines(dir, MARKET, (lines) => [...lines.slice(0, 3), line]);
  const message = refusal();
  expect(message).toMatch(/^\/sample\/market\.0001\.ndjson\.gz:4:1 Cannot read the market record: /);
  expect(message).toContain(what);
  expect(message).toContain("import the recording again from its source");
});

test("a last line without its newline is cut off", () => {
  writeSample();
  editPart(dir, MARKET, (content) => content.subarray(0, content.length - 1));
  expect(refusal()).toContain("market.0001.ndjson.gz:4:1 Cannot read the market record: it is cut off");
});

test("bytes that are no UTF-8 are named with their line, in both kinds of part", () => {
  writeSample();
  const spoil = (content: Buffer): Buffer => {
    const edited = Buffer.from(content);
    edited[edited.indexOf("BTCUSDT")] = 0xff;
    return edited;
  };
  editPart(dir, INPUTS, spoil);
  expect(refusal()).toContain("inputs.0001.ndjson.gz:1:1 Cannot read the record: it holds bytes that are no UTF-8");
  editPart(dir, MARKET, spoil);
  expect(refusal()).toContain(
    "market.0001.ndjson.gz:1:1 Cannot read the market record: it holds bytes that are no UTF-8",
  );
});

const second = '{"seq":4,"rx":1001,"s":"trade.intent","id":"1001-0","fields":{}}';

test.each([
  ["a seq that is there twice", second.replace("4", "3"), "seq 3 is there twice"],
  ["a seq out of order", second.replace("4", "2"), "seq 2 comes after 3"],
  ["rx going backwards", second.replace("1001", "999"), "rx 999 comes after 1000"],
  ["no stream", second.replace('"s":"trade.intent",', ""), "s names no stream"],
  ["no time", second.replace('"rx":1001,', ""), "milliseconds are needed"],
  ["funding of an unknown symbol", '{"seq":4,"rx":1001,"s":"funding","sym":"X","rate":"0"}', 'symbol "X" is unknown'],
  ["half a line", second.slice(0, 20), "it is no JSON ("],
])("an input record with %s is named with file and line", (_, line, what) => {
  writeSample();
  editLines(dir, INPUTS, (lines) => [lines[0]!, line]);
  const message = refusal();
  expect(message).toMatch(/^\/sample\/inputs\.0001\.ndjson\.gz:2:1 Cannot read the record: /);
  expect(message).toContain(what);
});

test("an intent may name a symbol outside the table: rejecting it by name is the engine's", () => {
  writeSample();
  editLines(dir, INPUTS, (lines) => [lines[0]!, second.replace("{}", '{"symbol":"NOPEUSDT"}')]);
  expect([...openRecording(dir).inputs()][1]!.payload["fields"]).toEqual({ symbol: "NOPEUSDT" });
});

test("random damage to a market part is reported or changes nothing", () => {
  writeSample();
  const packed = readFileSync(join(dir, MARKET));
  const content = gunzipSync(packed);
  const before = JSON.stringify(rowsOf(openRecording(dir)));
  fc.assert(
    fc.property(fc.nat(packed.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
      const damaged = Buffer.from(packed);
      damaged[at]! ^= mask;
      replacePart(dir, MARKET, damaged, content);
      try {
        expect(JSON.stringify(rowsOf(openRecording(dir)))).toBe(before);
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
      }
    }),
    { numRuns: 200, seed: 2 },
  );
});

test("parts replaced together with their entries do not keep the identity of the recording", () => {
  writeSample();
  verifyRecording(openRecording(dir));

  editLines(dir, MARKET, (lines) => lines.map((line) => line.replace("95467.7", "95467.8")));

  expect(() => verifyRecording(openRecording(dir))).toThrow(
    /manifest.json content.market: Cannot trust the recording: its market parts unpack to SHA-256/,
  );
});
