import type { Side } from "../engine/domain/intent.ts";
import { sideSign } from "../engine/domain/intent.ts";
import { formatMoney, type Money } from "../engine/domain/money.ts";
import type { AlgoOrder } from "./algo-order.ts";
import type { Contract } from "./contract.ts";
import type { Order, PositionSide, Trade } from "./order.ts";

export type PositionMode = "one-way" | "hedge";
export type MarginType = "cross" | "isolated";

export interface Position {
  readonly symbolIndex: number;
  readonly positionSide: PositionSide;
  /** Signed: long is positive, 0 is flat. */
  qtyLots: number;
  /** What the open lots were bought or sold for, never negative; the average price is derived from it. */
  entryCostQuote: Money;
  /** Money set aside for an isolated position; 0 for a cross one. Part of the account's wallet. */
  isolatedQuote: Money;
  updatedTsMs: number;
}

/** What the account has chosen for one symbol. */
export interface SymbolSettings {
  leverage: number;
  marginType: MarginType;
}

/** Names of `GET /fapi/v1/income`. */
export type IncomeType = "REALIZED_PNL" | "COMMISSION" | "FUNDING_FEE" | "INSURANCE_CLEAR" | "TRANSFER";

/** One change of the wallet; money in is positive. */
export interface Income {
  readonly tranId: number;
  readonly tsMs: number;
  /** -1 for a transfer. */
  readonly symbolIndex: number;
  readonly type: IncomeType;
  readonly amountQuote: Money;
  readonly tradeId: number | null;
}

export interface AccountOptions {
  readonly index: number;
  readonly name: string;
  readonly walletQuote: Money;
  readonly leverage: number;
  readonly marginType?: MarginType;
  readonly positionMode?: PositionMode;
  /** Rows of income, trades and ended orders kept; 10,000 of each when absent. */
  readonly historyMax?: number;
}

/** Everything an account consists of, as plain data: a checkpoint holds it as it is. */
export interface AccountState {
  readonly index: number;
  readonly name: string;
  readonly startQuote: Money;
  readonly leverageDefault: number;
  readonly marginTypeDefault: MarginType;
  readonly historyMax: number;
  positionMode: PositionMode;
  walletQuote: Money;
  realizedQuote: Money;
  /** Paid, positive; rebates make it smaller. Liquidation fees included. */
  feesQuote: Money;
  /** Received minus paid. */
  fundingQuote: Money;
  /** What the insurance fund put in when a position was worth less than nothing, and transfers. */
  transferredQuote: Money;
  /** Margin that resting orders tie up. */
  orderMarginQuote: Money;
  readonly settings: Map<number, SymbolSettings>;
  /** By `positionKey`; flat positions are removed. */
  readonly positions: Map<number, Position>;
  readonly openOrders: Map<string, Order>;
  readonly openAlgoOrders: Map<string, AlgoOrder>;
  /** The newest order of each client order id that is still known. */
  readonly byClientId: Map<string, Order>;
  readonly ended: Order[];
  readonly endedAlgoOrders: AlgoOrder[];
  readonly trades: Trade[];
  readonly income: Income[];
  /** The other side of the books: what trading brought in and the cost of what was open at the start. */
  tradeCashQuote: Money;
  startCostQuote: Money;
  /** End of the countdown that cancels all orders, by symbol; see `countdownCancelAll`. */
  readonly countdowns: Map<number, number>;
  isInLiquidation: boolean;
  lastMarginCallTsMs: number;
}

const SIDE_CODE = { BOTH: 0, LONG: 1, SHORT: 2 } as const;

export function positionKey(symbolIndex: number, positionSide: PositionSide): number {
  return symbolIndex * 3 + SIDE_CODE[positionSide];
}

export function createAccount(options: AccountOptions): AccountState {
  return {
    index: options.index,
    name: options.name,
    startQuote: options.walletQuote,
    leverageDefault: options.leverage,
    marginTypeDefault: options.marginType ?? "cross",
    historyMax: options.historyMax ?? HISTORY_MAX,
    positionMode: options.positionMode ?? "one-way",
    walletQuote: options.walletQuote,
    realizedQuote: 0n,
    feesQuote: 0n,
    fundingQuote: 0n,
    transferredQuote: 0n,
    orderMarginQuote: 0n,
    settings: new Map(),
    positions: new Map(),
    openOrders: new Map(),
    openAlgoOrders: new Map(),
    byClientId: new Map(),
    ended: [],
    endedAlgoOrders: [],
    trades: [],
    income: [],
    tradeCashQuote: 0n,
    startCostQuote: 0n,
    countdowns: new Map(),
    isInLiquidation: false,
    lastMarginCallTsMs: Number.NEGATIVE_INFINITY,
  };
}

