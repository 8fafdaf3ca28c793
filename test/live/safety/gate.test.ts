import { describe, expect, test } from "vitest";
import { GateWorld, QUOTE } from "./gate-world.ts";

const ids = { symbol: "BBBUSDT" } as const;

describe("the safety gate refuses", () => {
  test("an order above the notional of one order, at the highest of the prices known", () => {
    const world = new GateWorld();
    expect(world.limitOf({ side: "BUY", qtyLots: 50 })).toBeNull();
    expect(new GateWorld().limitOf({ side: "BUY", qtyLots: 51 })).toBe("max-notional");
    expect(new GateWorld().limitOf({ side: "SELL", qtyLots: 26, decisionMarkPrice: 2 })).toBe("max-notional");
    expect(new GateWorld().limitOf({ side: "BUY", qtyLots: 26, limitPriceTicks: 2 })).toBe("max-notional");
    world.prices.set("AAAUSDT", 1.001);
    // 1.001 counts as 2 ticks: limits are held against the price rounded up.
    expect(new GateWorld().limitOf({ side: "BUY", qtyLots: 26, decisionMarkPrice: 1.001 })).toBe("max-notional");
  });

  test("the order that could bring a symbol above its limit: position and orders without an end together", () => {
    const world = new GateWorld();
    world.open({ side: "BUY", qtyLots: 40 });
    const second = world.send({ side: "BUY", qtyLots: 30 });
    expect(second.refusal).toBeNull();
    const third = world.send({ side: "BUY", qtyLots: 11 });
    expect(third.refusal?.text).toBe("AAAUSDT could come to 81, at most 80 a symbol is allowed");
    world.tell({
      type: "exchange.order-ended",
      clientOrderId: second.order.clientOrderId,
      orderId: "1",
      status: "EXPIRED",
      cumulativeQtyLots: 0,
      reason: "",
    });
    expect(world.limitOf({ side: "BUY", qtyLots: 40 })).toBeNull();
  });

  test("a flip through zero above the limit, and no order that makes the worst case no worse", () => {
    const world = new GateWorld();
    world.open({ side: "BUY", qtyLots: 40 });
    world.open({ side: "BUY", qtyLots: 40 });
    // Long 80 of 80. Selling 50 leaves the worst at 80; 100 for sale could make 100 short once a close has filled.
    expect(world.limitOf({ side: "SELL", qtyLots: 50 })).toBeNull();
    expect(world.limitOf({ side: "SELL", qtyLots: 50 })).toBe("position");
    expect(world.limitOf({ side: "SELL", qtyLots: 30 })).toBeNull();
  });

  test("the order that brings all symbols together above the limit", () => {
    const world = new GateWorld();
    world.open({ side: "BUY", qtyLots: 50 });
    world.open({ ...ids, side: "SELL", qtyLots: 40 });
    expect(world.limitOf({ side: "BUY", qtyLots: 31 })).toBe("position");
    expect(world.limitOf({ ...ids, side: "SELL", qtyLots: 31 })).toBe("exposure");
    expect(world.limitOf({ ...ids, side: "SELL", qtyLots: 30 })).toBeNull();
  });

  test("the order after so many within a minute, and takes it when the oldest is a minute old", () => {
    const world = new GateWorld({ maxOrdersPerMinute: 3 });
    for (let count = 0; count < 3; count++) {
      world.reject(world.send({ side: "BUY", qtyLots: 1 }).order);
      world.tsMs += 10_000;
    }
    expect(world.limitOf({ side: "BUY", qtyLots: 1 })).toBe("order-rate");
    world.tsMs += 29_999;
    // What the gate refused did not leave and does not count.
    expect(world.limitOf({ side: "BUY", qtyLots: 1 })).toBe("order-rate");
    world.tsMs += 1;
    expect(world.limitOf({ side: "BUY", qtyLots: 1 })).toBeNull();
    expect(world.gate.status(world.tsMs).ordersLastMinute).toBe(3);
  });

  test("orders that were decided long ago and are sent at once: those without an end count as of now", () => {
    const world = new GateWorld({ maxOrdersPerMinute: 2 });
    const orders = [1, 2, 3, 4].map((lots) => world.decide({ side: "BUY", qtyLots: lots }));
    world.tsMs += 600_000;
    expect(orders.map((order) => world.check(order)?.limit ?? null)).toEqual([null, null, "order-rate", "order-rate"]);
  });

  test("new risk once the session has lost so much, whether realized, at the marks, by fees or by funding", () => {
    const losses: readonly ((world: GateWorld) => void)[] = [
      (world) => {
        world.prices.set("AAAUSDT", 10);
        world.open({ side: "BUY", qtyLots: 5 });
        world.prices.set("AAAUSDT", 4);
        world.open({ side: "SELL", qtyLots: 5, isReduceOnly: true });
      },
      (world) => {
        world.prices.set("AAAUSDT", 10);
        world.open({ side: "SELL", qtyLots: 3 });
        world.prices.set("AAAUSDT", 20);
      },
      (world) => world.fill(world.decide({ side: "BUY", qtyLots: 1 }), 1, { feeQuote: 30n * QUOTE }),
      (world) =>
        world.tell({
          type: "exchange.funding-settled",
          symbol: "AAAUSDT",
          rate: 0.01,
          markPrice: 1,
          amountQuote: -30n * QUOTE,
        }),
    ];
    for (const lose of losses) {
      const world = new GateWorld();
      expect(world.limitOf({ ...ids, side: "BUY", qtyLots: 1 })).toBeNull();
      lose(world);
      expect(world.gate.status(world.tsMs).resultQuote).toBe(-30n * QUOTE);
      expect(world.send({ ...ids, side: "BUY", qtyLots: 1 }).refusal?.text).toBe(
        "the session has lost 30, at 30 it takes no more risk",
      );
      expect(world.limitOf({ side: "SELL", qtyLots: 1, isReduceOnly: true })).toBeNull();
    }
  });

  test("everything an order must not be: unknown, changed, given up, without a quantity, of another symbol", () => {
    const world = new GateWorld();
    const order = world.decide({ side: "BUY", qtyLots: 5 });
    const check = (changes: object) => world.gate.check({ ...order, ...changes }, world.tsMs)?.limit ?? null;
    expect(check({})).toBeNull();
    expect(check({ clientOrderId: "rh-nobody" })).toBe("journal");
    expect(check({ qtyLots: 6 })).toBe("journal");
    expect(check({ side: "SELL" })).toBe("journal");
    expect(check({ isReduceOnly: true })).toBe("journal");
    for (const qtyLots of [0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60]) {
      expect(check({ qtyLots })).toBe("quantity");
    }
    expect(check({ symbol: "CCCUSDT" })).toBe("symbol");
    world.giveUp(order);
    expect(check({})).toBe("journal");
  });

  test("new risk in a symbol without any price, or beside a position without one", () => {
    const world = new GateWorld();
    world.prices.clear();
    expect(world.limitOf({ side: "BUY", qtyLots: 1 })).toBe("price");
    world.prices.set("AAAUSDT", Number.NaN);
    expect(world.limitOf({ side: "BUY", qtyLots: 1 })).toBe("price");
    expect(world.limitOf({ side: "BUY", qtyLots: 1, decisionMarkPrice: 1 })).toBeNull();
    expect(world.limitOf({ side: "SELL", qtyLots: 1, isReduceOnly: true })).toBeNull();
    const held = world.decide({ ...ids, side: "BUY", qtyLots: 1 });
    expect(held.qtyLots).toBe(1);
    // An order for BBBUSDT may fill and nobody can say at what.
    expect(world.limitOf({ side: "BUY", qtyLots: 1, decisionMarkPrice: 1 })).toBe("price");
  });
});

