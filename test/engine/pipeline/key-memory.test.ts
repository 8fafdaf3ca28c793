import seedrandom from "seedrandom";
import { describe, expect, test } from "vitest";
import {
  createKeyMemory,
  digestOf,
  forgetExpired,
  isRemembered,
  type KeyMemory,
  remember,
} from "../../../src/engine/pipeline/key-memory.ts";

/** The digest of the same keys, remembered one after another by a memory that never forgot. */
function digestAnew(memory: KeyMemory): readonly number[] {
  const again = createKeyMemory();
  for (const [key, untilTsMs] of [...memory.untilTsMs].reverse()) remember(again, key, untilTsMs);
  return digestOf(again);
}

describe("a memory of keys", () => {
  test("remembers until the time given, and a known key until the newer time", () => {
    const memory = createKeyMemory();
    remember(memory, "a", 1000);
    remember(memory, "b", 2000);
    remember(memory, "a", 3000);
    forgetExpired(memory, 1999);
    expect([isRemembered(memory, "a"), isRemembered(memory, "b")]).toEqual([true, true]);
    forgetExpired(memory, 2000);
    expect([isRemembered(memory, "a"), isRemembered(memory, "b")]).toEqual([true, false]);
  });

  test("has the digest of what it holds, however it came to hold it", () => {
    const random = seedrandom("keys");
    const memory = createKeyMemory();
    for (let round = 0; round < 2000; round++) {
      const tsMs = 1_770_000_000_000 + round * 1000;
      remember(memory, `k${Math.floor(random() * 500)}`, tsMs + Math.floor(random() * 200_000));
      if (round % 50 === 0) {
        forgetExpired(memory, tsMs);
        expect(digestOf(memory)).toEqual(digestAnew(memory));
      }
    }
    expect(memory.untilTsMs.size).toBeGreaterThan(50);
    forgetExpired(memory, Number.MAX_SAFE_INTEGER);
    expect(digestOf(memory)).toEqual(digestOf(createKeyMemory()));
  });

  test("has another digest for another key or another time", () => {
    const of = (key: string, untilTsMs: number): string => {
      const memory = createKeyMemory();
      remember(memory, key, untilTsMs);
      return digestOf(memory).join();
    };
    expect(new Set([of("a", 1), of("a", 2), of("b", 1), of("b", 2)]).size).toBe(4);
  });
});
