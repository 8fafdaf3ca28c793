import type { Decision } from "./decision.ts";
import type { Envelope } from "./event.ts";

/** First line of a journal: everything that must be equal for two journals to be comparable. */
export interface JournalHeader {
  readonly schema: "rehearsal.journal/1";
  readonly runId: string;
  readonly variant: string;
  readonly scenario: string;
  readonly scenarioHash: string;
  readonly recording: string;
  readonly recordingHash: string;
  readonly engineVersion: string;
  readonly seed: string;
  readonly startTsMs: number;
  /** Decisions before this time warm the statistics up and are left out of scores. */
  readonly warmupUntilTsMs: number;
  readonly symbols: readonly string[];
  readonly stepSizes: readonly string[];
  readonly tickSizes: readonly string[];
  readonly quirks: readonly string[];
  readonly universeSize: number;
}

/** One further line: an envelope and what the core decided on it. */
export interface JournalEntry {
  readonly envelope: Envelope;
  readonly decisions: readonly Decision[];
}
