import { type Side, sideSign } from "../engine/domain/intent.ts";
import type { Money } from "../engine/domain/money.ts";
import { MARKET_KIND } from "../recording/batch.ts";
import { type AccountState, bookTrade, closingLots, dropOldest, heldLots, positionKey, settingsOf } from "./account.ts";
import { feeOf } from "./contract.ts";
import type { Liquidity } from "./liquidity.ts";
import {
  type ExpiryReason,
  isOpen,
  type Order,
  type OrderRequest,
  type OrderStatus,
  type OrderType,
  openLots,
  type Trade,
} from "./order.ts";
import { RestingBook } from "./resting-book.ts";
import type { SymbolRules } from "./symbol-rules.ts";
import { referencePrice, type VenueMarket } from "./venue-market.ts";
import type { VenueCounters, VenueListener } from "./venue-options.ts";

/** Nobody knows how much stands before an order at a price the recording does not show: only trading through fills it. */
const QUEUE_UNKNOWN = Number.MAX_SAFE_INTEGER;

/** Relative difference of prices that is binary noise. */
const NOISE = 1e-12;

/** What changed a position. */
export type PositionCause = Pick<Order, "symbolIndex" | "positionSide" | "side">;

export interface OrderDeskOptions {
  readonly rules: readonly SymbolRules[];
  readonly accounts: readonly AccountState[];
  readonly market: VenueMarket;
  readonly liquidity: Liquidity;
  readonly makerRate: Money;
  readonly takerRate: Money;
  readonly orderIdBase: bigint;
  readonly counters: VenueCounters;
  readonly listener: VenueListener;
  nextTranId(): number;
  /** An order that an algo order became has ended. */
  onOrderEnded(account: AccountState, order: Order, tsMs: number): void;
  /** A position has become flat by this order. */
  onPositionClosed(account: AccountState, cause: PositionCause, tsMs: number): void;
  /** What rests or is held of a symbol has changed. */
  watch(symbolIndex: number): void;
  dueAt(tsMs: number): void;
}

/** Life of ordinary orders: taken, matched with strangers and with each other, resting, filled, ended. */
export class OrderDesk {
  readonly #options: OrderDeskOptions;
  readonly #resting: (RestingBook | null)[];
  readonly #orderIdBase: number;

  constructor(options: OrderDeskOptions) {
    this.#options = options;
    this.#orderIdBase = Number(options.orderIdBase);
    this.#resting = options.rules.map(() => null);
  }

  isResting(symbolIndex: number): boolean {
    return (this.#resting[symbolIndex]?.size ?? 0) > 0;
  }

  /** Builds the books anew from the open orders: whatever is open between two calls rests. */
  restore(): void {
    this.#resting.fill(null);
    const open = this.#options.accounts.flatMap(({ openOrders }) => [...openOrders.values()]);
    for (const order of open.sort((left, right) => left.priority - right.priority)) {
      this.#bookOf(order.symbolIndex).add(order);
    }
  }

  #bookOf(symbolIndex: number): RestingBook {
    const known = this.#resting[symbolIndex];
    if (known !== null && known !== undefined) return known;
    const book = new RestingBook();
    this.#resting[symbolIndex] = book;
    return book;
  }

  accept(account: AccountState, request: OrderRequest, type: OrderType, tsMs: number): Order {
    this.#options.counters.orders += 1;
    const { triggered } = request;
    const order: Order = {
      orderId: this.#orderId(this.#options.counters.orders),
      accountIndex: account.index,
      symbolIndex: request.symbolIndex,
      clientOrderId: request.clientOrderId,
      side: request.side,
      sign: sideSign(request.side),
      positionSide: request.positionSide,
      type,
      origType: triggered?.origType ?? type,
      timeInForce: request.timeInForce ?? (type === "LIQUIDATION" ? "IOC" : "GTC"),
      isReduceOnly: request.isReduceOnly,
      isClosePosition: triggered?.isClosePosition ?? false,
      selfTradeMode: request.selfTradeMode ?? "NONE",
      goodTillTsMs: request.goodTillTsMs ?? 0,
      createdTsMs: tsMs,
      algoId: triggered?.algoId ?? null,
      stopPriceTicks: triggered?.stopPriceTicks ?? 0,
      qtyLots: request.qtyLots,
      priceTicks: request.priceTicks ?? 0,
      updatedTsMs: tsMs,
      status: "NEW",
      filledLots: 0,
      filledQuote: 0n,
      marginQuote: 0n,
      queueAheadLots: 0,
      priority: ++this.#options.counters.priority,
      expiryReason: 0,
    };
    // It joins the open orders when it rests: most market orders end within the call that brought them.
    account.byClientId.set(order.clientOrderId, order);
    this.#options.listener.order(order, "NEW", null, tsMs);
    return order;
  }

