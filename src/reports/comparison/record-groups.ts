import { EXIT, type ExitCode, UserError } from "../../diagnostics/user-error.ts";
import type { VariantRecord } from "../variants/variant-record.ts";
import { visibleText } from "../visible-text.ts";

/** One recording under one seed and one execution profile: every variant ran on exactly this. */
export interface RecordCell {
  readonly recordingHash: string;
  readonly seed: string;
  readonly profile: string;
  readonly byVariant: ReadonlyMap<string, VariantRecord>;
}

export interface RecordGroups {
  readonly baseline: string;
  /** All but the baseline, in the order given. */
  readonly candidates: readonly string[];
  readonly recordingHashes: readonly string[];
  readonly seeds: readonly string[];
  readonly profiles: readonly string[];
  /** Every combination of recording, seed and profile is there. */
  cell(recordingHash: string, seed: string, profile: string): RecordCell;
}

export interface GroupOptions {
  /** The first record's variant unless told. */
  readonly baseline?: string;
  /** Execution profile a record was run under, when profiles are compared; `""` else. */
  profileOf(record: VariantRecord): string;
}

/**
 * Pairs records: the same recording, window and seed under every variant, or nothing is compared.
 *
 * @throws {UserError} exit 14 with both hashes for different recordings; exit 2 for a variant that is there twice, for
 * unpaired seeds and windows, for an unknown baseline, and for fewer than two variants
 */
export function groupRecords(records: readonly VariantRecord[], options: GroupOptions): RecordGroups {
  const names = distinct(records.map(({ variant }) => variant));
  const baseline = options.baseline ?? names[0];
  if (baseline === undefined || names.length < 2) {
    throw refuse(
      `Cannot compare variants: ${names.length === 0 ? "there are none" : `there is one, ${names[0]}`}, two are needed`,
    );
  }
  if (!names.includes(baseline)) {
    throw refuse(
      `Cannot compare with baseline "${baseline}": it is no variant here, one of ${names.join(", ")} is needed`,
    );
  }
  const cells = new Map<string, Map<string, VariantRecord>>();
  for (const record of records) {
    const key = keyOf(record.recordingHash, record.seed, options.profileOf(record));
    const cell = cells.get(key) ?? new Map<string, VariantRecord>();
    if (cell.has(record.variant)) {
      throw refuse(
        `Cannot compare variants: "${record.variant}" is there twice on ${place(record)}, one name a variant is needed`,
        "rename one of them in its scenario",
      );
    }
    cell.set(record.variant, record);
    cells.set(key, cell);
  }
  requireSameRecordings(records, names, baseline);
  const recordingHashes = distinct(records.map(({ recordingHash }) => recordingHash));
  const seeds = distinct(records.map(({ seed }) => seed));
  const profiles = distinct(records.map((record) => options.profileOf(record)));
  for (const recordingHash of recordingHashes) {
    for (const seed of seeds) {
      for (const profile of profiles) {
        const cell = cells.get(keyOf(recordingHash, seed, profile));
        const missing = names.find((name) => cell?.get(name) === undefined);
        if (missing !== undefined) {
          const under = profile === "" ? "" : `, profile ${profile}`;
          throw refuse(
            `Cannot pair variants: "${missing}" has no run on recording ${recordingHash.slice(0, 8)}, seed ${seed}${under}, every variant on every one is needed`,
            "run all variants with the same --recording and --seeds",
          );
        }
        requireSameWindow([...cell!.values()]);
      }
    }
  }
  return {
    baseline,
    candidates: names.filter((name) => name !== baseline),
    recordingHashes,
    seeds,
    profiles,
    cell: (recordingHash, seed, profile) => ({
      ...{ recordingHash, seed, profile },
      byVariant: cells.get(keyOf(recordingHash, seed, profile))!,
    }),
  };
}

function requireSameRecordings(records: readonly VariantRecord[], names: readonly string[], baseline: string): void {
  const hashesOf = (name: string) =>
    distinct(records.filter(({ variant }) => variant === name).map(({ recordingHash }) => recordingHash)).sort();
  const expected = hashesOf(baseline);
  for (const name of names) {
    const found = hashesOf(name);
    if (found.join() === expected.join()) continue;
    throw refuse(
      `Cannot compare "${name}" with "${baseline}": they ran on different recordings, ${found.join(", ")} and ${expected.join(", ")}, the same one is needed`,
      "sim compare A B --recording FOLDER",
      EXIT.recordingUnusable,
    );
  }
}

function requireSameWindow(records: readonly VariantRecord[]): void {
  const [first, ...others] = records as [VariantRecord, ...VariantRecord[]];
  const windowOf = ({ summary, buckets }: VariantRecord) =>
    [summary.run.startTsMs, summary.run.endTsMs, buckets.widthMs, buckets.equityQuote.length] as const;
  const expected = windowOf(first);
  for (const record of others) {
    const found = windowOf(record);
    if (found.every((value, index) => value === expected[index])) continue;
    const text = (window: typeof expected) => `${time(window[0])} to ${time(window[1])} in ${window[3]} buckets`;
    throw refuse(
      `Cannot pair "${record.variant}" with "${first.variant}": their windows differ, ${text(found)} and ${text(expected)}, the same is needed`,
      "run both with the same --from and --to",
    );
  }
}

function time(tsMs: number): string {
  return new Date(tsMs).toISOString();
}

function place({ recordingHash, seed }: VariantRecord): string {
  return `recording ${recordingHash.slice(0, 8)}, seed ${seed}`;
}

function keyOf(recordingHash: string, seed: string, profile: string): string {
  return JSON.stringify([recordingHash, seed, profile]);
}

function distinct(values: readonly string[]): string[] {
  return [...new Set(values)];
}

function refuse(text: string, hint?: string, exitCode: ExitCode = EXIT.usage): UserError {
  return new UserError([{ text: visibleText(text), ...(hint === undefined ? {} : { hint }) }], exitCode);
}
