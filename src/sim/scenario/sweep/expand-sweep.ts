import { nearMisses } from "../../../diagnostics/near-miss.ts";
import { type Problem, UserError } from "../../../diagnostics/user-error.ts";
import { createRandomStreams } from "../../time/random-streams.ts";
import { child } from "../json-schema.ts";
import { mergeInput } from "../resolve.ts";
import type { DocumentPath, YamlDocument } from "../yaml-document.ts";
import { pointInput } from "./point-input.ts";
import { gridPoints, type SweepPoint, type SweepValue, sampledPoints } from "./sweep-points.ts";
import { matrixSchema, type SweepInput, sweepSchema } from "./sweep-schema.ts";

/** A scenario's document with its sweep's points written out as variants. */
export interface ExpandedDocument {
  readonly document: YamlDocument;
  /** What each variant was set to, by its place; written variants have none. */
  readonly settings: ReadonlyMap<number, Readonly<Record<string, SweepValue>>>;
}

/**
 * Writes the points of `sweep:` or `matrix:` out as variants behind those that are there, and leaves everything else as it
 * is. A problem of a point stands where the sweep sets the key. The base itself stays the first variant, so that there is
 * something to compare with.
 *
 * @throws {UserError} with the place in the file, for a sweep that cannot be expanded
 */
export function expandSweep(document: YamlDocument, file: string): ExpandedDocument {
  const none: ExpandedDocument = { document, settings: new Map() };
  const raw = document.value;
  const [sweepRaw, matrixRaw] = [child(raw, "sweep"), child(raw, "matrix")];
  if (sweepRaw === undefined && matrixRaw === undefined) return none;
  const at = (path: DocumentPath): { readonly file: string; readonly line?: number; readonly column?: number } => {
    const position = document.positionOfKey(path) ?? document.positionOf(path);
    return { file, ...(position === null ? {} : position) };
  };
  if (sweepRaw !== undefined && matrixRaw !== undefined) {
    const text = "Cannot expand matrix and sweep together: both make variants, one of them is needed";
    throw new UserError([{ ...at(["matrix"]), text }]);
  }
  const key = sweepRaw === undefined ? "matrix" : "sweep";
  const sweep = readSweep(sweepRaw, matrixRaw);
  // What is no sweep at all is told by the schema, like every other key.
  if (sweep === null) return none;
  const placeOf = (path: string): DocumentPath => (key === "matrix" ? ["matrix", path] : ["sweep", "parameters", path]);
  try {
    const points = pointsOf(sweep, String(child(raw, "seed") ?? "1"));
    return expanded(document, sweep, points, (path) => (path === null ? [key] : placeOf(path)));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(
      error.problems.map((problem): Problem => {
        const path =
          problem.path === undefined
            ? [key]
            : problem.path === "sweep.base"
              ? ["sweep", "base"]
              : placeOf(problem.path);
        return { ...problem, ...at(path) };
      }),
    );
  }
}

function readSweep(sweepRaw: unknown, matrixRaw: unknown): SweepInput | null {
  if (sweepRaw !== undefined) {
    const parsed = sweepSchema.safeParse(sweepRaw);
    return parsed.success ? parsed.data : null;
  }
  const parsed = matrixSchema.safeParse(matrixRaw);
  return parsed.success ? { method: "grid", parameters: parsed.data } : null;
}

