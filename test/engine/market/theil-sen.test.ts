import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { theilSenSlope } from "../../../src/engine/market/theil-sen.ts";

/** The definition, pair by pair. */
function medianOfAllSlopes(values: readonly number[]): { low: number; high: number } {
  const slopes: number[] = [];
  for (let left = 0; left < values.length; left++) {
    for (let right = left + 1; right < values.length; right++) {
      slopes.push((values[right]! - values[left]!) / (right - left));
    }
  }
  slopes.sort((one, other) => one - other);
  const middle = slopes.length >> 1;
  return slopes.length % 2 === 1
    ? { low: slopes[middle]!, high: slopes[middle]! }
    : { low: slopes[middle - 1]!, high: slopes[middle]! };
}

describe("theilSenSlope", () => {
  test("is the slope of an exact line", () => {
    const line = Float64Array.from({ length: 64 }, (_, index) => 3 + 0.25 * index);
    expect(theilSenSlope(line, 0, 64)).toBeCloseTo(0.25, 8);
  });

  test("does not follow one wild value", () => {
    const line = Float64Array.from({ length: 65 }, (_, index) => 0.001 * index);
    line[40] = 50;
    expect(theilSenSlope(line, 0, 65)).toBeCloseTo(0.001, 6);
  });

  test("is 0 for a constant series", () => {
    expect(theilSenSlope(new Float64Array(128).fill(7), 0, 128)).toBeCloseTo(0, 8);
  });

  test("lies between the two middle slopes of all pairs, whatever the values", () => {
    const values = fc.array(fc.double({ min: -0.05, max: 0.05, noNaN: true }), { minLength: 2, maxLength: 90 });
    fc.assert(
      fc.property(values, (series) => {
        const { low, high } = medianOfAllSlopes(series);
        const found = theilSenSlope(Float64Array.from(series), 0, series.length);
        expect(found).toBeGreaterThanOrEqual(low - 4e-9);
        expect(found).toBeLessThanOrEqual(high + 4e-9);
      }),
      { numRuns: 300, seed: 7 },
    );
  });
});
