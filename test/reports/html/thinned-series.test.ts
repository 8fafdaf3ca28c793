import fc from "fast-check";
import { expect, test } from "vitest";
import { ThinnedSeries } from "../../../src/reports/html/series/thinned-series.ts";

test("a spike up and a spike down beside each other both survive any thinning", () => {
  const series = new ThinnedSeries(50);
  for (let tsMs = 0; tsMs < 100_000; tsMs++) series.add(tsMs, tsMs === 54_321 ? 9 : tsMs === 54_322 ? -9 : 0);
  const values = series.points().map(({ value }) => value);
  expect(values).toContain(9);
  expect(values).toContain(-9);
  expect(values.length).toBeLessThanOrEqual(200);
});

test("first and last point, least and greatest value are those of the whole, in time order", () => {
  const samples = fc.array(fc.record({ gap: fc.integer({ min: 0, max: 5000 }), value: fc.integer() }), {
    minLength: 1,
    maxLength: 400,
  });
  fc.assert(
    fc.property(samples, (steps) => {
      const series = new ThinnedSeries(8);
      let tsMs = 1_700_000_000_000;
      const all = steps.map(({ gap, value }) => {
        tsMs += gap;
        return { tsMs, value };
      });
      for (const sample of all) series.add(sample.tsMs, sample.value);
      const points = series.points();
      expect(points[0]).toEqual(all[0]);
      expect(points.at(-1)).toEqual(all.at(-1));
      expect(Math.min(...points.map(({ value }) => value))).toBe(Math.min(...all.map(({ value }) => value)));
      expect(Math.max(...points.map(({ value }) => value))).toBe(Math.max(...all.map(({ value }) => value)));
      expect(points.every((point, place) => place === 0 || points[place - 1]!.tsMs <= point.tsMs)).toBe(true);
      expect(points.length).toBeLessThanOrEqual(32);
    }),
    { seed: 7, numRuns: 200 },
  );
});
