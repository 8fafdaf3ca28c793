import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { strToU8, zipSync } from "fflate";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { UserError } from "../../../src/diagnostics/user-error.ts";
import { arrowLines } from "../../../src/recording/import/feather.ts";
import { importBars } from "../../../src/recording/import/import-bars.ts";
import { importRecording } from "../../../src/recording/import/import-recording.ts";
import { importRecords } from "../../../src/recording/import/import-records.ts";
import { importRedis } from "../../../src/recording/import/import-redis.ts";
import { importTrades } from "../../../src/recording/import/import-trades.ts";
import { importWs } from "../../../src/recording/import/import-ws.ts";
import { openRecording } from "../../../src/recording/reader.ts";
import { verifyRecording } from "../../../src/recording/verify.ts";

/** Mutations of each seed file. What 3,000 each have found stands below, by name. */
const ROUNDS = 60;
const T = 1750507467356;
const MINUTE = 1746373020000;

/** Small numbers that repeat: xorshift of 32 bits. */
function dice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** Pieces that parsers stumble over. */
const PIECES = [
  ...[
    "",
    ",",
    "\n",
    "\r\n",
    '"',
    "{",
    "[",
    "\\",
    "null",
    "-",
    "0",
    "1e400",
    "1e-400",
    "NaN",
    "0x10",
    "\u0000",
    "\ufeff",
  ],
  ...["9".repeat(25), "9007199254740993", `${T}000`, `${T}000000`, "true", "牛来", "\ud800", '{"a":', "[".repeat(200)],
  ...['"__proto__"', "constructor", "-1", "99999999999999", "0".repeat(400), `0.${"0".repeat(330)}1`],
];

function mutate(original: Buffer, roll: (below: number) => number): Buffer {
  let bytes = Buffer.from(original);
  for (let count = 1 + roll(3); count > 0; count--) {
    const at = roll(bytes.length + 1);
    const length = 1 + roll(12);
    const kind = roll(6);
    if (kind === 0 && bytes.length > 0) bytes[Math.min(at, bytes.length - 1)] = roll(256);
    else if (kind === 1) bytes = bytes.subarray(0, at);
    else if (kind === 2) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
    else {
      const piece = kind === 3 ? bytes.subarray(roll(bytes.length + 1)) : Buffer.from(PIECES[roll(PIECES.length)]!);
      // In the place of something, or between.
      bytes = Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at + (kind === 5 ? length : 0))]);
    }
  }
  return bytes;
}

const frame = (data: object, at: number): string =>
  JSON.stringify({ local_ns: `${T + at}000000`, frame: { stream: "ltcusdt@x", data } });
const CAPTURE = [
  frame({ e: "bookTicker", u: 1, s: "LTCUSDT", b: "1.0", B: "2", a: "1.1", A: "3", T, E: T }, 0),
  frame({ e: "depthUpdate", E: T, T, s: "LTCUSDT", U: 1, u: 5, pu: 0, b: [["1.0", "2"]], a: [["1.1", "0"]] }, 1),
  JSON.stringify({
    local_ns: `${T + 2}000000`,
    frame: { lastUpdateId: 3, bids: [["1.0", "2"]], asks: [["1.1", "2"]] },
  }),
  frame({ e: "trade", E: T, T, s: "LTCUSDT", t: 1, p: "1.0", q: "2", X: "MARKET", m: true }, 3),
  frame({ e: "markPriceUpdate", E: T, s: "LTCUSDT", p: "1.05", i: "1", r: "0.0001", T }, 4),
  frame({ e: "forceOrder", E: T, o: { s: "LTCUSDT" } }, 5),
].join("\n");
const CANDLES = `open_time_ms,open,high,low,close,volume,trades\n${[0, 1, 3]
  .map((minute) => `${MINUTE + minute * 60_000},1,2.5,1,2,5.25,7`)
  .join("\n")}\n`;
const KLINES = [0, 1]
  .map((n) => `${MINUTE + n * 60_000},1,2,1,2,5,${MINUTE + n * 60_000 + 59_999},1,2,3,4,0`)
  .join("\n");
