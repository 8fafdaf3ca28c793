import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { UserError } from "../../../src/diagnostics/user-error.ts";
import { readFundingFile } from "../../../src/recording/import/funding.ts";
import { importRecording } from "../../../src/recording/import/import-recording.ts";
import { importTrades } from "../../../src/recording/import/import-trades.ts";
import { readObjects } from "../../../src/recording/part-reader.ts";
import { openRecording, partsOf } from "../../../src/recording/reader.ts";
import type { SealedRecording } from "../../../src/recording/writer.ts";
import { putZip } from "./archive-files.ts";

let base: string;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "import-archive-"));
});

afterEach(() => {
  rmSync(base, { recursive: true, force: true });
});

function marketOf({ dir, manifest }: SealedRecording): Record<string, unknown>[] {
  return partsOf(manifest, "market").flatMap((part) => [...readObjects(dir, part)].map(({ record }) => record));
}

function message(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof UserError) return error.message.replaceAll(`${base}/`, "");
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("trades and aggTrades of the public archive", () => {
  const T = 1750507467356;
  // The rows are made up; columns and forms are those of the archive.
  const forms: readonly [string, string | null, string, object][] = [
    ["futures trades", "id,price,qty,quote_qty,time,is_buyer_maker", `7,2.0,5,10.0,${T},true`, { quote_qty: "10.0" }],
    [
      "futures aggTrades",
      "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker",
      `7,2.0,5,1,3,${T},true`,
      { first_trade_id: "1", transact_time: String(T) },
    ],
    ["spot trades", null, `7,2.0,5,10.0,${T}123,True,True`, { quote_qty: "10.0", is_best_match: "True" }],
    ["spot aggTrades", null, `7,2.0,5,1,3,${T}123,False,True`, { last_trade_id: "3", is_buyer_maker: "False" }],
  ];

  for (const [name, header, row, native] of forms) {
    test(`${name} in a zip, with and without a header, give the same trade`, () => {
      const plain = importTrades({
        files: [putZip(join(base, "LTCUSDT-1.zip"), "LTCUSDT.csv", `${row}\n`)],
        out: join(base, "plain"),
      });
      expect(marketOf(plain)).toEqual([
        { seq: 1, rx: T, s: "trade", sym: "LTCUSDT", p: "2.0", q: "5", x: expect.objectContaining(native) },
      ]);
      if (header === null) return;
      const headed = importTrades({
        files: [putZip(join(base, "LTCUSDT-2.zip"), "LTCUSDT.csv", `${header}\n${row}\n`)],
        out: join(base, "headed"),
      });
      expect(marketOf(headed)).toEqual(marketOf(plain));
    });
  }

  test("a new column of a later year is carried by its name", () => {
    const header = "agg_trade_id,price,quantity,nq,first_trade_id,last_trade_id,transact_time,is_buyer_maker";
    const file = putZip(join(base, "LTCUSDT-1.zip"), "a.csv", `${header}\n7,2.0,5,4,1,3,${T},true\n`);
    expect(marketOf(importTrades({ files: [file], out: join(base, "out") }))[0]!["x"]).toMatchObject({ nq: "4" });
  });

  test("the manifest says unit and mapper of each form", () => {
    const file = putZip(join(base, "LTCUSDT-1.zip"), "LTCUSDT-aggTrades.csv", `7,2.0,5,1,3,${T}123,False,True\n`);
    const { manifest } = importTrades({ files: [file], out: join(base, "out") });
    expect(manifest["mappers"]).toEqual([
      { source: "archive.aggTrades", mapper: "archive.aggTrades/2", unit: "us", records: 1 },
    ]);
    expect(manifest.notes[0]).toBe(
      "LTCUSDT-1.zip (LTCUSDT-aggTrades.csv): trades of LTCUSDT, times in us, no time received: taken as received at " +
        "exchange time",
    );
  });

  test("a clock going backwards is reported with its place, and the trades keep the order of their times", () => {
    const path = join(base, "LTCUSDT.csv");
    writeFileSync(path, `trade_id,time_ms,price,qty\n1,${T + 5},1,1\n2,${T},1,1\n`);
    const { dir } = importTrades({ files: [path], out: join(base, "out") });
    expect([...openRecording(dir).inputs()]).toMatchObject([
      { rxMs: T, stream: "finding", payload: { finding: "clock.stepped.back", backMs: 5, line: 3 } },
      { stream: "csv.trade" },
    ]);
  });

  test("errors have line and column of the field", () => {
    const path = join(base, "LTCUSDT.csv");
    writeFileSync(path, `trade_id,time_ms,price,qty\n1,${T},x,1\n`);
    expect(message(() => importTrades({ files: [path], out: join(base, "out") }))).toMatch(/^LTCUSDT\.csv:2:17 /);
  });
});

