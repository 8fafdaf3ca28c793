import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RANKER_TERMS } from "../../../src/engine/formula/ranker-scope.ts";
import { unitText } from "../../../src/engine/formula/unit.ts";
import { scoreProblem } from "../../../src/engine/rankers/formula.ts";
import { createRanker, rankerSchema } from "../../../src/engine/rankers/index.ts";
import { repositoryPath } from "../../sim/run/run-helpers.ts";
import { SYMBOLS, viewOf } from "./views.ts";

const rankerOf = (score: string, topK = 20) =>
  createRanker(rankerSchema.parse({ name: "formula", params: { score, topK } }));

describe("a ranker written as a formula", () => {
  test("takes the largest scores first, whatever the drivers are", () => {
    const ranker = rankerOf(
      "if(is_open, 100, 0) + if(default(seconds_since_intent, minutes(60)) < minutes(30), 10, 0)",
      4,
    );
    const view = viewOf({
      openPositions: [9],
      intentAgeMs: (symbol) => (symbol % 100 === 5 ? 1000 : Number.POSITIVE_INFINITY),
    });
    expect(ranker.rank(view).symbols).toEqual([9, 505, 405, 305]);
  });

  test("breaks ties by name, not by index", () => {
    expect(rankerOf("1", 3).rank(viewOf({})).symbols).toEqual([565, 564, 563]);
  });

  test("puts symbols without a score behind all others and counts them apart", () => {
    const ranker = rankerOf("-number(spread_bps)", 3);
    const { symbols, tierCounts } = ranker.rank(
      viewOf({ spreadBps: (symbol) => (symbol === 7 ? 3 : symbol === 8 ? 1 : null) }),
    );
    expect(symbols).toEqual([8, 7, 565]);
    expect(tierCounts).toEqual({ formula: 2, "score-unknown": 1 });
  });

  test("the short list holds what a full sort by score and name begins with", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constant(null)), { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 1, max: 30 }),
        (scores, topK, budgetCalls) => {
          const symbols = SYMBOLS.slice(0, scores.length);
          const view = viewOf({ symbols, budgetCalls, spreadBps: (symbol) => scores[symbol]! });
          const key = (symbol: number) => scores[symbol] ?? Number.NEGATIVE_INFINITY;
          const sorted = symbols
            .map((_, index) => index)
            .sort((l, r) => (key(l) === key(r) ? (symbols[l]! < symbols[r]! ? -1 : 1) : key(r) - key(l)));
          const ranked = rankerOf("number(spread_bps)", topK).rank(view).symbols;
          expect(ranked).toEqual(sorted.slice(0, Math.min(topK, budgetCalls)));
        },
      ),
      { numRuns: 300, seed: 31 },
    );
  });

  test.each([
    ["volume_24", '"volume_24" is no driver'],
    ["is_open", "is_open is true or false"],
    ["volume_24h + seconds_since_plan", "seconds_since_plan (s) stands in"],
    ["1 / volume_24h", "volume_24h divides and can be 0"],
  ])("%s is refused before the run", (score, is) => {
    expect(scoreProblem(score)?.is).toContain(is);
  });

  test("the tiers of the operators' wish can be written as one formula", () => {
    const score =
      "if(is_open, 3, 0) + if(default(seconds_since_intent, hours(9)) <= 1800, 2, 0) + if(default(seconds_since_plan, hours(9)) <= 600, 1, 0) + tanh(volume_24h / quote(1e9))";
    const view = viewOf({
      openPositions: [3],
      intentAgeMs: (symbol) => (symbol === 50 ? 1e6 : 1e9),
      planAgeMs: () => 1e9,
    });
    expect(rankerOf(score, 4).rank(view).symbols).toEqual([3, 50, 565, 564]);
  });
});

describe("docs/drivers.md", () => {
  const text = readFileSync(repositoryPath("docs/drivers.md"), "utf8");
  const lines = text.slice(text.indexOf("## Rankers")).split("\n");

  test.each(RANKER_TERMS.map(({ name }) => name))("tells unit and range of %s as the code has them", (name) => {
    const { type, unit, low, high, isNullable } = RANKER_TERMS.find((term) => term.name === name)!;
    const cells = lines
      .find((line) => line.startsWith(`| \`${name}\` |`))!
      .split("|")
      .map((cell) => cell.trim());
    expect(cells.at(-3)).toBe(type === "truth" ? "true or false" : unitText(unit));
    const range = Number.isFinite(low)
      ? Number.isFinite(high)
        ? `${low} to ${high}`
        : `${low} or more`
      : "any number";
    expect(cells.at(-2)!.startsWith(range)).toBe(true);
    expect(cells.at(-2)!.includes("null")).toBe(isNullable);
  });
});