  /** Ids beyond 2^53 need bigints, which cost more than the rest of the order. */
  #orderId(count: number): string {
    const id = this.#orderIdBase + count;
    return Number.isSafeInteger(id) ? String(id) : String(this.#options.orderIdBase + BigInt(count));
  }

  /** Trades what can trade at once. A limit beyond which it may not go is its own price, or the venue's bound for MARKET. */
  match(account: AccountState, order: Order, tsMs: number): void {
    const { index, contract } = this.#options.rules[order.symbolIndex]!;
    const boundTicks = order.priceTicks > 0 ? order.priceTicks : this.#marketBoundTicks(order);
    while (isOpen(order)) {
      const open = openLots(order);
      const stranger = this.#options.liquidity.takerTicks(contract, order.side, open, tsMs);
      const maker = this.#resting[index]?.best(order.sign > 0 ? -1 : 1);
      // At equal prices strangers come first: they were there in the recording, our order is a guest.
      const isInternal =
        maker !== undefined && (Number.isNaN(stranger) || order.sign * (stranger - maker.priceTicks) > 0);
      const ticks = isInternal ? maker.priceTicks : stranger;
      if (Number.isNaN(ticks) || order.sign * (ticks - boundTicks) > 0) return;
      if (isInternal) {
        if (
          maker.accountIndex === order.accountIndex &&
          order.selfTradeMode !== "NONE" &&
          order.timeInForce !== "FOK"
        ) {
          if (this.#preventSelfTrade(account, order, maker, tsMs)) return;
          continue;
        }
        const lots = this.#reducible(account, order, Math.min(open, openLots(maker)));
        const makerAccount = this.#options.accounts[maker.accountIndex]!;
        const traded = Math.min(lots, this.#reducible(makerAccount, maker, lots));
        if (lots === 0) {
          this.end(account, order, "EXPIRED", 4, tsMs);
          return;
        }
        if (traded === 0) {
          this.leaveAndEnd(maker, "EXPIRED", 4, tsMs);
          continue;
        }
        this.trade(makerAccount, maker, ticks, traded, true, tsMs);
        this.trade(account, order, ticks, traded, false, tsMs);
        continue;
      }
      const lots = this.#reducible(
        account,
        order,
        Math.min(open, this.#options.liquidity.takerLots(contract, order.side)),
      );
      if (lots === 0) {
        this.end(account, order, "EXPIRED", 4, tsMs);
        return;
      }
      this.#options.liquidity.take(contract, order.side, lots);
      this.trade(account, order, ticks, lots, false, tsMs);
    }
  }

  /** @returns `true` when the taker has left */
  #preventSelfTrade(account: AccountState, taker: Order, maker: Order, tsMs: number): boolean {
    const mode = taker.selfTradeMode;
    if (mode === "EXPIRE_MAKER" || mode === "EXPIRE_BOTH") this.leaveAndEnd(maker, "EXPIRED_IN_MATCH", 1, tsMs);
    if (mode === "EXPIRE_MAKER") return false;
    this.end(account, taker, "EXPIRED_IN_MATCH", 1, tsMs);
    return true;
  }

  /** MARKET orders do not trade further from the mark than `marketTakeBound` of the symbol. */
  #marketBoundTicks(order: Order): number {
    const { contract, marketTakeBound } = this.#options.rules[order.symbolIndex]!;
    const mark = referencePrice(this.#options.market, order.symbolIndex);
    if (!(mark > 0)) return order.sign > 0 ? Number.POSITIVE_INFINITY : 0;
    return (mark * (1 + order.sign * marketTakeBound)) / contract.tickSize;
  }

  /** Lots of these that the order may trade: a reduce-only or closing one no further than to a flat position. */
  #reducible(account: AccountState, order: Order, lots: number): number {
    const isClosing =
      order.isReduceOnly ||
      (order.positionSide === "LONG" && order.side === "SELL") ||
      (order.positionSide === "SHORT" && order.side === "BUY");
    return isClosing ? closingLots(account, order.symbolIndex, order.positionSide, order.side, lots) : lots;
  }