describe("the kill switch", () => {
  test("entries stops new risk and lets orders through that only reduce", () => {
    const world = new GateWorld();
    world.open({ side: "BUY", qtyLots: 40 });
    world.kill("entries");
    expect(world.limitOf({ side: "BUY", qtyLots: 1 })).toBe("kill-switch");
    expect(world.limitOf({ side: "SELL", qtyLots: 40 })).toBe("kill-switch");
    expect(world.limitOf({ side: "SELL", qtyLots: 40, isReduceOnly: true })).toBeNull();
    world.kill("off");
    expect(world.limitOf({ side: "BUY", qtyLots: 1 })).toBeNull();
  });

  test("all stops every order, also those decided before it", () => {
    const world = new GateWorld();
    world.open({ side: "BUY", qtyLots: 40 });
    const entry = world.decide({ side: "BUY", qtyLots: 1 });
    const close = world.decide({ side: "SELL", qtyLots: 40, isReduceOnly: true });
    world.kill("all");
    expect(world.check(entry)?.limit).toBe("kill-switch");
    expect(world.check(close)?.text).toBe("the kill switch stops every order");
    world.kill("entries");
    expect(world.limitOf({ side: "SELL", qtyLots: 40, isReduceOnly: true })).toBeNull();
  });
});

describe("closing", () => {
  test("is allowed whatever limit is used up: notional, position, exposure, rate and loss", () => {
    const world = new GateWorld({
      maxOrdersPerMinute: 1,
      maxLossQuote: 0n,
      maxExposureQuote: 0n,
      maxPositionQuote: 0n,
    });
    world.report([["AAAUSDT", 5000]]);
    expect(world.limitOf({ side: "BUY", qtyLots: 1 })).not.toBeNull();
    for (let count = 0; count < 20; count++) {
      expect(world.limitOf({ side: "SELL", qtyLots: 5000, isReduceOnly: true })).toBeNull();
    }
  });
});

