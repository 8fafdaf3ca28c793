import { describe, expect, test } from "vitest";
import { parseMoney } from "../../../src/engine/domain/money.ts";
import { addVolume } from "../../../src/venue/venue-market.ts";
import { ExchangeDriver, of } from "./exchange-driver.ts";

describe("market orders", () => {
  test("trade at the best quote of the other side and pay the taker fee", () => {
    const driver = new ExchangeDriver();
    driver.quote(0, 99_999.9, 100_000.1);
    const events = driver.order({ qtyLots: 100 });
    expect(events.map(({ type }) => type)).toEqual(["exchange.order-accepted", "exchange.order-filled"]);
    // 0.1 * 100,000.1 = 10,000.01; 0.05 % of it is 5.000005.
    expect(of(events, "exchange.order-filled")[0]).toMatchObject({
      priceTicks: 1_000_001,
      qtyLots: 100,
      cumulativeQtyLots: 100,
      isOrderComplete: true,
      isMaker: false,
      feeQuote: parseMoney("5.000005"),
      realizedPnlQuote: 0n,
    });
    const [sold] = of(driver.order({ side: "SELL", qtyLots: 40 }), "exchange.order-filled");
    // 0.04 * (99,999.9 - 100,000.1) = -0.008
    expect(sold).toMatchObject({ priceTicks: 999_999, realizedPnlQuote: parseMoney("-0.008") });
    expect(driver.qtyLots()).toBe(60);
  });

  test("without quotes trade half a spread from the mark, rounded to the tick against the taker", () => {
    const driver = new ExchangeDriver({ fidelity: "mark", fill: { halfSpreadBps: 1, slippageBps: 0, impactBps: 0 } });
    driver.mark(0, 95_467.7);
    // 95,467.7 +- 9.54677 is 95,477.24677 and 95,458.15323: up to 95,477.3, down to 95,458.1.
    expect(of(driver.order({ side: "BUY" }), "exchange.order-filled")[0]!.priceTicks).toBe(954_773);
    expect(of(driver.order({ side: "SELL" }), "exchange.order-filled")[0]!.priceTicks).toBe(954_581);
  });

  test("lose slippage, and impact in proportion to the last whole minute's volume", () => {
    const driver = new ExchangeDriver({ fill: { halfSpreadBps: 0, slippageBps: 5, impactBps: 100 } });
    driver.quote(0, 100_000, 100_000);
    addVolume(driver.market, 0, 60_000, 1);
    addVolume(driver.market, 0, 90_000, 1);
    addVolume(driver.market, 0, 120_000, 50);
    // 0.1 BTC of 2 BTC is a twentieth: 5 + 100 / 20 = 10 bps of 100,000 is 100.
    expect(of(driver.order({ qtyLots: 100 }, 121_000), "exchange.order-filled")[0]!.priceTicks).toBe(1_001_000);
    expect(of(driver.order({ side: "SELL", qtyLots: 100 }, 121_000), "exchange.order-filled")[0]!.priceTicks).toBe(
      999_000,
    );
  });

  test("bear the whole impact where no volume is known, and end where the venue would go no further", () => {
    const driver = new ExchangeDriver({ fill: { halfSpreadBps: 0, slippageBps: 0, impactBps: 100 } });
    driver.quote(0, 100_000, 100_000);
    expect(of(driver.order({ qtyLots: 100 }), "exchange.order-filled")[0]!.priceTicks).toBe(1_010_000);
    addVolume(driver.market, 0, 0, 1e-9);
    const [ended] = of(driver.order({ side: "SELL", qtyLots: 100 }), "exchange.order-ended");
    expect(ended).toMatchObject({ status: "EXPIRED", reason: "nobody offers within the venue's bound" });
  });

  test("expire when the market has no price yet", () => {
    const driver = new ExchangeDriver();
    const [ended] = of(driver.order({}), "exchange.order-ended");
    expect(ended).toMatchObject({ status: "EXPIRED", cumulativeQtyLots: 0, reason: "the market has no price yet" });
    expect(driver.exchange.account.reconcile()).toBeNull();
  });
});

