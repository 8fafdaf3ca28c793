import type { DecisionRow } from "../golden/golden.ts";

/** Two lists of decisions laid side by side: indices into both, `null` where one side has nothing. */
export interface Pair {
  readonly expected: number | null;
  readonly actual: number | null;
}

/** Rows looked at ahead to find where two lists go on together. */
const LOOKAHEAD = 512;

/**
 * Lays two lists of decisions side by side, so that one lost decision is one gap and not a difference in all that
 * follow. Rows belong together when they are the same decision (type, id, symbol) at the same time, else the same
 * decision at another time; where neither follows within `LOOKAHEAD` rows, both stand alone. Of two ways to go on the
 * one with the smaller gap is taken. Neither `seq` nor counted ids take part: they shift with every gap.
 */
export function align(expected: readonly DecisionRow[], actual: readonly DecisionRow[]): Pair[] {
  const exact = { expected: placesOf(expected, exactKey), actual: placesOf(actual, exactKey) };
  const loose = { expected: placesOf(expected, looseKey), actual: placesOf(actual, looseKey) };
  const pairs: Pair[] = [];
  let i = 0;
  let j = 0;
  while (i < expected.length && j < actual.length) {
    const [left, right] = [expected[i]!, actual[j]!];
    if (exactKey(left) === exactKey(right)) {
      pairs.push({ expected: i++, actual: j++ });
      continue;
    }
    let inserted = gapTo(exact.actual, exactKey(left), j);
    let lost = gapTo(exact.expected, exactKey(right), i);
    if (inserted === null && lost === null) {
      if (looseKey(left) === looseKey(right)) {
        pairs.push({ expected: i++, actual: j++ });
        continue;
      }
      inserted = gapTo(loose.actual, looseKey(left), j);
      lost = gapTo(loose.expected, looseKey(right), i);
    }
    if (inserted === null && lost === null) {
      pairs.push({ expected: i++, actual: null }, { expected: null, actual: j++ });
    } else if (inserted === null || (lost !== null && lost <= inserted)) {
      for (let count = 0; count < lost!; count++) pairs.push({ expected: i++, actual: null });
    } else {
      for (let count = 0; count < inserted; count++) pairs.push({ expected: null, actual: j++ });
    }
  }
  while (i < expected.length) pairs.push({ expected: i++, actual: null });
  while (j < actual.length) pairs.push({ expected: null, actual: j++ });
  return pairs;
}

/** What stays the same of a decision when it is taken at another time. */
function looseKey(row: DecisionRow): string {
  const { type, symbol, facts } = row;
  return `${type} ${nameOf(row)} ${symbol ?? ""} ${row.id === undefined ? (facts?.["detail"] ?? "") : ""}`;
}

/** The decision and its time; two of the same key are two of the same. */
export function exactKey(row: DecisionRow): string {
  return `${row.ts} ${row.type} ${nameOf(row)} ${row.symbol ?? ""}`;
}

/** The plan, else the stream entry; findings are told apart by their codes. */
function nameOf({ type, id, entry, reason }: DecisionRow): string {
  return `${id ?? entry ?? ""} ${type === "finding.noted" ? reason : ""}`;
}

function placesOf(rows: readonly DecisionRow[], keyOf: (row: DecisionRow) => string): Map<string, number[]> {
  const places = new Map<string, number[]>();
  rows.forEach((row, place) => {
    const known = places.get(keyOf(row));
    if (known === undefined) places.set(keyOf(row), [place]);
    else known.push(place);
  });
  return places;
}

/** Rows from `from` to the next one with that key; `null` when there is none near. */
function gapTo(places: ReadonlyMap<string, readonly number[]>, key: string, from: number): number | null {
  const known = places.get(key);
  if (known === undefined) return null;
  let low = 0;
  let high = known.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (known[middle]! < from) low = middle + 1;
    else high = middle;
  }
  const next = known[low];
  return next === undefined || next - from > LOOKAHEAD ? null : next - from;
}
