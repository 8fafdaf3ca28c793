import type { OrderQueryRequested, OrderSubmitted, SnapshotRequested } from "../../engine/domain/decision.ts";
import type { EngineEvent } from "../../engine/domain/event.ts";
import { type Instrument, lotsToQtyText, ticksToPriceText } from "../../engine/domain/instrument.ts";
import {
  type AccountReport,
  type Clock,
  type ExchangeListener,
  type ExchangePast,
  isOwnClientOrderId,
  type LiveExchange,
} from "../ports.ts";
import type { VenueHosts } from "../safety/hosts.ts";
import { lotsOf, moneyOf, openOrderOf, positionsOf, type Raw, walletOf } from "./account-report.ts";
import { cannotUse } from "./cannot-use.ts";
import { eventOfUpdate, fillsOfTrades, statusOf } from "./order-messages.ts";
import type { StreamAbsence } from "./stream-socket.ts";
import { UserStream } from "./user-stream.ts";
import { VenueError } from "./venue-failure.ts";
import type { VenueRest } from "./venue-rest.ts";

export interface CcxtExchangeOptions {
  readonly rest: VenueRest;
  readonly hosts: VenueHosts;
  readonly clock: Clock;
  readonly instruments: readonly Instrument[];
  /** What the session has no event for: fills of strangers, other messages; never with keys. */
  log?(level: "info" | "warn", text: string): void;
  onUrl?(url: string): void;
}

const USER_STREAM = "user data";
/** Ended orders whose late messages are still known. */
const ENDED_KEPT = 10_000;
/** Half of the shortest time between two settlements of a symbol. */
const FUNDING_APART_MS = 1_800_000;
const NONE_TOLD: ReadonlyMap<string, number> = new Map();

/**
 * Binance USD-M behind the session's port. Orders and questions go over REST by ccxt, what became of orders comes from
 * the user stream's own messages: ccxt's `watchPositions` lost 49 of 50 updates in one tick (exchange.md 1.3).
 */
export class CcxtExchange implements LiveExchange {
  readonly #options: CcxtExchangeOptions;
  readonly #instruments: ReadonlyMap<string, Instrument>;
  readonly #stream: UserStream;
  /** Orders whose end has not been told. */
  readonly #open = new Map<string, OrderSubmitted>();
  readonly #sent = new Set<string>();
  readonly #accepted = new Set<string>();
  readonly #toldTrades = new Set<string>();
  #listener: ExchangeListener | null = null;
  /** Messages that wait until what was missed has been looked up; `null` when none have to. */
  #held: Raw[] | null = null;
  #fundingSinceTsMs = 0;
  #fundingTold = NONE_TOLD;
  readonly #toldIncome = new Set<string>();
  #foreignFills = 0;

