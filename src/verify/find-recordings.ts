import { readdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { type Problem, UserError } from "../diagnostics/user-error.ts";
import { MANIFEST_FILE } from "../recording/manifest.ts";
import { readManifest } from "../recording/reader.ts";

/** Recordings below some folders, by what a golden knows of them. */
export interface RecordingShelf {
  /**
   * Folder of a recording: the one with that content, else the one with that id.
   *
   * @returns the problems of a recording of that name which cannot be opened; `null` when there is none
   */
  find(id: string, hash: string): { readonly dir: string } | { readonly problems: readonly Problem[] } | null;
  readonly folders: readonly string[];
  readonly count: number;
}

/** Folders below a folder in which recordings are looked for. */
const DEPTH_MAX = 4;

/** Reads the manifests below `folders`; a folder that does not exist holds none. */
export function findRecordings(folders: readonly string[]): RecordingShelf {
  const byHash = new Map<string, string>();
  const byId = new Map<string, string>();
  const broken = new Map<string, readonly Problem[]>();
  for (const dir of folders.flatMap((folder) => recordingsBelow(folder, 0))) {
    try {
      const { id, hash } = readManifest(dir);
      // The first folder that was named wins.
      if (!byHash.has(hash)) byHash.set(hash, dir);
      if (!byId.has(id)) byId.set(id, dir);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      broken.set(basename(dir), error.problems);
    }
  }
  return {
    folders,
    count: byHash.size + broken.size,
    find(id, hash) {
      const dir = byHash.get(hash) ?? byId.get(id);
      if (dir !== undefined) return { dir };
      const problems = broken.get(id);
      return problems === undefined ? null : { problems };
    },
  };
}

/** `true` for a folder that is a recording or has one below it. */
export function holdsRecordings(folder: string): boolean {
  return recordingsBelow(folder, 0).length > 0;
}

function recordingsBelow(folder: string, depth: number): string[] {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return [];
  const entries = readdirSync(folder, { withFileTypes: true });
  if (entries.some(({ name }) => name === MANIFEST_FILE)) return [folder];
  if (depth === DEPTH_MAX) return [];
  return entries
    .filter((entry) => (entry.isDirectory() || entry.isSymbolicLink()) && !entry.name.startsWith("."))
    .map(({ name }) => name)
    .sort()
    .flatMap((name) => recordingsBelow(join(folder, name), depth + 1));
}
