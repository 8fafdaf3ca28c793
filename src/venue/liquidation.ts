import { MONEY_SCALE, type Money } from "../engine/domain/money.ts";
import { type AccountState, type Position, settingsOf } from "./account.ts";
import { accountMargin, type MarginContext, positionMargin } from "./margin.ts";
import { referencePrice } from "./venue-market.ts";

export interface LiquidationOptions {
  readonly context: MarginContext;
  /** Cancels open orders of a symbol, or all of them. */
  cancelOrders(account: AccountState, symbolIndex: number | null, tsMs: number): void;
  /** Closes lots of a position at no worse than the bankruptcy price. */
  closeAt(account: AccountState, position: Position, qtyLots: number, bankruptcyTicks: number, tsMs: number): void;
  chargeFee(account: AccountState, position: Position, feeQuote: Money, tsMs: number): void;
  coverLoss(account: AccountState, amountQuote: Money, tsMs: number): void;
  marginCall(account: AccountState, positions: readonly Position[], tsMs: number): void;
}

/** Share of the margin that maintenance has used up when the account is warned. */
const MARGIN_CALL_RATIO = 0.8;
/** One warning in this time (Binance pushes few). */
const MARGIN_CALL_PAUSE_MS = 3_600_000;

/**
 * Closes positions whose margin no longer covers maintenance at the mark price: open orders are cancelled first; if
 * that is not enough, an IOC order at the bankruptcy price follows, for just so much as brings the position into its
 * lower bracket (whole in the first), until the margin suffices. Each pays the symbol's liquidation fee out of what is
 * left (exchange.md section 3).
 */
export class Liquidation {
  readonly #options: LiquidationOptions;

  constructor(options: LiquidationOptions) {
    this.#options = options;
  }