  constructor(options: CcxtExchangeOptions) {
    this.#options = options;
    this.#instruments = new Map(options.instruments.map((instrument) => [instrument.symbol, instrument]));
    this.#stream = new UserStream({
      ...options,
      onMessage: (message) => {
        if (this.#held === null) this.#take(message);
        else this.#held.push(message);
      },
      onOpen: (away) => {
        if (away !== null) void this.#catchUp(away);
      },
    });
  }

  /** Fills of the account that were not ours. */
  get foreignFills(): number {
    return this.#foreignFills;
  }

  async connect(listener: ExchangeListener, past?: ExchangePast): Promise<void> {
    this.#listener = listener;
    this.#fundingSinceTsMs = past === undefined ? this.#exchangeNowMs() : this.#exchangeTsMs(past.startTsMs);
    this.#fundingTold = past?.fundingTold ?? NONE_TOLD;
    try {
      await this.#stream.connect();
    } catch (error) {
      throw cannotUse(this.#options.hosts, error);
    }
    if (past !== undefined) await this.#funding();
  }

  async close(): Promise<void> {
    this.#listener = null;
    this.#stream.close();
  }

  submit(order: OrderSubmitted): void {
    const { clientOrderId } = order;
    this.#open.set(clientOrderId, order);
    if (this.#sent.has(clientOrderId)) {
      // The exchange takes an id again once its order has ended: the promise of one order an id is kept here.
      this.#unknown(clientOrderId, "it was sent before");
      return;
    }
    this.#sent.add(clientOrderId);
    forgetOldest(this.#sent);
    void this.#send(order);
  }

  query({ clientOrderId }: OrderQueryRequested, _tsMs: number, order: OrderSubmitted): void {
    this.#open.set(clientOrderId, order);
    // No answer at all is allowed: the engine asks again.
    void this.#lookUp(order, true).catch((error) => this.#log("warn", `query of ${clientOrderId}: ${textOf(error)}`));
  }

  requestSnapshot(request: SnapshotRequested): void {
    void this.#snapshot(request);
  }

  async reconcile(): Promise<AccountReport> {
    const { rest, hosts } = this.#options;
    const asOfTsMs = this.#asOfTsMs();
    const [risks, balances, orders] = await Promise.all([
      rest.askPatiently<Raw[]>("fapiPrivateV3GetPositionRisk"),
      rest.askPatiently<Raw[]>("fapiPrivateV3GetBalance"),
      rest.askPatiently<Raw[]>("fapiPrivateGetOpenOrders"),
    ]).catch((error: unknown) => {
      throw cannotUse(hosts, error);
    });
    const { positions, foreign } = positionsOf(risks, this.#instruments);
    if (foreign.length > 0) {
      this.#log("warn", `the account holds positions that are not in the session: ${foreign.slice(0, 8).join(", ")}`);
    }
    return {
      asOfTsMs,
      walletQuote: walletOf(balances),
      positions,
      openOrders: orders.map((order) => openOrderOf(order, this.#instruments.get(String(order["symbol"])))),
    };
  }

  async cancelOwnOrders(): Promise<readonly string[]> {
    const { rest } = this.#options;
    const orders = await rest.askPatiently<Raw[]>("fapiPrivateGetOpenOrders");
    const cancelled: string[] = [];
    for (const order of orders) {
      const clientOrderId = String(order["clientOrderId"]);
      if (!isOwnClientOrderId(clientOrderId)) continue;
      const symbol = String(order["symbol"]);
      try {
        await rest.askPatiently("fapiPrivateDeleteOrder", { symbol, origClientOrderId: clientOrderId });
        cancelled.push(clientOrderId);
      } catch (error) {
        // -2011: it has ended meanwhile.
        if (!(error instanceof VenueError && error.failure.code === -2011)) throw error;
      }
    }
    return cancelled;
  }

  async #send(order: OrderSubmitted): Promise<void> {
    const { clientOrderId, symbol, side, orderType, timeInForce, qtyLots, limitPriceTicks, isReduceOnly } = order;
    const instrument = this.#instruments.get(symbol);
    if (instrument === undefined) {
      this.#reject(clientOrderId, -1121, "the symbol is not in the session");
      return;
    }
    try {
      const ack = await this.#options.rest.ask<Raw>("fapiPrivatePostOrder", {
        symbol,
        side,
        type: orderType,
        quantity: lotsToQtyText(instrument, qtyLots),
        newClientOrderId: clientOrderId,
        newOrderRespType: "ACK",
        ...(limitPriceTicks === null ? {} : { price: ticksToPriceText(instrument, limitPriceTicks) }),
        ...(timeInForce === null ? {} : { timeInForce }),
        ...(isReduceOnly ? { reduceOnly: "true" } : {}),
      });
      this.#accept(clientOrderId, String(ack["orderId"]));
    } catch (error) {
      if (!(error instanceof VenueError)) throw error;
      const { kind, code, text } = error.failure;
      // -4116: the id is taken, so an earlier request of ours has arrived.
      if (kind === "unknown" || code === -4116) this.#unknown(clientOrderId, code === 0 ? text : `${code}: ${text}`);
      else this.#reject(clientOrderId, code, text);
    }
  }

  #reject(clientOrderId: string, code: number, text: string): void {
    this.#end(clientOrderId);
    this.#tell({ type: "exchange.order-rejected", clientOrderId, code, text });
  }

  #unknown(clientOrderId: string, cause: string): void {
    if (!this.#open.has(clientOrderId)) return;
    this.#tell({ type: "exchange.order-unknown", clientOrderId, cause });
  }

  #accept(clientOrderId: string, orderId: string): void {
    if (!this.#open.has(clientOrderId) || this.#accepted.has(clientOrderId)) return;
    this.#accepted.add(clientOrderId);
    this.#tell({ type: "exchange.order-accepted", clientOrderId, orderId });
  }

  #take(message: Raw): void {
    if (message["e"] === "ORDER_TRADE_UPDATE") this.#takeOrder(message["o"] as Raw, Number(message["T"]));
    else if (message["e"] === "ACCOUNT_UPDATE") {
      const { m: reason } = message["a"] as Raw;
      if (reason === "FUNDING_FEE") void this.#funding();
    } else if (message["e"] === "MARGIN_CALL") this.#log("warn", "the exchange says: margin call");
  }

  #takeOrder(update: Raw, eventTsMs: number): void {
    const clientOrderId = String(update["c"]);
    const instrument = this.#instruments.get(String(update["s"]));
    const order = this.#open.get(clientOrderId);
    if (order === undefined || instrument === undefined) {
      if (update["x"] === "TRADE" && !isOwnClientOrderId(clientOrderId)) {
        this.#foreignFills += 1;
        this.#log("warn", `a fill of ${String(update["s"])} on the account was not ours (order ${clientOrderId})`);
      }
      return;
    }
    const event = eventOfUpdate(update, instrument, eventTsMs);
    if (event === null) return;
    if (event.type === "exchange.order-accepted") this.#accept(clientOrderId, event.orderId);
    else {
      this.#accept(clientOrderId, String(update["i"]));
      this.#tellOrder(event, clientOrderId);
    }
  }

  #tellOrder(event: EngineEvent, clientOrderId: string): void {
    if (event.type === "exchange.order-filled") {
      const key = `${event.symbol} ${event.tradeId}`;
      if (this.#toldTrades.has(key)) return;
      this.#toldTrades.add(key);
      forgetOldest(this.#toldTrades);
      if (event.isOrderComplete) this.#end(clientOrderId);
    } else if (event.type === "exchange.order-ended") this.#end(clientOrderId);
    this.#tell(event);
  }

  #end(clientOrderId: string): void {
    this.#open.delete(clientOrderId);
    forgetOldest(this.#accepted);
  }

  /**
   * Asks what became of an order, and tells what was not told yet: acceptance, fills, end, in this order.
   *
   * @param isAsked the engine wants the answer itself too
   */
  async #lookUp(order: OrderSubmitted, isAsked: boolean): Promise<void> {
    const { clientOrderId, symbol } = order;
    const { rest } = this.#options;
    const instrument = this.#instruments.get(symbol)!;
    const answer = (status: ReturnType<typeof statusOf>, orderId: string | null, executedQtyLots: number) => {
      if (isAsked) this.#tell({ type: "exchange.order-queried", clientOrderId, status, orderId, executedQtyLots });
    };
    let found: Raw;
    try {
      found = await rest.ask<Raw>("fapiPrivateGetOrder", { symbol, origClientOrderId: clientOrderId });
    } catch (error) {
      if (!(error instanceof VenueError && error.failure.code === -2013)) throw error;
      answer("NOT_FOUND", null, 0);
      return;
    }
    const orderId = String(found["orderId"]);
    const executedQtyLots = lotsOf(instrument, Number(found["executedQty"]));
    this.#accept(clientOrderId, orderId);
    if (executedQtyLots > 0) {
      const trades = await rest.ask<Raw[]>("fapiPrivateGetUserTrades", { symbol, orderId });
      const qtyLots = lotsOf(instrument, Number(found["origQty"]));
      for (const fill of fillsOfTrades(trades, { clientOrderId, orderId, qtyLots }, instrument)) {
        this.#tellOrder(fill, clientOrderId);
      }
    }
    const status = statusOf(found["status"]);
    if ((status === "CANCELED" || status === "EXPIRED") && this.#open.has(clientOrderId)) {
      this.#tellOrder(
        {
          type: "exchange.order-ended",
          clientOrderId,
          orderId,
          status,
          cumulativeQtyLots: executedQtyLots,
          reason: "learnt by query",
        },
        clientOrderId,
      );
    }
    answer(status, orderId, executedQtyLots);
  }

  /** After an absence: what happened meanwhile is told before anything new. */
  async #catchUp({ startTsMs, endTsMs, cause }: StreamAbsence): Promise<void> {
    this.#held ??= [];
    for (const order of [...this.#open.values()]) {
      await this.#lookUp(order, false).catch((error) =>
        this.#log("warn", `what became of ${order.clientOrderId} is not known yet: ${textOf(error)}`),
      );
    }
    await this.#funding();
    this.#listener?.gap({ kind: "disconnect", stream: USER_STREAM, startTsMs, endTsMs, missing: null, cause });
    const held = this.#held;
    this.#held = null;
    for (const message of held) this.#take(message);
  }

  async #snapshot({ requestId, method, symbols }: SnapshotRequested): Promise<void> {
    const { rest } = this.#options;
    const isForAll = method === "one-call-for-all";
    const groups = isForAll ? [symbols] : symbols.map((symbol) => [symbol]);
    for (const [place, group] of groups.entries()) {
      const asOfTsMs = this.#asOfTsMs();
      const isFinal = place === groups.length - 1;
      const base = { type: "exchange.snapshot-received", requestId, asOfTsMs, symbols: group } as const;
      try {
        const [risks, balances] = await Promise.all([
          rest.ask<Raw[]>("fapiPrivateV3GetPositionRisk", isForAll ? {} : { symbol: group[0]! }),
          rest.ask<Raw[]>("fapiPrivateV3GetBalance"),
        ]);
        const { positions } = positionsOf(risks, this.#instruments);
        this.#tell({ ...base, status: "ok", positions, walletQuote: walletOf(balances), isFinal });
      } catch (error) {
        // The rest of a serial request would fail likewise: one answer ends it.
        const failed = { status: "failed", positions: [], walletQuote: 0n, isFinal: true } as const;
        this.#tell({ ...base, ...failed, error: textOf(error) });
        return;
      }
    }
    if (groups.length === 0) {
      const none = { status: "ok", positions: [], walletQuote: 0n, isFinal: true } as const;
      this.#tell({ type: "exchange.snapshot-received", requestId, asOfTsMs: this.#asOfTsMs(), symbols, ...none });
    }
  }

  /** The stream says that funding was settled, the income history says for what and how much. */
  async #funding(): Promise<void> {
    const { rest } = this.#options;
    try {
      const income = await rest.askPatiently<Raw[]>("fapiPrivateGetIncome", {
        incomeType: "FUNDING_FEE",
        startTime: this.#fundingSinceTsMs,
        limit: 1000,
      });
      for (const each of income) {
        const key = `${String(each["tranId"])} ${String(each["symbol"])}`;
        if (this.#toldIncome.has(key)) continue;
        this.#toldIncome.add(key);
        forgetOldest(this.#toldIncome);
        const toldTsMs = this.#fundingTold.get(String(each["symbol"]));
        // Our clock may have been behind when it was told; the next one of a symbol comes an hour later at the earliest.
        if (toldTsMs !== undefined && Number(each["time"]) <= this.#exchangeTsMs(toldTsMs) + FUNDING_APART_MS) continue;
        await this.#tellFunding(each);
      }
    } catch (error) {
      this.#log("warn", `funding is not known yet: ${textOf(error)}`);
    }
  }

  async #tellFunding(income: Raw): Promise<void> {
    const symbol = String(income["symbol"]);
    const tsMs = Number(income["time"]);
    const rates = await this.#options.rest
      .askPatiently<Raw[]>("fapiPublicGetFundingRate", { symbol, startTime: tsMs - 60_000, limit: 1 })
      .catch(() => [] as Raw[]);
    const number = (value: unknown) => (Number.isFinite(Number(value)) ? Number(value) : 0);
    this.#tell({
      type: "exchange.funding-settled",
      symbol,
      rate: number(rates[0]?.["fundingRate"]),
      markPrice: number(rates[0]?.["markPrice"]),
      amountQuote: moneyOf(income["income"]),
    });
  }

  /** Exchange time by our clock. */
  #exchangeNowMs(): number {
    return this.#exchangeTsMs(this.#options.clock.nowMs());
  }

  #exchangeTsMs(clockTsMs: number): number {
    return clockTsMs + this.#options.rest.sessionOffsetMs;
  }

  /** A moment whose fills an answer to a request that leaves now surely contains, as far as the clocks agree. */
  #asOfTsMs(): number {
    return Math.floor(this.#exchangeNowMs() - this.#options.rest.uncertaintyMs);
  }

  #tell(event: EngineEvent): void {
    this.#listener?.event(event);
  }

  #log(level: "info" | "warn", text: string): void {
    this.#options.log?.(level, text);
  }
}

function forgetOldest(known: Set<string>): void {
  if (known.size <= ENDED_KEPT) return;
  for (const oldest of known) {
    known.delete(oldest);
    return;
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
