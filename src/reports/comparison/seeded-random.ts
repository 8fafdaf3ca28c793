import { createHash } from "node:crypto";
import type { Random } from "../statistics/index.ts";

/**
 * Uniform numbers in [0, 1) that depend on the words alone: one stream per recording, metric and pair of variants, so
 * that a p-value is the same on every machine, in every order and beside any other variants (sfc32, seeded with the
 * SHA-256 of the words).
 */
export function createSeededRandom(...words: readonly string[]): Random {
  const seed = createHash("sha256").update(JSON.stringify(words)).digest();
  let a = seed.readInt32LE(0);
  let b = seed.readInt32LE(4);
  let c = seed.readInt32LE(8);
  let counter = seed.readInt32LE(12);
  return () => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 4_294_967_296;
  };
}
