import { deserialize, serialize } from "node:v8";
import seedrandom from "seedrandom";
import { describe, expect, test } from "vitest";
import { createRandomStreams } from "../../../src/sim/time/random-streams.ts";
import { loadVenueMarket, saveVenueMarket } from "../../../src/venue/venue-market.ts";
import { ExchangeDriver } from "./exchange-driver.ts";

const LATENCY = {
  order: { medianMs: 0, sigma: 0 },
  answer: { medianMs: 3, sigma: 0.9 },
  snapshot: { medianMs: 0, sigma: 0 },
};

/** A step of a session: what it does is decided beforehand, so that two drivers can be given the same. */
type Step = (driver: ExchangeDriver) => void;

/** Quotes, orders that trade and orders that rest, queries, funding and another writer, each a second after the last. */
function sessionOf(seed: string, count: number): Step[] {
  const random = seedrandom(seed);
  let middleTicks = 1_000_000;
  return Array.from({ length: count }, (_, place): Step => {
    const tsMs = (place + 1) * 1000;
    const side = random() < 0.5 ? "BUY" : "SELL";
    const qtyLots = 2 + Math.floor(random() * 30);
    const clientOrderId = `c${Math.floor(random() * 60)}`;
    const kind = random();
    middleTicks += Math.floor(random() * 400) - 200;
    const [bid, ask] = [(middleTicks - 5) / 10, (middleTicks + 5) / 10];
    const limitPriceTicks = middleTicks + Math.floor(random() * 300) - 150;
    const isReduceOnly = random() < 0.3;
    return (driver) => {
      driver.quote(0, bid, ask, tsMs);
      if (kind < 0.55) driver.submit({ clientOrderId, side, qtyLots, limitPriceTicks, isReduceOnly }, tsMs);
      else if (kind < 0.75) driver.submit({ clientOrderId, side, qtyLots }, tsMs);
      else if (kind < 0.85) driver.exchange.query({ type: "order.query-requested", clientOrderId, attempt: 1 }, tsMs);
      else if (kind < 0.9) driver.exchange.settleFunding("BTCUSDT", 0.0001, null, tsMs);
      else if (kind < 0.95) driver.exchange.applyExternalFill({ symbol: "BTCUSDT", side, qtyLots, price: null, tsMs });
      else driver.snapshot({ requestId: `s${tsMs}` }, tsMs);
      driver.runTo(tsMs + 900);
    };
  });
}

const SMALL = { historyMax: 40, latency: LATENCY };

describe("an exchange that goes on from a checkpoint", () => {
  test.each(["a", "b", "c"])("answers, fills and reckons as the one that never stopped (%s)", (seed) => {
    const steps = sessionOf(seed, 400);
    for (const stop of [1, 60, 199, 390]) {
      const random = createRandomStreams(seed);
      const whole = new ExchangeDriver({ ...SMALL, random });
      for (const step of steps.slice(0, stop)) step(whole);
      const saved = {
        exchange: whole.exchange.save(),
        market: saveVenueMarket(whole.market),
        streams: random.states(),
      };
      const read = deserialize(serialize(saved)) as typeof saved;

      const again = new ExchangeDriver({ ...SMALL, random: createRandomStreams(seed, read.streams) });
      loadVenueMarket(again.market, read.market);
      again.exchange.load(read.exchange);
      expect([...again.exchange.watched]).toEqual([...whole.exchange.watched]);
      expect(again.watches).toEqual(whole.exchange.watched[0] === 1 ? [[0, true]] : []);

      const from = whole.delivered.length;
      for (const step of steps.slice(stop)) {
        step(whole);
        step(again);
      }
      expect(again.delivered).toEqual(whole.delivered.slice(from));
      expect(again.exchange.save()).toEqual(whole.exchange.save());
      expect(again.exchange.requests).toEqual(whole.exchange.requests);
      expect(again.exchange.account.reconcile()).toBeNull();
    }
  });

  test("was tried on sessions with orders in the book, ended orders forgotten and income dropped", () => {
    const driver = new ExchangeDriver({ ...SMALL, random: createRandomStreams("a") });
    let restingMost = 0;
    for (const step of sessionOf("a", 400)) {
      step(driver);
      restingMost = Math.max(restingMost, driver.exchange.account.state.openOrders.size);
    }
    expect(restingMost).toBeGreaterThan(5);
    const { ended, income } = driver.exchange.account.state;
    expect(ended.length).toBeLessThanOrEqual(48);
    expect(income.length).toBeLessThanOrEqual(48);
    expect(income[0]!.tranId).toBeGreaterThan(50);
    const types = new Set(driver.delivered.map(({ event }) => event.type));
    expect([...types].sort()).toEqual([
      "exchange.funding-settled",
      "exchange.order-accepted",
      "exchange.order-ended",
      "exchange.order-filled",
      "exchange.order-queried",
      "exchange.order-rejected",
      "exchange.snapshot-received",
    ]);
  });
});
