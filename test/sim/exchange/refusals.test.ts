import { describe, expect, test } from "vitest";
import type { OrderSubmitted } from "../../../src/engine/domain/decision.ts";
import type { EngineEvent } from "../../../src/engine/domain/event.ts";
import { parseMoney } from "../../../src/engine/domain/money.ts";
import type { SimulatedExchangeOptions } from "../../../src/sim/exchange/exchange-options.ts";
import { ExchangeDriver, of } from "./exchange-driver.ts";

/** A market at 100,000 with a resting buy "resting" far below it. */
function driverOf(options: Partial<SimulatedExchangeOptions> = {}): ExchangeDriver {
  const driver = new ExchangeDriver(options);
  driver.quote(0, 99_999.9, 100_000.1);
  driver.quote(1, 3999.99, 4000.01);
  driver.order({ clientOrderId: "resting", qtyLots: 2, limitPriceTicks: 900_000 });
  return driver;
}

function refusalOf(events: readonly EngineEvent[]): string {
  const rejected = of(events, "exchange.order-rejected");
  expect(events).toHaveLength(1);
  return `${rejected[0]!.code} ${rejected[0]!.text}`;
}

interface Case {
  readonly name: string;
  readonly order: Partial<OrderSubmitted>;
  readonly says: string;
  readonly options?: Partial<SimulatedExchangeOptions>;
}

/** In order of precedence: orders are wrong in a later way too, where that shows which refusal comes first. */
const CASES: readonly Case[] = [
  {
    name: "a symbol the venue does not list",
    order: { symbol: "WAVESUSDT", qtyLots: -1, clientOrderId: "resting" },
    says: "-1121 Invalid symbol.",
  },
  {
    name: "a symbol the exchange has never heard of",
    order: { symbol: "NOSUCHUSDT", qtyLots: -1 },
    says: "-1121 Invalid symbol.",
  },
  {
    name: "a symbol the scenario takes off the venue",
    options: { symbolsMissing: ["ETHUSDT"] },
    order: { symbol: "ETHUSDT" },
    says: "-1121 Invalid symbol.",
  },
  {
    name: "a closed symbol, reduce-only or not",
    options: { suspended: new Map([["ETHUSDT", "closed"]]) },
    order: { symbol: "ETHUSDT", qtyLots: -1, isReduceOnly: true },
    says: "-4141 Symbol is closed.",
  },
  {
    name: "an opening order where only reducing is allowed",
    options: { suspended: new Map([["ETHUSDT", "reduce-only"]]) },
    order: { symbol: "ETHUSDT", qtyLots: -1 },
    says: "-4140 Invalid symbol status for opening position.",
  },
  {
    name: "LIMIT without a time in force",
    order: { orderType: "LIMIT", timeInForce: null, qtyLots: -1 },
    says: "-1102 Mandatory parameter 'timeInForce' was not sent, was empty/null, or malformed.",
  },
  {
    name: "LIMIT without a price",
    order: { orderType: "LIMIT", timeInForce: "GTC", limitPriceTicks: null, qtyLots: -1 },
    says: "-1102 Mandatory parameter 'price' was not sent, was empty/null, or malformed.",
  },
  {
    name: "MARKET with a time in force",
    order: { orderType: "MARKET", timeInForce: "IOC", qtyLots: -1 },
    says: "-1106 Parameter 'timeInForce' sent when not required.",
  },
  {
    name: "MARKET with a price",
    order: { orderType: "MARKET", timeInForce: null, limitPriceTicks: 5, qtyLots: -1 },
    says: "-1106 Parameter 'price' sent when not required.",
  },
  {
    name: "a quantity of zero",
    order: { qtyLots: 0, limitPriceTicks: 0.5 },
    says: "-4003 Quantity less than or equal to zero.",
  },
  {
    name: "a negative quantity",
    order: { qtyLots: -2, limitPriceTicks: 0.5 },
    says: "-4003 Quantity less than or equal to zero.",
  },
  {
    name: "a quantity that is no number",
    order: { qtyLots: Number.NaN },
    says: "-4003 Quantity less than or equal to zero.",
  },
  {
    name: "more decimals than the step has: 0.0005 BTC",
    order: { qtyLots: 0.5, limitPriceTicks: 0.5 },
    says: "-1111 Precision is over the maximum defined for this asset.",
  },
  {
    name: "less than the smallest quantity: 0.001 BTC of 0.002",
    order: { qtyLots: 1, limitPriceTicks: 0.5 },
    says: "-4004 Quantity less than min quantity.",
  },
  {
    name: "more than the largest quantity",
    order: { qtyLots: 120_001, limitPriceTicks: 0.5 },
    says: "-4005 Quantity greater than max quantity.",
  },
  {
    name: "a quantity between two steps: 0.051 ETH in steps of 0.005",
    order: { symbol: "ETHUSDT", qtyLots: 10.2, limitPriceTicks: 0.5 },
    says: "-4023 Quantity not increased by step size.",
  },
  {
    name: "a price of zero",
    order: { limitPriceTicks: 0 },
    says: "-4001 Price less than 0.",
  },
  {
    name: "more decimals than the tick has: 0.001 in ticks of 0.10",
    order: { limitPriceTicks: 0.01 },
    says: "-1111 Precision is over the maximum defined for this asset.",
  },
  {
    name: "a price between two ticks: 0.05 in ticks of 0.10",
    order: { limitPriceTicks: 0.5 },
    says: "-4014 Price not increased by tick size.",
  },
  {
    name: "a limit order below the smallest notional: 0.002 at 49,999.9",
    order: { qtyLots: 2, limitPriceTicks: 499_999, clientOrderId: "resting" },
    says: "-4164 Order's notional must be no smaller than 100 (unless you choose reduce only).",
  },
  {
    name: "a market order below the smallest notional at the mark: 0.020 ETH at 4000",
    order: { symbol: "ETHUSDT", qtyLots: 4, clientOrderId: "resting" },
    says: "-4164 Order's notional must be no smaller than 100 (unless you choose reduce only).",
  },
  {
    name: "the id of an open order",
    order: { clientOrderId: "resting", isReduceOnly: true },
    says: "-4116 ClientOrderId is duplicated.",
  },
  {
    name: "reduce-only without a position",
    order: { isReduceOnly: true },
    says: "-2022 ReduceOnly Order is rejected.",
  },
  {
    name: "more margin than there is: 3 BTC at 20x are 15,000",
    order: { qtyLots: 3000 },
    says: "-2019 Margin is insufficient.",
  },
];

