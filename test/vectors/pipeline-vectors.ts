import { existsSync, readFileSync } from "node:fs";
import { sharedPath } from "../shared-data.ts";
import committed from "./pipeline-vectors.json" with { type: "json" };

/** One recorded, documented or recomputed case of the origin: inputs, outputs and how near we must come. */
export interface VectorCase {
  readonly id: string;
  /** How we know it: `recorded`, `hash-recovered-64-bit`, `documented-with-error`, `computed-defect`, ... */
  readonly status: string;
  readonly in: Readonly<Record<string, unknown>>;
  readonly out: Readonly<Record<string, unknown>>;
  /** Absolute tolerance of numbers; absent means exact. */
  readonly tol?: number;
  readonly provenance: string;
}

export interface VectorGroup {
  readonly id: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly cases: readonly VectorCase[];
}

/** The committed copy: facts only, for a clone that has no research folder beside it. */
export const vectorGroups = committed as unknown as readonly VectorGroup[];

/** The research file reduced to what the copy keeps, or `null` when it is not beside this checkout. */
export function readSharedVectors(): readonly VectorGroup[] | null {
  const path = sharedPath("vectors/pipeline_vectors.json");
  if (!existsSync(path)) return null;
  const file = JSON.parse(readFileSync(path, "utf8")) as { readonly groups: readonly VectorGroup[] };
  return file.groups.map(({ id, params, cases }) => ({
    id,
    params,
    cases: cases.map((one) => ({
      id: one.id,
      status: one.status,
      in: one.in,
      out: one.out,
      ...(one.tol === undefined ? {} : { tol: one.tol }),
      provenance: one.provenance,
    })),
  }));
}

/** A case of a group with readers that fail loudly on a field that is not there or not of the kind asked for. */
export interface ReadableCase extends VectorCase {
  /** For test names: `seed-btc (recorded: WHY.md)`. */
  readonly label: string;
  number(field: string): number;
  text(field: string): string;
  outNumber(field: string): number;
  outText(field: string): string;
  /** Compares a number with an output within the case's tolerance, exactly when it has none. */
  isNear(actual: number, field: string): boolean;
}

/** All cases of a group, for `test.each`; an unknown or empty group is an error, never a silently green suite. */
export function casesOf(groupId: string): readonly ReadableCase[] {
  const cases = groupOf(groupId).cases;
  if (cases.length === 0) throw new Error(`Cannot test vector group "${groupId}": it has no cases`);
  return cases.map(readable);
}

export function groupOf(groupId: string): VectorGroup {
  const group = vectorGroups.find(({ id }) => id === groupId);
  if (group === undefined) {
    throw new Error(`Cannot find vector group "${groupId}": known are ${vectorGroups.map(({ id }) => id).join(", ")}`);
  }
  return group;
}

function readable(one: VectorCase): ReadableCase {
  const outNumber = (field: string): number => numberIn(one, "out", field);
  return {
    ...one,
    label: `${one.id} (${one.status}: ${one.provenance})`,
    number: (field) => numberIn(one, "in", field),
    text: (field) => textIn(one, "in", field),
    outNumber,
    outText: (field) => textIn(one, "out", field),
    isNear: (actual, field) => Math.abs(actual - outNumber(field)) <= (one.tol ?? 0),
  };
}

function numberIn(one: VectorCase, part: "in" | "out", field: string): number {
  const value = one[part][field];
  if (typeof value === "number") return value;
  throw new Error(`Cannot read ${part}.${field} of case "${one.id}": ${JSON.stringify(value)}, a number is needed`);
}

function textIn(one: VectorCase, part: "in" | "out", field: string): string {
  const value = one[part][field];
  if (typeof value === "string") return value;
  throw new Error(`Cannot read ${part}.${field} of case "${one.id}": ${JSON.stringify(value)}, a text is needed`);
}
