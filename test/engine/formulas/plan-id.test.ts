import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { doubleText, fixedText6 } from "../../../src/engine/formulas/double-text.ts";
import { applyPlanId, bridgePlanId, naiveUtcText } from "../../../src/engine/formulas/plan-id.ts";
import { casesOf } from "../../vectors/pipeline-vectors.ts";

describe("plan id", () => {
  test.each(casesOf("plan_id_bridge"))("of the bridge is the recorded one: $label", (one) => {
    const qty = Number(one.text("qty"));
    expect(doubleText(qty)).toBe(one.text("qty"));
    expect(bridgePlanId(one.text("stream_id"), one.text("symbol"), one.text("side"), qty)).toBe(one.outText("plan_id"));
  });

  test("of the bridge follows from the size in USD and the entry price alone, for all 11 that name them", () => {
    const sized = casesOf("plan_id_bridge").filter((one) => "position_size_usd" in one.in);
    expect(sized).toHaveLength(11);
    for (const one of sized) {
      const qty = one.number("position_size_usd") / one.number("entry_price");
      const id = bridgePlanId(one.text("stream_id"), one.text("symbol"), one.text("side"), qty);
      expect(id, one.label).toBe(one.outText("plan_id"));
    }
  });

  test.each(casesOf("plan_id_apply"))("of the Apply Layer is the recorded one: $label", (one) => {
    const id = applyPlanId(
      one.text("symbol"),
      one.text("action"),
      Number(one.text("kill_score_6dp")),
      Number(one.text("new_sl_proposed")),
      one.text("computed_at_utc"),
    );
    expect(id).toBe(one.outText("plan_id"));
  });

  test("of the Apply Layer knows the kill score to six decimals and no more", () => {
    const at = (score: number): string => applyPlanId("BTCUSDT", "UNKNOWN", score, 100.2, "2026-02-01T22:48:23.316611");
    expect(at(0.7562778521799141)).toBe("11b1f42ec8b5f73b");
    expect(at(0.7562791)).not.toBe("11b1f42ec8b5f73b");
  });

  test("of the Apply Layer changes with every part, an absent stop included", () => {
    const ids = [
      applyPlanId("BTCUSDT", "HOLD", 0.6, null, 0),
      applyPlanId("ETHUSDT", "HOLD", 0.6, null, 0),
      applyPlanId("BTCUSDT", "UNKNOWN", 0.6, null, 0),
      applyPlanId("BTCUSDT", "HOLD", 0.61, null, 0),
      applyPlanId("BTCUSDT", "HOLD", 0.6, 1, 0),
      applyPlanId("BTCUSDT", "HOLD", 0.6, null, 1),
    ];
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{16}$/);
  });

  test("takes virtual time as the naive UTC text of that instant", () => {
    expect(naiveUtcText(1_769_991_622_785)).toBe("2026-02-02T00:20:22.785000");
    expect(naiveUtcText(1_769_991_622_000)).toBe("2026-02-02T00:20:22");
    const text = "2026-02-02T00:20:22.785000";
    expect(applyPlanId("BTCUSDT", "HOLD", 0.6, null, 1_769_991_622_785)).toBe(
      applyPlanId("BTCUSDT", "HOLD", 0.6, null, text),
    );
  });
});

describe("the text of a double", () => {
  test.each([
    [1, "1.0"],
    [-3, "-3.0"],
    [0, "0.0"],
    [-0, "-0.0"],
    [0.1, "0.1"],
    [149.7566454511419, "149.7566454511419"],
    [0.0001, "0.0001"],
    [0.00009999, "9.999e-05"],
    [0.00001, "1e-05"],
    [1.5e-7, "1.5e-07"],
    [5e-324, "5e-324"],
    [9_007_199_254_740_992, "9007199254740992.0"],
    [9_999_999_999_999_998, "9999999999999998.0"],
    [1e16, "1e+16"],
    [1.234e16, "1.234e+16"],
    [1.7976931348623157e308, "1.7976931348623157e+308"],
    [Number.NaN, "nan"],
    [Number.POSITIVE_INFINITY, "inf"],
    [Number.NEGATIVE_INFINITY, "-inf"],
  ])("of %d is %s", (value, text) => {
    expect(doubleText(value)).toBe(text);
  });

  test("reads back to the same double", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(Object.is(Number(doubleText(value)), value)).toBe(true);
      }),
      { numRuns: 500, seed: 14 },
    );
  });

  test("with six decimals rounds a true half to the even digit", () => {
    expect(fixedText6(65 / 128)).toBe("0.507812");
    expect(fixedText6(-65 / 128)).toBe("-0.507812");
    expect(fixedText6(67 / 128)).toBe("0.523438");
    expect(fixedText6(0.7562778521799141)).toBe("0.756278");
    expect(fixedText6(0.5)).toBe("0.500000");
  });
});
