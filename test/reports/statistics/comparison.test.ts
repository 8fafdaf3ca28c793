import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { backtestOverfitting } from "../../../src/reports/statistics/backtest-overfitting.ts";
import { automaticBlockLength, blockFor } from "../../../src/reports/statistics/block-length.ts";
import {
  burstTotals,
  episodeInterval,
  guardedInterval,
  minimumDetectable,
  removeSkewness,
} from "../../../src/reports/statistics/episode-interval.ts";
import { holm } from "../../../src/reports/statistics/multiple-tests.ts";
import { fragileDecisions, quantileBounds, seedSpread } from "../../../src/reports/statistics/seeds.ts";
import { sharpeDifference, studentisedSharpeDifference } from "../../../src/reports/statistics/sharpe-difference.ts";
import {
  deflatedSharpe,
  effectiveTrials,
  minimumTrackRecord,
  probabilisticSharpe,
} from "../../../src/reports/statistics/sharpe-significance.ts";
import { trainable, walkForward, walkForwardEfficiency } from "../../../src/reports/statistics/splits.ts";
import {
  bootstrapMean,
  bootstrapStatistic,
  stationaryVariance,
} from "../../../src/reports/statistics/stationary-bootstrap.ts";
import {
  resampleBursts,
  resampleContenders,
  stepM,
  superiorityTest,
} from "../../../src/reports/statistics/superiority.ts";
import { agreementOf, evidenceOf, type Verdict, verdictOf } from "../../../src/reports/statistics/verdict.ts";
import { ar1, lcg } from "./lcg.ts";

const HOUR_MS = 3_600_000;

describe("the clustered-episode interval", () => {
  const differences = [4, -1.5, 2.2, 0.7, -3.1, 5.5, 1, 2.4, -0.6, 3.3];

  test("does not depend on the order of the episodes", () => {
    const forward = episodeInterval(differences, { days: 1 });
    expect(episodeInterval([...differences].reverse(), { days: 1 })).toEqual(forward);
  });

  test("counts episodes of one trigger once: ten copies of one cause are one piece of evidence", () => {
    const episodes = differences.map((differenceQuote, index) => ({ trigger: `flip ${index % 2}`, differenceQuote }));
    expect(burstTotals(episodes)).toHaveLength(2);
    const [clustered, naive] = [burstTotals(episodes), differences].map(
      (pieces) => episodeInterval(pieces, { days: 1 }).value!,
    );
    expect(clustered!.total).toBeCloseTo(naive!.total, 12);
    expect(clustered!.interval[1]).toBeGreaterThan(4 * naive!.interval[1]);
  });

  test("is null with a reason for no episode, for one, and for episodes that changed nothing", () => {
    expect(episodeInterval([], { days: 1 })).toEqual({ value: null, reason: "no_discordant_episode" });
    expect(episodeInterval([7], { days: 1 })).toEqual({ value: null, reason: "too_few" });
    expect(episodeInterval([0, 0], { days: 1 })).toEqual({ value: null, reason: "identical" });
    expect(() => episodeInterval(differences, { days: 0 })).toThrow("more than 0 are needed");
  });

  test("with many small gains and one large loss is guarded by its skew-corrected twin", () => {
    const lopsided = [...new Array<number>(20).fill(1), -8];
    const result = episodeInterval(lopsided, { days: 1 }).value!;
    expect(result.lopsidedness).toBeLessThan(-0.5);
    expect(result.skewCorrected[0]).toBeLessThan(result.interval[0]);
    expect(guardedInterval(result)[0]).toBe(result.skewCorrected[0]);
    const even = episodeInterval([1, -1, 2, -2], { days: 1 }).value!;
    expect(even.lopsidedness).toBe(0);
    expect(even.skewCorrected).toEqual(even.interval);
  });

  test("its correction and Hall's cubic invert each other", () => {
    const { skewCorrected, total, se, t, lopsidedness } = episodeInterval(differences, { days: 1 }).value!;
    expect(removeSkewness((total - skewCorrected[0]) / se, lopsidedness)).toBeCloseTo(t, 12);
    expect(removeSkewness((total - skewCorrected[1]) / se, lopsidedness)).toBeCloseTo(-t, 12);
  });

  test("its p-value is 0.05 where the interval touches zero, and the smallest effect it could show is 2.8 errors", () => {
    const symmetric = [3, 3, 3, 3, -1, -1, 1, 1];
    const result = episodeInterval(symmetric, { days: 1 }).value!;
    const isZeroInside = guardedInterval(result)[0] <= 0 && guardedInterval(result)[1] >= 0;
    expect(result.pTwoSided > 0.05).toBe(isZeroInside);
    expect(minimumDetectable(1)).toBeCloseTo(2.8015852, 6);
  });
});

