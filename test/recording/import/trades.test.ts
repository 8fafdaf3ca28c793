import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { EXIT, UserError } from "../../../src/diagnostics/user-error.ts";
import { importTrades } from "../../../src/recording/import/import-trades.ts";
import { symbolOfTradesFile } from "../../../src/recording/import/trade-columns.ts";
import { readObjects } from "../../../src/recording/part-reader.ts";
import { openRecording, partsOf } from "../../../src/recording/reader.ts";
import { hasShared, sharedPath } from "../../shared-data.ts";

let base: string;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "import-trades-"));
});

afterEach(() => {
  rmSync(base, { recursive: true, force: true });
});

const T = 1750507467356;
const HEADER = "trade_id,time_ms,price,qty,taker_side";

function put(lines: readonly string[], name = "spot_trades_LTCUSDT_2025-06-21.csv"): string {
  const path = join(base, name);
  const text = `${lines.join("\n")}\n`;
  writeFileSync(path, name.endsWith(".gz") ? gzipSync(text) : text);
  return path;
}

function imported(files: string[], symbol?: string) {
  const { dir, manifest } = importTrades({
    files,
    out: join(base, "out"),
    id: "t",
    ...(symbol === undefined ? {} : { symbol }),
  });
  const recording = openRecording(dir);
  const rows = partsOf(manifest, "market").flatMap((part) => [...readObjects(dir, part)].map(({ record }) => record));
  return { manifest, recording, rows, inputs: [...recording.inputs()] };
}

