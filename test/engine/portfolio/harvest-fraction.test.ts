import { describe, expect, test } from "vitest";
import { harvestFraction, riskScale } from "../../../src/engine/portfolio/harvest-fraction.ts";
import { casesOf } from "../../vectors/pipeline-vectors.ts";

describe("harvest fraction", () => {
  test.each(casesOf("harvest_brain_fraction"))("is the origin's: $label", (one) => {
    expect(one.isNear(riskScale(one.number("risk_pct")), "scale")).toBe(true);
    expect(one.isNear(harvestFraction(one.number("risk_pct"), one.number("base_fraction")), "fraction")).toBe(true);
  });

  test("stays within 0.1 and 0.5", () => {
    expect(harvestFraction(0.5, 0.9)).toBe(0.5);
    expect(harvestFraction(3, 0.1)).toBe(0.1);
  });
});
