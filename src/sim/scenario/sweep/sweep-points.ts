import { type Problem, UserError } from "../../../diagnostics/user-error.ts";
import { SOBOL_DIMENSIONS_MAX, sobolShares } from "./sobol.ts";

export type SweepValue = string | number | boolean | null;

/** Dotted path of a scenario parameter to the values it takes, e.g. `pipeline.governor.params.killThreshold`. */
export type SweepLists = Readonly<Record<string, readonly SweepValue[]>>;

/** Both ends belong to the range; `from` is below `to`. */
export interface SweepRange {
  readonly path: string;
  readonly from: number;
  readonly to: number;
  /** Whole numbers only, each as likely as any other. */
  readonly isInteger?: boolean;
  /** Even in the logarithm; both ends are above 0. */
  readonly isLog?: boolean;
}

/** Values of which each is as likely as any other. */
export interface SweepChoice {
  readonly path: string;
  readonly values: readonly SweepValue[];
}

export const SAMPLING_METHODS = ["random", "sobol", "latin-hypercube"] as const;
export type SamplingMethod = (typeof SAMPLING_METHODS)[number];

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
  // allow(unordered): lists keep the order of the file, equal in every run
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
 * equal strata and uses every stratum of every path exactly once (McKay, Beckman and Conover, 1979); `sobol` takes the
 * first points of a Sobol sequence, each path shifted by a share of its own.
 *
 * @param draw uniform in [0, 1), from a named seeded stream
 * @throws {UserError} for no path, a path twice, a range that is empty or not finite, or too many points
 */
export function sampledPoints(
  base: string,
  parameters: readonly (SweepRange | SweepChoice)[],
  method: SamplingMethod,
  count: number,
  draw: () => number,
): SweepPoint[] {
  const paths = parameters.map(({ path }) => path);
  refuse([
    ...noPaths(paths),
    ...parameters.flatMap((parameter, index) =>
      "values" in parameter
        ? listProblems(parameter.path, parameter.values)
        : rangeProblems(parameter, paths.indexOf(parameter.path) < index),
    ),
  ]);
  refuse(countProblems(count));
  if (method === "sobol" && paths.length > SOBOL_DIMENSIONS_MAX) {
    const text = `Cannot sample ${paths.length} parameters by sobol: ${SOBOL_DIMENSIONS_MAX} at most are needed`;
    refuse([{ text, hint: "method latin-hypercube takes any number" }]);
  }
  const columns = parameters.map((parameter, dimension) =>
    sharesOf(method, dimension, count, draw).map((share) => valueAt(parameter, share)),
  );
  return Array.from({ length: count }, (_, index) => {
    const chosen = new Map<string, SweepValue>(paths.map((path, column) => [path, columns[column]![index]!]));
    return pointAt(base, index, count, paths, chosen);
  });
}

function sharesOf(method: SamplingMethod, dimension: number, count: number, draw: () => number): number[] {
  if (method === "random") return Array.from({ length: count }, draw);
  if (method === "latin-hypercube") return shuffled(count, draw).map((stratum) => (stratum + draw()) / count);
  const shift = draw();
  return sobolShares(dimension, count).map((share) => (share + shift) % 1);
}

function valueAt(parameter: SweepRange | SweepChoice, share: number): SweepValue {
  if ("values" in parameter) return parameter.values[Math.floor(share * parameter.values.length)]!;
  const { from, to, isInteger = false, isLog = false } = parameter;
  if (isInteger) return Math.min(to, from + Math.floor(share * (to - from + 1)));
  if (isLog) return from * Math.exp(share * Math.log(to / from));
  return from * (1 - share) + to * share;
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

function rangeProblems({ path, from, to, isInteger, isLog }: SweepRange, isRepeated: boolean): Problem[] {
  if (isRepeated) return [{ path, text: `Cannot sweep ${path}: it has a range before, one range a path is needed` }];
  if (isLog === true && !(from > 0)) {
    return [{ path, text: `Cannot sweep ${path}: its range begins at ${from}, a logarithm needs ends above 0` }];
  }
  if (isInteger === true && !(Number.isSafeInteger(from) && Number.isSafeInteger(to))) {
    return [{ path, text: `Cannot sweep ${path}: its range is ${from} to ${to}, whole numbers are needed` }];
  }
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
