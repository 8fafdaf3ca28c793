import type { EvalType, Side } from "./intent.ts";
import type { Money } from "./money.ts";
import type { Plan } from "./plan.ts";

/**
 * What the core answers to one envelope: effects (they reach outside) and findings (they are recorded only).
 * Every decision is plain data, in the order it was taken.
 */
export type Decision =
  | IntentRejected
  | PlanPublished
  | PermitGranted
  | PermitDenied
  | SnapshotRequested
  | CandidatesRanked
  | OrderSubmitted
  | OrderQueryRequested
  | ResultRecorded
  | LedgerCommitted
  | StopMoved
  | TimerSet
  | StatisticsPublished
  | AccountSampled
  | PositionReconciled
  | FindingNoted;

/** Terminal state of an intent that never became a plan; `reason` is a code of domain/reason.ts. */
export interface IntentRejected {
  readonly type: "intent.rejected";
  readonly entryId: string;
  readonly symbol: string | null;
  readonly side: Side | null;
  readonly reason: string;
  readonly detail: string;
}

/** A judged plan leaves for `apply.plan`. Blocked and skipped plans are published too: silence explains nothing. */
export interface PlanPublished {
  readonly type: "plan.published";
  readonly plan: Plan;
}

/** The three paths of P3.3; an add-on adds to an open position and is capped. */
export type PermitPath = "open" | "add-on" | "close";

export interface PermitGranted {
  readonly type: "permit.granted";
  readonly planId: string;
  readonly symbol: string;
  readonly path: PermitPath;
  /** Most that may be traded, in lots; `null` means the plan's own quantity is the bound (open path). */
  readonly safeQtyLots: number | null;
  readonly exchangeQtyLots: number;
  readonly ledgerQtyLots: number | null;
  readonly snapshotAgeMs: number;
  readonly expiresTsMs: number;
  readonly reason: string;
}

export interface PermitDenied {
  readonly type: "permit.denied";
  readonly planId: string;
  readonly symbol: string;
  readonly path: PermitPath | null;
  readonly reason: string;
  readonly exchangeQtyLots: number | null;
  readonly ledgerQtyLots: number | null;
  readonly snapshotAgeMs: number | null;
}

/**
 * Ask the exchange for positions. `one-call-for-all` costs one call whatever the number of symbols and reports every
 * open position; its `symbols` may be empty, which means all of them.
 */
export interface SnapshotRequested {
  readonly type: "snapshot.requested";
  readonly requestId: string;
  readonly method: "per-symbol" | "one-call-for-all";
  readonly symbols: readonly string[];
  readonly cause: "cycle" | "on-demand";
}

/** A ranking cycle whose outcome differs from the one before: who gets a snapshot, by which tier, and what was needed. */
export interface CandidatesRanked {
  readonly type: "candidates.ranked";
  readonly ranker: string;
  readonly symbols: readonly string[];
  /** How many symbols each tier contributed; a tier with 0 for a whole run is a finding. */
  readonly tierCounts: Readonly<Record<string, number>>;
  /** Cycles since the decision before this one, all with that decision's outcome. */
  readonly repeatedCycles: number;
  readonly neededFresh: number;
  readonly neededStale: readonly string[];
  readonly neededNeverRanked: readonly string[];
  /** Cost model of pipeline.md 1.9: serial calls times latency. */
  readonly cycleCostMs: number;
  readonly budgetCalls: number;
}

export interface OrderSubmitted {
  readonly type: "order.submitted";
  readonly clientOrderId: string;
  readonly planId: string;
  readonly symbol: string;
  readonly evalType: EvalType;
  readonly side: Side;
  readonly orderType: "MARKET" | "LIMIT";
  readonly timeInForce: "GTC" | "IOC" | null;
  readonly qtyLots: number;
  readonly limitPriceTicks: number | null;
  readonly isReduceOnly: boolean;
  /** Mark price the engine saw: the reference of implementation shortfall. */
  readonly decisionMarkPrice: number | null;
}

export interface OrderQueryRequested {
  readonly type: "order.query-requested";
  readonly clientOrderId: string;
  readonly attempt: number;
}

/** The one terminal answer per plan of the execution layer (`apply.result`). */
export interface ResultRecorded {
  readonly type: "result.recorded";
  readonly planId: string;
  readonly symbol: string;
  readonly evalType: EvalType;
  readonly status: ResultStatus;
  /** `true` only when something filled. */
  readonly isExecuted: boolean;
  readonly reason: string;
  readonly detail: string;
  readonly orderId: string | null;
  readonly clientOrderId: string | null;
  readonly side: Side;
  readonly requestedQtyLots: number;
  readonly filledQtyLots: number;
  /** Exact sum of price times quantity over the fills. */
  readonly filledNotionalQuote: Money;
  readonly feeQuote: Money;
  readonly realizedPnlQuote: Money;
}

export type ResultStatus =
  | "FILLED"
  | "PARTIAL"
  | "BLOCKED_POLICY"
  | "BLOCKED_INFRA"
  | "REJECTED_VENUE"
  | "REJECTED_INPUT"
  | "SKIPPED"
  | "EXPIRED"
  | "ERROR"
  | "IN_FLIGHT";

export interface LedgerCommitted {
  readonly type: "ledger.committed";
  readonly symbol: string;
  readonly orderId: string;
  readonly deltaQtyLots: number;
  readonly ledgerQtyLots: number;
  /** Exchange match to ledger commit. */
  readonly lagMs: number;
}

/** A protective stop of an open position moved (profit lock) or was set (entry). It never loosens. */
export interface StopMoved {
  readonly type: "stop.moved";
  readonly symbol: string;
  readonly stopPrice: number;
  readonly previousStopPrice: number | null;
  readonly cause: "entry" | "profit_lock";
}

export interface TimerSet {
  readonly type: "timer.set";
  readonly timerId: string;
  readonly dueTsMs: number;
}

/** P3.5 with the two layers kept apart: counts[layer][evalType][decision or status] and the top reasons. */
export interface StatisticsPublished {
  readonly type: "statistics.published";
  readonly window: "1m" | "5m" | "15m" | "1h";
  readonly decisionLayer: Readonly<Record<string, number>>;
  readonly executionLayer: Readonly<Record<string, number>>;
  readonly reasons: Readonly<Record<string, number>>;
}

/** The account at its marks, sampled at a fixed pace while a position is open or the wallet has moved. */
export interface AccountSampled {
  readonly type: "account.sampled";
  readonly walletQuote: Money;
  /** Wallet plus unrealized result at the marks the engine has seen. */
  readonly equityQuote: Money;
  readonly grossNotional: number;
  readonly openPositions: number;
  readonly portfolioHeat: number;
  readonly drawdown: number;
}

/** Exchange against ledger for one symbol, written when they disagree and at the end of the run. */
export interface PositionReconciled {
  readonly type: "position.reconciled";
  readonly symbol: string;
  readonly exchangeQtyLots: number;
  readonly ledgerQtyLots: number | null;
  readonly ownFillsQtyLots: number;
  /** Exchange minus what our own fills explain: an external writer when not 0. */
  readonly unexplainedQtyLots: number;
}

export type Severity = "info" | "warn" | "error";

/** Something a person should know. `code` is stable and tested; `evidence` names the entries. */
export interface FindingNoted {
  readonly type: "finding.noted";
  readonly code: string;
  readonly severity: Severity;
  readonly symbol: string | null;
  readonly text: string;
  readonly evidence: Readonly<Record<string, string | number | boolean | null>>;
}
