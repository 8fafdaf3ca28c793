/** `number` arguments and results unless the letters say otherwise: n number, b true or false. */
export interface FormulaFunction {
  readonly name: string;
  /** One letter an argument; a last `*` repeats the one before it, from two arguments on. */
  readonly takes: string;
  readonly gives: "n" | "b";
  readonly meaning: string;
}

/** What formulas may call. Operators stand here under their sign, a leading minus as `neg`. */
export const FORMULA_FUNCTIONS: readonly FormulaFunction[] = [
  { name: "min", takes: "n*", gives: "n", meaning: "the smallest" },
  { name: "max", takes: "n*", gives: "n", meaning: "the largest" },
  { name: "clamp", takes: "nnn", gives: "n", meaning: "clamp(x, low, high): x, but at least low and at most high" },
  { name: "exp", takes: "n", gives: "n", meaning: "e to the power of x" },
  { name: "log", takes: "n", gives: "n", meaning: "natural logarithm; x must be above 0" },
  { name: "sqrt", takes: "n", gives: "n", meaning: "square root; x must not be below 0" },
  { name: "abs", takes: "n", gives: "n", meaning: "x without its sign" },
  { name: "tanh", takes: "n", gives: "n", meaning: "hyperbolic tangent, -1 to 1" },
  { name: "sigmoid", takes: "n", gives: "n", meaning: "1 / (1 + exp(-x)), 0 to 1" },
  { name: "if", takes: "bnn", gives: "n", meaning: "if(condition, then, else)" },
  { name: "default", takes: "nn", gives: "n", meaning: "default(x, y): x, or y while x is not known" },
  { name: "known", takes: "n", gives: "b", meaning: "true when x is known" },
  { name: "number", takes: "n", gives: "n", meaning: "x without its unit" },
  { name: "seconds", takes: "n", gives: "n", meaning: "seconds(60): so many seconds" },
  { name: "minutes", takes: "n", gives: "n", meaning: "minutes(10): so many minutes, in seconds" },
  { name: "hours", takes: "n", gives: "n", meaning: "hours(2): so many hours, in seconds" },
  { name: "quote", takes: "n", gives: "n", meaning: "quote(250): so much quote currency" },
  { name: "bps", takes: "n", gives: "n", meaning: "bps(5): so many basis points" },
  { name: "percent", takes: "n", gives: "n", meaning: "percent(3): so many percent" },
];

export const OPERATORS: readonly FormulaFunction[] = [
  { name: "+", takes: "nn", gives: "n", meaning: "sum" },
  { name: "-", takes: "nn", gives: "n", meaning: "difference" },
  { name: "*", takes: "nn", gives: "n", meaning: "product" },
  { name: "/", takes: "nn", gives: "n", meaning: "quotient" },
  { name: "neg", takes: "n", gives: "n", meaning: "negative" },
  { name: "<", takes: "nn", gives: "b", meaning: "less" },
  { name: "<=", takes: "nn", gives: "b", meaning: "at most" },
  { name: ">", takes: "nn", gives: "b", meaning: "more" },
  { name: ">=", takes: "nn", gives: "b", meaning: "at least" },
  { name: "==", takes: "nn", gives: "b", meaning: "equal" },
  { name: "!=", takes: "nn", gives: "b", meaning: "not equal" },
  { name: "and", takes: "bb", gives: "b", meaning: "both" },
  { name: "or", takes: "bb", gives: "b", meaning: "one or both" },
  { name: "not", takes: "b", gives: "b", meaning: "the opposite" },
];

/** Base unit and how many of it one of the function's own is: `minutes(2)` is 120 s. */
export const UNIT_FUNCTIONS: ReadonlyMap<string, { readonly base: string; readonly factor: number }> = new Map([
  ["seconds", { base: "s", factor: 1 }],
  ["minutes", { base: "s", factor: 60 }],
  ["hours", { base: "s", factor: 3600 }],
  ["quote", { base: "quote", factor: 1 }],
  ["bps", { base: "bps", factor: 1 }],
  ["percent", { base: "percent", factor: 1 }],
]);

const BY_NAME = new Map([...FORMULA_FUNCTIONS, ...OPERATORS].map((each) => [each.name, each]));

export function functionNamed(name: string): FormulaFunction | undefined {
  return BY_NAME.get(name);
}

export function isFunctionName(name: string): boolean {
  return FORMULA_FUNCTIONS.some((each) => each.name === name);
}

/**
 * A result as formulas pass it on: NaN stands for "not known" and for "no number", so what is too large for a double
 * becomes NaN and is never compared. Truth is 1 and 0.
 */
export function finite(value: number): number {
  return Number.isFinite(value) ? value : Number.NaN;
}

/** `(e^2x - 1) / (e^2x + 1)` without overflow: `Math.tanh` has other last bits on other machines. */
export function tanh(value: number): number {
  const decay = Math.exp(-2 * Math.abs(value));
  const size = (1 - decay) / (1 + decay);
  return value < 0 ? -size : size;
}

export function sigmoid(value: number): number {
  return 1 / (1 + Math.exp(-value));
}

/** Three-valued: one false decides, whatever is not known beside it. */
export function and(left: number, right: number): number {
  if (left === 0 || right === 0) return 0;
  return left === 1 && right === 1 ? 1 : Number.NaN;
}

export function or(left: number, right: number): number {
  if (left === 1 || right === 1) return 1;
  return left === 0 && right === 0 ? 0 : Number.NaN;
}
