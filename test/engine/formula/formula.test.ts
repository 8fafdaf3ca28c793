import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkFormula } from "../../../src/engine/formula/check.ts";
import { compileFormula } from "../../../src/engine/formula/compile.ts";
import { GOVERNOR_SCOPE } from "../../../src/engine/formula/governor-formula.ts";
import { checkMonotone, movementOf } from "../../../src/engine/formula/monotone.ts";
import { FormulaError } from "../../../src/engine/formula/problem.ts";
import type { Scope } from "../../../src/engine/formula/scope.ts";
import { type FormulaNode, formulaText, parseFormula } from "../../../src/engine/formula/syntax.ts";
import { conditionTexts, formulaTexts, slotsOf, TEST_SCOPE, values } from "./formula-arbitrary.ts";
import { evaluateNaively } from "./naive-evaluator.ts";

/** The tree when the text is sound under the scope, else `null`; any other error is a defect. */
function sound(text: string, scope: Scope = TEST_SCOPE): FormulaNode | null {
  try {
    const node = parseFormula(text);
    checkFormula(node, scope);
    return node;
  } catch (error) {
    if (error instanceof FormulaError) return null;
    throw error;
  }
}

function problemOf(text: string, scope: Scope = GOVERNOR_SCOPE) {
  try {
    checkFormula(parseFormula(text), scope);
  } catch (error) {
    if (error instanceof FormulaError) return error.problem;
    throw error;
  }
  return null;
}

describe("text that is no formula", () => {
  test.each([
    ["", 0, "it is empty"],
    ["kill_score +", 12, "expected expression after +"],
    ["kill_score kill_score", 11, "a second expression begins here"],
    ["kill_score.constructor", 0, "a point asks for a part of something"],
    ["kill_score['x']", 10, '"[" means nothing in a formula'],
    ["a ? 1 : 2", 2, '"?" means nothing in a formula'],
    ["1 + this", 4, "it is no expression of formulas"],
    ["null", 0, "null is no number"],
    ["2 ** 3", 0, "** is no operator of formulas"],
    ["1e999", 0, "1e999 is too large"],
    ["(1, 2)", 0, "it is no expression of formulas"],
    ["1,", 1, "a comma stands outside of a call's arguments"],
    ["min(1,)", 7, "unexpected token )"],
    ["(kill_score", 11, "unclosed ("],
    ["kill_score()", 0, '"kill_score" is no function'],
    ["(1)(2)", 0, "something without a name is called"],
  ])("%j is refused at its character %i", (text, offset, is) => {
    const problem = problemOf(text);
    expect(problem?.is).toContain(is);
    expect(problem?.offset).toBe(offset);
  });

  test("whatever it is, is refused as a formula and never breaks anything", () => {
    const pieces = fc.array(fc.oneof(fc.string({ maxLength: 3 }), fc.constantFrom(...PIECES)), { maxLength: 40 });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ maxLength: 60, unit: "binary" }),
          pieces.map((each) => each.join("")),
        ),
        (text) => {
          sound(text, GOVERNOR_SCOPE);
        },
      ),
      { numRuns: 1500, seed: 11 },
    );
  });

  test("nested a thousand deep is refused by its depth or length", () => {
    expect(problemOf(`${"(".repeat(400)}1${")".repeat(400)}`)).toBeNull();
    expect(problemOf(`${"-(".repeat(200)}1${")".repeat(200)}`)?.is).toContain("nested deeper");
    expect(problemOf("abs(".repeat(500))?.is).toContain("characters");
  });
});

const PIECES = [
  "kill_score",
  "(",
  ")",
  ",",
  " ",
  "+",
  "-",
  "*",
  "/",
  "<",
  ">=",
  "==",
  "and",
  "or",
  "not",
  "min",
  "if",
  "exp",
  "1",
  ".5",
  "1e3",
  "clamp(",
  "default(",
  ".",
  "'",
  "=",
  "!",
  "&&",
  ";",
  "[",
  "`",
];

describe("a mistake in what a formula says", () => {
  test.each([
    ["portfolio_hat + 1", 0, '"portfolio_hat" is no driver'],
    ["1 + sqroot(2)", 4, '"sqroot" is no function'],
    ["clamp(kill_score, 0)", 0, "clamp has 2 arguments"],
    ["min(1)", 0, "min has 1 arguments"],
    ["min + 1", 0, "min is a function"],
    ["if(kill_score, 1, 2)", 3, "kill_score is a number in if"],
    ["1 + (kill_score > 0.8)", 4, "kill_score > 0.8 is true or false in +"],
    ["not kill_score > 0.8", 4, "kill_score is a number in not"],
    ["kill_score + position_age_sec", 13, "position_age_sec (s) stands in one"],
    ["position_age_sec > spread_bps", 19, "spread_bps (bps) is compared with position_age_sec (s)"],
    ["exp(position_age_sec)", 4, "position_age_sec in exp is in s"],
    ["hours(position_age_sec)", 0, "position_age_sec has a unit already"],
    ["1 / portfolio_heat", 4, "portfolio_heat divides and can be 0: it is 0 or more"],
    ["log(drawdown)", 4, "drawdown in log can be 0 or less"],
    ["sqrt(r_net)", 5, "r_net in sqrt can be below 0"],
    ["exp(1000)", 0, "exp(1000) is always too large"],
    ["clamp(kill_score, 2, 1)", 0, "clamp's low end is 2 and its high end 1"],
    ["default(kill_score + 1, 2)", 8, "kill_score + 1 in default is no driver"],
  ])("%s is refused at character %i", (text, offset, is) => {
    const problem = problemOf(text);
    expect(problem?.is).toContain(is);
    expect(problem?.offset).toBe(offset);
  });

  test.each([
    "position_age_sec / hours(1) + kill_score",
    "position_age_sec > minutes(10) and spread_bps < 5",
    "number(position_age_sec) + kill_score",
    "total_notional / max(equity, quote(1)) < 0.8",
    "sqrt(plan_notional * total_notional) < 100",
    "2 * pnl_pct < -3",
  ])("%s is sound", (text) => {
    expect(problemOf(text)).toBeNull();
  });
});

