import { describe, expect, test } from "vitest";
import { type BoundGovernor, bindGovernor } from "../../../src/engine/governors/governor.ts";
import { createGovernor, governorSchema, governors } from "../../../src/engine/governors/index.ts";
import { closeOf, driversOf, entryOf, evaluationOf } from "./drivers.ts";

/** One suite for every governor: what the pipeline relies on, whichever formula is plugged in. */
describe.each(governors.map((definition) => definition.name))("governor %s", (name) => {
  const create = (): BoundGovernor => createGovernor(governorSchema.parse({ name }));

  test("has defaults for every parameter and refuses an unknown one", () => {
    expect(governorSchema.safeParse({ name }).success).toBe(true);
    expect(governorSchema.safeParse({ name, params: { nonsense: 1 } }).success).toBe(false);
  });

  test("never vetoes a risk-reducing close in strict behaviour, whatever the score", () => {
    for (const score of [0.5, 0.6, 0.731, 0.8, 0.92]) {
      const verdict = create().judge(closeOf("BTCUSDT", score), driversOf({ killScore: score }), false);
      expect(verdict.decision).toBe("EXECUTE");
    }
  });

  test("lets a close pass whose score is not known", () => {
    const verdict = create().judge({ ...closeOf(), killScore: null }, driversOf({ killScore: null }), false);
    expect(verdict.decision).toBe("EXECUTE");
  });

  test("carries its name, a reason and named terms in every verdict", () => {
    const verdict = create().judge(entryOf(), driversOf({}), false);
    expect(verdict.governor).toBe(name);
    expect(verdict.reasonCode).toMatch(/^[a-z_]+$/);
    expect(Object.keys(verdict.terms)).not.toEqual([]);
  });

  test("judges the same input the same way twice", () => {
    const one = create().judge(entryOf(), driversOf({ killScore: 0.7 }), false);
    const other = create().judge(entryOf(), driversOf({ killScore: 0.7 }), false);
    expect(other).toEqual(one);
  });
});

describe("bindGovernor", () => {
  test("gives every binding a memory of its own", () => {
    const definition = governors.find(({ name }) => name === "z-score")!;
    const params = governorSchema.parse({ name: "z-score", params: { minEvaluations: 2 } }).params;
    const first = bindGovernor(definition as never, params as never);
    const second = bindGovernor(definition as never, params as never);
    for (const score of [0.5, 0.52, 0.51]) first.observe(evaluationOf("BTCUSDT", score));
    const drivers = driversOf({ killScore: 0.9 });
    expect(first.judge(entryOf("BTCUSDT", 0.9), drivers, false).reasonCode).toBe("kill_z_above_cutoff");
    expect(second.judge(entryOf("BTCUSDT", 0.9), drivers, false).reasonCode).toBe("kill_z_warming_up");
  });
});
