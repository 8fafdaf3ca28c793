import { describe, expect, test } from "vitest";
import { parseMoney } from "../../../src/engine/domain/money.ts";
import type { PlanAction } from "../../../src/engine/domain/plan.ts";
import { isCloseAction } from "../../../src/engine/governors/governor.ts";
import { checkLimits } from "../../../src/engine/pipeline/govern.ts";
import { evaluatePermit, type PermitRules } from "../../../src/engine/pipeline/permit.ts";
import { closeShareOf } from "../../../src/engine/pipeline/permit-stage.ts";
import { casesOf } from "../../vectors/pipeline-vectors.ts";

/** The origin's rules: whole-second ages up to 10, add-ons on the close path, one step for every symbol. */
const ORIGIN_RULES: PermitRules = {
  snapshotAgeMax: 10_000,
  executionCooldown: 15_000,
  qtyToleranceMin: 0.001,
  qtyTolerancePct: 0.01,
  positionEpsilon: 0.0001,
  isAddOnUncapped: true,
  fixedStep: 0.001,
};

function secondsToMs(value: unknown): number | null {
  return typeof value === "number" ? value * 1000 : null;
}

describe("P3.3 permits", () => {
  test.each(casesOf("p33_permit").map((one) => [one.label, one] as const))("%s", (_label, one) => {
    const action = one.text("action");
    const outcome = evaluatePermit(
      {
        snapshot:
          one.in["snapshot_present"] === true
            ? { qty: one.number("exchange_amt"), ageMs: one.number("snapshot_age_sec") * 1000 }
            : null,
        ledgerQty: one.in["ledger_last_known_amt"] as number | null,
        isReduceOnly: one.in["reduceOnly"] === true,
        closeShare: action === "" ? 1 : closeShareOf(action as PlanAction),
        sinceLastExecutionMs: secondsToMs(one.in["sec_since_last_exec"]),
        isOnHold: one.in["hold"] === true,
        addOnRoomQty: null,
      },
      ORIGIN_RULES,
    );
    expect(outcome.allow).toBe(one.out["allow"]);
    expect(outcome.reason).toBe(one.outText("reason"));
    // The origin spells "no bound" on the open path as 0; here it is null.
    if (outcome.allow) expect(outcome.safeQty ?? 0).toBeCloseTo(one.outNumber("safe_qty"), 9);
  });

  test("in strict behaviour give an add-on its own path with its own bound", () => {
    const rules = { ...ORIGIN_RULES, isAddOnUncapped: false, fixedStep: null };
    const input = {
      snapshot: { qty: 8.316, ageMs: 2000 },
      ledgerQty: 8.316,
      isReduceOnly: false,
      closeShare: 1,
      sinceLastExecutionMs: 60_000,
      isOnHold: false,
    };
    expect(evaluatePermit({ ...input, addOnRoomQty: 0.4 }, rules)).toEqual({
      allow: true,
      path: "add-on",
      safeQty: 0.4,
      reason: "sanity_checks_passed",
    });
    expect(evaluatePermit({ ...input, addOnRoomQty: 0 }, rules)).toMatchObject({
      allow: false,
      reason: "add_on_limit",
    });
  });

  test("refuse a snapshot one millisecond older than the limit", () => {
    const input = {
      snapshot: { qty: 0, ageMs: 10_001 },
      ledgerQty: null,
      isReduceOnly: false,
      closeShare: 1,
      sinceLastExecutionMs: null,
      isOnHold: false,
      addOnRoomQty: null,
    };
    expect(evaluatePermit(input, ORIGIN_RULES)).toMatchObject({ allow: false, reason: "stale_exchange_state" });
  });
});

describe("portfolio limits", () => {
  const limits = {
    openPositionsMax: 10,
    notionalPerTradeMaxQuote: parseMoney("200"),
    notionalTotalMaxQuote: parseMoney("2000"),
    symbolCooldown: 60_000,
    drawdownMax: 0.25,
  };

  const judged = casesOf("governor_testnet").filter((one) => one.text("decision") === "EXECUTE");

  test("cover the seven cases of the governor that reach a limit", () => {
    expect(judged).toHaveLength(7);
  });

  test.each(judged.map((one) => [one.label, one] as const))("%s", (_label, one) => {
    const reason = checkLimits(
      {
        isRiskIncreasing: !isCloseAction(one.text("action") as PlanAction),
        // The vectors do not say whether the symbol is open; a BUY of the governor counted as a new position.
        isNewPosition: one.text("side") === "BUY",
        killSwitch: one.in["kill"] === true ? "all" : "off",
        sinceLastEntryMs: secondsToMs(one.in["sec_since_last_exec"]),
        openPositions: one.number("open_positions"),
        planNotional: one.in["notional_mark"] as number | null,
        totalNotional: one.number("total_notional"),
        drawdown: 0,
      },
      limits,
    );
    expect(reason ?? "permit").toBe(one.outText("result"));
  });
});
