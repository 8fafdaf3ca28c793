import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { KillScore, PlanAction } from "../../../src/engine/domain/plan.ts";
import { readGovernorFormula } from "../../../src/engine/formula/governor-formula.ts";
import { GOVERNOR_TERMS } from "../../../src/engine/formula/governor-scope.ts";
import { unitText } from "../../../src/engine/formula/unit.ts";
import { type Drivers, isCloseAction, type PlanToJudge } from "../../../src/engine/governors/governor.ts";
import { createGovernor, governorSchema } from "../../../src/engine/governors/index.ts";
import { repositoryPath } from "../../sim/run/run-helpers.ts";
import { closeOf, driversOf, entryOf, evaluationOf, scoreOf } from "./drivers.ts";

type Params = Readonly<Record<string, unknown>>;
const formulaOf = (params: Params) => createGovernor(governorSchema.parse({ name: "formula", params } as never));
const problemsOf = (params: Params) => {
  const choice = governorSchema.parse({ name: "formula", params } as never);
  if (choice.name !== "formula") throw new Error("another governor came back");
  return readGovernorFormula(choice.params).problems.map(({ path, is }) => `${path.join(".")}: ${is}`);
};

describe("a formula governor", () => {
  test("blocks at or above the cutoff and tells every driver, every part, the margin and what would have flipped it", () => {
    const governor = formulaOf({ entry: { cutoff: "0.85 - 0.15 * regime_flip - portfolio_heat" } });
    const verdict = governor.judge(
      { ...entryOf("BTCUSDT", 0.75), killScore: scoreOf(0.75, 1) },
      driversOf({ killScore: 0.75, portfolioHeat: 0.05 }),
      false,
    );
    expect(verdict).toMatchObject({ decision: "BLOCKED", reasonCode: "formula_above_cutoff", value: 0.75 });
    expect(verdict.cutoff).toBeCloseTo(0.65, 12);
    expect(verdict.margin).toBeCloseTo(0.1, 12);
    expect(verdict.terms).toMatchObject({ kill_score: 0.75, regime_flip: 1, portfolio_heat: 0.05 });
    expect(verdict.terms["0.15 * regime_flip"]).toBeCloseTo(0.15, 12);
    expect(verdict.terms["flips at kill_score"]).toBeCloseTo(0.65, 6);
    expect(verdict.terms["flips at regime_flip"]).toBeCloseTo(1 / 3, 6);
    expect(verdict.terms).not.toHaveProperty("flips at portfolio_heat");
  });

  test("a flip point is where the verdict changes: a little before it blocks, a little behind it passes", () => {
    const governor = formulaOf({
      entry: { block_when: "portfolio_heat > 0.3 or drawdown * 4 + portfolio_heat > 0.4" },
    });
    const at = (portfolioHeat: number) =>
      governor.judge(entryOf(), driversOf({ portfolioHeat, drawdown: 0.05 }), false);
    const blocked = at(0.5);
    const point = blocked.terms["flips at portfolio_heat"]!;
    expect(blocked.decision).toBe("BLOCKED");
    expect(point).toBeCloseTo(0.2, 5);
    expect(at(point + 1e-4).decision).toBe("BLOCKED");
    expect(at(point - 1e-4).decision).toBe("EXECUTE");
  });

  test("a condition that is a comparison shows its two sides as value and cutoff", () => {
    const verdict = formulaOf({ entry: { block_when: "kill_score > 0.5 + drawdown" } }).judge(
      entryOf("BTCUSDT", 0.7),
      driversOf({ killScore: 0.7, drawdown: 0.1 }),
      false,
    );
    expect(verdict).toMatchObject({ decision: "BLOCKED", reasonCode: "formula_block_when", value: 0.7, cutoff: 0.6 });
  });

  test("scales the quantity of what it lets pass", () => {
    const governor = formulaOf({
      entry: { cutoff: 0.95, qty_scale: "if(kill_score < 0.85, 1, clamp(exp(-2 * (kill_score - 0.85)), 0.25, 1))" },
    });
    const scaleAt = (score: number) => governor.judge(entryOf("A", score), driversOf({ killScore: score }), false);
    expect(scaleAt(0.8)).toMatchObject({ reasonCode: "formula_ok", qtyScale: 1 });
    expect(scaleAt(0.9)).toMatchObject({ reasonCode: "formula_scaled", qtyScale: Math.exp(-2 * (0.9 - 0.85)) });
  });

  test("lets closes pass without an exit section, and judges them where there is one", () => {
    const drivers = driversOf({ killScore: 0.9 });
    expect(formulaOf({}).judge(closeOf("A", 0.9), drivers, false).reasonCode).toBe("close_never_vetoed");
    const governor = formulaOf({ exit: { cutoff: 0.85 } });
    expect(governor.judge(closeOf("A", 0.9), drivers, false).decision).toBe("BLOCKED");
    expect(governor.judge(closeOf("A", 0.8), driversOf({ killScore: 0.8 }), false).decision).toBe("EXECUTE");
  });

  test.each([
    ["kill_score_unknown", "0.6", { killScore: null }],
    ["formula_driver_unknown", "0.6 + spread_bps / bps(100)", { killScore: 0.7, spreadBps: null }],
    ["formula_not_a_number", "exp(1000 * portfolio_heat)", { killScore: 0.7, portfolioHeat: 9 }],
    ["formula_not_a_number", "portfolio_heat * portfolio_heat", { killScore: 0.7, portfolioHeat: 1e200 }],
  ])("%s: without a number %s blocks an entry, and lets a close pass", (reasonCode, cutoff, drivers) => {
    const governor = formulaOf({ entry: { cutoff }, exit: { cutoff } });
    const entry = governor.judge(entryOf(), driversOf(drivers), false);
    expect(entry).toMatchObject({ decision: "BLOCKED", reasonCode, value: null, cutoff: null });
    expect(governor.judge(closeOf(), driversOf(drivers), false)).toMatchObject({ decision: "EXECUTE", reasonCode });
  });

  test("a condition that is not known is not taken for false", () => {
    const governor = formulaOf({ entry: { block_when: "spread_bps > 20" } });
    expect(governor.judge(entryOf(), driversOf({}), false).decision).toBe("BLOCKED");
    const guarded = formulaOf({ entry: { block_when: "default(spread_bps, 0) > 20" } });
    expect(guarded.judge(entryOf(), driversOf({}), false).decision).toBe("EXECUTE");
  });
});