describe("the gate's arithmetic", () => {
  test("books a trade that is told twice once", () => {
    const world = new GateWorld();
    const order = world.decide({ side: "BUY", qtyLots: 10 });
    world.fill(order, 4, { tradeId: "7" });
    world.fill(order, 4, { tradeId: "7" });
    expect(world.gate.status(world.tsMs).positions).toEqual(new Map([["AAAUSDT", 4]]));
    expect(world.gate.status(world.tsMs).exposureQuote).toBe(10n * QUOTE);
  });

  test("counts what the exchange executed and did not tell yet", () => {
    const world = new GateWorld();
    const order = world.decide({ side: "BUY", qtyLots: 40 });
    world.tell({
      type: "exchange.order-queried",
      clientOrderId: order.clientOrderId,
      status: "EXPIRED",
      orderId: "1",
      executedQtyLots: 30,
    });
    expect(world.gate.status(world.tsMs).exposureQuote).toBe(30n * QUOTE);
    world.fill(order, 30);
    expect(world.gate.status(world.tsMs).exposureQuote).toBe(30n * QUOTE);
    expect(world.gate.status(world.tsMs).positions.get("AAAUSDT")).toBe(30);
  });

  test("counts an order of unknown outcome until a report of later than the giving up says what is held", () => {
    const world = new GateWorld();
    const order = world.decide({ side: "BUY", qtyLots: 50 });
    world.giveUp(order);
    expect(world.limitOf({ side: "BUY", qtyLots: 31 })).toBe("position");
    world.report([], world.tsMs);
    expect(world.limitOf({ side: "BUY", qtyLots: 31 })).toBe("position");
    world.tsMs += 1;
    world.report([["AAAUSDT", 20]]);
    expect(world.gate.status(world.tsMs).exposureQuote).toBe(20n * QUOTE);
    // The late word on a trade that the report has in it changes nothing but the fee.
    world.fill(order, 20, { exchangeTsMs: world.tsMs - 1, feeQuote: QUOTE });
    expect(world.gate.status(world.tsMs).positions.get("AAAUSDT")).toBe(20);
    expect(world.gate.status(world.tsMs).resultQuote).toBe(-QUOTE);
  });

  test("takes positions over at the price of the moment, without what they had won or lost before", () => {
    const world = new GateWorld();
    world.prices.set("AAAUSDT", 7);
    world.report([["AAAUSDT", -3]]);
    expect(world.gate.status(world.tsMs).resultQuote).toBe(0n);
    world.prices.set("AAAUSDT", 9);
    expect(world.gate.status(world.tsMs).resultQuote).toBe(-6n * QUOTE);
    expect(world.gate.status(world.tsMs).exposureQuote).toBe(27n * QUOTE);
  });

  test("does not take over a report from before the last fill, nor one while an order is in motion", () => {
    const world = new GateWorld();
    world.open({ side: "BUY", qtyLots: 10 });
    world.report([], world.tsMs - 1);
    expect(world.gate.status(world.tsMs).positions.get("AAAUSDT")).toBe(10);
    world.decide({ side: "SELL", qtyLots: 10, isReduceOnly: true });
    world.tsMs += 5;
    world.report([]);
    expect(world.gate.status(world.tsMs).positions.get("AAAUSDT")).toBe(10);
  });
});
