import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { attribute, isReconciled } from "../../../src/reports/statistics/attribution.ts";
import { candidateCoverage, firstCoverDelays, ndcg } from "../../../src/reports/statistics/candidate-coverage.ts";
import { classify, confusionAt, curvesOf } from "../../../src/reports/statistics/classification.ts";
import { delayedExit, excursionOf } from "../../../src/reports/statistics/excursion.ts";
import {
  compareAtBlockRate,
  gateValue,
  riskCoverage,
  shiftTest,
  valueAtBlockRate,
} from "../../../src/reports/statistics/gate-value.ts";
import { brierTerms, isotonicReliability, logLoss, scoreGap } from "../../../src/reports/statistics/reliability.ts";
import { extremeIndices, triangleIndices } from "../../../src/reports/statistics/series-thinning.ts";
import { kaplanMeier, survivalQuantile } from "../../../src/reports/statistics/survival.ts";
import { lcg } from "./lcg.ts";

const pnl = fc.array(fc.integer({ min: -50, max: 50 }), { maxLength: 12 });

describe("the value of a gate", () => {
  test("lies between blocking the winners and the oracle, and chance has skill 0", () => {
    fc.assert(
      fc.property(pnl, pnl, (blocked, allowed) => {
        const value = gateValue(blocked, allowed);
        expect(value.netValue).toBeLessThanOrEqual(value.oracleNetValue);
        expect(value.netValue).toBe(value.lossAvoided - value.profitForgone);
        if (value.skill.value !== null) expect(value.skill.value).toBeLessThanOrEqual(1 + 1e-12);
      }),
    );
    expect(gateValue([-1, 1], [-1, 1]).skill.value).toBe(0);
    expect(gateValue([-4, -2], [3]).skill.value).toBe(1);
  });

  test("of no episodes and of a gate that blocks nothing is null where there is no denominator", () => {
    expect(gateValue([], []).blockRate.reason).toBe("no_episode");
    expect(gateValue([], [5]).efficiency.reason).toBe("no_block");
    expect(gateValue([0], [5]).efficiency.reason).toBe("no_pnl");
    expect(gateValue([], [5, -5])).toMatchObject({ netValue: 0, randomNetValue: 0, oracleNetValue: 5 });
  });

  test("is significant by shifting its blocks in time only when they hit the losses", () => {
    const episodes = Array.from({ length: 60 }, (_, index) => ({
      evalType: "ENTRY",
      isBlocked: index >= 20 && index < 30,
      shadowQuote: index >= 20 && index < 30 ? -5 : 1,
    }));
    const hit = shiftTest(episodes, { random: lcg(1) }).value!;
    expect(hit.netValue).toBe(50);
    // Only the unshifted pattern is as good: one shift in sixty.
    expect(hit.pOneSided).toBeLessThan(0.04);
    const miss = episodes.map((episode, index) => ({ ...episode, isBlocked: index < 10 }));
    expect(shiftTest(miss, { random: lcg(1) }).value!.pOneSided).toBeGreaterThan(0.5);
    expect(
      shiftTest(
        episodes.map((each) => ({ ...each, isBlocked: false })),
        { random: lcg(1) },
      ).reason,
    ).toBe("no_block");
    expect(
      shiftTest(
        episodes.map((each) => ({ ...each, isBlocked: true })),
        { random: lcg(1) },
      ).reason,
    ).toBe("all_blocked");
  });
});

