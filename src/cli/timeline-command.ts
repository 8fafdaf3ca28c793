import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../diagnostics/user-error.ts";
import { ENGINE_VERSION } from "../engine/version.ts";
import { compareVariants, createOutcomeLog, type DecisionChange, type OutcomeLog } from "../reports/comparison.ts";
import { openJournal } from "../reports/journal-file.ts";
import { createRunSummary } from "../reports/summary/run-summary.ts";
import type { RunSummary } from "../reports/summary/schema.ts";
import { type Divergence, renderTimeline } from "../reports/timeline/render-timeline.ts";
import { TimelineBuilder, type TimelineSide } from "../reports/timeline/timeline-data.ts";
import type { ReportCommandOptions } from "./commands/report.ts";
import { type FinishedRun, type FinishedVariant, findRun } from "./finished-runs.ts";
import { writeWhole } from "./report-files.ts";
import type { Shell } from "./shell.ts";

/** Journals beyond it are thinned: some two hundred thousand events. */
const WHOLE_BYTES_MAX = 128 * 1024 * 1024;

interface ReadSide {
  readonly side: TimelineSide;
  /** For a comparison; `null` when nothing is compared. */
  readonly compared: { readonly summary: RunSummary; readonly outcomes: OutcomeLog } | null;
}

/** `sim report --timeline`: a run to step through, and with `--beside` another one or another variant next to it. */
export function timelineCommand(run: FinishedRun, options: ReportCommandOptions, shell: Shell): void {
  const lead = variantOf(run, options.variant);
  const other = options.beside === undefined ? null : besideOf(run, lead, options.beside, options.out);
  const read = [lead, ...(other === null ? [] : [other])].map(({ journal }) => readSide(journal, other !== null));
  const [first, second] = read as [ReadSide, ReadSide | undefined];
  const text = renderTimeline({
    sides: read.map(({ side }) => side),
    divergences: second === undefined ? [] : divergencesOf(first, second),
    engine: ENGINE_VERSION,
  });
  const file = join(run.folder, lead.name, "timeline.html");
  writeWhole(file, text);
  if (options.json === true) {
    const sides = read.map(({ side: { runId, variant, entries, decisions } }) => ({
      runId,
      variant,
      entries,
      decisions,
    }));
    shell.print(JSON.stringify({ schema: "sim.timeline/1", file, bytes: Buffer.byteLength(text), sides }, null, 2));
    return;
  }
  shell.print(`${run.id}  ${file}`);
}

function readSide(file: string, isCompared: boolean): ReadSide {
  const journal = openJournal(file);
  const builder = new TimelineBuilder(journal.header, statSync(file).size > WHOLE_BYTES_MAX);
  const outcomes = createOutcomeLog();
  const summary = isCompared ? createRunSummary(journal.header, outcomes) : null;
  let entries = 0;
  for (const entry of journal.entries()) {
    entries += 1;
    builder.observe(entry);
    summary?.observe(entry);
  }
  if (entries === 0) {
    const text = "Cannot show a timeline: the journal has a header and no event, at least one is needed";
    throw new UserError([{ file, text, hint: "sim run SCENARIO makes a journal" }]);
  }
  const compared = summary === null ? null : { summary: summary.finish(), outcomes };
  return { side: builder.finish(), compared };
}

/** First changes of the comparison; a change that follows from another one is a divergence as well. */
function divergencesOf(first: ReadSide, second: ReadSide): Divergence[] {
  const { candidates } = compareVariants([first, second].flatMap(({ compared }) => compared ?? []));
  const words = ({ from, to }: DecisionChange) => `${from.state} (${from.reason}) became ${to.state} (${to.reason})`;
  return candidates.flatMap(({ changes }) =>
    changes.map((change) => ({
      tsMs: change.tsMs,
      text: `${change.symbol} ${change.evalType} ${change.key}: ${words(change)}`,
    })),
  );
}

function variantOf(run: FinishedRun, named: string | undefined): FinishedVariant {
  const wanted = named ?? baselineOf(run);
  const found = run.variants.find(({ name }) => name === wanted) ?? (named === undefined ? run.variants[0] : undefined);
  if (found !== undefined) return found;
  const names = run.variants.map(({ name }) => name).filter((name) => name !== "");
  const needed =
    names.length === 0 ? "it has one variant, no --variant is needed" : `one of ${names.join(", ")} is needed`;
  throw new UserError([{ text: `Cannot show variant "${named}" of ${run.id}: ${needed}` }]);
}

/** Folders come by name; the comparison knows which variant the others were compared with. */
function baselineOf({ folder }: FinishedRun): string | undefined {
  const file = join(folder, "comparison.json");
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as { baseline?: string }).baseline : undefined;
}

/** A variant of the same run, or the variant of that name, else the first, of another run. */
function besideOf(run: FinishedRun, lead: FinishedVariant, named: string, out: string): FinishedVariant {
  const own = run.variants.find(({ name }) => name === named && name !== lead.name);
  if (own !== undefined) return own;
  const other = findRun(out, named);
  return other.variants.find(({ name }) => name === lead.name) ?? other.variants[0]!;
}
