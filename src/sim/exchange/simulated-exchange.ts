import type { OrderQueryRequested, OrderSubmitted, SnapshotRequested } from "../../engine/domain/decision.ts";
import type { EngineEvent } from "../../engine/domain/event.ts";
import { type Money, parseMoney } from "../../engine/domain/money.ts";
import type { Exchange } from "../../engine/ports.ts";
import { MARKET_KIND } from "../../recording/batch.ts";
import { Contract, feeOf } from "../../venue/contract.ts";
import { type AccountSnapshot, ExchangeAccount } from "./account.ts";
import { Admission } from "./admission.ts";
import type { ExchangeArrival, ExternalFill, SimulatedExchangeOptions } from "./exchange-options.ts";
import type { Fidelity } from "./exchange-prices.ts";
import { FillModel } from "./fill-model.ts";
import { Latency } from "./latency.ts";
import { ExchangeOrder, type OrderRecord } from "./order.ts";
import { type DirectorySnapshot, OrderDirectory } from "./order-directory.ts";
import { INVALID_SYMBOL } from "./refusal.ts";
import { RestingOrders } from "./resting-orders.ts";
import { SnapshotCalls } from "./snapshot-calls.ts";

/** Order ids are text because real ones exceed 2^53. */
const ORDER_ID_PREFIX = "83897";
const ORDER_ID_DIGITS = 14;

/** An exchange at rest between two calls; plain data. Its random streams and what it has scheduled belong to others. */
export interface ExchangeSnapshot {
  readonly account: AccountSnapshot;
  readonly orders: DirectorySnapshot<OrderRecord>;
  /** Open limit orders of every symbol that has some, in the order in which they fill; the same records as above. */
  readonly resting: ReadonlyMap<number, readonly OrderRecord[]>;
  readonly orderCalls: number;
  readonly queryCalls: number;
  readonly snapshotCalls: number;
  readonly orderCount: number;
  readonly tradeCount: number;
  readonly lastAnswerDueTsMs: number;
}

/**
 * A Binance USD-M exchange in virtual time with one account in one-way mode and cross margin.
 *
 * It owns no clock and no queue: calls of the `Exchange` port leave as arrivals through `schedule`, come back through
 * `arrive`, and answers leave through `emit`. Answers about orders reach the engine in the order in which they were
 * given, whatever their latencies, because they travel on one connection.
 *
 * Fills: MARKET and marketable LIMIT orders trade whole, at the best price plus the fill model's loss; a LIMIT order
 * takes only if that price is within its limit. What rests fills whole, at its limit, when the market trades through it.
 */
export class SimulatedExchange implements Exchange {
  readonly account: ExchangeAccount;
  /** 1 where `onMarket` must be called for every row of the symbol; 0 where the exchange needs no call. */
  readonly watched: Uint8Array;

  readonly #options: SimulatedExchangeOptions;
  readonly #contracts: readonly Contract[];
  readonly #listed = new Map<string, Contract>();
  readonly #fillModel: FillModel;
  readonly #makerRate: Money;
  readonly #takerRate: Money;
  readonly #orderLatency: Latency;
  readonly #answerLatency: Latency;
  readonly #orders: OrderDirectory;
  readonly #admission: Admission;
  readonly #resting: (RestingOrders | null)[];
  readonly #snapshots: SnapshotCalls;
  readonly #matchedKinds: Uint8Array;
  #orderCalls = 0;
  #queryCalls = 0;
  #orderCount = 0;
  #tradeCount = 0;
  #lastAnswerDueTsMs = 0;