describe("two governors on different scales", () => {
  const shadow = [5, -3, 2, -8, 1, -1];

  test("with the same order of episodes are equal at every block rate, whatever their scale", () => {
    const scores = [0.1, 0.7, 0.2, 0.9, 0.3, 0.6];
    const zScores = scores.map((score) => 40 * score ** 3 - 7);
    for (const blockRate of [0, 0.2, 0.5, 1]) {
      const matched = compareAtBlockRate({ baselineScores: scores, candidateScores: zScores, shadow, blockRate })
        .value!;
      expect(matched.difference).toBe(0);
    }
    expect(valueAtBlockRate(scores, shadow, 0.5).value).toBe(12);
    expect(valueAtBlockRate(scores, shadow, 1).value).toBe(4);
    expect(valueAtBlockRate([], [], 0.5).reason).toBe("no_episode");
  });

  test("share the cutoff's ties in proportion, so a constant score is worth what chance is worth", () => {
    const constant = new Array<number>(6).fill(0.5);
    expect(valueAtBlockRate(constant, shadow, 0.5).value).toBeCloseTo(
      gateValue([5, -3, 2], [-8, 1, -1]).randomNetValue,
      12,
    );
  });

  test("are read along the whole risk-coverage curve, which ends at allowing all", () => {
    const curve = riskCoverage([0.1, 0.7, 0.2, 0.9, 0.3, 0.6], shadow).value!;
    expect(curve.map(({ coverage }) => coverage)).toEqual([1, 2, 3, 4, 5, 6].map((n) => n / 6));
    expect(curve[2]).toMatchObject({ cutoff: 0.3, meanPnl: 8 / 3, cvar95: 1, netValue: 12 });
    expect(curve.at(-1)).toMatchObject({ coverage: 1, netValue: 0, cvar95: -8 });
  });
});

describe("the score as a predictor", () => {
  const forecasts = fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.boolean()), {
    minLength: 1,
    maxLength: 60,
  });

  test("the Brier identity holds to 1e-12 for any scores, bin edges and 1 included", () => {
    fc.assert(
      fc.property(forecasts, (pairs) => {
        const terms = brierTerms({
          scores: pairs.map(([score]) => score),
          outcomes: pairs.map(([, isTrue]) => (isTrue ? 1 : 0)),
        }).value!;
        const sum =
          terms.reliability -
          terms.resolution +
          terms.uncertainty +
          terms.withinBinVariance -
          terms.withinBinCovariance;
        expect(Math.abs(sum - terms.brier)).toBeLessThan(1e-12);
        expect(terms.bins.reduce((count, { n }) => count + n, 0)).toBe(pairs.length);
      }),
    );
  });

  test("a score beyond [0, 1] is no probability, and certainty that failed has no logarithmic loss", () => {
    expect(brierTerms({ scores: [1.2], outcomes: [1] }).reason).toBe("not_in_unit_interval");
    expect(logLoss({ scores: [1], outcomes: [0] }).reason).toBe("certain_and_wrong");
    expect(brierTerms({ scores: [], outcomes: [] }).reason).toBe("no_evaluation");
  });

  test("isotonic frequencies never fall, and keep the number of events", () => {
    fc.assert(
      fc.property(forecasts, (pairs) => {
        const outcomes = pairs.map(([, isTrue]) => (isTrue ? (1 as const) : (0 as const)));
        const points = isotonicReliability({ scores: pairs.map(([score]) => score), outcomes }).value!;
        points.forEach((point, index) => {
          if (index > 0) expect(point.frequency).toBeGreaterThanOrEqual(points[index - 1]!.frequency);
        });
        const events = points.reduce((sum, { n, frequency }) => sum + n * frequency, 0);
        expect(events).toBeCloseTo(outcomes.filter((outcome) => outcome === 1).length, 9);
      }),
    );
  });

  test("the ROC area is 0.5 for ties, 1 for a perfect order, and null for one class", () => {
    expect(curvesOf([1, 1, 1], [true, false, true]).value?.rocArea).toBe(0.5);
    expect(curvesOf([1, 2, 3], [false, false, true]).value?.rocArea).toBe(1);
    expect(curvesOf([1, 2], [true, true]).reason).toBe("one_class");
  });

  test("a gate that blocks nothing has no precision", () => {
    const measures = classify(confusionAt([0.1, 0.2], [true, false], 0.9));
    expect(measures.precision).toEqual({ value: null, reason: "no_block" });
    expect(measures.recall.value?.share).toBe(0);
    expect(measures.matthews.reason).toBe("empty_margin");
  });

  test("two clusters with nothing between are recognised: a cutoff there is a switch", () => {
    const clusters = [0.1, 0.12, 0.15, 0.75, 0.76, 0.8];
    expect(scoreGap(clusters)).toEqual({ from: 0.15, to: 0.75, shareBelow: 0.5 });
    expect(scoreGap(Array.from({ length: 20 }, (_, index) => index / 20))).toBeNull();
    expect(scoreGap([])).toBeNull();
  });
});