describe("the stationary bootstrap", () => {
  const series = ar1({ seed: 3, n: 200, rho: 0.4, mu: 0.1 });

  test("agrees with its closed-form variance within a few percent", () => {
    const { bootSe } = bootstrapMean(series, { block: 6, random: lcg(9), replications: 3000 }).value!;
    expect(bootSe / Math.sqrt(stationaryVariance(series, 6) / 200)).toBeGreaterThan(0.93);
    expect(bootSe / Math.sqrt(stationaryVariance(series, 6) / 200)).toBeLessThan(1.07);
  });

  test("gives no interval below 60 buckets and says when blocks are too few to trust it", () => {
    expect(bootstrapMean(series.slice(0, 59), { block: 3, random: lcg(1) })).toEqual({
      value: null,
      reason: "too_few",
    });
    expect(bootstrapMean(series, { block: 11, random: lcg(1), replications: 50 }).value?.isTrusted).toBe(false);
    expect(bootstrapMean(series, { block: 10, random: lcg(1), replications: 50 }).value?.isTrusted).toBe(true);
  });

  test("never has a p-value of exactly zero", () => {
    const sure = series.map((value) => value + 100);
    const { pOneSided, pTwoSided } = bootstrapMean(sure, { block: 3, random: lcg(1), replications: 99 }).value!;
    expect([pOneSided, pTwoSided]).toEqual([0.01, 0.02]);
  });

  test("passes whole paths to a statistic, and one that breaks in a resample gives null", () => {
    const options = { block: 4, random: lcg(2), replications: 20 };
    const lengths = new Set<number>();
    bootstrapStatistic(80, (indices) => lengths.add(indices.length).size, 1, options);
    expect([...lengths]).toEqual([80]);
    expect(bootstrapStatistic(80, () => Number.NaN, 1, options).reason).toBe("undefined_in_resample");
  });

  test("the block is at least one bucket and at least the median episode", () => {
    const noise = ar1({ seed: 11, n: 200 });
    expect(automaticBlockLength(noise).value!.stationary).toBeLessThan(1);
    expect(blockFor(noise).value).toBe(1);
    expect(blockFor(noise, 12).value).toBe(12);
  });
});

describe("many variants against a baseline", () => {
  const contender = (seed: number, mu: number) => ({
    name: `v${seed}`,
    differences: ar1({ seed, n: 120, rho: 0.2, mu }),
  });
  const table = [contender(51, 0.25), contender(52, 0), contender(53, -0.02), contender(54, 0.02)];
  const options = () => ({ block: 3, random: lcg(77), replications: 400 });
  const test4 = (list: typeof table) => superiorityTest(resampleContenders(list, options()).value!);

  test("neither their order nor duplicates change the answer", () => {
    const expected = test4(table);
    expect(test4([...table].reverse())).toEqual(expected);
    expect(test4([...table, { ...table[1]!, name: "again" }])).toEqual(expected);
    expect(stepM(resampleContenders([...table].reverse(), options()).value!)).toEqual(["v51"]);
  });

  test("a hopeless variant hardly moves the consistent p-value, and the three are in order", () => {
    const nulls = table.slice(1);
    const before = test4(nulls);
    const after = test4([...nulls, contender(55, -3)]);
    expect(after.pConsistent).toBe(before.pConsistent);
    expect(after.pUpper).toBeGreaterThan(before.pUpper);
    for (const { pLower, pConsistent, pUpper } of [before, after]) {
      expect(pLower).toBeLessThanOrEqual(pConsistent);
      expect(pConsistent).toBeLessThanOrEqual(pUpper);
    }
  });

  test("a variant that never differs is left out, and only such ones are identical", () => {
    const still = { name: "still", differences: new Array<number>(120).fill(0) };
    expect(resampleContenders([...table, still], options()).value!.names).not.toContain("still");
    expect(resampleContenders([still], options())).toEqual({ value: null, reason: "identical" });
    expect(resampleContenders([], options())).toEqual({ value: null, reason: "no_variant" });
    expect(() => resampleContenders([table[0]!, { name: "short", differences: [1] }], options())).toThrow(
      "equally many are needed",
    );
  });

  test("over bursts: the better one is found, order does not matter, and too few replications find nothing", () => {
    const burst = (name: string, seed: number, mu: number) => ({
      name,
      differenceByTrigger: new Map(ar1({ seed, n: 30, mu }).map((value, index) => [`t${index}`, value] as const)),
    });
    const variants = [burst("good", 61, 0.4), burst("null", 62, 0), burst("bad", 63, -0.4)];
    const run = (list: typeof variants, replications = 999) =>
      stepM(resampleBursts(list, { random: lcg(5), replications }).value!);
    expect(run(variants)).toEqual(["good"]);
    expect(run([...variants].reverse())).toEqual(["good"]);
    // 1/(19+1) is 5 %: no set of 19 can show 2.5 %.
    expect(run(variants, 19)).toEqual([]);
    const few = { name: "few", differenceByTrigger: new Map([["t1", 5]]) };
    expect(resampleBursts([few], { random: lcg(5) })).toEqual({ value: null, reason: "too_few" });
  });

  test("Holm keeps the order it was given and refuses what is no probability", () => {
    expect(holm([0.04, 0.01, 0.03]).adjusted).toEqual([0.06, 0.03, 0.06]);
    expect(() => holm([1.2])).toThrow("a probability is needed");
  });
});

