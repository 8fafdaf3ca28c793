import { nearMisses } from "../../../diagnostics/near-miss.ts";
import { type Problem, UserError } from "../../../diagnostics/user-error.ts";
import type { SweepPoint, SweepValue } from "./sweep-points.ts";

/** What a variant may say besides its name: the roots of a sweep's dotted paths. */
const ROOTS = ["profile", "pipeline", "exchange"];

/**
 * The settings of a point as a person would write the variant: `pipeline.a.b: 1` gives `{ pipeline: { a: { b: 1 } } }`.
 * Only the root of a path is checked here; the keys below it are the scenario schema's to judge.
 *
 * @throws {UserError} for a path outside of a variant, an empty part, or a path that lies within another
 */
export function pointInput(point: SweepPoint): Readonly<Record<string, unknown>> {
  // allow(unordered): settings keep the order of the file, equal in every run
  const paths = Object.keys(point.settings);
  const problems = paths.flatMap((path) => pathProblems(path, paths));
  if (problems.length > 0) throw new UserError(problems);
  return nested(paths.map((path) => ({ parts: path.split("."), value: point.settings[path]! })));
}

interface Leaf {
  readonly parts: readonly string[];
  readonly value: SweepValue;
}

function nested(leaves: readonly Leaf[]): Readonly<Record<string, unknown>> {
  const groups = new Map<string, Leaf[]>();
  for (const leaf of leaves) groups.set(leaf.parts[0]!, [...(groups.get(leaf.parts[0]!) ?? []), leaf]);
  return Object.fromEntries(
    [...groups].map(([key, group]) => {
      const below = group.map(({ parts, value }) => ({ parts: parts.slice(1), value }));
      return [key, below[0]!.parts.length === 0 ? below[0]!.value : nested(below)];
    }),
  );
}

function pathProblems(path: string, paths: readonly string[]): Problem[] {
  const [root = "", ...rest] = path.split(".");
  if (root === "" || rest.includes("")) {
    return [{ path, text: `Cannot sweep "${path}": a part of it is empty, names joined by single dots are needed` }];
  }
  if (!ROOTS.includes(root)) {
    const near = nearMisses(root, ROOTS)[0];
    const hint = near === undefined ? {} : { hint: `did you mean "${[near, ...rest].join(".")}"?` };
    return [{ path, text: `Cannot sweep "${path}": a variant has no ${root}, ${ROOTS.join(", ")} is needed`, ...hint }];
  }
  const within = paths.find((other) => path.startsWith(`${other}.`));
  if (within === undefined) return [];
  return [
    { path, text: `Cannot sweep "${path}": it lies within "${within}", which is swept too, one of them is needed` },
  ];
}