describe("exit delays", () => {
  test("without censoring are the empirical shares, and the restricted mean is the mean", () => {
    const survival = kaplanMeier([4, 1, 3, 2].map((seconds) => ({ seconds, isCensored: false }))).value!;
    expect(survival.steps.map((step) => step.survival)).toEqual([0.75, 0.5, 0.25, 0]);
    expect(survival.restrictedMean).toBeCloseTo(2.5, 12);
    expect(survival.median.value).toBe(2);
  });

  test("that mostly never ended have no median, instead of the largest one seen", () => {
    const survival = kaplanMeier([
      { seconds: 5, isCensored: false },
      { seconds: 60, isCensored: true },
      { seconds: 60, isCensored: true },
    ]).value!;
    expect(survival.median).toEqual({ value: null, reason: "not_reached" });
    expect(survivalQuantile(survival.steps, 0.3).value).toBe(5);
    expect(survival).toMatchObject({ ended: 1, censored: 2, restrictedMean: expect.closeTo(5 + (55 * 2) / 3, 9) });
    expect(kaplanMeier([]).reason).toBe("no_delay");
  });

  test("end before a censoring of the same length", () => {
    const { steps } = kaplanMeier([
      { seconds: 5, isCensored: true },
      { seconds: 5, isCensored: false },
    ]).value!;
    expect(steps).toEqual([expect.objectContaining({ seconds: 5, survival: 0.5, atRisk: 2 })]);
  });

  test("cost price, funding and fees; an exit that never came is valued at the last mark and flagged", () => {
    const marks = [
      { tsMs: 0, price: 100 },
      { tsMs: 10_000, price: 90 },
      { tsMs: 20_000, price: 95 },
    ];
    const wanted = { positionSide: "LONG", qty: 2, wantedPrice: 100, marks, fundingPaid: 0.5, extraFees: 0.1 } as const;
    expect(delayedExit({ ...wanted, exitPrice: 96 }).value).toEqual({
      delayCost: 8.6,
      exposureQuoteSeconds: 2 * 100 * 10 + 2 * 90 * 10,
      worstOpenLoss: -20,
      isCensored: false,
    });
    expect(delayedExit({ ...wanted, exitPrice: null }).value).toMatchObject({ delayCost: 10.6, isCensored: true });
    expect(delayedExit({ ...wanted, exitPrice: null, marks: [] }).reason).toBe("no_price");
    expect(delayedExit({ ...wanted, positionSide: "SHORT", exitPrice: 96 }).value?.delayCost).toBeCloseTo(-7.4, 12);
  });

  test("excursions of both sides mirror each other, and costs come off", () => {
    expect(
      excursionOf({ side: "BUY", startPrice: 100, pathAfter: [110, 105], costRoundTrip: 0.01 }).value,
    ).toMatchObject({
      mae: 0,
      mfe: expect.closeTo(0.09, 12),
      endDrawdown: expect.closeTo(0.05, 12),
    });
    expect(excursionOf({ side: "SELL", startPrice: 100, pathAfter: [] }).reason).toBe("no_price");
  });
});

