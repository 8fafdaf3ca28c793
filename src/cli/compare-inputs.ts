import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { UserError } from "../diagnostics/user-error.ts";
import { runVariants } from "../lab/run/run-variants.ts";
import { FILL_PROFILES, type FillProfile, withProfile } from "../lab/tasks/fill-profile.ts";
import { openRecordings } from "../recording/open-recordings.ts";
import type { RunComparison } from "../reports/comparison.ts";
import { readVariantRecord, readVariantRecords } from "../reports/variants/read-record.ts";
import type { VariantRecord } from "../reports/variants/variant-record.ts";
import { loadPlugIns } from "../sim/plugins/load-plug-ins.ts";
import type { PlugIns } from "../sim/plugins/plug-ins.ts";
import { loadScenario } from "../sim/scenario/load.ts";
import { overrideScenario } from "../sim/scenario/override.ts";
import { fitRecording } from "../sim/scenario/recording-fit.ts";
import type { Scenario } from "../sim/scenario/schema.ts";
import type { CompareCommandOptions } from "./commands/compare.ts";
import { findRun } from "./finished-runs.ts";

const SEEDS_MAX = 1000;

export interface CompareInputs {
  readonly records: readonly VariantRecord[];
  /** Scenarios that ran now, in order; none for finished runs. */
  readonly scenarios: readonly Scenario[];
}

/**
 * The records a comparison is about: variants of `--run`, finished runs, scenarios that run now, or a mix of the last two.
 *
 * @throws {UserError} when one of them is neither, or an option has nothing to act on
 */
export async function readCompareInputs(
  what: readonly string[],
  options: CompareCommandOptions,
  shouldStop: () => boolean,
): Promise<CompareInputs> {
  if (options.run !== undefined) {
    const { folder } = findRun(options.out, options.run);
    return { records: what.map((variant) => readVariantRecord(folder, variant)), scenarios: [] };
  }
  const plugIns = await loadPlugIns(options.plugin ?? []);
  const seeds = options.seeds === undefined ? undefined : parseSeeds(options.seeds);
  const profiles = parseProfiles(options.profile);
  const scenarios = what.map((name) => (isScenario(name) ? loaded(name, options, plugIns) : null));
  if (scenarios.every((each) => each === null)) requireNothingToRun(options);
  const records: VariantRecord[] = [];
  for (const [index, name] of what.entries()) {
    const scenario = scenarios[index];
    if (scenario === null || scenario === undefined) {
      records.push(...finishedRecords(findRun(options.out, name).folder));
      continue;
    }
    for (const profile of profiles ?? [undefined]) {
      for (const seed of seeds ?? [scenario.seed]) {
        records.push(
          ...(await runNow(profile === undefined ? scenario : withProfile(scenario, profile), {
            seed,
            options,
            shouldStop,
          })),
        );
      }
    }
  }
  return { records: withDistinctNames(records), scenarios: scenarios.filter((each) => each !== null) };
}

function isScenario(name: string): boolean {
  return /\.ya?ml$/.test(name);
}

function loaded(file: string, { from, to, recording }: CompareCommandOptions, plugIns: PlugIns): Scenario {
  return overrideScenario(loadScenario(file, plugIns), {
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(recording?.[0] === undefined ? {} : { recording: recording[0] }),
  });
}

async function runNow(
  scenario: Scenario,
  context: { readonly seed: string; readonly options: CompareCommandOptions; readonly shouldStop: () => boolean },
): Promise<readonly VariantRecord[]> {
  const { seed, options, shouldStop } = context;
  const further = (options.recording ?? []).slice(1).map((folder) => resolve(folder));
  const recording = openRecordings([scenario.recordingPath, ...further], {
    cache: options.cache ? "auto" : "off",
    onNote: () => {},
  });
  const fit = fitRecording(scenario, recording);
  if (fit.errors.length > 0) throw new UserError(fit.errors);
  return runVariants({ scenario, recording, seed, shouldStop });
}

