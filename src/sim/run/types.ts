import type { JournalEntry, JournalHeader } from "../../engine/domain/journal.ts";
import type { RecordingSource } from "../../recording/batch.ts";
import type { Scenario } from "../scenario/schema.ts";

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
  /** Polled between ticks; `true` ends the run at the next virtual tick with `run.ended` cause `interrupted`. */
  shouldStop?(): boolean;
}

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
