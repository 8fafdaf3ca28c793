import { describe, expect, test } from "vitest";
import { alphaOf, attributionConfidence, updateAlphaEwma } from "../../../src/engine/portfolio/attribution.ts";
import { casesOf } from "../../vectors/pipeline-vectors.ts";

const alphas = casesOf("p30_alpha").filter((one) => "alpha" in one.out);
const confidences = casesOf("p30_alpha").filter((one) => "confidence" in one.out);

describe("attribution", () => {
  test("has four alphas and three confidences to check", () => {
    expect([alphas.length, confidences.length]).toEqual([4, 3]);
  });

  test.each(alphas)("has the origin's alpha: $label", (one) => {
    expect(one.isNear(alphaOf(one.number("avg_pnl_usd")), "alpha")).toBe(true);
  });

  test.each(confidences)("has the origin's confidence: $label", (one) => {
    expect(one.isNear(attributionConfidence(one.number("trades"), one.number("window")), "confidence")).toBe(true);
  });

  test("stays between -1 and 1, and is odd around zero", () => {
    expect([alphaOf(1e9), alphaOf(-1e9)]).toEqual([1, -1]);
    expect(alphaOf(37)).toBeCloseTo(-alphaOf(-37), 12);
  });

  test("smooths with a weight of 0.3 and starts at its first value", () => {
    expect(updateAlphaEwma(null, 0.5)).toBe(0.5);
    expect(updateAlphaEwma(0, 1)).toBeCloseTo(0.3, 12);
  });
});
