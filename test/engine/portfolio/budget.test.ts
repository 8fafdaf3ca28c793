import { describe, expect, test } from "vitest";
import { budgetStress, symbolBudgetUsd, VOLATILITY_STRESS } from "../../../src/engine/portfolio/budget.ts";
import { casesOf } from "../../vectors/pipeline-vectors.ts";

describe("symbol budget", () => {
  test.each(casesOf("p28_budget"))("is the origin's: $label", (one) => {
    const stress = budgetStress({
      heat: one.number("heat"),
      cluster: one.number("cluster_stress"),
      volatility: one.number("vol"),
    });
    expect(stress).toBeCloseTo(one.outNumber("stress"), 9);
    const budgetUsd = symbolBudgetUsd(one.number("equity"), stress);
    expect(one.isNear(budgetUsd, "budget_usd"), `${budgetUsd}`).toBe(true);
  });

  test("weighs heat and cluster 0.4 each, volatility 0.2", () => {
    expect(budgetStress({ heat: 1, cluster: 0, volatility: 0 })).toBe(0.4);
    expect(budgetStress({ heat: 0, cluster: 1, volatility: 0 })).toBe(0.4);
    expect(budgetStress({ heat: 0, cluster: 0, volatility: VOLATILITY_STRESS.EXTREME })).toBe(0.2);
    expect(VOLATILITY_STRESS).toEqual({ LOW: 0, NORMAL: 0.33, HIGH: 0.67, EXTREME: 1 });
  });

  test("stays within 500 and 10,000 whatever the stress", () => {
    expect(symbolBudgetUsd(1e9, 0)).toBe(10_000);
    expect(symbolBudgetUsd(1e9, 1)).toBe(500);
    expect(symbolBudgetUsd(0, 0)).toBe(500);
  });
});
