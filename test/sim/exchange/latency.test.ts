import { describe, expect, test } from "vitest";
import { Latency } from "../../../src/sim/exchange/latency.ts";
import { createRandomStreams } from "../../../src/sim/time/random-streams.ts";
import { type Delivered, ExchangeDriver } from "./exchange-driver.ts";

const NOISY = {
  order: { medianMs: 80, sigma: 0.6 },
  answer: { medianMs: 40, sigma: 0.8 },
  snapshot: { medianMs: 100, sigma: 0.5 },
};

function sample(seed: string, medianMs: number, sigma: number, count: number): number[] {
  const latency = new Latency({ medianMs, sigma }, createRandomStreams(seed).stream("latency/order"));
  return Array.from({ length: count }, () => latency.sampleMs());
}

/** Sixty orders a millisecond apart, with a snapshot now and then. */
function sessionOf(seed: string, withSnapshots: boolean): readonly Delivered[] {
  const driver = new ExchangeDriver({ latency: NOISY, random: createRandomStreams(seed) });
  driver.quote(0, 99_990, 100_000);
  for (let tsMs = 0; tsMs < 60; tsMs++) {
    driver.submit({ side: tsMs % 2 === 0 ? "BUY" : "SELL", qtyLots: 2 }, tsMs);
    if (withSnapshots && tsMs % 10 === 0) driver.snapshot({ requestId: `s${tsMs}` }, tsMs);
  }
  driver.runTo(60_000);
  return driver.delivered;
}

const isOrderAnswer = ({ event }: Delivered): boolean => event.type !== "exchange.snapshot-received";

describe("latency", () => {
  test("is whole milliseconds, half of them below the median, spread as sigma says", () => {
    const delays = sample("seed", 80, 0.5, 20_000).sort((left, right) => left - right);
    expect(delays.every((delay) => Number.isInteger(delay) && delay >= 0)).toBe(true);
    expect(Math.abs(delays[10_000]! - 80)).toBeLessThan(2);
    // exp(0.5 * 1.645) is 2.28 medians.
    expect(Math.abs(delays[19_000]! - 182)).toBeLessThan(8);
  });

  test("without sigma is the same always and draws nothing", () => {
    const streams = createRandomStreams("seed");
    const latency = new Latency({ medianMs: 80, sigma: 0 }, streams.stream("a"));
    expect([latency.sampleMs(), latency.sampleMs()]).toEqual([80, 80]);
    expect(streams.stream("a").next()).toBe(createRandomStreams("seed").stream("a").next());
  });

  test("repeats with its seed and differs with another", () => {
    expect(sample("a", 80, 0.5, 50)).toEqual(sample("a", 80, 0.5, 50));
    expect(sample("a", 80, 0.5, 50)).not.toEqual(sample("b", 80, 0.5, 50));
  });
});

describe("a session with noisy latencies", () => {
  test("is the same again from the same seed, and another from another", () => {
    expect(sessionOf("a", true)).toEqual(sessionOf("a", true));
    expect(sessionOf("a", true)).not.toEqual(sessionOf("b", true));
  });

  test("answers orders at the same times whether or not snapshots are taken meanwhile", () => {
    expect(sessionOf("a", true).filter(isOrderAnswer)).toEqual(sessionOf("a", false));
  });

  test("never lets an answer overtake an earlier one about orders, though orders overtake each other on the way", () => {
    const session = sessionOf("a", false);
    expect(session).toHaveLength(120);
    const accepted = new Set<string>();
    const arrivals: string[] = [];
    let lastExchangeTsMs = 0;
    for (const { event } of session) {
      if (event.type === "exchange.order-accepted") {
        accepted.add(event.clientOrderId);
        arrivals.push(event.clientOrderId);
      }
      if (event.type === "exchange.order-filled") {
        expect(accepted.has(event.clientOrderId)).toBe(true);
        expect(event.exchangeTsMs).toBeGreaterThanOrEqual(lastExchangeTsMs);
        lastExchangeTsMs = event.exchangeTsMs;
      }
    }
    const inOrder = Array.from({ length: 60 }, (_, index) => `c${index + 1}`);
    expect(arrivals).not.toEqual(inOrder);
    expect([...arrivals].sort()).toEqual([...inOrder].sort());
  });
});
