import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { nearMisses } from "../../diagnostics/near-miss.ts";
import { EXIT, UserError } from "../../diagnostics/user-error.ts";
import type { JournalHeader } from "../../engine/domain/journal.ts";
import { type JournalReader, openJournal } from "../journal-file.ts";
import { type RunSummary, runSummarySchema } from "../summary/schema.ts";
import { visibleText } from "../visible-text.ts";
import type { VariantRecord, VariantSettings } from "./variant-record.ts";
import { createVariantRecorder } from "./variant-recorder.ts";

const JOURNAL_FILE = "journal.ndjson";

export interface ReadRecordOptions {
  /** What each variant differs in; a run's files do not hold it. */
  settingsOf?(variant: string): VariantSettings;
}

/**
 * The record of one variant of a finished run, rebuilt from its journal: equal to what `runVariants` gives for the same
 * scenario, recording and seed. Thresholds are those the run judged (`summary.json`), none when that file is missing.
 *
 * @throws {UserError} exit 2 when the folder has no such variant, exit 14 when a journal cannot be read
 */
export function readVariantRecord(
  runFolder: string,
  variant?: string,
  { settingsOf }: ReadRecordOptions = {},
): VariantRecord {
  const places = journalsIn(runFolder);
  if (variant === undefined) {
    if (places.length === 1) return recordOf(places[0]!, settingsOf);
    const names = places.map(({ journal }) => journal.header.variant).join(", ");
    throw refuse(
      `Cannot read one variant of ${runFolder}: it has ${places.length}, the name of one is needed: ${names}`,
    );
  }
  const found = places.find(({ journal }) => journal.header.variant === variant);
  if (found !== undefined) return recordOf(found, settingsOf);
  const names = places.map(({ journal }) => journal.header.variant);
  const near = nearMisses(variant, names);
  throw refuse(
    `Cannot read variant "${variant}": run ${basename(runFolder)} has none of that name, one of ${names.join(", ")} is needed`,
    near.length === 0 ? undefined : `did you mean ${near.join(" or ")}?`,
  );
}

/** Records of all variants of a finished run, by the names of their folders. See `readVariantRecord`. */
export function readVariantRecords(runFolder: string, { settingsOf }: ReadRecordOptions = {}): VariantRecord[] {
  return journalsIn(runFolder).map((place) => recordOf(place, settingsOf));
}

interface JournalPlace {
  readonly folder: string;
  readonly journal: JournalReader;
}

function journalsIn(runFolder: string): JournalPlace[] {
  const folders = existsSync(join(runFolder, JOURNAL_FILE)) ? [runFolder] : variantFolders(runFolder);
  if (folders.length === 0) {
    throw refuse(
      `Cannot read the records of ${runFolder}: it holds no ${JOURNAL_FILE}, the folder of a finished run is needed`,
      "sim run SCENARIO makes one",
    );
  }
  return folders.map((folder) => ({ folder, journal: openJournal(join(folder, JOURNAL_FILE)) }));
}

function variantFolders(runFolder: string): string[] {
  if (!existsSync(runFolder)) return [];
  return readdirSync(runFolder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(runFolder, entry.name, JOURNAL_FILE)))
    .map(({ name }) => join(runFolder, name))
    .sort();
}

function recordOf({ folder, journal }: JournalPlace, settingsOf: ReadRecordOptions["settingsOf"]): VariantRecord {
  const { header } = journal;
  const recorder = createVariantRecorder({ ...header, runId: runIdAlone(header) }, settingsOf?.(header.variant) ?? {});
  for (const entry of journal.entries()) recorder.observe(entry);
  const record = recorder.finish();
  return { ...record, summary: { ...record.summary, thresholds: judgedThresholds(folder) } };
}

/**
 * Id of the run of this variant alone: the journal of a run of several bears the id of all, and a record must not depend
 * on who else ran.
 */
function runIdAlone({ scenarioHash, recordingHash, engineVersion, seed, variant }: JournalHeader): string {
  const identity = JSON.stringify([scenarioHash, recordingHash, engineVersion, seed, [variant]]);
  return `r-${createHash("sha256").update(identity).digest("hex").slice(0, 8)}`;
}

function judgedThresholds(folder: string): RunSummary["thresholds"] {
  const file = join(folder, "summary.json");
  if (!existsSync(file)) return [];
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, "utf8"));
  } catch {
    // A damaged summary only costs the verdicts on its thresholds; everything else comes from the journal.
    return [];
  }
  const parsed = runSummarySchema.safeParse(value);
  return parsed.success ? parsed.data.thresholds : [];
}

function refuse(text: string, hint?: string): UserError {
  return new UserError([{ text: visibleText(text), ...(hint === undefined ? {} : { hint }) }], EXIT.usage);
}
