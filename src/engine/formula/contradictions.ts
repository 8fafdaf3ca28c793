import { checkFormula } from "./check.ts";
import type { GovernorFormula, Section } from "./governor-formula.ts";
import { type Range, rangeText } from "./range.ts";
import type { Scope } from "./scope.ts";
import { formulaText } from "./syntax.ts";

/** A formula that can never decide otherwise, or that refuses what another setting asks for. */
export interface FormulaContradiction {
  readonly code: "close_requested_and_refused" | "unreachable_threshold" | "always_blocks";
  readonly severity: "warn" | "error";
  readonly text: string;
  readonly evidence: Readonly<Record<string, number | string>>;
  /** Key of the formula, such as `["entry", "cutoff"]`. */
  readonly path: readonly string[];
}

/** Steps in which the kill scores that ask for a close are looked at. */
const SCORE_STEPS = 200;

/**
 * What the ranges of a checked governor's formulas say before anything runs. Ranges are never too narrow, so what is
 * called unreachable is; a formula whose range is too wide for an answer is not mentioned.
 *
 * @param scores kill scores that are possible with the scenario's weights
 * @param closeFrom score from which closes are asked for
 */
export function formulaContradictions(
  formula: GovernorFormula,
  scores: Range,
  closeFrom: number,
): FormulaContradiction[] {
  const scope = formula.scope.narrowed("kill_score", scores.low, scores.high);
  return [
    ...sectionContradictions("entry", formula.entry, scope),
    ...(formula.exit === null ? [] : sectionContradictions("exit", formula.exit, scope)),
    ...(formula.exit === null ? [] : closeContradictions(formula.exit, scope, scores, closeFrom)),
  ];
}

function sectionContradictions(name: string, section: Section, scope: Scope): FormulaContradiction[] {
  const found: FormulaContradiction[] = [];
  const { blockWhen, value, cutoff } = section;
  if (blockWhen !== null) {
    const { low, high } = checkFormula(blockWhen.node, scope);
    const path = [name, "block_when"];
    const text = formulaText(blockWhen.node);
    if (low === 1) found.push(always(path, `${name}.block_when ${text} is always true: nothing it judges ever passes`));
    if (high === 0) found.push(never(path, `${name}.block_when ${text} is never true: it never blocks`));
  }
  if (cutoff === null) return found;
  const [compared, limit] = [checkFormula(value.node, scope), checkFormula(cutoff.node, scope)];
  const path = [name, "cutoff"];
  const texts = `${formulaText(value.node)} (${rangeText(compared)}) and ${name}.cutoff (${rangeText(limit)})`;
  const evidence = { value: rangeText(compared), cutoff: rangeText(limit) };
  if (compared.high < limit.low) found.push({ ...never(path, `${texts} never meet: it never blocks`), evidence });
  if (compared.low >= limit.high) {
    found.push({ ...always(path, `${texts} leave no room: nothing it judges ever passes`), evidence });
  }
  return found;
}

function always(path: readonly string[], text: string): FormulaContradiction {
  return { code: "always_blocks", severity: "error", text, evidence: { formula: path.join(".") }, path };
}

function never(path: readonly string[], text: string): FormulaContradiction {
  return { code: "unreachable_threshold", severity: "warn", text, evidence: { formula: path.join(".") }, path };
}

/** Scores at which a close is asked for and `exit` refuses it: for every value of the other drivers, or for some. */
function closeContradictions(exit: Section, scope: Scope, scores: Range, closeFrom: number): FormulaContradiction[] {
  if (closeFrom > scores.high) return [];
  const from = Math.max(closeFrom, scores.low);
  const always: number[] = [];
  const sometimes: number[] = [];
  for (let step = 0; step <= SCORE_STEPS; step++) {
    const score = from + (step / SCORE_STEPS) * (scores.high - from);
    const refusal = refusalAt(exit, scope.narrowed("kill_score", score, score));
    if (refusal.low === 1) always.push(score);
    if (refusal.high === 1) sometimes.push(score);
  }
  const refused = always.length > 0 ? always : sometimes;
  const [first, last] = [refused[0], refused[refused.length - 1]];
  if (first === undefined || last === undefined) return [];
  const how = always.length > 0 ? "refused by exit whatever else holds" : "refused by exit for some drivers";
  return [
    {
      code: "close_requested_and_refused",
      severity: always.length > 0 ? "error" : "warn",
      text: `Scores from ${number(first)} to ${number(last)} request a close (from ${number(closeFrom)}) and are ${how}`,
      evidence: { requestedFrom: closeFrom, intervalFrom: first, intervalTo: last },
      path: ["exit", exit.cutoff === null ? "block_when" : "cutoff"],
    },
  ];
}

/** Range of "is refused" within a scope: 1 to 1 always, 0 to 0 never. */
function refusalAt({ blockWhen, value, cutoff }: Section, scope: Scope): Range {
  const condition = blockWhen === null ? { low: 0, high: 0 } : checkFormula(blockWhen.node, scope);
  if (cutoff === null) return condition;
  const compared = checkFormula({ kind: "call", name: ">=", args: [value.node, cutoff.node], at: 0 }, scope);
  return { low: Math.max(condition.low, compared.low), high: Math.max(condition.high, compared.high) };
}

function number(value: number): string {
  return String(Number(value.toPrecision(4)));
}
