import type { SweepDocument, SweepRow } from "./sweep-document.ts";

type Setting = SweepRow["settings"][string];

/** Net results over two parameters of a sweep; what further parameters were set to is folded into each cell. */
export interface SweepMap {
  readonly down: string;
  readonly across: string;
  readonly downValues: readonly Setting[];
  readonly acrossValues: readonly Setting[];
  readonly cells: readonly SweepMapCell[];
}

export interface SweepMapCell {
  readonly down: Setting;
  readonly across: Setting;
  /** Median of the rows with these two settings. */
  readonly netPnlQuote: number;
  readonly rows: number;
  /** Evidence of the weakest of them against the baseline; `null` when there is nothing to compare. */
  readonly badge: string | null;
  readonly verdicts: readonly string[];
}

/** What the sweep turned, in the order of the scenario. */
export function sweptParameters({ rows }: SweepDocument): string[] {
  return [...new Set(rows.flatMap(({ settings }) => Object.keys(settings)))];
}

/** Names of parameters, without what all of them share. */
export function shortParameterNames(paths: readonly string[]): Map<string, string> {
  const last = (path: string): string => path.split(".").at(-1)!;
  const names = paths.map(last);
  return new Map(
    paths.map((path, place) => [
      path,
      names.indexOf(last(path)) === names.lastIndexOf(last(path)) ? last(path) : paths[place]!,
    ]),
  );
}

/** `null` when either parameter has fewer than two values, or a pair of them was never tried. */
export function sweepMap({ rows }: SweepDocument, down: string, across: string): SweepMap | null {
  const swept = rows.filter(({ settings }) => settings[down] !== undefined && settings[across] !== undefined);
  const valuesOf = (path: string) => [...new Set(swept.map(({ settings }) => settings[path]!))].sort(inOrder);
  const [downValues, acrossValues] = [valuesOf(down), valuesOf(across)];
  if (downValues.length < 2 || acrossValues.length < 2) return null;
  const cells: SweepMapCell[] = [];
  for (const downValue of downValues) {
    for (const acrossValue of acrossValues) {
      const own = swept.filter(({ settings }) => settings[down] === downValue && settings[across] === acrossValue);
      if (own.length === 0) return null;
      cells.push({
        down: downValue,
        across: acrossValue,
        netPnlQuote: median(own.map(({ netPnlQuote }) => Number(netPnlQuote))),
        rows: own.length,
        badge: own.map(({ badge }) => badge).sort(weakestFirst)[0] ?? null,
        verdicts: own.map(({ verdict, isFlipping }) => (isFlipping ? "flips" : (verdict ?? "baseline"))),
      });
    }
  }
  return { down, across, downValues, acrossValues, cells };
}

function inOrder(left: Setting, right: Setting): number {
  if (typeof left === "number" && typeof right === "number") return left - right;
  return String(left) < String(right) ? -1 : String(left) > String(right) ? 1 : 0;
}

/** The baseline has no badge of its own and says nothing about the cell. */
function weakestFirst(left: string | null, right: string | null): number {
  if (left === null || right === null) return left === right ? 0 : left === null ? 1 : -1;
  return left < right ? -1 : left > right ? 1 : 0;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
