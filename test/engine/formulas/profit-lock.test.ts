import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { profitLockStop } from "../../../src/engine/formulas/profit-lock.ts";
import { casesOf } from "../../vectors/pipeline-vectors.ts";

const RULE = { lockR: 1.5, breakevenPct: 0.002 };

describe("profit lock", () => {
  test.each(casesOf("profit_lock"))("proposes the origin's stop: $label", (one) => {
    const stop = profitLockStop({
      ...RULE,
      isLong: one.text("side") === "LONG",
      entryPrice: one.number("entry_price"),
      currentStopPrice: one.number("current_sl"),
      rNet: one.number("R_net"),
    });
    if (one.out["new_sl_proposed"] === null) expect(stop).toBeNull();
    else expect(one.isNear(stop!, "new_sl_proposed"), `${stop}`).toBe(true);
  });

  test("gives a position without a stop its first one", () => {
    const inputs = { ...RULE, isLong: true, entryPrice: 100, currentStopPrice: null };
    expect(profitLockStop({ ...inputs, rNet: 1.5 })).toBeCloseTo(100.2, 9);
    expect(profitLockStop({ ...inputs, rNet: 1.499 })).toBeNull();
  });

  test("never loosens a stop, whatever the path of R", () => {
    const path = fc.array(fc.double({ min: -5, max: 10, noNaN: true }), { maxLength: 30 });
    fc.assert(
      fc.property(fc.boolean(), fc.double({ min: 90, max: 110, noNaN: true }), path, (isLong, firstStop, rs) => {
        let stop = firstStop;
        for (const rNet of rs) {
          const next = profitLockStop({ ...RULE, isLong, entryPrice: 100, currentStopPrice: stop, rNet });
          if (next === null) continue;
          expect(isLong ? next > stop : next < stop).toBe(true);
          stop = next;
        }
      }),
      { numRuns: 200, seed: 13 },
    );
  });
});
