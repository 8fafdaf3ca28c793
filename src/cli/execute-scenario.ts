import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { EXIT, type ExitCode, type Problem, UserError } from "../diagnostics/user-error.ts";
import { ENGINE_VERSION } from "../engine/version.ts";
import type { RecordingSource } from "../recording/batch.ts";
import type { CacheMode } from "../recording/cache/cached-source.ts";
import { openRecordings } from "../recording/open-recordings.ts";
import { compareRecords } from "../reports/comparison/compare-records.ts";
import { declaredOptions } from "../reports/comparison/declared-comparison.ts";
import type { LabComparison } from "../reports/comparison/lab-comparison.ts";
import { compareVariants, type RunComparison } from "../reports/comparison.ts";
import { askOfReport, askOfRun, type Finding, findInRecording, studyOfRun } from "../reports/findings/index.ts";
import type { GateDocument } from "../reports/gate/schema.ts";
import { readJournal } from "../reports/journal-file.ts";
import type { RunSummary } from "../reports/summary/schema.ts";
import { thresholdExitCode } from "../reports/thresholds.ts";
import {
  type Checkpoint,
  type CheckpointHeader,
  type CheckpointIdentity,
  requireSameRun,
  writeCheckpoint,
} from "../sim/run/checkpoint-file.ts";
import { startRun } from "../sim/run/run.ts";
import type { RunSnapshot } from "../sim/run/run-snapshot.ts";
import type { RunEnd, RunProgress, RunRequest, RunResult, RunStop } from "../sim/run/types.ts";
import { type Moment, momentTsMs } from "../sim/scenario/moment.ts";
import type { ScenarioOverrides } from "../sim/scenario/override.ts";
import { fitRecording } from "../sim/scenario/recording-fit.ts";
import { runIdOf } from "../sim/scenario/run-id.ts";
import type { Scenario } from "../sim/scenario/schema.ts";
import { checkExpectations, type ExpectationResult, needsRecording } from "./expectations.ts";
import { writeReports } from "./report-files.ts";
import { createRunFolder } from "./run-folder.ts";
import { createVariantFiles, type FinishedVariant, jsonFile, type VariantFiles } from "./variant-files.ts";

export interface ExecuteOptions {
  readonly outDir: string;
  readonly isReplaceAllowed: boolean;
  /** Whether `report.html`, `summary.md` and `junit.xml` are made of it. */
  readonly isReported: boolean;
  /** Whether each variant's governor is judged too (`gate.json`): some replays more. */
  readonly isGateJudged?: boolean;
  /** Folders of recordings that are replayed together with the scenario's. */
  readonly furtherRecordings: readonly string[];
  readonly cache: CacheMode;
  /** Where to stop before the end of the window. */
  readonly until?: Extract<RunStop, { kind: "seq" }> | Moment;
  /** Where to write checkpoints: at a stop, at an interruption, and each so many ms of virtual time. */
  readonly checkpoint?: { readonly file: string; readonly everyMs?: number };
  /** What the command line changed of the scenario; a checkpoint keeps it. */
  readonly overrides?: ScenarioOverrides;
  /** The checkpoint to go on from, and its file. */
  readonly from?: { readonly file: string; readonly checkpoint: Checkpoint };
  /** Told of a market cache that was written, or was not trusted. */
  onNote(text: string): void;
  onWarning(warning: Problem): void;
  onProgress(progress: RunProgress): void;
  shouldStop(): boolean;
  /** Called with what removes half-written files, in case the process leaves at once. */
  onLeave(cleanUp: () => void): void;
}

/** A scenario that has run, its files in place. */
export interface ExecutedScenario {
  readonly scenario: Scenario;
  readonly runId: string;
  /** Folder of the run; that of variants lies inside when there are several. */
  readonly folder: string;
  /** The HTML report, or `null` when none was asked for. */
  readonly report: string | null;
  readonly isPartial: boolean;
  readonly end: RunEnd;
  /** Header of the last checkpoint written; `null` when there was none. */
  readonly checkpoint: CheckpointHeader | null;
  readonly marketEvents: number;
  readonly summaries: readonly RunSummary[];
  /** Of each summary's variant, worst first; their commands name the folder. */
  readonly findings: readonly (readonly Finding[])[];
  readonly comparison: RunComparison | null;
  /** With intervals and verdicts, when the scenario declares `compare:` and the run is whole; `null` else. */
  readonly lab: LabComparison | null;
  readonly expectations: readonly ExpectationResult[];
  /** Everything that has a say in the exit code; none means 0. */
  readonly causes: readonly ExitCode[];
  /** Bugs found by the run itself, each a sentence. */
  readonly failures: readonly string[];
}

