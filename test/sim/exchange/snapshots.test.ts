import { describe, expect, test } from "vitest";
import { ExchangeDriver, NONE, of } from "./exchange-driver.ts";

const LATENCY = { order: NONE, answer: NONE, snapshot: { medianMs: 100, sigma: 0 } };

function driverOf(): ExchangeDriver {
  return new ExchangeDriver({
    latency: LATENCY,
    initialPositions: [
      { symbol: "ETHUSDT", qtyLots: -20, entryPrice: 4000.125 },
      { symbol: "BTCUSDT", qtyLots: 5, entryPrice: 90_000 },
    ],
  });
}

describe("one call for all", () => {
  test("reports every open position by index, as it was half the latency before the answer", () => {
    const driver = driverOf();
    driver.quote(0, 99_990, 100_010);
    driver.snapshot({ method: "one-call-for-all" }, 1000);
    driver.runTo(1049);
    driver.exchange.applyExternalFill({ symbol: "BTCUSDT", side: "BUY", qtyLots: 5, price: 100_000, tsMs: 1049 });
    driver.runTo(1050);
    driver.exchange.applyExternalFill({ symbol: "BTCUSDT", side: "BUY", qtyLots: 5, price: 100_000, tsMs: 1051 });
    const [snapshot] = of(driver.runTo(1100), "exchange.snapshot-received");
    expect(driver.delivered[0]!.tsMs).toBe(1100);
    expect(snapshot).toMatchObject({ requestId: "s1", status: "ok", asOfTsMs: 1050, symbols: [], isFinal: true });
    expect(snapshot!.positions).toEqual([
      { symbol: "BTCUSDT", qtyLots: 10, entryPrice: 95_000, markPrice: 100_000 },
      { symbol: "ETHUSDT", qtyLots: -20, entryPrice: 4000.125, markPrice: 4000.125 },
    ]);
    expect(driver.exchange.requests.snapshots).toBe(1);
  });
});

describe("per symbol", () => {
  test("calls go one after the other, each answered on its own, true for its own moment, flat symbols included", () => {
    const driver = driverOf();
    driver.exchange.applyExternalFill({ symbol: "ETHUSDT", side: "BUY", qtyLots: 20, price: 4000, tsMs: 0 });
    driver.snapshot({ method: "per-symbol", symbols: ["BTCUSDT", "ETHUSDT", "BTCUSDT"] }, 0);
    driver.runTo(100);
    driver.exchange.applyExternalFill({ symbol: "BTCUSDT", side: "SELL", qtyLots: 5, price: 100_000, tsMs: 100 });
    driver.runTo(10_000);
    const answers = driver.delivered.map(({ tsMs, event }) => {
      const [snapshot] = of([event], "exchange.snapshot-received");
      const [position] = snapshot!.positions;
      return [tsMs, snapshot!.asOfTsMs, snapshot!.symbols.join(), position!.qtyLots, snapshot!.isFinal];
    });
    expect(answers).toEqual([
      [100, 50, "BTCUSDT", 5, false],
      [200, 150, "ETHUSDT", 0, false],
      [300, 250, "BTCUSDT", 0, true],
    ]);
    expect(driver.exchange.requests.snapshots).toBe(3);
  });

  test("a symbol the venue does not list costs its call and is not reported", () => {
    const driver = driverOf();
    driver.snapshot({ method: "per-symbol", symbols: ["WAVESUSDT", "BTCUSDT", "NOSUCHUSDT"] }, 0);
    const answers = of(driver.runTo(300), "exchange.snapshot-received");
    expect(answers.map(({ status, symbols, isFinal }) => [status, symbols.join(), isFinal])).toEqual([
      ["ok", "WAVESUSDT", false],
      ["ok", "BTCUSDT", false],
      ["ok", "NOSUCHUSDT", true],
    ]);
    expect(answers.flatMap(({ positions }) => positions.map(({ symbol }) => symbol))).toEqual(["BTCUSDT"]);
    expect(driver.exchange.requests.snapshots).toBe(3);
  });

  test("a request for no symbol fails at once and without a call, because an empty answer would read as all flat", () => {
    const driver = driverOf();
    driver.snapshot({ method: "per-symbol", symbols: [] }, 0);
    const [answer] = of(driver.runTo(0), "exchange.snapshot-received");
    expect(answer).toMatchObject({ status: "failed", isFinal: true, error: "no symbol was asked for" });
    expect(driver.exchange.requests.snapshots).toBe(0);
  });
});

test("positions that were open before the run must be on the venue", () => {
  const positions = [{ symbol: "WAVESUSDT", qtyLots: 5, entryPrice: 2 }];
  expect(() => new ExchangeDriver({ initialPositions: positions })).toThrow(
    'Cannot open the initial position of "WAVESUSDT": the venue does not list it',
  );
});