describe("candidates", () => {
  const tick = (tsMs: number, needed: string[], candidates: string[]) => ({
    tsMs,
    needed: new Set(needed),
    candidates,
  });

  test("are held against the ceiling of K, and nothing needed is null", () => {
    const coverage = candidateCoverage([tick(0, ["A", "B", "C", "D"], ["A", "B"])], 2);
    expect(coverage).toMatchObject({
      microRecall: { value: 0.5 },
      cappedRecall: { value: 1 },
      ceiling: { value: 0.5 },
    });
    expect(candidateCoverage([tick(0, [], ["A"])], 2).microRecall).toEqual({ value: null, reason: "nothing_needed" });
    expect(candidateCoverage([], 2).precision.reason).toBe("no_tick");
  });

  test("show who starved longest and how much the choice churned", () => {
    const coverage = candidateCoverage(
      [tick(0, ["A", "B"], ["A"]), tick(60_000, ["A", "B"], ["A"]), tick(120_000, ["B"], ["B"])],
      1,
    );
    expect(coverage.longestStarvation).toEqual({ symbol: "B", ms: 60_000 });
    expect(coverage.churn.value).toBe(0.5);
  });

  test("cover a need after a delay, and one that ends uncovered is censored, not forgotten", () => {
    const ticks = [
      tick(0, ["A", "B", "C"], ["A"]),
      tick(60_000, ["A", "B"], ["B"]),
      tick(120_000, ["A", "B", "D"], ["A"]),
      tick(180_000, ["A", "D"], ["A"]),
    ];
    expect(firstCoverDelays(ticks, 1)).toEqual([
      { seconds: 0, isCensored: false },
      { seconds: 60, isCensored: true },
      { seconds: 60, isCensored: false },
      { seconds: 60, isCensored: true },
    ]);
    expect(firstCoverDelays([], 1)).toEqual([]);
  });

  test("with equal scores do not depend on their order, and nothing relevant is null", () => {
    expect(ndcg([1, 0], [5, 5]).value).toBe(ndcg([0, 1], [5, 5]).value);
    expect(ndcg([0, 0], [1, 2]).reason).toBe("nothing_relevant");
  });
});

describe("attribution", () => {
  test("reconciles to the unit: actual - ungoverned = sum of rules + interaction", () => {
    const quote = fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n });
    fc.assert(
      fc.property(quote, quote, fc.array(quote, { maxLength: 8 }), (actualQuote, ungovernedQuote, amounts) => {
        const effects = amounts.map((effectQuote, index) => ({ rule: `rule ${index}`, effectQuote }));
        const attribution = attribute({ actualQuote, ungovernedQuote, effects });
        expect(isReconciled(attribution)).toBe(true);
        expect(attribute({ actualQuote, ungovernedQuote, effects: [...effects].reverse() })).toEqual(attribution);
        const off = { ...attribution, interactionQuote: attribution.interactionQuote + 1n };
        expect(isReconciled(off)).toBe(false);
      }),
    );
  });

  test("of one rule twice is refused: its effect would vanish in the interaction", () => {
    const effects = [
      { rule: "kill_score", effectQuote: 1n },
      { rule: "kill_score", effectQuote: 2n },
    ];
    expect(() => attribute({ actualQuote: 0n, ungovernedQuote: 0n, effects })).toThrow("it is given twice");
  });
});

describe("thinning for charts", () => {
  test("by extremes loses no minimum, no maximum and no decision", () => {
    const values = fc.array(fc.integer({ min: -100, max: 100 }), { minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(values, (list) => {
        const points = list.map((y, x) => ({ x, y }));
        const kept = extremeIndices(points, 8, [Math.floor(list.length / 3)]);
        const levels = kept.map((index) => points[index]!.y);
        expect(Math.min(...levels)).toBe(Math.min(...list));
        expect(Math.max(...levels)).toBe(Math.max(...list));
        expect(kept).toContain(Math.floor(list.length / 3));
        expect(kept.length).toBeLessThanOrEqual(33);
      }),
    );
  });

  test("leaves a short series alone and refuses fewer than three points", () => {
    expect(triangleIndices([{ x: 0, y: 1 }], 3)).toEqual([0]);
    expect(() => triangleIndices([], 2)).toThrow("3 or more are needed");
  });
});