  /** Checks what the price of a symbol can have changed: its isolated positions, and the cross margin if it has one. */
  check(account: AccountState, symbolIndex: number, tsMs: number): void {
    if (account.isInLiquidation) return;
    let isCrossHeld = false;
    for (const position of [...account.positions.values()]) {
      if (position.symbolIndex !== symbolIndex) continue;
      if (settingsOf(account, symbolIndex).marginType === "cross") isCrossHeld = true;
      else if (this.#isIsolatedShort(account, position)) this.#liquidateIsolated(account, position, tsMs);
    }
    if (!isCrossHeld) return;
    const ratio = this.#crossRatio(account);
    if (ratio < MARGIN_CALL_RATIO) return;
    if (this.#isCrossShort(account)) this.#liquidateCross(account, tsMs);
    else if (tsMs - account.lastMarginCallTsMs >= MARGIN_CALL_PAUSE_MS) {
      account.lastMarginCallTsMs = tsMs;
      this.#options.marginCall(account, crossPositions(account), tsMs);
    }
  }

  /** Maintenance over margin in floats: most of the time it is far from 1, and exact money is not needed to see it. */
  #crossRatio(account: AccountState): number {
    const { rules, market } = this.#options.context;
    let margin = Number(account.walletQuote) / 1e8;
    let maintenance = 0;
    for (const position of account.positions.values()) {
      const { symbolIndex, qtyLots } = position;
      if (settingsOf(account, symbolIndex).marginType === "isolated") {
        margin -= Number(position.isolatedQuote) / 1e8;
        continue;
      }
      const { contract, brackets } = rules[symbolIndex]!;
      const price = referencePrice(market, symbolIndex);
      const cost = Number(position.entryCostQuote) / 1e8;
      const notional = price > 0 ? price * Math.abs(qtyLots) * contract.qtyPerLot : cost;
      margin += (qtyLots > 0 ? 1 : -1) * (notional - cost);
      maintenance += Number(brackets.maintenanceQuote(BigInt(Math.round(notional * 1e8)))) / 1e8;
    }
    return margin <= 0 ? Number.POSITIVE_INFINITY : maintenance / margin;
  }

  #isCrossShort(account: AccountState): boolean {
    const margin = accountMargin(this.#options.context, account);
    return (
      margin.crossMaintQuote > 0n && margin.crossWalletQuote + margin.crossUnrealizedQuote < margin.crossMaintQuote
    );
  }

  #isIsolatedShort(account: AccountState, position: Position): boolean {
    const margin = positionMargin(this.#options.context, account, position);
    return position.isolatedQuote + margin.unrealizedQuote < margin.maintQuote;
  }

  #liquidateCross(account: AccountState, tsMs: number): void {
    account.isInLiquidation = true;
    this.#options.cancelOrders(account, null, tsMs);
    while (this.#isCrossShort(account)) {
      const position = this.#largest(account);
      if (position === null) break;
      const margin = accountMargin(this.#options.context, account);
      this.#reduce(account, position, margin.crossWalletQuote + margin.crossUnrealizedQuote, tsMs);
    }
    const { crossWalletQuote } = accountMargin(this.#options.context, account);
    if (crossPositions(account).length === 0 && crossWalletQuote < 0n)
      this.#options.coverLoss(account, -crossWalletQuote, tsMs);
    account.isInLiquidation = false;
  }

  #liquidateIsolated(account: AccountState, position: Position, tsMs: number): void {
    account.isInLiquidation = true;
    this.#options.cancelOrders(account, position.symbolIndex, tsMs);
    while (position.qtyLots !== 0 && this.#isIsolatedShort(account, position)) {
      const margin = positionMargin(this.#options.context, account, position);
      this.#reduce(account, position, position.isolatedQuote + margin.unrealizedQuote, tsMs);
    }
    account.isInLiquidation = false;
  }

  /** One liquidation order. `marginQuote` is what the position has left at the mark: at the bankruptcy price it is 0. */
  #reduce(account: AccountState, position: Position, marginQuote: Money, tsMs: number): void {
    const { contract, brackets, liquidationFeeRate } = this.#options.context.rules[position.symbolIndex]!;
    const { notionalQuote, markPrice } = positionMargin(this.#options.context, account, position);
    const held = Math.abs(position.qtyLots);
    const bracket = brackets.at(notionalQuote);
    const keptLots =
      bracket.tier === 1 ? 0 : Math.floor(Number(bracket.floorQuote) / 1e8 / markPrice / contract.qtyPerLot);
    const lots = Math.max(1, held - keptLots);
    const sign = position.qtyLots > 0 ? 1 : -1;
    const perUnit = Number(marginQuote) / 1e8 / (held * contract.qtyPerLot);
    const bankruptcyPrice = markPrice - sign * perUnit;
    const exactTicks = bankruptcyPrice / contract.tickSize;
    const bankruptcyTicks = Math.max(1, sign > 0 ? Math.ceil(exactTicks - 1e-9) : Math.floor(exactTicks + 1e-9));
    const isolatedBefore = position.isolatedQuote;
    const walletBefore = account.walletQuote;
    this.#options.closeAt(account, position, lots, bankruptcyTicks, tsMs);
    const spentQuote = walletBefore - account.walletQuote;
    const isIsolated = settingsOf(account, position.symbolIndex).marginType === "isolated";
    if (isIsolated) {
      // An isolated position cannot cost more than was set aside for what was closed.
      const releasedQuote = isolatedBefore - position.isolatedQuote;
      if (spentQuote > releasedQuote) this.#options.coverLoss(account, spentQuote - releasedQuote, tsMs);
      const leftQuote = releasedQuote - spentQuote;
      this.#options.chargeFee(
        account,
        position,
        min(leftQuote, this.#fee(contract.valueQuote(markPrice, lots), liquidationFeeRate)),
        tsMs,
      );
      return;
    }
    const margin = accountMargin(this.#options.context, account);
    const leftQuote = margin.crossWalletQuote + margin.crossUnrealizedQuote;
    this.#options.chargeFee(
      account,
      position,
      min(leftQuote, this.#fee(contract.valueQuote(markPrice, lots), liquidationFeeRate)),
      tsMs,
    );
  }

  #fee(notionalQuote: Money, rate: Money): Money {
    return (notionalQuote * rate) / MONEY_SCALE;
  }

  /** The cross position with the largest maintenance margin: closing it helps most. */
  #largest(account: AccountState): Position | null {
    let largest: Position | null = null;
    let most = -1n;
    for (const position of crossPositions(account)) {
      const { maintQuote } = positionMargin(this.#options.context, account, position);
      if (maintQuote > most) {
        most = maintQuote;
        largest = position;
      }
    }
    return largest;
  }
}

function crossPositions(account: AccountState): Position[] {
  return [...account.positions.values()].filter(
    ({ symbolIndex }) => settingsOf(account, symbolIndex).marginType === "cross",
  );
}

function min(left: Money, right: Money): Money {
  return left < right ? left : right;
}