describe("a compiled formula", () => {
  test("gives what a plain walk over its tree gives, bit for bit, and no value where that has none", () => {
    let compared = 0;
    let missing = 0;
    fc.assert(
      fc.property(fc.oneof(formulaTexts, conditionTexts), values, (text, row) => {
        const node = sound(text);
        fc.pre(node !== null);
        const expected = evaluateNaively(node, (name) => row[name as keyof typeof row]);
        const actual = compileFormula(node, TEST_SCOPE)(slotsOf(row));
        if (expected === null) missing += 1;
        else compared += 1;
        expect(Number.isNaN(actual) ? null : actual + 0).toBe(expected === null ? null : expected + 0);
      }),
      { numRuns: 2000, seed: 12 },
    );
    expect(compared).toBeGreaterThan(500);
    expect(missing).toBeGreaterThan(50);
  });

  test("never leaves the range that was found before the run", () => {
    fc.assert(
      fc.property(formulaTexts, values, (text, row) => {
        const node = sound(text);
        fc.pre(node !== null);
        const { low, high } = checkFormula(node, TEST_SCOPE);
        const value = compileFormula(node, TEST_SCOPE)(slotsOf(row));
        if (Number.isNaN(value)) return;
        const slack = 1e-9 * Math.max(1, Math.abs(value));
        expect(value).toBeGreaterThanOrEqual(low - slack);
        expect(value).toBeLessThanOrEqual(high + slack);
      }),
      { numRuns: 2000, seed: 13 },
    );
  });

  test("reads back as it is written", () => {
    fc.assert(
      fc.property(formulaTexts, values, (text, row) => {
        const node = sound(text);
        fc.pre(node !== null);
        const again = sound(formulaText(node))!;
        const run = (each: FormulaNode) => compileFormula(each, TEST_SCOPE)(slotsOf(row));
        expect(run(again)).toEqual(run(node));
      }),
      { numRuns: 500, seed: 14 },
    );
  });
});

describe("monotony", () => {
  test("that the analysis claims is never contradicted by values", () => {
    const claimed = { rises: 0, falls: 0, none: 0, unknown: 0 };
    fc.assert(
      fc.property(
        fc.oneof(formulaTexts, conditionTexts),
        values,
        fc.constantFrom("score", "heat", "result", "maybe"),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (text, row, driver, share) => {
          const node = sound(text);
          fc.pre(node !== null && row[driver] !== null);
          const movement = movementOf(node, TEST_SCOPE, driver);
          claimed[movement] += 1;
          const slots = slotsOf(row);
          const run = compileFormula(node, TEST_SCOPE);
          const before = run(slots);
          const slot = TEST_SCOPE.slotOf(driver)!;
          const top = { score: 1, heat: 50, result: 20, maybe: 1 }[driver];
          slots[slot] = slots[slot]! + share * (top - slots[slot]!);
          const after = run(slots);
          if (Number.isNaN(before) || Number.isNaN(after)) return;
          const slack = 1e-9 * Math.max(1, Math.abs(before), Math.abs(after));
          if (movement === "rises" || movement === "none") expect(after).toBeGreaterThanOrEqual(before - slack);
          if (movement === "falls" || movement === "none") expect(after).toBeLessThanOrEqual(before + slack);
        },
      ),
      { numRuns: 3000, seed: 15 },
    );
    expect(claimed.rises).toBeGreaterThan(50);
    expect(claimed.falls).toBeGreaterThan(50);
    expect(claimed.unknown).toBeGreaterThan(100);
  });

  test.each([
    ["1.5 - 2 * heat - 0.75 * score", "heat", "falls"],
    ["2 * heat - heat", "heat", "rises"],
    ["clamp(1 - heat, 0.2, 0.9)", "heat", "falls"],
    ["exp(-2 * (score - 0.85))", "score", "falls"],
    ["if(heat > 1, 0.2, 0.8)", "heat", "falls"],
    ["if(score > 0.7, heat, heat + 1)", "heat", "rises"],
    ["1 / (1 + heat)", "heat", "falls"],
    ["score >= 0.8 - heat", "heat", "rises"],
    ["result * heat", "heat", "unknown"],
    ["score + 1", "heat", "none"],
  ])("%s when %s rises: %s", (text, driver, movement) => {
    expect(movementOf(sound(text)!, TEST_SCOPE, driver)).toBe(movement);
  });

  test("the analysis cannot settle is tried on samples, and the verdict says how many", () => {
    const verdict = checkMonotone(sound("heat * heat - heat")!, TEST_SCOPE, "heat", "never-rises");
    expect(verdict).toMatchObject({ holds: false, by: "samples" });
    expect(verdict.counterexample!.valueTo).toBeGreaterThan(verdict.counterexample!.valueFrom);
    const square = checkMonotone(sound("heat * heat * heat - heat * heat + heat")!, TEST_SCOPE, "heat", "never-falls");
    expect(square).toMatchObject({ holds: true, by: "samples" });
    expect(square.sampleCount).toBeGreaterThan(1000);
  });
});
