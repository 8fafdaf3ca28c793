import { describe, expect, test } from "vitest";
import { leverageScalingFactor, scaleExits } from "../../../src/engine/portfolio/leverage-scaling.ts";
import { casesOf } from "../../vectors/pipeline-vectors.ts";

const exits = casesOf("exitbrain_lsf").filter((one) => "TP1" in one.out);

describe("leverage scaling", () => {
  test.each(casesOf("exitbrain_lsf"))("has the origin's factor: $label", (one) => {
    expect(one.isNear(leverageScalingFactor(one.number("leverage")), "LSF")).toBe(true);
  });

  test.each(exits)("puts the exits where the origin puts them: $label", (one) => {
    const scaled = scaleExits(one.number("leverage"), one.number("base_tp"), one.number("base_sl"));
    scaled.takeProfits.forEach((distance, index) => {
      expect(one.isNear(distance, `TP${index + 1}`), `${distance}`).toBe(true);
    });
    expect(one.isNear(scaled.stop, "SL"), `${scaled.stop}`).toBe(true);
  });

  test("has two worked trades to check", () => {
    expect(exits).toHaveLength(2);
  });

  test("keeps stops within 0.1 and 2 percent, and take profits in order", () => {
    for (const leverage of [1, 10, 50, 125]) {
      expect(scaleExits(leverage, 0.02, 0.5).stop).toBe(0.02);
      expect(scaleExits(leverage, 0.02, 0).stop).toBe(0.001);
      const [first, second, third] = scaleExits(leverage, 0.02, 0.012).takeProfits;
      expect(first < second && second < third).toBe(true);
    }
  });
});
