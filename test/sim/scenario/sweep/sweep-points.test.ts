import { describe, expect, test } from "vitest";
import { gridPoints, sampledPoints } from "../../../../src/sim/scenario/sweep/sweep-points.ts";

/** A small generator of its own (Park and Miller), so that the test needs no stream. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48271) % 2147483647;
    return (state - 1) / 2147483646;
  };
}

describe("a grid", () => {
  test("has every combination once, the last path turning fastest", () => {
    expect(gridPoints("s", { "a.b": [1, 2], c: ["x", null] })).toEqual([
      { name: "s-1", settings: { "a.b": 1, c: "x" } },
      { name: "s-2", settings: { "a.b": 1, c: null } },
      { name: "s-3", settings: { "a.b": 2, c: "x" } },
      { name: "s-4", settings: { "a.b": 2, c: null } },
    ]);
  });

  test("of ten million points is refused with its count, the limit and what to do", () => {
    const tens = Array.from({ length: 10 }, (_, index) => index);
    const lists = { a: tens, b: tens, c: tens, d: tens, e: tens, f: tens, g: tens };
    expect(() => gridPoints("s", lists)).toThrow(/10000000 points.*1 to 10000 .*latin-hypercube/);
  });

  test.each([
    [{}, /names no parameter/],
    [{ a: [] }, /list is empty/],
    [{ a: [1, Number.NaN] }, /NaN is listed/],
    [{ a: [1, 1] }, /1 is listed twice/],
  ])("that is senseless is refused: %j", (lists, message) => {
    expect(() => gridPoints("s", lists)).toThrow(message);
  });
});

describe("sampled points", () => {
  const ranges = [
    { path: "a", from: 0, to: 10 },
    { path: "b", from: -1, to: 1 },
  ];

  test("of a Latin hypercube fill each stratum of each path once", () => {
    const points = sampledPoints("s", ranges, "latin-hypercube", 20, dice(7));
    for (const { path, from, to } of ranges) {
      const strata = points.map(({ settings }) => Math.floor(((Number(settings[path]) - from) / (to - from)) * 20));
      expect(new Set(strata).size).toBe(20);
    }
  });

  test("are the same for the same draws and others for others", () => {
    const of = (seed: number) => sampledPoints("s", ranges, "random", 5, dice(seed));
    expect(of(7)).toEqual(of(7));
    expect(of(7)).not.toEqual(of(8));
    expect(new Set(of(7).map(({ name }) => name)).size).toBe(5);
  });

  test.each([
    [0, Number.POSITIVE_INFINITY],
    [2, 1],
    [1, 1],
  ])("of the range %d to %d are refused", (from, to) => {
    expect(() => sampledPoints("s", [{ path: "a", from, to }], "random", 5, dice(7))).toThrow(/finite ends/);
  });

  test.each([0, 1.5, 10_000_000])("%d of them are refused before a draw", (count) => {
    const draw = () => {
      throw new Error("drawn");
    };
    expect(() => sampledPoints("s", ranges, "random", count, draw)).toThrow(/points, a whole number from 1 to 10000/);
  });
});
