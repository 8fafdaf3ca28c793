import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { UserError } from "../diagnostics/user-error.ts";
import { ENGINE_VERSION } from "../engine/version.ts";
import type { SweepCell } from "../lab/sweep/run-sweep.ts";
import type { LabJob } from "../lab/tasks/lab-job.ts";
import type { RecordingSource } from "../recording/batch.ts";
import { openRecordings } from "../recording/open-recordings.ts";
import { loadPlugIns } from "../sim/plugins/load-plug-ins.ts";
import { parseScenario } from "../sim/scenario/load.ts";
import { overrideScenario } from "../sim/scenario/override.ts";
import { fitRecording } from "../sim/scenario/recording-fit.ts";
import type { Scenario } from "../sim/scenario/schema.ts";
import { parseProfiles, parseSeeds } from "./compare-inputs.ts";
import { problemText, type Shell } from "./shell.ts";

const JOBS_MAX = 256;

/** What commands of many runs share. */
export interface LabPlanOptions {
  readonly jobs?: string;
  readonly seeds?: string;
  readonly profile?: readonly string[];
  readonly recording?: readonly string[];
  readonly plugin?: readonly string[];
  readonly from?: string;
  readonly to?: string;
  readonly cache: boolean;
  readonly quiet?: boolean;
}

/** A scenario with what its variants are to be run on, and how. */
export interface LabPlan {
  readonly scenario: Scenario;
  readonly recording: RecordingSource;
  readonly base: Omit<LabJob, "variants" | "seed" | "profile">;
  readonly seeds: readonly string[];
  readonly profiles: readonly (NonNullable<SweepCell["profile"]> | null)[];
  readonly cells: readonly SweepCell[];
  readonly jobs: number;
}

/** @throws {UserError} when an option, the scenario or its recording cannot be used */
export async function planLab(file: string, options: LabPlanOptions, shell: Shell): Promise<LabPlan> {
  const jobs = options.jobs === undefined ? availableParallelism() : Number(options.jobs);
  if (!Number.isInteger(jobs) || jobs < 1 || jobs > JOBS_MAX) {
    throw new UserError([
      { text: `Cannot use --jobs "${options.jobs}": a whole number from 1 to ${JOBS_MAX} is needed` },
    ]);
  }
  const scenarioText = readScenario(file);
  const plugIns = (options.plugin ?? []).map((each) => resolve(each));
  const overrides = {
    ...(options.from === undefined ? {} : { from: options.from }),
    ...(options.to === undefined ? {} : { to: options.to }),
    ...(options.recording?.[0] === undefined ? {} : { recording: resolve(options.recording[0]) }),
  };
  const scenario = overrideScenario(parseScenario(scenarioText, file, await loadPlugIns(plugIns)), overrides);
  const furtherRecordings = (options.recording ?? []).slice(1).map((folder) => resolve(folder));
  const cache = options.cache ? ("auto" as const) : ("off" as const);
  const note = (text: string): void => {
    if (options.quiet !== true) shell.note(text);
  };
  const recording = openRecordings([scenario.recordingPath, ...furtherRecordings], { cache, onNote: note });
  const fit = fitRecording(scenario, recording);
  if (fit.errors.length > 0) throw new UserError(fit.errors);
  for (const warning of fit.warnings) note(`warning ${problemText(warning)}`);
  const seeds = options.seeds === undefined ? [scenario.seed] : parseSeeds(options.seeds);
  const profiles = parseProfiles(options.profile) ?? [null];
  const cells = profiles.flatMap((profile) =>
    seeds.flatMap((seed) => scenario.variants.map(({ name }): SweepCell => ({ variant: name, seed, profile }))),
  );
  return {
    scenario,
    recording,
    base: {
      schema: "rehearsal.lab-job/1",
      scenarioText,
      scenarioFile: resolve(file),
      plugIns,
      overrides,
      furtherRecordings,
      cache,
      scenarioHash: scenario.hash,
      recordingHash: recording.hash,
      engineVersion: ENGINE_VERSION,
    },
    seeds,
    profiles,
    cells,
    jobs,
  };
}

function readScenario(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "an error";
    const is = code === "ENOENT" ? "there is no such file" : `reading it failed with ${code}`;
    throw new UserError(
      [{ file, text: `Cannot read the scenario: ${is}, the path of a YAML file is needed` }],
      undefined,
      { cause },
    );
  }
}
