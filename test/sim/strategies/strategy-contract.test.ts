import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createStrategy, type StrategyChoice, strategySchema } from "../../../src/sim/strategies/index.ts";
import type { StrategySignal } from "../../../src/sim/strategies/strategy.ts";
import { INTERVAL_MS, START_TS_MS, walks } from "./price-paths.ts";

type Choice = Exclude<StrategyChoice, { name: "replay" }>;

/** Parameters so quick that fifty observations hold several signals. */
const QUICK: readonly object[] = [
  { name: "ewma-cross", params: { fast: 2, slow: 6, band: 0.001, cooldown: "3m" } },
  { name: "breakout", params: { lookback: 5, buffer: 0.001, cooldown: "3m" } },
  { name: "mean-reversion", params: { halfLife: 3, entryZ: 1, cooldown: "3m" } },
];

const COOLDOWN_MS = 3 * INTERVAL_MS;
const LENGTH = 50;
const RUNS = { numRuns: 40, seed: 31 } as const;

function play(choice: Choice, rows: readonly (readonly number[])[]): StrategySignal[][] {
  const strategy = createStrategy(choice, rows[0]!.length);
  return rows.map((prices, row) => [...strategy.evaluate(START_TS_MS + row * INTERVAL_MS, Float64Array.from(prices))]);
}

/** One suite for every strategy: what a run relies on, whichever is plugged in. */
describe.each(QUICK.map((input) => strategySchema.parse(input) as Choice))("strategy $name", (choice) => {
  test("signals at all on a moving market, so that nothing below holds emptily", () => {
    const counts = fc.sample(walks(2, LENGTH), RUNS).map((rows) => play(choice, rows).flat().length);
    expect(counts.filter((count) => count > 0).length).toBeGreaterThan(RUNS.numRuns / 2);
  });

  test("gives the same signals for the same prices", () => {
    fc.assert(
      fc.property(walks(2, LENGTH), (rows) => {
        expect(play(choice, rows)).toEqual(play(choice, rows));
      }),
      RUNS,
    );
  });

  test("does not look ahead: another future changes nothing before it", () => {
    fc.assert(
      fc.property(walks(2, LENGTH), walks(2, LENGTH), fc.integer({ min: 1, max: LENGTH - 1 }), (rows, other, cut) => {
        const past = play(choice, rows.slice(0, cut));
        const otherFuture = play(choice, [...rows.slice(0, cut), ...other.slice(cut)]);
        expect(otherFuture.slice(0, cut)).toEqual(past);
        expect(play(choice, rows).slice(0, cut)).toEqual(past);
      }),
      RUNS,
    );
  });

  test("takes a symbol without a price as not looked at", () => {
    const notAPrice = fc.constantFrom(Number.NaN, 0, -1, Number.POSITIVE_INFINITY);
    fc.assert(
      fc.property(walks(1, LENGTH), fc.array(notAPrice, { minLength: LENGTH, maxLength: LENGTH }), (rows, gaps) => {
        const whole = play(choice, rows).flat();
        const strategy = createStrategy(choice, 1);
        const signals = rows.flatMap((prices, row) => {
          const tsMs = START_TS_MS + row * INTERVAL_MS;
          const inTheGap = strategy.evaluate(tsMs, Float64Array.of(gaps[row]!));
          expect(inTheGap).toEqual([]);
          return strategy.evaluate(tsMs, Float64Array.from(prices));
        });
        expect(signals).toEqual(whole);
      }),
      RUNS,
    );
  });

  test("decides about each symbol alone", () => {
    fc.assert(
      fc.property(walks(3, LENGTH), (rows) => {
        const together = play(choice, rows).flat();
        for (const symbol of [0, 1, 2]) {
          const alone = play(
            choice,
            rows.map((prices) => [prices[symbol]!]),
          ).flat();
          const mine = together.filter((signal) => signal.symbol === symbol);
          expect(mine.map((signal) => ({ ...signal, symbol: 0 }))).toEqual(alone);
        }
      }),
      RUNS,
    );
  });

  test("pauses a symbol for its cooldown and writes sane signals in symbol order", () => {
    fc.assert(
      fc.property(walks(3, LENGTH), (rows) => {
        const lastTsMs = [-Infinity, -Infinity, -Infinity];
        play(choice, rows).forEach((signals, row) => {
          const symbols = signals.map(({ symbol }) => symbol);
          expect(symbols).toEqual([...new Set(symbols)].sort((left, right) => left - right));
          for (const { symbol, confidence, entryPrice, side } of signals) {
            const tsMs = START_TS_MS + row * INTERVAL_MS;
            expect(tsMs - lastTsMs[symbol]!).toBeGreaterThanOrEqual(COOLDOWN_MS);
            lastTsMs[symbol] = tsMs;
            expect(confidence).toBeGreaterThanOrEqual(0.5);
            expect(confidence).toBeLessThanOrEqual(0.8);
            expect(entryPrice).toBe(rows[row]![symbol]);
            expect(["BUY", "SELL"]).toContain(side);
          }
        });
      }),
      RUNS,
    );
  });

  test("leaves the prices it is shown as they are, and a flat market alone", () => {
    const strategy = createStrategy(choice, 2);
    const prices = Float64Array.of(100, 0.001);
    for (let row = 0; row < 200; row++) {
      expect(strategy.evaluate(START_TS_MS + row * INTERVAL_MS, prices)).toEqual([]);
    }
    expect([...prices]).toEqual([100, 0.001]);
  });

  test("looks every minute unless told otherwise, at least a second apart", () => {
    const withInterval = (interval: string) => strategySchema.safeParse({ name: choice.name, params: { interval } });
    expect(createStrategy(choice, 1).intervalMs).toBe(60_000);
    expect(withInterval("1s").success).toBe(true);
    for (const interval of ["0s", "0.5ms", "999ms", "1.0005s"]) {
      const outcome = withInterval(interval);
      expect(outcome.error?.issues[0]?.message).toContain('a strategy\'s interval is at least "1s"');
    }
  });

  test("has defaults for everything and refuses what it does not know", () => {
    expect(strategySchema.parse({ name: choice.name })).toMatchObject({
      sizeUsd: 200,
      leverage: 10,
      stopLossPct: 0.02,
      takeProfitPct: 0.04,
    });
    expect(strategySchema.safeParse({ name: choice.name, params: { nonsense: 1 } }).success).toBe(false);
    expect(strategySchema.safeParse({ name: choice.name, nonsense: 1 }).success).toBe(false);
  });
});
