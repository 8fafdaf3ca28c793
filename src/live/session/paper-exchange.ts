import type { OrderQueryRequested, OrderSubmitted, SnapshotRequested } from "../../engine/domain/decision.ts";
import type { EngineEvent, PositionReport } from "../../engine/domain/event.ts";
import type { Instrument } from "../../engine/domain/instrument.ts";
import { type Money, parseMoney } from "../../engine/domain/money.ts";
import { MARKET_KIND, type RecordingSource } from "../../recording/batch.ts";
import type { LeverageBracket } from "../../recording/leverage-brackets.ts";
import { type AccountState, heldLots, positionKey, reconcile } from "../../venue/account.ts";
import type { FillModelOptions } from "../../venue/liquidity.ts";
import type { ExecutionType, Order, Trade } from "../../venue/order.ts";
import { REFUSALS, Refusal } from "../../venue/refusal.ts";
import { symbolRules } from "../../venue/symbol-rules.ts";
import { Venue } from "../../venue/venue.ts";
import { addVolume, createVenueMarket, referencePrice, type VenueMarket } from "../../venue/venue-market.ts";
import {
  type AccountReport,
  type AppliedRow,
  type Clock,
  type ExchangeListener,
  type FeedFunding,
  isOwnClientOrderId,
  type LiveExchange,
} from "../ports.ts";
import { Line } from "./line.ts";

export interface PaperExchangeOptions {
  readonly clock: Clock;
  readonly instruments: readonly Instrument[];
  readonly walletQuote: Money;
  readonly leverage: number;
  /** Fractions of notional as decimal text. */
  readonly fees: { readonly maker: string; readonly taker: string };
  readonly fill: FillModelOptions;
  /** How finely the feed shows the market; see `VenueOptions`. */
  readonly fidelity: RecordingSource["fidelity"];
  /** Way to the exchange, way back, and a whole snapshot call. */
  readonly latencyMs: { readonly order: number; readonly answer: number; readonly snapshot: number };
  readonly venueInfo?: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
  readonly leverageBrackets?: ReadonlyMap<string, readonly LeverageBracket[]>;
  /** Orders and trades of an earlier account of the session: ids go on behind them, none comes twice. 0 when absent. */
  readonly idsUsed?: number;
  /** Positions the account begins with. */
  readonly positions?: readonly { readonly symbol: string; readonly qtyLots: number; readonly entryPrice: number }[];
}

const ORDER_ID_BASE = 10_000_000n;

/**
 * The venue of simulations on live prices: paper trading, shadows, and tests. Orders meet the prices of the session's
 * own feed, latencies pass on the session's clock, and answers come back on one line, in the order of what they tell.
 * The account lives in memory and ends with the process.
 */
export class PaperExchange implements LiveExchange {
  readonly #options: PaperExchangeOptions;
  readonly #market: VenueMarket;
  readonly #venue: Venue;
  readonly #account: AccountState;
  #listener: ExchangeListener | null = null;
  readonly #requests: Line;
  readonly #answers: Line;
  /** Trades that were told on this connection: a query tells the others. */
  readonly #toldTrades = new Set<number>();

