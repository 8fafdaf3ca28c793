import { type Problem, UserError } from "../../diagnostics/user-error.ts";

export type SweepValue = string | number | boolean | null;

/** Dotted path of a scenario parameter to the values it takes, e.g. `pipeline.governor.params.killThreshold`. */
export type SweepLists = Readonly<Record<string, readonly SweepValue[]>>;

/** Both ends belong to the range; `from` is below `to`. */
export interface SweepRange {
  readonly path: string;
  readonly from: number;
  readonly to: number;
}

export interface SweepPoint {
  /** `base-0001`, in the order of the points: what it sets is in `settings`. */
  readonly name: string;
  readonly settings: Readonly<Record<string, SweepValue>>;
}

/** More variants than this are refused before any is made. */
export const SWEEP_POINTS_MAX = 10_000;

/**
 * Every combination of the lists, the last path turning fastest, in the order the paths are written.
 *
 * @throws {UserError} for no path, an empty list, a value twice, a number that is not finite, or too many points
 */
export function gridPoints(base: string, lists: SweepLists): SweepPoint[] {
  const paths = Object.keys(lists);
  refuse([...noPaths(paths), ...paths.flatMap((path) => listProblems(path, lists[path]!))]);
  const count = paths.reduce((product, path) => product * lists[path]!.length, 1);
  refuse(countProblems(count));
  return Array.from({ length: count }, (_, index) => {
    let rest = index;
    const chosen = new Map<string, SweepValue>();
    for (const path of [...paths].reverse()) {
      const values = lists[path]!;
      chosen.set(path, values[rest % values.length]!);
      rest = Math.floor(rest / values.length);
    }
    return pointAt(base, index, count, paths, chosen);
  });
}

/**
 * `count` points inside the ranges. `random` draws each independently; `latin-hypercube` cuts each range into `count`
 * equal strata and uses every stratum of every path exactly once (McKay, Beckman and Conover, 1979).
 *
 * @param draw uniform in [0, 1), from a named seeded stream
 * @throws {UserError} for no path, a path twice, a range that is empty or not finite, or too many points
 */
export function sampledPoints(
  base: string,
  ranges: readonly SweepRange[],
  method: "random" | "latin-hypercube",
  count: number,
  draw: () => number,
): SweepPoint[] {
  const paths = ranges.map(({ path }) => path);
  refuse([
    ...noPaths(paths),
    ...ranges.flatMap((range, index) => rangeProblems(range, paths.indexOf(range.path) < index)),
  ]);
  refuse(countProblems(count));
  const columns = ranges.map(({ from, to }) => {
    const shares =
      method === "random"
        ? Array.from({ length: count }, draw)
        : shuffled(count, draw).map((stratum) => (stratum + draw()) / count);
    return shares.map((share) => from * (1 - share) + to * share);
  });
  return Array.from({ length: count }, (_, index) => {
    const chosen = new Map<string, SweepValue>(paths.map((path, column) => [path, columns[column]![index]!]));
    return pointAt(base, index, count, paths, chosen);
  });
}

function pointAt(
  base: string,
  index: number,
  count: number,
  paths: readonly string[],
  chosen: ReadonlyMap<string, SweepValue>,
): SweepPoint {
  const settings = Object.fromEntries(paths.map((path) => [path, chosen.get(path)!]));
  return { name: `${base}-${String(index + 1).padStart(String(count).length, "0")}`, settings };
}

/** 0 to count - 1 in an order of `draw` (Fisher and Yates). */
function shuffled(count: number, draw: () => number): number[] {
  const order = Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last--) {
    const other = Math.floor(draw() * (last + 1));
    [order[last], order[other]] = [order[other]!, order[last]!];
  }
  return order;
}

function noPaths(paths: readonly string[]): Problem[] {
  if (paths.length > 0) return [];
  return [{ text: "Cannot expand the sweep: it names no parameter, a dotted path with its values is needed" }];
}

function listProblems(path: string, values: readonly SweepValue[]): Problem[] {
  if (values.length === 0) return [{ path, text: `Cannot sweep ${path}: its list is empty, a value is needed` }];
  const odd = values.find((value) => typeof value === "number" && !Number.isFinite(value));
  if (odd !== undefined) return [{ path, text: `Cannot sweep ${path}: ${odd} is listed, finite numbers are needed` }];
  const repeated = values.find((value, index) => values.indexOf(value) < index);
  if (repeated === undefined) return [];
  return [{ path, text: `Cannot sweep ${path}: ${String(repeated)} is listed twice, each value once is needed` }];
}

function rangeProblems({ path, from, to }: SweepRange, isRepeated: boolean): Problem[] {
  if (isRepeated) return [{ path, text: `Cannot sweep ${path}: it has a range before, one range a path is needed` }];
  if (Number.isFinite(from) && Number.isFinite(to) && from < to) return [];
  return [
    { path, text: `Cannot sweep ${path}: its range is ${from} to ${to}, finite ends with from below to are needed` },
  ];
}

function countProblems(count: number): Problem[] {
  if (Number.isInteger(count) && count >= 1 && count <= SWEEP_POINTS_MAX) return [];
  return [
    {
      text: `Cannot expand the sweep: it has ${count} points, a whole number from 1 to ${SWEEP_POINTS_MAX} is needed`,
      ...(count > SWEEP_POINTS_MAX
        ? { hint: "shorten the lists, or sample with method latin-hypercube and a count" }
        : {}),
    },
  ];
}

function refuse(problems: readonly Problem[]): void {
  if (problems.length > 0) throw new UserError(problems);
}
