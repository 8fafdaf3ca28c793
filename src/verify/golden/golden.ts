export const GOLDEN_SCHEMA = "rehearsal.golden/1";

/** Significant digits numbers are kept with: what differs beyond them is the arithmetic of another machine. */
export const ROUNDING_DIGITS = 12;

/** First line of a golden: what its decisions were made from, and why they are taken for right. */
export interface GoldenHeader {
  readonly schema: typeof GOLDEN_SCHEMA;
  /** Path of the scenario file, relative to the folder `sim verify` is started in. */
  readonly scenario: string;
  readonly scenarioHash: string;
  readonly variant: string;
  readonly recording: string;
  readonly recordingHash: string;
  readonly engineVersion: string;
  /** Major version of Node. */
  readonly node: number;
  readonly seeds: readonly string[];
  /** Why these decisions are right, in the words of who accepted them (`--because`). */
  readonly reason: string;
  readonly roundingDigits: number;
  /** Envelopes between two state lines. */
  readonly stateHashInterval: number;
  /** SHA-256 over the journal's entries as they are written: all bits of all numbers, and the order of everything. */
  readonly journalSha256?: string;
  readonly counts: GoldenCounts;
  /** All of the scenario that can change a decision of this variant, whole: a change of it can be named. */
  readonly setup: Readonly<Record<string, unknown>>;
  /** Over this header without `sha256`, and all lines after it. */
  readonly sha256: string;
}

/** How much a golden holds, and what it came to. */
export interface GoldenCounts {
  /** Lines after the header: decisions and states. */
  readonly lines: number;
  readonly decisions: number;
  /** Entries of the journal. */
  readonly entries: number;
  readonly intents: number;
  /** By eval type and decision, e.g. `EXIT BLOCKED`. */
  readonly plans: Readonly<Record<string, number>>;
  /** By status. */
  readonly results: Readonly<Record<string, number>>;
  readonly fills: number;
  readonly findings: number;
  /** Realized profit and loss of all fills less their fees, plus funding; decimal text in quote. */
  readonly netPnlQuote: string;
}

/** One decision, on one line. Absent fields are `null`; numbers are rounded. */
export interface DecisionRow {
  readonly seq: number;
  readonly ts: number;
  /** Event on which it was taken; tells, and is not compared. */
  readonly on: string;
  /** Stream entry the decision goes back to. */
  readonly entry?: string;
  /** Type of the decision, e.g. `plan.published`. */
  readonly type: string;
  /** Plan id of everything that belongs to a plan. */
  readonly id?: string;
  readonly symbol?: string;
  readonly evalType?: string;
  readonly outcome?: string;
  readonly reason?: string;
  readonly score?: number;
  readonly cutoff?: number;
  /** Further facts that are equal or not: sides, lots, paths. */
  readonly facts?: Readonly<Record<string, string | number | boolean>>;
  /** Further measures that may differ by a little. */
  readonly values?: Readonly<Record<string, number>>;
  /** Terms of the governor's formula. */
  readonly terms?: Readonly<Record<string, number>>;
  /** Hash over what the decision was given. */
  readonly inputs?: string;
}

/** Hash of the engine's state after an envelope. */
export interface StateRow {
  readonly seq: number;
  readonly ts: number;
  readonly state: string;
}

export type GoldenRow = DecisionRow | StateRow;

export interface Golden {
  readonly header: GoldenHeader;
  readonly rows: readonly GoldenRow[];
}

export function isState(row: GoldenRow): row is StateRow {
  return "state" in row;
}
