import { z } from "zod";
import type { Verdict } from "../domain/plan.ts";
import { flipPoints } from "../formula/flip-points.ts";
import {
  compileGovernorFormula,
  type GovernorFormula,
  type GovernorFormulaText,
  type Section,
} from "../formula/governor-formula.ts";
import { readDrivers } from "../formula/governor-scope.ts";
import {
  advanceVariable,
  emptyVariable,
  memoryForScore,
  pooledOf,
  type VariableMemory,
  variableValue,
} from "../formula/state-variable.ts";
import { block, defineGovernor, execute, type GovernorDefinition, isCloseAction, type JudgeInput } from "./governor.ts";

const NAME = "formula";

/** Prefix of terms that say at which value of a driver a blocked plan would have passed. */
export const FLIP_PREFIX = "flips at ";

const expression = z
  .union([z.string(), z.number()])
  .transform((written) => String(written))
  .meta({ description: "formula over the drivers of docs/drivers.md, such as 0.85 - 0.15 * regime_flip" });

const cutoff = expression.meta({ description: "block when value is at or above it" });
const value = expression.meta({ description: "what is compared with cutoff, kill_score when absent" });
const blockWhen = expression.meta({ description: "condition, block while it is true" });

const entrySchema = z.strictObject({
  block_when: blockWhen.optional(),
  value: value.optional(),
  cutoff: cutoff.optional(),
  qty_scale: expression.optional().meta({ description: "share of the quantity an executed entry keeps" }),
});

const exitSchema = z.strictObject({
  block_when: blockWhen.optional(),
  value: value.optional(),
  cutoff: cutoff.optional(),
});

const paramsSchema = z.strictObject({
  entry: entrySchema.prefault({ cutoff: "0.6" }).meta({ description: "plans that can raise risk" }),
  exit: exitSchema.optional().meta({ description: "plans that can only lower a position; absent: they always pass" }),
  state: z
    .record(z.string(), z.string())
    .default({})
    .meta({ description: "name: ewma(term, halfLife) | zscore(...) | quantile(term, q, window) | decay(...)" }),
  constants: z
    .record(z.string(), z.number())
    .optional()
    .meta({ description: "numbers by name, for the formulas of entry and exit; what a sweep turns" }),
  monotone: z
    .array(
      z.strictObject({
        of: z.string().meta({ description: "a formula, such as entry.cutoff" }),
        in: z.string().meta({ description: "a driver" }),
        direction: z.enum(["never-rises", "never-falls"]),
      }),
    )
    .default([])
    .meta({ description: "claims that are checked before the run" }),
});

type Params = z.infer<typeof paramsSchema>;

export interface FormulaMemory {
  /** Per symbol one memory a variable, in the order of the variables. */
  readonly bySymbol: Map<string, VariableMemory[]>;
  /** The same over all symbols; empty until the first value, and where nothing is a z-score. */
  readonly pooled: VariableMemory[];
}

/**
 * A governor written in the scenario: conditions, a value against a cutoff and a share of the quantity, as formulas
 * over the drivers and over state variables, which remember past evaluations of the symbol.
 *
 * Plans that can only lower a position are judged by `exit`, and pass when it is absent; all others by `entry`. An
 * unknown driver, or a result that is no finite number, blocks what `entry` judges and lets pass what `exit` judges:
 * the verdict says so, and a result that is no number is a finding of the run.
 */
export const formula: GovernorDefinition<Params, FormulaMemory> = defineGovernor({
  name: NAME,
  summary: "conditions, cutoffs and scales written in the scenario as formulas over the drivers",
  params: paramsSchema,
  createMemory: () => ({ bySymbol: new Map(), pooled: [] }),
  judge: (input) => withParams(input.params).judge(input),
  withParams,
});

