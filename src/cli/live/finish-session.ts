import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { EngineParts } from "../../engine/pipeline/state.ts";
import { type ParityResult, replaySession } from "../../live/session/replay-session.ts";
import { openRecording } from "../../recording/reader.ts";
import { compareVariants, createOutcomeLog, type OutcomeLog, type RunComparison } from "../../reports/comparison.ts";
import { decisionLines } from "../../reports/decisions-file.ts";
import { createRunSeries, type RunSeries } from "../../reports/html/series/run-series.ts";
import { openJournal } from "../../reports/journal-file.ts";
import { createRunSummary } from "../../reports/summary/run-summary.ts";
import type { RunSummary } from "../../reports/summary/schema.ts";
import { evaluateThresholds, type Thresholds } from "../../reports/thresholds.ts";
import { writeReports } from "../report-files.ts";
import { jsonFile } from "../variant-files.ts";

export const PARITY_FILE = "parity.json";

/** `live/replay parity: 212 of 212 decisions equal`, or where they part. */
export function parityText({ decisions, equal, firstDivergence, source }: ParityResult): string {
  const line = `live/replay parity: ${equal} of ${decisions} decisions equal (${source})`;
  if (firstDivergence === null) return line;
  const { seq, eventType, field, live, replay } = firstDivergence;
  return `${line}\n!! first difference at seq ${seq} (${eventType}) in ${field}: live ${live}, replay ${replay}`;
}

/**
 * Replays a session that is over and writes the result down. The recording is asked when it tells the whole session;
 * after a crash it may lack the last moment before it, and the write-ahead journal is asked instead.
 */
export function proveParity(folder: string, parts: EngineParts, recordingDir: string | null): ParityResult {
  const recording = recordingDir === null ? null : openRecording(recordingDir);
  const parity = replaySession(folder, parts, recording);
  writeFileSync(join(folder, PARITY_FILE), jsonFile({ schema: "rehearsal.live-parity/1", ...parity }));
  return parity;
}

export interface SessionReport {
  readonly summaries: readonly RunSummary[];
  readonly comparison: RunComparison | null;
  readonly report: string;
}

/** What every finished run has beside its journal: decisions, summary, comparison with shadows, and the page. */
export async function reportSession(
  folder: string,
  shadows: readonly { readonly name: string; readonly folder: string }[],
  thresholds: Thresholds,
): Promise<SessionReport> {
  const places = [folder, ...shadows.map((shadow) => shadow.folder)];
  const read = places.map((place) => readBack(place, thresholds));
  const comparison = shadows.length === 0 ? null : compareVariants(read);
  if (comparison !== null) writeFileSync(join(folder, "comparison.json"), jsonFile(comparison));
  const variants = read.map(({ summary, series }) => ({ summary, series, gate: null }));
  const report = await writeReports(folder, { variants, lab: null, comparison, expectations: [] });
  return { summaries: read.map(({ summary }) => summary), comparison, report };
}

function readBack(
  folder: string,
  thresholds: Thresholds,
): { readonly summary: RunSummary; readonly outcomes: OutcomeLog; readonly series: RunSeries } {
  const journal = openJournal(join(folder, "journal.ndjson"));
  const outcomes = createOutcomeLog();
  const builder = createRunSummary(journal.header, outcomes);
  const series = createRunSeries(journal.header);
  const lines: string[] = [];
  for (const entry of journal.entries()) {
    builder.observe(entry);
    series.observe(entry);
    lines.push(decisionLines(entry));
  }
  const observed = builder.finish();
  const summary = { ...observed, thresholds: evaluateThresholds(thresholds, observed) };
  writeFileSync(join(folder, "decisions.ndjson"), lines.join(""));
  writeFileSync(join(folder, "summary.json"), jsonFile(summary));
  return { summary, outcomes, series: series.finish() };
}
