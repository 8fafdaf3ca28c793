import { createHash } from "node:crypto";
import type { JournalEntry, JournalHeader } from "../engine/domain/journal.ts";
import { ENGINE_VERSION } from "../engine/version.ts";
import type { RecordingSource } from "../recording/batch.ts";
import { createExplainIndex, type ExplainIndex } from "../reports/explain/explain-index.ts";
import { encodeJournalLine } from "../reports/journal-codec.ts";
import { startRun } from "../sim/run/run.ts";
import { runIdOf } from "../sim/scenario/run-id.ts";
import type { Scenario } from "../sim/scenario/schema.ts";
import type { GoldenCounts, GoldenRow } from "./golden/golden.ts";
import { createCountMaker } from "./golden/golden-counts.ts";
import { decisionCount } from "./golden/golden-file.ts";
import { createRowMaker, eventName } from "./golden/golden-rows.ts";

/** Envelopes between two state lines of a golden. */
export const STATE_HASH_INTERVAL = 1000;

/** An event of the fresh run, as it is told before a divergence. */
export interface ToldEvent {
  readonly seq: number;
  readonly tsMs: number;
  readonly text: string;
}

/** What one variant of the scenario decides now. */
export interface FreshVariant {
  readonly header: JournalHeader;
  readonly rows: readonly GoldenRow[];
  readonly counts: GoldenCounts;
  /** SHA-256 over the journal's entries. */
  readonly journalSha256: string;
  readonly events: readonly ToldEvent[];
  readonly index: ExplainIndex;
  /** Broken promises of the run itself; what it decided is no measure of anything then. */
  readonly failures: readonly BrokenPromise[];
}

/** An invariant that broke, by the code of its finding. */
export interface BrokenPromise {
  readonly code: string;
  readonly text: string;
}

/** Code of the exchange's books, which are checked after the run. */
const BOOKS = "invariant.books";

/** Runs a scenario over a recording and keeps of each variant what can be compared and explained. */
export function replay(scenario: Scenario, recording: RecordingSource): FreshVariant[] {
  const variants: Collector[] = [];
  const steps = startRun({
    runId: runIdOf({ scenario, recordingHash: recording.hash, engineVersion: ENGINE_VERSION }),
    scenario,
    recording,
    stateHashInterval: STATE_HASH_INTERVAL,
    onHeader: (index, header) => {
      variants[index] = createCollector(header);
    },
    onEntry: (index, entry) => variants[index]!.observe(entry),
  });
  for (;;) {
    const step = steps.next();
    if (step.done !== true) continue;
    return variants.map((variant, index) => variant.finish(step.value.variants[index]!.accountMismatch));
  }
}

interface Collector {
  observe(entry: JournalEntry): void;
  finish(accountMismatch: string | null): FreshVariant;
}

function createCollector(header: JournalHeader): Collector {
  const rows: GoldenRow[] = [];
  const events: ToldEvent[] = [];
  const failures: BrokenPromise[] = [];
  const maker = createRowMaker();
  const counter = createCountMaker();
  const index = createExplainIndex();
  const journal = createHash("sha256");
  return {
    observe(entry) {
      const { envelope, decisions } = entry;
      journal.update(encodeJournalLine(entry)).update("\n");
      for (const row of maker.rowsOf(entry)) rows.push(row);
      counter.observe(entry);
      index.observe(entry);
      events.push({ seq: envelope.seq, tsMs: envelope.tsMs, text: toldEvent(entry) });
      for (const decision of decisions) {
        if (decision.type !== "finding.noted" || !decision.code.startsWith("invariant.")) continue;
        failures.push({ code: decision.code, text: `${decision.code} at seq ${envelope.seq}: ${decision.text}` });
      }
    },
    finish: (accountMismatch) => ({
      header,
      rows,
      counts: counter.finish(rows.length, decisionCount(rows)),
      journalSha256: journal.digest("hex"),
      events,
      index,
      failures:
        accountMismatch === null
          ? failures
          : [...failures, { code: BOOKS, text: `the exchange's books do not add up: ${accountMismatch}` }],
    }),
  };
}

function toldEvent({ envelope: { event }, decisions }: JournalEntry): string {
  const about =
    "symbol" in event
      ? event.symbol
      : event.type === "intent.received"
        ? `${event.fields["symbol"] ?? ""} ${event.entryId}`
        : "clientOrderId" in event
          ? event.clientOrderId
          : "";
  const answers = decisions.filter(({ type }) => type !== "timer.set").map(({ type }) => type);
  const counted = [...new Set(answers)].map((type) => {
    const count = answers.filter((each) => each === type).length;
    return count === 1 ? type : `${count}x ${type}`;
  });
  return `${eventName(event)} ${about}`.trimEnd() + (counted.length === 0 ? "" : ` -> ${counted.join(", ")}`);
}
