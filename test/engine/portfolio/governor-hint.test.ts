import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { governorHint } from "../../../src/engine/portfolio/governor-hint.ts";
import { casesOf } from "../../vectors/pipeline-vectors.ts";

describe("governor hint", () => {
  test.each(casesOf("p31_governor_hint"))("is the origin's: $label", (one) => {
    const hint = governorHint(
      one.in["score"] === null
        ? null
        : { score: one.number("score"), confidence: one.number("confidence"), ageMs: one.number("age_sec") * 1000 },
    );
    expect(hint.action).toBe(one.outText("eff_action"));
    expect(hint.reason).toBe(one.outText("reason"));
    expect(one.isNear(hint.factor, "factor"), `${hint.factor}`).toBe(true);
    expect(hint.extraCooldownSec).toBe(one.out["extra_cooldown_sec"] ?? 0);
  });

  test("believes no number that is none", () => {
    const good = { score: 0.2, confidence: 0.9, ageMs: 0 };
    expect(governorHint({ ...good, ageMs: Number.NaN }).reason).toBe("stale_eff");
    expect(governorHint({ ...good, confidence: Number.NaN }).reason).toBe("low_conf");
    expect(governorHint({ ...good, score: Number.NaN }).reason).toBe("missing_eff");
  });

  test("never scales outside 0.25 to 1, and a better score never gets less", () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(share, share, (one, other) => {
        const factorAt = (score: number): number => governorHint({ score, confidence: 1, ageMs: 0 }).factor;
        expect(factorAt(one)).toBeGreaterThanOrEqual(0.25);
        expect(factorAt(one)).toBeLessThanOrEqual(1);
        expect(factorAt(Math.max(one, other))).toBeGreaterThanOrEqual(factorAt(Math.min(one, other)));
      }),
      { numRuns: 200, seed: 21 },
    );
  });
});
