import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { killComponents, killScore, killScoreMax, logit } from "../../../src/engine/formulas/kill-score.ts";
import { killScoreSchema } from "../../../src/engine/policy.ts";
import { casesOf, groupOf, type ReadableCase } from "../../vectors/pipeline-vectors.ts";

const defaults = killScoreSchema.parse({});

function componentsOf(one: ReadableCase) {
  return {
    regimeFlip: one.number("regime_flip"),
    sigmaSpike: one.number("sigma_spike"),
    tsDrop: one.number("ts_drop"),
    agePenalty: one.number("age_penalty"),
  };
}

function weightsOf(groupId: string) {
  const params = groupOf(groupId).params as Record<string, number>;
  return {
    regimeFlip: params["regime_flip"]!,
    sigmaSpike: params["sigma_spike"]!,
    tsDrop: params["ts_drop"]!,
    agePenalty: params["age_penalty"]!,
  };
}

describe("kill score", () => {
  test("has the kernel's weights and references as defaults", () => {
    expect(defaults.weights).toEqual(weightsOf("kill_score_v1"));
    const { params } = groupOf("kill_components");
    expect({
      trend_min: defaults.trendMin,
      sigma_ref: defaults.sigmaRef,
      sigma_spike_cap: defaults.sigmaSpikeMax,
      ts_ref: defaults.tsRef,
      ts_drop_cap: defaults.tsDropMax,
      max_age_sec: defaults.ageMax / 1000,
    }).toEqual(params);
  });

  for (const group of ["kill_score_v1", "kill_score_policy_2026_02_03"]) {
    test.each(casesOf(group))(`equals the origin's: ${group} $label`, (one) => {
      const { score } = killScore(componentsOf(one), weightsOf(group));
      expect(one.isNear(score, "kill_score"), `${score}`).toBe(true);
    });
  }

  test.each(casesOf("kill_components"))("is made of the origin's components: $label", (one) => {
    const components = killComponents(
      {
        sigma: one.number("sigma"),
        trendStrength: one.number("ts"),
        pTrend: one.number("p_trend"),
        pMeanReversion: one.number("p_mr"),
        pChop: one.number("p_chop"),
        ageSec: one.number("age_sec"),
      },
      defaults,
    );
    const { score } = killScore(components, defaults.weights);
    for (const [field, value] of [
      ["regime_flip", components.regimeFlip],
      ["sigma_spike", components.sigmaSpike],
      ["ts_drop", components.tsDrop],
      ["age_penalty", components.agePenalty],
      ["kill_score", score],
    ] as const) {
      expect(one.isNear(value, field), `${field} ${value}`).toBe(true);
    }
  });

  test.each(casesOf("kill_thresholds"))("has thresholds on the scale of its terms: $label", (one) => {
    const threshold = one.number("K");
    const flipAlone = { regimeFlip: 1, sigmaSpike: 0, tsDrop: 0, agePenalty: 0 };
    expect(one.isNear(logit(threshold), "z")).toBe(true);
    expect(killScore(flipAlone, defaults.weights).score > threshold).toBe(one.out["regime_flip_alone_exceeds"]);
    expect(killScoreMax(defaults) >= threshold).toBe(one.out["reachable"]);
  });

  test("reaches 0.920561 at most, because trend strength is never negative", () => {
    expect(killScoreMax(defaults)).toBeCloseTo(0.920561, 6);
  });

  test("is at least 0.5, at most its maximum, and its logit is the sum of its terms", () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(share, share, share, share, share, fc.double({ min: 0, max: 1e9, noNaN: true }), (...values) => {
        const [sigma, trendStrength, pTrend, pMeanReversion, pChop, ageSec] = values;
        const inputs = { sigma, trendStrength, pTrend, pMeanReversion, pChop, ageSec };
        const result = killScore(killComponents(inputs, defaults), defaults.weights);
        expect(result.score).toBeGreaterThanOrEqual(0.5);
        expect(result.score).toBeLessThanOrEqual(killScoreMax(defaults));
        expect(logit(result.score)).toBeCloseTo(result.logit, 9);
      }),
      { numRuns: 200, seed: 11 },
    );
  });
});
