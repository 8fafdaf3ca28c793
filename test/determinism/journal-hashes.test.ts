import { describe, expect, test } from "vitest";
import type { JournalEntry } from "../../src/engine/domain/journal.ts";
import { openRecording } from "../../src/recording/reader.ts";
import { decodeJournalLine, encodeJournalLine } from "../../src/reports/journal-codec.ts";
import { readJournal } from "../../src/reports/journal-file.ts";
import { runScenario } from "../../src/sim/run/run.ts";
import { loadScenario } from "../../src/sim/scenario/load.ts";
import { type RecordedRun, repositoryPath, runOf } from "../sim/run/run-helpers.ts";

const scenario = loadScenario(
  repositoryPath("scenarios/incidents/s09-permits-wait-behind-a-serial-snapshot-cycle.yaml"),
);
const recording = openRecording(scenario.recordingPath);

/** Sequence numbers of the entries that carry a hash, and of all, of the first variant. */
function seqsAt(stateHashInterval: number): { readonly hashed: readonly number[]; readonly all: readonly number[] } {
  const hashed: number[] = [];
  const all: number[] = [];
  runScenario({
    runId: "r-test",
    scenario,
    recording,
    stateHashInterval,
    onHeader: () => undefined,
    onEntry: (variant, { envelope, stateHash }) => {
      if (variant !== 0) return;
      all.push(envelope.seq);
      if (stateHash !== undefined) hashed.push(envelope.seq);
    },
  });
  return { hashed, all };
}

describe("state hashes of a journal", () => {
  test("stand on the first entry after every interval and on the last", () => {
    const { hashed, all } = seqsAt(100);
    const expected: number[] = [];
    let next = 100;
    for (const seq of all) {
      if (seq < next && seq !== all.at(-1)) continue;
      expected.push(seq);
      next = (Math.floor(seq / 100) + 1) * 100;
    }
    expect(hashed.length).toBeGreaterThan(10);
    expect(hashed).toEqual(expected);
  });

  test("are absent at interval 0, and on every entry at 1", () => {
    expect(seqsAt(0).hashed).toEqual([]);
    const { hashed, all } = seqsAt(1);
    expect(hashed).toEqual(all);
  });

  test("end with the hash the run itself reports, and are written and read unchanged", () => {
    const run: RecordedRun = runOf(scenario, recording);
    run.entries.forEach((entries, variant) => {
      const last = entries.at(-1)!;
      expect(last.stateHash).toBe(run.result.variants[variant]!.stateHash);
      expect(decodeJournalLine(encodeJournalLine(last))).toEqual(last);
    });
  });

  test("are read from a journal file, which may have none, and must be texts", () => {
    const run: RecordedRun = runOf(scenario, recording);
    const [header] = run.headers;
    const entries = run.entries[0]!;
    const read = (lines: readonly string[]): JournalEntry[] => [
      ...readJournal(
        [encodeJournalLine(header!), ...lines].map((line) => `${line}\n`),
        "journal.ndjson",
      ).entries(),
    ];
    expect(read(entries.map((entry) => encodeJournalLine(entry)))).toEqual(entries);
    const old = entries.map(({ envelope, decisions }) => ({ envelope, decisions }));
    expect(read(old.map((entry) => encodeJournalLine(entry)))).toEqual(old);
    const wrong = encodeJournalLine(entries.at(-1)!).replace(/"stateHash":"\w+"/, '"stateHash":7');
    expect(() => read([wrong])).toThrow("the stateHash is no text");
  });
});
