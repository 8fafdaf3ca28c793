import { checkFormula } from "./check.ts";
import { type Compiled, compileFormula } from "./compile.ts";
import { isFunctionName } from "./functions.ts";
import { GOVERNOR_TERMS } from "./governor-scope.ts";
import { checkMonotone } from "./monotone.ts";
import { FormulaError, type FormulaProblem, refuse } from "./problem.ts";
import { rangeText } from "./range.ts";
import { Scope, type Term } from "./scope.ts";
import { parseStateVariable, type StateVariable, withVariables } from "./state-variable.ts";
import { type FormulaNode, formulaText, namesIn, parseFormula, withConstants } from "./syntax.ts";

/** Formulas of one kind of plan, as a scenario writes them. */
export interface SectionText {
  readonly block_when?: string | undefined;
  readonly value?: string | undefined;
  readonly cutoff?: string | undefined;
  readonly qty_scale?: string | undefined;
}

export interface MonotoneClaim {
  readonly of: string;
  readonly in: string;
  readonly direction: "never-rises" | "never-falls";
}

export interface GovernorFormulaText {
  readonly entry: SectionText;
  readonly exit?: SectionText | undefined;
  readonly state: Readonly<Record<string, string>>;
  /** Numbers by name, for a sweep to turn; known in the formulas of entry and exit. */
  readonly constants?: Readonly<Record<string, number>> | undefined;
  readonly monotone: readonly MonotoneClaim[];
}

/** One expression: its tree for checks, its closure for runs. */
export interface Expression {
  readonly node: FormulaNode;
  readonly compiled: Compiled;
}

/** Formulas of one kind of plan, checked. */
export interface Section {
  readonly blockWhen: Expression | null;
  /** Sides of `block_when` when that is a comparison: what a verdict shows as value and cutoff. */
  readonly compared: { readonly value: Compiled; readonly cutoff: Compiled } | null;
  readonly value: Expression;
  readonly cutoff: Expression | null;
  readonly qtyScale: Expression | null;
  /** Slots of the names the section reads. */
  readonly slots: readonly number[];
  /** Parts of its formulas worth a name of their own in a verdict. */
  readonly parts: readonly { readonly text: string; readonly compiled: Compiled }[];
}

/** How a claim of monotony was shown. */
export interface MonotoneProof extends MonotoneClaim {
  readonly by: "analysis" | "samples";
  readonly sampleCount: number;
}

export interface GovernorFormula {
  readonly scope: Scope;
  readonly variables: readonly StateVariable[];
  readonly entry: Section;
  readonly exit: Section | null;
  readonly proofs: readonly MonotoneProof[];
}

/** A mistake and the key it stands under. */
export interface PlacedProblem extends FormulaProblem {
  readonly path: readonly (string | number)[];
}

export const GOVERNOR_SCOPE = new Scope(
  GOVERNOR_TERMS.map(({ read: _, ...term }): Term => ({ ...term, type: "number" })),
);

/** `kill_z` needs no line of its own in `state:`. */
const KILL_Z = "kill_z";
const KILL_Z_TEXT = "zscore(kill_score, 120)";
const VARIABLES_MAX = 32;
const PARTS_MAX = 16;
const PART_DEPTH_MAX = 3;
const NAME = /^[a-z][a-z0-9_]*$/;
const EMPTY: Section = {
  blockWhen: null,
  compared: null,
  value: expressionOf(parseFormula("kill_score"), GOVERNOR_SCOPE),
  cutoff: null,
  qtyScale: null,
  slots: [],
  parts: [],
};

