import { describe, expect, test } from "vitest";
import {
  concentration,
  gateByPortfolio,
  normalisedHeat,
  portfolioStress,
} from "../../../src/engine/portfolio/portfolio-gate.ts";
import { casesOf, groupOf } from "../../vectors/pipeline-vectors.ts";

const policies = casesOf("portfolio_gate_p26c").filter((one) => "final_action" in one.out);
const byId = (id: string) => casesOf("portfolio_gate_p26c").find((one) => one.id === id)!;
const OPEN = { isInAllowlist: true, hasFreshSnapshot: true, isInCooldown: false, killScore: 0.7, stress: 0.6 };

describe("portfolio gate", () => {
  test("has all eight vectors behind it", () => {
    expect(policies.length + 3).toBe(groupOf("portfolio_gate_p26c").cases.length);
  });

  test.each(policies)("decides as the origin's: $label", (one) => {
    const outcome = gateByPortfolio({
      ...OPEN,
      action: one.text("action"),
      stress: one.number("stress"),
      killScore: one.number("kill_score"),
      isInCooldown: one.in["cooldown"] === true,
    });
    expect({
      final_action: outcome.finalAction,
      gate_reason: outcome.reason,
      permit: outcome.isPermitted,
    }).toEqual(one.out);
  });

  test("has the documented stress when everything is long (all-long)", () => {
    const one = byId("all-long");
    const stress = portfolioStress({
      heat: one.number("heat_norm"),
      concentration: one.number("concentration"),
      correlation: one.number("K"),
    });
    expect(one.isNear(stress, "stress"), `${stress}`).toBe(true);
  });

  test("finds no heat and no stress in an empty book (flat-book)", () => {
    const one = byId("flat-book");
    const heat = normalisedHeat([]);
    expect(one.isNear(heat, "heat_norm")).toBe(true);
    const stress = portfolioStress({ heat, concentration: concentration([]), correlation: 0 });
    expect(one.isNear(stress, "stress")).toBe(true);
    expect(normalisedHeat([{ notional: 0, sigma: 1 }])).toBe(0);
  });

  test("is always at full heat with the origin's sigma of 1, and not with a real one (sigma-one-normalisation)", () => {
    const one = byId("sigma-one-normalisation");
    for (const notional of [0.01, 100, -5000]) {
      expect(one.isNear(normalisedHeat([{ notional, sigma: one.number("sigma") }]), "heat_norm")).toBe(true);
    }
    // (0.2 - 0.05) / 0.3
    expect(normalisedHeat([{ notional: 100, sigma: 0.2 }])).toBeCloseTo(0.5, 12);
  });

  test("measures concentration as net over gross", () => {
    const of = (...notionals: number[]) => concentration(notionals.map((notional) => ({ notional, sigma: 0.1 })));
    expect([of(100, 50), of(-100), of(100, -100), of(300, -100)]).toEqual([1, 1, 0, 0.5]);
  });

  test("asks allowlist before state, state before cooldown, cooldown before stress", () => {
    const panicked = { ...OPEN, action: "FULL_CLOSE_PROPOSED", stress: 0.1, isInCooldown: true };
    expect(gateByPortfolio({ ...panicked, hasFreshSnapshot: false, isInAllowlist: false }).reason).toBe("not_allowed");
    expect(gateByPortfolio({ ...panicked, hasFreshSnapshot: false })).toEqual({
      finalAction: "HOLD",
      reason: "fail_closed_portfolio_state",
      isPermitted: false,
    });
    expect(gateByPortfolio(panicked).reason).toBe("cooldown_downgrade");
    expect(gateByPortfolio({ ...panicked, isInCooldown: false }).reason).toBe("forbid_full_close_portfolio_cold");
  });

  test("lets a hard kill score close three quarters of a calm book", () => {
    const hard = { ...OPEN, action: "FULL_CLOSE_PROPOSED", stress: 0.54, killScore: 0.85 };
    expect(gateByPortfolio(hard)).toMatchObject({
      finalAction: "PARTIAL_75",
      reason: "forbid_full_close_portfolio_cold_ks_hard",
    });
    expect(gateByPortfolio({ ...hard, stress: 0.55 })).toMatchObject({ finalAction: "FULL_CLOSE_PROPOSED" });
  });

  test("goes down the ladder one step a time in cooldown and stops at HOLD", () => {
    let action = "FULL_CLOSE_PROPOSED";
    const path: string[] = [];
    for (let lap = 0; lap < 5; lap++) {
      action = gateByPortfolio({ ...OPEN, action, isInCooldown: true }).finalAction;
      path.push(action);
    }
    expect(path).toEqual(["PARTIAL_75", "PARTIAL_50", "PARTIAL_25", "HOLD", "HOLD"]);
    expect(gateByPortfolio({ ...OPEN, action: "UPDATE_SL", isInCooldown: true })).toMatchObject({
      finalAction: "UPDATE_SL",
      reason: "pass",
    });
  });

  test("fails closed on a stress that is no number", () => {
    expect(gateByPortfolio({ ...OPEN, action: "PARTIAL_25", stress: Number.NaN }).isPermitted).toBe(false);
  });
});
