import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { EXIT, UserError } from "../../../src/diagnostics/user-error.ts";
import type { RecordingSource } from "../../../src/recording/batch.ts";
import { symbolOfFile } from "../../../src/recording/import/candle-file.ts";
import { pathPrices, quarterVolumes } from "../../../src/recording/import/candle-path.ts";
import { importRecording, importToMemory } from "../../../src/recording/import/import-recording.ts";
import { openRecording } from "../../../src/recording/reader.ts";

const HEADER = "open_time_ms,open,high,low,close,volume";
const START = 1746373020000;

let base: string;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "import-candles-"));
});

afterEach(() => {
  rmSync(base, { recursive: true, force: true });
});

function file(name: string, rows: readonly string[], header = HEADER): string {
  const path = join(base, name);
  const text = `${[header, ...rows].join("\n")}\n`;
  writeFileSync(path, name.endsWith(".gz") ? gzipSync(text) : text);
  return path;
}

/** One row a minute from `START`; `null` leaves the minute out. */
function minutes(rows: readonly (string | null)[]): string[] {
  return rows.flatMap((row, minute) => (row === null ? [] : [`${START + minute * 60_000},${row}`]));
}

function rowsOf(source: RecordingSource): string[] {
  const rows: string[] = [];
  for (const batch of source.batches()) {
    for (let row = 0; row < batch.length; row++) {
      const symbol = source.symbols[batch.symbol[row]!]!;
      rows.push(`${batch.seq[row]} ${batch.rxMs[row]! - START} ${symbol} ${batch.price[row]} ${batch.qty[row]}`);
    }
  }
  return rows;
}

function refusal(paths: readonly string[]): string {
  try {
    importToMemory({ candles: paths });
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    expect((error as UserError).exitCode).toBe(EXIT.recordingUnusable);
    return (error as UserError).message.replaceAll(`${base}/`, "");
  }
  throw new Error("the candles were imported without an error");
}

test("a rising minute visits its low first, a falling one its high, and symbols take turns in their order", () => {
  const eth = file("ETHUSDT-1m.csv", minutes(["10,12,9,11,8"]));
  const btc = file("BTCUSDT-1m.csv.gz", minutes(["100.5,101,99,100,33.653", "100,100,100,100,0"]));

  expect(rowsOf(importToMemory({ candles: [eth, btc] }))).toEqual([
    "1 0 BTCUSDT 100.5 8.413",
    "2 0 ETHUSDT 10 2",
    "3 15000 BTCUSDT 101 8.413",
    "4 15000 ETHUSDT 9 2",
    "5 30000 BTCUSDT 99 8.413",
    "6 30000 ETHUSDT 12 2",
    "7 59999 BTCUSDT 100 8.414",
    "8 59999 ETHUSDT 11 2",
    "9 60000 BTCUSDT 100 0",
    "10 75000 BTCUSDT 100 0",
    "11 90000 BTCUSDT 100 0",
    "12 119999 BTCUSDT 100 0",
  ]);
});

test("a minute that did not move takes the path of a rising one", () => {
  expect(pathPrices({ open: "5", high: "7", low: "3", close: "5.0", volume: "0" })).toEqual(["5", "3", "7", "5.0"]);
});