/** Every mistake of a formula governor, or the governor ready to compile: names, types, units, ranges, monotony. */
export function readGovernorFormula(text: GovernorFormulaText): {
  readonly formula: GovernorFormula;
  readonly problems: readonly PlacedProblem[];
} {
  const problems: PlacedProblem[] = [];
  const attempt = <T>(path: readonly (string | number)[], make: () => T, otherwise: T): T => {
    try {
      return make();
    } catch (error) {
      if (!(error instanceof FormulaError)) throw error;
      problems.push({ ...error.problem, path });
      return otherwise;
    }
  };
  const variables: StateVariable[] = [];
  // allow(unordered): names are unique, and a map of a file keeps their order
  for (const [name, definition] of Object.entries(withKillZ(text))) {
    const variable = attempt(
      ["state", name],
      () => {
        requireFreeName(name, variables.length);
        return parseStateVariable(name, definition, GOVERNOR_SCOPE);
      },
      null,
    );
    if (variable !== null) variables.push(variable);
  }
  const { constants = {} } = text;
  // allow(unordered): each name is judged by itself
  for (const name of Object.keys(constants)) {
    attempt(
      ["constants", name],
      () => {
        requireFreeName(name, 0);
        if (Object.hasOwn(text.state, name)) throw refuse(0, `"${name}" is a state variable`, "a name of its own");
      },
      undefined,
    );
  }
  const scope = withVariables(GOVERNOR_SCOPE, variables);
  // A variable that is wrong is told once, not again by each formula that reads it.
  if (problems.length > 0) return { formula: { scope, variables, entry: EMPTY, exit: null, proofs: [] }, problems };

  const section = (name: "entry" | "exit", texts: SectionText): Section =>
    readSection(texts, { scope, constants }, (key, make) => attempt([name, key], make, null));
  const entry = section("entry", text.entry);
  const exit = text.exit === undefined ? null : section("exit", text.exit);
  const sections = { entry, exit };
  const proofs = text.monotone.flatMap((claim, index) =>
    attempt<MonotoneProof[]>(["monotone", index], () => [prove(claim, sections, scope, problems.length > 0)], []),
  );
  return { formula: { scope, variables, entry, exit, proofs }, problems };
}

/** @throws {RangeError} when the text has mistakes: a scenario's has been checked by its schema */
export function compileGovernorFormula(text: GovernorFormulaText): GovernorFormula {
  const { formula, problems } = readGovernorFormula(text);
  const [problem] = problems;
  if (problem === undefined) return formula;
  throw new RangeError(`Cannot compile ${problem.path.join(".")}: ${problem.is}, ${problem.needed} is needed`);
}

function withKillZ(text: GovernorFormulaText): Readonly<Record<string, string>> {
  const texts = [text.entry, text.exit ?? {}].flatMap((each) => [
    each.block_when,
    each.value,
    each.cutoff,
    each.qty_scale,
  ]);
  const isRead = texts.some((each) => each !== undefined && new RegExp(`\\b${KILL_Z}\\b`).test(each));
  return isRead && !Object.hasOwn(text.state, KILL_Z) ? { ...text.state, [KILL_Z]: KILL_Z_TEXT } : text.state;
}

function requireFreeName(name: string, count: number): void {
  if (!NAME.test(name)) throw refuse(0, `"${name}" is no name`, "a name of a-z, 0-9 and _");
  if (GOVERNOR_SCOPE.slotOf(name) !== undefined) throw refuse(0, `"${name}" is a driver`, "a name of its own");
  if (isFunctionName(name) || ["and", "or", "not", "true", "false"].includes(name)) {
    throw refuse(0, `"${name}" has a meaning in formulas`, "a name of its own");
  }
  if (count >= VARIABLES_MAX) throw refuse(0, "it is one variable too many", `at most ${VARIABLES_MAX}`);
}

function readSection(
  texts: SectionText,
  { scope, constants }: { readonly scope: Scope; readonly constants: Readonly<Record<string, number>> },
  attempt: (key: keyof SectionText, make: () => Expression | null) => Expression | null,
): Section {
  const read = (key: keyof SectionText, type: "number" | "truth"): Expression | null => {
    const text = texts[key];
    return text === undefined ? null : attempt(key, () => readExpression(text, type, { scope, constants, key }));
  };
  const blockWhen = read("block_when", "truth");
  const value = read("value", "number") ?? EMPTY.value;
  const cutoff = attempt("cutoff", () => {
    const each =
      texts.cutoff === undefined ? null : readExpression(texts.cutoff, "number", { scope, constants, key: "cutoff" });
    // The two meet in a comparison, so they must be able to.
    if (each !== null) requireComparable(value.node, each.node, scope);
    return each;
  });
  const qtyScale = read("qty_scale", "number");
  const nodes = [blockWhen, value, cutoff, qtyScale].flatMap((each) => (each === null ? [] : [each.node]));
  const names = [...new Set(nodes.flatMap((node) => namesIn(node)))];
  return {
    blockWhen,
    compared: blockWhen === null ? null : comparedOf(blockWhen.node, scope),
    value,
    cutoff,
    qtyScale,
    slots: names.map((name) => scope.slotOf(name)!),
    parts: partsOf(nodes, scope),
  };
}

