import { createHash } from "node:crypto";
import { EXIT, UserError } from "../../diagnostics/user-error.ts";
import { ENGINE_VERSION } from "../../engine/version.ts";
import type { RecordingSource } from "../../recording/batch.ts";
import type { CacheMode } from "../../recording/cache/cached-source.ts";
import { openRecordings } from "../../recording/open-recordings.ts";
import type { VariantRecord } from "../../reports/variants/variant-record.ts";
import { loadPlugIns } from "../../sim/plugins/load-plug-ins.ts";
import { parseScenario } from "../../sim/scenario/load.ts";
import { overrideScenario, type ScenarioOverrides } from "../../sim/scenario/override.ts";
import { fitRecording } from "../../sim/scenario/recording-fit.ts";
import type { Scenario } from "../../sim/scenario/schema.ts";
import { runVariants } from "../run/run-variants.ts";
import { type FillProfile, withProfile } from "./fill-profile.ts";

/**
 * Variants to run in one pass, as plain JSON: all a thread, or a machine that sees the same recording, has to know. What it
 * runs is checked against the hashes, so that nobody answers for another scenario, recording or engine.
 */
export interface LabJob {
  readonly schema: "rehearsal.lab-job/1";
  readonly scenarioText: string;
  /** Where the scenario's relative paths start, and what problems name. */
  readonly scenarioFile: string;
  readonly plugIns: readonly string[];
  readonly overrides: Pick<ScenarioOverrides, "from" | "to" | "recording">;
  readonly furtherRecordings: readonly string[];
  readonly cache: CacheMode;
  readonly scenarioHash: string;
  readonly recordingHash: string;
  readonly engineVersion: string;
  /** Names of variants. */
  readonly variants: readonly string[];
  readonly seed: string;
  /** `null` leaves the fills as the scenario has them. */
  readonly profile: FillProfile | null;
}

/** Name of a variant's record: equal names, equal bytes. */
export function recordKeyOf(job: LabJob, variant: string): string {
  const { scenarioHash, recordingHash, engineVersion, seed, profile } = job;
  const identity = JSON.stringify([scenarioHash, recordingHash, engineVersion, seed, profile, variant]);
  return createHash("sha256").update(identity).digest("hex").slice(0, 24);
}

/** What a job needs loaded, kept from job to job: a sweep asks for one scenario and recording again and again. */
export interface LabBench {
  run(job: LabJob, shouldStop?: () => boolean): Promise<readonly VariantRecord[]>;
}

/** @param marketOf takes the place of a recording's own batches, e.g. columns that threads share */
export function createLabBench(marketOf: (recording: RecordingSource) => RecordingSource = (same) => same): LabBench {
  let loaded: { readonly key: string; readonly scenario: Scenario; readonly recording: RecordingSource } | null = null;
  return {
    async run(job, shouldStop) {
      const key = JSON.stringify({ ...job, variants: 0, seed: 0, profile: 0 });
      if (loaded?.key !== key) loaded = { key, ...(await load(job)) };
      const { scenario, recording } = loaded;
      const names = scenario.variants.map(({ name }) => name);
      const variantIndices = job.variants.map((name) => {
        const place = names.indexOf(name);
        if (place >= 0) return place;
        throw new UserError([{ text: `Cannot run variant "${name}": the scenario of the job has none of that name` }]);
      });
      return runVariants({
        scenario: job.profile === null ? scenario : withProfile(scenario, job.profile),
        recording: marketOf(recording),
        variantIndices,
        seed: job.seed,
        ...(shouldStop === undefined ? {} : { shouldStop }),
      });
    },
  };
}

async function load(job: LabJob): Promise<{ readonly scenario: Scenario; readonly recording: RecordingSource }> {
  if (job.engineVersion !== ENGINE_VERSION) throw mismatch("engine", ENGINE_VERSION, job.engineVersion);
  const plugIns = await loadPlugIns(job.plugIns);
  const scenario = overrideScenario(parseScenario(job.scenarioText, job.scenarioFile, plugIns), job.overrides);
  if (scenario.hash !== job.scenarioHash) throw mismatch("scenario", scenario.hash, job.scenarioHash);
  const recording = openRecordings([scenario.recordingPath, ...job.furtherRecordings], {
    cache: job.cache,
    onNote: () => {},
  });
  if (recording.hash !== job.recordingHash) throw mismatch("recording", recording.hash, job.recordingHash);
  const { errors } = fitRecording(scenario, recording);
  if (errors.length > 0) throw new UserError(errors);
  return { scenario, recording };
}

function mismatch(what: string, is: string, wanted: string): UserError {
  const text = `Cannot run the job: the ${what} here is ${is.slice(0, 12)}, ${wanted.slice(0, 12)} is needed`;
  return new UserError(
    [{ text, hint: "the sender and the worker need the same program and files" }],
    EXIT.recordingUnusable,
  );
}
