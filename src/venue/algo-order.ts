import type { Side } from "../engine/domain/intent.ts";
import type { ConditionalType, PositionSide, SelfTradeMode, TimeInForce, WorkingType } from "./order.ts";

/** `algoStatus`: a triggered one becomes an ordinary order and is FINISHED when that one has ended. */
export type AlgoStatus = "NEW" | "TRIGGERING" | "TRIGGERED" | "FINISHED" | "CANCELED" | "REJECTED" | "EXPIRED";

export interface AlgoRequest {
  readonly symbolIndex: number;
  readonly side: Side;
  readonly positionSide: PositionSide;
  readonly type: ConditionalType;
  /** `null` with `isClosePosition`. */
  readonly qtyLots: number | null;
  /** Limit price of STOP and TAKE_PROFIT. */
  readonly priceTicks: number | null;
  /** `null` for TRAILING_STOP_MARKET. */
  readonly triggerTicks: number | null;
  readonly workingType: WorkingType;
  readonly timeInForce: TimeInForce;
  readonly isReduceOnly: boolean;
  readonly isClosePosition: boolean;
  readonly clientAlgoId: string;
  readonly selfTradeMode?: SelfTradeMode;
  /** Per cent, 0.1 to 20; TRAILING_STOP_MARKET only. */
  readonly callbackRatePct?: number;
  /** Price at which trailing begins; absent begins at once. */
  readonly activateTicks?: number;
  readonly goodTillTsMs?: number;
}

/** A conditional order that waits for its price. Plain data. */
export interface AlgoOrder {
  readonly algoId: string;
  readonly accountIndex: number;
  readonly request: AlgoRequest;
  readonly createdTsMs: number;
  status: AlgoStatus;
  updatedTsMs: number;
  triggeredTsMs: number;
  /** Order it became; `null` before. */
  orderId: string | null;
  /** Why it was REJECTED or EXPIRED; empty otherwise. */
  reason: string;
  /** Trailing: whether the activation price was reached, and the best price since. */
  isActive: boolean;
  bestPrice: number;
}
