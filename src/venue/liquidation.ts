import { MONEY_SCALE, type Money } from "../engine/domain/money.ts";
import { type AccountState, type Position, positionKey, settingsOf } from "./account.ts";
import { accountMargin, type MarginContext, positionMargin } from "./margin.ts";
import { referencePrice } from "./venue-market.ts";

export interface LiquidationOptions {
  readonly context: MarginContext;
  /** Trades booked so far on any account: positions change with one of them or with `startCostQuote`. */
  tradeCount(): number;
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
/** Below this a ratio worked out in doubles is below `MARGIN_CALL_RATIO` however it was rounded. */
const HEALTHY_RATIO = 0.79;
const POSITION_SIDES = ["BOTH", "LONG", "SHORT"] as const;
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
  /** By account index. Saves adding up and decides nothing: it is not saved with a checkpoint. */
  readonly #health: (Health | undefined)[] = [];

  constructor(options: LiquidationOptions) {
    this.#options = options;
  }

  /** Checks what the price of a symbol can have changed: its isolated positions, and the cross margin if it has one. */
  check(account: AccountState, symbolIndex: number, tsMs: number): void {
    if (account.isInLiquidation || this.#isKnownHealthy(account, symbolIndex)) return;
    let isCrossHeld = false;
    for (const position of heldOf(account, symbolIndex)) {
      if (settingsOf(account, symbolIndex).marginType === "cross") isCrossHeld = true;
      else if (this.#isIsolatedShort(account, position)) this.#liquidateIsolated(account, position, tsMs);
    }
    if (!isCrossHeld || this.#addUp(account)) return;
    const ratio = this.#crossRatio(account);
    if (ratio < MARGIN_CALL_RATIO) return;
    if (this.#isCrossShort(account)) this.#liquidateCross(account, tsMs);
    else if (tsMs - account.lastMarginCallTsMs >= MARGIN_CALL_PAUSE_MS) {
      account.lastMarginCallTsMs = tsMs;
      this.#options.marginCall(account, crossPositions(account), tsMs);
    }
  }

  /** `true` for almost every account at almost every price: asked for each row of a held symbol, so it only compares. */
  #isKnownHealthy(account: AccountState, symbolIndex: number): boolean {
    const known = this.#health[account.index];
    if (known === undefined) return false;
    const price = referencePrice(this.#options.context.market, symbolIndex);
    return (
      price >= known.lowPrices[symbolIndex]! &&
      price <= known.highPrices[symbolIndex]! &&
      known.account === account &&
      this.#options.tradeCount() === known.tradeCount &&
      isAsBefore(account, known)
    );
  }

  /** Adds the whole account up and keeps how far each price may move before that must be done again. */
  #addUp(account: AccountState): boolean {
    const { rules } = this.#options.context;
    let margin = Number(account.walletQuote) / 1e8;
    let maintenance = 0;
    let isSteady = true;
    for (const position of account.positions.values()) {
      const { symbolIndex } = position;
      if (settingsOf(account, symbolIndex).marginType === "isolated") {
        // Its margin can change without a trade.
        isSteady = false;
        margin -= Number(position.isolatedQuote) / 1e8;
        continue;
      }
      const cost = Number(position.entryCostQuote) / 1e8;
      const known = this.#notional(position);
      if (known === null) isSteady = false;
      const notional = known ?? cost;
      margin += (position.qtyLots > 0 ? 1 : -1) * (notional - cost);
      maintenance += rules[symbolIndex]!.brackets.maintenanceNear(notional);
    }
    // A notional that moves by 1 takes at most 1 from the margin and adds at most 1 to maintenance.
    const room = (HEALTHY_RATIO * margin - maintenance) / (1 + HEALTHY_RATIO);
    this.#health[account.index] = isSteady && room > 0 ? this.#healthOf(account, room) : undefined;
    return room > 0 && margin > 0;
  }

  /** Shares the room among the positions: while each price stays in its share, all of them together stay in the room. */
  #healthOf(account: AccountState, room: number): Health {
    const { rules, market } = this.#options.context;
    const before = this.#health[account.index];
    // Prices of symbols that are no longer held may stay: without a position there is nothing to check.
    const lowPrices = before?.lowPrices ?? new Float64Array(rules.length).fill(Number.POSITIVE_INFINITY);
    const highPrices = before?.highPrices ?? new Float64Array(rules.length);
    const share = room / account.positions.size;
    const { tradeCount } = this.#options;
    const { walletQuote, startCostQuote, positions } = account;
    for (const { symbolIndex } of positions.values()) {
      lowPrices[symbolIndex] = 0;
      highPrices[symbolIndex] = Number.POSITIVE_INFINITY;
    }
    for (const { symbolIndex, qtyLots } of positions.values()) {
      const price = referencePrice(market, symbolIndex);
      const move = share / (Math.abs(qtyLots) * rules[symbolIndex]!.contract.qtyPerLot);
      // Both sides of a symbol may be held: the narrower one counts for both.
      lowPrices[symbolIndex] = Math.max(lowPrices[symbolIndex]!, price - move);
      highPrices[symbolIndex] = Math.min(highPrices[symbolIndex]!, price + move);
    }
    return {
      account,
      tradeCount: tradeCount(),
      walletQuote,
      startCostQuote,
      positionCount: positions.size,
      lowPrices,
      highPrices,
    };
  }

  #notional({ symbolIndex, qtyLots }: Position): number | null {
    const { rules, market } = this.#options.context;
    const price = referencePrice(market, symbolIndex);
    return price > 0 ? price * Math.abs(qtyLots) * rules[symbolIndex]!.contract.qtyPerLot : null;
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

/** A sum that holds until a trade, a transfer, funding or a reset changes what it stands on. */
interface Health {
  readonly account: AccountState;
  readonly tradeCount: number;
  readonly walletQuote: Money;
  readonly startCostQuote: Money;
  readonly positionCount: number;
  /** By symbol: between these prices, both included, the ratio cannot be at `HEALTHY_RATIO`. */
  readonly lowPrices: Float64Array;
  readonly highPrices: Float64Array;
}

function isAsBefore(account: AccountState, { walletQuote, startCostQuote, positionCount }: Health): boolean {
  return (
    account.positions.size === positionCount &&
    account.walletQuote === walletQuote &&
    account.startCostQuote === startCostQuote
  );
}

/** In the order in which they were opened. A list, because a liquidation ends them. */
function heldOf(account: AccountState, symbolIndex: number): Position[] {
  const held: Position[] = [];
  for (const side of POSITION_SIDES) {
    const position = account.positions.get(positionKey(symbolIndex, side));
    if (position !== undefined) held.push(position);
  }
  return held.length < 2 ? held : [...account.positions.values()].filter((each) => each.symbolIndex === symbolIndex);
}

function crossPositions(account: AccountState): Position[] {
  return [...account.positions.values()].filter(
    ({ symbolIndex }) => settingsOf(account, symbolIndex).marginType === "cross",
  );
}

function min(left: Money, right: Money): Money {
  return left < right ? left : right;
}
