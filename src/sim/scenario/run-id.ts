import { createHash } from "node:crypto";
import { canonicalJson } from "./resolve.ts";
import type { Scenario } from "./schema.ts";

/**
 * Identity of a run: `r-` and eight hex digits over everything that decides its bytes. Same scenario, recording,
 * engine, seed and choice of variants: same id, on every machine.
 */
export function runIdOf(of: {
  readonly scenario: Scenario;
  readonly recordingHash: string;
  readonly engineVersion: string;
}): string {
  const { hash, seed, variants } = of.scenario;
  const names = variants.map(({ name }) => name);
  const identity = canonicalJson([hash, of.recordingHash, of.engineVersion, seed, names]);
  return `r-${createHash("sha256").update(identity).digest("hex").slice(0, 8)}`;
}