const TRADES = `trade_id,recv_ms,time_ms,price,qty,order_type\n7,${T},${T},1.5,2,MARKET\n9,${T + 3},${T + 1},1.5,0,\n`;
const AGG = `1,2.0,5,1,3,${T}123,true\n2,2.1,6,4,4,${T}999,false\n`;
const DEPTH =
  "recv_ms,event_ms,txn_ms,U,u,pu,is_ask,price,qty\n" +
  `${T},${T},${T},1,5,0,0,1.0,2\n${T},${T},${T},1,5,0,1,1.1,2\n${T + 9},${T},${T},6,8,5,1,1.1,0\n`;
const NDJSON = `{"stream":"quantum:stream:trade.intent","id":"${T}-0","fields":{"symbol":"LTCUSDT","payload":"{}"}}\n`;
const TEXT = `${T}-0\nevent_type\ntrade.intent\npayload\n{"symbol": "LTCUSDT"}\n${T}-1\nevent_type\ntrade.intent\n`;
const NUMBERED = `1) 1) "${T}-0"\n   2) 1) "event_type"\n      2) "trade.intent"\n      3) "a"\n      4) "\\xe7\\x89\\x9b\\n"\n`;
const STATS = JSON.stringify([
  { stream: "quantum:stream:a", length: 5, entries_added: 9, last_id: `${T}-0`, groups: [] },
]);
const FUNDING = `symbol,funding_time_ms,funding_rate\nLTCUSDT,${MINUTE},0.0001\nLTCUSDT,${MINUTE + 60_000},-1e-7\n`;
const MARKS = `symbol,open_time_ms,open,high,low,close\nA,${MINUTE},1,2,1,2\nA,${MINUTE + 60_000},1,2,1,2\n`;
const RECORDS = `{"time":"2026-02-16T16:13:28.600591+00:00","a":1}\n{"time":${T}}\n{"b":2}\n`;
const INFO = JSON.stringify({
  symbols: [
    {
      ...{ symbol: "LTCUSDT", status: "TRADING", contractType: "PERPETUAL" },
      filters: [
        { filterType: "PRICE_FILTER", minPrice: "0.1", maxPrice: "1000", tickSize: "0.1" },
        { filterType: "LOT_SIZE", minQty: "0.001", maxQty: "1000", stepSize: "0.001" },
        { filterType: "MARKET_LOT_SIZE", minQty: "0.001", maxQty: "120", stepSize: "0.001" },
        { filterType: "MIN_NOTIONAL", notional: "100" },
      ],
    },
  ],
});
const zip = (text: string): Buffer => Buffer.from(zipSync({ "a.csv": strToU8(text) }, { mtime: new Date(2025, 0, 1) }));
const FEATHER = readFileSync(fileURLToPath(new URL("fixtures/BTC_USDT_USDT-1m-futures.feather", import.meta.url)));

type Case = readonly [name: string, seed: Buffer, file: string, importer: (path: string, out: string) => unknown];
const candles = (path: string, out: string) => importRecording({ candles: [path], out, arrowLines });
const trades = (path: string, out: string) => importTrades({ files: [path], out });
const redis = (path: string, out: string) => importRedis({ files: [path], out });

let base: string;
let good: string;
const CASES: readonly Case[] = [
  ["candles", Buffer.from(CANDLES), "A-1m.csv", candles],
  ["candles in gzip", gzipSync(CANDLES), "A-1m.csv.gz", candles],
  ["klines in a zip", zip(KLINES), "A-1m.zip", candles],
  ["klines", Buffer.from(KLINES), "A-1m.csv", candles],
  ["feather", FEATHER, "A-1m.feather", candles],
  ["trades", Buffer.from(TRADES), "LTCUSDT.csv", trades],
  ["aggTrades", Buffer.from(AGG), "LTCUSDT.csv", trades],
  ["aggTrades in a zip", zip(AGG), "LTCUSDT.zip", trades],
  ["depth", Buffer.from(DEPTH), "LTCUSDT.csv", (path, out) => importTrades({ files: [good], depth: [path], out })],
  ["captures", Buffer.from(CAPTURE), "c.ndjson", (path, out) => importWs({ files: [path], out })],
  [
    "exchangeInfo",
    Buffer.from(INFO),
    "i.json",
    (path, out) => importTrades({ files: [good], exchangeInfo: path, out }),
  ],
  ["Redis NDJSON", Buffer.from(NDJSON), "d.ndjson", redis],
  ["redis-cli text", Buffer.from(TEXT), "d.txt", redis],
  ["redis-cli numbered", Buffer.from(NUMBERED), "d.txt", redis],
  ["Redis statistics", Buffer.from(STATS), "s.json", redis],
  ["mark bars", Buffer.from(MARKS), "m.csv", (path, out) => importBars({ files: [path], out })],
  [
    ...(["records", Buffer.from(RECORDS), "r.jsonl"] as const),
    (path, out) => importRecords({ files: [path], stream: "a", time: "time", out }),
  ],
  [
    ...(["funding", Buffer.from(FUNDING), "f.csv"] as const),
    (path, out) => importRecording({ candles: [join(base, "good-1m.csv")], funding: path, out }),
  ],
];

