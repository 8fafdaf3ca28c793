import { and, finite, or, sigmoid, tanh, UNIT_FUNCTIONS } from "./functions.ts";
import type { Scope } from "./scope.ts";
import type { FormulaNode } from "./syntax.ts";

/** A formula ready to run: values by slot, NaN where unknown, to a number; NaN when it has no value. Truth is 1, 0. */
export type Compiled = (values: ArrayLike<number>) => number;

/** Closures over closures, made once: no text is run. The formula must have been checked against the same scope. */
export function compileFormula(node: FormulaNode, scope: Scope): Compiled {
  switch (node.kind) {
    case "number": {
      const { value } = node;
      return () => value;
    }
    case "truth": {
      const value = node.value ? 1 : 0;
      return () => value;
    }
    case "name": {
      const slot = scope.slotOf(node.name);
      if (slot === undefined) throw new RangeError(`Cannot compile a formula: it reads ${node.name}, check it first`);
      return (values) => finite(values[slot]!);
    }
    case "call":
      return compileCall(
        node.name,
        node.args.map((each) => compileFormula(each, scope)),
      );
  }
}

function compileCall(name: string, args: readonly Compiled[]): Compiled {
  const [a, b, c] = args as [Compiled, Compiled, Compiled];
  switch (name) {
    case "+":
      return (values) => finite(a(values) + b(values));
    case "-":
      return (values) => finite(a(values) - b(values));
    case "*":
      return (values) => finite(a(values) * b(values));
    case "/":
      return (values) => finite(a(values) / b(values));
    case "neg":
      return (values) => -a(values);
    case "<":
      return compared(a, b, (left, right) => left < right);
    case "<=":
      return compared(a, b, (left, right) => left <= right);
    case ">":
      return compared(a, b, (left, right) => left > right);
    case ">=":
      return compared(a, b, (left, right) => left >= right);
    case "==":
      return compared(a, b, (left, right) => left === right);
    case "!=":
      return compared(a, b, (left, right) => left !== right);
    case "and":
      return (values) => and(a(values), b(values));
    case "or":
      return (values) => or(a(values), b(values));
    case "not":
      return (values) => 1 - a(values);
    case "min":
      return (values) => args.reduce((least, each) => Math.min(least, each(values)), Number.POSITIVE_INFINITY);
    case "max":
      return (values) => args.reduce((most, each) => Math.max(most, each(values)), Number.NEGATIVE_INFINITY);
    case "clamp":
      return (values) => Math.min(c(values), Math.max(b(values), a(values)));
    case "exp":
      return (values) => finite(Math.exp(a(values)));
    case "log":
      return (values) => finite(Math.log(a(values)));
    case "sqrt":
      return (values) => finite(Math.sqrt(a(values)));
    case "abs":
      return (values) => Math.abs(a(values));
    case "tanh":
      return (values) => tanh(a(values));
    case "sigmoid":
      return (values) => sigmoid(a(values));
    case "if":
      return (values) => {
        const condition = a(values);
        return condition === 1 ? b(values) : condition === 0 ? c(values) : Number.NaN;
      };
    case "default":
      return (values) => {
        const value = a(values);
        return Number.isNaN(value) ? b(values) : value;
      };
    case "known":
      return (values) => (Number.isNaN(a(values)) ? 0 : 1);
    case "number":
      return a;
    default: {
      const unit = UNIT_FUNCTIONS.get(name);
      if (unit === undefined) throw new RangeError(`Cannot compile a formula: it calls ${name}, check it first`);
      return (values) => finite(a(values) * unit.factor);
    }
  }
}

function compared(left: Compiled, right: Compiled, isTrue: (left: number, right: number) => boolean): Compiled {
  return (values) => {
    const [one, other] = [left(values), right(values)];
    if (Number.isNaN(one) || Number.isNaN(other)) return Number.NaN;
    return isTrue(one, other) ? 1 : 0;
  };
}
