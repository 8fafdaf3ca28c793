import { describe, expect, test } from "vitest";
import { drawdownsOf } from "../../../src/reports/statistics/drawdown.ts";
import { meanOf, sampleStd, shapeOf } from "../../../src/reports/statistics/moments.ts";
import {
  BUCKETS_A_YEAR,
  cagrOf,
  calmarOf,
  equityOf,
  omegaOf,
  sharpeOf,
  sortinoOf,
  tailOf,
  totalReturnOf,
  volatilityOf,
} from "../../../src/reports/statistics/returns.ts";
import { concentrationOf, tradeMeasuresOf } from "../../../src/reports/statistics/trade-measures.ts";
import { ar1 } from "./lcg.ts";

const DAY_MS = 86_400_000;
const constant = new Array<number>(30).fill(0.01);
const rising = Array.from({ length: 30 }, (_, index) => 0.01 + index / 1000);

describe("no trades", () => {
  test("do not give ratios of 0 or infinity: every one is null and says why", () => {
    const none = tradeMeasuresOf([]);
    for (const measure of [none.winRate, none.profitFactor, none.expectancy, none.expectancyRatio, none.payoff]) {
      expect(measure).toEqual({ value: null, reason: "no_trade" });
    }
    expect(none.sqn).toEqual({ value: null, reason: "too_few" });
    expect(none.trades).toBe(0);
    expect(sharpeOf([])).toEqual({ value: null, reason: "too_few" });
    expect(sortinoOf([])).toEqual({ value: null, reason: "too_few" });
    expect(volatilityOf([0.1])).toEqual({ value: null, reason: "too_few" });
    expect(omegaOf([])).toEqual({ value: null, reason: "too_few" });
  });

  test("do not leave keys out of the answer", () => {
    expect(Object.keys(tradeMeasuresOf([]))).toEqual(Object.keys(tradeMeasuresOf([1, -1])));
  });
});

describe("zero variance", () => {
  test("does not give -100, 0, infinity or NaN", () => {
    expect(sharpeOf(constant)).toEqual({ value: null, reason: "zero_variance" });
    expect(shapeOf(constant)).toEqual({ value: null, reason: "zero_variance" });
    expect(tradeMeasuresOf(new Array<number>(25).fill(3)).sqn).toEqual({ value: null, reason: "zero_variance" });
  });

  test("is seen through the rounding of the mean: 0.1 three times is constant", () => {
    expect(sharpeOf(new Array<number>(33).fill(0.1)).reason).toBe("zero_variance");
  });

  test("no bucket below the minimum does not give an infinite Sortino ratio", () => {
    expect(sortinoOf(rising)).toEqual({ value: null, reason: "no_downside" });
  });
});

describe("profit factor without a losing trade", () => {
  test("does not become 10, 1, 0 or infinity", () => {
    const { profitFactor, payoff, expectancyRatio } = tradeMeasuresOf([10, 20, 30]);
    for (const measure of [profitFactor, payoff, expectancyRatio]) {
      expect(measure).toEqual({ value: null, reason: "no_loss" });
    }
    expect(omegaOf([0.1, 0.2])).toEqual({ value: null, reason: "no_loss" });
  });

  test("with losses only is a true 0, because there is a denominator", () => {
    expect(tradeMeasuresOf([-10]).profitFactor).toEqual({ value: 0, reason: null });
    expect(tradeMeasuresOf([-10]).payoff).toEqual({ value: null, reason: "no_win" });
  });
});

describe("a drawdown", () => {
  test("does not begin after the first bucket: -40 % and -10 % are -46 %, not -10 %", () => {
    expect(drawdownsOf(equityOf([-0.4, -0.1])).value?.maxDrawdown).toBeCloseTo(-0.46, 12);
  });

  test("that never recovered does not report a recovery of 0: it is open since its peak", () => {
    const open = drawdownsOf([100, 120, 90, 110]).value!;
    expect(open.deepest).toEqual({ peakIndex: 1, troughIndex: 2, recoveryIndex: null, depth: -0.25 });
    expect(open.longestUnderwater).toEqual({ points: 2, isOpen: true });
    expect(open.maxDrawdownAbs).toBe(30);
  });

  test("that recovered says when, and none at all is 0 without an episode", () => {
    expect(drawdownsOf([100, 80, 100, 130]).value?.deepest?.recoveryIndex).toBe(2);
    expect(drawdownsOf([100, 100, 130]).value).toMatchObject({ maxDrawdown: 0, deepest: null, episodes: [] });
    expect(calmarOf({ value: 0.2, reason: null }, [100, 130])).toEqual({ value: null, reason: "no_drawdown" });
  });
});

describe("win rate with a breakeven trade", () => {
  test("does not count it as a loss, and does not hide it either", () => {
    const { winRate, wins, losses, breakeven } = tradeMeasuresOf([5, 0, -5]);
    expect(winRate.value?.share).toBe(0.5);
    expect({ wins, losses, breakeven }).toEqual({ wins: 1, losses: 1, breakeven: 1 });
  });

  test("of breakeven trades only is null, while their expectancy is a true 0", () => {
    const { winRate, expectancy } = tradeMeasuresOf([0, 0]);
    expect(winRate).toEqual({ value: null, reason: "only_breakeven" });
    expect(expectancy).toEqual({ value: 0, reason: null });
  });

  test("zeros end a streak", () => {
    expect(tradeMeasuresOf([1, 1, 0, 1, -1, -1, -1])).toMatchObject({ longestWinStreak: 2, longestLossStreak: 3 });
  });
});