beforeAll(() => {
  base = mkdtempSync(join(tmpdir(), "import-fuzz-"));
  good = join(base, "LTCUSDT-good.csv");
  writeFileSync(good, TRADES);
  writeFileSync(join(base, "good-1m.csv"), CANDLES);
});

afterAll(() => {
  rmSync(base, { recursive: true, force: true });
});

/** `recording` when there is a whole one, `refused` when there is a UserError and nothing on the disk. */
function outcome([, , file, importer]: Case, bytes: Buffer): "recording" | "refused" {
  const dir = join(base, "case");
  rmSync(dir, { recursive: true, force: true });
  const out = join(dir, "out");
  const path = join(base, file);
  writeFileSync(path, bytes);
  try {
    importer(path, out);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    // A problem that cannot be found is no help: each names its file.
    expect(error.problems.every(({ text }) => text.startsWith("Cannot "))).toBe(true);
    expect(existsSync(dir) ? readdirSync(dir) : []).toEqual([]);
    return "refused";
  }
  expect(readdirSync(dir)).toEqual(["out"]);
  verifyRecording(openRecording(out));
  return "recording";
}

describe("any file gives a whole recording, or an error of the person and nothing on the disk", () => {
  test.each(CASES)("%s", (...of) => {
    const [name, seed] = of;
    expect(outcome(of, seed), "the file as it should be").toBe("recording");
    const seen = new Set<string>();
    for (let round = 1; round <= ROUNDS; round++) {
      const bytes = mutate(seed, dice(round * 2_654_435 + name.length * 7_919));
      try {
        seen.add(outcome(of, bytes));
      } catch (error) {
        const shown = bytes.length < 2_000 ? JSON.stringify(bytes.toString("latin1")) : `${bytes.length} bytes`;
        throw new Error(`round ${round} of ${name}: ${shown}`, { cause: error });
      }
    }
    expect(seen.has("refused"), "mutations that do not matter would test nothing").toBe(true);
  });
});

describe("what the mutations have found", () => {
  const find = (name: string): Case => CASES.find(([other]) => other === name)!;

  test("a trade id beyond 2^53 claims a hole whose count no manifest can hold", () => {
    const text = AGG.replace("\n2,", `\n${"9".repeat(25)},`);
    expect(outcome(find("aggTrades"), Buffer.from(text))).toBe("recording");
  });

  test.each([
    ["captures", CAPTURE.replace(`"T":${T}`, '"T":1e400')],
    ["Redis statistics", STATS.replace('"groups":[]', '"groups":[1e400]')],
    ["Redis statistics", STATS.replace(`${T}-0`, "9999999999999999-0")],
    ["Redis NDJSON", NDJSON.replace('"fields"', '"delivered":1e400,"fields"')],
    ["records", RECORDS.replace('"a":1', '"a":-1e400')],
    ["exchangeInfo", INFO.replace('"symbols"', '"serverTime":1e400,"symbols"')],
    ["captures", CAPTURE.replace('"p":"1.0"', `"p":"1${"0".repeat(400)}"`)],
  ])("%s: a number that a double cannot hold is refused", (name, text) => {
    expect(outcome(find(name), Buffer.from(text))).toBe("refused");
  });
});
