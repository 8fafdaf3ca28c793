import { InvariantError } from "../../diagnostics/invariant-error.ts";
import type { JournalEntry } from "../../engine/domain/journal.ts";
import { ENGINE_VERSION } from "../../engine/version.ts";
import type { RecordingSource } from "../../recording/batch.ts";
import type { VariantRecord } from "../../reports/variants/variant-record.ts";
import { createVariantRecorder, type VariantRecorder } from "../../reports/variants/variant-recorder.ts";
import { startRun } from "../../sim/run/run.ts";
import type { RunProgress, RunRequest, RunResult } from "../../sim/run/types.ts";
import { runIdOf } from "../../sim/scenario/run-id.ts";
import type { ResolvedVariant, Scenario } from "../../sim/scenario/schema.ts";

export interface VariantsRequest {
  readonly scenario: Scenario;
  readonly recording: RecordingSource;
  /** Places in `scenario.variants`, each once; all of them when absent. */
  readonly variantIndices?: readonly number[];
  /** Instead of the scenario's. */
  readonly seed?: string;
  /** Gets the journal of a variant as it is written, whole lines a chunk; the journal is let go when absent. */
  journalSink?(variantIndex: number): ((chunk: string) => void) | undefined;
  /** Shown every journal entry of a variant, beside its recorder. */
  onEntry?(variantIndex: number, entry: JournalEntry): void;
  onProgress?(progress: RunProgress): void;
  /** Polled every virtual minute; `true` ends the run without records. */
  shouldStop?(): boolean;
}

/** A run was asked to stop before its end. A part of a run is no record, so there is none. */
export class VariantsInterrupted extends Error {
  override readonly name = "VariantsInterrupted";
}

/**
 * Runs variants of a scenario in one pass over one decode and gives their records, in the order asked for. Each record
 * is the one the variant gives when it runs alone, its journal's hash included. The recording has to fit the scenario
 * (`fitRecording`). Gives way to the event loop every 50 ms of wall time.
 *
 * @throws {VariantsInterrupted} when `shouldStop` said so
 * @throws {InvariantError} when the books of a variant's exchange do not add up
 */
export async function runVariants(request: VariantsRequest): Promise<readonly VariantRecord[]> {
  const { recording, onProgress, shouldStop } = request;
  const seed = request.seed ?? request.scenario.seed;
  const places = request.variantIndices ?? request.scenario.variants.map((_, place) => place);
  const variants = places.map((place) => variantAt(request.scenario, place));
  if (variants.length === 0) return [];
  const scenario: Scenario = { ...request.scenario, seed, variants };
  const recorders: VariantRecorder[] = [];
  const result = await runWithPauses({
    // Never seen: each header below gets the id of its variant alone.
    runId: "",
    scenario,
    recording,
    onHeader(index, header) {
      const onJournal = request.journalSink?.(places[index]!);
      recorders[index] = createVariantRecorder(
        { ...header, runId: idAlone(scenario, variants[index]!, recording) },
        variants[index]!.settings ?? {},
        onJournal === undefined ? {} : { onJournal },
      );
    },
    onEntry(index, entry) {
      recorders[index]!.observe(entry);
      request.onEntry?.(places[index]!, entry);
    },
    ...(onProgress === undefined ? {} : { onProgress: (progress: RunProgress) => onProgress(progress) }),
    ...(shouldStop === undefined ? {} : { shouldStop: () => shouldStop() }),
  });
  if (result.end === "interrupted") throw new VariantsInterrupted("the run was asked to stop before its end");
  for (const { name, accountMismatch } of result.variants) {
    if (accountMismatch === null) continue;
    throw new InvariantError(`variant ${name}: the exchange's books do not add up: ${accountMismatch}`);
  }
  return recorders.map((recorder) => recorder.finish(scenario.thresholds));
}

/** Id of the run `sim run --variant NAME` makes: a journal's first line holds it. */
function idAlone(scenario: Scenario, variant: ResolvedVariant, recording: RecordingSource): string {
  const alone = { ...scenario, variants: [variant] };
  return runIdOf({ scenario: alone, recordingHash: recording.hash, engineVersion: ENGINE_VERSION });
}

function variantAt({ name, variants }: Scenario, place: number): ResolvedVariant {
  const variant = variants[place];
  if (variant !== undefined) return variant;
  throw new InvariantError(
    `Cannot run variant ${place} of ${name}: it has ${variants.length}, a place among them is needed`,
  );
}

/** Wall time between two turns of the event loop: short for a message that asks to stop, long for the run. */
const PAUSE_MS = 50;

/** The core is synchronous; without a turn now and then a worker would hear of nothing until the end. */
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