describe("annualisation", () => {
  test("does not use the 252 days of an exchange that closes", () => {
    expect(BUCKETS_A_YEAR).toEqual({ day: 365, hour: 8760, fiveMinutes: 105_120 });
    const perBucket = sharpeOf(rising).value!;
    expect(sharpeOf(rising, { bucketsPerYear: BUCKETS_A_YEAR.day }).value).toBeCloseTo(perBucket * Math.sqrt(365), 12);
  });

  test("does not turn a good week into thousands of percent", () => {
    expect(cagrOf({ startEquity: 100, endEquity: 120, spanMs: 7 * DAY_MS })).toEqual({
      value: null,
      reason: "short_span",
    });
  });

  test("does not make a yearly ratio of less than 30 days; the one per bucket is there", () => {
    const day = BUCKETS_A_YEAR.day;
    expect(sharpeOf(rising.slice(1), { bucketsPerYear: day })).toEqual({ value: null, reason: "short_span" });
    expect(sortinoOf(rising.slice(1), { bucketsPerYear: day })).toEqual({ value: null, reason: "short_span" });
    expect(sharpeOf(rising.slice(1)).reason).toBeNull();
    expect(sharpeOf(rising, { bucketsPerYear: day }).reason).toBeNull();
  });

  test("multiplies the ratio by the root of the buckets, it does not divide the mean alone (30-minute data times 30)", () => {
    const halfHours = 365 * 48;
    expect(volatilityOf(rising, halfHours).value! / volatilityOf(rising).value!).toBeCloseTo(Math.sqrt(halfHours), 9);
  });
});

describe("a blown account", () => {
  test("does not have a growth rate of 0, and abs() does not make it a gain", () => {
    for (const endEquity of [0, -50]) {
      expect(cagrOf({ startEquity: 100, endEquity, spanMs: 365 * DAY_MS })).toEqual({ value: null, reason: "blown" });
    }
    expect(drawdownsOf([100, -50]).value?.maxDrawdown).toBe(-1.5);
    expect(totalReturnOf([100, -50]).value).toBe(-1.5);
  });

  test("that never had money has no return at all", () => {
    expect(totalReturnOf([0, 10])).toEqual({ value: null, reason: "bad_start" });
    expect(drawdownsOf([0, 10])).toEqual({ value: null, reason: "bad_start" });
    expect(cagrOf({ startEquity: 0, endEquity: 1, spanMs: 365 * DAY_MS }).reason).toBe("bad_start");
  });
});

describe("the unit errors found elsewhere", () => {
  test("a daily mean is not divided by a deviation per trade: with four trades a day that doubles the ratio", () => {
    const trades = ar1({ seed: 5, n: 4000, mu: 0.02 });
    const days = Array.from({ length: 1000 }, (_, day) => trades.slice(4 * day, 4 * day + 4)).map(
      (four) => meanOf(four) * 4,
    );
    const right = sharpeOf(days, { bucketsPerYear: 365 }).value!;
    const mixed = (meanOf(days) / sampleStd(trades)) * Math.sqrt(365);
    expect(Math.abs(mixed / right - 2)).toBeLessThan(0.15);
    // Per trade and per day are the same ratio once each is annualised by its own buckets.
    expect(Math.abs(sharpeOf(trades, { bucketsPerYear: 4 * 365 }).value! / right - 1)).toBeLessThan(0.1);
  });

  test("the ratio is not that of cumulative levels, where every straight line gives 1.73", () => {
    const levels = [1, 2, 3, 4, 5].map((slope) => Array.from({ length: 100 }, (_, index) => slope * (index + 1)));
    const ofLevels = levels.map((level) => meanOf(level) / sampleStd(level));
    expect(new Set(ofLevels.map((ratio) => ratio.toFixed(2)))).toEqual(new Set(["1.74"]));
    const steps = levels.map((level) => level.map((value, index) => value - (level[index - 1] ?? 0)));
    for (const step of steps) expect(sharpeOf(step).reason).toBe("zero_variance");
  });

  test("buckets without a trade do not vanish: leaving them out would raise the ratio by sqrt(all / active)", () => {
    const active = Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? 0.03 : -0.01));
    const all = active.flatMap((value) => [value, 0, 0, 0]);
    expect(sharpeOf(active).value! / sharpeOf(all).value!).toBeGreaterThan(2);
  });

  test("one bad day does not make Sortino 0: its deviation is around the minimum, not around itself", () => {
    const oneBad = [...rising, -0.05];
    expect(sortinoOf(oneBad).value!).toBeGreaterThan(0);
    expect(Number.isFinite(sortinoOf(oneBad).value!)).toBe(true);
  });

  test("NaN and infinity are refused with their place, never carried along", () => {
    expect(() => sharpeOf([0.1, Number.NaN])).toThrow(
      "Cannot measure a Sharpe ratio: value 1 is NaN, finite numbers are needed",
    );
    expect(() => tradeMeasuresOf([Number.POSITIVE_INFINITY])).toThrow("value 0 is Infinity");
  });

  test("a tail is not read from fewer than 60 buckets, where 5 % are under three of them", () => {
    expect(tailOf(new Array(59).fill(0).map((_, index) => index))).toEqual({ value: null, reason: "too_few" });
    expect(tailOf(Array.from({ length: 60 }, (_, index) => index)).value?.var95).toBeCloseTo(2.95, 12);
  });

  test("concentration of a net loss is measured on absolute shares", () => {
    expect(concentrationOf([-3, 3]).value).toBe(0.5);
    expect(concentrationOf([0, 0])).toEqual({ value: null, reason: "no_pnl" });
  });
});
