import { checkFormula } from "./check.ts";
import { type Compiled, compileFormula } from "./compile.ts";
import { FormulaError, refuse } from "./problem.ts";
import { hull } from "./range.ts";
import { Scope, type Term } from "./scope.ts";
import { type FormulaNode, formulaText, parseFormula } from "./syntax.ts";
import { RATIO } from "./unit.ts";

const KINDS = ["ewma", "zscore", "quantile", "decay"] as const;
export type VariableKind = (typeof KINDS)[number];

const MEANINGS: Readonly<Record<VariableKind, string>> = {
  ewma: "mean of a term over past evaluations of the symbol, older ones weigh half every half-life",
  zscore: "distance of a term from its past mean in past standard deviations",
  quantile: "quantile of a term over the last evaluations of the symbol",
  decay: "highest past value of a term, which halves every half-life",
};

const WINDOW_MAX = 1000;

/** `state:` of a formula governor: a name and what it remembers of a term. */
export interface StateVariable {
  readonly term: Term;
  readonly kind: VariableKind;
  readonly of: FormulaNode;
  readonly compiled: Compiled;
  /** Weight a value keeps after one evaluation; 1 for a quantile. */
  readonly kept: number;
  readonly quantile: number;
  readonly window: number;
}

/** What one variable remembers of one symbol: plain data, part of checkpoints. */
export interface VariableMemory {
  count: number;
  mean: number;
  variance: number;
  /** Last values of a quantile, oldest first. */
  readonly values: number[];
}

export function emptyVariable(): VariableMemory {
  return { count: 0, mean: 0, variance: 0, values: [] };
}

/**
 * `ewma(term, halfLife)`, `zscore(term, halfLife)`, `quantile(term, q, window)` or `decay(term, halfLife)`; half-lives
 * and windows count evaluations of the symbol.
 *
 * @param drivers what the term may read: a variable never reads another one
 * @throws {FormulaError} with the offset of the first mistake
 */
export function parseStateVariable(name: string, text: string, drivers: Scope): StateVariable {
  const node = parseFormula(text);
  if (node.kind !== "call" || !KINDS.some((kind) => kind === node.name)) {
    const is = node.kind === "call" ? `"${node.name}" remembers nothing` : `${formulaText(node)} remembers nothing`;
    const known = { word: node.kind === "call" ? node.name : "", known: KINDS };
    throw new FormulaError({ offset: node.at, is, needed: `one of ${KINDS.join(", ")}`, ...known });
  }
  const kind = node.name as VariableKind;
  const count = kind === "quantile" ? 3 : 2;
  if (node.args.length !== count) {
    const needed = kind === "quantile" ? "quantile(term, q, window)" : `${kind}(term, halfLife)`;
    throw refuse(node.at, `${kind} has ${node.args.length} arguments`, needed);
  }
  const of = node.args[0]!;
  const fact = checkFormula(of, drivers);
  if (fact.type !== "number") throw refuse(of.at, `${formulaText(of)} is true or false`, "a number");
  const quantile = kind === "quantile" ? constantOf(node.args[1]!, 0, 1, false) : 0.5;
  const length = constantOf(node.args[count - 1]!, 1, kind === "quantile" ? WINDOW_MAX : 1e6, kind === "quantile");
  const range = kind === "zscore" ? INFINITE : kind === "decay" ? hull([fact, { low: 0, high: 0 }]) : fact;
  return {
    term: {
      name,
      type: "number",
      unit: kind === "zscore" ? RATIO : fact.unit,
      low: range.low,
      high: range.high,
      usualLow: kind === "zscore" ? -4 : -10,
      usualHigh: kind === "zscore" ? 4 : 10,
      isNullable: true,
      meaning: MEANINGS[kind],
      ...(kind === "zscore" ? { follows: of } : {}),
    },
    kind,
    of,
    compiled: compileFormula(of, drivers),
    kept: kind === "quantile" ? 1 : Math.exp(-Math.LN2 / length),
    quantile,
    window: length,
  };
}

const INFINITE = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };

function constantOf(node: FormulaNode, low: number, high: number, isWhole: boolean): number {
  if (node.kind === "number" && node.value >= low && node.value <= high && (!isWhole || Number.isInteger(node.value))) {
    return node.value;
  }
  throw refuse(
    node.at,
    `${formulaText(node)} stands here`,
    `a written ${isWhole ? "whole " : ""}number from ${low} to ${high}`,
  );
}

/** A deviation this small is rounding, not movement. */
const DEVIATION_MIN = 1e-12;

/** Past values a z-score needs, as the governor `z-score` does: a deviation of a handful makes any next value look extreme. */
const SCORES_MIN = 30;

/**
 * What a z-score compares with: the symbol's own past when it is long enough, else that of all symbols together, else
 * nothing.
 */
export function memoryForScore(own: VariableMemory | undefined, pooled: VariableMemory): VariableMemory | undefined {
  if (own !== undefined && own.count >= SCORES_MIN) return own;
  return pooled.count >= SCORES_MIN ? pooled : undefined;
}

/** The pooled memory sees more values an hour, so each fades more slowly: four half-lives are its one. */
export function pooledOf(variable: StateVariable): StateVariable {
  return { ...variable, kept: Math.sqrt(Math.sqrt(variable.kept)) };
}

/**
 * Value before the present evaluation is remembered, NaN while there is none. A z-score of a term that does not move is
 * not known: it has no deviation, and a frozen input must not pass for a normal one.
 *
 * @param now the term's present value, which only a z-score looks at
 */
export function variableValue({ kind, quantile }: StateVariable, memory: VariableMemory, now: number): number {
  if (memory.count === 0) return Number.NaN;
  switch (kind) {
    case "ewma":
    case "decay":
      return memory.mean;
    case "zscore": {
      const deviation = Math.sqrt(memory.variance);
      return deviation > DEVIATION_MIN ? (now - memory.mean) / deviation : Number.NaN;
    }
    case "quantile": {
      const sorted = [...memory.values].sort((left, right) => left - right);
      return sorted[Math.max(0, Math.ceil(quantile * sorted.length) - 1)]!;
    }
  }
}

/** Takes one more value; one that is not known leaves the memory as it is. */
export function advanceVariable({ kind, kept, window }: StateVariable, memory: VariableMemory, value: number): void {
  if (!Number.isFinite(value)) return;
  memory.count += 1;
  if (kind === "quantile") {
    memory.values.push(value);
    if (memory.values.length > window) memory.values.shift();
    return;
  }
  if (memory.count === 1) {
    memory.mean = value;
    return;
  }
  if (kind === "decay") {
    memory.mean = Math.max(value, memory.mean * kept);
    return;
  }
  const difference = value - memory.mean;
  memory.mean += (1 - kept) * difference;
  memory.variance = kept * (memory.variance + (1 - kept) * difference * difference);
}

/** Drivers first, then the variables: slots of the drivers stay what they are. */
export function withVariables(drivers: Scope, variables: readonly StateVariable[]): Scope {
  return new Scope([...drivers.terms, ...variables.map(({ term }) => term)]);
}
