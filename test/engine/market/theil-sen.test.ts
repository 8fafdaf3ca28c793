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

/** Pairs whose slope is below `slope`, each pair looked at. */
function countPairs(values: Float64Array, slope: number): number {
  const keys = values.map((value, index) => value - slope * index);
  let count = 0;
  for (let left = 0; left < keys.length; left++) {
    for (let right = left + 1; right < keys.length; right++) if (keys[left]! > keys[right]!) count += 1;
  }
  return count;
}

/** The same search with every count made anew, pair by pair: slow, and nothing in it can be out of step. */
function slopeByCountingPairs(values: Float64Array): number {
  const { length } = values;
  const half = (length * (length - 1)) / 4;
  let least = 0;
  for (let index = 0; index < length; index++) least += (index - (length - 1) / 2) * values[index]!;
  least = (12 * least) / (length * (length * length - 1));
  let mean = 0;
  for (let index = 0; index < length; index++) mean += values[index]! - least * index;
  mean /= length;
  let spread = 0;
  for (let index = 0; index < length; index++) spread += Math.abs(values[index]! - least * index - mean);
  const step = Math.max((4 * (spread / length)) / (length * Math.sqrt(length)), 2e-9);

  const bracket = (sign: number): { at: number; count: number } => {
    let at = least + sign * step;
    let count = countPairs(values, at) - half;
    for (let widen = 2; sign * count < 0; widen *= 4) {
      at = least + sign * widen * step;
      count = countPairs(values, at) - half;
    }
    return { at, count };
  };
  const low = bracket(-1);
  const high = bracket(1);
  let side = 0;
  for (let round = 0; round < 200 && high.at - low.at > 2e-9; round++) {
    const span = high.count - low.count;
    const between = (low.at + high.at) / 2;
    const guess = round % 4 === 3 || span <= 0 ? between : (low.at * high.count - high.at * low.count) / span;
    const at = guess > low.at && guess < high.at ? guess : between;
    const count = countPairs(values, at) - half;
    if (count === 0) return at;
    const [end, other] = count < 0 ? [low, high] : [high, low];
    end.at = at;
    end.count = count;
    if (side === Math.sign(count)) other.count /= 2;
    side = Math.sign(count);
  }
  return (low.at + high.at) / 2;
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

  describe("is to the last bit what counting every pair finds", () => {
    const size = fc.integer({ min: 2, max: 70 });
    const listsOf = (value: fc.Arbitrary<number>) =>
      size.chain((length) => fc.array(value, { minLength: length, maxLength: length }));
    const cumulated = (steps: readonly number[]) => {
      let sum = 5000;
      return steps.map((step) => {
        sum += step;
        return Math.log(sum);
      });
    };
    const kinds: Readonly<Record<string, fc.Arbitrary<readonly number[]>>> = {
      "doubles of any size": listsOf(fc.double({ min: -1e9, max: 1e9, noNaN: true })),
      "walks on a grid": listsOf(fc.integer({ min: -4, max: 4 })).map(cumulated),
      "few values and many ties": listsOf(fc.integer({ min: 0, max: 2 })),
      "lines with wild values": listsOf(fc.constantFrom(0, 0, 0, 0, 1e6, -1e6)).map((wild) =>
        wild.map((value, index) => value + 0.25 * index),
      ),
      "slopes at the edge of the tolerance": listsOf(fc.integer({ min: 0, max: 3 })).map((steps) =>
        steps.map((step, index) => 2e-9 * index + step * 1e-9),
      ),
      "two levels in turn": listsOf(fc.constant(1)).map((ones) => ones.map((_, index) => (index % 2 === 0 ? -7 : 7))),
    };

    test.each(Object.keys(kinds))("for %s", (kind) => {
      fc.assert(
        fc.property(kinds[kind]!, (series) => {
          const values = Float64Array.from(series);
          expect(theilSenSlope(values, 0, values.length)).toBe(slopeByCountingPairs(values));
        }),
        { numRuns: 150 },
      );
    });

    test.each([64, 128, 256, 257])("for walks of %i bars, inside a longer series", (length) => {
      const steps = fc.array(fc.integer({ min: -9, max: 9 }), { minLength: length + 5, maxLength: length + 5 });
      fc.assert(
        fc.property(steps, (moves) => {
          const values = Float64Array.from(cumulated(moves));
          expect(theilSenSlope(values, 5, length)).toBe(slopeByCountingPairs(values.slice(5)));
        }),
        { numRuns: 15 },
      );
    });
  });
});
