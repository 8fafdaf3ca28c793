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
  /** How a simulated exchange matched: fidelity of the recording, profile, and both in words; absent for a live run. */
  readonly matching?: { readonly fidelity: string; readonly profile: string; readonly text: string };
}

/** One further line: an envelope and what the core decided on it. */
export interface JournalEntry {
  readonly envelope: Envelope;
  readonly decisions: readonly Decision[];
  /**
   * Hash of the engine's state after the envelope: on the first entry after every so many envelopes, and on the last.
   * Two journals whose hashes agree here have the same past, decided or not.
   */
  readonly stateHash?: string;
}

/**
 * `true` for the heartbeat of a run: a timer or an answer after which nothing was decided but the next tick. Such
 * entries are left out of journals (their `seq` numbers are missing), because they would be most of the bytes.
 */
export function isRoutine(entry: JournalEntry): boolean {
  const type = entry.envelope.event.type;
  if (type !== "timer.fired" && type !== "exchange.snapshot-received") return false;
  for (const { type } of entry.decisions) if (type !== "timer.set" && type !== "snapshot.requested") return false;
  return true;
}