  /** @throws {RangeError} when a position names a symbol that is no instrument */
  constructor(options: PaperExchangeOptions) {
    const { instruments, venueInfo, leverageBrackets, fees } = options;
    this.#options = options;
    this.#requests = new Line(options.clock, options.latencyMs.order);
    this.#answers = new Line(options.clock, options.latencyMs.answer);
    this.#market = createVenueMarket(instruments.length);
    this.#venue = new Venue({
      rules: instruments.map((each) =>
        symbolRules(each, venueInfo?.get(each.symbol), leverageBrackets?.get(each.symbol)),
      ),
      market: this.#market,
      fidelity: options.fidelity,
      orderIdBase: ORDER_ID_BASE + BigInt(options.idsUsed ?? 0),
      tradeIdBase: options.idsUsed ?? 0,
      makerRate: parseMoney(fees.maker),
      takerRate: parseMoney(fees.taker),
      fill: options.fill,
      listener: {
        order: (order, execution, trade, tsMs) => this.#tell(order, execution, trade, tsMs),
        account: () => undefined,
        algo: () => undefined,
        leverage: () => undefined,
        marginCall: () => undefined,
        watch: () => undefined,
      },
    });
    const { walletQuote, leverage } = options;
    this.#account = this.#venue.addAccount({ name: "paper", walletQuote, leverage });
    for (const { symbol, qtyLots, entryPrice } of options.positions ?? []) {
      const index = this.#venue.symbolIndex(symbol);
      if (index === undefined) throw new RangeError(`Cannot open a paper position of "${symbol}": it is no instrument`);
      this.#venue.adopt(this.#account, index, qtyLots, entryPrice);
    }
  }

  /** The venue's books, for tests and reports; `null` from `mismatch` when they add up to the last unit. */
  get account(): AccountState {
    return this.#account;
  }

  get mismatch(): string | null {
    return reconcile(this.#account);
  }

  async connect(listener: ExchangeListener): Promise<void> {
    this.#listener = listener;
    this.#toldTrades.clear();
  }

  /** Answers on their way are lost with the connection; the account stays, for whoever connects next. */
  async close(): Promise<void> {
    this.#listener = null;
  }

  onRow(row: AppliedRow): void {
    const { symbolIndex, exchangeTsMs, tsMs, kind, price, bid, ask, qty, bidQty, askQty } = row;
    const market = this.#market;
    if (kind === MARKET_KIND.mark) market.mark[symbolIndex] = price;
    else if (kind === MARKET_KIND.trade) market.last[symbolIndex] = price;
    if (bid > 0) {
      market.bid[symbolIndex] = bid;
      market.ask[symbolIndex] = ask;
      market.bidQty[symbolIndex] = bidQty;
      market.askQty[symbolIndex] = askQty;
    }
    market.updatedTsMs[symbolIndex] = exchangeTsMs;
    if (qty > 0) addVolume(market, symbolIndex, exchangeTsMs, qty);
    if (this.#venue.watched[symbolIndex] !== 1) return;
    const { qtyPerLot } = this.#venue.rules[symbolIndex]!.contract;
    const tradedLots = kind === MARKET_KIND.trade && qty > 0 ? Math.floor(qty / qtyPerLot + 1e-9) : 0;
    this.#venue.onMarket(symbolIndex, tsMs, kind, tradedLots);
  }

  onFunding({ symbolIndex, rate, markPrice, tsMs }: FeedFunding): void {
    if (heldLots(this.#account, symbolIndex, "BOTH") === 0) return;
    const mark = markPrice ?? referencePrice(this.#market, symbolIndex);
    if (!(mark > 0)) return;
    const nowMs = this.#options.clock.nowMs();
    const [amountQuote = 0n] = this.#venue.settleFunding(symbolIndex, rate, mark, tsMs ?? nowMs);
    const { symbol } = this.#venue.rules[symbolIndex]!;
    this.#answer({ type: "exchange.funding-settled", symbol, rate, markPrice: mark, amountQuote });
  }

  submit(order: OrderSubmitted): void {
    this.#requests.send(() => this.#receive(order, this.#advance()));
  }

  query({ clientOrderId }: OrderQueryRequested, _tsMs: number, { symbol }: OrderSubmitted): void {
    this.#requests.send(() => {
      this.#advance();
      const order = this.#venue.findByClientId(this.#account, clientOrderId);
      if (order !== undefined) this.#tellTrades(order, symbol);
      this.#answer({
        type: "exchange.order-queried",
        clientOrderId,
        status: order === undefined ? "NOT_FOUND" : order.status === "EXPIRED_IN_MATCH" ? "EXPIRED" : order.status,
        orderId: order?.orderId ?? null,
        executedQtyLots: order?.filledLots ?? 0,
      });
    });
  }

  requestSnapshot({ requestId, method, symbols }: SnapshotRequested): void {
    const { clock, latencyMs } = this.#options;
    const halfMs = Math.floor(latencyMs.snapshot / 2);
    clock.schedule(clock.nowMs() + halfMs, () => {
      // Orders may still fill within this millisecond: the report is sure about the one before.
      const asOfTsMs = this.#advance() - 1;
      const isForAll = method === "one-call-for-all";
      const wanted = isForAll
        ? this.#openIndices()
        : symbols.flatMap((symbol) => this.#venue.symbolIndex(symbol) ?? []);
      const event: EngineEvent = {
        type: "exchange.snapshot-received",
        requestId,
        status: "ok",
        asOfTsMs,
        symbols,
        positions: wanted.map((index) => this.#report(index)),
        walletQuote: this.#account.walletQuote,
        isFinal: true,
      };
      clock.schedule(clock.nowMs() + latencyMs.snapshot - halfMs, () => this.#listener?.event(event));
    });
  }

  async reconcile(): Promise<AccountReport> {
    const { walletQuote, openOrders } = this.#account;
    return {
      asOfTsMs: this.#options.clock.nowMs(),
      walletQuote,
      positions: this.#openIndices().map((index) => this.#report(index)),
      openOrders: [...openOrders.values()].map((order) => ({
        clientOrderId: order.clientOrderId,
        orderId: order.orderId,
        symbol: this.#venue.rules[order.symbolIndex]!.symbol,
        side: order.side,
        qtyLots: order.qtyLots,
        filledQtyLots: order.filledLots,
      })),
    };
  }

  async cancelOwnOrders(): Promise<readonly string[]> {
    const own = [...this.#account.openOrders.values()].filter(({ clientOrderId }) => isOwnClientOrderId(clientOrderId));
    for (const { orderId } of own) this.#venue.cancel(this.#account, orderId, this.#options.clock.nowMs());
    return own.map(({ clientOrderId }) => clientOrderId);
  }

  #receive(request: OrderSubmitted, tsMs: number): void {
    const { clientOrderId, symbol, side, orderType, qtyLots, limitPriceTicks, timeInForce, isReduceOnly } = request;
    const symbolIndex = this.#venue.symbolIndex(symbol);
    const placed =
      symbolIndex === undefined || !this.#venue.rules[symbolIndex]!.isListed
        ? REFUSALS.invalidSymbol
        : this.#venue.place(
            this.#account,
            {
              symbolIndex,
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
    if (!(placed instanceof Refusal)) return;
    this.#answer({ type: "exchange.order-rejected", clientOrderId, code: placed.code, text: placed.text });
  }

  #tell(order: Order, execution: ExecutionType, trade: Trade | null, tsMs: number): void {
    const { clientOrderId, orderId } = order;
    if (trade !== null) this.#answer(this.#fill(order, trade, order.filledLots, tsMs));
    else if (execution === "NEW") this.#answer({ type: "exchange.order-accepted", clientOrderId, orderId });
    else if (execution === "CANCELED" || execution === "EXPIRED") {
      const reason = execution === "CANCELED" ? "cancelled" : "nobody offers within its bound";
      const cumulativeQtyLots = order.filledLots;
      this.#answer({
        type: "exchange.order-ended",
        clientOrderId,
        orderId,
        status: execution,
        cumulativeQtyLots,
        reason,
      });
    }
  }

  /** Fills that may never have been told, because nobody was connected. */
  #tellTrades(order: Order, symbol: string): void {
    let filledLots = 0;
    for (const trade of this.#account.trades) {
      if (trade.orderId !== order.orderId || this.#venue.rules[trade.symbolIndex]!.symbol !== symbol) continue;
      filledLots += trade.qtyLots;
      if (this.#toldTrades.has(trade.tradeId)) continue;
      this.#answer(this.#fill(order, trade, filledLots, trade.tsMs));
    }
  }

  #fill(order: Order, trade: Trade, cumulativeQtyLots: number, exchangeTsMs: number): EngineEvent {
    if (this.#listener !== null) this.#toldTrades.add(trade.tradeId);
    return {
      type: "exchange.order-filled",
      clientOrderId: order.clientOrderId,
      orderId: order.orderId,
      tradeId: String(trade.tradeId),
      symbol: this.#venue.rules[order.symbolIndex]!.symbol,
      side: order.side,
      qtyLots: trade.qtyLots,
      priceTicks: trade.priceTicks,
      cumulativeQtyLots,
      isOrderComplete: cumulativeQtyLots === order.qtyLots,
      isMaker: trade.isMaker,
      feeQuote: trade.feeQuote,
      realizedPnlQuote: trade.realizedPnlQuote,
      exchangeTsMs,
    };
  }

  /** Time goes on at the venue before anything arrives there. */
  #advance(): number {
    const tsMs = this.#options.clock.nowMs();
    this.#venue.advance(tsMs);
    return tsMs;
  }

  #answer(event: EngineEvent): void {
    const listener = this.#listener;
    this.#answers.send(() => {
      // A connection that was closed tells nothing to the one that came after it.
      if (listener === this.#listener) listener?.event(event);
    });
  }

  #openIndices(): number[] {
    return [...this.#account.positions.values()]
      .map(({ symbolIndex }) => symbolIndex)
      .sort((left, right) => left - right);
  }

  #report(index: number): PositionReport {
    const { symbol, contract } = this.#venue.rules[index]!;
    const qtyLots = heldLots(this.#account, index, "BOTH");
    const position = this.#account.positions.get(positionKey(index, "BOTH"));
    const entryPrice = contract.entryPrice(qtyLots, position?.entryCostQuote ?? 0n);
    const mark = referencePrice(this.#market, index);
    return { symbol, qtyLots, entryPrice, markPrice: Number.isNaN(mark) ? entryPrice : mark };
  }
}