/**
 * Runs a scenario and writes its files: per variant `journal.ndjson`, `decisions.ndjson` and `summary.json`, with
 * several variants `comparison.json` beside them, and `lab-comparison.json` when the scenario declares `compare:`. They appear under their name all at once or not at all.
 *
 * @throws {UserError} when the recording or the output folder cannot be used.
 */
export async function executeScenario(scenario: Scenario, options: ExecuteOptions): Promise<ExecutedScenario> {
  const recording = openRecordings([scenario.recordingPath, ...options.furtherRecordings], options);
  const fit = fitRecording(scenario, recording);
  if (fit.errors.length > 0) throw new UserError(fit.errors);
  for (const warning of [...scenario.warnings, ...fit.warnings]) options.onWarning(warning);

  const runId = runIdOf({ scenario, recordingHash: recording.hash, engineVersion: ENGINE_VERSION });
  const identity: CheckpointIdentity = {
    runId,
    scenario: scenario.name,
    scenarioHash: scenario.hash,
    recording: recording.id,
    recordingHash: recording.hash,
    engineVersion: ENGINE_VERSION,
    nodeMajor: Number(process.versions.node.split(".")[0]),
  };
  const { from, until } = options;
  if (from !== undefined) requireSameRun(from.file, from.checkpoint.header, identity);
  let checkpoint: CheckpointHeader | null = null;
  const folderOptions = { outDir: options.outDir, runId, isReplaceAllowed: options.isReplaceAllowed };
  const folder = createRunFolder(folderOptions);
  options.onLeave(() => folder.discard());
  try {
    const writers: VariantFiles[] = [];
    const isAlone = scenario.variants.length === 1;
    const isCompared = !isAlone && scenario.compare !== undefined;
    const keep = (file: string, snapshot: RunSnapshot): void => {
      const { overrides = {}, furtherRecordings } = options;
      const journals = writers.map((writer) => writer.journal());
      checkpoint = writeCheckpoint(file, { ...identity, overrides, furtherRecordings, snapshot, journals });
    };
    const result = await runWithPauses({
      runId,
      scenario,
      recording,
      onHeader(variantIndex, header) {
        const prefix = isAlone ? "" : `${header.variant}/`;
        const files = createVariantFiles({
          folder,
          prefix,
          header,
          isReported: options.isReported,
          isCompared,
        });
        if (from !== undefined) replay(from, variantIndex, files);
        writers[variantIndex] = files;
      },
      onEntry: (variantIndex, entry) => writers[variantIndex]!.append(entry),
      onProgress: options.onProgress,
      shouldStop: options.shouldStop,
      ...(from === undefined ? {} : { from: from.checkpoint.snapshot }),
      ...(until === undefined ? {} : { until: stopOf(until, recording.firstTsMs) }),
      ...checkpointing(options.checkpoint, keep),
    });
    const finished = writers.map((writer) => writer.finish(scenario));
    const comparison = isAlone ? null : compareVariants(finished);
    if (comparison !== null) folder.write("comparison.json", jsonFile(comparison));
    const lab = isCompared && !result.isPartial ? labComparisonOf(scenario, finished) : null;
    if (lab !== null) folder.write("lab-comparison.json", jsonFile(lab));
    folder.seal(result.isPartial);
    const summaries = finished.map(({ summary }) => summary);
    const ofRecording = needsRecording(scenario.expect) ? findInRecording(scenario.recordingPath).findings : [];
    const expectations = finished.flatMap(({ summary, watched }) =>
      checkExpectations(scenario.expect, summary, [...watched.report(), ...ofRecording]),
    );
    const failures = result.variants.flatMap(({ name, accountMismatch }) =>
      accountMismatch === null ? [] : [`variant ${name}: the exchange's books do not add up: ${accountMismatch}`],
    );
    const judged = await withGates(finished, { scenario, recording, folder: folder.path, isAlone, options });
    const report = options.isReported
      ? await writeReports(folder.path, {
          variants: judged.map((variant) => ({ ...variant, findings: findingsOf(variant, isAlone, lab) })),
          comparison,
          lab,
          expectations,
        })
      : null;
    return {
      scenario,
      runId,
      folder: folder.path,
      report,
      isPartial: result.isPartial,
      end: result.end,
      checkpoint,
      marketEvents: result.marketEvents,
      summaries,
      findings: finished.map((variant) => findingsOf(variant, isAlone, lab, folder.path)),
      comparison,
      lab,
      expectations,
      causes: causesOf(scenario, summaries, expectations, result.end, failures),
      failures,
    };
  } finally {
    folder.discard();
  }
}

