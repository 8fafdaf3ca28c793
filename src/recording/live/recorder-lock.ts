import { existsSync, readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { replaceDurably } from "./durable-file.ts";

export const LOCK_FILE = "recorder.lock";

/** Recordings this process writes: its own number in a lock may be that of a dead namesake, as in containers. */
const heldHere = new Set<string>();

/**
 * Process that records into the folder, null when there is none. A process that died leaves its lock; a process that
 * got its number later started at another time, where the system tells (Linux).
 */
export function recorderOf(dir: string): number | null {
  let lock: { pid?: unknown; started?: unknown };
  try {
    lock = JSON.parse(readFileSync(join(dir, LOCK_FILE), "utf8"));
  } catch {
    // Locks are replaced whole: one that cannot be read is none.
    return null;
  }
  if (!Number.isSafeInteger(lock.pid)) return null;
  const pid = lock.pid as number;
  if (pid === process.pid) return heldHere.has(resolve(dir)) ? pid : null;
  return isAlive(pid) && startOf(pid) === (lock.started ?? null) ? pid : null;
}

/** The caller has asked `recorderOf` before. */
export function takeLock(dir: string): void {
  replaceDurably(join(dir, LOCK_FILE), `${JSON.stringify({ pid: process.pid, started: startOf(process.pid) })}\n`);
  heldHere.add(resolve(dir));
}

export function dropLock(dir: string): void {
  heldHere.delete(resolve(dir));
  rmSync(join(dir, LOCK_FILE), { force: true });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, and belongs to somebody else.
    return (error as { code?: string }).code === "EPERM";
  }
}

/** Start time in ticks since boot (field 22 of proc(5) stat), null where there is no such file. */
function startOf(pid: number): string | null {
  const file = `/proc/${pid}/stat`;
  if (!existsSync(file)) return null;
  try {
    const text = readFileSync(file, "utf8");
    // The second field is the program's name in brackets and may hold spaces.
    return text.slice(text.lastIndexOf(")") + 2).split(" ")[19] ?? null;
  } catch {
    // The process ended in between.
    return null;
  }
}
