import { nearMisses } from "../../diagnostics/near-miss.ts";
import { type PlacedProblem, readGovernorFormula } from "../../engine/formula/governor-formula.ts";
import type { Policy } from "../../engine/policy.ts";
import { scoreProblem } from "../../engine/rankers/formula.ts";
import { type RuleBreach, suggestion } from "./scenario-problems.ts";

/**
 * Mistakes in the formulas of one resolved pipeline. They are looked for after base and variant have become one,
 * because a formula of a variant may read a state variable of the base. Paths start below `pipeline`.
 */
export function formulaBreaches({ governor, snapshots: { ranker } }: Policy): RuleBreach[] {
  return [...governorBreaches(governor), ...rankerBreaches(ranker)];
}

function governorBreaches(governor: Policy["governor"]): RuleBreach[] {
  if (governor.name !== "formula") return [];
  const { params } = governor;
  return readGovernorFormula(params).problems.map((problem) => breachOf(problem, ["governor", "params"], params));
}

function rankerBreaches(ranker: Policy["snapshots"]["ranker"]): RuleBreach[] {
  if (ranker.name !== "formula") return [];
  const { params } = ranker;
  const problem = scoreProblem(params.score);
  return problem === null ? [] : [breachOf({ ...problem, path: ["score"] }, ["snapshots", "ranker", "params"], params)];
}

function breachOf(problem: PlacedProblem, above: readonly string[], params: unknown): RuleBreach {
  const { path, offset, is, needed, word, known } = problem;
  const written = path.reduce<unknown>((value, key) => (value as Record<string | number, unknown>)[key], params);
  const what = typeof written === "string" ? shortened(written) : path.join(".");
  const where = typeof written === "string" ? `at character ${offset + 1} ` : "";
  const hint = word === undefined || known === undefined ? undefined : suggestion(nearMisses(word, known));
  return {
    path: [...above, ...path],
    offset,
    text: `Cannot use ${what}: ${where}${is}, ${needed} is needed`,
    ...(hint === undefined ? {} : { hint }),
  };
}

function shortened(text: string): string {
  const shown = text.replace(/\s+/g, " ");
  return JSON.stringify(shown.length <= 60 ? shown : `${shown.slice(0, 57)}...`);
}
