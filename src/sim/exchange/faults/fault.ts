/** Kinds of trouble; docs/faults.md says of each what happens, what the engine does, and what it finds. */
export const FAULT_KINDS = [
  "disconnect",
  "feed-disconnect",
  "user-event-lost",
  "user-event-duplicated",
  "user-event-delayed",
  "user-event-reordered",
  "listen-key-expired",
  "ack-lost",
  "server-error",
  "timeout-unknown",
  "server-busy",
  "clock-skew",
  "rate-limit",
  "ban",
  "maintenance",
  "symbol-halted",
  "symbol-delisted",
  "tick-size-changed",
  "position-report-partial",
  "testnet-reset",
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** One fault of one variant, in virtual time. Plain data. */
export interface Fault {
  readonly kind: FaultKind;
  readonly fromTsMs: number;
  /** First instant without it; Infinity when it lasts. */
  readonly untilTsMs: number;
  /** Calls or events it hits, then it is spent; all in its time when absent. */
  readonly count?: number;
  /** What it is about; every symbol when absent. */
  readonly symbol?: string;
  /** Share of the calls or events in its time that it hits; all when absent. */
  readonly chance?: number;
  /** Share of the orders with an unknown outcome that reach the exchange; by its kind when absent. */
  readonly arrives?: number;
  /** Of delayed and reordered events. */
  readonly delayMs?: number;
  /** Of a halt; closed when absent. */
  readonly status?: "closed" | "reduce-only";
  /** Decimal text of a changed tick. */
  readonly tickSize?: string;
}

/** Trouble without a time: probabilities per call, all through the run. */
export interface TroubleRates {
  /** New orders that are refused for no fault of theirs. */
  readonly rejects?: { readonly rate: number; readonly code: number } | undefined;
  /** New orders whose outcome the answer does not tell, and the share of them that arrived. */
  readonly unknown?: { readonly rate: number; readonly arrives: number } | undefined;
}
