import { describe, expect, test } from "vitest";
import { calibrateByHeat, heatBucket, portfolioHeat } from "../../../src/engine/portfolio/portfolio-heat.ts";
import { casesOf } from "../../vectors/pipeline-vectors.ts";

/** The word the origin's gate knew. */
const ORIGIN_WORD = "FULL_CLOSE";

describe("portfolio heat", () => {
  test.each(casesOf("portfolio_heat_p26b"))("calibrates as the origin's gate: $label", (one) => {
    const pairs = one.in["positions_notional_sigma"] as readonly (readonly [number, number])[] | undefined;
    const heat =
      pairs === undefined
        ? one.outNumber("heat")
        : portfolioHeat(
            pairs.map(([notional, sigma]) => ({ notional, sigma })),
            one.number("equity_usd"),
          );
    expect(one.isNear(heat, "heat"), `${heat}`).toBe(true);
    const calibrated = calibrateByHeat({ action: one.text("action"), heat, fullCloseWord: ORIGIN_WORD });
    expect({
      bucket: calibrated.bucket,
      calibrated_action: calibrated.action,
      reason: calibrated.reason,
    }).toEqual({
      bucket: one.outText("bucket"),
      calibrated_action: one.outText("calibrated_action"),
      reason: one.outText("reason"),
    });
  });

  test("moderates the kernel's word once gate and kernel speak the same language", () => {
    const at = (heat: number) =>
      calibrateByHeat({ action: "FULL_CLOSE_PROPOSED", heat, fullCloseWord: "FULL_CLOSE_PROPOSED" });
    expect(at(0.2)).toMatchObject({ action: "PARTIAL_25", reason: "portfolio_heat_cold" });
    expect(at(0.3)).toMatchObject({ action: "PARTIAL_75", reason: "portfolio_heat_warm" });
    expect(at(0.7)).toMatchObject({ action: "FULL_CLOSE_PROPOSED", reason: "portfolio_heat_hot" });
  });

  test("is warm from 0.25, hot from 0.65, hot without equity and cold without positions", () => {
    expect([0.249, 0.25, 0.649, 0.65].map(heatBucket)).toEqual(["COLD", "WARM", "WARM", "HOT"]);
    expect(heatBucket(portfolioHeat([{ notional: -100, sigma: 0.1 }], 0))).toBe("HOT");
    expect(portfolioHeat([], 0)).toBe(0);
  });

  test("counts shorts as it counts longs", () => {
    expect(portfolioHeat([{ notional: -1800, sigma: 0.15 }], 10_000)).toBeCloseTo(0.027, 12);
  });
});
