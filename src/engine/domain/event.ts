import type { Side } from "./intent.ts";
import type { Money } from "./money.ts";

/**
 * What enters the core: facts in the past tense, stamped with one total order.
 *
 * Market prices are not here: they update the shared `MarketState`, which the engine reads when an event makes it
 * decide (docs/architecture.md, "market data is a shared read model").
 */
export interface Envelope {
  /** Total order within one run, starting at 1, without holes. */
  readonly seq: number;
  /** Virtual UTC milliseconds; never decreases from one envelope to the next. */
  readonly tsMs: number;
  readonly event: EngineEvent;
}

export type EngineEvent =
  | RunStarted
  | IntentReceived
  | MarketFeaturesReceived
  | TimerFired
  | SnapshotReceived
  | OrderAccepted
  | OrderRejected
  | OrderFilled
  | OrderEnded
  | OrderUnknown
  | OrderQueried
  | FundingSettled
  | KillSwitchSet
  | RunEnded;

/** First event of a run: the wallet the engine starts from, before it has seen any snapshot. */
export interface RunStarted {
  readonly type: "run.started";
  readonly walletQuote: Money;
}

/** One raw entry of the `trade.intent` stream, exactly as delivered; parsing is the engine's (pipeline.md 2.1). */
export interface IntentReceived {
  readonly type: "intent.received";
  /** Redis entry id, `ms-seq`. */
  readonly entryId: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** One recorded entry of the `marketstate` stream (pipeline.md 1.4): replaces computed features of that symbol. */
export interface MarketFeaturesReceived {
  readonly type: "market-features.received";
  readonly symbol: string;
  readonly sigma: number;
  readonly mu: number;
  readonly trendStrength: number;
  readonly pTrend: number;
  readonly pMeanReversion: number;
  readonly pChop: number;
}

export interface TimerFired {
  readonly type: "timer.fired";
  readonly timerId: string;
}

/** Position of one symbol as the exchange reports it. `qtyLots` is signed; flat symbols may be present with 0. */
export interface PositionReport {
  readonly symbol: string;
  readonly qtyLots: number;
  readonly entryPrice: number;
  readonly markPrice: number;
}

/**
 * Answer to `snapshot.requested`. A per-symbol call reports that symbol; the one-call-for-all reports every open
 * position, and every requested symbol that is absent is flat.
 */
export interface SnapshotReceived {
  readonly type: "exchange.snapshot-received";
  readonly requestId: string;
  readonly status: "ok" | "failed";
  /** Exchange time the report is true for. */
  readonly asOfTsMs: number;
  readonly symbols: readonly string[];
  readonly positions: readonly PositionReport[];
  readonly walletQuote: Money;
  /** Serial calls answer one by one; the last answer of a request ends it. */
  readonly isFinal: boolean;
  readonly error?: string;
}

export interface OrderAccepted {
  readonly type: "exchange.order-accepted";
  readonly clientOrderId: string;
  /** Order ids are text: real ones exceed 2^53. */
  readonly orderId: string;
}

export interface OrderRejected {
  readonly type: "exchange.order-rejected";
  readonly clientOrderId: string;
  /** Binance error code, e.g. -2019, with its text. */
  readonly code: number;
  readonly text: string;
}

export interface OrderFilled {
  readonly type: "exchange.order-filled";
  readonly clientOrderId: string;
  readonly orderId: string;
  readonly tradeId: string;
  readonly symbol: string;
  readonly side: Side;
  readonly qtyLots: number;
  readonly priceTicks: number;
  /** Filled so far, this fill included. */
  readonly cumulativeQtyLots: number;
  readonly isOrderComplete: boolean;
  readonly isMaker: boolean;
  /** Commission paid, positive; negative for a rebate. */
  readonly feeQuote: Money;
  /** Realized profit of this fill before fees. */
  readonly realizedPnlQuote: Money;
  /** Time of the match on the exchange; the envelope's time is when the engine learnt of it. */
  readonly exchangeTsMs: number;
  /** How the engine learnt of it when the user stream did not tell. */
  readonly learntBy?: "query";
}

/** The order left the book without (further) filling. */
export interface OrderEnded {
  readonly type: "exchange.order-ended";
  readonly clientOrderId: string;
  readonly orderId: string;
  readonly status: "CANCELED" | "EXPIRED";
  readonly cumulativeQtyLots: number;
  readonly reason: string;
}

/** No answer in time, or an answer that does not say what happened: resolve by query before anything else. */
export interface OrderUnknown {
  readonly type: "exchange.order-unknown";
  readonly clientOrderId: string;
  /** In the words of whoever noticed, or `RESTART_CAUSE`. */
  readonly cause: string;
}

/** A process took over the session of one that died: whatever that one had asked, nobody is left to hear the answer. */
export const RESTART_CAUSE = "restart";

/** Answer to `order.queried`. Fills arrive on their own; `executedQtyLots` says how many there are. */
export interface OrderQueried {
  readonly type: "exchange.order-queried";
  readonly clientOrderId: string;
  readonly status: "NEW" | "PARTIALLY_FILLED" | "FILLED" | "CANCELED" | "EXPIRED" | "REJECTED" | "NOT_FOUND";
  readonly orderId: string | null;
  readonly executedQtyLots: number;
}

export interface FundingSettled {
  readonly type: "exchange.funding-settled";
  readonly symbol: string;
  readonly rate: number;
  readonly markPrice: number;
  /** Positive when received, negative when paid. */
  readonly amountQuote: Money;
}

/** `entries` refuses new risk, `all` refuses every order, `off` lets everything through again. */
export interface KillSwitchSet {
  readonly type: "operator.kill-switch-set";
  readonly scope: "off" | "entries" | "all";
  readonly source: string;
}

/** Last event of a run: everything still open is settled as in flight and the final reconciliation is written. */
export interface RunEnded {
  readonly type: "run.ended";
  readonly cause: "end-of-recording" | "interrupted" | "stopped";
}
