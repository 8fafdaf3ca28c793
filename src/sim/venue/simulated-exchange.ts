import type { OrderQueryRequested, OrderSubmitted, SnapshotRequested } from "../../engine/domain/decision.ts";
import type { EngineEvent, OrderQueried, PositionReport } from "../../engine/domain/event.ts";
import { type Instrument, lotsToQty, priceToTicks, qtyToLots } from "../../engine/domain/instrument.ts";
import { type Side, sideSign } from "../../engine/domain/intent.ts";
import { type Money, moneyFromNumber, moneyToNumber } from "../../engine/domain/money.ts";
import type { Exchange } from "../../engine/ports.ts";
import type { RandomStreams } from "../time/random-streams.ts";
import { Account, FeeRate } from "./account.ts";
import { bestPrice, type FillModel, takerTicks } from "./fill-model.ts";
import { type LatencyModel, sampleLatencyMs } from "./latency.ts";
import { checkOrder } from "./order-checks.ts";
import type { ExchangePrices } from "./prices.ts";

/** Terminal orders remembered for queries; older ones are unknown, as on the venue. */
const TERMINAL_ORDERS_KEPT = 10_000;

export interface SimulatedExchangeOptions {
  readonly instruments: readonly Instrument[];
  readonly prices: ExchangePrices;
  readonly walletQuote: Money;
  readonly leverage: number;
  readonly fees: { readonly maker: string; readonly taker: string };
  readonly fill: FillModel;
  readonly latency: { readonly order: LatencyModel; readonly answer: LatencyModel; readonly snapshot: LatencyModel };
  readonly random: RandomStreams;
  /** Written while a symbol has resting orders, so that the run loop calls `onMarket` for it. */
  readonly watch: (symbolIndex: number, isWatched: boolean) => void;
  /** Deliver this event to the engine at that time. */
  readonly emit: (dueTsMs: number, event: EngineEvent) => void;
  /** Run this on the exchange at that time, before anything the engine does then. */
  readonly schedule: (dueTsMs: number, run: (tsMs: number) => void) => void;
}

interface RestingOrder {
  readonly order: OrderSubmitted;
  readonly orderId: string;
  filledLots: number;
}

interface OrderRecord {
  readonly orderId: string;
  status: Exclude<OrderQueried["status"], "NOT_FOUND">;
  executedLots: number;
}

/** How often each kind of request was made: the cost side of a candidate ranking. */
export interface RequestCounts {
  orders: number;
  queries: number;
  snapshots: number;
}

/**
 * A USD-M futures exchange in virtual time: one account, one-way mode, market and limit orders (GTC, IOC), reduce-only,
 * the venue's filters and error codes, exact money.
 *
 * It answers nothing directly. A request arrives one order latency after it was sent and is judged on the prices of
 * that moment; its answer reaches the engine one answer latency later. The run loop owns time and the prices.
 */
export class SimulatedExchange implements Exchange {
  readonly account: Account;
  readonly requests: RequestCounts = { orders: 0, queries: 0, snapshots: 0 };
  readonly #options: SimulatedExchangeOptions;
  readonly #makerFee: FeeRate;
  readonly #takerFee: FeeRate;
  readonly #bySymbol: ReadonlyMap<string, Instrument>;
  readonly #orders = new Map<string, OrderRecord>();
  readonly #terminal: string[] = [];
  readonly #resting = new Map<number, RestingOrder[]>();
  #orderCount = 0;
  #tradeCount = 0;

  constructor(options: SimulatedExchangeOptions) {
    this.#options = options;
    this.account = new Account(options.walletQuote);
    this.#makerFee = new FeeRate(options.fees.maker);
    this.#takerFee = new FeeRate(options.fees.taker);
    this.#bySymbol = new Map(options.instruments.map((instrument) => [instrument.symbol, instrument]));
  }

  submit(order: OrderSubmitted, tsMs: number): void {
    this.requests.orders += 1;
    this.#options.schedule(tsMs + this.#latency("order"), (arrivedTsMs) => this.#arrive(order, arrivedTsMs));
  }