describe("state variables", () => {
  test("look at past evaluations of the symbol only", () => {
    const governor = formulaOf({
      entry: { value: "m", cutoff: 0.6 },
      state: { m: "ewma(kill_score, 1)" },
    });
    const meanOf = (symbol: string) => governor.judge(entryOf(symbol), driversOf({}), false).value;
    expect(meanOf("A")).toBeNull();
    governor.observe(evaluationOf("A", 0.6));
    expect(meanOf("A")).toBe(0.6);
    governor.observe(evaluationOf("A", 0.8));
    expect(meanOf("A")).toBeCloseTo(0.7, 12);
    expect(meanOf("B")).toBeNull();
  });

  test("a quantile is an observed value, a decay halves, a z-score needs a term that moves", () => {
    const governor = formulaOf({
      entry: { block_when: "q > 9 or d > 9 or z > 9" },
      state: { q: "quantile(portfolio_heat, 0.5, 3)", d: "decay(portfolio_heat, 1)", z: "zscore(portfolio_heat, 10)" },
    });
    const at = (portfolioHeat: number) => governor.judge(entryOf("A"), driversOf({ portfolioHeat }), false).terms;
    for (const heat of [5, 1, 2]) governor.observe(evaluationOf("A", 0.6, { portfolioHeat: heat }));
    expect(at(2)).toMatchObject({ q: 2, d: 2 });
    governor.observe(evaluationOf("A", 0.6, { portfolioHeat: 0 }));
    expect(at(2)).toMatchObject({ q: 1, d: 1 });
    for (let step = 0; step < 3; step++) governor.observe(evaluationOf("B", 0.6, { portfolioHeat: 1 }));
    const frozen = governor.judge(entryOf("B"), driversOf({ portfolioHeat: 1 }), false);
    expect(frozen.terms["z"]).toBeNull();
    expect(frozen).toMatchObject({ decision: "BLOCKED", reasonCode: "formula_driver_unknown" });
  });

  test("kill_z needs no line of its own", () => {
    const governor = formulaOf({ entry: { value: "default(kill_z, 0)", cutoff: 1.5 } });
    for (let step = 0; step < 40; step++) governor.observe(evaluationOf("A", step % 2 === 0 ? 0.58 : 0.62));
    const verdict = governor.judge(entryOf("A", 0.7), driversOf({ killScore: 0.7 }), false);
    expect(verdict).toMatchObject({ decision: "BLOCKED", reasonCode: "formula_above_cutoff" });
    expect(verdict.terms["kill_z"]).toBeGreaterThan(4);
    expect(verdict.terms["flips at kill_score"]).toBeLessThan(0.64);
  });

  test("a z-score needs thirty past values: the symbol's own, else those of all symbols, else it is not known", () => {
    const governor = formulaOf({ entry: { value: "default(kill_z, -9)", cutoff: 99 } });
    const zOf = (symbol: string) =>
      governor.judge(entryOf(symbol, 0.7), driversOf({ killScore: 0.7 }), false).terms["kill_z"];
    const feed = (symbol: string, count: number, base: number) => {
      for (let step = 0; step < count; step++) governor.observe(evaluationOf(symbol, base + (step % 2) / 50));
    };
    feed("A", 29, 0.6);
    // Two almost equal values used to put any third one thousands of deviations away.
    expect([zOf("A"), zOf("B")]).toEqual([null, null]);
    feed("C", 1, 0.6);
    expect(zOf("A")).toBe(zOf("B"));
    expect(zOf("B")).toBeGreaterThan(4);
    feed("A", 1, 0.6);
    expect(zOf("A")).not.toBe(zOf("B"));
  });

  test("a memory that was saved goes on where it stopped", () => {
    const params = { entry: { value: "default(kill_z, 0)", cutoff: 1.5 } };
    const first = formulaOf(params);
    for (let step = 0; step < 40; step++) first.observe(evaluationOf("A", 0.5 + (step % 7) / 50));
    const choice = governorSchema.parse({ name: "formula", params } as never);
    const second = createGovernor(choice, structuredClone(first.memory));
    const drivers = driversOf({ killScore: 0.66 });
    expect(second.judge(entryOf("A", 0.66), drivers, false)).toEqual(first.judge(entryOf("A", 0.66), drivers, false));
  });
});

