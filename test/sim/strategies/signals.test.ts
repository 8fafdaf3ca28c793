import { describe, expect, test } from "vitest";
import { createStrategy, type StrategyChoice, strategySchema } from "../../../src/sim/strategies/index.ts";
import { confidenceOf } from "../../../src/sim/strategies/strategy.ts";
import { INTERVAL_MS, START_TS_MS } from "./price-paths.ts";

/** Row and side of every signal of one symbol. */
function signalsOf(input: object, prices: readonly number[]): [number, string][] {
  const choice = strategySchema.parse(input) as Exclude<StrategyChoice, { name: "replay" }>;
  const strategy = createStrategy(choice, 1);
  return prices.flatMap((price, row) =>
    strategy
      .evaluate(START_TS_MS + row * INTERVAL_MS, Float64Array.of(price))
      .map(({ side }): [number, string] => [row, side]),
  );
}

function flat(length: number, price = 100): number[] {
  return Array.from({ length }, () => price);
}

describe("ewma-cross", () => {
  const input = { name: "ewma-cross", params: { fast: 2, slow: 6, band: 0.001, cooldown: "1m" } };

  test("buys once when a rise lifts the fast mean over the slow one, sells once when a fall takes it below", () => {
    const prices = [...flat(10), ...flat(20, 103), ...flat(20, 97)];
    expect(signalsOf(input, prices)).toEqual([
      [10, "BUY"],
      [30, "SELL"],
    ]);
  });

  test("says nothing before it has seen the slow half-life, nor inside the band", () => {
    expect(signalsOf(input, [100, 110, 120, 130, 140])).toEqual([]);
    expect(signalsOf(input, [...flat(10), ...flat(20, 100.1)])).toEqual([]);
  });

  test("refuses means that are not fast and slow", () => {
    const outcome = strategySchema.safeParse({ name: "ewma-cross", params: { fast: 90, slow: 90 } });
    expect(outcome.error?.issues).toMatchObject([
      {
        path: ["params", "fast"],
        message: "Cannot cross means: fast is not below slow, a fast half-life is the shorter one",
      },
    ]);
  });
});

describe("breakout", () => {
  const input = { name: "breakout", params: { lookback: 3, buffer: 0.01, cooldown: "1m" } };

  test("buys above the highest and sells below the lowest of the lookback, by more than the buffer", () => {
    expect(signalsOf(input, [100, 101, 99, 102])).toEqual([]);
    expect(signalsOf(input, [100, 101, 99, 102.1])).toEqual([[3, "BUY"]]);
    expect(signalsOf(input, [100, 101, 99, 98.02])).toEqual([]);
    expect(signalsOf(input, [100, 101, 99, 97.9])).toEqual([[3, "SELL"]]);
  });

  test("forgets what is older than the lookback", () => {
    expect(signalsOf(input, [120, 100, 100, 100, 102])).toEqual([[4, "BUY"]]);
    expect(signalsOf(input, [100, 120, 100, 100, 102])).toEqual([]);
  });

  test("refuses a lookback that would take gigabytes", () => {
    const outcome = strategySchema.safeParse({ name: "breakout", params: { lookback: 1e9 } });
    expect(outcome.error?.issues[0]?.message).toContain("at most 100000 are kept");
  });
});

describe("mean-reversion", () => {
  const input = { name: "mean-reversion", params: { halfLife: 3, entryZ: 3, cooldown: "1m" } };
  const quiet = Array.from({ length: 20 }, (_, row) => (row % 2 === 0 ? 99.9 : 100.1));

  test("sells what is far above its mean and buys what is far below", () => {
    expect(signalsOf(input, [...quiet, 102])).toEqual([[20, "SELL"]]);
    expect(signalsOf(input, [...quiet, 98])).toEqual([[20, "BUY"]]);
    expect(signalsOf(input, [...quiet, 100.1])).toEqual([]);
  });

  test("measures a price against the deviations before it, not against its own", () => {
    // One deviation is 0.1: a jump of 2 is about 20, where its own variance would make it less than 3.
    const wide = { name: "mean-reversion", params: { halfLife: 3, entryZ: 15, cooldown: "1m" } };
    expect(signalsOf(wide, [...quiet, 102])).toEqual([[20, "SELL"]]);
  });

  test("waits for two half-lives", () => {
    expect(signalsOf(input, [99.9, 100.1, 99.9, 102])).toEqual([]);
  });
});

test("confidence is 0.50 plus the size of the signal, at most 0.80", () => {
  expect([0, 0.01, -0.034, 5].map(confidenceOf)).toEqual([0.5, 0.51, 0.534, 0.8]);
});
