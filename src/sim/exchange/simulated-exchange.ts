import type { OrderQueryRequested, OrderSubmitted, SnapshotRequested } from "../../engine/domain/decision.ts";
import type { OrderFilled } from "../../engine/domain/event.ts";
import { type Money, parseMoney } from "../../engine/domain/money.ts";
import type { Exchange } from "../../engine/ports.ts";
import type { ExecutionType, Order, Trade } from "../../venue/order.ts";
import { REFUSALS, Refusal } from "../../venue/refusal.ts";
import { type SymbolRules, type SymbolStatus, symbolRules } from "../../venue/symbol-rules.ts";
import { Venue } from "../../venue/venue.ts";
import { ExchangeAccount } from "./account.ts";
import { AnswerLine, type AnswerLineSnapshot } from "./answer-line.ts";
import type { ExchangeArrival, ExternalFill, SimulatedExchangeOptions } from "./exchange-options.ts";
import { FaultPlan, type FaultPlanSnapshot } from "./faults/fault-plan.ts";
import { runTimedFault, type TimedFaultActions, timesOf } from "./faults/timed-faults.ts";
import { Trouble } from "./faults/trouble.ts";
import { Latency } from "./latency.ts";
import { SnapshotCalls } from "./snapshot-calls.ts";

/** Order ids are text because real ones exceed 2^53. */
const ORDER_ID_BASE = 8_389_700_000_000_000_000n;
const DAY_MS = 86_400_000;
/** Orders that ended without a fill can be queried for three days, others for ninety (exchange.md section 3). */
const UNFILLED_KEPT_MS = 3 * DAY_MS;
const FILLED_KEPT_MS = 90 * DAY_MS;

/** Everything later calls depend on, as plain data. */
export interface ExchangeSnapshot {
  readonly venue: unknown;
  readonly orderCalls: number;
  readonly queryCalls: number;
  readonly snapshotCalls: number;
  readonly line: AnswerLineSnapshot;
  readonly faults: FaultPlanSnapshot;
}

/**
 * The engine's port onto a venue in virtual time: one account in one-way mode, with what lies between a program and an
 * exchange. The venue decides what happens; this face decides when anybody learns of it.
 *
 * It owns no clock and no queue: calls of the `Exchange` port leave as arrivals through `schedule`, come back through
 * `arrive`, and answers leave through `emit`. Answers about orders reach the engine in the order in which they were
 * given, whatever their latencies, because they travel on one connection.
 */
export class SimulatedExchange implements Exchange {
  readonly venue: Venue;
  readonly account: ExchangeAccount;

  readonly #options: SimulatedExchangeOptions;
  readonly #orderLatency: Latency;
  readonly #queryLatency: Latency;
  readonly #line: AnswerLine;
  readonly #faults: FaultPlan;
  readonly #trouble: Trouble;
  readonly #snapshots: SnapshotCalls;
  /** Order being placed whose acceptance nobody may hear of. */
  #unacknowledged: string | null = null;
  #orderCalls = 0;
  #queryCalls = 0;

