import { createHash } from "node:crypto";
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { labComparisonSchema } from "../comparison/lab-comparison.ts";
import type { RunComparison } from "../comparison.ts";
import { createOutcomeLog } from "../comparison.ts";
import { askOfReport, createFindings, studyOfRun } from "../findings/index.ts";
import { gateDocumentSchema } from "../gate/schema.ts";
import { openJournal } from "../journal-file.ts";
import { createRunSummary } from "../summary/run-summary.ts";
import { type RunSummary, runSummarySchema } from "../summary/schema.ts";
import type { ReportedFile, ReportedVariant, ReportModel } from "./report-model.ts";
import { createRunSeries } from "./series/run-series.ts";

/** Journals of one run with the name of each variant's folder, `""` for the folder of the run itself. */
export interface JournalPlace {
  readonly name: string;
  readonly journal: string;
}

/**
 * Reads a finished run back: its journals for the charts, its summaries for the numbers (made anew from the journal when a
 * summary is missing or of another version, and said so), its comparison when it has one.
 *
 * @throws {UserError} when a journal has no readable head
 */
export function readReport(folder: string, places: readonly JournalPlace[]): ReportModel {
  const gaps: string[] = [];
  const unread = (file: string) =>
    void gaps.push(`${file}: of another version, or damaged; what it says is not in this report`);
  const lab = readKnown(folder, "lab-comparison.json", (value) => parsedBy(labComparisonSchema, value), unread);
  const variants: ReportedVariant[] = places.map(({ name, journal: file }) => {
    const journal = openJournal(file);
    const series = createRunSeries(journal.header);
    const watched = createFindings({ header: journal.header, ask: askOfReport(journal.header, places.length) });
    const again = createRunSummary(journal.header, createOutcomeLog());
    const written = readSummary(join(folder, name, "summary.json"));
    let entries = 0;
    for (const entry of journal.entries()) {
      entries += 1;
      series.observe(entry);
      watched.observe(entry);
      if (written === null) again.observe(entry);
    }
    for (const { text } of journal.findings) gaps.push(`${journal.header.variant}: ${text}`);
    const gate = readKnown(folder, join(name, "gate.json"), (value) => parsedBy(gateDocumentSchema, value), unread);
    if (written !== null && written.run.entries !== entries)
      gaps.push(
        `${journal.header.variant}: its summary is of ${written.run.entries} journal entries, ${entries} are there; numbers are of the summary, pictures and findings of what is there`,
      );
    const findings = watched.report({ study: studyOfRun(lab, journal.header.variant) });
    if (written !== null) return { summary: written, series: series.finish(), findings, gate };
    gaps.push(
      `${journal.header.variant}: its summary is missing or of another version; the numbers here were made from its journal, thresholds were not judged`,
    );
    return { summary: { ...again.finish(), thresholds: [] }, series: series.finish(), findings, gate };
  });
  const comparison = readKnown(folder, "comparison.json", knownComparison, unread);
  return { variants: inOrder(variants, comparison), comparison, lab, files: filesOf(folder), gaps };
}

/** Folders come by name; the comparison knows which variant is the baseline and in which order the others stand. */
function inOrder(variants: readonly ReportedVariant[], comparison: RunComparison | null): readonly ReportedVariant[] {
  if (comparison === null) return variants;
  const names = [comparison.baseline, ...comparison.candidates.map(({ candidate }) => candidate)];
  const rank = ({ summary }: ReportedVariant) => names.indexOf(summary.run.variant);
  return [...variants].sort((left, right) => rank(left) - rank(right));
}

function readSummary(file: string): RunSummary | null {
  return parsedBy(runSummarySchema, readJson(file));
}

/** A file that may be absent; one that is there and cannot be used is told of. */
function readKnown<Value>(
  folder: string,
  name: string,
  understand: (value: unknown) => Value | null,
  unread: (file: string) => void,
): Value | null {
  const file = join(folder, name);
  if (!existsSync(file)) return null;
  const value = understand(readJson(file));
  if (value === null) unread(name.replaceAll("\\", "/"));
  return value;
}

function knownComparison(value: unknown): RunComparison | null {
  return (value as Partial<RunComparison> | null)?.schema === "sim.comparison/1" ? (value as RunComparison) : null;
}

function parsedBy<Value>(
  schema: { safeParse(value: unknown): { success: true; data: Value } | { success: false } },
  value: unknown,
): Value | null {
  const parsed = schema.safeParse(value);
  return parsed.success ? parsed.data : null;
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return null;
  }
}

/** Reports are made from the files, so they are not among them. */
const NOT_SOURCE = /(^|\/)(report[^/]*\.html|timeline\.html|summary\.md|junit\.xml)$|\.part$/;

/** Every file of the run by name, with its hash. */
export function filesOf(folder: string): ReportedFile[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ path, name: relative(folder, path).replaceAll("\\", "/") }))
    .filter(({ name }) => !NOT_SOURCE.test(name))
    .sort((left, right) => (left.name < right.name ? -1 : 1))
    .map(({ path, name }) => ({
      name,
      bytes: statSync(path).size,
      sha256: hashOf(path),
    }));
}

const CHUNK_BYTES = 1 << 20;

/** In chunks: a journal may be larger than memory. */
function hashOf(path: string): string {
  const hash = createHash("sha256");
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  const file = openSync(path, "r");
  try {
    for (let read = readSync(file, chunk); read > 0; read = readSync(file, chunk)) hash.update(chunk.subarray(0, read));
  } finally {
    closeSync(file);
  }
  return hash.digest("hex");
}