function readExpression(
  text: string,
  type: "number" | "truth",
  place: { readonly scope: Scope; readonly constants: Readonly<Record<string, number>>; readonly key: string },
): Expression {
  const { scope, constants, key } = place;
  const node = withConstants(parseFormula(text), constants);
  const fact = checkFormula(node, scope);
  if (fact.type !== type) {
    const is = `${formulaText(node)} is ${fact.type === "truth" ? "true or false" : "a number"}`;
    throw refuse(0, is, type === "truth" ? `a condition in ${key}` : `a number in ${key}`);
  }
  if (key === "qty_scale" && (fact.low <= 0 || fact.high > 1)) {
    const is = `it can be ${rangeText(fact)}`;
    throw refuse(0, is, "a share above 0 and at most 1, such as clamp(x, 0.25, 1),");
  }
  return expressionOf(node, scope);
}

function expressionOf(node: FormulaNode, scope: Scope): Expression {
  return { node, compiled: compileFormula(node, scope) };
}

function requireComparable(value: FormulaNode, cutoff: FormulaNode, scope: Scope): void {
  const comparison: FormulaNode = { kind: "call", name: ">=", args: [value, cutoff], at: 0 };
  checkFormula(comparison, scope);
}

const COMPARISONS = new Set(["<", "<=", ">", ">="]);

function comparedOf(node: FormulaNode, scope: Scope): Section["compared"] {
  if (node.kind !== "call" || !COMPARISONS.has(node.name)) return null;
  const [left, right] = node.args as [FormulaNode, FormulaNode];
  return { value: compileFormula(left, scope), cutoff: compileFormula(right, scope) };
}

/** Calls down to three levels, outermost first; sums are told by their summands. */
function partsOf(nodes: readonly FormulaNode[], scope: Scope): Section["parts"] {
  const parts = new Map<string, Compiled>();
  let level = nodes;
  for (let depth = 0; depth < PART_DEPTH_MAX && level.length > 0; depth++) {
    const calls = level.flatMap((node) => summands(node)).flatMap((node) => (node.kind === "call" ? [node] : []));
    for (const node of calls) {
      const text = formulaText(node);
      const isConstant = namesIn(node).length === 0;
      if (!isConstant && parts.size < PARTS_MAX && !parts.has(text)) parts.set(text, compileFormula(node, scope));
    }
    level = calls.flatMap(({ args }) => args);
  }
  return [...parts].map(([text, compiled]) => ({ text, compiled }));
}

function summands(node: FormulaNode): FormulaNode[] {
  if (node.kind !== "call" || (node.name !== "+" && node.name !== "-")) return [node];
  return node.args.flatMap((each) => summands(each));
}

const KEYS: Readonly<Record<string, "blockWhen" | "value" | "cutoff" | "qtyScale">> = {
  block_when: "blockWhen",
  value: "value",
  cutoff: "cutoff",
  qty_scale: "qtyScale",
};

function prove(
  claim: MonotoneClaim,
  sections: { readonly entry: Section; readonly exit: Section | null },
  scope: Scope,
  isBroken: boolean,
): MonotoneProof {
  const [sectionName = "", key = ""] = claim.of.split(".");
  const section = sectionName === "entry" ? sections.entry : sectionName === "exit" ? sections.exit : null;
  const field = KEYS[key];
  const expression = section === null || field === undefined ? null : section[field];
  if (scope.slotOf(claim.in) === undefined) {
    const known = scope.names;
    throw new FormulaError({
      offset: 0,
      is: `"${claim.in}" is no driver`,
      needed: "a driver (docs/drivers.md)",
      word: claim.in,
      known,
    });
  }
  // The formula it speaks of has a mistake of its own, which is told already.
  if (isBroken) return { ...claim, by: "analysis", sampleCount: 0 };
  if (expression === null) {
    throw refuse(0, `"${claim.of}" is no formula here`, "one of those written, such as entry.cutoff,");
  }
  const verdict = checkMonotone(expression.node, scope, claim.in, claim.direction);
  const { counterexample } = verdict;
  if (counterexample !== null) {
    const { from, to, valueFrom, valueTo } = counterexample;
    const text = (value: number): string => String(Number(value.toPrecision(4)));
    const verb = claim.direction === "never-rises" ? "rises" : "falls";
    const is = `${claim.of} ${verb} from ${text(valueFrom)} to ${text(valueTo)} when ${claim.in} goes from ${text(from)} to ${text(to)}`;
    throw refuse(0, is, `a formula that ${claim.direction.replace("-", " ")} in ${claim.in}`);
  }
  return { ...claim, by: verdict.by, sampleCount: verdict.sampleCount };
}
