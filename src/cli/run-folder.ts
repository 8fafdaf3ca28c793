import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join, relative } from "node:path";
import { UserError } from "../diagnostics/user-error.ts";

/** The files of one run, invisible under a temporary name until all of them are whole. */
export interface RunFolder {
  /** Where the run is, or will be unless it stays partial. */
  readonly path: string;
  /** A file to stream into; `name` may lie in sub-folders. */
  open(name: string): FileSink;
  write(name: string, text: string): void;
  /**
   * Puts the run in its place; `same` when it was there already with the same bytes. A partial run gets the suffix
   * `-partial` and may replace an earlier partial one: it is no evidence of anything.
   *
   * @throws {UserError} when the place holds other bytes and may not be replaced.
   */
  seal(isPartial: boolean): "new" | "same" | "replaced";
  /** Removes what has been written; harmless after `seal`. */
  discard(): void;
}

export interface FileSink {
  /** What has been written so far. */
  read(): Buffer;
  write(text: string): void;
  close(): void;
}

export interface RunFolderOptions {
  readonly outDir: string;
  readonly runId: string;
  /** A folder of the same id with other bytes may be replaced (`--force`). */
  readonly isReplaceAllowed: boolean;
}

/**
 * Begins the folder of a run, before the run itself, so that an unwritable place is known at once.
 *
 * @throws {UserError} when the folder cannot be made.
 */
export function createRunFolder({ outDir, runId, isReplaceAllowed }: RunFolderOptions): RunFolder {
  let path = join(outDir, runId);
  const temporary = join(outDir, `.${runId}.${process.pid}.tmp`);
  try {
    mkdirSync(outDir, { recursive: true });
    removeLeftovers(outDir, runId);
    mkdirSync(temporary);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "an error";
    const text = `Cannot write the run to ${outDir}: making the folder failed with ${code}, a writable folder is needed`;
    throw new UserError([{ text, hint: "--out DIR chooses another" }], undefined, { cause });
  }
  const handles = new Set<number>();
  const open = (name: string): FileSink => {
    const file = join(temporary, name);
    mkdirSync(join(file, ".."), { recursive: true });
    const handle = openSync(file, "wx");
    handles.add(handle);
    return {
      read: () => readFileSync(file),
      write: (text) => writeAll(handle, text),
      close: () => {
        if (handles.delete(handle)) closeSync(handle);
      },
    };
  };
  const discard = () => {
    for (const handle of handles) closeSync(handle);
    handles.clear();
    rmSync(temporary, { recursive: true, force: true });
  };
  return {
    get path() {
      return path;
    },
    open,
    write(name, text) {
      const sink = open(name);
      sink.write(text);
      sink.close();
    },
    seal(isPartial) {
      if (isPartial) path = `${path}-partial`;
      for (const handle of handles) closeSync(handle);
      handles.clear();
      if (!existsSync(path)) {
        renameSync(temporary, path);
        return "new";
      }
      if (hashOfTree(path) === hashOfTree(temporary)) {
        discard();
        return "same";
      }
      if (!isReplaceAllowed && !isPartial) {
        discard();
        throw conflict(path, runId);
      }
      const old = `${temporary}.old`;
      renameSync(path, old);
      renameSync(temporary, path);
      rmSync(old, { recursive: true, force: true });
      return "replaced";
    },
    discard,
  };
}

function conflict(path: string, runId: string): UserError {
  return new UserError([
    {
      text: `Cannot keep run ${runId}: ${path} holds other bytes under the same id, equal inputs must give equal bytes`,
      hint: "the program has changed since, or the folder was edited: --force replaces it, --out DIR keeps both",
    },
  ]);
}

/** `writeSync` may write less than asked for. */
function writeAll(handle: number, text: string): void {
  const bytes = Buffer.from(text, "utf8");
  for (let offset = 0; offset < bytes.length; ) offset += writeSync(handle, bytes, offset);
}

/** What a killed process of the same run left behind. */
function removeLeftovers(outDir: string, runId: string): void {
  for (const name of readdirSync(outDir)) {
    const processId = new RegExp(`^\\.${runId}\\.(\\d+)\\.tmp`).exec(name)?.[1];
    if (processId === undefined || isAlive(Number(processId))) continue;
    rmSync(join(outDir, name), { recursive: true, force: true });
  }
}

function isAlive(processId: number): boolean {
  if (processId === process.pid) return false;
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** What a run is made of. Everything else in its folder is derived from these and may come and go. */
const RUN_FILE = new Set(["journal.ndjson", "decisions.ndjson", "summary.json", "comparison.json"]);

function hashOfTree(folder: string): string {
  const hash = createHash("sha256");
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && RUN_FILE.has(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort((left, right) => (left < right ? -1 : 1));
  for (const file of files) {
    const content = createHash("sha256").update(readFileSync(file)).digest("hex");
    hash.update(`${relative(folder, file)}\0${content}\n`);
  }
  return hash.digest("hex");
}