describe("the exchange refuses", () => {
  test.each(CASES)("$name", ({ order, says, options }) => {
    const driver = driverOf(options);
    expect(refusalOf(driver.order(order))).toBe(says);
    expect(driver.qtyLots()).toBe(0);
    expect(driver.exchange.account.walletQuote).toBe(parseMoney("10000"));
  });

  test("reduce-only on the side of the position", () => {
    const driver = driverOf();
    driver.order({ side: "BUY", qtyLots: 10 });
    expect(refusalOf(driver.order({ side: "BUY", qtyLots: 10, isReduceOnly: true }))).toMatch(/^-2022/);
  });

  test("the two hundred and first open order", () => {
    const driver = driverOf({ walletQuote: parseMoney("1000000") });
    for (let count = 1; count < 200; count++) driver.order({ qtyLots: 2, limitPriceTicks: 800_000 });
    expect(refusalOf(driver.order({ qtyLots: 2, limitPriceTicks: 800_000 }))).toBe("-2025 Reach max open order limit.");
  });

  test("what positions and resting orders have left no margin for", () => {
    // 1.9 BTC need 9500.0095 of 10,000 (less a fee of 95 once filled); then 0.1 BTC more would need 500.
    const driver = driverOf();
    expect(of(driver.order({ qtyLots: 1900 }), "exchange.order-filled")).toHaveLength(1);
    expect(refusalOf(driver.order({ qtyLots: 100 }))).toMatch(/^-2019/);
    // Selling 3 BTC closes 1.9 for nothing and opens 1.1 only, but the position's margin is still held meanwhile.
    expect(refusalOf(driver.order({ side: "SELL", qtyLots: 3000 }))).toMatch(/^-2019/);
    expect(of(driver.order({ side: "SELL", qtyLots: 1900 }), "exchange.order-filled")).toHaveLength(1);
  });
});

describe("the exchange takes", () => {
  test("a reduce-only order below the smallest notional", () => {
    const driver = driverOf();
    driver.order({ qtyLots: 3 });
    const events = driver.order({ side: "SELL", qtyLots: 2, limitPriceTicks: 1_100_000, isReduceOnly: true });
    expect(events.map(({ type }) => type)).toEqual(["exchange.order-accepted"]);
    driver.order({ qtyLots: 2, limitPriceTicks: 500_000, clientOrderId: "exactly 100 of notional" });
    expect(driver.delivered.at(-1)!.event.type).toBe("exchange.order-accepted");
  });

  test("a client order id again once its order has ended: ids are unique among open orders", () => {
    const driver = driverOf();
    const once = of(driver.order({ clientOrderId: "again", qtyLots: 2 }), "exchange.order-filled");
    const twice = of(driver.order({ clientOrderId: "again", qtyLots: 2 }), "exchange.order-filled");
    expect([once.length, twice.length]).toEqual([1, 1]);
    expect(once[0]!.orderId).not.toBe(twice[0]!.orderId);
  });

  test("a closing order on a symbol that only allows reducing", () => {
    const driver = driverOf({
      suspended: new Map([["BTCUSDT", "reduce-only"]]),
      initialPositions: [{ symbol: "BTCUSDT", qtyLots: 5, entryPrice: 90_000 }],
    });
    expect(of(driver.order({ side: "SELL", qtyLots: 5, isReduceOnly: true }), "exchange.order-filled")).toHaveLength(1);
  });
});
