import { type Side, sideSign } from "../engine/domain/intent.ts";
import type { Money } from "../engine/domain/money.ts";
import { type AccountState, type Position, settingsOf } from "./account.ts";
import type { BracketTable } from "./bracket-table.ts";
import type { Contract } from "./contract.ts";
import type { SymbolRules } from "./symbol-rules.ts";
import { referencePrice, type VenueMarket } from "./venue-market.ts";

/** Rules and market a margin is reckoned with. */
export interface MarginContext {
  readonly rules: readonly SymbolRules[];
  readonly market: VenueMarket;
}

/** Money figures of one position at the mark; amounts are truncated to 8 decimals as Binance truncates them. */
export interface PositionMargin {
  readonly markPrice: number;
  /** Never negative. */
  readonly notionalQuote: Money;
  readonly unrealizedQuote: Money;
  readonly initialQuote: Money;
  readonly maintQuote: Money;
}

/** Without any price a position counts at its entry cost, unmoved. */
export function positionMargin(context: MarginContext, account: AccountState, position: Position): PositionMargin {
  const { contract, brackets } = context.rules[position.symbolIndex]!;
  const { leverage } = settingsOf(account, position.symbolIndex);
  const price = referencePrice(context.market, position.symbolIndex);
  const isKnown = price > 0;
  const markPrice = isKnown ? price : contract.entryPrice(position.qtyLots, position.entryCostQuote);
  const notionalQuote = isKnown ? contract.valueQuote(price, Math.abs(position.qtyLots)) : position.entryCostQuote;
  return {
    markPrice,
    notionalQuote,
    unrealizedQuote: isKnown ? contract.unrealizedQuote(price, position.qtyLots, position.entryCostQuote) : 0n,
    initialQuote: notionalQuote / BigInt(leverage),
    maintQuote: brackets.maintenanceQuote(notionalQuote),
  };
}

export interface AccountMargin {
  /** Wallet less what isolated positions have set aside. */
  readonly crossWalletQuote: Money;
  readonly unrealizedQuote: Money;
  readonly crossUnrealizedQuote: Money;
  readonly positionInitialQuote: Money;
  readonly maintQuote: Money;
  readonly crossMaintQuote: Money;
  /** What new orders may tie up; negative when positions have lost more than that. */
  readonly availableQuote: Money;
}

export function accountMargin(context: MarginContext, account: AccountState): AccountMargin {
  let crossWalletQuote = account.walletQuote;
  let unrealizedQuote = 0n;
  let crossUnrealizedQuote = 0n;
  let positionInitialQuote = 0n;
  let crossInitialQuote = 0n;
  let maintQuote = 0n;
  let crossMaintQuote = 0n;
  for (const position of account.positions.values()) {
    const margin = positionMargin(context, account, position);
    unrealizedQuote += margin.unrealizedQuote;
    positionInitialQuote += margin.initialQuote;
    maintQuote += margin.maintQuote;
    if (settingsOf(account, position.symbolIndex).marginType === "isolated") {
      crossWalletQuote -= position.isolatedQuote;
    } else {
      crossUnrealizedQuote += margin.unrealizedQuote;
      crossInitialQuote += margin.initialQuote;
      crossMaintQuote += margin.maintQuote;
    }
  }
  const availableQuote = crossWalletQuote + crossUnrealizedQuote - crossInitialQuote - account.orderMarginQuote;
  return {
    crossWalletQuote,
    unrealizedQuote,
    crossUnrealizedQuote,
    positionInitialQuote,
    maintQuote,
    crossMaintQuote,
    availableQuote,
  };
}

export interface OpenCostOptions {
  readonly contract: Contract;
  readonly side: Side;
  readonly qtyLots: number;
  /** Price the order is expected to trade at. */
  readonly price: number;
  readonly markPrice: number;
  readonly lastPrice: number;
  readonly leverage: number;
}

/** A short's margin is reckoned on a price at least this much above the last trade (Binance FAQ, "open cost"). */
const SHORT_LAST_FACTOR = 1.0015;

/**
 * Money an order ties up when it opens: initial margin plus what it would lose at the mark at once.
 *
 * Long margin is `price * qty / leverage`; short margin takes `max(last * 1.0015, mark, price)`. At a price of 9253.30,
 * a mark of 9259.84 and 20x, 1 BTC costs a buyer 462.665; a seller's loss at once is 6.54 (Binance FAQ
 * 87fa7ee33b574f7084d42bd2ce2e463b).
 */
export function openCostQuote(options: OpenCostOptions): Money {
  const { contract, side, qtyLots, price, markPrice, lastPrice, leverage } = options;
  const marginPrice = side === "BUY" ? price : Math.max(lastPrice * SHORT_LAST_FACTOR, markPrice, price);
  const marginQuote = contract.valueQuote(marginPrice, qtyLots) / BigInt(leverage);
  const sign = BigInt(sideSign(side));
  const gainQuote = sign * (contract.valueQuote(markPrice, qtyLots) - contract.valueQuote(price, qtyLots));
  return gainQuote < 0n ? marginQuote - gainQuote : marginQuote;
}

export interface LiquidationPriceOptions {
  /** Wallet that answers for the position: the isolated one, or the cross wallet. */
  readonly walletQuote: number;
  /** Maintenance margin and unrealized profit of the other cross positions; 0 when isolated. */
  readonly otherMaintQuote: number;
  readonly otherUnrealizedQuote: number;
  readonly side: 1 | -1;
  readonly qty: number;
  readonly entryPrice: number;
  readonly brackets: BracketTable;
}

/**
 * Mark price at which maintenance margin is no longer covered:
 * `LP = (WB - TMM + UPNL + cum - side*q*EP) / (q*MMR - side*q)`, with rate and cum of the bracket that the notional at
 * LP falls in (Binance FAQ b3c689c1f50a44cabb3a84e663b81d93; its calculator's four examples are vectors). An estimate
 * for reports and `positionRisk`: the liquidation itself compares exact margins.
 *
 * @returns 0 when no positive price liquidates
 */
export function liquidationPrice(options: LiquidationPriceOptions): number {
  const { walletQuote, otherMaintQuote, otherUnrealizedQuote, side, qty, entryPrice, brackets } = options;
  for (const bracket of brackets.brackets) {
    const rate = Number(bracket.maintRate) / 1e8;
    const cum = Number(bracket.cumQuote) / 1e8;
    const price =
      (walletQuote - otherMaintQuote + otherUnrealizedQuote + cum - side * qty * entryPrice) /
      (qty * rate - side * qty);
    const notional = price * qty;
    const isLast = bracket === brackets.brackets[brackets.brackets.length - 1];
    if (notional > Number(bracket.floorQuote) / 1e8 && (isLast || notional <= Number(bracket.capQuote) / 1e8))
      return price;
    if (price <= 0) return 0;
  }
  return 0;
}
