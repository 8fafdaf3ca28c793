import { existsSync, readFileSync } from "node:fs";
import { sharedPath } from "../../shared-data.ts";
import committed from "./report-vectors.json" with { type: "json" };

/** A number of a paper, of a library's own test or of a formula; `negative` kinds also say what must NOT come out. */
export interface ReportVector {
  readonly id: string;
  readonly kind: string;
  readonly source: string;
  // biome-ignore lint/suspicious/noExplicitAny: each vector has its own shape, and its one test knows it.
  readonly inputs: any;
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  readonly expected: any;
  /** Absolute. */
  readonly tolerance: number;
}

/** The committed copy: facts only, for a clone that has no research folder beside it. */
export const reportVectors = committed as unknown as readonly ReportVector[];

/** The research file reduced to what the copy keeps, or `null` when it is not beside this checkout. */
export function readSharedReportVectors(): readonly ReportVector[] | null {
  const path = sharedPath("vectors/report_vectors.json");
  if (!existsSync(path)) return null;
  const file = JSON.parse(readFileSync(path, "utf8")) as { readonly vectors: readonly ReportVector[] };
  return file.vectors.map(({ id, kind, source, inputs, expected, tolerance }) => ({
    id,
    kind,
    source,
    inputs,
    expected,
    tolerance,
  }));
}

export function vectorById(id: string): ReportVector {
  const vector = reportVectors.find((each) => each.id === id);
  if (vector === undefined) throw new Error(`Cannot find report vector "${id}"`);
  return vector;
}