  /** @throws {RangeError} when an initial position names a symbol the venue does not list. */
  constructor(options: SimulatedExchangeOptions) {
    const { instruments, prices, random, latency } = options;
    this.#options = options;
    this.#contracts = instruments.map((instrument) => new Contract(instrument));
    const missing = new Set(options.symbolsMissing);
    for (const contract of this.#contracts) {
      const { symbol, isOnVenue } = contract.instrument;
      const isListed = isOnVenue || options.suspended?.has(symbol) === true;
      if (isListed && !missing.has(symbol)) this.#listed.set(symbol, contract);
    }
    this.#fillModel = new FillModel(options.fill, prices);
    this.#makerRate = parseMoney(options.fees.maker);
    this.#takerRate = parseMoney(options.fees.taker);
    this.#orderLatency = new Latency(latency.order, random.stream("latency/order"));
    this.#answerLatency = new Latency(latency.answer, random.stream("latency/answer"));
    this.#orders = new OrderDirectory(options.endedOrdersMax ?? 10_000);
    this.#resting = instruments.map(() => null);
    this.watched = new Uint8Array(instruments.length);
    this.#matchedKinds = matchedKinds(options.fidelity);
    this.account = new ExchangeAccount({
      contracts: this.#contracts,
      prices,
      walletQuote: options.walletQuote,
      leverage: options.leverage,
      incomeCapacity: options.incomeCapacity ?? 10_000,
    });
    this.#admission = new Admission({
      account: this.account,
      orders: this.#orders,
      prices,
      fillModel: this.#fillModel,
      leverage: options.leverage,
      suspended: options.suspended ?? new Map(),
    });
    this.#snapshots = new SnapshotCalls({
      account: this.account,
      contracts: this.#contracts,
      prices,
      latency: new Latency(latency.snapshot, random.stream("latency/snapshot")),
      listed: (symbol) => this.#listed.get(symbol),
      schedule: (dueTsMs, call) => options.schedule(dueTsMs, call),
      emit: (dueTsMs, event) => options.emit(dueTsMs, event),
    });
    for (const { symbol, qtyLots, entryPrice } of options.initialPositions) {
      this.account.adopt(this.#contractOf(symbol, "open the initial position"), qtyLots, entryPrice);
    }
  }

  /** HTTP requests made so far, by kind. */
  get requests(): { readonly orders: number; readonly queries: number; readonly snapshots: number } {
    return { orders: this.#orderCalls, queries: this.#queryCalls, snapshots: this.#snapshots.count };
  }

  submit(order: OrderSubmitted, tsMs: number): void {
    this.#orderCalls += 1;
    this.#options.schedule(tsMs + this.#orderLatency.sampleMs(), order);
  }

  query(request: OrderQueryRequested, tsMs: number): void {
    this.#queryCalls += 1;
    this.#options.schedule(tsMs + this.#orderLatency.sampleMs(), request);
  }

  requestSnapshot(request: SnapshotRequested, tsMs: number): void {
    this.#snapshots.request(request, tsMs);
  }

  /** What was scheduled has reached the exchange. */
  arrive(arrival: ExchangeArrival, tsMs: number): void {
    switch (arrival.type) {
      case "order.submitted":
        this.#receiveOrder(arrival, tsMs);
        return;
      case "order.query-requested":
        this.#receiveQuery(arrival, tsMs);
        return;
      case "snapshot.call":
        this.#snapshots.arrive(arrival, tsMs);
        return;
    }
  }

  /**
   * One market row of a watched symbol, after the columns have been stored; `kind` is one of `MARKET_KIND`. Mark prices
   * fill nothing where the recording shows a book or trades.
   */
  onMarket(symbolIndex: number, tsMs: number, kind: number): void {
    const resting = this.#resting[symbolIndex];
    if (resting === null || resting === undefined || this.#matchedKinds[kind] !== 1) return;
    const { prices } = this.#options;
    const price = prices.price[symbolIndex]!;
    // Somebody traded at the price of a trade row; other rows say at what price one could.
    const isTrade = kind === MARKET_KIND.trade;
    const askPrice = isTrade ? price : this.#fillModel.bestPrice(symbolIndex, "BUY");
    const bidPrice = isTrade ? price : this.#fillModel.bestPrice(symbolIndex, "SELL");
    for (;;) {
      const order = resting.firstTradedThrough(askPrice, bidPrice);
      if (order === undefined) return;
      this.#leaveBook(order);
      this.#fill(order, order.request.limitPriceTicks!, true, tsMs);
    }
  }

  /**
   * Settles funding of one symbol at the recorded rate; `null` takes the last price for the mark.
   *
   * @returns what the account received, negative when it paid, 0 without a position
   */
  settleFunding(symbol: string, rate: number, markPrice: number | null, tsMs: number): Money {
    const contract = this.#listed.get(symbol);
    if (contract === undefined) return 0n;
    const { index } = contract.instrument;
    const { qtyLots } = this.account.position(index);
    const mark = markPrice ?? this.#options.prices.price[index]!;
    if (qtyLots === 0 || !(mark > 0)) return 0n;
    const amountQuote = contract.fundingQuote(mark, qtyLots, rate);
    this.account.receiveFunding(contract, amountQuote, tsMs);
    this.#answer(tsMs, { type: "exchange.funding-settled", symbol, rate, markPrice: mark, amountQuote });
    return amountQuote;
  }

  /**
   * Another writer trades on the same account, as a taker. The engine hears of it through snapshots only.
   *
   * @returns `false` when it should trade at the market and the market has no price yet
   * @throws {RangeError} when the venue does not list the symbol or the quantity is no whole number of lots
   */
  applyExternalFill(fill: ExternalFill): boolean {
    const { symbol, side, qtyLots, tsMs } = fill;
    const contract = this.#contractOf(symbol, "apply an external trade");
    if (!Number.isInteger(qtyLots) || qtyLots <= 0) {
      throw new RangeError(
        `Cannot apply an external trade to "${symbol}": ${qtyLots} lots, a positive whole number is needed`,
      );
    }
    const price = fill.price ?? contract.priceOfTicks(this.#fillModel.takerPriceTicks(contract, side, qtyLots, tsMs));
    if (Number.isNaN(price)) return false;
    const closingLots = this.account.closingLots(contract.instrument.index, side, qtyLots);
    const openingLots = qtyLots - closingLots;
    const closingNotionalQuote = contract.valueQuote(price, closingLots);
    const openingNotionalQuote = contract.valueQuote(price, openingLots);
    const feeQuote = feeOf(closingNotionalQuote + openingNotionalQuote, this.#takerRate);
    const amounts = { closingLots, openingLots, closingNotionalQuote, openingNotionalQuote, feeQuote };
    this.account.book({ contract, side, ...amounts, tsMs });
    this.#expireReduceOnly(contract, tsMs);
    return true;
  }

  save(): ExchangeSnapshot {
    const records = new Map<ExchangeOrder, OrderRecord>();
    const recordOf = (order: ExchangeOrder): OrderRecord => {
      const record = records.get(order) ?? order.save();
      records.set(order, record);
      return record;
    };
    const { ended, found } = this.#orders.save();
    const resting = new Map<number, readonly OrderRecord[]>();
    this.#resting.forEach((orders, index) => {
      if (orders !== null && orders.size > 0) resting.set(index, orders.list().map(recordOf));
    });
    return {
      account: this.account.save(),
      orders: { ended: ended.map(recordOf), found: found.map(recordOf) },
      resting,
      orderCalls: this.#orderCalls,
      queryCalls: this.#queryCalls,
      snapshotCalls: this.#snapshots.count,
      orderCount: this.#orderCount,
      tradeCount: this.#tradeCount,
      lastAnswerDueTsMs: this.#lastAnswerDueTsMs,
    };
  }

  /** Goes on where the saved exchange stopped; call it once, on a new one with the same options. */
  load(saved: ExchangeSnapshot): void {
    const orders = new Map<OrderRecord, ExchangeOrder>();
    const orderOf = (record: OrderRecord): ExchangeOrder => {
      const contract = this.#contractOf(record.request.symbol, "restore an order");
      const order = orders.get(record) ?? ExchangeOrder.restore(record, contract);
      orders.set(record, order);
      return order;
    };
    this.account.load(saved.account);
    this.#orders.load({ ended: saved.orders.ended.map(orderOf), found: saved.orders.found.map(orderOf) });
    for (const [index, records] of saved.resting) {
      const resting = new RestingOrders();
      for (const record of records) resting.add(orderOf(record));
      this.#resting[index] = resting;
      this.watched[index] = 1;
      this.#options.watch?.(index, true);
    }
    this.#orderCalls = saved.orderCalls;
    this.#queryCalls = saved.queryCalls;
    this.#snapshots.count = saved.snapshotCalls;
    this.#orderCount = saved.orderCount;
    this.#tradeCount = saved.tradeCount;
    this.#lastAnswerDueTsMs = saved.lastAnswerDueTsMs;
  }

  #receiveOrder(request: OrderSubmitted, tsMs: number): void {
    const { clientOrderId } = request;
    const contract = this.#listed.get(request.symbol);
    const refusal = contract === undefined ? INVALID_SYMBOL : this.#admission.refuse(request, contract, tsMs);
    if (contract === undefined || refusal !== null) {
      const { code, text } = refusal ?? INVALID_SYMBOL;
      this.#answer(tsMs, { type: "exchange.order-rejected", clientOrderId, code, text });
      return;
    }
    this.#orderCount += 1;
    const orderId = ORDER_ID_PREFIX + String(this.#orderCount).padStart(ORDER_ID_DIGITS, "0");
    const order = new ExchangeOrder(request, contract, orderId);
    this.#orders.add(order);
    this.#answer(tsMs, { type: "exchange.order-accepted", clientOrderId, orderId });

    const priceTicks = this.#fillModel.takerPriceTicks(contract, request.side, request.qtyLots, tsMs);
    const isWithinLimit = request.limitPriceTicks === null || order.sign * (request.limitPriceTicks - priceTicks) >= 0;
    if (!Number.isNaN(priceTicks) && isWithinLimit) {
      this.#fill(order, priceTicks, false, tsMs);
    } else if (request.timeInForce === "GTC") {
      this.#enterBook(order);
    } else {
      const reason = Number.isNaN(priceTicks) ? "the market has no price yet" : "no price within the limit (IOC)";
      this.#end(order, "EXPIRED", reason, tsMs);
    }
  }

  #receiveQuery({ clientOrderId }: OrderQueryRequested, tsMs: number): void {
    const order = this.#orders.find(clientOrderId, tsMs);
    // A query is a request of its own: its answer may overtake the fills it tells of.
    this.#options.emit(tsMs + this.#answerLatency.sampleMs(), {
      type: "exchange.order-queried",
      clientOrderId,
      status: order?.status ?? "NOT_FOUND",
      orderId: order?.orderId ?? null,
      executedQtyLots: order?.filledLots ?? 0,
    });
  }

  /** Fills what is open of an order at one price; a reduce-only order no further than to a flat position. */
  #fill(order: ExchangeOrder, priceTicks: number, isMaker: boolean, tsMs: number): void {
    const { contract, request } = order;
    const { clientOrderId, symbol, side, isReduceOnly } = request;
    const closingLots = this.account.closingLots(contract.instrument.index, side, order.openLots);
    const openingLots = isReduceOnly ? 0 : order.openLots - closingLots;
    const qtyLots = closingLots + openingLots;
    if (qtyLots > 0) {
      const closingNotionalQuote = closingLots === 0 ? 0n : contract.notionalQuote(priceTicks, closingLots);
      const openingNotionalQuote = openingLots === 0 ? 0n : contract.notionalQuote(priceTicks, openingLots);
      const rate = isMaker ? this.#makerRate : this.#takerRate;
      const feeQuote = feeOf(closingNotionalQuote + openingNotionalQuote, rate);
      const realizedPnlQuote = this.account.book({
        contract,
        side,
        closingLots,
        closingNotionalQuote,
        openingLots,
        openingNotionalQuote,
        feeQuote,
        tsMs,
      });
      this.#tradeCount += 1;
      order.filledLots += qtyLots;
      order.status = order.openLots === 0 ? "FILLED" : "PARTIALLY_FILLED";
      this.#answer(tsMs, {
        type: "exchange.order-filled",
        clientOrderId,
        orderId: order.orderId,
        tradeId: String(this.#tradeCount),
        symbol,
        side,
        qtyLots,
        priceTicks,
        cumulativeQtyLots: order.filledLots,
        isOrderComplete: order.openLots === 0,
        isMaker,
        feeQuote,
        realizedPnlQuote,
        exchangeTsMs: tsMs,
      });
    }
    if (order.openLots === 0) this.#orders.end(order, tsMs);
    else this.#end(order, "EXPIRED", "reduce-only: nothing left to reduce", tsMs);
    if (qtyLots > 0) this.#expireReduceOnly(contract, tsMs);
  }

  #end(order: ExchangeOrder, status: "CANCELED" | "EXPIRED", reason: string, tsMs: number): void {
    order.status = status;
    this.#orders.end(order, tsMs);
    this.#answer(tsMs, {
      type: "exchange.order-ended",
      clientOrderId: order.request.clientOrderId,
      orderId: order.orderId,
      status,
      cumulativeQtyLots: order.filledLots,
      reason,
    });
  }

  #enterBook(order: ExchangeOrder): void {
    const { contract, request } = order;
    const { index } = contract.instrument;
    if (!request.isReduceOnly) {
      const notionalQuote = contract.notionalQuote(request.limitPriceTicks!, request.qtyLots);
      order.marginQuote = notionalQuote / BigInt(this.#options.leverage);
      this.account.orderMarginQuote += order.marginQuote;
    }
    let resting = this.#resting[index];
    if (resting === null || resting === undefined) {
      resting = new RestingOrders();
      this.#resting[index] = resting;
    }
    resting.add(order);
    if (this.watched[index] === 1) return;
    this.watched[index] = 1;
    this.#options.watch?.(index, true);
  }

  #leaveBook(order: ExchangeOrder): void {
    const { index } = order.contract.instrument;
    this.account.orderMarginQuote -= order.marginQuote;
    const resting = this.#resting[index]!;
    resting.remove(order);
    if (resting.size > 0) return;
    this.watched[index] = 0;
    this.#options.watch?.(index, false);
  }

  /** Resting reduce-only orders that no longer have anything to reduce leave the book, as on Binance (`er` 4). */
  #expireReduceOnly(contract: Contract, tsMs: number): void {
    const { index } = contract.instrument;
    const resting = this.#resting[index];
    if (resting === null || resting === undefined || resting.size === 0) return;
    const { qtyLots } = this.account.position(index);
    for (const sign of [1, -1] as const) {
      if (sign * qtyLots < 0) continue;
      for (let order = resting.firstReduceOnly(sign); order !== undefined; order = resting.firstReduceOnly(sign)) {
        this.#leaveBook(order);
        this.#end(order, "EXPIRED", "reduce-only: nothing left to reduce", tsMs);
      }
    }
  }

  /** One connection carries the answers about orders and funding, so a later one never overtakes an earlier one. */
  #answer(tsMs: number, event: EngineEvent): void {
    const dueTsMs = Math.max(tsMs + this.#answerLatency.sampleMs(), this.#lastAnswerDueTsMs);
    this.#lastAnswerDueTsMs = dueTsMs;
    this.#options.emit(dueTsMs, event);
  }

  #contractOf(symbol: string, purpose: string): Contract {
    const contract = this.#listed.get(symbol);
    if (contract === undefined) {
      throw new RangeError(`Cannot ${purpose} of "${symbol}": the venue does not list it, a listed symbol is needed`);
    }
    return contract;
  }
}

/** Which kinds of row say that somebody traded or would trade at that price. */
function matchedKinds(fidelity: Fidelity): Uint8Array {
  const kinds = new Uint8Array(3);
  if (fidelity === "mark" || fidelity === "candles") kinds[MARKET_KIND.mark] = 1;
  kinds[MARKET_KIND.book] = 1;
  kinds[MARKET_KIND.trade] = 1;
  return kinds;
}
