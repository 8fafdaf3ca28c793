import { describe, expect, test } from "vitest";
import { MarketState } from "../../../src/engine/market/market-state.ts";

const MINUTE_MS = 60_000;
const START_MS = 1_700_000_000_000 - (1_700_000_000_000 % (5 * MINUTE_MS));

function createMarket(refreshBars = 1): MarketState {
  return new MarketState({ symbols: ["BTCUSDT", "ETHUSDT"], windowBars: 300, pointsMin: 257, refreshBars });
}

/** A walk with drift, the same for every test: integers only, so that it is easy to repeat by hand. */
function walk(bars: number): number[] {
  let state = 12_345;
  let price = 100_000;
  return Array.from({ length: bars }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    price += (state % 201) - 95;
    return price / 1000;
  });
}

function feed(market: MarketState, prices: readonly number[], perMinute = 1): void {
  prices.forEach((price, bar) => {
    for (let part = 0; part < perMinute; part++) {
      market.update(0, START_MS + bar * MINUTE_MS + part * 1000, price, Number.NaN, Number.NaN, 1);
    }
  });
}

describe("MarketState", () => {
  test("has no features before the window holds enough closes, then has them", () => {
    const market = createMarket();
    feed(market, walk(257));
    expect(market.features(0)).toBeNull();
    feed(market, walk(259));
    expect(market.features(0)).not.toBeNull();
  });

  test("gives probabilities that sum to exactly 1 and a trend strength of |mu| over sigma", () => {
    const market = createMarket();
    feed(market, walk(320));
    const features = market.features(0)!;
    expect(features.pTrend + features.pMeanReversion + features.pChop).toBeCloseTo(1, 12);
    expect(features.trendStrength).toBeCloseTo(Math.abs(features.mu) / features.sigma, 5);
    expect(features.sigma).toBeGreaterThan(0);
  });

  test("answers the same whoever asks first and when within the interval", () => {
    const early = createMarket(5);
    const late = createMarket(5);
    const prices = walk(324);
    const answers: unknown[] = [];
    prices.forEach((price, bar) => {
      early.update(0, START_MS + bar * MINUTE_MS, price, Number.NaN, Number.NaN, 0);
      late.update(0, START_MS + bar * MINUTE_MS, price, Number.NaN, Number.NaN, 0);
      if (bar >= 300) answers.push(early.features(0));
    });
    expect(late.features(0)).toEqual(answers[answers.length - 1]);
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBeGreaterThan(3);
  });

  test("does not depend on how many prices a minute has, only on its close", () => {
    const sparse = createMarket();
    const dense = createMarket();
    feed(sparse, walk(320));
    feed(dense, walk(320), 4);
    expect(dense.features(0)).toEqual(sparse.features(0));
  });

  test("fills silent minutes with the last close, so that a bar stays a minute", () => {
    const market = createMarket();
    market.update(0, START_MS, 100, Number.NaN, Number.NaN, 0);
    market.update(0, START_MS + 10 * MINUTE_MS, 101, Number.NaN, Number.NaN, 0);
    expect(market.closeCount(0)).toBe(10);
  });

  test("remembers when the price last moved, which is how a frozen ticker shows", () => {
    const market = createMarket();
    market.update(0, START_MS, 1.3355, Number.NaN, Number.NaN, 0);
    market.update(0, START_MS + 3_600_000, 1.3355, Number.NaN, Number.NaN, 0);
    expect(market.movedTsMs[0]).toBe(START_MS);
    expect(market.lastTsMs[0]).toBe(START_MS + 3_600_000);
  });

  test("counts the volume of 24 clock hours and forgets older hours", () => {
    const market = createMarket();
    market.update(0, START_MS, 10, Number.NaN, Number.NaN, 5);
    market.update(0, START_MS + 23 * 3_600_000, 10, Number.NaN, Number.NaN, 2);
    expect(market.volume24hQuote(0, START_MS + 23 * 3_600_000)).toBe(70);
    expect(market.volume24hQuote(0, START_MS + 25 * 3_600_000)).toBe(20);
    market.update(0, START_MS + 30 * 3_600_000, 10, Number.NaN, Number.NaN, 1);
    expect(market.volume24hQuote(0, START_MS + 30 * 3_600_000)).toBe(30);
  });

  test("lets recorded features win over computed ones", () => {
    const market = createMarket();
    const recorded = { sigma: 0.01, mu: 0, trendStrength: 0.06024, pTrend: 0.2, pMeanReversion: 0.2, pChop: 0.6 };
    market.setRecordedFeatures(1, recorded);
    expect(market.features(1)).toEqual(recorded);
  });

  test("tells sigma alone as it tells it among the features, whichever is asked first", () => {
    for (const refreshBars of [1, 5]) {
      const one = createMarket(refreshBars);
      const other = createMarket(refreshBars);
      walk(330).forEach((price, bar) => {
        for (const market of [one, other]) {
          market.update(0, START_MS + bar * MINUTE_MS, price, Number.NaN, Number.NaN, 0);
        }
        const sigma = one.sigma(0);
        expect(sigma).toBe(other.features(0)?.sigma ?? null);
        expect(one.features(0)).toEqual(other.features(0));
        expect(other.sigma(0)).toBe(sigma);
      });
    }
  });

  test("lets the sigma of recorded features win too", () => {
    const market = createMarket();
    feed(market, walk(320));
    expect(market.sigma(0)).not.toBe(0.01);
    const recorded = { sigma: 0.01, mu: 0, trendStrength: 0, pTrend: 0.2, pMeanReversion: 0.2, pChop: 0.6 };
    market.setRecordedFeatures(0, recorded);
    expect(market.sigma(0)).toBe(0.01);
  });

  test("goes on from what was saved to the same features, though less was saved than it keeps", () => {
    const market = createMarket();
    feed(market, walk(300));
    const later = createMarket();
    later.load(structuredClone(market.save()));
    for (const each of [market, later]) each.update(0, START_MS + 301 * MINUTE_MS, 99, Number.NaN, Number.NaN, 0);
    expect(later.sigma(0)).toBe(market.sigma(0));
    expect(later.features(0)).toEqual(market.features(0));
  });
});
