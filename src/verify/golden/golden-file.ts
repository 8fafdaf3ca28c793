import { createHash } from "node:crypto";
import type { Problem } from "../../diagnostics/user-error.ts";
import { canonicalJson } from "../../sim/scenario/resolve.ts";
import { GOLDEN_SCHEMA, type Golden, type GoldenHeader, type GoldenRow, isState } from "./golden.ts";

/** A golden that cannot be compared with anything: damaged, or of another version of the format. */
export class GoldenProblem extends Error {
  override readonly name = "GoldenProblem";
  readonly status: "CORRUPT" | "STALE_SCHEMA";
  readonly problem: Problem;

  constructor(status: GoldenProblem["status"], problem: Problem) {
    super(problem.text);
    this.status = status;
    this.problem = problem;
  }
}

/** Bytes of a golden file: NDJSON, the header first, sealed by a hash over all of it. */
export function goldenText(header: Omit<GoldenHeader, "schema" | "sha256">, rows: readonly GoldenRow[]): string {
  const body = rows.map((row) => `${JSON.stringify(row)}\n`).join("");
  const open = { schema: GOLDEN_SCHEMA, ...header } as const;
  // Through JSON, as the reader will see it: money in `setup` is text there.
  const sealed = { ...open, setup: JSON.parse(canonicalJson(header.setup)) as GoldenHeader["setup"] };
  return `${JSON.stringify({ ...sealed, sha256: sealOf(sealed, body) })}\n${body}`;
}

/**
 * Reads a golden.
 *
 * @throws {GoldenProblem} `STALE_SCHEMA` for another version of the format, `CORRUPT` for everything that is not as it
 * was written: an edited golden proves nothing
 */
export function parseGolden(text: string, file: string): Golden {
  const end = text.indexOf("\n");
  const header = headerOf(end < 0 ? text : text.slice(0, end), file);
  const body = text.slice(end + 1);
  if (end < 0 || (body !== "" && !body.endsWith("\n"))) {
    throw corrupt(file, body.split("\n").length + 1, "the last line is cut off", "a line end after it");
  }
  const lines = body === "" ? [] : body.slice(0, -1).split("\n");
  const rows = lines.map((line, place) => rowOf(line, file, place + 2));
  if (rows.length !== header.counts.lines) {
    const is = `it has ${rows.length} lines after its header, which says ${header.counts.lines}`;
    throw corrupt(file, rows.length + 1, is, "all of them");
  }
  const { sha256, ...open } = header;
  const found = sealOf(open, body);
  if (found !== sha256) {
    const is = `its content has the SHA-256 ${found.slice(0, 12)}, its header says ${sha256.slice(0, 12)}`;
    throw corrupt(file, 1, is, "the golden as it was written");
  }
  return { header, rows };
}

function sealOf(header: Omit<GoldenHeader, "sha256">, body: string): string {
  return createHash("sha256").update(canonicalJson(header)).update("\n").update(body).digest("hex");
}

function headerOf(line: string, file: string): GoldenHeader {
  const header = jsonOf(line);
  const schema = header?.["schema"];
  if (typeof schema === "string" && schema !== GOLDEN_SCHEMA && schema.startsWith("rehearsal.golden/")) {
    const version = Number(schema.slice("rehearsal.golden/".length));
    const hint =
      version > 1
        ? "a later version wrote it: update this program"
        : 'make it again: sim verify --update --because "..."';
    const text = `Cannot compare with the golden: its schema is ${JSON.stringify(schema)}, "${GOLDEN_SCHEMA}" is needed`;
    throw new GoldenProblem("STALE_SCHEMA", { file, line: 1, text, hint });
  }
  if (header === null || schema !== GOLDEN_SCHEMA) {
    throw corrupt(file, 1, "its first line is no header", `an object with schema "${GOLDEN_SCHEMA}"`);
  }
  for (const key of ["scenario", "scenarioHash", "variant", "recording", "recordingHash", "engineVersion", "reason"]) {
    if (typeof header[key] !== "string") throw corrupt(file, 1, `its header has no ${key}`, "a whole header");
  }
  const counts = header["counts"];
  const { setup, sha256, seeds } = header;
  const isWhole = isRecord(counts) && Number.isSafeInteger(counts["lines"]) && isRecord(counts["plans"]);
  if (
    !isWhole ||
    !isRecord(counts["results"]) ||
    !isRecord(setup) ||
    typeof sha256 !== "string" ||
    !Array.isArray(seeds)
  ) {
    throw corrupt(file, 1, "its header is not whole", "counts, setup, seeds and sha256");
  }
  return header as unknown as GoldenHeader;
}

function rowOf(line: string, file: string, number: number): GoldenRow {
  const row = jsonOf(line);
  const isRow = row !== null && Number.isSafeInteger(row["seq"]) && Number.isFinite(row["ts"]);
  if (!isRow || (typeof row["type"] !== "string" && typeof row["state"] !== "string")) {
    throw corrupt(file, number, "the line is neither a decision nor a state", "one JSON object of the golden format");
  }
  return row as unknown as GoldenRow;
}

function jsonOf(line: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) ? value : null;
  } catch {
    // What is no JSON is damage, which the caller names with its place.
    return null;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function corrupt(file: string, line: number, is: string, needed: string): GoldenProblem {
  const text = `Cannot compare with the golden: ${is}, ${needed} is needed`;
  const hint = 'restore it with git, or accept what is decided now: sim verify --update --because "..."';
  return new GoldenProblem("CORRUPT", { file, line, text, hint });
}

/** How many of the rows are decisions. */
export function decisionCount(rows: readonly GoldenRow[]): number {
  return rows.reduce((count, row) => count + (isState(row) ? 0 : 1), 0);
}
