import { expect, test } from "vitest";
import { SOBOL_DIMENSIONS_MAX, sobolShares } from "../../../../src/sim/scenario/sweep/sobol.ts";

test("the first points of the first three dimensions are those of Joe and Kuo", () => {
  expect(sobolShares(0, 8)).toEqual([0, 0.5, 0.75, 0.25, 0.375, 0.875, 0.625, 0.125]);
  expect(sobolShares(1, 8)).toEqual([0, 0.5, 0.25, 0.75, 0.375, 0.875, 0.125, 0.625]);
  expect(sobolShares(2, 8)).toEqual([0, 0.5, 0.25, 0.75, 0.625, 0.125, 0.875, 0.375]);
});

test("of every power of two points each dimension has one in every equal stratum, and each pair of the first is a net", () => {
  for (let dimension = 0; dimension < SOBOL_DIMENSIONS_MAX; dimension++) {
    for (const count of [16, 64, 256]) {
      const strata = new Set(sobolShares(dimension, count).map((share) => Math.floor(share * count)));
      expect(strata.size, `dimension ${dimension}, ${count} points`).toBe(count);
    }
  }
  const [left, right] = [sobolShares(0, 256), sobolShares(1, 256)];
  const cells = new Set(left.map((share, index) => `${Math.floor(share * 16)} ${Math.floor(right[index]! * 16)}`));
  expect(cells.size).toBe(256);
});
