import type { Side } from "../engine/domain/intent.ts";
import type { Money } from "../engine/domain/money.ts";

export type PositionSide = "BOTH" | "LONG" | "SHORT";
export type TimeInForce = "GTC" | "IOC" | "FOK" | "GTX" | "GTD";
export type WorkingType = "MARK_PRICE" | "CONTRACT_PRICE";
/** Decided by the taker: which side of a trade between two orders of one account leaves. */
export type SelfTradeMode = "NONE" | "EXPIRE_TAKER" | "EXPIRE_MAKER" | "EXPIRE_BOTH";
export type ConditionalType = "STOP" | "STOP_MARKET" | "TAKE_PROFIT" | "TAKE_PROFIT_MARKET" | "TRAILING_STOP_MARKET";
export type OrderType = "LIMIT" | "MARKET" | "LIQUIDATION";
export type OrderStatus = "NEW" | "PARTIALLY_FILLED" | "FILLED" | "CANCELED" | "EXPIRED" | "EXPIRED_IN_MATCH";
/** `x` of ORDER_TRADE_UPDATE. */
export type ExecutionType = "NEW" | "TRADE" | "CANCELED" | "EXPIRED" | "CALCULATED" | "AMENDMENT";
/**
 * `er` of ORDER_TRADE_UPDATE: 0 none, 1 self-trade, 2 IOC or the market ran out, 3 insurance fund liquidation, 4 reduce-only
 * became unnecessary, 5 ADL, 6 venue rule (symbol closed), 7 countdown or good-till date.
 */
export type ExpiryReason = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7;

/** What a client asks for. Quantities and prices may be broken numbers of lots and ticks: the venue refuses, it never rounds. */
export interface OrderRequest {
  readonly symbolIndex: number;
  readonly side: Side;
  readonly positionSide: PositionSide;
  readonly type: "LIMIT" | "MARKET";
  readonly qtyLots: number;
  /** `null` for MARKET. */
  readonly priceTicks: number | null;
  /** `null` for MARKET. */
  readonly timeInForce: TimeInForce | null;
  readonly isReduceOnly: boolean;
  readonly clientOrderId: string;
  readonly selfTradeMode?: SelfTradeMode;
  /** Needed for GTD, milliseconds. */
  readonly goodTillTsMs?: number;
  /** Set when an algo order became this one: its type, its id and whether it closes the position whole. */
  readonly triggered?: {
    readonly origType: ConditionalType;
    readonly algoId: string;
    readonly isClosePosition: boolean;
    readonly stopPriceTicks: number;
  };
}

/** An order the venue has taken. Plain data: a checkpoint holds it as it is. */
export interface Order {
  /** Text, because real ids exceed 2^53. */
  readonly orderId: string;
  readonly accountIndex: number;
  readonly symbolIndex: number;
  readonly clientOrderId: string;
  readonly side: Side;
  readonly sign: 1 | -1;
  readonly positionSide: PositionSide;
  readonly type: OrderType;
  readonly origType: OrderType | ConditionalType;
  readonly timeInForce: TimeInForce;
  readonly isReduceOnly: boolean;
  readonly isClosePosition: boolean;
  readonly selfTradeMode: SelfTradeMode;
  readonly goodTillTsMs: number;
  readonly createdTsMs: number;
  readonly algoId: string | null;
  readonly stopPriceTicks: number;
  qtyLots: number;
  /** 0 for MARKET. */
  priceTicks: number;
  updatedTsMs: number;
  status: OrderStatus;
  filledLots: number;
  /** Sum of price times quantity of its trades. */
  filledQuote: Money;
  /** Margin held while it rests. */
  marginQuote: Money;
  /** Lots that stood before it at its price when it came, less what has traded there since; see queue-position rule. */
  queueAheadLots: number;
  /** Arrival number: priority among equal prices. A modified order gets a new one. */
  priority: number;
  expiryReason: ExpiryReason;
}

/** One trade of an order. */
export interface Trade {
  readonly tradeId: number;
  readonly orderId: string;
  readonly accountIndex: number;
  readonly symbolIndex: number;
  readonly side: Side;
  readonly positionSide: PositionSide;
  readonly priceTicks: number;
  readonly qtyLots: number;
  readonly notionalQuote: Money;
  /** Paid, positive; a rebate is negative. */
  readonly feeQuote: Money;
  readonly realizedPnlQuote: Money;
  readonly isMaker: boolean;
  readonly tsMs: number;
}

export function isOpen(order: Order): boolean {
  return order.status === "NEW" || order.status === "PARTIALLY_FILLED";
}

export function openLots(order: Order): number {
  return order.qtyLots - order.filledLots;
}
