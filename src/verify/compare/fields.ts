import type { DecisionRow } from "../golden/golden.ts";
import { rounded } from "../golden/golden-rows.ts";

/** One field of a decision, in the golden and now. */
export interface FieldPair {
  readonly field: string;
  /** `-` when that side does not have it. */
  readonly golden: string;
  readonly now: string;
  readonly isEqual: boolean;
  /** A measure, which may move a little while the decision stays; everything else is equal or is not. */
  readonly isMeasure: boolean;
}

/** All fields either row has, those people look at first in front. `seq` and `on` tell the place and are left out. */
export function fieldPairs(golden: DecisionRow, now: DecisionRow): FieldPair[] {
  const pair = (field: string, left: unknown, right: unknown, isMeasure: boolean): FieldPair[] => {
    if (left === undefined && right === undefined) return [];
    const isBoth = left !== undefined && right !== undefined;
    return [
      {
        field,
        golden: textOf(left),
        now: textOf(right),
        isEqual: comparable(left) === comparable(right),
        isMeasure: isMeasure && isBoth,
      },
    ];
  };
  const group = (left: Group, right: Group, isMeasure: boolean): FieldPair[] =>
    [...new Set([...Object.keys(left ?? {}), ...Object.keys(right ?? {})])].flatMap((key) =>
      pair(key, left?.[key], right?.[key], isMeasure),
    );
  return [
    ...pair("time", iso(golden.ts), iso(now.ts), false),
    ...pair("type", golden.type, now.type, false),
    ...pair("symbol", golden.symbol, now.symbol, false),
    ...pair("eval_type", golden.evalType, now.evalType, false),
    ...pair("outcome", golden.outcome, now.outcome, false),
    ...pair("reason", golden.reason, now.reason, false),
    ...pair("cutoff", golden.cutoff, now.cutoff, true),
    ...pair("kill_score", golden.score, now.score, true),
    ...group(golden.values, now.values, true),
    ...group(golden.terms, now.terms, true),
    ...group(golden.facts, now.facts, false),
    ...pair("entry", golden.entry, now.entry, false),
    ...pair("inputs hash", golden.inputs, now.inputs, true),
  ];
}

type Group = Readonly<Record<string, string | number | boolean>> | undefined;

/** What goldens do not keep of a number is not compared, wherever it comes from. */
function comparable(value: unknown): unknown {
  return typeof value === "number" ? rounded(value) : value;
}

function iso(tsMs: number): string {
  return new Date(tsMs).toISOString();
}

function textOf(value: unknown): string {
  return value === undefined ? "-" : String(value);
}
