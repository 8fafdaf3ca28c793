import type { Side } from "../engine/domain/intent.ts";
import type { Money } from "../engine/domain/money.ts";
import { MARKET_KIND } from "../recording/batch.ts";
import {
  type AccountOptions,
  type AccountState,
  addIncome,
  adoptPosition,
  createAccount,
  dropOldest,
  heldLots,
  type Position,
  resetAccount,
  settingsOf,
} from "./account.ts";
import { Admission } from "./admission.ts";
import type { AlgoOrder, AlgoRequest } from "./algo-order.ts";
import { AlgoOrders } from "./algo-orders.ts";
import { ForcedClosing } from "./forced-closing.ts";
import { Liquidation } from "./liquidation.ts";
import { Liquidity } from "./liquidity.ts";
import { accountMargin, type MarginContext, positionMargin } from "./margin.ts";
import { isOpen, type Order, type OrderRequest } from "./order.ts";
import { OrderDesk } from "./order-desk.ts";
import { REFUSALS, type Refusal } from "./refusal.ts";
import type { SymbolRules, SymbolStatus } from "./symbol-rules.ts";
import { referencePrice, type VenueMarket } from "./venue-market.ts";
import type { VenueCounters, VenueOptions } from "./venue-options.ts";

/**
 * A Binance USD-M venue in virtual time: accounts, orders, positions, margin, liquidation.
 *
 * It owns no clock, no queue and no dice. Every call says what time it is; whoever owns the clock calls `onMarket` for
 * watched symbols, `advance` at `nextDueTsMs`, and requests in the order in which they reach the exchange. What happens
 * is told to the listener; requests return what Binance would answer, or a `Refusal`.
 *
 * All its state is plain data behind `save` and `load`.
 */
export class Venue {
  readonly rules: readonly SymbolRules[];
  readonly accounts: AccountState[] = [];
  /** 1 where `onMarket` must be called for every row of the symbol. */
  readonly watched: Uint8Array;

  readonly #options: VenueOptions;
  readonly #context: MarginContext;
  readonly #liquidity: Liquidity;
  readonly #admission: Admission;
  readonly #algo: AlgoOrders;
  readonly #liquidation: Liquidation;
  readonly #desk: OrderDesk;
  readonly #forced: ForcedClosing;
  readonly #status: SymbolStatus[];
  readonly #matchedKinds: Uint8Array;
  readonly #bySymbol: Map<string, number>;
  readonly #counters: VenueCounters = { orders: 0, trades: 0, transfers: 0, priority: 0 };
  #nextDueTsMs = Number.POSITIVE_INFINITY;

