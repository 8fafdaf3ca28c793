import { FORMULA_FUNCTIONS, type FormulaFunction, functionNamed, sigmoid, tanh, UNIT_FUNCTIONS } from "./functions.ts";
import { FormulaError, refuse } from "./problem.ts";
import {
  absolute,
  hull,
  includes,
  negative,
  product,
  quotient,
  type Range,
  rangeText,
  rising,
  sum,
  TRUTH,
} from "./range.ts";
import type { Scope } from "./scope.ts";
import { type FormulaNode, formulaText } from "./syntax.ts";
import { combineUnits, isSameUnit, jointUnit, RATIO, rootOfUnit, type Unit, unitText } from "./unit.ts";

/** What is known about a part of a formula before anything runs. */
export interface Fact extends Range {
  readonly type: "number" | "truth";
  readonly unit: Unit;
}

/**
 * Names, numbers of arguments, types, units and ranges of a formula. Its facts hold for every run: a driver that leaves
 * its documented range would be a defect of the engine.
 *
 * @param facts filled with one fact per node when given
 * @throws {FormulaError} with the offset of the first mistake
 */
export function checkFormula(node: FormulaNode, scope: Scope, facts?: Map<FormulaNode, Fact>): Fact {
  const fact = factOf(node, scope, facts);
  facts?.set(node, fact);
  return fact;
}

function factOf(node: FormulaNode, scope: Scope, facts: Map<FormulaNode, Fact> | undefined): Fact {
  switch (node.kind) {
    case "number":
      return { type: "number", unit: null, low: node.value, high: node.value };
    case "truth": {
      const value = node.value ? 1 : 0;
      return { type: "truth", unit: RATIO, low: value, high: value };
    }
    case "name": {
      const term = scope.termNamed(node.name);
      if (term === undefined) throw unknownName(node.name, node.at, scope);
      return { type: term.type, unit: term.unit, low: term.low, high: term.high };
    }
    case "call": {
      const called = functionNamed(node.name);
      if (called === undefined || (node.name === "neg" && node.args.length !== 1))
        throw unknownFunction(node.name, node.at);
      requireCount(called, node.args, node.at);
      const args = node.args.map((each) => checkFormula(each, scope, facts));
      requireTypes(called, node.args, args);
      requireName(called, node.args);
      const fact = factOfCall(called, node.args, args, node.at);
      if (fact.low === Number.POSITIVE_INFINITY || fact.high === Number.NEGATIVE_INFINITY || Number.isNaN(fact.low)) {
        throw refuse(node.at, `${formulaText(node)} is always too large for a number`, "a smaller value");
      }
      return fact;
    }
  }
}

function unknownName(name: string, offset: number, scope: Scope): FormulaError {
  const known = scope.names;
  const isFunction = functionNamed(name) !== undefined;
  if (isFunction) return refuse(offset, `${name} is a function`, `a call such as ${name}(...)`);
  const shown = known.slice(0, 8).join(", ");
  const rest = known.length > 8 ? ` and ${known.length - 8} more` : "";
  return new FormulaError({
    offset,
    is: `"${name}" is no driver and no state variable`,
    needed: `one of ${shown}${rest} (docs/drivers.md)`,
    word: name,
    known,
  });
}

function unknownFunction(name: string, offset: number): FormulaError {
  const known = FORMULA_FUNCTIONS.map((each) => each.name);
  const needed = `one of ${known.join(", ")}`;
  return new FormulaError({ offset, is: `"${name}" is no function`, needed, word: name, known });
}

function requireCount({ name, takes }: FormulaFunction, args: readonly FormulaNode[], offset: number): void {
  const isOpen = takes.endsWith("*");
  const least = isOpen ? 2 : takes.length;
  if (isOpen ? args.length >= least : args.length === least) return;
  const wanted = isOpen ? "two or more" : String(least);
  throw refuse(offset, `${name} has ${args.length} arguments`, wanted);
}

function requireTypes({ name, takes }: FormulaFunction, nodes: readonly FormulaNode[], args: readonly Fact[]): void {
  for (const [index, fact] of args.entries()) {
    const wanted = takes[Math.min(index, takes.replace("*", "").length - 1)] === "b" ? "truth" : "number";
    if (fact.type === wanted) continue;
    const text = formulaText(nodes[index]!);
    const hint = name === "not" ? "; `not` binds tighter than a comparison: not (a > b)" : "";
    throw wanted === "truth"
      ? refuse(nodes[index]!.at, `${text} is a number in ${name}`, `something true or false${hint}`)
      : refuse(nodes[index]!.at, `${text} is true or false in ${name}`, "a number, such as if(..., 1, 0)");
  }
}

/** Only a name can be unknown; of anything else these would hide that it has no value. */
function requireName({ name }: FormulaFunction, [first]: readonly FormulaNode[]): void {
  if ((name !== "default" && name !== "known") || first === undefined || first.kind === "name") return;
  throw refuse(first.at, `${formulaText(first)} in ${name} is no driver`, "the name of a driver or state variable");
}

const JOINING = new Set(["+", "-", "<", "<=", ">", ">=", "==", "!=", "min", "max", "clamp", "default"]);

function factOfCall(
  called: FormulaFunction,
  nodes: readonly FormulaNode[],
  args: readonly Fact[],
  offset: number,
): Fact {
  const { name } = called;
  const unit = unitOfCall(name, nodes, args, offset);
  const { low, high } = rangeOfCall(name, nodes, args, offset);
  return { type: called.gives === "b" ? "truth" : "number", unit, low, high };
}