  query(request: OrderQueryRequested, tsMs: number): void {
    this.requests.queries += 1;
    this.#options.schedule(tsMs + this.#latency("order"), (arrivedTsMs) => {
      const record = this.#orders.get(request.clientOrderId);
      this.#options.emit(arrivedTsMs + this.#latency("answer"), {
        type: "exchange.order-queried",
        clientOrderId: request.clientOrderId,
        status: record?.status ?? "NOT_FOUND",
        orderId: record?.orderId ?? null,
        executedQtyLots: record?.executedLots ?? 0,
      });
    });
  }

  /** One call for all positions, or one serial call per symbol, each true for its own moment. */
  requestSnapshot(request: SnapshotRequested, tsMs: number): void {
    if (request.method === "one-call-for-all" || request.symbols.length === 0) {
      this.requests.snapshots += 1;
      this.#options.schedule(tsMs + this.#latency("snapshot"), (asOfTsMs) => {
        this.#report(request.requestId, [], asOfTsMs, true);
      });
      return;
    }
    let dueTsMs = tsMs;
    request.symbols.forEach((symbol, index) => {
      this.requests.snapshots += 1;
      dueTsMs += this.#latency("snapshot");
      const isFinal = index === request.symbols.length - 1;
      this.#options.schedule(dueTsMs, (asOfTsMs) => this.#report(request.requestId, [symbol], asOfTsMs, isFinal));
    });
  }

  /**
   * The symbol's price has moved. Resting limit orders fill when the market trades through their price; touching it is
   * not enough, because others stand in the queue before us.
   */
  onMarket(symbolIndex: number, tsMs: number): void {
    const resting = this.#resting.get(symbolIndex);
    if (resting === undefined) return;
    const instrument = this.#options.instruments[symbolIndex]!;
    for (const each of [...resting]) {
      const limit = each.order.limitPriceTicks!;
      const best = this.#bestTicks(instrument, each.order.side);
      if (best === null) continue;
      const isThrough = each.order.side === "BUY" ? best < limit : best > limit;
      if (isThrough) this.#fillResting(instrument, each, tsMs);
    }
  }

  /** Funding at the recorded rate; the mark is the recorded one or, without it, the price of the moment. */
  settleFunding(symbol: string, rate: number, markPrice: number | null, tsMs: number): void {
    const instrument = this.#bySymbol.get(symbol);
    if (instrument === undefined || this.account.qtyLots(symbol) === 0) return;
    const mark = markPrice ?? this.#options.prices.price[instrument.index]!;
    if (!(mark > 0)) return;
    const amountQuote = this.account.settleFunding(instrument, rate, mark, tsMs);
    this.#options.emit(tsMs + this.#latency("answer"), {
      type: "exchange.funding-settled",
      symbol,
      rate,
      markPrice: mark,
      amountQuote,
    });
  }

  /** Another writer on the same account trades: the engine learns of it only through snapshots. */
  applyExternalFill(trade: {
    readonly symbol: string;
    readonly side: Side;
    readonly qty: number;
    readonly price: number | null;
    readonly tsMs: number;
  }): void {
    const instrument = this.#bySymbol.get(trade.symbol);
    if (instrument === undefined) return;
    const lots = qtyToLots(instrument, trade.qty, "half-even");
    const priceTicks =
      trade.price === null
        ? takerTicks(instrument, trade.side, lots, this.#options.prices, this.#options.fill)
        : priceToTicks(instrument, trade.price);
    if (lots === 0 || priceTicks === null) return;
    const signedLots = sideSign(trade.side) * lots;
    this.account.fill(instrument, { signedLots, priceTicks, feeRate: this.#takerFee, tsMs: trade.tsMs });
  }

  /** Positions the account holds when the run starts; they cost nothing and earn nothing yet. */
  openInitial(symbol: string, qty: number, entryPrice: number): void {
    const instrument = this.#bySymbol.get(symbol);
    if (instrument === undefined) return;
    const qtyLots = qtyToLots(instrument, qty, "half-even");
    const entryNotionalQuote = moneyFromNumber(Math.abs(lotsToQty(instrument, qtyLots)) * entryPrice);
    this.account.positions.set(symbol, { qtyLots, entryNotionalQuote });
  }

  /** `null` when the books reconcile to the last unit. */
  mismatch(): Money | null {
    return this.account.mismatch();
  }

  #arrive(order: OrderSubmitted, tsMs: number): void {
    const { prices, fill, emit } = this.#options;
    const instrument = this.#bySymbol.get(order.symbol);
    const answerTsMs = tsMs + this.#latency("answer");
    const positionLots = this.account.qtyLots(order.symbol);
    const takerPriceTicks =
      instrument === undefined ? null : takerTicks(instrument, order.side, order.qtyLots, prices, fill);
    const refusal = checkOrder(order, instrument ?? UNLISTED, {
      isListed: instrument?.isOnVenue === true,
      isDuplicate: this.#orders.has(order.clientOrderId),
      positionLots,
      referenceTicks: takerPriceTicks,
      isMarginEnough: (lots) => this.#isMarginEnough(instrument!, lots, takerPriceTicks!),
    });
    if (refusal !== null || instrument === undefined) {
      emit(answerTsMs, { type: "exchange.order-rejected", clientOrderId: order.clientOrderId, ...refusal! });
      return;
    }
    this.#orderCount += 1;
    const orderId = String(this.#orderCount);
    const record: OrderRecord = { orderId, status: "NEW", executedLots: 0 };
    this.#orders.set(order.clientOrderId, record);
    emit(answerTsMs, { type: "exchange.order-accepted", clientOrderId: order.clientOrderId, orderId });
    const lots = order.isReduceOnly ? Math.min(order.qtyLots, Math.abs(positionLots)) : order.qtyLots;
    const limit = order.limitPriceTicks;
    const isMarketable =
      limit === null || (order.side === "BUY" ? takerPriceTicks! <= limit : takerPriceTicks! >= limit);
    if (isMarketable) {
      this.#fill(instrument, order, record, { lots, priceTicks: takerPriceTicks!, isMaker: false, tsMs, answerTsMs });
      // What a reduce-only order asked beyond the position is cut by the venue: the order is complete all the same.
      this.#end(order.clientOrderId, record, "FILLED");
      return;
    }
    if (order.timeInForce === "IOC") {
      this.#end(order.clientOrderId, record, "EXPIRED");
      emit(answerTsMs, {
        type: "exchange.order-ended",
        clientOrderId: order.clientOrderId,
        orderId,
        status: "EXPIRED",
        cumulativeQtyLots: 0,
        reason: "IOC order found nothing at its limit",
      });
      return;
    }
    const resting = this.#resting.get(instrument.index) ?? [];
    resting.push({ order, orderId, filledLots: 0 });
    this.#resting.set(instrument.index, resting);
    this.#options.watch(instrument.index, true);
  }

  #fillResting(instrument: Instrument, resting: RestingOrder, tsMs: number): void {
    const { order } = resting;
    const record = this.#orders.get(order.clientOrderId)!;
    const answerTsMs = tsMs + this.#latency("answer");
    const room = order.isReduceOnly ? this.#reducibleLots(order) : order.qtyLots;
    const lots = Math.min(order.qtyLots, room);
    const queue = this.#resting.get(instrument.index)!;
    queue.splice(queue.indexOf(resting), 1);
    if (queue.length === 0) {
      this.#resting.delete(instrument.index);
      this.#options.watch(instrument.index, false);
    }
    if (lots === 0) {
      this.#end(order.clientOrderId, record, "EXPIRED");
      this.#options.emit(answerTsMs, {
        type: "exchange.order-ended",
        clientOrderId: order.clientOrderId,
        orderId: resting.orderId,
        status: "EXPIRED",
        cumulativeQtyLots: 0,
        reason: "reduce-only order has nothing left to reduce",
      });
      return;
    }
    const priceTicks = order.limitPriceTicks!;
    this.#fill(instrument, order, record, { lots, priceTicks, isMaker: true, tsMs, answerTsMs });
    this.#end(order.clientOrderId, record, "FILLED");
  }

  #reducibleLots(order: OrderSubmitted): number {
    const held = this.account.qtyLots(order.symbol);
    return Math.sign(held) === -sideSign(order.side) ? Math.abs(held) : 0;
  }

  #fill(
    instrument: Instrument,
    order: OrderSubmitted,
    record: OrderRecord,
    fill: { lots: number; priceTicks: number; isMaker: boolean; tsMs: number; answerTsMs: number },
  ): void {
    this.#tradeCount += 1;
    record.executedLots += fill.lots;
    const money = this.account.fill(instrument, {
      signedLots: sideSign(order.side) * fill.lots,
      priceTicks: fill.priceTicks,
      feeRate: fill.isMaker ? this.#makerFee : this.#takerFee,
      tsMs: fill.tsMs,
    });
    this.#options.emit(fill.answerTsMs, {
      type: "exchange.order-filled",
      clientOrderId: order.clientOrderId,
      orderId: record.orderId,
      tradeId: String(this.#tradeCount),
      symbol: order.symbol,
      side: order.side,
      qtyLots: fill.lots,
      priceTicks: fill.priceTicks,
      cumulativeQtyLots: record.executedLots,
      isOrderComplete: true,
      isMaker: fill.isMaker,
      feeQuote: money.feeQuote,
      realizedPnlQuote: money.realizedPnlQuote,
      exchangeTsMs: fill.tsMs,
    });
  }

  #end(clientOrderId: string, record: OrderRecord, status: "FILLED" | "EXPIRED"): void {
    record.status = status;
    this.#terminal.push(clientOrderId);
    if (this.#terminal.length > 2 * TERMINAL_ORDERS_KEPT) {
      for (const old of this.#terminal.splice(0, TERMINAL_ORDERS_KEPT)) this.#orders.delete(old);
    }
  }

  #report(requestId: string, symbols: readonly string[], asOfTsMs: number, isFinal: boolean): void {
    const wanted = symbols.length === 0 ? [...this.account.positions.keys()] : symbols;
    const positions: PositionReport[] = [];
    for (const symbol of wanted) {
      const instrument = this.#bySymbol.get(symbol);
      const qtyLots = this.account.qtyLots(symbol);
      if (instrument === undefined || qtyLots === 0) continue;
      const mark = this.#options.prices.price[instrument.index]!;
      const entryPrice = this.account.entryPrice(instrument);
      positions.push({ symbol, qtyLots, entryPrice, markPrice: mark > 0 ? mark : entryPrice });
    }
    this.#options.emit(asOfTsMs, {
      type: "exchange.snapshot-received",
      requestId,
      status: "ok",
      asOfTsMs,
      symbols,
      positions,
      walletQuote: this.account.walletQuote,
      isFinal,
    });
  }

  /** Equity minus the margin of open positions covers the margin of the increase, at one leverage for all. */
  #isMarginEnough(instrument: Instrument, increasingLots: number, priceTicks: number): boolean {
    const { prices, leverage } = this.#options;
    let equity = moneyToNumber(this.account.walletQuote);
    let used = 0;
    for (const [symbol, position] of this.account.positions) {
      const each = this.#bySymbol.get(symbol)!;
      const mark = prices.price[each.index]!;
      const entryNotional = moneyToNumber(position.entryNotionalQuote);
      const notional = mark > 0 ? lotsToQty(each, Math.abs(position.qtyLots)) * mark : entryNotional;
      equity += position.qtyLots > 0 ? notional - entryNotional : entryNotional - notional;
      used += notional / leverage;
    }
    const price = (priceTicks * Number(instrument.tickSize)) as number;
    const needed = (lotsToQty(instrument, increasingLots) * price) / leverage;
    return equity - used >= needed;
  }

  #bestTicks(instrument: Instrument, side: Side): number | null {
    const best = bestPrice(instrument, side, this.#options.prices, this.#options.fill);
    return best === null ? null : best / Number(instrument.tickSize);
  }

  #latency(kind: "order" | "answer" | "snapshot"): number {
    const { latency, random } = this.#options;
    return sampleLatencyMs(latency[kind], random.stream(`latency.${kind}`));
  }
}

/** Stands in for a symbol the venue has never heard of; only its refusal is used. */
const UNLISTED: Instrument = {
  symbol: "",
  index: -1,
  tickSize: "1",
  stepSize: "1",
  qtyLotsMin: 1,
  qtyLotsMax: 1,
  notionalMinQuote: 0n,
  isOnVenue: false,
};