/** Folders come by name; the run's own comparison knows which variant its scenario wrote first. */
function finishedRecords(folder: string): VariantRecord[] {
  const records = readVariantRecords(folder);
  const file = join(folder, "comparison.json");
  if (records.length < 2 || !existsSync(file)) return records;
  let order: string[];
  try {
    const { baseline, candidates } = JSON.parse(readFileSync(file, "utf8")) as RunComparison;
    order = [baseline, ...candidates.map(({ candidate }) => candidate)];
  } catch {
    // Without a readable comparison the names decide; --baseline says otherwise.
    return records;
  }
  return records.sort((left, right) => order.indexOf(left.variant) - order.indexOf(right.variant));
}

/**
 * Variants of different scenarios may share a name, `base` above all, and are not the same variant. One that another
 * scenario uses under the same profile gets its scenario's name in front; equal scenario names get their hash.
 */
export function withDistinctNames(records: readonly VariantRecord[]): VariantRecord[] {
  const placeOf = (record: VariantRecord, name: string) => JSON.stringify([name, profileOfRecord(record)]);
  const names = (nameOf: (record: VariantRecord) => string) => {
    const hashes = new Map<string, Set<string>>();
    for (const record of records) {
      const key = placeOf(record, nameOf(record));
      hashes.set(key, (hashes.get(key) ?? new Set()).add(record.scenarioHash));
    }
    const shared = new Set<string>();
    for (const record of records) {
      if (hashes.get(placeOf(record, nameOf(record)))!.size > 1) shared.add(nameOf(record));
    }
    return shared;
  };
  const bare = names(({ variant }) => variant);
  const longName = ({ variant, scenario }: VariantRecord) =>
    !bare.has(variant) ? variant : variant === "base" ? scenario : `${scenario}/${variant}`;
  const long = names(longName);
  return records.map((record) => {
    const name = longName(record);
    return { ...record, variant: long.has(name) ? `${name}@${record.scenarioHash.slice(0, 8)}` : name };
  });
}

function profileOfRecord({ summary }: VariantRecord): string {
  return summary.run.matching?.profile ?? "";
}

/**
 * Profiles are a dimension of their own only when every variant ran under each; one that has its own profile differs in
 * it as in any other setting.
 */
export function profileDimension(records: readonly VariantRecord[]): (record: VariantRecord) => string {
  const byVariant = new Map<string, Set<string>>();
  for (const record of records) {
    byVariant.set(record.variant, (byVariant.get(record.variant) ?? new Set()).add(profileOfRecord(record)));
  }
  const sets = new Set([...byVariant.values()].map((profiles) => JSON.stringify([...profiles].sort())));
  const isDimension = sets.size === 1 && [...byVariant.values()].some((profiles) => profiles.size > 1);
  return isDimension ? profileOfRecord : () => "";
}

/** `1..5` or `1,7,9`: seeds in the order written, each once. */
export function parseSeeds(text: string): string[] {
  const range = /^(\d{1,9})\.\.(\d{1,9})$/.exec(text);
  if (range === null) {
    const seeds = text.split(",").map((seed) => seed.trim());
    if (seeds.includes("") || new Set(seeds).size < seeds.length) throw badSeeds(text, "an empty or repeated seed");
    return seeds;
  }
  const [first, last] = [Number(range[1]), Number(range[2])];
  const count = last - first + 1;
  if (count < 1 || count > SEEDS_MAX) throw badSeeds(text, `${Math.max(0, count)} seeds`);
  return Array.from({ length: count }, (_, index) => String(first + index));
}

function badSeeds(text: string, is: string): UserError {
  return new UserError([
    { text: `Cannot use --seeds "${text}": it has ${is}, 1..5 or 1,7,9 with 1 to ${SEEDS_MAX} seeds is needed` },
  ]);
}

export function parseProfiles(names: readonly string[] | undefined): FillProfile[] | undefined {
  return names?.map((name) => {
    const profile = FILL_PROFILES.find((each) => each === name);
    if (profile !== undefined) return profile;
    throw new UserError([
      { text: `Cannot use --profile "${name}": it is no profile, some of ${FILL_PROFILES.join(", ")} are needed` },
    ]);
  });
}

/** An option that a finished run cannot follow must not be taken in silence. */
function requireNothingToRun(options: CompareCommandOptions): void {
  for (const option of ["seeds", "profile", "recording", "from", "to"] as const) {
    if (options[option] === undefined) continue;
    throw new UserError([
      {
        text: `Cannot use --${option}: every run named is finished, a scenario that runs now is needed`,
        hint: "name the scenario file instead of its run",
      },
    ]);
  }
}
