import { describe, expect, test } from "vitest";
import { heatLevel, heatScore, moderateByHeat } from "../../../src/engine/portfolio/heat-gate.ts";
import { casesOf, groupOf } from "../../vectors/pipeline-vectors.ts";

const TS_MS = 1_769_991_622_785;
const CALM = { grossExposureUsd: 0, drawdownEwmaUsd: 0, lossBurstEwmaUsd: 0, feeBurdenEwmaUsd: 0, churnEwma: 0 };
const HOT = {
  ...CALM,
  grossExposureUsd: 4000,
  drawdownEwmaUsd: 200,
  lossBurstEwmaUsd: 200,
  feeBurdenEwmaUsd: 40,
  churnEwma: 0.8,
};
const FRESH = {
  action: "FULL_CLOSE_PROPOSED",
  inputs: CALM,
  asOfTsMs: TS_MS,
  tsMs: TS_MS,
  killScore: 0.75,
  isShadowHoldEnabled: false,
} as const;

const scored = casesOf("heat_gate_p26a").filter((one) => "heat_score" in one.out);

describe("heat gate", () => {
  test.each(scored)("scores and moderates as the origin's: $label", (one) => {
    const inputs = {
      grossExposureUsd: one.number("gross"),
      drawdownEwmaUsd: one.number("dd"),
      lossBurstEwmaUsd: one.number("burst"),
      feeBurdenEwmaUsd: one.number("fee"),
      churnEwma: one.number("churn"),
    };
    const outcome = moderateByHeat({ ...FRESH, inputs, action: one.text("in_action") });
    expect(one.isNear(outcome.score!, "heat_score"), `${outcome.score}`).toBe(true);
    expect(outcome.level).toBe(one.outText("heat_level"));
    expect(outcome.outAction).toBe(one.outText("out_action"));
  });

  test("fails closed without portfolio state (missing-state)", () => {
    const one = casesOf("heat_gate_p26a").find(({ id }) => id === "missing-state")!;
    const outcome = moderateByHeat({ ...FRESH, inputs: null, action: one.text("in_action") });
    expect(outcome).toMatchObject({
      outAction: one.outText("out_action"),
      reason: one.outText("reason"),
      level: one.outText("heat_level"),
    });
  });

  test("turns a missing action into UNKNOWN, and says so where the origin was silent (missing-action-field)", () => {
    const one = casesOf("heat_gate_p26a").find(({ id }) => id === "missing-action-field")!;
    const fresh = moderateByHeat({ ...FRESH, action: null });
    const failed = moderateByHeat({ ...FRESH, action: null, inputs: null });
    expect(fresh.inAction).toBe(one.outText("in_action"));
    expect(`${fresh.outAction} or ${failed.outAction}`).toBe(one.outText("out_action"));
    expect(fresh.reason).toBe("missing_action");
  });

  test("has all seven vectors behind it", () => {
    expect(scored.length + 2).toBe(groupOf("heat_gate_p26a").cases.length);
  });

  test("refuses a state without time, without a number for it, too old, or from the future", () => {
    const reasonAt = (asOfTsMs: number | null): string => moderateByHeat({ ...FRESH, asOfTsMs }).reason;
    expect(reasonAt(null)).toBe("FAIL-CLOSED(missing_ts)");
    expect(reasonAt(Number.NaN)).toBe("FAIL-CLOSED(invalid_ts)");
    expect(reasonAt(TS_MS - 600_001)).toBe("FAIL-CLOSED(stale_inputs)");
    expect(reasonAt(TS_MS + 1)).toBe("FAIL-CLOSED(stale_inputs)");
    expect(reasonAt(TS_MS - 600_000)).toBe("heat_cold");
    const broken = moderateByHeat({ ...FRESH, inputs: { ...CALM, churnEwma: Number.NaN } });
    expect(broken).toMatchObject({ outAction: "NOOP", reason: "FAIL-CLOSED(compute_error:not_a_number)" });
  });

  test("moderates nothing but a full close, however hot the book", () => {
    for (const action of ["PARTIAL_75", "UPDATE_SL", "UNKNOWN", "FULL_CLOSE"]) {
      expect(moderateByHeat({ ...FRESH, action, inputs: HOT }).outAction).toBe(action);
    }
  });

  test("holds a hot close in the shadow only where that is enabled and the score is low", () => {
    const hold = { ...FRESH, inputs: HOT, isShadowHoldEnabled: true };
    expect(moderateByHeat({ ...hold, killScore: 0.29 }).outAction).toBe("HOLD_CLOSE_SHADOW");
    expect(moderateByHeat({ ...hold, killScore: 0.3 }).outAction).toBe("PARTIAL_25_PROPOSED");
    expect(moderateByHeat({ ...hold, killScore: null }).outAction).toBe("PARTIAL_25_PROPOSED");
    expect(moderateByHeat({ ...FRESH, inputs: HOT, killScore: 0.1 }).outAction).toBe("PARTIAL_25_PROPOSED");
  });

  test("is warm from 0.45 and hot from 0.70", () => {
    expect([0.449, 0.45, 0.699, 0.7].map(heatLevel)).toEqual(["cold", "warm", "warm", "hot"]);
    expect(heatScore(CALM)).toBe(0);
  });
});
