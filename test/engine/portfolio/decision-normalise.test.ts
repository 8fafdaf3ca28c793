import { describe, expect, test } from "vitest";
import { REASONS, reasonHead } from "../../../src/engine/domain/reason.ts";
import { normaliseResult } from "../../../src/engine/portfolio/decision-normalise.ts";
import { casesOf } from "../../vectors/pipeline-vectors.ts";

describe("the decision P3.5 counts", () => {
  test.each(casesOf("p35_normalise"))("is the origin's: $label", (one) => {
    expect(normaliseResult(one.in as Record<string, string>)).toEqual(one.out);
  });

  test("takes a written decision in any case, and keeps a word it does not know", () => {
    expect(normaliseResult({ decision: " blocked ", error: "x" })).toEqual({ decision: "BLOCKED", reason: "x" });
    expect(normaliseResult({ decision: "Maybe" }).decision).toBe("UNKNOWN:Maybe");
    expect(normaliseResult({ decision: "", executed: "true" }).decision).toBe("EXECUTE");
  });

  test("prefers error to the error inside details to reason", () => {
    const details = '{"error":"inner"}';
    expect(normaliseResult({ executed: "false", error: "outer", details, reason: "last" }).reason).toBe("outer");
    expect(normaliseResult({ executed: "false", error: "", details, reason: "last" }).reason).toBe("inner");
    expect(normaliseResult({ executed: "false", details: "{broken", reason: "last" }).reason).toBe("last");
  });

  test("is UNKNOWN for an entry that says nothing", () => {
    expect(normaliseResult({})).toEqual({ decision: "UNKNOWN", reason: "none" });
  });
});

/** Decisions are counted there as well as reasons; `none` is the reason of what was executed. */
const NO_REASONS = new Set(["EXECUTE", "BLOCKED", "none"]);

describe("recorded gate distributions", () => {
  test.each(casesOf("gate_distributions"))("name only reasons this core knows: $label", (one) => {
    const reasons = Object.keys(one.out).filter((reason) => !NO_REASONS.has(reason));
    // The executor's complaint about harvest plans has no counterpart: our plans always carry side and quantity.
    const ours = reasons.filter((reason) => reason !== "missing_required_fields");
    expect(ours.filter((reason) => REASONS[reasonHead(reason)] === undefined)).toEqual([]);
  });

  test.each(casesOf("gate_distributions"))("add up to their total, or say that they are a part: $label", (one) => {
    const counted = Object.keys(one.out).reduce((sum, reason) => sum + one.outNumber(reason), 0);
    if (one.id === "pre-guard") expect(counted / one.number("total")).toBe(0.625);
    else expect(counted).toBe(one.number("total"));
  });
});
