import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { nearMisses } from "../diagnostics/near-miss.ts";
import { UserError } from "../diagnostics/user-error.ts";

/** One variant of a finished run on disk. */
export interface FinishedVariant {
  /** Folder name of the variant, `""` when the run has only one. */
  readonly name: string;
  readonly journal: string;
}

export interface FinishedRun {
  readonly folder: string;
  readonly id: string;
  readonly variants: readonly FinishedVariant[];
}

const JOURNAL_FILE = "journal.ndjson";

/**
 * The run a person means: a folder, an id or its unique beginning below `outDir`, or the newest there.
 *
 * @throws {UserError} when there is none, naming those there are.
 */
export function findRun(outDir: string, named: string | undefined): FinishedRun {
  if (named !== undefined && isRun(named)) return readRun(named);
  const ids = runIdsIn(outDir);
  if (named === undefined) {
    const newest = ids[0];
    if (newest === undefined) {
      throw refuse(
        `Cannot find a run in ${outDir}: it has none, a finished run is needed`,
        "sim run SCENARIO makes one",
      );
    }
    return readRun(join(outDir, newest));
  }
  if (ids.includes(named)) return readRun(join(outDir, named));
  const matches = ids.filter((id) => id.startsWith(named) || id.startsWith(`r-${named}`));
  if (matches.length === 1) return readRun(join(outDir, matches[0]!));
  const near = matches.length > 1 ? matches : nearMisses(named, ids);
  const shown = (near.length > 0 ? near : ids).slice(0, 5);
  const is = matches.length > 1 ? `${matches.length} runs begin with it` : `${outDir} has no such run`;
  throw refuse(
    `Cannot find run "${named}": ${is}, a folder or an id is needed`,
    shown.length === 0 ? "sim run SCENARIO makes one" : `runs: ${shown.join(", ")}`,
  );
}

function refuse(text: string, hint: string): UserError {
  return new UserError([{ text, hint }]);
}

function readRun(folder: string): FinishedRun {
  const alone = join(folder, JOURNAL_FILE);
  const variants = existsSync(alone)
    ? [{ name: "", journal: alone }]
    : readdirSync(folder, { withFileTypes: true })
        .filter((entry) => entry.isDirectory() && existsSync(join(folder, entry.name, JOURNAL_FILE)))
        .map(({ name }) => ({ name, journal: join(folder, name, JOURNAL_FILE) }))
        .sort((left, right) => (left.name < right.name ? -1 : 1));
  return { folder, id: basename(folder), variants };
}

function isRun(folder: string): boolean {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return false;
  return readRun(folder).variants.length > 0;
}

/** Newest first; equal times by id. */
function runIdsIn(outDir: string): string[] {
  if (!existsSync(outDir)) return [];
  return readdirSync(outDir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name.startsWith("r-") && isRun(join(outDir, entry.name)))
    .map(({ name }) => ({ name, writtenMs: statSync(join(outDir, name)).mtimeMs }))
    .sort((left, right) => right.writtenMs - left.writtenMs || (left.name < right.name ? -1 : 1))
    .map(({ name }) => name);
}
