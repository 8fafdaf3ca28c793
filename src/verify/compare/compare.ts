import { type DecisionRow, type GoldenRow, isState, type StateRow } from "../golden/golden.ts";
import { align, exactKey } from "./align.ts";
import { fieldPairs } from "./fields.ts";

/** Kinds of difference; `numeric` alone is none of the decisions, only of their measures. */
export type DifferenceKind = "changed" | "missing" | "extra" | "moved" | "numeric" | "state";

/** One place where golden and journal are not the same. */
export interface Difference {
  readonly kind: DifferenceKind;
  /** 1-based places among the decisions; of the one before for an extra decision and for a state. */
  readonly goldenPlace: number;
  readonly nowPlace: number;
  readonly golden: DecisionRow | null;
  readonly now: DecisionRow | null;
  /** Names of the fields that differ. */
  readonly fields: readonly string[];
  readonly state: { readonly golden: StateRow; readonly now: StateRow } | null;
}

export interface Comparison {
  /** In the order of the journal. */
  readonly differences: readonly Difference[];
  readonly goldenDecisions: number;
  readonly nowDecisions: number;
  /** First place where the states differ, whatever the decisions do. */
  readonly firstState: { readonly golden: StateRow; readonly now: StateRow } | null;
  /** Last state that is the same on both sides, before the first that is not. */
  readonly lastEqualState: StateRow | null;
  readonly statesCompared: number;
}

export interface CompareOptions {
  /** Another version of the engine may remember the same in other forms; then only its decisions count. */
  readonly isStateCompared: boolean;
}

/**
 * The one question of `sim verify`: are these other decisions? Exit code, text, JUnit and annotations all ask here.
 *
 * @param isStrict a measure that moved counts too
 */
export function diverges({ differences }: Comparison, isStrict: boolean): boolean {
  return differences.some(({ kind }) => isStrict || kind !== "numeric");
}

/** Compares the rows of a golden with those of a journal. */
export function compareRows(
  golden: readonly GoldenRow[],
  now: readonly GoldenRow[],
  { isStateCompared }: CompareOptions,
): Comparison {
  const [expected, actual] = [decisionsOf(golden), decisionsOf(now)];
  const differences: Difference[] = [];
  let [goldenPlace, nowPlace] = [0, 0];
  for (const pair of align(expected, actual)) {
    if (pair.expected !== null) goldenPlace = pair.expected + 1;
    if (pair.actual !== null) nowPlace = pair.actual + 1;
    const left = pair.expected === null ? null : expected[pair.expected]!;
    const right = pair.actual === null ? null : actual[pair.actual]!;
    const found = differenceOf(left, right);
    if (found !== null) differences.push({ ...found, goldenPlace, nowPlace, golden: left, now: right, state: null });
  }
  const states = compareStates(golden, now, isStateCompared);
  const joined = joinMoved(differences);
  const { firstState } = states;
  // Whatever differed before explains the state; only a state that differs for itself is a finding of its own.
  const first = joined[0];
  if (firstState !== null && (first === undefined || placeOf(first) > firstState.golden.seq)) {
    const before = expected.filter(({ seq }) => seq <= firstState.golden.seq).length;
    joined.unshift({
      kind: "state",
      goldenPlace: before,
      nowPlace: before,
      golden: null,
      now: null,
      fields: ["state"],
      state: firstState,
    });
  }
  return { differences: joined, goldenDecisions: expected.length, nowDecisions: actual.length, ...states };
}

function placeOf({ golden, now }: Difference): number {
  return (golden ?? now)!.seq;
}

function decisionsOf(rows: readonly GoldenRow[]): DecisionRow[] {
  return rows.flatMap((row) => (isState(row) ? [] : [row]));
}

function differenceOf(left: DecisionRow | null, right: DecisionRow | null): Pick<Difference, "kind" | "fields"> | null {
  if (left === null) return { kind: "extra", fields: [] };
  if (right === null) return { kind: "missing", fields: [] };
  const other = fieldPairs(left, right).filter(({ isEqual }) => !isEqual);
  if (other.length === 0) return null;
  const kind = other.every(({ isMeasure }) => isMeasure) ? "numeric" : "changed";
  return { kind, fields: other.map(({ field }) => field) };
}

/** A decision that is missing here and extra there, at one and the same time, was taken in another order. */
function joinMoved(differences: readonly Difference[]): Difference[] {
  const extras = new Map<string, Difference>();
  for (const each of differences) if (each.kind === "extra") extras.set(exactKey(each.now!), each);
  const joined = new Set<Difference>();
  const moved = differences.map((each): Difference => {
    const other = each.kind === "missing" ? extras.get(exactKey(each.golden!)) : undefined;
    if (other === undefined || joined.has(other)) return each;
    joined.add(other);
    return { ...each, kind: "moved", now: other.now, nowPlace: other.nowPlace, fields: ["order"] };
  });
  return moved.filter((_each, place) => !joined.has(differences[place]!));
}

function compareStates(
  golden: readonly GoldenRow[],
  now: readonly GoldenRow[],
  isStateCompared: boolean,
): Pick<Comparison, "firstState" | "lastEqualState" | "statesCompared"> {
  let firstState: Comparison["firstState"] = null;
  let lastEqualState: StateRow | null = null;
  let statesCompared = 0;
  if (isStateCompared) {
    const bySeq = new Map(now.flatMap((row) => (isState(row) ? [[row.seq, row] as const] : [])));
    for (const row of golden) {
      if (!isState(row)) continue;
      const other = bySeq.get(row.seq);
      // Another time at the same number: the numbers have shifted, and the states are not of the same moment.
      if (other === undefined || other.ts !== row.ts) continue;
      statesCompared += 1;
      if (other.state === row.state) {
        if (firstState === null) lastEqualState = row;
      } else firstState ??= { golden: row, now: other };
    }
  }
  return { firstState, lastEqualState, statesCompared };
}
