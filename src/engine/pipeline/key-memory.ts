import { stateLanesOf } from "../state-hash.ts";

/**
 * Keys that were seen, each with the time it may be forgotten. A busy day holds a hundred thousand of them, so their
 * hash follows every change instead of being worked out anew: a sum over the keys, because their order decides nothing.
 */
export interface KeyMemory {
  readonly untilTsMs: Map<string, number>;
  /** Sum of both lanes over all keys, modulo 2^32. Changed by the functions here only. */
  leftSum: number;
  rightSum: number;
}

export function createKeyMemory(): KeyMemory {
  return { untilTsMs: new Map(), leftSum: 0, rightSum: 0 };
}

/** Remembers a key until that time; one that is known gets the new time. */
export function remember(memory: KeyMemory, key: string, untilTsMs: number): void {
  const known = memory.untilTsMs.get(key);
  if (known !== undefined) count(memory, key, known, -1);
  memory.untilTsMs.set(key, untilTsMs);
  count(memory, key, untilTsMs, 1);
}

export function isRemembered(memory: KeyMemory, key: string): boolean {
  return memory.untilTsMs.has(key);
}

/** Forgets what may be forgotten at that time. */
export function forgetExpired(memory: KeyMemory, tsMs: number): void {
  for (const [key, untilTsMs] of memory.untilTsMs) {
    if (untilTsMs > tsMs) continue;
    memory.untilTsMs.delete(key);
    count(memory, key, untilTsMs, -1);
  }
}

/** What stands for the memory in a state hash. */
export function digestOf({ untilTsMs, leftSum, rightSum }: KeyMemory): readonly number[] {
  return [untilTsMs.size, leftSum, rightSum];
}

function count(memory: KeyMemory, key: string, untilTsMs: number, sign: 1 | -1): void {
  const { left, right } = stateLanesOf([key, untilTsMs]);
  memory.leftSum = (memory.leftSum + sign * left) | 0;
  memory.rightSum = (memory.rightSum + sign * right) | 0;
}