function refused(files: string[]): UserError {
  try {
    imported(files);
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error("the import was not refused");
}

test("trades become prices as they are written, further columns beside them", () => {
  const { rows, recording, manifest } = imported([put([HEADER, `7,${T},83.290,0.107,buy`, `8,${T + 1},8e-7,1,sell`])]);
  expect(rows).toEqual([
    {
      seq: 1,
      rx: T,
      s: "trade",
      sym: "LTCUSDT",
      p: "83.290",
      q: "0.107",
      x: { trade_id: "7", time_ms: String(T), taker_side: "buy" },
    },
    expect.objectContaining({ seq: 2, rx: T + 1, p: "0.0000008" }),
  ]);
  expect(recording.fidelity).toBe("trades");
  expect(manifest.notes).toEqual([
    "spot_trades_LTCUSDT_2025-06-21.csv: trades of LTCUSDT, times in ms, no time received: taken as received at exchange time",
  ]);
});

test("the public archive's aggTrades in microseconds come at the same milliseconds, in their order", () => {
  const header = "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker";
  const lines = [header, `1,2.0,5,1,3,${T}000,true`, `2,2.1,6,4,4,${T}999,false`, `3,2.2,7,5,5,${T + 1}000,false`];
  const { rows, manifest } = imported([put(lines, "LTCUSDT-aggTrades-2025-06-21.csv.gz")]);
  expect(rows.map(({ rx, p, q }) => [rx, p, q])).toEqual([
    [T, "2.0", "5"],
    [T, "2.1", "6"],
    [T + 1, "2.2", "7"],
  ]);
  expect(rows[1]!["x"]).toMatchObject({ first_trade_id: "4", transact_time: `${T}999`, is_buyer_maker: "false" });
  expect(manifest.notes[0]).toContain("times in us");
});

test("a file that changes its unit of time in mid-way is refused", () => {
  const { problems } = refused([put([HEADER, `7,${T},1,1,buy`, `8,${T}000,1,1,buy`])]);
  expect(problems.map(({ line, text }) => [line, text])).toEqual([
    [3, `Cannot import the trade: time is "${T}000": it looks like us, the file began in ms`],
  ]);
});

test("files of two symbols are merged by time, and a hole is a gap record before the trade that ends it", () => {
  const first = put([HEADER, `7,${T},1,1,buy`, `10,${T + 2},1,1,buy`]);
  const second = put([HEADER, `3,${T + 1},2,1,buy`, `4,${T + 2},2,1,buy`], "spot_trades_ADAUSDT.csv");
  const { rows, inputs, recording, manifest } = imported([first, second]);
  expect(recording.symbols).toEqual(["ADAUSDT", "LTCUSDT"]);
  expect(rows.map(({ seq, sym }) => [seq, sym])).toEqual([
    [1, "LTCUSDT"],
    [2, "ADAUSDT"],
    [4, "LTCUSDT"],
    [5, "ADAUSDT"],
  ]);
  expect(inputs).toMatchObject([{ seq: 3, stream: "gap", payload: { sym: "LTCUSDT", startTsMs: T, missing: 2 } }]);
  expect(manifest.gaps).toMatchObject([{ symbol: "LTCUSDT", gaps: 1, missing: 2 }]);
});

test("the same file twice gives each trade once, and carries the others", () => {
  const file = put([HEADER, `7,${T},1,1,buy`, `8,${T},1,1,buy`]);
  const { rows, inputs, manifest } = imported([file, file]);
  expect(rows).toHaveLength(2);
  expect(inputs.map(({ stream, payload }) => [stream, (payload["row"] as { trade_id: string }).trade_id])).toEqual([
    ["csv.trade", "7"],
    ["csv.trade", "8"],
  ]);
  expect(manifest.notes).toContain("trades with an id not above the last, carried but no price: 2");
});

test("the symbol is the one part of the file name that can be one", () => {
  expect(symbolOfTradesFile("a/LTCUSDT-aggTrades-2025-06-21.csv")).toBe("LTCUSDT");
  expect(symbolOfTradesFile("usdm_trades_1000PEPEUSDT_2025.csv.gz")).toBe("1000PEPEUSDT");
  expect(symbolOfTradesFile("牛来USDT-trades.csv")).toBe("牛来USDT");
  expect(symbolOfTradesFile("trades.csv")).toBeNull();
  expect(symbolOfTradesFile("LTCUSDT-ADAUSDT.csv")).toBeNull();
});

test("a file whose name tells no symbol needs one, and takes the one that is given", () => {
  const file = put([HEADER, `7,${T},1,1,buy`], "trades.csv");
  expect(refused([file]).problems[0]!.hint).toBe('add "--symbol BTCUSDT", or whichever it is');
  expect(imported([file], "XUSDT").recording.symbols).toEqual(["XUSDT"]);
});

test.each([
  ["no header", [`7,${T},1,1,buy`], 1, 'a column "trade_id" or "id" or "agg_trade_id" is needed'],
  ["a column that is there twice", [`${HEADER},qty`, `7,${T},1,1,buy,1`], 1, "a name of its own for each column"],
  ["a cut line", [HEADER, `7,${T},1,1,buy`, `8,${T},1`], 3, "the line has 3 fields, the header has 5"],
  ["a price that is none", [HEADER, `7,${T},nan,1,buy`], 2, 'price is "nan"'],
  ["a negative quantity", [HEADER, `7,${T},1,-1,buy`], 2, 'quantity is "-1"'],
  ["a time in seconds", [HEADER, "7,1750507467,1,1,buy"], 2, "it looks like seconds"],
  ["an id that is none", [HEADER, `x,${T},1,1,buy`], 2, 'the trade id is "x"'],
])("%s is an error with its line", (_what, lines, line, text) => {
  const { problems, exitCode } = refused([put(lines)]);
  expect(exitCode).toBe(EXIT.recordingUnusable);
  expect(problems).toEqual([expect.objectContaining({ line, text: expect.stringContaining(text) })]);
});

describe.skipIf(!hasShared)("real trades", () => {
  test("LTC of 2025-06-21: 53,325 trades, and the recorder's 16 holes as gaps of 168 trades", () => {
    const { rows, recording, manifest, inputs } = imported([
      sharedPath("data/ticks/spot_trades_LTCUSDT_2025-06-21.csv.gz"),
    ]);
    expect(rows).toHaveLength(53_325);
    expect(recording.marketEventCount).toBe(53_325);
    expect(inputs.filter(({ stream }) => stream === "gap")).toHaveLength(16);
    expect(manifest.gaps).toMatchObject([{ symbol: "LTCUSDT", gaps: 16, missing: 168 }]);
    expect(rows.at(-1)).toMatchObject({ p: "80.23", q: "0.219", rx: 1750550398932 });
  });

  test("TRX of 2025-03-04: 9,999 prices, the row of price 0 is carried, times received are kept", () => {
    const { rows, inputs, manifest } = imported([sharedPath("data/ticks/usdm_trades_TRXUSDT_2025-03-04.csv.gz")]);
    expect(rows).toHaveLength(9_999);
    expect(rows[0]).toMatchObject({ rx: 1741046404352, ts: 1741046404349, p: "0.23103", q: "243.0" });
    expect(
      inputs.map(({ stream, payload }) => [stream, (payload["row"] as Record<string, string>)["trade_id"]]),
    ).toEqual([["csv.trade", "548331095"]]);
    expect(manifest.gaps).toEqual([]);
    expect(manifest.notes).toContain('no price, carried as it came: order type "": 1');
  });
});