describe("checks before the run", () => {
  test.each([
    [{ entry: { cutoff: "kil_score" } }, 'entry.cutoff: "kil_score" is no driver and no state variable'],
    [{ entry: { block_when: "kill_score" } }, "entry.block_when: kill_score is a number"],
    [
      { entry: { cutoff: "position_age_sec" } },
      "entry.cutoff: position_age_sec (s) is compared with kill_score (ratio)",
    ],
    [{ entry: { qty_scale: "exp(-kill_score)" } }, null],
    [{ entry: { qty_scale: "1 - portfolio_heat" } }, "entry.qty_scale: it can be 1 or less"],
    [{ state: { equity: "ewma(sigma, 10)" } }, 'state.equity: "equity" is a driver'],
    [{ state: { m: "mean(sigma, 10)" } }, 'state.m: "mean" remembers nothing'],
    [{ state: { m: "ewma(sigma, portfolio_heat)" } }, "state.m: portfolio_heat stands here"],
    [{ state: { a: "ewma(sigma, 10)", b: "ewma(a, 10)" } }, 'state.b: "a" is no driver and no state variable'],
    [
      {
        entry: { cutoff: "0.6 + portfolio_heat" },
        monotone: [{ of: "entry.cutoff", in: "portfolio_heat", direction: "never-rises" }],
      },
      "monotone.0: entry.cutoff rises from 0.6 to 0.6312 when portfolio_heat goes from 0 to 0.03125",
    ],
    [
      { monotone: [{ of: "exit.cutoff", in: "drawdown", direction: "never-rises" }] },
      'monotone.0: "exit.cutoff" is no formula here',
    ],
    [
      { monotone: [{ of: "entry.cutoff", in: "drawdwn", direction: "never-rises" }] },
      'monotone.0: "drawdwn" is no driver',
    ],
  ])("%j", (params, expected) => {
    expect(problemsOf(params)).toEqual(expected === null ? [] : [expected]);
  });

  test("a claim that holds is proved by analysis where it can be", () => {
    const choice = governorSchema.parse({
      name: "formula",
      params: {
        entry: { cutoff: "clamp(1.5 - 2 * portfolio_heat - drawdown, 0, 1)" },
        monotone: [{ of: "entry.cutoff", in: "portfolio_heat", direction: "never-rises" }],
      },
    });
    if (choice.name !== "formula") throw new Error("another governor came back");
    const { problems, formula } = readGovernorFormula(choice.params);
    expect(problems).toEqual([]);
    expect(formula.proofs).toMatchObject([{ by: "analysis", sampleCount: 0 }]);
  });
});

const plans = fc.record({
  score: fc.option(fc.double({ min: 0.5, max: 0.9276, noNaN: true }), { nil: null, freq: 20 }),
  near: fc.option(fc.constantFrom(0.6, 0.65, 0.7, 0.8, 0.85, 0.9), { nil: null }),
  flip: fc.constantFrom(0, 1),
  confidence: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: null }),
  pnlPct: fc.option(fc.double({ min: -10, max: 10, noNaN: true }), { nil: null }),
  action: fc.constantFrom<PlanAction>("ENTRY", "FULL_CLOSE_PROPOSED", "PARTIAL_75", "PARTIAL_50", "UNKNOWN"),
});