/** Puts an account back to its first day; the money it started with stays. */
export function resetAccount(account: AccountState): void {
  account.positionMode = "one-way";
  account.walletQuote = account.startQuote;
  account.realizedQuote = 0n;
  account.feesQuote = 0n;
  account.fundingQuote = 0n;
  account.transferredQuote = 0n;
  account.orderMarginQuote = 0n;
  account.tradeCashQuote = 0n;
  account.startCostQuote = 0n;
  account.isInLiquidation = false;
  account.lastMarginCallTsMs = Number.NEGATIVE_INFINITY;
  const { settings, positions, openOrders, openAlgoOrders, byClientId, countdowns } = account;
  for (const map of [settings, positions, openOrders, openAlgoOrders, byClientId, countdowns]) map.clear();
  account.ended.length = 0;
  account.endedAlgoOrders.length = 0;
  account.trades.length = 0;
  account.income.length = 0;
}

/** What the account has chosen for a symbol, or its defaults. */
export function settingsOf(account: AccountState, symbolIndex: number): SymbolSettings {
  let settings = account.settings.get(symbolIndex);
  if (settings === undefined) {
    settings = { leverage: account.leverageDefault, marginType: account.marginTypeDefault };
    account.settings.set(symbolIndex, settings);
  }
  return settings;
}

/** Signed lots held on a side; 0 when flat. */
export function heldLots(account: AccountState, symbolIndex: number, positionSide: PositionSide): number {
  return account.positions.get(positionKey(symbolIndex, positionSide))?.qtyLots ?? 0;
}

/** How many lots of a trade would reduce the position instead of opening. */
export function closingLots(
  account: AccountState,
  symbolIndex: number,
  positionSide: PositionSide,
  side: Side,
  qtyLots: number,
): number {
  const against = -sideSign(side) * heldLots(account, symbolIndex, positionSide);
  return against > 0 ? Math.min(against, qtyLots) : 0;
}

/** Sets a position that was open before the run, at its average entry price. */
export function adoptPosition(account: AccountState, contract: Contract, qtyLots: number, entryPrice: number): void {
  const symbolIndex = contract.instrument.index;
  const key = positionKey(symbolIndex, "BOTH");
  const known = account.positions.get(key);
  if (known !== undefined) account.startCostQuote -= signedCost(known);
  account.positions.delete(key);
  if (qtyLots === 0) return;
  const entryCostQuote = contract.valueQuote(entryPrice, Math.abs(qtyLots));
  const position: Position = {
    symbolIndex,
    positionSide: "BOTH",
    qtyLots,
    entryCostQuote,
    isolatedQuote: 0n,
    updatedTsMs: 0,
  };
  account.positions.set(key, position);
  account.startCostQuote += signedCost(position);
}

/** A trade as the account books it: the lots that reduce and the lots that open, each with its notional. */
export interface Booking {
  readonly contract: Contract;
  readonly side: Side;
  readonly positionSide: PositionSide;
  readonly closingLots: number;
  readonly closingNotionalQuote: Money;
  readonly openingLots: number;
  readonly openingNotionalQuote: Money;
  readonly feeQuote: Money;
  readonly tradeId: number;
  readonly tsMs: number;
}

/**
 * Books a trade and returns its realized profit before the fee. Reducing takes the proportional share of the entry
 * cost (and of the isolated margin), truncated; the rest stays with the position, and closing takes all of it: nothing
 * is ever lost. Opening an isolated position sets its initial margin aside.
 */