  /** @throws {RangeError} when an initial position names a symbol the venue does not list. */
  constructor(options: SimulatedExchangeOptions) {
    const { random, latency } = options;
    this.#options = options;
    this.#orderLatency = new Latency(latency.order, random.stream("latency/order"));
    this.#queryLatency =
      latency.query === undefined ? this.#orderLatency : new Latency(latency.query, random.stream("latency/query"));
    this.#faults = new FaultPlan(options.faults ?? [], random, (finding) => options.note?.(finding));
    this.#trouble = new Trouble({
      faults: this.#faults,
      rates: options.trouble ?? {},
      random,
      priceOf: (order) => this.#priceOf(order),
    });
    this.#line = new AnswerLine({
      answer: new Latency(latency.answer, random.stream("latency/answer")),
      user: latency.user === undefined ? null : new Latency(latency.user, random.stream("latency/user")),
      faults: this.#faults,
      emit: (dueTsMs, event) => options.emit(dueTsMs, event),
    });
    this.venue = new Venue({
      rules: rulesOf(options),
      market: options.market,
      fidelity: options.fidelity,
      makerRate: parseMoney(options.fees.maker),
      takerRate: parseMoney(options.fees.taker),
      fill: options.fill,
      isLiquidationEnabled: options.isLiquidationEnabled ?? true,
      orderIdBase: ORDER_ID_BASE,
      listener: {
        order: (order, execution, trade, tsMs) => this.#tell(order, execution, trade, tsMs),
        account: () => undefined,
        algo: () => undefined,
        leverage: () => undefined,
        marginCall: () => undefined,
        watch: (symbolIndex, isWatched) => options.watch?.(symbolIndex, isWatched),
      },
    });
    const { walletQuote, leverage } = options;
    this.account = new ExchangeAccount(
      this.venue,
      this.venue.addAccount({
        name: "engine",
        walletQuote,
        leverage,
        ...(options.historyMax === undefined ? {} : { historyMax: options.historyMax }),
      }),
    );
    for (const symbol of options.suspended?.keys() ?? []) this.#actions.setStatus(symbol, this.#usualStatus(symbol), 0);
    this.#snapshots = new SnapshotCalls({
      account: this.account,
      rules: this.venue.rules,
      latency: new Latency(latency.snapshot, random.stream("latency/snapshot")),
      listed: (symbol) => this.#listed(symbol),
      failure: (tsMs, symbol) => this.#trouble.onCall(tsMs, symbol),
      isLeftOut: (tsMs, symbol) => this.#faults.take(["position-report-partial"], tsMs, symbol) !== null,
      schedule: (dueTsMs, call) => options.schedule(dueTsMs, call),
      emit: (dueTsMs, event) => options.emit(dueTsMs, event),
    });
    for (const { symbol, qtyLots, entryPrice } of options.initialPositions) {
      const { index } = this.#rulesOf(symbol, "open the initial position");
      this.venue.adopt(this.account.state, index, qtyLots, entryPrice);
    }
  }

  /** 1 where `onMarket` must be called for every row of the symbol; 0 where the exchange needs no call. */
  get watched(): Uint8Array {
    return this.venue.watched;
  }

  /** Puts the faults that act by themselves on the way; once, when a run begins and not when it goes on. */
  begin(tsMs: number): void {
    for (const [dueTsMs, due] of timesOf(this.#faults.faults, tsMs)) this.#options.schedule(dueTsMs, due);
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
    this.#options.schedule(tsMs + this.#queryLatency.sampleMs(), request);
  }

  requestSnapshot(request: SnapshotRequested, tsMs: number): void {
    this.#snapshots.request(request, tsMs);
  }

  /** What was scheduled has reached the exchange. */
  arrive(arrival: ExchangeArrival, tsMs: number): void {
    this.venue.advance(tsMs);
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
      case "fault.due":
        runTimedFault(arrival, this.#faults, this.#actions, tsMs);
        return;
    }
  }

  /**
   * One market row of a watched symbol, after the columns have been stored; `kind` is one of `MARKET_KIND`.
   *
   * @param tradedQty base quantity of a trade row, 0 otherwise
   */
  onMarket(symbolIndex: number, tsMs: number, kind: number, tradedQty = 0): void {
    const { qtyPerLot } = this.venue.rules[symbolIndex]!.contract;
    this.venue.onMarket(symbolIndex, tsMs, kind, tradedQty > 0 ? Math.floor(tradedQty / qtyPerLot + 1e-9) : 0);
  }

  /**
   * Settles funding of one symbol at the recorded rate; `null` takes the mark of now.
   *
   * @returns what the account received, negative when it paid, 0 without a position
   */
  settleFunding(symbol: string, rate: number, markPrice: number | null, tsMs: number): Money {
    const rules = this.#listed(symbol);
    if (rules === undefined || this.account.position(rules.index).qtyLots === 0) return 0n;
    const mark = markPrice ?? this.account.referencePrice(rules.index);
    if (!(mark > 0)) return 0n;
    const [amountQuote = 0n] = this.venue.settleFunding(rules.index, rate, mark, tsMs);
    this.#line.tell(tsMs, { type: "exchange.funding-settled", symbol, rate, markPrice: mark, amountQuote }, symbol);
    return amountQuote;
  }

  /**
   * Another writer trades on the same account, as a taker. The engine hears of it through snapshots only.
   *
   * @returns `false` when it should trade at the market and the market has no price yet
   * @throws {RangeError} when the venue does not list the symbol or the quantity is no whole number of lots
   */
  applyExternalFill(fill: ExternalFill): boolean {
    const { symbol, side, qtyLots, price, tsMs } = fill;
    const { index } = this.#rulesOf(symbol, "apply an external trade");
    if (!Number.isInteger(qtyLots) || qtyLots <= 0) {
      throw new RangeError(
        `Cannot apply an external trade to "${symbol}": ${qtyLots} lots, a positive whole number is needed`,
      );
    }
    return this.venue.tradeBeside(this.account.state, index, side, qtyLots, price, tsMs);
  }

  save(): ExchangeSnapshot {
    return {
      venue: this.venue.save(),
      orderCalls: this.#orderCalls,
      queryCalls: this.#queryCalls,
      snapshotCalls: this.#snapshots.count,
      line: this.#line.save(),
      faults: this.#faults.save(),
    };
  }

  /** Goes on where the saved exchange stopped; call it once, on a new one with the same options. */
  load(saved: ExchangeSnapshot): void {
    this.venue.load(saved.venue);
    this.account.state = this.venue.accounts[0]!;
    this.#orderCalls = saved.orderCalls;
    this.#queryCalls = saved.queryCalls;
    this.#snapshots.count = saved.snapshotCalls;
    this.#line.load(saved.line);
    this.#faults.load(saved.faults);
  }

  #receiveOrder(request: OrderSubmitted, tsMs: number): void {
    const { clientOrderId } = request;
    const trouble = this.#trouble.onOrder(request, tsMs);
    if (trouble?.kind === "refused") {
      const { code, text } = trouble;
      this.#line.answer(tsMs, { type: "exchange.order-rejected", clientOrderId, code, text });
      return;
    }
    if (trouble === null) {
      const placed = this.#place(request, tsMs);
      if (!(placed instanceof Refusal)) return;
      const { code, text } = placed;
      this.#line.answer(tsMs, { type: "exchange.order-rejected", clientOrderId, code, text });
      return;
    }
    this.#unacknowledged = clientOrderId;
    if (trouble.isArrived) this.#place(request, tsMs);
    this.#unacknowledged = null;
    this.#line.answer(tsMs, { type: "exchange.order-unknown", clientOrderId, cause: trouble.cause });
  }

  #place(request: OrderSubmitted, tsMs: number): Order | Refusal {
    const { clientOrderId, symbol, side, orderType, qtyLots, limitPriceTicks, timeInForce, isReduceOnly } = request;
    const rules = this.#listed(symbol);
    if (rules === undefined) return REFUSALS.invalidSymbol;
    return this.venue.place(
      this.account.state,
      {
        symbolIndex: rules.index,
        side,
        positionSide: "BOTH",
        type: orderType,
        qtyLots,
        priceTicks: limitPriceTicks,
        timeInForce,
        isReduceOnly,
        clientOrderId,
      },
      tsMs,
    );
  }

  /** A query that fails has no answer: the engine asks again by its own clock. */
  #receiveQuery({ clientOrderId }: OrderQueryRequested, tsMs: number): void {
    if (this.#trouble.onCall(tsMs, null) !== null) return;
    const found = this.venue.findByClientId(this.account.state, clientOrderId);
    const order = found !== undefined && isKept(found, tsMs) ? found : undefined;
    this.#line.reply(tsMs, {
      type: "exchange.order-queried",
      clientOrderId,
      status: order === undefined ? "NOT_FOUND" : order.status === "EXPIRED_IN_MATCH" ? "EXPIRED" : order.status,
      orderId: order?.orderId ?? null,
      executedQtyLots: order?.filledLots ?? 0,
    });
  }

  /** What the venue tells of orders, in the words of the engine. */
  #tell(order: Order, execution: ExecutionType, trade: Trade | null, tsMs: number): void {
    const { clientOrderId, orderId } = order;
    const { symbol } = this.venue.rules[order.symbolIndex]!;
    if (trade !== null) {
      const fill: OrderFilled = {
        type: "exchange.order-filled",
        clientOrderId,
        orderId,
        tradeId: String(trade.tradeId),
        symbol,
        side: order.side,
        qtyLots: trade.qtyLots,
        priceTicks: trade.priceTicks,
        cumulativeQtyLots: order.filledLots,
        isOrderComplete: order.filledLots === order.qtyLots,
        isMaker: trade.isMaker,
        feeQuote: trade.feeQuote,
        realizedPnlQuote: trade.realizedPnlQuote,
        exchangeTsMs: tsMs,
      };
      this.#line.tell(tsMs, fill, symbol);
    } else if (execution === "NEW") {
      if (this.#unacknowledged === clientOrderId) return;
      this.#line.answer(tsMs, { type: "exchange.order-accepted", clientOrderId, orderId });
    } else if (execution === "CANCELED" || execution === "EXPIRED") {
      const reason = this.#endReason(order);
      const cumulativeQtyLots = order.filledLots;
      const ended = { clientOrderId, orderId, status: execution, cumulativeQtyLots, reason } as const;
      this.#line.tell(tsMs, { type: "exchange.order-ended", ...ended }, symbol);
    }
  }

  #endReason(order: Order): string {
    switch (order.expiryReason) {
      case 0:
        return "cancelled";
      case 1:
        return "self-trade prevention";
      case 2:
        if (!(this.account.referencePrice(order.symbolIndex) > 0)) return "the market has no price yet";
        return order.type === "MARKET" ? "nobody offers within the venue's bound" : "no price within the limit (IOC)";
      case 3:
        return "liquidated";
      case 4:
        return "reduce-only: nothing left to reduce";
      case 5:
        return "deleveraged";
      case 6:
        return "the symbol was closed";
      case 7:
        return "its time was up";
    }
  }

  get #actions(): TimedFaultActions {
    return {
      usualStatus: (symbol) => this.#usualStatus(symbol),
      setStatus: (symbol, status, tsMs) => {
        const index = this.venue.symbolIndex(symbol);
        if (index !== undefined) this.venue.setStatus(index, status, tsMs);
      },
      settlePosition: (symbol, tsMs) => this.#settlePosition(symbol, tsMs),
      resetAccount: () => this.venue.resetAccount(this.account.state),
    };
  }

  #usualStatus(symbol: string): SymbolStatus {
    const suspension = this.#options.suspended?.get(symbol);
    if (suspension === undefined) return "TRADING";
    return suspension === "closed" ? "CLOSED" : "REDUCE_ONLY";
  }

  #settlePosition(symbol: string, tsMs: number): void {
    const rules = this.#listed(symbol);
    const qtyLots = rules === undefined ? 0 : this.account.position(rules.index).qtyLots;
    if (rules === undefined || qtyLots === 0) return;
    const mark = this.account.referencePrice(rules.index);
    const price = mark > 0 ? mark : null;
    this.venue.tradeBeside(
      this.account.state,
      rules.index,
      qtyLots > 0 ? "SELL" : "BUY",
      Math.abs(qtyLots),
      price,
      tsMs,
    );
  }

  #priceOf({ symbol, limitPriceTicks }: OrderSubmitted): number | null {
    const rules = this.#listed(symbol);
    return rules === undefined || limitPriceTicks === null ? null : rules.contract.priceOfTicks(limitPriceTicks);
  }

  #listed(symbol: string): SymbolRules | undefined {
    const index = this.venue.symbolIndex(symbol);
    const rules = index === undefined ? undefined : this.venue.rules[index];
    return rules?.isListed === true ? rules : undefined;
  }

  #rulesOf(symbol: string, purpose: string): SymbolRules {
    const rules = this.#listed(symbol);
    if (rules === undefined) {
      throw new RangeError(`Cannot ${purpose} of "${symbol}": the venue does not list it, a listed symbol is needed`);
    }
    return rules;
  }
}

function isKept(order: Order, tsMs: number): boolean {
  if (order.status === "NEW" || order.status === "PARTIALLY_FILLED") return true;
  return tsMs - order.updatedTsMs <= (order.filledLots > 0 ? FILLED_KEPT_MS : UNFILLED_KEPT_MS);
}

function rulesOf({
  instruments,
  symbolsMissing,
  suspended,
  venueInfo,
  leverageBrackets,
}: SimulatedExchangeOptions): SymbolRules[] {
  const missing = new Set(symbolsMissing);
  return instruments.map((instrument) => {
    const { symbol } = instrument;
    const isOnVenue = (instrument.isOnVenue || suspended?.has(symbol) === true) && !missing.has(symbol);
    return symbolRules(
      // Variants whose venue lists the same symbols have the same instruments, and share their rules.
      isOnVenue === instrument.isOnVenue ? instrument : { ...instrument, isOnVenue },
      isOnVenue ? venueInfo?.get(symbol) : undefined,
      leverageBrackets?.get(symbol),
    );
  });
}