describe("Sharpe ratios", () => {
  test("of two variants are not compared below 60 buckets, nor when one stood still", () => {
    const a = ar1({ seed: 61, n: 100, mu: 0.1 });
    expect(sharpeDifference(a.slice(0, 59), a.slice(0, 59), 2).reason).toBe("too_few");
    expect(sharpeDifference(a, new Array<number>(100).fill(0), 2).reason).toBe("zero_variance");
    expect(sharpeDifference(a, a, 2).reason).toBe("identical");
  });

  test("by studentised blocks: the interval holds the difference and agrees with the plain error in size", () => {
    const a = ar1({ seed: 61, n: 300, rho: 0.1, mu: 0.1 });
    const b = ar1({ seed: 62, n: 300, rho: 0.1 });
    const { difference, interval } = studentisedSharpeDifference(a, b, { block: 5, random: lcg(3), replications: 400 })
      .value!;
    const plain = sharpeDifference(a, b, 4).value!;
    expect(difference).toBeCloseTo(plain.difference, 12);
    const half = (interval[1] - interval[0]) / 2;
    expect(half / (1.96 * plain.seLedoitWolf)).toBeGreaterThan(0.85);
    expect(half / (1.96 * plain.seLedoitWolf)).toBeLessThan(1.3);
    expect(studentisedSharpeDifference(a, b, { block: 200, random: lcg(3) }).reason).toBe("too_few_blocks");
  });

  const facts = { sharpe: 0.1, buckets: 200, skew: 0, kurtosisRaw: 3 };

  test("without a known number of trials are not deflated", () => {
    expect(deflatedSharpe(facts, { trials: null, sharpeVariance: 0.01 })).toEqual({ value: null, reason: "n_unknown" });
    expect(deflatedSharpe(facts, { trials: 1, sharpeVariance: 0.01 })).toEqual(probabilisticSharpe(facts));
  });

  test("need an infinite record at or below the threshold, and a positive spread", () => {
    expect(minimumTrackRecord(facts, { threshold: 0.1 }).reason).toBe("below_threshold");
    expect(probabilisticSharpe({ ...facts, sharpe: 2, skew: 3, kurtosisRaw: 9.5 }).reason).toBe("moment_bound");
    expect(probabilisticSharpe({ ...facts, buckets: 1 }).reason).toBe("too_few");
  });

  test("of correlated trials count as fewer", () => {
    expect(effectiveTrials(100, 0)).toBe(100);
    expect(effectiveTrials(100, 0.5)).toBe(51);
    expect(effectiveTrials(100, 1)).toBe(1);
  });
});

