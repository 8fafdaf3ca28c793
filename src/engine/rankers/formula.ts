import { z } from "zod";
import { checkFormula } from "../formula/check.ts";
import { compileFormula } from "../formula/compile.ts";
import { FormulaError, type FormulaProblem, refuse } from "../formula/problem.ts";
import { RANKER_SCOPE, RANKER_TERMS } from "../formula/ranker-scope.ts";
import { formulaText, namesIn, parseFormula } from "../formula/syntax.ts";
import { defineRanker, type RankerDefinition, type RankerView, type Ranking } from "./ranker.ts";

const paramsSchema = z.strictObject({
  score: z
    .union([z.string(), z.number()])
    .transform((written) => String(written))
    .prefault("if(is_open, 1, 0)")
    .meta({ description: "formula over the drivers of one symbol; the largest are asked for first" }),
  topK: z.number().int().min(1).default(20).meta({ description: "most symbols, bounded by the budget of calls" }),
});

type Params = z.infer<typeof paramsSchema>;

/**
 * Symbols by a score that is written in the scenario, largest first, ties by name; at most `topK` and never more than
 * the budget of calls. Symbols whose score is not known come after all others, in a tier of their own.
 */
export const formula: RankerDefinition<Params> = defineRanker({
  name: "formula",
  summary: "the symbols of largest score, a formula written in the scenario",
  params: paramsSchema,
  rank: (view, params) => withParams(params).rank(view, params),
  withParams,
});

/** The first mistake in a score, `null` when it can be used. */
export function scoreProblem(score: string): FormulaProblem | null {
  try {
    const node = parseFormula(score);
    const { type } = checkFormula(node, RANKER_SCOPE);
    if (type === "truth") throw refuse(0, `${formulaText(node)} is true or false`, "a number such as if(..., 1, 0)");
    return null;
  } catch (error) {
    if (error instanceof FormulaError) return error.problem;
    throw error;
  }
}

function withParams({ score, topK }: Params): Pick<RankerDefinition<Params>, "rank"> {
  const problem = scoreProblem(score);
  if (problem !== null) throw new RangeError(`Cannot compile a score: ${problem.is}, ${problem.needed} is needed`);
  const node = parseFormula(score);
  const compiled = compileFormula(node, RANKER_SCOPE);
  // Only what the score reads is looked up: a universe has hundreds of symbols.
  const slots = namesIn(node).map((name) => RANKER_SCOPE.slotOf(name)!);
  const values = new Float64Array(RANKER_TERMS.length);
  return {
    rank(view) {
      const facts = { open: new Set(view.openPositions), listed: new Set(view.allowlist) };
      const scoreOf = (symbol: number): number => {
        for (const slot of slots) values[slot] = RANKER_TERMS[slot]!.read(view, symbol, facts) ?? Number.NaN;
        return compiled(values);
      };
      return largest(view, Math.min(topK, view.budgetCalls), scoreOf);
    },
  };
}

/** One scan with a short sorted list: a hundredth of the work of sorting the universe. */
function largest(view: RankerView, count: number, scoreOf: (symbol: number) => number): Ranking {
  const best: { symbol: number; score: number }[] = [];
  let scored = 0;
  for (let symbol = 0; symbol < view.symbols.length; symbol++) {
    const score = scoreOf(symbol);
    // Without a score a symbol is behind every other.
    const candidate = { symbol, score: Number.isNaN(score) ? Number.NEGATIVE_INFINITY : score };
    const last = best[best.length - 1];
    if (best.length === count && last !== undefined && !isBefore(view, candidate, last)) continue;
    let place = best.length;
    while (place > 0 && isBefore(view, candidate, best[place - 1]!)) place -= 1;
    best.splice(place, 0, candidate);
    if (best.length > count) best.pop();
  }
  for (const { score } of best) if (score > Number.NEGATIVE_INFINITY) scored += 1;
  return {
    symbols: best.map(({ symbol }) => symbol),
    tierCounts: { formula: scored, "score-unknown": best.length - scored },
  };
}

interface Candidate {
  readonly symbol: number;
  readonly score: number;
}

function isBefore({ symbols }: RankerView, left: Candidate, right: Candidate): boolean {
  if (left.score !== right.score) return left.score > right.score;
  const [leftName, rightName] = [symbols[left.symbol]!, symbols[right.symbol]!];
  return leftName === rightName ? left.symbol < right.symbol : leftName < rightName;
}
