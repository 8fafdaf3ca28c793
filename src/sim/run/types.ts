import type { JournalEntry, JournalHeader } from "../../engine/domain/journal.ts";
import type { RecordingSource } from "../../recording/batch.ts";
import type { Scenario } from "../scenario/schema.ts";
import type { RunSnapshot } from "./run-snapshot.ts";

/** One scenario over one recording: every variant in a single pass over one decode. */
export interface RunRequest {
  /** Name of the run in its journals; equal inputs have equal ids. */
  readonly runId: string;
  readonly scenario: Scenario;
  readonly recording: RecordingSource;
  /** Called once per variant before its first entry. */
  onHeader(variantIndex: number, header: JournalHeader): void;
  /** Called for every journal entry of a variant, in order, before its effects reach the exchange. */
  onEntry(variantIndex: number, entry: JournalEntry): void;
  onProgress?(progress: RunProgress): void;
  /** Envelopes from one state hash in the journal to the next, 1000 when absent; 0 leaves them out. */
  readonly stateHashInterval?: number;
  /** Where to stop; at the end of the window when absent or when that comes first. */
  readonly until?: RunStop;
  /** What an earlier run of the same scenario, recording and engine left: this one goes on with it. */
  readonly from?: RunSnapshot;
  /** Virtual time between two calls of `onCheckpoint` besides that at a stop; none when absent. */
  readonly checkpointEveryMs?: number;
  /**
   * Called between two things that happen, at a stop before the `run.ended` that ends the journals of a partial run. The
   * snapshot is the run itself and not a copy: it must be written down before this returns.
   */
  onCheckpoint?(save: () => RunSnapshot): void;
  /** Polled between ticks; `true` ends the run at the next virtual tick with `run.ended` cause `interrupted`. */
  shouldStop?(): boolean;
}

/** The place where a run stops: after that envelope of its only variant, or after everything up to that virtual time. */
export type RunStop = { readonly kind: "seq"; readonly seq: number } | { readonly kind: "time"; readonly tsMs: number };

/** Why a run ended. */
export type RunEnd = "end-of-recording" | "interrupted" | "stopped";

export interface RunProgress {
  /** Virtual time reached and the span of the run. */
  readonly tsMs: number;
  readonly startTsMs: number;
  readonly endTsMs: number;
  readonly marketEvents: number;
  readonly intents: number;
  readonly fills: number;
}

export interface RunResult {
  readonly end: RunEnd;
  /** It did not reach the end of its window. */
  readonly isPartial: boolean;
  readonly marketEvents: number;
  readonly startTsMs: number;
  readonly endTsMs: number;
  readonly variants: readonly VariantResult[];
}

/** What only the simulated world knows about a variant after the run: the exchange's own books. */
export interface VariantResult {
  readonly name: string;
  readonly entries: number;
  /** Hash over the final engine state: equal states, equal hash. */
  readonly stateHash: string;
  /** `null` when wallet = start + realized - fees + funding to the last unit, else what differs. */
  readonly accountMismatch: string | null;
}
