import type { FormulaNode } from "../../../src/engine/formula/syntax.ts";

/** The meaning of a formula written down a second time, step by step over the tree; `null` is "no value". */
export function evaluateNaively(node: FormulaNode, read: (name: string) => number | null): number | null {
  switch (node.kind) {
    case "number":
      return node.value;
    case "truth":
      return node.value ? 1 : 0;
    case "name":
      return read(node.name);
    case "call": {
      const values = node.args.map((each) => evaluateNaively(each, read));
      return call(node.name, values);
    }
  }
}

function call(name: string, values: readonly (number | null)[]): number | null {
  const [a = null, b = null, c = null] = values;
  if (name === "default") return a ?? b;
  if (name === "known") return a === null ? 0 : 1;
  if (name === "if") return a === null ? null : a === 1 ? b : c;
  if (name === "and") return a === 0 || b === 0 ? 0 : a === null || b === null ? null : 1;
  if (name === "or") return a === 1 || b === 1 ? 1 : a === null || b === null ? null : 0;
  if (values.some((value) => value === null)) return null;
  const result = plain(name, values as number[]);
  return Number.isFinite(result) ? result : null;
}

function plain(name: string, values: readonly number[]): number {
  const [a, b, c] = values as [number, number, number];
  const truth = (is: boolean): number => (is ? 1 : 0);
  switch (name) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "/":
      return a / b;
    case "neg":
      return -a;
    case "<":
      return truth(a < b);
    case "<=":
      return truth(a <= b);
    case ">":
      return truth(a > b);
    case ">=":
      return truth(a >= b);
    case "==":
      return truth(a === b);
    case "!=":
      return truth(a !== b);
    case "not":
      return truth(a === 0);
    case "min":
      return Math.min(...values);
    case "max":
      return Math.max(...values);
    case "clamp":
      return Math.min(c, Math.max(b, a));
    case "exp":
      return Math.exp(a);
    case "log":
      return Math.log(a);
    case "sqrt":
      return Math.sqrt(a);
    case "abs":
      return Math.abs(a);
    case "tanh":
      return a < 0 ? -(1 - Math.exp(2 * a)) / (1 + Math.exp(2 * a)) : (1 - Math.exp(-2 * a)) / (1 + Math.exp(-2 * a));
    case "sigmoid":
      return 1 / (1 + Math.exp(-a));
    case "number":
      return a;
    default:
      throw new RangeError(`Cannot evaluate ${name}: it has no meaning here`);
  }
}