describe("limit orders", () => {
  test("take at once when the taker's price is within the limit, at the better price", () => {
    const driver = new ExchangeDriver();
    driver.quote(0, 99_990, 100_000);
    const [fill] = of(driver.order({ limitPriceTicks: 1_000_500 }), "exchange.order-filled");
    expect(fill).toMatchObject({ priceTicks: 1_000_000, isMaker: false });
  });

  test("IOC expires whole when slippage takes the price beyond the limit", () => {
    const driver = new ExchangeDriver({ fill: { halfSpreadBps: 0, slippageBps: 10, impactBps: 0 } });
    driver.quote(0, 99_990, 100_000);
    const events = driver.order({ limitPriceTicks: 1_000_500, timeInForce: "IOC" });
    expect(of(events, "exchange.order-ended")[0]).toMatchObject({ status: "EXPIRED", cumulativeQtyLots: 0 });
    expect(driver.qtyLots()).toBe(0);
    expect(driver.exchange.watched[0]).toBe(0);
  });

  test("rest until the market trades through: touch is not enough, and the fill pays the maker fee at the limit", () => {
    const driver = new ExchangeDriver({ isLiquidationEnabled: false });
    driver.quote(0, 99_990, 100_000);
    driver.order({ limitPriceTicks: 999_500 });
    expect(driver.exchange.watched[0]).toBe(1);
    driver.quote(0, 99_940, 99_950, 10);
    driver.trade(0, 99_950, 11);
    expect(driver.runTo(11)).toEqual([]);
    driver.quote(0, 99_930, 99_949.9, 12);
    const [fill] = of(driver.runTo(12), "exchange.order-filled");
    // 0.1 * 99,950 = 9995; 0.02 % of it is 1.999.
    expect(fill).toMatchObject({ priceTicks: 999_500, isMaker: true, feeQuote: parseMoney("1.999"), exchangeTsMs: 12 });
    expect(driver.exchange.watched[0]).toBe(0);
    expect(driver.watches).toEqual([
      [0, true],
      [0, false],
    ]);
  });

  test("fill best price first, then first come, buys and sells by their own side of the quote", () => {
    const driver = new ExchangeDriver();
    driver.quote(0, 99_990, 100_000);
    driver.order({ clientOrderId: "low", limitPriceTicks: 990_000, qtyLots: 2 });
    driver.order({ clientOrderId: "high", limitPriceTicks: 995_000, qtyLots: 2 });
    driver.order({ clientOrderId: "high later", limitPriceTicks: 995_000, qtyLots: 2 });
    driver.order({ clientOrderId: "sell", side: "SELL", limitPriceTicks: 1_010_000, qtyLots: 2 });
    driver.quote(0, 98_000, 98_000.1, 1);
    expect(of(driver.runTo(1), "exchange.order-filled").map((fill) => fill.clientOrderId)).toEqual([
      "high",
      "high later",
      "low",
    ]);
    driver.quote(0, 101_000.1, 101_000.2, 2);
    expect(of(driver.runTo(2), "exchange.order-filled").map((fill) => fill.clientOrderId)).toEqual(["sell"]);
    expect(driver.exchange.account.orderMarginQuote).toBe(0n);
  });

  test("mark prices fill nothing where the recording shows a book, and do where it shows nothing else", () => {
    const filledAt = (fidelity: "book" | "candles"): number => {
      const driver = new ExchangeDriver({ fidelity });
      driver.mark(0, 100_000);
      driver.order({ limitPriceTicks: 999_000 });
      driver.mark(0, 99_800, 1);
      return of(driver.runTo(1), "exchange.order-filled").length;
    };
    expect(filledAt("book")).toBe(0);
    expect(filledAt("candles")).toBe(1);
  });

  test("an order of last instant meets the price of that instant, not one from before its latency", () => {
    const driver = new ExchangeDriver({
      latency: {
        order: { medianMs: 80, sigma: 0 },
        answer: { medianMs: 40, sigma: 0 },
        snapshot: { medianMs: 0, sigma: 0 },
      },
    });
    driver.quote(0, 99_990, 100_000);
    driver.submit({}, 1000);
    driver.runTo(1079);
    driver.quote(0, 100_090, 100_100, 1080);
    const [fill] = of(driver.runTo(1120), "exchange.order-filled");
    expect(fill).toMatchObject({ priceTicks: 1_001_000, exchangeTsMs: 1080 });
    expect(driver.delivered.map(({ tsMs }) => tsMs)).toEqual([1120, 1120]);
  });
});

describe("reduce-only orders", () => {
  test("stop at a flat position and expire with what is left", () => {
    const driver = new ExchangeDriver();
    driver.quote(0, 99_990, 100_000);
    driver.order({ qtyLots: 30 });
    const events = driver.order({ side: "SELL", qtyLots: 50, isReduceOnly: true });
    expect(of(events, "exchange.order-filled")[0]).toMatchObject({ qtyLots: 30, isOrderComplete: false });
    expect(of(events, "exchange.order-ended")[0]).toMatchObject({ status: "EXPIRED", cumulativeQtyLots: 30 });
    expect(driver.qtyLots()).toBe(0);
  });

  test("leave the book when the position they would reduce is gone", () => {
    const driver = new ExchangeDriver();
    driver.quote(0, 99_990, 100_000);
    driver.order({ qtyLots: 30 });
    driver.order({
      clientOrderId: "take profit",
      side: "SELL",
      qtyLots: 30,
      limitPriceTicks: 1_100_000,
      isReduceOnly: true,
    });
    const [ended] = of(driver.order({ side: "SELL", qtyLots: 30 }), "exchange.order-ended");
    expect(ended).toMatchObject({ clientOrderId: "take profit", status: "EXPIRED", cumulativeQtyLots: 0 });
    expect(driver.exchange.watched[0]).toBe(0);
  });
});

