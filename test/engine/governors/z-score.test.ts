import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { BoundGovernor } from "../../../src/engine/governors/governor.ts";
import { createGovernor, governorSchema } from "../../../src/engine/governors/index.ts";
import { driversOf, entryOf, evaluationOf } from "./drivers.ts";

function create(params: object = {}): BoundGovernor {
  return createGovernor(governorSchema.parse({ name: "z-score", params }));
}

/** A governor that has seen scores around 0.6 for every symbol asked about. */
function warmedUp(params: object = {}): BoundGovernor {
  const governor = create(params);
  for (let step = 0; step < 60; step++) {
    governor.observe(evaluationOf("BTCUSDT", step % 2 === 0 ? 0.58 : 0.62));
  }
  return governor;
}

describe("z-score", () => {
  test("lets entries through while it warms up, and says how far it is", () => {
    const governor = create({ minEvaluations: 30 });
    for (let step = 0; step < 5; step++) governor.observe(evaluationOf("A", 0.5 + step / 100));
    const verdict = governor.judge(entryOf("A"), driversOf({}), false);
    expect(verdict).toMatchObject({ decision: "EXECUTE", reasonCode: "kill_z_warming_up" });
    expect(verdict.terms).toMatchObject({ evaluations: 5, minEvaluations: 30 });
  });

  test("blocks an entry whose score is far above its own recent history", () => {
    const verdict = warmedUp().judge(entryOf("BTCUSDT", 0.76), driversOf({ killScore: 0.76 }), false);
    expect(verdict).toMatchObject({ decision: "BLOCKED", reasonCode: "kill_z_above_cutoff" });
    expect(verdict.value!).toBeGreaterThan(verdict.cutoff!);
  });

  test("lets the same high score through where it is the normal score", () => {
    const governor = create();
    for (let step = 0; step < 60; step++) {
      governor.observe(evaluationOf("BTCUSDT", step % 2 === 0 ? 0.74 : 0.78));
    }
    expect(governor.judge(entryOf("BTCUSDT", 0.76), driversOf({ killScore: 0.76 }), false).decision).toBe("EXECUTE");
  });

  test("says that a frozen score has no z and blocks the entry", () => {
    const governor = create({ frozenAfter: 10 });
    for (let step = 0; step < 40; step++) {
      governor.observe(evaluationOf("BTCUSDT", 0.7562778521799141));
    }
    const drivers = driversOf({ killScore: 0.7562778521799141 });
    const verdict = governor.judge(entryOf("BTCUSDT", 0.7562778521799141), drivers, false);
    expect(verdict).toMatchObject({ decision: "BLOCKED", reasonCode: "kill_z_frozen", value: null, margin: null });
  });

  test("uses the statistics of all symbols for a symbol it has hardly seen", () => {
    const verdict = warmedUp().judge(entryOf("NEWUSDT", 0.76), driversOf({ killScore: 0.76 }), false);
    expect(verdict.reasonCode).toBe("kill_z_above_cutoff");
  });

  test("never raises the entry cutoff when heat, volatility, drawdown or pending exposure grow", () => {
    const load = fc.double({ min: 0, max: 3, noNaN: true });
    const drivers = ["portfolioHeat", "volatilityRegime", "drawdown", "pendingExposure"] as const;
    fc.assert(
      fc.property(fc.constantFrom(...drivers), load, load, (driver, one, other) => {
        const governor = warmedUp();
        const cutoffAt = (value: number): number =>
          governor.judge(entryOf(), driversOf({ [driver]: value }), false).cutoff!;
        expect(cutoffAt(Math.max(one, other))).toBeLessThanOrEqual(cutoffAt(Math.min(one, other)));
      }),
      { numRuns: 100, seed: 3 },
    );
  });
});