/** Wall time between two looks at signals: short for a person, long for the run. */
const PAUSE_MS = 50;

/** The core is synchronous; without a turn of the event loop now and then Ctrl-C would be seen after the end only. */
async function runWithPauses(request: RunRequest): Promise<RunResult> {
  const steps = startRun(request);
  let pausedMs = performance.now();
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    if (performance.now() - pausedMs < PAUSE_MS) continue;
    await new Promise((resume) => setImmediate(resume));
    pausedMs = performance.now();
  }
}

/** Judged when the run is in its place: a judgement is derived from it and may fail without it. */
async function withGates(
  finished: readonly FinishedVariant[],
  run: {
    readonly scenario: Scenario;
    readonly recording: RecordingSource;
    readonly folder: string;
    readonly isAlone: boolean;
    readonly options: ExecuteOptions;
  },
): Promise<readonly (FinishedVariant & { readonly gate: GateDocument | null })[]> {
  const { scenario, recording, folder, isAlone, options } = run;
  if (options.isGateJudged !== true) return finished.map((variant) => ({ ...variant, gate: null }));
  const { judgeGate } = await import("../lab/gate/judge-gate.ts");
  const judged = [];
  for (const [variantIndex, variant] of finished.entries()) {
    const gate = await judgeGate({ scenario, recording, variantIndex, shouldStop: options.shouldStop });
    const file = join(folder, isAlone ? "" : variant.summary.run.variant, "gate.json");
    writeFileSync(file, jsonFile(gate));
    judged.push({ ...variant, gate });
  }
  return judged;
}

function causesOf(
  scenario: Scenario,
  summaries: readonly RunSummary[],
  expectations: readonly ExpectationResult[],
  end: RunEnd,
  failures: readonly string[],
): ExitCode[] {
  const causes = new Set<ExitCode>();
  if (failures.length > 0) causes.add(EXIT.internal);
  if (end === "interrupted") causes.add(EXIT.interrupted);
  // Who asked for a part of a run has not asked for a verdict on the whole.
  if (end !== "stopped")
    for (const { thresholds } of summaries) causes.add(thresholdExitCode(scenario.thresholds, thresholds));
  // An interrupted run has not seen what was expected of a whole one.
  if (end === "end-of-recording" && expectations.some(({ isMet }) => !isMet)) causes.add(EXIT.thresholdFailed);
  causes.delete(EXIT.ok);
  return [...causes];
}

function stopOf(until: NonNullable<ExecuteOptions["until"]>, recordingStartTsMs: number): RunStop {
  return until.kind === "seq" ? until : { kind: "time", tsMs: momentTsMs(until, recordingStartTsMs) };
}

function checkpointing(
  wanted: ExecuteOptions["checkpoint"],
  keep: (file: string, snapshot: RunSnapshot) => void,
): Pick<RunRequest, "onCheckpoint" | "checkpointEveryMs"> {
  if (wanted === undefined) return {};
  const { file, everyMs } = wanted;
  return {
    onCheckpoint: (save) => keep(file, save()),
    ...(everyMs === undefined ? {} : { checkpointEveryMs: everyMs }),
  };
}

/** What the earlier run wrote goes through the same files and the same summary as what this one will write. */
function replay({ file, checkpoint }: NonNullable<ExecuteOptions["from"]>, place: number, files: VariantFiles): void {
  const { entries } = readJournal([checkpoint.journals[place]!], file);
  for (const entry of entries()) files.append(entry);
}

/** Without a folder their commands hold no path: what is written to files is the same wherever they lie. */
function findingsOf(
  { header, watched }: FinishedVariant,
  isAlone: boolean,
  lab: LabComparison | null,
  folder?: string,
): Finding[] {
  const ask =
    folder === undefined ? askOfReport(header, isAlone ? 1 : 2) : askOfRun(folder, isAlone ? "" : header.variant);
  return watched.report({ study: studyOfRun(lab, header.variant), ask });
}

/** N of trials stays unknown here: the ledger grows, and the files of a run must not change with it. */
function labComparisonOf(scenario: Scenario, finished: readonly FinishedVariant[]): LabComparison {
  const records = finished.map(({ record }) => record!);
  const names = records.map(({ variant }) => variant);
  return compareRecords(records, declaredOptions(scenario.compare!, names));
}
