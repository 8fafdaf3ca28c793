import { describe, expect, test } from "vitest";
import type { PlanAction } from "../../../src/engine/domain/plan.ts";
import { stepOf } from "../../../src/engine/formulas/apply-steps.ts";
import { createGovernor, governorSchema } from "../../../src/engine/governors/index.ts";
import { casesOf } from "../../vectors/pipeline-vectors.ts";
import { driversOf, scoreOf } from "../governors/drivers.ts";

/** The origin's gate judges words outside our vocabulary too: they are risk to it. */
function judge(governorChoice: object, action: string, score: number) {
  const plan = {
    evalType: "EXIT" as const,
    action: action as PlanAction,
    symbol: "BTCUSDT",
    isRiskReducing: action === "FULL_CLOSE_PROPOSED" || action.startsWith("PARTIAL_"),
    killScore: scoreOf(score, 1),
  };
  return createGovernor(governorSchema.parse(governorChoice)).judge(plan, driversOf({ killScore: score }), true);
}

describe("the Apply Layer at the seed, as fixed-threshold with close-self-veto and the steps", () => {
  test.each(casesOf("apply_gate_seed"))("ends as recorded: $label", (one) => {
    const action = one.text("action");
    const verdict = judge({ name: "fixed-threshold" }, action, one.number("kill_score"));
    const step = stepOf(action);
    const outcome =
      verdict.decision === "EXECUTE" && step.kind === "none"
        ? { decision: step.decision, reason_code: step.reasonCode }
        : {
            decision: verdict.decision,
            // Below the warning the origin writes no reason; our verdict always names one.
            reason_code: verdict.reasonCode === "kill_score_ok" ? "" : verdict.reasonCode,
          };
    expect(outcome).toEqual(one.out);
  });
});

describe("the Apply Layer after the separation, as entry-exit-separation with close-self-veto", () => {
  test.each(casesOf("apply_gate_entry_exit_separation"))("gates as recorded: $label", (one) => {
    const choice = { name: "entry-exit-separation", params: { closeThreshold: one.number("K_CLOSE_THRESHOLD") } };
    const verdict = judge(choice, one.text("action"), one.number("kill_score"));
    expect({ gate_decision: verdict.decision, reason_code: verdict.reasonCode }).toEqual(one.out);
  });
});

describe("the step of an action", () => {
  test("closes 100, 75 or 50 percent", () => {
    expect(stepOf("FULL_CLOSE_PROPOSED")).toEqual({ kind: "close", step: "CLOSE_FULL", pct: 100 });
    expect(stepOf("PARTIAL_75")).toEqual({ kind: "close", step: "CLOSE_PARTIAL_75", pct: 75 });
    expect(stepOf("PARTIAL_50")).toEqual({ kind: "close", step: "CLOSE_PARTIAL_50", pct: 50 });
  });

  test("moves a stop only when the plan carries one", () => {
    expect(stepOf("UPDATE_SL", 100.2)).toEqual({ kind: "move-stop", step: "UPDATE_SL", stopPrice: 100.2 });
    expect(stepOf("UPDATE_SL")).toMatchObject({ decision: "ERROR", reasonCode: "missing_new_sl" });
  });

  test("is nothing for HOLD, and an error for every word it does not know", () => {
    expect(stepOf("HOLD")).toMatchObject({ decision: "SKIP", reasonCode: "action_hold" });
    for (const word of ["PARTIAL_25", "NONE", "UNKNOWN", "NOOP", "FULL_CLOSE", "PARTIAL_75_PROPOSED", ""]) {
      expect(stepOf(word)).toEqual({ kind: "none", decision: "ERROR", reasonCode: `unknown_action_${word}` });
    }
  });
});