function withParams(params: Params): Pick<GovernorDefinition<Params, FormulaMemory>, "judge" | "observe"> {
  const compiled = compileGovernorFormula(params satisfies GovernorFormulaText);
  const { scope, variables, entry, exit } = compiled;
  const values = new Float64Array(scope.terms.length);
  const first = scope.terms.length - variables.length;
  const pooledVariables = variables.map(pooledOf);
  const hasScore = variables.some(({ kind }) => kind === "zscore");

  const refresh = (memories: readonly VariableMemory[] | undefined, pooled: readonly VariableMemory[]): void => {
    for (const [index, variable] of variables.entries()) {
      const isScore = variable.kind === "zscore";
      const own = memories?.[index];
      const memory = isScore ? memoryForScore(own, pooled[index] ?? EMPTY) : own;
      const now = isScore ? variable.compiled(values) : Number.NaN;
      values[first + index] = memory === undefined ? Number.NaN : variableValue(variable, memory, now);
    }
  };

  return {
    judge({ plan, drivers, memory }: JudgeInput<Params, FormulaMemory>): Verdict {
      const isExit = plan.isRiskReducing || isCloseAction(plan.action);
      const score = drivers.killScore;
      const section = isExit ? exit : entry;
      if (section === null) {
        return execute({
          governor: NAME,
          reasonCode: "close_never_vetoed",
          value: score,
          terms: { kill_score: score },
        });
      }
      readDrivers(values, drivers, plan.killScore);
      const memories = memory.bySymbol.get(plan.symbol);
      refresh(memories, memory.pooled);
      const verdict = verdictOf(compiled, section, values, isExit);
      if (verdict.decision !== "BLOCKED" || verdict.reasonCode === "formula_not_a_number") return verdict;
      const points = flipPoints(compiled, section, values, () => refresh(memories, memory.pooled));
      // allow(unordered): in the order of the formula's names
      const flips = Object.entries(points).map(([name, point]): [string, number] => [`${FLIP_PREFIX}${name}`, point]);
      return { ...verdict, terms: { ...verdict.terms, ...Object.fromEntries(flips) } };
    },
    observe(memory, { symbol, drivers, killScore }) {
      if (variables.length === 0) return;
      let memories = memory.bySymbol.get(symbol);
      if (memories === undefined) {
        memories = variables.map(() => emptyVariable());
        memory.bySymbol.set(symbol, memories);
      }
      readDrivers(values, drivers, killScore);
      if (hasScore && memory.pooled.length === 0) memory.pooled.push(...variables.map(() => emptyVariable()));
      for (const [index, variable] of variables.entries()) {
        const value = variable.compiled(values);
        advanceVariable(variable, memories[index]!, value);
        if (variable.kind === "zscore") advanceVariable(pooledVariables[index]!, memory.pooled[index]!, value);
      }
    },
  };
}

const EMPTY = emptyVariable();

function verdictOf(compiled: GovernorFormula, section: Section, values: Float64Array, isExit: boolean): Verdict {
  const { blockWhen, cutoff, qtyScale } = section;
  const isBlocking = blockWhen === null ? 0 : blockWhen.compiled(values);
  const compares = cutoff === null && section.compared !== null ? section.compared : null;
  const compared = numberOrNull((compares?.value ?? section.value.compiled)(values));
  const limit = numberOrNull((compares?.cutoff ?? cutoff?.compiled ?? NOTHING)(values));
  const scale = qtyScale === null ? 1 : qtyScale.compiled(values);
  const parts = { governor: NAME, value: compared, cutoff: limit, terms: termsOf(compiled, section, values) };
  if (isBlocking === 1) return block({ ...parts, ...atCondition(section, values), reasonCode: "formula_block_when" });
  const isUncertain =
    Number.isNaN(isBlocking) || Number.isNaN(scale) || (cutoff !== null && (compared === null || limit === null));
  if (isUncertain) return fallback(compiled, section, values, isExit, parts.terms);
  if (cutoff !== null && compared !== null && limit !== null && compared >= limit) {
    return block({ ...parts, reasonCode: "formula_above_cutoff" });
  }
  return execute({ ...parts, reasonCode: scale < 1 ? "formula_scaled" : "formula_ok", qtyScale: scale });
}

const NOTHING = (): number => Number.NaN;

/** A condition that blocks shows its own two sides, not those of the cutoff that did not decide. */
function atCondition({ compared }: Section, values: Float64Array): { value: number | null; cutoff: number | null } {
  if (compared === null) return { value: null, cutoff: null };
  return { value: numberOrNull(compared.value(values)), cutoff: numberOrNull(compared.cutoff(values)) };
}

function fallback(
  { scope }: GovernorFormula,
  { slots }: Section,
  values: Float64Array,
  isExit: boolean,
  terms: Verdict["terms"],
): Verdict {
  const unknown = slots.filter((slot) => Number.isNaN(values[slot]!)).map((slot) => scope.terms[slot]!.name);
  const reasonCode = unknown.includes("kill_score")
    ? "kill_score_unknown"
    : unknown.length > 0
      ? "formula_driver_unknown"
      : "formula_not_a_number";
  return (isExit ? execute : block)({ governor: NAME, reasonCode, terms });
}

/** Every name the section reads with its value, then every part of its formulas. */
function termsOf({ scope }: GovernorFormula, section: Section, values: Float64Array): Record<string, number | null> {
  const terms: Record<string, number | null> = {};
  for (const slot of section.slots) terms[scope.terms[slot]!.name] = numberOrNull(values[slot]!);
  for (const { text, compiled } of section.parts) terms[text] = numberOrNull(compiled(values));
  return terms;
}

function numberOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
