import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LabComparison } from "../reports/comparison/lab-comparison.ts";
import type { RunComparison } from "../reports/comparison.ts";
import { renderJunit } from "../reports/documents/run-junit.ts";
import { renderMarkdown } from "../reports/documents/run-markdown.ts";
import type { Finding } from "../reports/findings/index.ts";
import type { GateDocument } from "../reports/gate/schema.ts";
import type { ReportModel } from "../reports/html/report-model.ts";
import type { RunSeries } from "../reports/html/series/run-series.ts";
import type { RunSummary } from "../reports/summary/schema.ts";
import type { ExpectationResult } from "./expectations.ts";

/** What a run leaves in memory for its reports. */
export interface ReportedRun {
  readonly variants: readonly {
    readonly summary: RunSummary;
    readonly series: RunSeries | null;
    readonly findings: readonly Finding[];
    readonly gate: GateDocument | null;
  }[];
  readonly lab: LabComparison | null;
  readonly comparison: RunComparison | null;
  readonly expectations: readonly ExpectationResult[];
}

/** Writes `report.html`, `summary.md` and `junit.xml` into the folder of a run; gives the path of the first. */
export async function writeReports(folder: string, run: ReportedRun): Promise<string> {
  const { filesOf } = await import("../reports/html/read-report.ts");
  const summaries = run.variants.map(({ summary }) => summary);
  const variants = run.variants.flatMap(({ summary, series, findings, gate }) =>
    series === null ? [] : [{ summary, series, findings, gate }],
  );
  const findings = run.variants.map((variant) => variant.findings);
  writeDocuments(folder, { summaries, findings, comparison: run.comparison, expectations: run.expectations });
  return await writeHtml(folder, {
    variants,
    comparison: run.comparison,
    lab: run.lab,
    files: filesOf(folder),
    gaps: [],
  });
}

/**
 * Writes `summary.md`, and `junit.xml` when the scenario's expectations are known: a finished run has kept what was found
 * but not what was expected, and a file with fewer cases would look like one that passed.
 */
export function writeDocuments(
  folder: string,
  run: {
    readonly summaries: readonly RunSummary[];
    /** Of each summary's variant. */
    readonly findings: readonly (readonly Finding[])[];
    readonly comparison: RunComparison | null;
    readonly expectations?: readonly ExpectationResult[];
    /** What the files could not tell. */
    readonly gaps?: readonly string[];
  },
): void {
  writeWhole(join(folder, "summary.md"), renderMarkdown(run.summaries, run.comparison, run.findings, run.gaps));
  if (run.expectations !== undefined)
    writeWhole(join(folder, "junit.xml"), renderJunit(run.summaries, run.expectations));
}

/** Writes `report.html`; the chart library is loaded for it and not before. */
export async function writeHtml(folder: string, model: ReportModel): Promise<string> {
  const { renderReport } = await import("../reports/html/render-report.ts");
  const file = join(folder, "report.html");
  writeWhole(file, renderReport(model));
  return file;
}

/** Under its name all at once or not at all. */
export function writeWhole(file: string, text: string): void {
  const part = `${file}.${process.pid}.part`;
  writeFileSync(part, text);
  renameSync(part, file);
}
