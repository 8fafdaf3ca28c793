import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { EXIT } from "../../diagnostics/user-error.ts";
import type { JournalHeader } from "../../engine/domain/journal.ts";
import type { EngineParts } from "../../engine/pipeline/state.ts";
import type { SessionEnd } from "../../live/ports.ts";
import { type ParityResult, replaySession } from "../../live/session/replay-session.ts";
import { openRecording } from "../../recording/reader.ts";
import { compareVariants, createOutcomeLog, type OutcomeLog, type RunComparison } from "../../reports/comparison.ts";
import { decisionLines } from "../../reports/decisions-file.ts";
import { askOfReport, createFindings, type FindingsEngine } from "../../reports/findings/index.ts";
import { createRunSeries, type RunSeries } from "../../reports/html/series/run-series.ts";
import { openJournal } from "../../reports/journal-file.ts";
import { createRunSummary } from "../../reports/summary/run-summary.ts";
import type { RunSummary, TerminalState } from "../../reports/summary/schema.ts";
import { evaluateThresholds, type Thresholds } from "../../reports/thresholds.ts";
import { writeReports } from "../report-files.ts";
import type { Shell } from "../shell.ts";
import { jsonFile } from "../variant-files.ts";
import type { LiveFlags } from "./live-flags.ts";
import type { LivePlan } from "./live-plan.ts";
import { RECORDING_FOLDER, readSessionFile } from "./session-file.ts";
import { sessionParts } from "./session-parts.ts";

const PARITY_FILE = "parity.json";

/** `live/replay parity: 212 of 212 decisions equal`, or where they part. */
function parityText({ decisions, equal, firstDivergence, source }: ParityResult): string {
  const line = `live/replay parity: ${equal} of ${decisions} decisions equal (${source})`;
  if (firstDivergence === null) return line;
  const { seq, eventType, field, live, replay } = firstDivergence;
  return `${line}\n!! first difference at seq ${seq} (${eventType}) in ${field}: live ${live}, replay ${replay}`;
}

/**
 * Replays a session that is over and writes the result down. The recording is asked when it tells the whole session;
 * after a crash it may lack the last moment before it, and the write-ahead journal is asked instead.
 */
function proveParity(folder: string, parts: EngineParts, recordingDir: string | null): ParityResult {
  const recording = recordingDir === null ? null : openRecording(recordingDir);
  const parity = replaySession(folder, parts, recording);
  writeFileSync(join(folder, PARITY_FILE), jsonFile({ schema: "rehearsal.live-parity/1", ...parity }));
  return parity;
}

interface SessionReport {
  readonly summaries: readonly RunSummary[];
  readonly comparison: RunComparison | null;
  readonly report: string;
}

/** What every finished run has beside its journal: decisions, summary, comparison with shadows, and the page. */
async function reportSession(
  folder: string,
  shadows: readonly { readonly name: string; readonly folder: string }[],
  thresholds: Thresholds,
): Promise<SessionReport> {
  const places = [folder, ...shadows.map((shadow) => shadow.folder)];
  const read = places.map((place) => readBack(place, thresholds));
  const comparison = shadows.length === 0 ? null : compareVariants(read);
  if (comparison !== null) writeFileSync(join(folder, "comparison.json"), jsonFile(comparison));
  const variants = read.map(({ summary, series, header, watched }) => {
    const findings = watched.report({ ask: askOfReport(header, read.length) });
    return { summary, series, findings, gate: null };
  });
  const report = await writeReports(folder, { variants, lab: null, comparison, expectations: [] });
  return { summaries: read.map(({ summary }) => summary), comparison, report };
}