describe("overfitting", () => {
  const columns = (n: number, rows: number) =>
    Array.from({ length: n }, (_, seed) => ar1({ seed: 900 + seed, n: rows }));

  test("is not estimated below five variants or ten buckets a block, nor over a variant that stood still", () => {
    expect(backtestOverfitting(columns(4, 200), { blocks: 8 }).reason).toBe("too_few");
    expect(backtestOverfitting(columns(5, 79), { blocks: 8 }).reason).toBe("too_few");
    expect(backtestOverfitting([...columns(5, 80), new Array<number>(80).fill(0)], { blocks: 8 }).reason).toBe(
      "zero_variance",
    );
    expect(() => backtestOverfitting(columns(5, 80), { blocks: 7 })).toThrow("an even number");
  });

  test("of a variant with an edge is none, and choosing it dominates choosing at random", () => {
    const [first, ...rest] = columns(6, 160);
    const edge = first!.map((value) => value + 1);
    const { probability, dominance } = backtestOverfitting([edge, ...rest], { blocks: 8 }).value!;
    expect(probability).toBe(0);
    expect(dominance).toEqual({ isFirstOrder: true, isSecondOrder: true });
  });

  test("the rows beyond a multiple of the blocks are the first ones, and they do not count", () => {
    const table = columns(5, 83);
    const spoiled = table.map((column) => column.map((value, row) => (row < 3 ? 1e6 : value)));
    expect(backtestOverfitting(spoiled, { blocks: 8 })).toEqual(backtestOverfitting(table, { blocks: 8 }));
  });
});

describe("splits", () => {
  test("walk forward without overlap, with the embargo between, and leave a short rest out", () => {
    const folds = walkForward({ span: { fromTsMs: 0, toTsMs: 100 }, trainMs: 40, testMs: 20, embargoMs: 5 }).value!;
    expect(folds).toEqual([
      { train: { fromTsMs: 0, toTsMs: 40 }, test: { fromTsMs: 45, toTsMs: 65 } },
      { train: { fromTsMs: 20, toTsMs: 60 }, test: { fromTsMs: 65, toTsMs: 85 } },
    ]);
    expect(walkForward({ span: { fromTsMs: 0, toTsMs: 60 }, trainMs: 40, testMs: 20, embargoMs: 5 }).reason).toBe(
      "short_span",
    );
  });

  test("purge every label that reaches into a test and embargo what follows it", () => {
    const items = [
      { decisionTsMs: 0, labelEndTsMs: 9 },
      { decisionTsMs: 5, labelEndTsMs: 10 },
      { decisionTsMs: 12, labelEndTsMs: 13 },
      { decisionTsMs: 20, labelEndTsMs: 30 },
      { decisionTsMs: 25, labelEndTsMs: 35 },
    ];
    expect(trainable(items, [{ fromTsMs: 10, toTsMs: 20 }], 0)).toEqual([true, false, false, true, true]);
    expect(trainable(items, [{ fromTsMs: 10, toTsMs: 20 }], 5)).toEqual([true, false, false, false, true]);
  });

  test("efficiency needs an edge in sample", () => {
    expect(walkForwardEfficiency({ total: 10, days: 10 }, { total: 1, days: 2 }).value).toBe(0.5);
    expect(walkForwardEfficiency({ total: -1, days: 10 }, { total: 1, days: 2 }).reason).toBe("no_edge_in_sample");
  });
});

describe("seeds", () => {
  test("bound the median by two values that occurred: six are needed for 95 %", () => {
    expect(quantileBounds([1, 2, 3, 4, 5]).reason).toBe("too_few");
    expect(quantileBounds([6, 1, 2, 3, 4, 5]).value).toMatchObject({
      low: 1,
      high: 6,
      coverage: expect.closeTo(1 - 2 / 64, 12),
    });
    fc.assert(
      fc.property(fc.integer({ min: 6, max: 60 }), (n) => {
        const bounds = quantileBounds(Array.from({ length: n }, (_, index) => index)).value!;
        expect(bounds.coverage).toBeGreaterThanOrEqual(0.95);
        expect(bounds.low).toBeLessThan(bounds.high);
      }),
    );
  });

  test("that never change anything are called insensitive, and one alone decides nothing", () => {
    expect(seedSpread([[1, 2]]).reason).toBe("too_few");
    expect(
      seedSpread([
        [1, 2],
        [2, 1],
      ]).value,
    ).toMatchObject({ isInsensitive: true, std: 0 });
    const spread = seedSpread([
      [1, 2],
      [5, 2],
    ]).value!;
    expect(spread).toMatchObject({ isInsensitive: false, mean: 5 });
    // Totals 3 and 7 have variance 8; squares within are 5 and 29, 17 on average.
    expect(spread.betweenOverWithin.value).toBeCloseTo(8 / 17, 12);
  });

  test("name the intents that end differently", () => {
    const states = [
      new Map([
        ["a", "FILLED"],
        ["b", "BLOCKED"],
      ]),
      new Map([
        ["a", "FILLED"],
        ["b", "FILLED"],
        ["c", "FILLED"],
      ]),
    ];
    expect(fragileDecisions(states)).toEqual(["b", "c"]);
  });
});

