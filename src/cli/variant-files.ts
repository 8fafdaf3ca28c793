import { createOutcomeLog, type OutcomeLog } from "../reports/comparison.ts";
import { decisionLines } from "../reports/decisions-file.ts";
import { createFindings, type FindingsEngine } from "../reports/findings/index.ts";
import { createRunSeries, type RunSeries } from "../reports/html/series/run-series.ts";
import { createJournalWriter, type JournalWriter } from "../reports/journal-file.ts";
import { createRunSummary, type RunSummaryBuilder } from "../reports/summary/run-summary.ts";
import type { RunSummary } from "../reports/summary/schema.ts";
import { evaluateThresholds } from "../reports/thresholds.ts";
import type { VariantRecord } from "../reports/variants/variant-record.ts";
import { createVariantRecorder } from "../reports/variants/variant-recorder.ts";
import type { Scenario } from "../sim/scenario/schema.ts";
import type { FileSink, RunFolder } from "./run-folder.ts";

export interface FinishedVariant {
  readonly summary: RunSummary;
  readonly outcomes: OutcomeLog;
  /** What the charts are drawn from; `null` without a report. */
  readonly series: RunSeries | null;
  readonly header: Header;
  /** Asked at the end: what is known of a search, and where the files lie, nobody knows before. */
  readonly watched: FindingsEngine;
  /** What verdicts rest on; `null` without `compare:`. */
  readonly record: VariantRecord | null;
}

type Header = Parameters<typeof createRunSummary>[0];

/** The files of one variant, written while it runs. */
export interface VariantFiles {
  append: JournalWriter["append"];
  /** The journal so far, as it is in its file. */
  journal(): Buffer;
  finish(scenario: Scenario): FinishedVariant;
}

export function createVariantFiles(parts: {
  readonly folder: RunFolder;
  readonly prefix: string;
  readonly header: Header;
  readonly isReported: boolean;
  readonly isCompared: boolean;
}): VariantFiles {
  const { folder, prefix, header } = parts;
  const journalFile: FileSink = folder.open(`${prefix}journal.ndjson`);
  const decisionsFile: FileSink = folder.open(`${prefix}decisions.ndjson`);
  const journal = createJournalWriter(header, (chunk) => journalFile.write(chunk));
  const decisions = createBuffer((chunk) => decisionsFile.write(chunk));
  const outcomes = createOutcomeLog();
  const builder: RunSummaryBuilder = createRunSummary(header, outcomes);
  const series = parts.isReported ? createRunSeries(header) : null;
  const watched = createFindings({ header });
  const recorder = parts.isCompared ? createVariantRecorder(header, {}) : null;
  return {
    append(entry) {
      journal.append(entry);
      decisions.add(decisionLines(entry));
      builder.observe(entry);
      series?.observe(entry);
      watched.observe(entry);
      recorder?.observe(entry);
    },
    journal() {
      journal.flush();
      return journalFile.read();
    },
    finish(scenario) {
      journal.flush();
      journalFile.close();
      decisions.flush();
      decisionsFile.close();
      const observed = builder.finish();
      const summary = { ...observed, thresholds: evaluateThresholds(scenario.thresholds, observed) };
      folder.write(`${prefix}summary.json`, jsonFile(summary));
      const record = recorder?.finish(scenario.thresholds) ?? null;
      return { summary, outcomes, series: series?.finish() ?? null, header, watched, record };
    },
  };
}

const BUFFER_LENGTH = 65_536;

function createBuffer(sink: (chunk: string) => void): { add(text: string): void; flush(): void } {
  let buffer = "";
  const flush = () => {
    if (buffer !== "") sink(buffer);
    buffer = "";
  };
  return {
    add(text) {
      buffer += text;
      if (buffer.length >= BUFFER_LENGTH) flush();
    },
    flush,
  };
}

export function jsonFile(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
