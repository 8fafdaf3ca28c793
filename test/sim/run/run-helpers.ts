import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import type { JournalEntry, JournalHeader } from "../../../src/engine/domain/journal.ts";
import type { RecordingSource } from "../../../src/recording/batch.ts";
import { encodeJournalLine } from "../../../src/reports/journal-codec.ts";
import { runScenario } from "../../../src/sim/run/run.ts";
import type { RunResult } from "../../../src/sim/run/types.ts";
import { parseScenario } from "../../../src/sim/scenario/load.ts";
import type { Scenario } from "../../../src/sim/scenario/schema.ts";

/** Absolute path of a file of this repository. */
export function repositoryPath(relative: string): string {
  return fileURLToPath(new URL(`../../../${relative}`, import.meta.url));
}

/** A scenario from YAML text, as if it lay in scenarios/. */
export function scenarioOf(yaml: string): Scenario {
  return parseScenario(yaml, repositoryPath("scenarios/test.yaml"));
}

export interface RecordedRun {
  readonly result: RunResult;
  readonly headers: readonly JournalHeader[];
  /** Journal entries per variant. */
  readonly entries: readonly JournalEntry[][];
  /** SHA-256 over the canonical journal lines per variant, headers left out. */
  readonly hashes: readonly string[];
}

export function runOf(scenario: Scenario, recording: RecordingSource, shouldStop?: () => boolean): RecordedRun {
  const entries: JournalEntry[][] = scenario.variants.map(() => []);
  const headers: JournalHeader[] = [];
  const hashes = scenario.variants.map(() => createHash("sha256"));
  const result = runScenario({
    runId: "r-test",
    scenario,
    recording,
    onHeader: (_index, header) => headers.push(header),
    onEntry: (index, entry) => {
      entries[index]!.push(entry);
      hashes[index]!.update(encodeJournalLine(entry));
    },
    ...(shouldStop === undefined ? {} : { shouldStop }),
  });
  return { result, headers, entries, hashes: hashes.map((hash) => hash.digest("hex")) };
}

export function findingCodes(entries: readonly JournalEntry[]): string[] {
  return entries.flatMap(({ decisions }) =>
    decisions.flatMap((decision) => (decision.type === "finding.noted" ? [decision.code] : [])),
  );
}
