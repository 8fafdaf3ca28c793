import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { costPerUnit, harvestAction, riskUnit, rNet, rNetOrigin } from "../../../src/engine/formulas/r-net.ts";
import { casesOf } from "../../vectors/pipeline-vectors.ts";

const LADDER = { partial25R: 2, partial50R: 4, partial75R: 6 };

const kernelCases = casesOf("r_net").filter((one) => one.status !== "computed-defect" && "stop_dist_pct" in one.in);

describe("R net", () => {
  test("has a vector for every kind of case", () => {
    expect(kernelCases).toHaveLength(8);
  });

  test.each(kernelCases)("of one unit equals the origin's, with its rung: $label", (one) => {
    const inputs = {
      entryPrice: one.number("entry_price"),
      stopDistancePct: one.number("stop_dist_pct"),
      costRate: 0.001,
    };
    const profit = one.number("unrealized_pnl");
    const strict = rNet({ ...inputs, unrealizedPnlPerUnit: profit });
    expect(one.isNear(strict, "R_net"), `${strict}`).toBe(true);
    expect(rNetOrigin({ ...inputs, unrealizedPnl: profit })).toBe(strict);
    expect(one.isNear(riskUnit(inputs), "risk_unit")).toBe(true);
    expect(one.isNear(costPerUnit(inputs), "cost_est")).toBe(true);
    expect(harvestAction(strict, LADDER)).toBe(one.outText("harvest_action"));
  });

  test("of the origin grows with the quantity; ours does not (unit-mismatch-qty-100)", () => {
    const one = casesOf("r_net").find(({ id }) => id === "unit-mismatch-qty-100")!;
    const inputs = {
      entryPrice: one.number("entry_price"),
      stopDistancePct: one.number("stop_dist_pct"),
      costRate: 0.001,
    };
    const profit = one.number("unrealized_pnl");
    const origin = rNetOrigin({ ...inputs, unrealizedPnl: profit });
    expect(one.isNear(origin, "R_net"), `${origin}`).toBe(true);
    expect(harvestAction(origin, LADDER)).toBe(one.outText("harvest_action"));
    expect(rNet({ ...inputs, unrealizedPnlPerUnit: profit / one.number("note_qty") })).toBeCloseTo(2.45, 9);
  });

  test("of the worked trade is 3.5 only without the cost its later rows forgot; with it 3.45", () => {
    const one = casesOf("r_net").find(({ id }) => id === "report-t8h-no-cost")!;
    const inputs = {
      entryPrice: one.number("entry_price"),
      stopDistancePct: one.number("risk_usd") / one.number("entry_price"),
      unrealizedPnlPerUnit: one.number("pnl_remaining"),
    };
    expect(one.isNear(rNet({ ...inputs, costRate: 0 }), "R_net")).toBe(true);
    expect(rNet({ ...inputs, costRate: 0.001 })).toBeCloseTo(3.45, 9);
  });

  test("climbs the ladder at its edges: 2, 4 and 6 belong to the higher rung", () => {
    expect([1.999, 2, 3.999, 4, 5.999, 6].map((r) => harvestAction(r, LADDER))).toEqual([
      "NONE",
      "PARTIAL_25",
      "PARTIAL_25",
      "PARTIAL_50",
      "PARTIAL_50",
      "PARTIAL_75",
    ]);
  });

  test("stays finite without a stop distance and grows with profit", () => {
    const profit = fc.double({ min: -1e4, max: 1e4, noNaN: true });
    fc.assert(
      fc.property(profit, profit, fc.double({ min: 0, max: 0.5, noNaN: true }), (one, other, stopDistancePct) => {
        const at = (unrealizedPnlPerUnit: number): number =>
          rNet({ entryPrice: 100, stopDistancePct, costRate: 0.001, unrealizedPnlPerUnit });
        expect(Number.isFinite(at(one))).toBe(true);
        expect(at(Math.max(one, other))).toBeGreaterThanOrEqual(at(Math.min(one, other)));
      }),
      { numRuns: 200, seed: 12 },
    );
  });
});