  constructor(options: VenueOptions) {
    this.#options = options;
    this.rules = options.rules;
    this.#context = { rules: options.rules, market: options.market };
    this.#liquidity = new Liquidity(options.fill, options.market);
    this.#admission = new Admission(this.#context, this.#liquidity);
    this.#status = options.rules.map(({ info }) => (info["status"] === "TRADING" ? "TRADING" : "CLOSED"));
    this.watched = new Uint8Array(options.rules.length);
    this.#bySymbol = new Map(options.rules.map(({ symbol, index }) => [symbol, index]));
    this.#matchedKinds = matchedKinds(options.fidelity);
    const { rules, market, listener } = options;
    this.#counters.trades = options.tradeIdBase ?? 0;
    const nextTranId = () => ++this.#counters.transfers;
    this.#desk = new OrderDesk({
      rules,
      accounts: this.accounts,
      market,
      liquidity: this.#liquidity,
      makerRate: options.makerRate,
      takerRate: options.takerRate,
      orderIdBase: options.orderIdBase ?? 10_000_000n,
      counters: this.#counters,
      listener,
      nextTranId,
      onOrderEnded: (account, order, tsMs) => this.#algo.onOrderEnded(account, order, tsMs),
      onPositionClosed: (account, cause, tsMs) => this.#algo.onPositionClosed(account, cause, tsMs),
      watch: (symbolIndex) => this.#watch(symbolIndex),
      dueAt: (tsMs) => this.#dueAt(tsMs),
    });
    this.#forced = new ForcedClosing({
      rules,
      market,
      desk: this.#desk,
      counters: this.#counters,
      listener,
      insuranceFundQuote: options.insuranceFundQuote ?? 10n ** 18n,
      nextTranId,
    });
    this.#algo = new AlgoOrders({
      rules: options.rules,
      market: options.market,
      place: (account, request, tsMs) => this.place(account, request, tsMs),
      heldLots: (account, algo) => heldLots(account, algo.symbolIndex, algo.positionSide),
      onChange: (account, algo, tsMs) => {
        options.listener.algo(algo, tsMs);
        this.#watch(algo.request.symbolIndex);
        if (algo.request.goodTillTsMs !== undefined) this.#dueAt(algo.request.goodTillTsMs);
        if (algo.status === "CANCELED" || algo.status === "EXPIRED" || algo.status === "REJECTED")
          dropOldest(account.endedAlgoOrders, account.historyMax);
      },
    });
    this.#liquidation = new Liquidation({
      context: this.#context,
      tradeCount: () => this.#counters.trades,
      cancelOrders: (account, symbolIndex, tsMs) => this.#cancelForLiquidation(account, symbolIndex, tsMs),
      closeAt: (account, position, qtyLots, bankruptcyTicks, tsMs) =>
        this.#forced.closeAt(account, position, qtyLots, bankruptcyTicks, tsMs),
      chargeFee: (account, position, feeQuote, tsMs) => this.#forced.chargeFee(account, position, feeQuote, tsMs),
      coverLoss: (account, amountQuote, tsMs) => this.#forced.coverLoss(account, amountQuote, tsMs),
      marginCall: (account, positions, tsMs) => options.listener.marginCall(account, positions, tsMs),
    });
  }

  get insuranceFundQuote(): Money {
    return this.#forced.insuranceFundQuote;
  }

  /** Time of the next thing that happens by itself; Infinity when nothing is due. */
  get nextDueTsMs(): number {
    return this.#nextDueTsMs;
  }

  symbolIndex(symbol: string): number | undefined {
    return this.#bySymbol.get(symbol);
  }

  addAccount(options: Omit<AccountOptions, "index">): AccountState {
    const account = createAccount({ ...options, index: this.accounts.length });
    this.accounts.push(account);
    return account;
  }

  statusOf(symbolIndex: number): SymbolStatus {
    return this.#status[symbolIndex]!;
  }

  /** Halts, delists or reopens a symbol; a closed one cancels its orders (`er` 6). */
  setStatus(symbolIndex: number, status: SymbolStatus, tsMs: number): void {
    this.#status[symbolIndex] = status;
    if (status !== "CLOSED") return;
    for (const account of this.accounts) {
      for (const order of [...account.openOrders.values()]) {
        if (order.symbolIndex === symbolIndex) this.#desk.leaveAndEnd(order, "EXPIRED", 6, tsMs);
      }
    }
  }

  /** Takes an order: what the exchange did at once is in the answer. */
  place(account: AccountState, request: OrderRequest, tsMs: number): Order | Refusal {
    const rules = this.rules[request.symbolIndex];
    if (rules === undefined) return REFUSALS.invalidSymbol;
    if (account.isInLiquidation) return REFUSALS.inLiquidation;
    const refusal = this.#admission.refuse(account, request, rules, this.#status[rules.index]!, tsMs);
    if (refusal !== null) return refusal;
    const isFokOrGtx = request.timeInForce === "FOK" || request.timeInForce === "GTX";
    if (isFokOrGtx) {
      const fillable = this.#desk.fillableLots(request, rules, tsMs);
      if (request.timeInForce === "FOK" && fillable < request.qtyLots) return REFUSALS.fillOrKill;
      if (request.timeInForce === "GTX" && fillable > 0) return REFUSALS.postOnly;
    }
    const order = this.#desk.accept(account, request, request.type, tsMs);
    this.#desk.match(account, order, tsMs);
    if (!isOpen(order)) return order;
    if (order.type === "LIMIT" && order.timeInForce !== "IOC" && order.timeInForce !== "FOK")
      this.#desk.rest(account, order, tsMs);
    else this.#desk.end(account, order, "EXPIRED", 2, tsMs);
    return order;
  }

  /** @returns the cancelled order, or -2011 when it is not open */
  cancel(account: AccountState, orderId: string, tsMs: number): Order | Refusal {
    const order = account.openOrders.get(orderId);
    if (order === undefined) return REFUSALS.cancelRejected;
    this.#desk.leaveAndEnd(order, "CANCELED", 0, tsMs);
    return order;
  }

  /** Cancels every open order of a symbol, or of all symbols, without its algo orders. */
  cancelAll(account: AccountState, symbolIndex: number | null, tsMs: number): readonly Order[] {
    const orders = [...account.openOrders.values()].filter(
      (order) => symbolIndex === null || order.symbolIndex === symbolIndex,
    );
    for (const order of orders) this.#desk.leaveAndEnd(order, "CANCELED", 0, tsMs);
    return orders;
  }

  /**
   * Changes price and quantity of an open LIMIT order; it loses its place in the line unless only the quantity falls.
   * A quantity at most what has filled cancels it, as on Binance.
   */
  modify(account: AccountState, orderId: string, priceTicks: number, qtyLots: number, tsMs: number): Order | Refusal {
    const order = account.openOrders.get(orderId);
    if (order === undefined) return REFUSALS.noSuchOrder;
    if (order.type !== "LIMIT") return REFUSALS.modifyNotAllowed;
    if (order.priceTicks === priceTicks && order.qtyLots === qtyLots) return REFUSALS.noNeedToModify;
    const rules = this.rules[order.symbolIndex]!;
    const { symbolIndex, side, positionSide, isReduceOnly, clientOrderId } = order;
    const asked: OrderRequest = {
      symbolIndex,
      side,
      positionSide,
      type: "LIMIT",
      qtyLots,
      priceTicks,
      timeInForce: "GTC",
      isReduceOnly,
      clientOrderId,
    };
    const refusal = this.#admission.refuseFilters(asked, rules);
    if (refusal !== null) return refusal;
    if (qtyLots <= order.filledLots) return this.cancel(account, orderId, tsMs);
    if (order.timeInForce === "GTX" && this.#desk.fillableLots(asked, rules, tsMs) > 0) return REFUSALS.postOnly;
    if (!isReduceOnly) {
      const marginQuote =
        rules.contract.notionalQuote(priceTicks, qtyLots - order.filledLots) /
        BigInt(settingsOf(account, symbolIndex).leverage);
      const moreQuote = marginQuote - order.marginQuote;
      if (moreQuote > 0n && moreQuote > accountMargin(this.#context, account).availableQuote)
        return REFUSALS.marginInsufficient;
    }
    const keepsPlace = priceTicks === order.priceTicks && qtyLots < order.qtyLots;
    const queueAheadLots = order.queueAheadLots;
    this.#desk.leaveBook(account, order);
    order.priceTicks = priceTicks;
    order.qtyLots = qtyLots;
    order.updatedTsMs = tsMs;
    if (!keepsPlace) order.priority = ++this.#counters.priority;
    this.#options.listener.order(order, "AMENDMENT", null, tsMs);
    if (!keepsPlace) this.#desk.match(account, order, tsMs);
    if (isOpen(order)) {
      this.#desk.rest(account, order, tsMs);
      if (keepsPlace) order.queueAheadLots = queueAheadLots;
    }
    return order;
  }

  placeAlgo(account: AccountState, request: AlgoRequest, tsMs: number): AlgoOrder | Refusal {
    const rules = this.rules[request.symbolIndex];
    if (rules === undefined || !rules.isListed) return REFUSALS.invalidSymbol;
    if (account.isInLiquidation) return REFUSALS.inLiquidation;
    return this.#algo.place(account, request, tsMs);
  }

  cancelAlgo(account: AccountState, algoId: string, tsMs: number): AlgoOrder | Refusal {
    return this.#algo.cancel(account, algoId, tsMs);
  }

  cancelAllAlgo(account: AccountState, symbolIndex: number | null, tsMs: number): readonly AlgoOrder[] {
    const open = [...account.openAlgoOrders.values()].filter(
      ({ request }) => symbolIndex === null || request.symbolIndex === symbolIndex,
    );
    for (const algo of open) this.#algo.cancel(account, algo.algoId, tsMs);
    return open;
  }

  /** All orders of the symbol are cancelled at that time unless it is moved; 0 stops the countdown. */
  countdownCancelAll(account: AccountState, symbolIndex: number, countdownMs: number, tsMs: number): void {
    if (countdownMs === 0) account.countdowns.delete(symbolIndex);
    else {
      account.countdowns.set(symbolIndex, tsMs + countdownMs);
      this.#dueAt(tsMs + countdownMs);
    }
  }

  setLeverage(account: AccountState, symbolIndex: number, leverage: number, tsMs: number): number | Refusal {
    const rules = this.rules[symbolIndex]!;
    if (!Number.isInteger(leverage) || leverage < 1 || leverage > rules.brackets.leverageMax)
      return REFUSALS.invalidLeverage;
    const settings = settingsOf(account, symbolIndex);
    const held = [...account.positions.values()].filter((position) => position.symbolIndex === symbolIndex);
    if (settings.marginType === "isolated" && leverage < settings.leverage && held.length > 0)
      return REFUSALS.isolatedReduceLeverage;
    const mostQuote = rules.brackets.notionalMaxQuote(leverage);
    for (const position of held) {
      if (positionMargin(this.#context, account, position).notionalQuote > mostQuote)
        return REFUSALS.maxPositionAtLeverage;
    }
    const before = settings.leverage;
    settings.leverage = leverage;
    if (leverage < before && accountMargin(this.#context, account).availableQuote < 0n) {
      settings.leverage = before;
      return REFUSALS.leverageTooSmall;
    }
    this.#options.listener.leverage(account, symbolIndex, leverage, tsMs);
    return leverage;
  }

  setMarginType(
    account: AccountState,
    symbolIndex: number,
    marginType: "cross" | "isolated",
    tsMs: number,
  ): null | Refusal {
    const settings = settingsOf(account, symbolIndex);
    if (settings.marginType === marginType) return REFUSALS.marginTypeUnchanged;
    for (const order of account.openOrders.values())
      if (order.symbolIndex === symbolIndex) return REFUSALS.marginTypeWithOrders;
    for (const position of account.positions.values()) {
      if (position.symbolIndex === symbolIndex) return REFUSALS.marginTypeWithPosition;
    }
    settings.marginType = marginType;
    this.#options.listener.account(account, "MARGIN_TYPE_CHANGE", [], 0n, tsMs);
    return null;
  }

  setPositionMode(account: AccountState, mode: "one-way" | "hedge"): null | Refusal {
    if (account.positionMode === mode) return REFUSALS.positionSideUnchanged;
    if (account.openOrders.size > 0 || account.openAlgoOrders.size > 0) return REFUSALS.positionSideWithOrders;
    if (account.positions.size > 0) return REFUSALS.positionSideWithPosition;
    account.positionMode = mode;
    return null;
  }

  /** Moves money between the cross wallet and an isolated position; a negative amount takes it out. */
  adjustIsolated(account: AccountState, position: Position, amountQuote: Money, tsMs: number): null | Refusal {
    const margin = positionMargin(this.#context, account, position);
    if (amountQuote > 0n && amountQuote > accountMargin(this.#context, account).availableQuote)
      return REFUSALS.noIsolatedPosition;
    const after = position.isolatedQuote + amountQuote;
    if (amountQuote < 0n && after + (margin.unrealizedQuote < 0n ? margin.unrealizedQuote : 0n) < margin.initialQuote) {
      return REFUSALS.isolatedBalanceInsufficient;
    }
    position.isolatedQuote = after;
    position.updatedTsMs = tsMs;
    this.#options.listener.account(account, "MARGIN_TRANSFER", [position], 0n, tsMs);
    return null;
  }

  /** The account as on its first day: orders, positions and history are gone, and nobody is told. */
  resetAccount(account: AccountState): void {
    for (const order of account.openOrders.values()) this.#desk.leaveBook(account, order);
    for (const algo of account.openAlgoOrders.values()) this.#algo.forget(algo);
    resetAccount(account);
    for (const { index } of this.rules) this.#watch(index);
  }

  /** Sets a position that was open before the venue began, at its average entry price; 0 lots take it away. */
  adopt(account: AccountState, symbolIndex: number, qtyLots: number, entryPrice: number): void {
    adoptPosition(account, this.rules[symbolIndex]!.contract, qtyLots, entryPrice);
    this.#watch(symbolIndex);
  }

  /** Money into or out of the account from outside. */
  transfer(account: AccountState, amountQuote: Money, tsMs: number): void {
    account.walletQuote += amountQuote;
    account.transferredQuote += amountQuote;
    addIncome(account, {
      tranId: ++this.#counters.transfers,
      tsMs,
      symbolIndex: -1,
      type: "TRANSFER",
      amountQuote,
      tradeId: null,
    });
    this.#options.listener.account(account, "DEPOSIT", [], amountQuote, tsMs);
  }

  /**
   * One market row of a watched symbol, after its columns have been stored; `kind` is one of `MARKET_KIND`. Mark prices
   * fill nothing where the recording shows a book or trades.
   *
   * @param tradedLots lots of a trade row, 0 otherwise: they shorten the line before resting orders at that price
   */
  onMarket(symbolIndex: number, tsMs: number, kind: number, tradedLots = 0): void {
    if (this.#matchedKinds[kind] === 1) this.#desk.fillResting(symbolIndex, tsMs, kind, tradedLots);
    this.#algo.onPrice(symbolIndex, this.accounts, tsMs);
    if (this.#options.isLiquidationEnabled !== false) {
      for (const account of this.accounts) {
        if (account.positions.size > 0) this.#liquidation.check(account, symbolIndex, tsMs);
      }
    }
  }

  /** Lets everything happen that is due by itself: good-till dates and countdowns. */
  advance(tsMs: number): void {
    if (tsMs < this.#nextDueTsMs) return;
    this.#nextDueTsMs = Number.POSITIVE_INFINITY;
    for (const account of this.accounts) {
      for (const [symbolIndex, dueTsMs] of [...account.countdowns]) {
        if (dueTsMs > tsMs) this.#dueAt(dueTsMs);
        else {
          account.countdowns.delete(symbolIndex);
          for (const order of [...account.openOrders.values()]) {
            if (order.symbolIndex === symbolIndex) this.#desk.leaveAndEnd(order, "CANCELED", 7, tsMs);
          }
        }
      }
      for (const order of [...account.openOrders.values()]) {
        if (!(order.goodTillTsMs > 0)) continue;
        if (order.goodTillTsMs > tsMs) this.#dueAt(order.goodTillTsMs);
        else this.#desk.leaveAndEnd(order, "EXPIRED", 7, tsMs);
      }
      for (const algo of [...account.openAlgoOrders.values()]) {
        const { goodTillTsMs } = algo.request;
        if (goodTillTsMs === undefined) continue;
        if (goodTillTsMs > tsMs) this.#dueAt(goodTillTsMs);
        else this.#algo.expire(account, algo, "good-till date reached", tsMs);
      }
    }
  }

  /**
   * Settles funding of one symbol at the recorded rate for every account; `null` takes the mark of now.
   *
   * @returns what the accounts received, in their order; negative when one paid, 0 without a position
   */
  settleFunding(symbolIndex: number, rate: number, markPrice: number | null, tsMs: number): readonly Money[] {
    const mark = markPrice ?? referencePrice(this.#options.market, symbolIndex);
    const { contract } = this.rules[symbolIndex]!;
    return this.accounts.map((account) => {
      let receivedQuote = 0n;
      const changed: Position[] = [];
      for (const position of account.positions.values()) {
        if (position.symbolIndex !== symbolIndex || !(mark > 0)) continue;
        const amountQuote = contract.fundingQuote(mark, position.qtyLots, rate);
        account.walletQuote += amountQuote;
        account.fundingQuote += amountQuote;
        if (settingsOf(account, symbolIndex).marginType === "isolated") position.isolatedQuote += amountQuote;
        addIncome(account, {
          tranId: ++this.#counters.transfers,
          tsMs,
          symbolIndex,
          type: "FUNDING_FEE",
          amountQuote,
          tradeId: null,
        });
        receivedQuote += amountQuote;
        changed.push(position);
      }
      if (changed.length > 0) this.#options.listener.account(account, "FUNDING_FEE", changed, receivedQuote, tsMs);
      return receivedQuote;
    });
  }

  /** Newest order of a client order id, open or ended. */
  findByClientId(account: AccountState, clientOrderId: string): Order | undefined {
    return account.byClientId.get(clientOrderId);
  }

  findOrder(account: AccountState, orderId: string): Order | undefined {
    return account.openOrders.get(orderId) ?? newest(account.ended, orderId);
  }

  margin(account: AccountState): ReturnType<typeof accountMargin> {
    return accountMargin(this.#context, account);
  }

  marginOf(account: AccountState, position: Position): ReturnType<typeof positionMargin> {
    return positionMargin(this.#context, account, position);
  }

  /** The columns it reads. */
  get market(): VenueMarket {
    return this.#options.market;
  }

  /**
   * Somebody else trades on the account as a taker: it is booked, and nobody but the books is told.
   *
   * @param price `null` trades at the market
   * @returns `false` when the market has no price yet
   */
  tradeBeside(
    account: AccountState,
    symbolIndex: number,
    side: Side,
    qtyLots: number,
    price: number | null,
    tsMs: number,
  ): boolean {
    const { contract } = this.rules[symbolIndex]!;
    const atPrice = price ?? contract.priceOfTicks(this.#liquidity.modelTicks(contract, side, qtyLots, tsMs));
    if (!(atPrice > 0)) return false;
    this.#desk.bookBeside(account, symbolIndex, side, qtyLots, atPrice, tsMs);
    return true;
  }

  get liquidity(): Liquidity {
    return this.#liquidity;
  }

  /** Plain data of everything that later calls depend on, the market columns apart. */
  save(): unknown {
    return {
      accounts: this.accounts,
      insuranceFundQuote: this.#forced.insuranceFundQuote,
      status: this.#status,
      liquidity: this.#liquidity.save(),
      algo: this.#algo.save(),
      counters: this.#counters,
      nextDueTsMs: this.#nextDueTsMs,
    };
  }

  load(saved: unknown): void {
    const from = saved as {
      accounts: AccountState[];
      insuranceFundQuote: Money;
      status: SymbolStatus[];
      liquidity: unknown;
      algo: unknown;
      counters: VenueCounters;
      nextDueTsMs: number;
    };
    this.accounts.splice(0, this.accounts.length, ...from.accounts);
    this.#forced.insuranceFundQuote = from.insuranceFundQuote;
    this.#status.splice(0, this.#status.length, ...from.status);
    this.#liquidity.load(from.liquidity);
    this.#algo.load(from.algo);
    Object.assign(this.#counters, from.counters);
    this.#nextDueTsMs = from.nextDueTsMs;
    this.#desk.restore();
    for (const { index } of this.rules) this.#watch(index);
  }

  #cancelForLiquidation(account: AccountState, symbolIndex: number | null, tsMs: number): void {
    this.cancelAll(account, symbolIndex, tsMs);
    this.cancelAllAlgo(account, symbolIndex, tsMs);
  }

  /** A price matters where something rests, waits for it, or is held. */
  #watch(symbolIndex: number): void {
    let isWatched = this.#desk.isResting(symbolIndex) || this.#algo.isWaiting(symbolIndex);
    if (!isWatched && this.#options.isLiquidationEnabled !== false) {
      for (const account of this.accounts) {
        for (const position of account.positions.values()) if (position.symbolIndex === symbolIndex) isWatched = true;
      }
    }
    const flag = isWatched ? 1 : 0;
    if (this.watched[symbolIndex] === flag) return;
    this.watched[symbolIndex] = flag;
    this.#options.listener.watch(symbolIndex, isWatched);
  }

  #dueAt(tsMs: number): void {
    if (tsMs < this.#nextDueTsMs) this.#nextDueTsMs = tsMs;
  }
}

function newest(orders: readonly Order[], orderId: string): Order | undefined {
  for (let place = orders.length - 1; place >= 0; place--) if (orders[place]!.orderId === orderId) return orders[place];
  return undefined;
}

/** Which kinds of row say that somebody traded or would trade at that price. */
function matchedKinds(fidelity: VenueOptions["fidelity"]): Uint8Array {
  const kinds = new Uint8Array(3);
  if (fidelity === "mark" || fidelity === "candles") kinds[MARKET_KIND.mark] = 1;
  kinds[MARKET_KIND.book] = 1;
  kinds[MARKET_KIND.trade] = 1;
  return kinds;
}