describe("another writer on the account", () => {
  test("changes position and wallet without a word to the engine; the next snapshot tells", () => {
    const driver = new ExchangeDriver();
    driver.quote(0, 99_990, 100_000);
    driver.order({ qtyLots: 100 });
    const told = driver.delivered.length;
    driver.exchange.applyExternalFill({ symbol: "BTCUSDT", side: "SELL", qtyLots: 130, price: 100_000, tsMs: 5 });
    driver.runTo(10);
    expect(driver.delivered).toHaveLength(told);
    driver.snapshot({}, 10);
    const [snapshot] = of(driver.runTo(10), "exchange.snapshot-received");
    expect(snapshot!.positions).toEqual([{ symbol: "BTCUSDT", qtyLots: -30, entryPrice: 100_000, markPrice: 99_995 }]);
    // Both trades at 100,000: nothing realized, fees 5 and 6.5.
    expect(snapshot!.walletQuote).toBe(parseMoney("9988.5"));
    expect(driver.exchange.account.reconcile()).toBeNull();
  });

  test("trades at the market when no price is given, and not before there is one", () => {
    const driver = new ExchangeDriver();
    const fill = { symbol: "BTCUSDT", side: "BUY", qtyLots: 10, price: null, tsMs: 0 } as const;
    expect(driver.exchange.applyExternalFill(fill)).toBe(false);
    driver.quote(0, 99_990, 100_000);
    expect(driver.exchange.applyExternalFill(fill)).toBe(true);
    expect(driver.exchange.account.position(0).entryCostQuote).toBe(parseMoney("1000"));
  });

  test("cannot trade what the venue does not list", () => {
    const driver = new ExchangeDriver();
    const fill = { symbol: "WAVESUSDT", side: "BUY", qtyLots: 10, price: 1, tsMs: 0 } as const;
    expect(() => driver.exchange.applyExternalFill(fill)).toThrow(
      'Cannot apply an external trade of "WAVESUSDT": the venue does not list it, a listed symbol is needed',
    );
  });
});

describe("order queries", () => {
  test("tell the newest order of an id, and nothing of a refused or unknown one", () => {
    const driver = new ExchangeDriver();
    driver.quote(0, 99_990, 100_000);
    driver.order({ clientOrderId: "resting", limitPriceTicks: 900_000 });
    driver.order({ clientOrderId: "filled", qtyLots: 7 });
    driver.order({ clientOrderId: "refused", qtyLots: 0 });
    const statusOf = (clientOrderId: string, tsMs: number): readonly [string, number] => {
      driver.exchange.query({ type: "order.query-requested", clientOrderId, attempt: 1 }, tsMs);
      const [answer] = of(driver.runTo(tsMs), "exchange.order-queried");
      return [answer!.status, answer!.executedQtyLots];
    };
    expect(statusOf("resting", 1)).toEqual(["NEW", 0]);
    expect(statusOf("filled", 2)).toEqual(["FILLED", 7]);
    expect(statusOf("refused", 3)).toEqual(["NOT_FOUND", 0]);
    expect(statusOf("never sent", 4)).toEqual(["NOT_FOUND", 0]);
    expect(driver.exchange.requests).toEqual({ orders: 3, queries: 4, snapshots: 0 });
  });

  test("forget an unfilled order after three days and a filled one later", () => {
    const driver = new ExchangeDriver();
    driver.quote(0, 99_990, 100_000);
    driver.order({ clientOrderId: "unfilled", limitPriceTicks: 900_000, timeInForce: "IOC" });
    driver.order({ clientOrderId: "filled", qtyLots: 7 });
    const tsMs = 3 * 86_400_000 + 1;
    for (const clientOrderId of ["unfilled", "filled"]) {
      driver.exchange.query({ type: "order.query-requested", clientOrderId, attempt: 1 }, tsMs);
    }
    expect(of(driver.runTo(tsMs), "exchange.order-queried").map(({ status }) => status)).toEqual([
      "NOT_FOUND",
      "FILLED",
    ]);
  });

  test("keep no more ended orders than they are told to, give or take a fifth", () => {
    const driver = new ExchangeDriver({ historyMax: 5 });
    driver.quote(0, 99_990, 100_000);
    const ids = Array.from({ length: 12 }, (_, index) => `o${index}`);
    for (const clientOrderId of ids) driver.order({ clientOrderId, qtyLots: 2 });
    for (const clientOrderId of ids)
      driver.exchange.query({ type: "order.query-requested", clientOrderId, attempt: 1 }, 1);
    const known = of(driver.runTo(1), "exchange.order-queried").filter(({ status }) => status === "FILLED");
    expect(known.length).toBeGreaterThanOrEqual(5);
    expect(known.length).toBeLessThanOrEqual(6);
    expect(known.at(-1)!.clientOrderId).toBe("o11");
  });
});
