import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../diagnostics/user-error.ts";
import { hasHead } from "../live/live-head.ts";
import { MANIFEST_FILE } from "../manifest.ts";

const LISTED = 5;

/** @throws {UserError} when the folder is no recording and holds recordings: one of them has to be named. */
export function refuseManyRecordings(dir: string): void {
  if (isRecording(dir)) return;
  const names = recordingsIn(dir);
  if (names.length === 0) return;
  const shown = names.length > LISTED ? [...names.slice(0, LISTED), `${names.length - LISTED} more`] : names;
  const folder = dir.replace(/\/+$/, "");
  const noun = names.length === 1 ? "recording" : "recordings";
  const text = `Cannot inspect the folder: it holds ${names.length} ${noun} (${shown.join(", ")}), one of them is needed`;
  throw new UserError([{ file: dir, text, hint: `"sim inspect ${folder}/${names[0]}"` }]);
}

function recordingsIn(dir: string): string[] {
  try {
    return readdirSync(dir)
      .filter((name) => isRecording(join(dir, name)))
      .sort();
  } catch {
    // Not there, or no folder: opening it says so, with names that are near.
    return [];
  }
}

function isRecording(dir: string): boolean {
  return existsSync(join(dir, MANIFEST_FILE)) || hasHead(dir);
}
