import { closeSync, fstatSync, mkdirSync, openSync, readFileSync, readSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { UserError } from "../../diagnostics/user-error.ts";
import { decodeLedger, encodeTrial, type Trial, type TrialLedger } from "./trial-ledger.ts";

const NEWLINE = 0x0a;

/**
 * Appends trials, creating the file and its folder. All lines go out in one write on a descriptor opened for append, so
 * several processes on one machine may do this at once; a line torn by a killed writer is closed first, and costs only
 * itself. Network file systems do not promise that.
 */
export function appendTrials(path: string, trials: readonly Trial[]): void {
  if (trials.length === 0) return;
  const text = trials.map(encodeTrial).join("");
  try {
    mkdirSync(dirname(path), { recursive: true });
    const file = openSync(path, "a+");
    try {
      const bytes = Buffer.from(endsOpen(file) ? `\n${text}` : text);
      const written = writeSync(file, bytes);
      if (written !== bytes.length) throw new Error(`wrote ${written} of ${bytes.length} bytes`);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw problemWith("append to", path, error);
  }
}

/** The whole ledger; empty when the file does not exist yet. */
export function readTrialLedger(path: string): TrialLedger {
  try {
    return decodeLedger(readFileSync(path, "utf8"));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return { trials: [], damaged: [] };
    throw problemWith("read", path, error);
  }
}

function endsOpen(file: number): boolean {
  const { size } = fstatSync(file);
  if (size === 0) return false;
  const last = Buffer.alloc(1);
  readSync(file, last, 0, 1, size - 1);
  return last[0] !== NEWLINE;
}

function problemWith(action: string, path: string, error: unknown): UserError {
  const what = error instanceof Error ? error.message : String(error);
  return new UserError(
    [
      {
        file: path,
        text: `Cannot ${action} the trial ledger: ${what}, a writable file is needed`,
        hint: "free the disk or name another folder; without a ledger reports say N unknown",
      },
    ],
    undefined,
    { cause: error },
  );
}
