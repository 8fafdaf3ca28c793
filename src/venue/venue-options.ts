import type { Money } from "../engine/domain/money.ts";
import type { RecordingSource } from "../recording/batch.ts";
import type { AccountState, Position } from "./account.ts";
import type { AlgoOrder } from "./algo-order.ts";
import type { FillModelOptions } from "./liquidity.ts";
import type { ExecutionType, Order, Trade } from "./order.ts";
import type { SymbolRules } from "./symbol-rules.ts";
import type { VenueMarket } from "./venue-market.ts";

/** `m` of ACCOUNT_UPDATE. */
export type AccountUpdateReason =
  | "ORDER"
  | "FUNDING_FEE"
  | "DEPOSIT"
  | "MARGIN_TRANSFER"
  | "MARGIN_TYPE_CHANGE"
  | "INSURANCE_CLEAR"
  | "ADJUSTMENT";

/** Numbers given out so far. */
export interface VenueCounters {
  orders: number;
  trades: number;
  transfers: number;
  priority: number;
}

/** Told of everything that happens to accounts, in the order in which it happens, at the exchange's time. */
export interface VenueListener {
  order(order: Order, execution: ExecutionType, trade: Trade | null, tsMs: number): void;
  /** Balances and the positions that changed; a position that is flat now comes with 0 lots. */
  account(
    account: AccountState,
    reason: AccountUpdateReason,
    changed: readonly Position[],
    balanceChangeQuote: Money,
    tsMs: number,
  ): void;
  algo(algo: AlgoOrder, tsMs: number): void;
  /** Leverage of one symbol has been set. */
  leverage(account: AccountState, symbolIndex: number, leverage: number, tsMs: number): void;
  /** Margin of the positions is nearly used up. */
  marginCall(account: AccountState, positions: readonly Position[], tsMs: number): void;
  /** The price of a symbol begins or ceases to matter to the venue. */
  watch(symbolIndex: number, isWatched: boolean): void;
}

export interface VenueOptions {
  readonly rules: readonly SymbolRules[];
  readonly market: VenueMarket;
  /** How finely the recording shows the market: decides which rows fill resting orders. */
  readonly fidelity: RecordingSource["fidelity"];
  /** Fractions of notional in 1e-8; a negative one is a rebate. */
  readonly makerRate: Money;
  readonly takerRate: Money;
  readonly fill: FillModelOptions;
  readonly listener: VenueListener;
  /** Money of the insurance fund; positions it cannot carry are deleveraged. */
  readonly insuranceFundQuote?: Money;
  /** `false` never liquidates. */
  readonly isLiquidationEnabled?: boolean;
  /** First digits of order ids; ids beyond 2^53 are what some real symbols have. */
  readonly orderIdBase?: bigint;
  /** Trade ids go on from it; 0 when absent. */
  readonly tradeIdBase?: number;
}