  trade(
    account: AccountState,
    order: Order,
    priceTicks: number,
    qtyLots: number,
    isMaker: boolean,
    tsMs: number,
  ): Trade {
    const { contract } = this.#options.rules[order.symbolIndex]!;
    const { symbolIndex, side, positionSide } = order;
    const closing = closingLots(account, symbolIndex, positionSide, side, qtyLots);
    const opening = qtyLots - closing;
    const closingNotionalQuote = closing === 0 ? 0n : contract.notionalQuote(priceTicks, closing);
    const openingNotionalQuote = opening === 0 ? 0n : contract.notionalQuote(priceTicks, opening);
    const notionalQuote =
      closing === 0
        ? openingNotionalQuote
        : opening === 0
          ? closingNotionalQuote
          : closingNotionalQuote + openingNotionalQuote;
    const feeQuote = feeOf(notionalQuote, isMaker ? this.#options.makerRate : this.#options.takerRate);
    this.#options.counters.trades += 1;
    const before = account.walletQuote;
    const key = positionKey(symbolIndex, positionSide);
    const known = account.positions.get(key);
    const realizedPnlQuote = bookTrade(
      account,
      {
        contract,
        side,
        positionSide,
        closingLots: closing,
        closingNotionalQuote,
        openingLots: opening,
        openingNotionalQuote,
        feeQuote,
        tradeId: this.#options.counters.trades,
        tsMs,
      },
      this.#options.nextTranId,
    );
    order.filledLots += qtyLots;
    order.filledQuote = order.filledLots === qtyLots ? notionalQuote : order.filledQuote + notionalQuote;
    order.updatedTsMs = tsMs;
    order.status = openLots(order) === 0 ? "FILLED" : "PARTIALLY_FILLED";
    const trade: Trade = {
      tradeId: this.#options.counters.trades,
      orderId: order.orderId,
      accountIndex: account.index,
      symbolIndex,
      side,
      positionSide,
      priceTicks,
      qtyLots,
      notionalQuote,
      feeQuote,
      realizedPnlQuote,
      isMaker,
      tsMs,
    };
    account.trades.push(trade);
    dropOldest(account.trades, account.historyMax);
    if (order.status === "FILLED") {
      if (isMaker) this.leaveBook(account, order);
      this.#forget(account, order);
    }
    const position = account.positions.get(key) ?? { ...known!, qtyLots: 0, entryCostQuote: 0n, isolatedQuote: 0n };
    const { listener } = this.#options;
    listener.account(account, "ORDER", [position], account.walletQuote - before, tsMs);
    listener.order(order, order.type === "LIQUIDATION" ? "CALCULATED" : "TRADE", trade, tsMs);
    if (order.algoId !== null && order.status === "FILLED") this.#options.onOrderEnded(account, order, tsMs);
    this.#options.watch(symbolIndex);
    if (closing > 0) this.#expireReduceOnly(account, order, tsMs);
    return trade;
  }

  rest(account: AccountState, order: Order, tsMs: number): void {
    const { index, contract } = this.#options.rules[order.symbolIndex]!;
    account.openOrders.set(order.orderId, order);
    if (!order.isReduceOnly) {
      const notionalQuote = contract.notionalQuote(order.priceTicks, openLots(order));
      order.marginQuote = notionalQuote / BigInt(settingsOf(account, index).leverage);
      account.orderMarginQuote += order.marginQuote;
    }
    order.queueAheadLots = this.#queueAhead(order);
    this.#bookOf(index).add(order);
    if (order.goodTillTsMs > 0) this.#options.dueAt(order.goodTillTsMs);
    this.#options.watch(index);
    if (order.goodTillTsMs > 0 && order.goodTillTsMs <= tsMs) this.leaveAndEnd(order, "EXPIRED", 7, tsMs);
  }

  /** Lots that stand at its price already: all that the recording shows there, 0 when it is the best, unknown beyond. */
  #queueAhead(order: Order): number {
    const { index, contract } = this.#options.rules[order.symbolIndex]!;
    const { market } = this.#options;
    if (this.#options.liquidity.profile === "optimistic") return 0;
    if (this.#options.liquidity.profile === "adverse") return QUEUE_UNKNOWN;
    const depth = market.depth[index];
    if (depth !== null && depth !== undefined) return depth.lotsAt(order.sign, order.priceTicks);
    const quote = order.sign > 0 ? market.bid[index]! : market.ask[index]!;
    const qty = order.sign > 0 ? market.bidQty[index]! : market.askQty[index]!;
    if (!(quote > 0) || !(qty > 0)) return QUEUE_UNKNOWN;
    const ahead = order.sign * (Math.round(quote / contract.tickSize) - order.priceTicks);
    if (ahead < 0) return 0;
    return ahead === 0 ? Math.round(qty / contract.qtyPerLot) : QUEUE_UNKNOWN;
  }

  leaveBook(account: AccountState, order: Order): void {
    account.orderMarginQuote -= order.marginQuote;
    order.marginQuote = 0n;
    this.#resting[order.symbolIndex]?.remove(order);
    this.#options.watch(order.symbolIndex);
  }

  leaveAndEnd(
    order: Order,
    status: "CANCELED" | "EXPIRED" | "EXPIRED_IN_MATCH",
    reason: ExpiryReason,
    tsMs: number,
  ): void {
    const account = this.#options.accounts[order.accountIndex]!;
    this.leaveBook(account, order);
    this.end(account, order, status, reason, tsMs);
  }

  end(account: AccountState, order: Order, status: OrderStatus, reason: ExpiryReason, tsMs: number): void {
    order.status = status;
    order.expiryReason = reason;
    order.updatedTsMs = tsMs;
    this.#forget(account, order);
    this.#options.listener.order(order, status === "CANCELED" ? "CANCELED" : "EXPIRED", null, tsMs);
    if (order.algoId !== null) this.#options.onOrderEnded(account, order, tsMs);
  }

  /** Out of the open ones; ended orders are kept up to a number, so memory does not grow with the run. */
  #forget(account: AccountState, order: Order): void {
    if (account.openOrders.size > 0) account.openOrders.delete(order.orderId);
    account.ended.push(order);
    for (const dropped of dropOldest(account.ended, account.historyMax)) {
      if (account.byClientId.get(dropped.clientOrderId) === dropped) account.byClientId.delete(dropped.clientOrderId);
    }
  }

  /** Fills what rests of a symbol: whole when the market trades through it, by its place in line when it trades at it. */
  fillResting(symbolIndex: number, tsMs: number, kind: number, tradedLots: number): void {
    const resting = this.#resting[symbolIndex];
    if (resting === null || resting === undefined || resting.size === 0) return;
    const { market } = this.#options;
    const { contract } = this.#options.rules[symbolIndex]!;
    const isTrade = kind === MARKET_KIND.trade;
    const price = isTrade ? market.last[symbolIndex]! : Number.NaN;
    for (const sign of [1, -1] as const) {
      // What a buyer could have been sold at: the trade itself, or the best offer of strangers.
      const against = isTrade ? price : this.#options.liquidity.bestPrice(symbolIndex, sign > 0 ? "BUY" : "SELL");
      const againstTicks = against / contract.tickSize;
      let leftLots = tradedLots;
      for (const order of [...resting.orders(sign)]) {
        if (!isOpen(order)) continue;
        // Binary noise of a price that was worked out makes a touch no trade through it.
        const exact = sign * (order.priceTicks - againstTicks);
        const through = Math.abs(exact) < NOISE * order.priceTicks ? 0 : exact;
        if (!(through >= 0)) break;
        const lots = through > 0 ? openLots(order) : this.#lotsAtTouch(order, isTrade, leftLots);
        if (through === 0) leftLots = Math.max(0, leftLots - Math.max(lots, 0));
        if (lots > 0) this.#fillMaker(order, lots, tsMs);
      }
    }
  }

  /** Lots of an order that fill when strangers trade exactly at its price. Cancellations before it are not guessed. */
  #lotsAtTouch(order: Order, isTrade: boolean, tradedLots: number): number {
    if (this.#options.liquidity.profile === "optimistic") return openLots(order);
    if (!isTrade || tradedLots <= 0 || order.queueAheadLots === QUEUE_UNKNOWN) return 0;
    const excess = tradedLots - order.queueAheadLots;
    order.queueAheadLots = Math.max(0, -excess);
    return Math.min(openLots(order), Math.max(0, excess));
  }

  #fillMaker(order: Order, lots: number, tsMs: number): void {
    const account = this.#options.accounts[order.accountIndex]!;
    const traded = this.#reducible(account, order, lots);
    if (traded > 0) {
      const releasedQuote = order.isReduceOnly ? 0n : (order.marginQuote * BigInt(traded)) / BigInt(openLots(order));
      order.marginQuote -= releasedQuote;
      account.orderMarginQuote -= releasedQuote;
      this.trade(account, order, order.priceTicks, traded, true, tsMs);
      if (isOpen(order) && traded < lots) this.leaveAndEnd(order, "EXPIRED", 4, tsMs);
    } else this.leaveAndEnd(order, "EXPIRED", 4, tsMs);
  }