function readBack(
  folder: string,
  thresholds: Thresholds,
): {
  readonly summary: RunSummary;
  readonly outcomes: OutcomeLog;
  readonly series: RunSeries;
  readonly header: JournalHeader;
  readonly watched: FindingsEngine;
} {
  const journal = openJournal(join(folder, "journal.ndjson"));
  const outcomes = createOutcomeLog();
  const builder = createRunSummary(journal.header, outcomes);
  const series = createRunSeries(journal.header);
  const watched = createFindings({ header: journal.header });
  const lines: string[] = [];
  for (const entry of journal.entries()) {
    builder.observe(entry);
    series.observe(entry);
    watched.observe(entry);
    lines.push(decisionLines(entry));
  }
  const observed = builder.finish();
  const summary = { ...observed, thresholds: evaluateThresholds(thresholds, observed) };
  writeFileSync(join(folder, "decisions.ndjson"), lines.join(""));
  writeFileSync(join(folder, "summary.json"), jsonFile(summary));
  return { summary, outcomes, series: series.finish(), header: journal.header, watched };
}

/** The last words of a session: how it ended, what a replay says, where the report is. */
export async function finishSession(parts: {
  readonly folder: string;
  readonly end: SessionEnd;
  readonly shadows: readonly { readonly name: string; readonly folder: string }[];
  readonly plan: LivePlan;
  readonly flags: LiveFlags;
  readonly shell: Shell;
  readonly wasResumed: boolean;
}): Promise<void> {
  const { folder, end, shadows, plan, flags, shell, wasResumed } = parts;
  const print = (result: { readonly parity: ParityResult | null; readonly report: string | null }, lines: string[]) =>
    shell.print(flags.json === true ? endJson(folder, end, result) : lines.join("\n"));
  if (end.cause === "suspended") {
    print({ parity: null, report: null }, [
      `suspended at seq ${end.seq}, ${positionsText(end)}`,
      `live --resume ${folder} goes on`,
    ]);
    return;
  }
  const { scenario, definition } = plan;
  const replayParts = sessionParts(scenario, definition, readSessionFile(folder).instruments);
  const recording = join(folder, RECORDING_FOLDER);
  const parity = proveParity(folder, replayParts, wasResumed ? null : recording);
  if (parity.firstDivergence !== null) shell.exitWith(EXIT.divergence);
  if (parity.decisions === 0) shell.exitWith(EXIT.evidenceIncomplete);
  // After a resume shadows know a part of the session only: nothing to compare.
  const { summaries, report } = await reportSession(folder, wasResumed ? [] : shadows, scenario.thresholds);
  const cancelled = end.cancelledOrders.length;
  print({ parity, report }, [
    `end: ${end.cause} at seq ${end.seq}, ${positionsText(end)}${cancelled === 0 ? "" : `, ${cancelled} own orders cancelled`}`,
    ...summaries.map(funnelLine),
    `recording ${recording} written;  ${parityText(parity)}`,
    `report ${report}`,
  ]);
}

function endJson(
  folder: string,
  end: SessionEnd,
  result: { readonly parity: ParityResult | null; readonly report: string | null },
): string {
  const { cause, seq, rows, openPositions, cancelledOrders } = end;
  const document = {
    schema: "rehearsal.live/1",
    folder,
    cause,
    seq,
    rows,
    openPositions: Object.fromEntries(openPositions),
    cancelledOrders,
    ...result,
  };
  return JSON.stringify(document, null, 2);
}

/** What stays open at the end, in words. */
function positionsText({ openPositions }: SessionEnd): string {
  if (openPositions.size === 0) return "no open position";
  return `open positions: ${[...openPositions].map(([symbol, qtyLots]) => `${symbol} ${qtyLots} lots`).join(", ")}`;
}

/** Entries and exits apart: their sum would say nothing. */
function funnelLine({ run, funnel }: RunSummary): string {
  const columns = funnel
    .filter(({ evalType }) => evalType !== "UNKNOWN")
    .map(({ evalType, intents, requests, terminals }) => {
      const count = (state: TerminalState) => terminals.find((each) => each.state === state)?.count ?? 0;
      const asked = evalType === "ENTRY" ? `${intents} intents` : `${requests} requests`;
      return `${evalType} ${asked}, ${count("FILLED")} filled, ${count("BLOCKED_POLICY")} blocked`;
    });
  return `${run.variant}: ${columns.join("   ")}`;
}