function unitOfCall(name: string, nodes: readonly FormulaNode[], args: readonly Fact[], offset: number): Unit {
  const [first, second] = args.map(({ unit }) => unit) as [Unit, Unit];
  if (JOINING.has(name)) return joined(nodes, args, name, ["<", "<=", ">", ">=", "==", "!="].includes(name));
  if (name === "if") return joined(nodes.slice(1), args.slice(1), name, false);
  switch (name) {
    case "*":
      return combineUnits(first, second, 1);
    case "/":
      return combineUnits(first, second, -1);
    case "neg":
    case "abs":
      return first;
    case "sqrt":
      return rootOfUnit(first);
    case "exp":
    case "log":
    case "tanh":
    case "sigmoid":
      if (!isSameUnit(first, RATIO)) {
        const is = `${formulaText(nodes[0]!)} in ${name} is in ${unitText(first)}`;
        throw refuse(nodes[0]!.at, is, "a ratio, such as x / hours(1) or number(x),");
      }
      return first === null ? null : RATIO;
    default: {
      const made = UNIT_FUNCTIONS.get(name);
      if (made === undefined) return RATIO;
      if (first !== null)
        throw refuse(offset, `${formulaText(nodes[0]!)} has a unit already`, `a written number in ${name}`);
      return { [made.base]: 1 };
    }
  }
}

function joined(nodes: readonly FormulaNode[], args: readonly Fact[], name: string, isCompared: boolean): Unit {
  const unit = jointUnit(args.map((each) => each.unit));
  for (const [index, each] of args.entries()) {
    if (isSameUnit(each.unit, unit)) continue;
    const other = args.findIndex((fact) => fact.unit !== null);
    const place = nodes[index]!;
    const verb = isCompared ? "is compared with" : `stands in one "${name}" with`;
    const is = `${formulaText(place)} (${unitText(each.unit)}) ${verb} ${formulaText(nodes[other]!)} (${unitText(unit)})`;
    throw refuse(place.at, is, `a value in ${unitText(unit)}`);
  }
  return isCompared ? RATIO : unit;
}

function rangeOfCall(name: string, nodes: readonly FormulaNode[], args: readonly Fact[], offset: number): Range {
  const [a, b, c] = args as [Fact, Fact, Fact];
  switch (name) {
    case "+":
      return sum(a, b);
    case "-":
      return sum(a, negative(b));
    case "*":
      return product(a, b);
    case "/":
      if (includes(b, 0)) {
        const is = `${formulaText(nodes[1]!)} divides and can be 0: it is ${rangeText(b)}`;
        throw refuse(nodes[1]!.at, is, "a divisor that cannot, such as max(x, 0.001),");
      }
      return quotient(a, b);
    case "neg":
      return negative(a);
    case "<":
      return decided(a.high < b.low, a.low >= b.high);
    case "<=":
      return decided(a.high <= b.low, a.low > b.high);
    case ">":
      return decided(a.low > b.high, a.high <= b.low);
    case ">=":
      return decided(a.low >= b.high, a.high < b.low);
    case "==":
      return decided(a.low === a.high && b.low === b.high && a.low === b.low, a.high < b.low || b.high < a.low);
    case "!=":
      return decided(a.high < b.low || b.high < a.low, a.low === a.high && b.low === b.high && a.low === b.low);
    case "and":
      return { low: Math.min(a.low, b.low), high: Math.min(a.high, b.high) };
    case "or":
      return { low: Math.max(a.low, b.low), high: Math.max(a.high, b.high) };
    case "not":
      return { low: 1 - a.high, high: 1 - a.low };
    case "min":
      return { low: Math.min(...args.map(({ low }) => low)), high: Math.min(...args.map(({ high }) => high)) };
    case "max":
      return { low: Math.max(...args.map(({ low }) => low)), high: Math.max(...args.map(({ high }) => high)) };
    case "clamp":
      if (b.high > c.low) {
        const is = `clamp's low end is ${rangeText(b)} and its high end ${rangeText(c)}`;
        throw refuse(offset, is, "a low end that is never above the high one");
      }
      return { low: Math.min(c.low, Math.max(b.low, a.low)), high: Math.min(c.high, Math.max(b.high, a.high)) };
    case "exp":
      return rising(a, Math.exp);
    case "log":
      if (a.low <= 0) {
        const is = `${formulaText(nodes[0]!)} in log can be 0 or less: it is ${rangeText(a)}`;
        throw refuse(nodes[0]!.at, is, "a value above 0, such as max(x, 0.001),");
      }
      return rising(a, Math.log);
    case "sqrt":
      if (a.low < 0) {
        const is = `${formulaText(nodes[0]!)} in sqrt can be below 0: it is ${rangeText(a)}`;
        throw refuse(nodes[0]!.at, is, "a value of 0 or more, such as max(x, 0),");
      }
      return rising(a, Math.sqrt);
    case "abs":
      return absolute(a);
    case "tanh":
      return rising(a, tanh);
    case "sigmoid":
      return rising(a, sigmoid);
    case "if":
      return a.low === 1 ? b : a.high === 0 ? c : hull([b, c]);
    case "default":
      return hull([a, b]);
    case "known":
      return TRUTH;
    case "number":
      return a;
    default: {
      const { factor } = UNIT_FUNCTIONS.get(name)!;
      return product(a, { low: factor, high: factor });
    }
  }
}

function decided(isAlways: boolean, isNever: boolean): Range {
  return { low: isAlways ? 1 : 0, high: isNever ? 0 : 1 };
}