function pointsOf({ base, name, method, count, parameters }: SweepInput, seed: string): SweepPoint[] {
  const prefix = name ?? base ?? "point";
  // allow(unordered): parameters keep the order of the file, equal in every run
  const entries = Object.entries(parameters);
  if (method === "grid") {
    if (count !== undefined) {
      throw refuse("Cannot use count: a grid has as many points as its lists give, another method is needed");
    }
    const odd = entries.find(([, values]) => !Array.isArray(values));
    if (odd !== undefined) {
      const text = `Cannot make a grid of ${odd[0]}: it is a range, a list of values is needed`;
      throw new UserError([{ path: odd[0], text, hint: "or method: latin-hypercube with a count" }]);
    }
    return gridPoints(prefix, Object.fromEntries(entries) as Record<string, readonly SweepValue[]>);
  }
  if (count === undefined) throw refuse(`Cannot sample by ${method}: the key count is missing, it is needed`);
  const stream = createRandomStreams(seed).stream("sweep");
  return sampledPoints(
    prefix,
    entries.map(([path, values]) =>
      Array.isArray(values)
        ? { path, values: values as readonly SweepValue[] }
        : {
            path,
            from: values.min,
            to: values.max,
            ...(values.integer === undefined ? {} : { isInteger: values.integer }),
            ...(values.log === undefined ? {} : { isLog: values.log }),
          },
    ),
    method,
    count,
    () => stream.next(),
  );
}

function expanded(
  document: YamlDocument,
  sweep: SweepInput,
  points: readonly SweepPoint[],
  placeOf: (path: string | null) => DocumentPath,
): ExpandedDocument {
  const raw = document.value as Readonly<Record<string, unknown>>;
  const given = raw["variants"];
  const written: readonly unknown[] = Array.isArray(given) ? given : [{ name: "base" }];
  const base = baseOf(sweep, written);
  const variants = [...written, ...points.map((point) => variantOf(raw, base, point))];
  // allow(unordered): settings keep the order of the file, equal in every run
  const paths = Object.keys(points[0]?.settings ?? {});
  // Nobody wrote the points, so what is wrong with one stands where the sweep says it.
  const redirect = (path: DocumentPath): DocumentPath => {
    const [root, place, ...rest] = path;
    if (root !== "variants" || typeof place !== "number" || place < written.length) return path;
    const dotted = rest.join(".");
    const set = paths.find((each) => dotted === each || dotted.startsWith(`${each}.`) || each.startsWith(`${dotted}.`));
    return placeOf(set ?? null);
  };
  return {
    document: {
      ...document,
      value: { ...raw, variants },
      positionOf: (path) => document.positionOf(redirect(path)),
      positionOfKey: (path) => document.positionOfKey(redirect(path)),
      positionWithin: (path, offset) => document.positionWithin(redirect(path), offset),
    },
    settings: new Map(points.map(({ settings }, index) => [written.length + index, settings])),
  };
}

function baseOf({ base }: SweepInput, written: readonly unknown[]): unknown {
  if (base === undefined) return {};
  const names = written.map((variant) => String(child(variant, "name") ?? ""));
  const found = written[names.indexOf(base)];
  if (found !== undefined) return found;
  const near = nearMisses(base, names);
  const text = `Cannot sweep from variant "${base}": it does not exist, one of ${names.join(", ")} is needed`;
  throw new UserError([
    {
      path: "sweep.base",
      text,
      ...(near.length === 0 ? {} : { hint: `did you mean ${near.map((each) => `"${each}"`).join(" or ")}?` }),
    },
  ]);
}

/** Written out whole: parameters of a governor mean nothing without its name, which may stand in the base only. */
function variantOf(raw: unknown, base: unknown, point: SweepPoint): Readonly<Record<string, unknown>> {
  const input = pointInput(point);
  const merged = (key: string): unknown => mergeInput(child(raw, key), mergeInput(child(base, key), child(input, key)));
  const profile = child(input, "profile") ?? child(base, "profile");
  const [pipeline, exchange] = [merged("pipeline"), merged("exchange")];
  return {
    name: point.name,
    // allow(unordered): settings keep the order of the file, equal in every run
    description: Object.entries(point.settings)
      .map(([path, value]) => `${path} = ${String(value)}`)
      .join(", "),
    ...(profile === undefined ? {} : { profile }),
    ...(pipeline === undefined ? {} : { pipeline }),
    ...(exchange === undefined ? {} : { exchange }),
  };
}

function refuse(text: string): UserError {
  return new UserError([{ text }]);
}