test("volume in quarters sums up exactly and keeps its decimals", () => {
  expect(quarterVolumes("33.653")).toEqual(["8.413", "8.413", "8.413", "8.414"]);
  expect(quarterVolumes("3")).toEqual(["0", "0", "0", "3"]);
  const volumes = fc.tuple(fc.bigInt({ min: 0n, max: 10n ** 24n }), fc.integer({ min: 0, max: 8 }));
  fc.assert(
    fc.property(volumes, ([units, decimals]) => {
      const digits = units.toString().padStart(decimals + 1, "0");
      const text = decimals === 0 ? digits : `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
      const sum = quarterVolumes(text).reduce((total, quarter) => total + BigInt(quarter.replace(".", "")), 0n);
      expect(sum).toBe(units);
    }),
    { seed: 3 },
  );
});

test("missing minutes become a gap record when the candles resume, before that minute's price", () => {
  const a = file("AUSDT-1m.csv", minutes(["1,1,1,1,1", null, null, "2,2,2,2,2"]));
  const b = file("BUSDT-1m.csv", minutes(["1,1,1,1,1", "1,1,1,1,1", "1,1,1,1,1", "2,2,2,2,2"]));

  const recording = importToMemory({ candles: [a, b] });

  expect([...recording.inputs()]).toEqual([
    {
      ...{ seq: 17, rxMs: START + 180_000, tsMs: START + 180_000, stream: "gap" },
      payload: {
        ...{ sym: "AUSDT", startTsMs: START + 60_000, endTsMs: START + 180_000, missing: 2, cause: "no candles" },
      },
    },
  ]);
  expect(rowsOf(recording)[16]).toBe("18 180000 AUSDT 2 0");
  expect(recording.notes).toContain("missing minutes: 2, gaps: 1, symbols with gaps: 1 of 2");
});

test("a hole that all symbols share is called a halt, with its times", () => {
  const rows = minutes(["1,1,1,1,1", null, "2,2,2,2,2"]);

  const recording = importToMemory({ candles: [file("A-1m.csv", rows), file("B-1m.csv", rows)] });

  expect(recording.notes).toContain(
    "all 2 symbols have no candles for 1 minutes, from 2025-05-04T15:38:00.000Z to 2025-05-04T15:39:00.000Z: a halt",
  );
});

test("funding is merged after the price of its millisecond, and what does not belong is counted", () => {
  const candles = file("AUSDT-1m.csv", minutes(["1,1,1,1,1", "1,1,1,1,1"]));
  const funding = file(
    "funding.csv",
    [
      `AUSDT,${START - 1},0.1`,
      `AUSDT,${START + 60_000},-1.3e-7`,
      `AUSDT,${START + 60_001},0.0001`,
      `ZUSDT,${START},0.1`,
    ],
    "symbol,funding_time_ms,funding_rate",
  );

  const recording = importToMemory({ candles: [candles], funding });

  expect([...recording.inputs()].map(({ seq, rxMs, payload }) => [seq, rxMs - START, payload["rate"]])).toEqual([
    [6, 60_000, "-0.00000013"],
    [7, 60_001, "0.0001"],
  ]);
  expect(rowsOf(recording)[4]).toMatch(/^5 60000 /);
  expect(recording.notes).toContain(
    "funding left out: 1 records of symbols without prices, 1 outside the span of prices",
  );
});

test("an import on disk and one in memory are the same recording, whatever the order of the files", () => {
  const a = file("AUSDT-1m.csv", minutes(["1,1,1,1,1", null, "2,2,2,2,2"]));
  const b = file("测试测试USDT-1m.csv.gz", minutes(["1,1,1,1,1", "1,1,1,1,1"]));

  const first = importRecording({ candles: [a, b], out: join(base, "one") });
  const second = importRecording({ candles: [b, a], out: join(base, "two"), id: "one" });
  const memory = importToMemory({ candles: [a, b] });

  expect(second.manifest).toEqual(first.manifest);
  expect(memory.hash).toBe(first.hash);
  expect(rowsOf(openRecording(join(base, "one")))).toEqual(rowsOf(memory));
  expect(openRecording(join(base, "one")).symbols).toEqual(["AUSDT", "测试测试USDT"]);
  expect(first.manifest.inputs.map(({ file: name, role }) => [name, role])).toEqual([
    ["AUSDT-1m.csv", "candles"],
    ["测试测试USDT-1m.csv.gz", "candles"],
  ]);
  expect(first.manifest.gaps).toEqual([
    {
      ...{ symbol: "AUSDT", gaps: 1, missing: 1, longestMs: 60_000 },
      ...{ firstStartTs: START + 60_000, lastEndTs: START + 120_000 },
    },
  ]);
});

test("the symbol is the file name up to the interval", () => {
  expect(symbolOfFile("x/BTCUSD_PERP-1m.csv.gz")).toBe("BTCUSD_PERP");
  expect(symbolOfFile("BTCUSDT-1m-2025-05.csv")).toBe("BTCUSDT");
  expect(symbolOfFile("BTCUSDT.csv")).toBe("BTCUSDT");
});

const good = "1,2,1,2,5";

test.each([
  ["NaN", [`${START},NaN,2,1,2,5`], 'open is "NaN", a decimal number is needed'],
  ["an empty field", [`${START},1,2,,2,5`], 'low is "", a decimal number is needed'],
  ["a price of zero", [`${START},1,2,0,2,5`], "low is 0, more than 0 is needed"],
  ["a negative volume", [`${START},1,2,1,2,-5`], "volume is -5, 0 or more is needed"],
  ["high below low", [`${START},1,1,2,1,5`], "high 1 is below low 2"],
  ["a close above high", [`${START},1,2,1,3,5`], "high 2 is below open or close"],
  ["an open below low", [`${START},1,3,2,3,5`], "low 2 is above open or close"],
  ["a cut line", [`${START},1,2`], "the line has 3 fields, 6 at least are needed (is the file cut off?)"],
  ["a time in seconds", [`1746373020,${good}`], 'open time is "1746373020": it looks like seconds'],
  ["a time in microseconds", [`${START}000,${good}`], "it looks like microseconds, UTC milliseconds are needed"],
  ["a time in nanoseconds", [`${START}000000,${good}`], "it is no whole number"],
  ["a time of no known unit", [`12,${good}`], "it is no time between 2009 and 2100"],
  ["a time off the minute", [`${START + 1},${good}`], "is off the minute, whole minutes are needed"],
])("a candle with %s is named with file and line", (_, rows, what) => {
  const message = refusal([file("AUSDT-1m.csv", rows)]);
  expect(message).toMatch(/^AUSDT-1m.csv:2:\d+ Cannot import the candle: /);
  expect(message).toContain(what);
});

test("candles that are there twice or out of order are refused", () => {
  expect(refusal([file("A-1m.csv", [`${START},${good}`, `${START},${good}`])])).toContain("A-1m.csv:3:1 ");
  expect(refusal([file("B-1m.csv", [`${START},${good}`, `${START},${good}`])])).toContain("is there twice");
  expect(refusal([file("C-1m.csv", [`${START},${good}`, `${START - 60_000},${good}`])])).toContain(
    `comes after ${START}, times must increase`,
  );
});

test("the problems of all files are reported at once, five of each", () => {
  const bad = file(
    "A-1m.csv",
    Array.from({ length: 9 }, (_, row) => `${START + row * 60_000},0,0,0,0,0`),
  );
  const other = file("B-1m.csv", [`${START},x,2,1,2,5`]);
  const lines = refusal([bad, other]).split("\n");
  expect(lines.map((line) => line.split(" ")[0])).toEqual([
    ...["A-1m.csv:2:15", "A-1m.csv:3:15", "A-1m.csv:4:15", "A-1m.csv:5:15", "A-1m.csv:6:15", "B-1m.csv:2:15"],
  ]);
});

test("five-minute candles, another header, an empty file and a symbol twice are refused as such", () => {
  const five = file(
    "A-1m.csv",
    [0, 5, 15].map((minute) => `${START + minute * 60_000},${good}`),
  );
  expect(refusal([five])).toContain("their times are 5 minutes apart, one-minute candles are needed");
  expect(refusal([file("B-1m.csv", [], "open_time_ms,bid_open,bid_high")])).toContain(
    'the header begins "open_time_ms,bid_open,bid_high"',
  );
  expect(refusal([file("C-1m.csv", [])])).toContain("the file has none, one at least is needed");
  mkdirSync(join(base, "sub"));
  const twice = [file("D-1m.csv", [`${START},${good}`]), file("sub/D-1m.csv", [`${START},${good}`])];
  expect(refusal(twice)).toContain('sub/D-1m.csv Cannot import candles of "D": D-1m.csv has them too');
});

test("a torn gzip file is refused, a missing one is a mistake of the command", () => {
  const torn = join(base, "A-1m.csv.gz");
  writeFileSync(torn, gzipSync(`${HEADER}\n${START},${good}\n`).subarray(0, 40));
  expect(refusal([torn])).toContain("it does not unpack (unexpected end of file)");
  try {
    importToMemory({ candles: [join(base, "none.csv")] });
    expect.unreachable();
  } catch (error) {
    expect((error as UserError).exitCode).toBe(EXIT.usage);
    expect((error as UserError).message).toContain("there is no such file");
  }
});

test("a refused import leaves nothing behind", () => {
  const bad = file("A-1m.csv", [`${START},x,2,1,2,5`]);
  expect(() => importRecording({ candles: [bad], out: join(base, "deep", "out") })).toThrow(UserError);
  expect(readdirSync(base)).toEqual(["A-1m.csv"]);
});
