import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { EXIT, UserError } from "../../diagnostics/user-error.ts";
import { type ComparedRun, compareVariants, createOutcomeLog } from "../../reports/comparison.ts";
import { timeText } from "../../reports/format.ts";
import { openJournal } from "../../reports/journal-file.ts";
import { createRunSummary } from "../../reports/summary/run-summary.ts";
import { changeSection } from "../../reports/terminal/change-section.ts";
import { createPaint } from "../colour.ts";
import type { Shell } from "../shell.ts";
import type { LiveCompareOptions } from "./commands/compare.ts";
import { readSessionFile, SHADOWS_FOLDER } from "./session-file.ts";

const JOURNAL_FILE = "journal.ndjson";

/** `live compare`: journals of a session and of its shadows as far as they are on disk. */
export function liveCompare(folder: string, options: LiveCompareOptions, shell: Shell): void {
  const { id, shadows } = readSessionFile(folder);
  const dir = join(folder, SHADOWS_FOLDER);
  const found = existsSync(dir) ? readdirSync(dir).sort(byNumber) : [];
  const journals = found.map((name) => join(dir, name, JOURNAL_FILE)).filter((file) => existsSync(file));
  if (journals.length === 0) {
    const is = shadows.length === 0 ? "it runs without shadows" : "its shadows have written nothing yet";
    const hint = "live --shadow OTHER.yaml runs another governor on the same inputs";
    const text = `Cannot compare session ${id} with its shadows: ${is}, a journal of one is needed`;
    throw new UserError([{ file: folder, text, hint }], EXIT.evidenceIncomplete);
  }
  const read = [join(folder, JOURNAL_FILE), ...journals].map(readSoFar);
  // Each names its variant, and those of two scenarios may be called alike.
  const runs = read.map(({ run }, place) => named(run, place === 0 ? "live" : found[place - 1]!));
  const comparison = compareVariants(runs);
  const untilTsMs = Math.min(...read.map(({ lastTsMs }) => lastTsMs));
  if (options.json === true) {
    shell.print(JSON.stringify({ schema: "rehearsal.live-comparison/1", session: id, untilTsMs, comparison }, null, 2));
    return;
  }
  const screen = {
    width: Math.max(80, shell.stdout.columns ?? 80),
    ascii: false,
    paint: createPaint(shell.stdout, !options.colour),
    nameOf: () => "",
  };
  const head = `session ${id}  ${runs.length - 1} ${runs.length === 2 ? "shadow" : "shadows"}  until ${timeText(untilTsMs)}`;
  shell.print([head, "", ...changeSection(comparison, screen)].join("\n"));
}

/** Folders are numbered in the order of the command line. */
function byNumber(left: string, right: string): number {
  return Number.parseInt(left, 10) - Number.parseInt(right, 10) || (left < right ? -1 : 1);
}

/** A journal that is being written may end in the middle of a line: what is whole counts. */
function readSoFar(file: string): { readonly run: ComparedRun; readonly lastTsMs: number } {
  const journal = openJournal(file);
  const outcomes = createOutcomeLog();
  const summary = createRunSummary(journal.header, outcomes);
  let lastTsMs = journal.header.startTsMs;
  for (const entry of journal.entries()) {
    summary.observe(entry);
    lastTsMs = entry.envelope.tsMs;
  }
  return { run: { summary: { ...summary.finish(), thresholds: [] }, outcomes }, lastTsMs };
}

function named({ summary, outcomes }: ComparedRun, name: string): ComparedRun {
  return { summary: { ...summary, run: { ...summary.run, variant: name } }, outcomes };
}
