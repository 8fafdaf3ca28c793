import { sideSign } from "../engine/domain/intent.ts";
import type { Money } from "../engine/domain/money.ts";
import { MARKET_KIND } from "../recording/batch.ts";
import {
  type AccountOptions,
  type AccountState,
  addIncome,
  bookTrade,
  closingLots,
  createAccount,
  dropOldest,
  HISTORY_MAX,
  heldLots,
  type Position,
  positionKey,
  settingsOf,
} from "./account.ts";
import { Admission } from "./admission.ts";
import type { AlgoOrder, AlgoRequest } from "./algo-order.ts";
import { AlgoOrders } from "./algo-orders.ts";
import { feeOf } from "./contract.ts";
import { Liquidation } from "./liquidation.ts";
import { Liquidity } from "./liquidity.ts";
import { accountMargin, type MarginContext, positionMargin } from "./margin.ts";
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
import { REFUSALS, type Refusal } from "./refusal.ts";
import { RestingBook } from "./resting-book.ts";
import type { SymbolRules, SymbolStatus } from "./symbol-rules.ts";
import { referencePrice } from "./venue-market.ts";
import type { AccountUpdateReason, VenueOptions } from "./venue-options.ts";

/** Nobody knows how much stands before an order at a price the recording does not show: only trading through fills it. */
const QUEUE_UNKNOWN = Number.MAX_SAFE_INTEGER;

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
  /** What the fund holds, fees of liquidations included. */
  insuranceFundQuote: Money;

  readonly #options: VenueOptions;
  readonly #context: MarginContext;
  readonly #liquidity: Liquidity;
  readonly #admission: Admission;
  readonly #algo: AlgoOrders;
  readonly #liquidation: Liquidation;
  readonly #resting: (RestingBook | null)[];
  readonly #status: SymbolStatus[];
  readonly #matchedKinds: Uint8Array;
  readonly #bySymbol: Map<string, number>;
  #orderCount = 0;
  #tradeCount = 0;
  #tranCount = 0;
  #priority = 0;
  #nextDueTsMs = Number.POSITIVE_INFINITY;

  constructor(options: VenueOptions) {
    this.#options = options;
    this.rules = options.rules;
    this.#context = { rules: options.rules, market: options.market };
    this.#liquidity = new Liquidity(options.fill, options.market);
    this.#admission = new Admission(this.#context, this.#liquidity);
    this.#resting = options.rules.map(() => null);
    this.#status = options.rules.map(({ info }) => (info["status"] === "TRADING" ? "TRADING" : "CLOSED"));
    this.watched = new Uint8Array(options.rules.length);
    this.#bySymbol = new Map(options.rules.map(({ symbol, index }) => [symbol, index]));
    this.#matchedKinds = matchedKinds(options.fidelity);
    this.insuranceFundQuote = options.insuranceFundQuote ?? 10n ** 18n;
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
          dropOldest(account.endedAlgoOrders, HISTORY_MAX);
      },
    });
    this.#liquidation = new Liquidation({
      context: this.#context,
      cancelOrders: (account, symbolIndex, tsMs) => this.#cancelForLiquidation(account, symbolIndex, tsMs),
      closeAt: (account, position, qtyLots, bankruptcyTicks, tsMs) =>
        this.#closeForced(account, position, qtyLots, bankruptcyTicks, tsMs),
      chargeFee: (account, position, feeQuote, tsMs) => this.#chargeLiquidationFee(account, position, feeQuote, tsMs),
      coverLoss: (account, amountQuote, tsMs) => this.#coverLoss(account, amountQuote, tsMs),
      marginCall: (account, positions, tsMs) => options.listener.marginCall(account, positions, tsMs),
    });
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
        if (order.symbolIndex === symbolIndex) this.#leaveAndEnd(order, "EXPIRED", 6, tsMs);
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
      const fillable = this.#fillableLots(request, rules, tsMs);
      if (request.timeInForce === "FOK" && fillable < request.qtyLots) return REFUSALS.fillOrKill;
      if (request.timeInForce === "GTX" && fillable > 0) return REFUSALS.postOnly;
    }
    const order = this.#accept(account, request, request.type, tsMs);
    this.#match(account, order, tsMs);
    if (!isOpen(order)) return order;
    if (order.type === "LIMIT" && order.timeInForce !== "IOC" && order.timeInForce !== "FOK")
      this.#rest(account, order, tsMs);
    else this.#end(account, order, "EXPIRED", 2, tsMs);
    return order;
  }

  /** @returns the cancelled order, or -2011 when it is not open */
  cancel(account: AccountState, orderId: string, tsMs: number): Order | Refusal {
    const order = account.openOrders.get(orderId);
    if (order === undefined) return REFUSALS.cancelRejected;
    this.#leaveAndEnd(order, "CANCELED", 0, tsMs);
    return order;
  }

  /** Cancels every open order of a symbol, or of all symbols, without its algo orders. */
  cancelAll(account: AccountState, symbolIndex: number | null, tsMs: number): readonly Order[] {
    const orders = [...account.openOrders.values()].filter(
      (order) => symbolIndex === null || order.symbolIndex === symbolIndex,
    );
    for (const order of orders) this.#leaveAndEnd(order, "CANCELED", 0, tsMs);
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
    if (order.timeInForce === "GTX" && this.#fillableLots(asked, rules, tsMs) > 0) return REFUSALS.postOnly;
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
    this.#leaveBook(account, order);
    order.priceTicks = priceTicks;
    order.qtyLots = qtyLots;
    order.updatedTsMs = tsMs;
    if (!keepsPlace) order.priority = ++this.#priority;
    this.#options.listener.order(order, "AMENDMENT", null, tsMs);
    if (!keepsPlace) this.#match(account, order, tsMs);
    if (isOpen(order)) {
      this.#rest(account, order, tsMs);
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

  /** Money into or out of the account from outside. */
  transfer(account: AccountState, amountQuote: Money, tsMs: number): void {
    account.walletQuote += amountQuote;
    account.transferredQuote += amountQuote;
    addIncome(account, {
      tranId: ++this.#tranCount,
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
    if (this.#matchedKinds[kind] === 1) this.#fillResting(symbolIndex, tsMs, kind, tradedLots);
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
            if (order.symbolIndex === symbolIndex) this.#leaveAndEnd(order, "CANCELED", 7, tsMs);
          }
        }
      }
      for (const order of [...account.openOrders.values()]) {
        if (!(order.goodTillTsMs > 0)) continue;
        if (order.goodTillTsMs > tsMs) this.#dueAt(order.goodTillTsMs);
        else this.#leaveAndEnd(order, "EXPIRED", 7, tsMs);
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
          tranId: ++this.#tranCount,
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

  get liquidity(): Liquidity {
    return this.#liquidity;
  }

  /** Plain data of everything that later calls depend on, the market columns apart. */
  save(): unknown {
    return {
      accounts: this.accounts,
      insuranceFundQuote: this.insuranceFundQuote,
      status: this.#status,
      liquidity: this.#liquidity.save(),
      algo: this.#algo.save(),
      counts: [this.#orderCount, this.#tradeCount, this.#tranCount, this.#priority],
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
      counts: [number, number, number, number];
      nextDueTsMs: number;
    };
    this.accounts.splice(0, this.accounts.length, ...from.accounts);
    this.insuranceFundQuote = from.insuranceFundQuote;
    this.#status.splice(0, this.#status.length, ...from.status);
    this.#liquidity.load(from.liquidity);
    this.#algo.load(from.algo);
    [this.#orderCount, this.#tradeCount, this.#tranCount, this.#priority] = from.counts;
    this.#nextDueTsMs = from.nextDueTsMs;
    this.#resting.fill(null);
    // Whatever is open between two calls rests.
    const resting = this.accounts.flatMap(({ openOrders }) => [...openOrders.values()]);
    for (const order of resting.sort((left, right) => left.priority - right.priority))
      this.#bookOf(order.symbolIndex).add(order);
    for (const { index } of this.rules) this.#watch(index);
  }

  #bookOf(symbolIndex: number): RestingBook {
    const known = this.#resting[symbolIndex];
    if (known !== null && known !== undefined) return known;
    const book = new RestingBook();
    this.#resting[symbolIndex] = book;
    return book;
  }

  #accept(account: AccountState, request: OrderRequest, type: OrderType, tsMs: number): Order {
    this.#orderCount += 1;
    const { triggered } = request;
    const order: Order = {
      orderId: String((this.#options.orderIdBase ?? 10_000_000n) + BigInt(this.#orderCount)),
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
      priority: ++this.#priority,
      expiryReason: 0,
    };
    account.openOrders.set(order.orderId, order);
    account.byClientId.set(order.clientOrderId, order);
    this.#options.listener.order(order, "NEW", null, tsMs);
    return order;
  }

  /** Trades what can trade at once. A limit beyond which it may not go is its own price, or the venue's bound for MARKET. */
  #match(account: AccountState, order: Order, tsMs: number): void {
    const { index, contract } = this.rules[order.symbolIndex]!;
    const boundTicks = order.priceTicks > 0 ? order.priceTicks : this.#marketBoundTicks(order);
    while (isOpen(order)) {
      const open = openLots(order);
      const stranger = this.#liquidity.takerTicks(contract, order.side, open, tsMs);
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
        const makerAccount = this.accounts[maker.accountIndex]!;
        const traded = Math.min(lots, this.#reducible(makerAccount, maker, lots));
        if (lots === 0) {
          this.#end(account, order, "EXPIRED", 4, tsMs);
          return;
        }
        if (traded === 0) {
          this.#leaveAndEnd(maker, "EXPIRED", 4, tsMs);
          continue;
        }
        this.#trade(makerAccount, maker, ticks, traded, true, tsMs);
        this.#trade(account, order, ticks, traded, false, tsMs);
        continue;
      }
      const lots = this.#reducible(account, order, Math.min(open, this.#liquidity.takerLots(contract, order.side)));
      if (lots === 0) {
        this.#end(account, order, "EXPIRED", 4, tsMs);
        return;
      }
      this.#liquidity.take(contract, order.side, lots);
      this.#trade(account, order, ticks, lots, false, tsMs);
    }
  }

  /** @returns `true` when the taker has left */
  #preventSelfTrade(account: AccountState, taker: Order, maker: Order, tsMs: number): boolean {
    const mode = taker.selfTradeMode;
    if (mode === "EXPIRE_MAKER" || mode === "EXPIRE_BOTH") this.#leaveAndEnd(maker, "EXPIRED_IN_MATCH", 1, tsMs);
    if (mode === "EXPIRE_MAKER") return false;
    this.#end(account, taker, "EXPIRED_IN_MATCH", 1, tsMs);
    return true;
  }

  /** MARKET orders do not trade further from the mark than `marketTakeBound` of the symbol. */
  #marketBoundTicks(order: Order): number {
    const { contract, marketTakeBound } = this.rules[order.symbolIndex]!;
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

  #trade(
    account: AccountState,
    order: Order,
    priceTicks: number,
    qtyLots: number,
    isMaker: boolean,
    tsMs: number,
  ): Trade {
    const { contract } = this.rules[order.symbolIndex]!;
    const { symbolIndex, side, positionSide } = order;
    const closing = closingLots(account, symbolIndex, positionSide, side, qtyLots);
    const opening = qtyLots - closing;
    const closingNotionalQuote = closing === 0 ? 0n : contract.notionalQuote(priceTicks, closing);
    const openingNotionalQuote = opening === 0 ? 0n : contract.notionalQuote(priceTicks, opening);
    const notionalQuote = closingNotionalQuote + openingNotionalQuote;
    const feeQuote = feeOf(notionalQuote, isMaker ? this.#options.makerRate : this.#options.takerRate);
    this.#tradeCount += 1;
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
        tradeId: this.#tradeCount,
        tsMs,
      },
      () => ++this.#tranCount,
    );
    order.filledLots += qtyLots;
    order.filledQuote += notionalQuote;
    order.updatedTsMs = tsMs;
    order.status = openLots(order) === 0 ? "FILLED" : "PARTIALLY_FILLED";
    const trade: Trade = {
      tradeId: this.#tradeCount,
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
    dropOldest(account.trades, HISTORY_MAX);
    if (order.status === "FILLED") {
      if (isMaker) this.#leaveBook(account, order);
      this.#forget(account, order);
    }
    const position = account.positions.get(key) ?? { ...known!, qtyLots: 0, entryCostQuote: 0n, isolatedQuote: 0n };
    const { listener } = this.#options;
    listener.account(account, "ORDER", [position], account.walletQuote - before, tsMs);
    listener.order(order, order.type === "LIQUIDATION" ? "CALCULATED" : "TRADE", trade, tsMs);
    if (order.algoId !== null && order.status === "FILLED") this.#algo.onOrderEnded(account, order, tsMs);
    this.#watch(symbolIndex);
    if (closing > 0) this.#expireReduceOnly(account, order, tsMs);
    return trade;
  }

  #rest(account: AccountState, order: Order, tsMs: number): void {
    const { index, contract } = this.rules[order.symbolIndex]!;
    if (!order.isReduceOnly) {
      const notionalQuote = contract.notionalQuote(order.priceTicks, openLots(order));
      order.marginQuote = notionalQuote / BigInt(settingsOf(account, index).leverage);
      account.orderMarginQuote += order.marginQuote;
    }
    order.queueAheadLots = this.#queueAhead(order);
    this.#bookOf(index).add(order);
    if (order.goodTillTsMs > 0) this.#dueAt(order.goodTillTsMs);
    this.#watch(index);
    if (order.goodTillTsMs > 0 && order.goodTillTsMs <= tsMs) this.#leaveAndEnd(order, "EXPIRED", 7, tsMs);
  }

  /** Lots that stand at its price already: all that the recording shows there, 0 when it is the best, unknown beyond. */
  #queueAhead(order: Order): number {
    const { index, contract } = this.rules[order.symbolIndex]!;
    const { market } = this.#options;
    if (this.#liquidity.profile === "optimistic") return 0;
    if (this.#liquidity.profile === "adverse") return QUEUE_UNKNOWN;
    const depth = market.depth[index];
    if (depth !== null && depth !== undefined) return depth.lotsAt(order.sign, order.priceTicks);
    const quote = order.sign > 0 ? market.bid[index]! : market.ask[index]!;
    const qty = order.sign > 0 ? market.bidQty[index]! : market.askQty[index]!;
    if (!(quote > 0) || !(qty > 0)) return QUEUE_UNKNOWN;
    const ahead = order.sign * (Math.round(quote / contract.tickSize) - order.priceTicks);
    if (ahead < 0) return 0;
    return ahead === 0 ? Math.round(qty / contract.qtyPerLot) : QUEUE_UNKNOWN;
  }

  #leaveBook(account: AccountState, order: Order): void {
    account.orderMarginQuote -= order.marginQuote;
    order.marginQuote = 0n;
    this.#resting[order.symbolIndex]?.remove(order);
    this.#watch(order.symbolIndex);
  }

  #leaveAndEnd(
    order: Order,
    status: "CANCELED" | "EXPIRED" | "EXPIRED_IN_MATCH",
    reason: ExpiryReason,
    tsMs: number,
  ): void {
    const account = this.accounts[order.accountIndex]!;
    this.#leaveBook(account, order);
    this.#end(account, order, status, reason, tsMs);
  }

  #end(account: AccountState, order: Order, status: OrderStatus, reason: ExpiryReason, tsMs: number): void {
    order.status = status;
    order.expiryReason = reason;
    order.updatedTsMs = tsMs;
    this.#forget(account, order);
    this.#options.listener.order(order, status === "CANCELED" ? "CANCELED" : "EXPIRED", null, tsMs);
    if (order.algoId !== null) this.#algo.onOrderEnded(account, order, tsMs);
  }

  /** Out of the open ones; ended orders are kept up to a number, so memory does not grow with the run. */
  #forget(account: AccountState, order: Order): void {
    account.openOrders.delete(order.orderId);
    account.ended.push(order);
    dropOldest(account.ended, HISTORY_MAX, (dropped) => {
      if (account.byClientId.get(dropped.clientOrderId) === dropped) account.byClientId.delete(dropped.clientOrderId);
    });
  }

  /** Fills what rests of a symbol: whole when the market trades through it, by its place in line when it trades at it. */
  #fillResting(symbolIndex: number, tsMs: number, kind: number, tradedLots: number): void {
    const resting = this.#resting[symbolIndex];
    if (resting === null || resting === undefined || resting.size === 0) return;
    const { market } = this.#options;
    const { contract } = this.rules[symbolIndex]!;
    const isTrade = kind === MARKET_KIND.trade;
    const price = isTrade ? market.last[symbolIndex]! : Number.NaN;
    for (const sign of [1, -1] as const) {
      // What a buyer could have been sold at: the trade itself, or the best offer of strangers.
      const against = isTrade ? price : this.#liquidity.bestPrice(symbolIndex, sign > 0 ? "BUY" : "SELL");
      let leftLots = tradedLots;
      for (const order of [...resting.orders(sign)]) {
        if (!isOpen(order)) continue;
        const through = sign * (contract.priceOfTicks(order.priceTicks) - against);
        if (!(through >= 0)) break;
        const lots = through > 0 ? openLots(order) : this.#lotsAtTouch(order, isTrade, leftLots);
        if (through === 0) leftLots = Math.max(0, leftLots - Math.max(lots, 0));
        if (lots > 0) this.#fillMaker(order, lots, tsMs);
      }
    }
  }

  /** Lots of an order that fill when strangers trade exactly at its price. Cancellations before it are not guessed. */
  #lotsAtTouch(order: Order, isTrade: boolean, tradedLots: number): number {
    if (this.#liquidity.profile === "optimistic") return openLots(order);
    if (!isTrade || tradedLots <= 0 || order.queueAheadLots === QUEUE_UNKNOWN) return 0;
    const excess = tradedLots - order.queueAheadLots;
    order.queueAheadLots = Math.max(0, -excess);
    return Math.min(openLots(order), Math.max(0, excess));
  }

  #fillMaker(order: Order, lots: number, tsMs: number): void {
    const account = this.accounts[order.accountIndex]!;
    const traded = this.#reducible(account, order, lots);
    if (traded > 0) {
      const releasedQuote = order.isReduceOnly ? 0n : (order.marginQuote * BigInt(traded)) / BigInt(openLots(order));
      order.marginQuote -= releasedQuote;
      account.orderMarginQuote -= releasedQuote;
      this.#trade(account, order, order.priceTicks, traded, true, tsMs);
      if (isOpen(order) && traded < lots) this.#leaveAndEnd(order, "EXPIRED", 4, tsMs);
    } else this.#leaveAndEnd(order, "EXPIRED", 4, tsMs);
  }

  /** Resting reduce-only orders that no longer have anything to reduce leave the book, as on Binance (`er` 4). */
  #expireReduceOnly(account: AccountState, cause: Order, tsMs: number): void {
    for (const order of [...account.openOrders.values()]) {
      if (order === cause || order.symbolIndex !== cause.symbolIndex || order.positionSide !== cause.positionSide)
        continue;
      const isClosing = order.isReduceOnly || (order.positionSide !== "BOTH" && order.side === cause.side);
      if (!isClosing || closingLots(account, order.symbolIndex, order.positionSide, order.side, 1) > 0) continue;
      this.#leaveAndEnd(order, "EXPIRED", 4, tsMs);
    }
    if (heldLots(account, cause.symbolIndex, cause.positionSide) === 0)
      this.#algo.onPositionClosed(account, cause, tsMs);
  }

  #fillableLots(request: OrderRequest, rules: SymbolRules, tsMs: number): number {
    const limit = request.priceTicks ?? Number.NaN;
    const sign = sideSign(request.side);
    let lots = this.#liquidity.fillableLots(rules.contract, request.side, limit, request.qtyLots, tsMs);
    for (const maker of this.#resting[rules.index]?.orders(sign > 0 ? -1 : 1) ?? []) {
      if (sign * (maker.priceTicks - limit) > 0) break;
      lots += openLots(maker);
    }
    return Math.min(lots, request.qtyLots);
  }

  #cancelForLiquidation(account: AccountState, symbolIndex: number | null, tsMs: number): void {
    this.cancelAll(account, symbolIndex, tsMs);
    this.cancelAllAlgo(account, symbolIndex, tsMs);
  }

  /**
   * The liquidation order: IOC at the bankruptcy price. What the market does not take is taken over at that price by
   * the insurance fund; when the fund cannot carry the loss, deleveraged traders take it (`adl_autoclose`, `er` 5).
   */
  #closeForced(
    account: AccountState,
    position: Position,
    qtyLots: number,
    bankruptcyTicks: number,
    tsMs: number,
  ): void {
    const { symbolIndex } = position;
    const { contract } = this.rules[symbolIndex]!;
    const number = String(this.#orderCount % 1000).padStart(3, "0");
    const order = this.#acceptForced(account, position, qtyLots, bankruptcyTicks, `autoclose-${tsMs}${number}`, tsMs);
    this.#match(account, order, tsMs);
    if (!isOpen(order)) return;
    const lots = openLots(order);
    const mark = referencePrice(this.#options.market, symbolIndex);
    const costQuote = contract.notionalQuote(bankruptcyTicks, lots);
    const gainQuote = contract.unrealizedQuote(mark, order.sign < 0 ? lots : -lots, costQuote);
    if (this.insuranceFundQuote + gainQuote >= 0n) {
      order.expiryReason = 3;
      this.#trade(account, order, bankruptcyTicks, lots, false, tsMs);
      this.insuranceFundQuote += gainQuote;
      return;
    }
    this.#end(account, order, "EXPIRED", 2, tsMs);
    const deleveraged = this.#acceptForced(account, position, lots, bankruptcyTicks, "adl_autoclose", tsMs);
    deleveraged.expiryReason = 5;
    this.#trade(account, deleveraged, bankruptcyTicks, lots, false, tsMs);
  }

  #acceptForced(
    account: AccountState,
    position: Position,
    qtyLots: number,
    priceTicks: number,
    clientOrderId: string,
    tsMs: number,
  ): Order {
    const { symbolIndex, positionSide } = position;
    const side = position.qtyLots > 0 ? "SELL" : "BUY";
    const request: OrderRequest = {
      symbolIndex,
      side,
      positionSide,
      type: "LIMIT",
      qtyLots,
      priceTicks,
      timeInForce: "IOC",
      isReduceOnly: true,
      clientOrderId,
    };
    return this.#accept(account, request, "LIQUIDATION", tsMs);
  }

  #chargeLiquidationFee(account: AccountState, position: Position, feeQuote: Money, tsMs: number): void {
    if (feeQuote <= 0n) return;
    account.walletQuote -= feeQuote;
    account.feesQuote += feeQuote;
    this.insuranceFundQuote += feeQuote;
    const { symbolIndex } = position;
    addIncome(account, {
      tranId: ++this.#tranCount,
      tsMs,
      symbolIndex,
      type: "INSURANCE_CLEAR",
      amountQuote: -feeQuote,
      tradeId: null,
    });
    this.#options.listener.account(account, "INSURANCE_CLEAR", [], -feeQuote, tsMs);
  }

  /** An account never owes: the fund pays what is below zero. */
  #coverLoss(account: AccountState, amountQuote: Money, tsMs: number): void {
    account.walletQuote += amountQuote;
    account.transferredQuote += amountQuote;
    this.insuranceFundQuote -= amountQuote;
    addIncome(account, {
      tranId: ++this.#tranCount,
      tsMs,
      symbolIndex: -1,
      type: "INSURANCE_CLEAR",
      amountQuote,
      tradeId: null,
    });
    this.#options.listener.account(account, "INSURANCE_CLEAR" satisfies AccountUpdateReason, [], amountQuote, tsMs);
  }

  /** A price matters where something rests, waits for it, or is held. */
  #watch(symbolIndex: number): void {
    let isWatched = (this.#resting[symbolIndex]?.size ?? 0) > 0 || this.#algo.isWaiting(symbolIndex);
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
