import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { computeFeatures } from "../../../src/engine/market/estimator.ts";

function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Sigma of pipeline.md 1.4 word by word, each step with lists of its own. */
function sigmaByDefinition(closes: readonly number[]): number {
  const logs = closes.map((close) => Math.log(close));
  const returns = logs.slice(1).map((log, bar) => log - logs[bar]!);
  const sorted = [...returns].sort((left, right) => left - right);
  const low = sorted[Math.floor(0.01 * (sorted.length - 1))]!;
  const high = sorted[Math.ceil(0.99 * (sorted.length - 1))]!;
  const winsorised = returns.map((value) => Math.min(high, Math.max(low, value)));
  const center = median(winsorised);
  const robust = 1.4826 * median(winsorised.map((value) => Math.abs(value - center)));
  let variance = winsorised[0]! * winsorised[0]!;
  for (const value of winsorised.slice(1)) variance = 0.94 * variance + 0.06 * value * value;
  const ewma = Math.sqrt(variance);
  const weight = 1 / (1 + Math.exp(-((robust > 0 ? ewma / robust : 1) - 1.2) / 0.3));
  return Math.round((weight * ewma + (1 - weight) * robust) * 1e8) / 1e8;
}

describe("computeFeatures", () => {
  test("has the sigma of the definition, to the last digit, for prices on a coarse or fine grid", () => {
    const steps = fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 64, maxLength: 300 });
    fc.assert(
      fc.property(steps, fc.constantFrom(0.01, 1), (moves, tick) => {
        let price = 5000;
        const closes = [0, ...moves].map((move) => {
          price += move;
          return price * tick;
        });
        expect(computeFeatures(Float64Array.from(closes), closes.length)!.sigma).toBe(sigmaByDefinition(closes));
      }),
      { numRuns: 200 },
    );
  });

  test("has it too where most returns are equal, or all of them", () => {
    const steps = fc.array(fc.constantFrom(0, 0, 0, 0, 0, 1, -1), { minLength: 64, maxLength: 301 });
    fc.assert(
      fc.property(steps, fc.boolean(), (moves, isStill) => {
        let price = 70;
        const closes = [0, ...moves].map((move) => {
          price += isStill ? 0 : move;
          return Math.max(1, price);
        });
        expect(computeFeatures(Float64Array.from(closes), closes.length)!.sigma).toBe(sigmaByDefinition(closes));
      }),
      { numRuns: 100 },
    );
  });
});