export function bookTrade(account: AccountState, booking: Booking, nextTranId: () => number): Money {
  const { contract, side, positionSide, closingLots, openingLots, feeQuote, tradeId, tsMs } = booking;
  const symbolIndex = contract.instrument.index;
  const key = positionKey(symbolIndex, positionSide);
  const sign = sideSign(side);
  let position = account.positions.get(key);
  if (position === undefined) {
    position = { symbolIndex, positionSide, qtyLots: 0, entryCostQuote: 0n, isolatedQuote: 0n, updatedTsMs: tsMs };
    account.positions.set(key, position);
  }
  let realizedQuote = 0n;
  if (closingLots > 0) {
    const held = Math.abs(position.qtyLots);
    const isWhole = closingLots === held;
    const share = (amount: Money) => (isWhole ? amount : (amount * BigInt(closingLots)) / BigInt(held));
    const costQuote = share(position.entryCostQuote);
    realizedQuote = sign < 0 ? booking.closingNotionalQuote - costQuote : costQuote - booking.closingNotionalQuote;
    position.entryCostQuote -= costQuote;
    position.isolatedQuote -= share(position.isolatedQuote);
    position.qtyLots += sign * closingLots;
  }
  if (openingLots > 0) {
    position.qtyLots += sign * openingLots;
    position.entryCostQuote += booking.openingNotionalQuote;
    const { marginType, leverage } = settingsOf(account, symbolIndex);
    if (marginType === "isolated") position.isolatedQuote += booking.openingNotionalQuote / BigInt(leverage);
  }
  position.updatedTsMs = tsMs;
  if (position.qtyLots === 0) account.positions.delete(key);
  const notionalQuote =
    closingLots === 0
      ? booking.openingNotionalQuote
      : openingLots === 0
        ? booking.closingNotionalQuote
        : booking.closingNotionalQuote + booking.openingNotionalQuote;
  if (sign < 0) account.tradeCashQuote += notionalQuote;
  else account.tradeCashQuote -= notionalQuote;
  if (closingLots > 0) {
    account.walletQuote += realizedQuote;
    account.realizedQuote += realizedQuote;
  }
  account.walletQuote -= feeQuote;
  account.feesQuote += feeQuote;
  if (closingLots > 0) {
    addIncome(account, {
      tranId: nextTranId(),
      tsMs,
      symbolIndex,
      type: "REALIZED_PNL",
      amountQuote: realizedQuote,
      tradeId,
    });
  }
  if (feeQuote !== 0n) {
    addIncome(account, {
      tranId: nextTranId(),
      tsMs,
      symbolIndex,
      type: "COMMISSION",
      amountQuote: -feeQuote,
      tradeId,
    });
  }
  return realizedQuote;
}

/** Rows of income, trades and ended orders that an account keeps. */
const HISTORY_MAX = 10_000;

export function addIncome(account: AccountState, income: Income): void {
  account.income.push(income);
  dropOldest(account.income, account.historyMax);
}

const NOTHING: readonly never[] = [];

/** Drops a fifth at a time, so that a long list is rarely moved; what was dropped is returned. */
export function dropOldest<Row>(rows: Row[], most: number): readonly Row[] {
  return rows.length <= most * 1.2 ? NOTHING : rows.splice(0, rows.length - most);
}

/**
 * Proves the books: `wallet = start + realized - fees + funding + transferred`, and realized profit once more from the
 * other side, as the cash that trading brought in plus what the open positions cost minus what those of the start did.
 *
 * @returns `null` when both hold to the last unit, else what differs
 */
export function reconcile(account: AccountState): string | null {
  const { startQuote, realizedQuote, feesQuote, fundingQuote, transferredQuote } = account;
  const walletQuote = startQuote + realizedQuote - feesQuote + fundingQuote + transferredQuote;
  if (walletQuote !== account.walletQuote) {
    return `the wallet is ${formatMoney(account.walletQuote)}, but start + realized - fees + funding + transferred is ${formatMoney(walletQuote)}`;
  }
  let costQuote = 0n;
  for (const position of account.positions.values()) costQuote += signedCost(position);
  const tradedQuote = account.tradeCashQuote + costQuote - account.startCostQuote;
  if (tradedQuote !== realizedQuote) {
    return `realized profit is ${formatMoney(realizedQuote)}, but the trades and open positions account for ${formatMoney(tradedQuote)}`;
  }
  return null;
}

function signedCost(position: Position): Money {
  return position.qtyLots < 0 ? -position.entryCostQuote : position.entryCostQuote;
}