/** Decision, value, cutoff and quantity as text: what two governors must agree on to the last bit. */
function outcomeOf(name: string, params: Params, plan: PlanToJudge, drivers: Drivers, isCloseVetoAllowed: boolean) {
  const governor = createGovernor(governorSchema.parse({ name, params } as never));
  const { decision, value, cutoff, margin, qtyScale } = governor.judge(plan, drivers, isCloseVetoAllowed);
  const isClose = isCloseAction(plan.action);
  // A close that nobody may refuse is compared with nothing; what is shown of it is each governor's own.
  return JSON.stringify(
    isClose && !isCloseVetoAllowed ? { decision, qtyScale } : { decision, value, cutoff, margin, qtyScale },
  );
}

describe("the origin's governors written as formulas", () => {
  const cases: readonly [string, boolean, Params][] = [
    ["fixed-threshold", false, { entry: { cutoff: "if(kill_score >= 0.8, 0.8, 0.6)" } }],
    [
      "fixed-threshold",
      true,
      { entry: { cutoff: "if(kill_score >= 0.8, 0.8, 0.6)" }, exit: { cutoff: "if(kill_score >= 0.6, 0.8, 0.6)" } },
    ],
    [
      "dynamic-threshold",
      false,
      { entry: { cutoff: "clamp(0.85 - 0.15 * regime_flip + 0.1 * (default(confidence, 0.5) - 0.5), 0.6, 0.95)" } },
    ],
    [
      "dynamic-threshold",
      true,
      {
        entry: { cutoff: "clamp(0.85 - 0.15 * regime_flip + 0.1 * (default(confidence, 0.5) - 0.5), 0.6, 0.95)" },
        exit: { cutoff: "clamp(0.65 + if(default(pnl_pct, 0) < -3, 0.2, 0), 0.5, 0.85)" },
      },
    ],
  ];

  test.each(cases)("%s (close veto: %s) decides the same to the last bit", (name, isVetoAllowed, params) => {
    let blocked = 0;
    fc.assert(
      fc.property(plans, ({ score, near, flip, confidence, pnlPct, action }) => {
        const value = score === null ? null : (near ?? score);
        const killScore: KillScore | null = value === null ? null : scoreOf(value, flip);
        const isRiskReducing = isCloseAction(action);
        const evalType = action === "ENTRY" ? "ENTRY" : isRiskReducing ? "EXIT" : "UNKNOWN";
        const plan: PlanToJudge = { evalType, action, symbol: "A", isRiskReducing, killScore };
        const drivers = driversOf({ killScore: value, confidence, pnlPct });
        const one = outcomeOf(name, {}, plan, drivers, isVetoAllowed);
        if (one.includes("BLOCKED")) blocked += 1;
        expect(outcomeOf("formula", params, plan, drivers, isVetoAllowed)).toBe(one);
      }),
      { numRuns: 600, seed: 21 },
    );
    expect(blocked).toBeGreaterThan(50);
  });
});

describe("docs/drivers.md", () => {
  const lines = readFileSync(repositoryPath("docs/drivers.md"), "utf8").split("\n");

  test.each(GOVERNOR_TERMS.map(({ name }) => name))(
    "tells meaning, unit and range of %s as the code has them",
    (name) => {
      const { unit, low, high, isNullable } = GOVERNOR_TERMS.find((term) => term.name === name)!;
      const cells = lines
        .find((line) => line.includes(`| \`${name}\` |`))!
        .split("|")
        .map((cell) => cell.trim());
      const [told, range] = [cells.at(-3)!, cells.at(-2)!];
      expect(told).toBe(unitText(unit));
      const text = Number.isFinite(low)
        ? Number.isFinite(high)
          ? `${low} to ${high}`
          : `${low} or more`
        : "any number";
      expect(range.startsWith(text)).toBe(true);
      expect(range.includes("null")).toBe(isNullable);
    },
  );
});

describe("constants", () => {
  const withLevel = (constants: Record<string, number>, cutoff = "level - 2 * weight") =>
    readGovernorFormula({ entry: { cutoff }, state: {}, monotone: [], constants });

  test("stand for their numbers in every formula, and show as such", () => {
    const { formula: read, problems } = withLevel({ level: 0.8, weight: 0.05 });
    expect(problems).toEqual([]);
    expect(read.entry.cutoff!.compiled([])).toBeCloseTo(0.7, 12);
    expect(read.entry.slots.map((slot) => read.scope.terms[slot]!.name)).not.toContain("level");
  });

  test.each([
    [{ level: 0.8 }, /weight/],
    [{ level: 0.8, weight: 1, kill_score: 1 }, /"kill_score" is a driver/],
    [{ level: 0.8, weight: 1, exp: 1 }, /"exp" has a meaning/],
    [{ Level: 0.8, level: 1, weight: 1 }, /"Level" is no name/],
  ])("%j is refused by name", (constants, expected) => {
    expect(
      withLevel(constants as Record<string, number>)
        .problems.map(({ is }) => is)
        .join(),
    ).toMatch(expected);
  });
});