describe("klines of the public archive", () => {
  const T = 1735689600000;
  const HEADER =
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore";
  const row = (minute: number, per = 1, more = "100.5,3,2,3,0"): string =>
    `${(T + minute * 60_000) * per},1,2,1,2,5,${(T + (minute + 1) * 60_000) * per - 1},${more}`;

  test("a zip of spot klines in microseconds and one of futures in milliseconds give the same candles", () => {
    const spot = putZip(join(base, "AUSDT-1m-2025-01.zip"), "a.csv", `${row(0, 1_000)}\n${row(1, 1_000)}\n`);
    const futures = putZip(join(base, "BUSDT-1m-2025-01.zip"), "b.csv", `${HEADER}\n${row(0)}\n${row(1)}\n`);
    const sealed = importRecording({ candles: [spot, futures], out: join(base, "out") });
    const of = (symbol: string) =>
      marketOf(sealed).flatMap(({ sym, rx, p, q }) => (sym === symbol ? [[rx, p, q]] : []));
    expect(of("AUSDT")).toHaveLength(8);
    expect(of("AUSDT")).toEqual(of("BUSDT"));
    expect(sealed.manifest["mappers"]).toEqual([
      { source: "archive.klines", mapper: "archive.klines/2", unit: "ms", records: 2 },
      { source: "archive.klines", mapper: "archive.klines/2", unit: "us", records: 2 },
    ]);
    expect(marketOf(sealed)[6], "further columns are carried beside the close").toMatchObject({
      x: { quote_volume: "100.5", count: "3", taker_buy_volume: "2" },
    });
  });

  test("months of one symbol become one, and an overlap is refused with its time", () => {
    const first = putZip(join(base, "AUSDT-1m-2025-01.zip"), "a.csv", `${row(0)}\n${row(1)}\n`);
    const second = putZip(join(base, "AUSDT-1m-2025-02.zip"), "b.csv", `${row(2)}\n${row(4)}\n`);
    const { manifest } = importRecording({ candles: [second, first], out: join(base, "out") });
    expect(manifest.symbols).toMatchObject([{ symbol: "AUSDT", records: 16 }]);
    expect(manifest.gaps).toMatchObject([{ symbol: "AUSDT", missing: 1 }]);
    expect(manifest.inputs.map(({ file }) => file)).toEqual(["AUSDT-1m-2025-01.zip", "AUSDT-1m-2025-02.zip"]);
    const third = putZip(join(base, "AUSDT-1m-2025-03.zip"), "c.csv", `${row(1)}\n`);
    expect(message(() => importRecording({ candles: [first, third], out: join(base, "b") }))).toContain(
      "AUSDT-1m-2025-01.zip has them too from 2025-01-01T00:01:00.000Z, each minute once is needed",
    );
  });

  test.each([
    ["mixed units", `${row(0)}\n${row(1, 1_000)}\n`, "it looks like us, the file began in ms"],
    ["five-minute klines", `${T},1,2,1,2,5,${T + 299_999},1,1,1,1,0\n`, "is needed (one minute)"],
    ["microseconds off the minute", `${T}001,1,2,1,2,5,${T + 59_999}999,1,1,1,1,0\n`, "is off the minute"],
  ])("%s are refused", (_what, text, what) => {
    const file = putZip(join(base, "AUSDT-1m-2025-01.zip"), "a.csv", text);
    expect(message(() => importRecording({ candles: [file], out: join(base, "out") }))).toContain(what);
  });
});

test("funding of the public archive takes its symbol from the file name", () => {
  const text = "calc_time,funding_interval_hours,last_funding_rate\n1735689600003,8,0.00010000\n";
  const file = putZip(join(base, "BTCUSDT-fundingRate-2025-01.zip"), "a.csv", text);
  expect(readFundingFile(file).rates).toEqual([{ symbol: "BTCUSDT", tsMs: 1735689600003, rate: "0.00010000" }]);
});
