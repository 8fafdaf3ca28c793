import fc from "fast-check";
import { Scope, type Term } from "../../../src/engine/formula/scope.ts";
import { RATIO } from "../../../src/engine/formula/unit.ts";

const term = (name: string, low: number, high: number, isNullable = false): Term => ({
  name,
  type: "number",
  unit: RATIO,
  low,
  high,
  usualLow: Math.max(low, -10),
  usualHigh: Math.min(high, 10),
  isNullable,
  meaning: name,
});

/** Four drivers: bounded, without upper end, on both sides of 0, and nullable. */
export const TEST_SCOPE = new Scope([
  term("score", 0.5, 1),
  term("heat", 0, Number.POSITIVE_INFINITY),
  term("result", Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY),
  term("maybe", 0, 1, true),
]);

/** Values inside the documented ranges; the nullable one may be missing. */
export const values = fc.record({
  score: fc.double({ min: 0.5, max: 1, noNaN: true }),
  heat: fc.double({ min: 0, max: 50, noNaN: true }),
  result: fc.double({ min: -20, max: 20, noNaN: true }),
  maybe: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: null }),
});

export type Values = Readonly<Record<"score" | "heat" | "result" | "maybe", number | null>>;

export function slotsOf(row: Values): Float64Array {
  return Float64Array.from([row.score, row.heat, row.result, row.maybe], (value) => value ?? Number.NaN);
}

const constant = fc
  .oneof(fc.integer({ min: -4, max: 4 }), fc.double({ min: -3, max: 3, noNaN: true }))
  .map((value) => (value < 0 ? `(-${Math.abs(value).toFixed(3)})` : value.toFixed(3)));

/** Text of formulas that are mostly sound: numbers and conditions in their places, any driver, any function. */
export const { number: formulaTexts, truth: conditionTexts } = fc.letrec<{ number: string; truth: string }>((tie) => {
  const n = tie("number");
  const b = tie("truth");
  const call = (name: string, count: number) =>
    fc.tuple(...Array.from({ length: count }, () => n)).map((args) => `${name}(${args.join(", ")})`);
  return {
    number: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc.constantFrom("score", "heat", "result", "maybe"),
      constant,
      fc.tuple(n, fc.constantFrom("+", "-", "*", "/"), n).map(([l, sign, r]) => `(${l} ${sign} ${r})`),
      n.map((text) => `-(${text})`),
      fc.constantFrom("exp", "log", "sqrt", "abs", "tanh", "sigmoid", "number").chain((name) => call(name, 1)),
      fc.constantFrom("min", "max").chain((name) => call(name, 2)),
      call("clamp", 3),
      n.map((text) => `clamp(${text}, 0, 1)`),
      n.map((text) => `default(maybe, ${text})`),
      fc.tuple(b, n, n).map((args) => `if(${args.join(", ")})`),
    ),
    truth: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc.tuple(n, fc.constantFrom("<", "<=", ">", ">=", "==", "!="), n).map(([l, sign, r]) => `(${l} ${sign} ${r})`),
      fc.tuple(b, fc.constantFrom("and", "or"), b).map(([l, sign, r]) => `(${l} ${sign} ${r})`),
      b.map((text) => `not (${text})`),
      fc.constantFrom("true", "false", "known(maybe)"),
    ),
  };
});
