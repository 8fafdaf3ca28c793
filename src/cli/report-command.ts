import { readFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../diagnostics/user-error.ts";
import { readReport } from "../reports/html/read-report.ts";
import { visibleText } from "../reports/visible-text.ts";
import type { ReportCommandOptions } from "./commands/report.ts";
import { type FinishedRun, findRun } from "./finished-runs.ts";
import { writeDocuments, writeHtml } from "./report-files.ts";
import type { Shell } from "./shell.ts";

/** `sim report`: reads nothing but the folders of finished runs, and runs nothing. */
export async function reportCommand(
  named: readonly string[],
  options: ReportCommandOptions,
  shell: Shell,
): Promise<void> {
  const runs = named.length === 0 ? [findRun(options.out, undefined)] : named.map((name) => findRun(options.out, name));
  if (options.tables !== undefined || options.frames === true) {
    const { tablesCommand } = await import("./report-tables.ts");
    await tablesCommand(runs, options, shell);
    return;
  }
  if (options.timeline === true) {
    const { timelineCommand } = await import("./timeline-command.ts");
    for (const run of runs) timelineCommand(run, options, shell);
    return;
  }
  if (options.variant !== undefined || options.beside !== undefined) {
    const text =
      "Cannot choose variants of a report: it shows all of them, --timeline is needed beside --variant and --beside";
    throw new UserError([{ text, hint: "sim report --timeline --beside z-score" }]);
  }
  const reports = [];
  for (const run of runs) reports.push(await reportRun(run, options, shell));
  if (options.json === true) {
    shell.print(JSON.stringify({ schema: "sim.report/1", reports }, null, 2));
    return;
  }
  shell.print(reports.map(({ run, report }) => `${run}  ${report}`).join("\n"));
}

async function reportRun(
  run: FinishedRun,
  { quiet, reproducible }: ReportCommandOptions,
  shell: Shell,
): Promise<{ readonly run: string; readonly report: string; readonly gaps: readonly string[] }> {
  const model = readReport(run.folder, run.variants);
  if (quiet !== true) for (const gap of model.gaps) shell.note(visibleText(`warning ${join(run.folder)}: ${gap}`));
  const summaries = model.variants.map(({ summary }) => summary);
  writeDocuments(run.folder, {
    summaries,
    findings: model.variants.map(({ findings }) => findings),
    comparison: model.comparison,
    gaps: model.gaps,
  });
  const report = await writeHtml(run.folder, model);
  if (reproducible === true) await requireSameBytes(run, report);
  return { run: run.id, report, gaps: model.gaps };
}

/** From the files again, not from memory: whatever differs between two readings is found. */
async function requireSameBytes(run: FinishedRun, report: string): Promise<void> {
  const { renderReport } = await import("../reports/html/render-report.ts");
  const again = renderReport(readReport(run.folder, run.variants));
  const written = readFileSync(report, "utf8");
  if (again === written) return;
  let at = 0;
  while (again[at] === written[at]) at += 1;
  throw new Error(`report ${report} is another one when made again: the first difference is at character ${at}`);
}
