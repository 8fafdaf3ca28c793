import { closeSync, fsyncSync, openSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { UserError } from "../../diagnostics/user-error.ts";
import { writeDurably } from "../part-writer.ts";

export const UNFINISHED = ".tmp";

/** The file is whole and on the disk, or as it was before. */
export function replaceDurably(path: string, bytes: Uint8Array | string): void {
  const unfinished = `${path}${UNFINISHED}`;
  rmSync(unfinished, { force: true });
  writeDurably(unfinished, bytes);
  renameSync(unfinished, path);
  syncDirectory(dirname(path));
}

/** Names of files are on the disk too, which syncing a file does not promise. */
export function syncDirectory(dir: string): void {
  // Windows cannot open a directory; its file systems keep names and files together.
  if (process.platform === "win32") return;
  const descriptor = openSync(dir, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

export function isSystemError(error: unknown): error is Error & { code: string } {
  return error instanceof Error && typeof (error as { code?: unknown }).code === "string";
}

/** A recording that cannot go on; `safe` says what is on the disk. */
export function cannotRecord(dir: string, error: unknown, safe: string): UserError {
  const reason = isSystemError(error) ? error.code : error instanceof Error ? error.message : String(error);
  return new UserError(
    [
      {
        file: dir,
        text: `Cannot go on recording into the folder: the system answers ${reason}, a writable folder with free space is needed; ${safe}`,
        hint: `make space and start the recorder again, or look with "sim inspect ${dir}"`,
      },
    ],
    undefined,
    { cause: error },
  );
}
