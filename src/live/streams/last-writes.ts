import type { Command } from "../redis/link.ts";

/**
 * The writes of one transaction without those that nobody could ever see: fields and keys that a later write of the same
 * transaction sets again. A call that reports every symbol writes a key for each of them, and two such reports in a row
 * are common.
 *
 * Knows `HSET`, `HDEL` (of one field), `SET` and `EXPIRE`; every other command stays as it is.
 */
export function lastWrites(writes: readonly Command[]): Command[] {
  /** Fields of a key that are written behind the place we are at; the empty name stands for the whole key. */
  const later = new Map<string, Set<string>>();
  const expired = new Set<string>();
  const kept: Command[] = [];
  for (let at = writes.length - 1; at >= 0; at--) {
    const left = stillSeen(writes[at]!, later, expired);
    if (left !== null) kept.push(left);
  }
  return kept.reverse();
}

const WHOLE = "";

function stillSeen(command: Command, later: Map<string, Set<string>>, expired: Set<string>): Command | null {
  const [name, ...args] = command;
  if (name !== "HSET" && name !== "HDEL" && name !== "SET" && name !== "EXPIRE") return command;
  const key = String(args[0]);
  if (name === "EXPIRE") return claim(expired, key) ? command : null;
  const fields = later.get(key) ?? new Set<string>();
  later.set(key, fields);
  if (name === "SET") return claim(fields, WHOLE) ? command : null;
  if (name === "HDEL") return claim(fields, String(args[1])) ? command : null;
  const left: (string | number | Buffer)[] = [];
  for (let at = 1; at + 1 < args.length; at += 2) {
    if (claim(fields, String(args[at]))) left.push(args[at]!, args[at + 1]!);
  }
  if (left.length === 0) return null;
  return left.length === args.length - 1 ? command : [name, args[0]!, ...left];
}

/** Whether it is the last one to write this. */
function claim(taken: Set<string>, name: string): boolean {
  if (taken.has(name)) return false;
  taken.add(name);
  return true;
}
