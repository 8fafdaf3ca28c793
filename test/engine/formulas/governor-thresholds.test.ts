import { describe, expect, test } from "vitest";
import { closeThreshold, openThreshold } from "../../../src/engine/governors/dynamic-threshold.ts";
import { openQtyScale } from "../../../src/engine/governors/entry-exit-separation.ts";
import { casesOf } from "../../vectors/pipeline-vectors.ts";

const opens = casesOf("dynamic_thresholds_head").filter((one) => "open_threshold" in one.out);
const closes = casesOf("dynamic_thresholds_head").filter((one) => "close_threshold" in one.out);

describe("dynamic thresholds", () => {
  test("have four opens and three closes to check", () => {
    expect([opens.length, closes.length]).toEqual([4, 3]);
  });

  test.each(opens)("of opens are the origin's: $label", (one) => {
    expect(one.isNear(openThreshold(one.number("regime_flip"), one.number("confidence")), "open_threshold")).toBe(true);
  });

  test.each(closes)("of closes are the origin's: $label", (one) => {
    expect(one.isNear(closeThreshold(one.number("pnl_pct")), "close_threshold")).toBe(true);
  });
});

describe("the quantity scale of opens", () => {
  test.each(casesOf("open_qty_scale"))("is the origin's: $label", (one) => {
    const scale = openQtyScale(one.number("K"), one.number("K_open"), one.number("alpha"), 0.25);
    expect(one.isNear(scale, "qty_scale"), `${scale}`).toBe(true);
  });

  test("is 1 below the threshold and never under its floor", () => {
    expect(openQtyScale(0.5, 0.85, 2, 0.25)).toBe(1);
    expect(openQtyScale(1, 0.85, 100, 0.25)).toBe(0.25);
  });
});