  /** Resting reduce-only orders that no longer have anything to reduce leave the book, as on Binance (`er` 4). */
  #expireReduceOnly(account: AccountState, cause: PositionCause, tsMs: number): void {
    for (const order of account.openOrders.size === 0 ? [] : [...account.openOrders.values()]) {
      if (order === cause || order.symbolIndex !== cause.symbolIndex || order.positionSide !== cause.positionSide)
        continue;
      const isClosing = order.isReduceOnly || (order.positionSide !== "BOTH" && order.side === cause.side);
      if (!isClosing || closingLots(account, order.symbolIndex, order.positionSide, order.side, 1) > 0) continue;
      this.leaveAndEnd(order, "EXPIRED", 4, tsMs);
    }
    if (heldLots(account, cause.symbolIndex, cause.positionSide) === 0)
      this.#options.onPositionClosed(account, cause, tsMs);
  }

  /** Books a trade that no order of the account made, at a price that need not be on a tick; the taker's fee is paid. */
  bookBeside(
    account: AccountState,
    symbolIndex: number,
    side: Side,
    qtyLots: number,
    price: number,
    tsMs: number,
  ): void {
    const { contract } = this.#options.rules[symbolIndex]!;
    const closing = closingLots(account, symbolIndex, "BOTH", side, qtyLots);
    const closingNotionalQuote = contract.valueQuote(price, closing);
    const openingNotionalQuote = contract.valueQuote(price, qtyLots - closing);
    this.#options.counters.trades += 1;
    bookTrade(
      account,
      {
        contract,
        side,
        positionSide: "BOTH",
        closingLots: closing,
        closingNotionalQuote,
        openingLots: qtyLots - closing,
        openingNotionalQuote,
        feeQuote: feeOf(closingNotionalQuote + openingNotionalQuote, this.#options.takerRate),
        tradeId: this.#options.counters.trades,
        tsMs,
      },
      this.#options.nextTranId,
    );
    this.#options.watch(symbolIndex);
    if (closing > 0) this.#expireReduceOnly(account, { symbolIndex, positionSide: "BOTH", side }, tsMs);
  }

  fillableLots(request: OrderRequest, rules: SymbolRules, tsMs: number): number {
    const limit = request.priceTicks ?? Number.NaN;
    const sign = sideSign(request.side);
    let lots = this.#options.liquidity.fillableLots(rules.contract, request.side, limit, request.qtyLots, tsMs);
    for (const maker of this.#resting[rules.index]?.orders(sign > 0 ? -1 : 1) ?? []) {
      if (sign * (maker.priceTicks - limit) > 0) break;
      lots += openLots(maker);
    }
    return Math.min(lots, request.qtyLots);
  }
}