describe("evidence and verdict", () => {
  const facts = { spanMs: 72 * HOUR_MS, episodes: 46, hours: 20, recordings: 3, regimes: 1, isDeclaredBefore: true };

  test.each([
    [{ ...facts, spanMs: 10 * 60_000 }, "E0", "changed N decisions"],
    [{ ...facts, episodes: 4 }, "E0", "changed N decisions"],
    [{ ...facts, episodes: 9 }, "E1", "first difference"],
    [{ ...facts, hours: 2 }, "E1", "first difference"],
    [{ ...facts, isDeclaredBefore: false }, "E2", "on this recording"],
    [{ ...facts, recordings: 1 }, "E2", "on this recording"],
    [{ ...facts, recordings: 1, regimes: 3 }, "E3", "in general"],
    [facts, "E3", "in general"],
  ] as const)("%o is %s", (given, badge, wording) => {
    const evidence = evidenceOf(given);
    expect(evidence).toMatchObject({ badge, wording, mayShowInterval: badge === "E2" || badge === "E3" });
  });

  const judge = (interval: readonly [number, number], isHigherBetter = true) =>
    verdictOf({ interval, margin: 1, isHigherBetter, badge: "E2" });

  test("better, worse, equal within margin and inconclusive follow from the interval and the margin", () => {
    expect(judge([1.1, 5])).toBe("better");
    expect(judge([1, 5])).toBe("inconclusive");
    expect(judge([-5, -1.1])).toBe("worse");
    expect(judge([-1, 1])).toBe("equal within margin");
    expect(judge([-1.1, 1])).toBe("inconclusive");
    expect(judge([1.1, 5], false)).toBe("worse");
    expect(judge([-5, -1.1], false)).toBe("better");
  });

  test("a ten-minute recording has no verdict, whatever its interval", () => {
    for (const badge of ["E0", "E1"] as const) {
      expect(verdictOf({ interval: [5, 6], margin: 0, isHigherBetter: true, badge })).toBe("not estimable");
    }
    expect(verdictOf({ interval: null, margin: 0, isHigherBetter: true, badge: "E3" })).toBe("not estimable");
    expect(() => verdictOf({ interval: null, margin: -1, isHigherBetter: true, badge: "E3" })).toThrow("0 or more");
  });

  test("every interval has exactly one verdict, and mirroring it mirrors the verdict", () => {
    const mirror: Readonly<Record<Verdict, Verdict>> = {
      better: "worse",
      worse: "better",
      "equal within margin": "equal within margin",
      inconclusive: "inconclusive",
      "not estimable": "not estimable",
    };
    const bound = fc.double({ min: -10, max: 10, noNaN: true });
    fc.assert(
      fc.property(bound, bound, (one, other) => {
        const [low, high] = one < other ? [one, other] : [other, one];
        expect(judge([low, high], false)).toBe(mirror[judge([low, high])]);
        expect(judge([-high, -low])).toBe(mirror[judge([low, high])]);
      }),
    );
  });

  test("a verdict that flips between profiles or seeds says so and names them", () => {
    const agreement = agreementOf([
      { name: "optimistic", verdict: "better" },
      { name: "neutral", verdict: "better" },
      { name: "adverse", verdict: "inconclusive" },
    ]);
    expect(agreement).toMatchObject({ verdict: "inconclusive", isFlipping: true });
    expect(agreement.casesByVerdict.get("inconclusive")).toEqual(["adverse"]);
    expect(agreementOf([{ name: "only", verdict: "worse" }])).toMatchObject({ verdict: "worse", isFlipping: false });
    expect(agreementOf([]).verdict).toBe("not estimable");
  });
});
