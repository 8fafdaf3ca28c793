import type { OrderSubmitted } from "../../engine/domain/decision.ts";
import type { OrderFilled, PositionReport, SnapshotReceived } from "../../engine/domain/event.ts";
import { type Instrument, notionalQuote, priceToTicks, ticksToPrice } from "../../engine/domain/instrument.ts";
import { sideSign } from "../../engine/domain/intent.ts";
import type { JournalEntry } from "../../engine/domain/journal.ts";
import type { Money } from "../../engine/domain/money.ts";
import { SAFETY_REFUSAL_CODE } from "../ports.ts";
import { Fifo } from "../session/fifo.ts";
import { ticksAbove, Worth } from "./worth.ts";

/** Orders of the last minute count against the rate. */
export const RATE_WINDOW_MS = 60_000;
/** A trade may be told again for so long, as in the engine (`executor.doneTtl`), and at most so many are remembered. */
const TRADES_KEPT_MS = 86_400_000;
const TRADES_KEPT = 200_000;

/** An order that may still change the position. */
export interface OpenOrder {
  readonly order: OrderSubmitted;
  /** Place in the order of decisions. */
  readonly place: number;
  /** Lots that may still fill. */
  leftLots: number;
  filledLots: number;
  /** It has been let through to the exchange by this process. */
  isPassed: boolean;
  /** When the engine stopped to wait for an answer: what was not told counts until a report of the position says. */
  givenUpTsMs: number | null;
}

interface Holding {
  readonly instrument: Instrument;
  qtyLots: number;
  lastFillTsMs: number;
  reportTsMs: number;
  /** Price heard last in the entries, in ticks; 0 before the first. */
  heardTicks: number;
  /** Of this symbol, by client order id, in the order of decisions. */
  readonly open: Map<string, OpenOrder>;
  /** Of what is held, and of what may come to be held. */
  readonly worth: Worth;
  readonly exposure: Worth;
}

/**
 * What the account holds and may come to hold, by arithmetic of its own: positions from fills and reports, cash from
 * what fills cost and brought, reservations from orders without an end. It shares no code with the engine's books and
 * depends on nothing but the entries and their order, so a recovery that reads them again gives the same book.
 */
export class ExposureBook {
  readonly #holdings: Map<string, Holding>;
  /** All symbols, known to the session or not. */
  readonly #open = new Map<string, OpenOrder>();
  /** When orders that left the process came to an end; never decreasing. */
  #endedTsMs: number[] = [];
  readonly #trades = new Set<string>();
  /** The same in the order in which they were told: a set gives its oldest member only after a walk over the forgotten. */
  readonly #tradesTold = new Fifo<{ readonly trade: string; readonly toldTsMs: number }>();
  #places = 0;
  /** Paid and received since the start: result = cash + value of what is held. */
  #cashQuote: Money = 0n;

  constructor(instruments: readonly Instrument[]) {
    this.#holdings = new Map(
      instruments.map((instrument) => [
        instrument.symbol,
        {
          instrument,
          qtyLots: 0,
          lastFillTsMs: -1,
          reportTsMs: -1,
          heardTicks: 0,
          open: new Map(),
          worth: new Worth(instrument, priceToTicks),
          exposure: new Worth(instrument, ticksAbove),
        },
      ]),
    );
  }

  instrumentOf(symbol: string): Instrument | null {
    return this.#holdings.get(symbol)?.instrument ?? null;
  }

  openOrder(clientOrderId: string): OpenOrder | undefined {
    return this.#open.get(clientOrderId);
  }

  qtyLotsOf(symbol: string): number {
    return this.#holdings.get(symbol)?.qtyLots ?? 0;
  }

  heardPrice(symbol: string): number | null {
    const holding = this.#holdings.get(symbol);
    return holding === undefined || holding.heardTicks === 0
      ? null
      : ticksToPrice(holding.instrument, holding.heardTicks);
  }

  /**
   * Most lots the symbol may come to hold on one side, whichever of the orders fill.
   *
   * @param counts which open orders count; reduce-only ones never do, because the exchange lets them only reduce
   */
  worstLots(symbol: string, counts: (order: OpenOrder) => boolean): number {
    const holding = this.#holdings.get(symbol);
    if (holding === undefined) return 0;
    // A short is no room for more buying: a close may take it away before the other orders fill.
    let longest = Math.max(0, holding.qtyLots);
    let shortest = Math.min(0, holding.qtyLots);
    for (const open of holding.open.values()) {
      if (open.order.isReduceOnly || !counts(open)) continue;
      if (open.order.side === "BUY") longest += open.leftLots;
      else shortest -= open.leftLots;
    }
    return Math.max(longest, -shortest);
  }

  /** Symbols that are held or may come to be held, in the order of the instruments; see `worstLots`. */
  exposedSymbols(counts: (order: OpenOrder) => boolean): string[] {
    const exposed: string[] = [];
    for (const [symbol, { qtyLots, open }] of this.#holdings) {
      if (qtyLots !== 0 || (open.size > 0 && [...open.values()].some(counts))) exposed.push(symbol);
    }
    return exposed;
  }

  /** Value of so many lots at the price rounded up, 0 for a symbol nobody knows; see `worstLots`. */
  exposureQuote(symbol: string, price: number, lots: number): Money {
    return this.#holdings.get(symbol)?.exposure.quote(price, lots) ?? 0n;
  }

  /** Orders that left within the last minute, or may have: those without an end count as if they left now. */
  recentOrders(tsMs: number, counts: (order: OpenOrder) => boolean): number {
    let count = 0;
    for (const open of this.#open.values()) if (open.givenUpTsMs === null && counts(open)) count += 1;
    let [first, behind] = [0, this.#endedTsMs.length];
    while (first < behind) {
      const middle = (first + behind) >> 1;
      if (tsMs - this.#endedTsMs[middle]! >= RATE_WINDOW_MS) first = middle + 1;
      else behind = middle;
    }
    return count + this.#endedTsMs.length - first;
  }

  /** Result since the start at these prices, negative when lost; `null` while the price of something held is unknown. */
  resultQuote(priceOf: (symbol: string) => number | null): Money | null {
    let result = this.#cashQuote;
    for (const [symbol, { qtyLots, worth }] of this.#holdings) {
      if (qtyLots === 0) continue;
      const price = priceOf(symbol);
      if (price === null) return null;
      result += worth.quote(price, qtyLots);
    }
    return result;
  }

  observe({ envelope, decisions }: JournalEntry): void {
    const { event, tsMs } = envelope;
    this.#forget(tsMs);
    switch (event.type) {
      case "exchange.order-filled":
        this.#fill(event, tsMs);
        break;
      case "exchange.order-rejected":
        // What the gate itself refused has never left.
        this.#end(event.clientOrderId, event.code === SAFETY_REFUSAL_CODE ? null : tsMs);
        break;
      case "exchange.order-ended":
        this.#executed(event.clientOrderId, event.cumulativeQtyLots, tsMs);
        break;
      case "exchange.order-queried":
        if (event.status !== "NEW" && event.status !== "PARTIALLY_FILLED") {
          this.#executed(event.clientOrderId, event.executedQtyLots, tsMs);
        }
        break;
      case "exchange.funding-settled":
        this.#cashQuote += event.amountQuote;
        break;
      case "exchange.snapshot-received":
        if (event.status === "ok") this.#report(event);
        break;
      default:
    }
    for (const decision of decisions) {
      if (decision.type === "order.submitted") this.#submit(decision);
      else if (decision.type === "result.recorded" && decision.clientOrderId !== null) {
        this.#giveUp(decision.clientOrderId, tsMs);
      }
    }
  }

  #submit(order: OrderSubmitted): void {
    if (this.#open.has(order.clientOrderId)) return;
    this.#places += 1;
    const open: OpenOrder = {
      order,
      place: this.#places,
      leftLots: order.qtyLots,
      filledLots: 0,
      isPassed: false,
      givenUpTsMs: null,
    };
    this.#open.set(order.clientOrderId, open);
    this.#holdings.get(order.symbol)?.open.set(order.clientOrderId, open);
  }

  #fill(event: OrderFilled, tsMs: number): void {
    const trade = `${event.symbol}:${event.tradeId}`;
    if (this.#trades.has(trade)) return;
    this.#trades.add(trade);
    this.#tradesTold.push({ trade, toldTsMs: tsMs });
    const open = this.#open.get(event.clientOrderId);
    const holding = this.#holdings.get(event.symbol);
    // A late word on an order that was given up: the report that was taken over since then has it in it.
    const isReported = open === undefined && event.exchangeTsMs <= (holding?.reportTsMs ?? -1);
    if (isReported) this.#cashQuote -= event.feeQuote;
    else if (holding !== undefined) {
      const signedLots = sideSign(event.side) * event.qtyLots;
      this.#cashQuote -= notionalQuote(holding.instrument, event.priceTicks, signedLots) + event.feeQuote;
      holding.qtyLots += signedLots;
      holding.lastFillTsMs = Math.max(holding.lastFillTsMs, event.exchangeTsMs);
      holding.heardTicks = event.priceTicks;
    }
    if (open === undefined) return;
    open.filledLots += event.qtyLots;
    open.leftLots = Math.max(0, open.leftLots - event.qtyLots);
    if (event.isOrderComplete) this.#executed(event.clientOrderId, event.cumulativeQtyLots, tsMs);
    else if (open.leftLots === 0) this.#end(event.clientOrderId, tsMs);
  }

  /** Nothing more will fill than so many lots; those of them that were not told yet still count. */
  #executed(clientOrderId: string, executedLots: number, tsMs: number): void {
    const open = this.#open.get(clientOrderId);
    if (open === undefined) return;
    open.leftLots = Math.max(0, executedLots - open.filledLots);
    if (open.leftLots === 0) this.#end(clientOrderId, tsMs);
  }

  #giveUp(clientOrderId: string, tsMs: number): void {
    const open = this.#open.get(clientOrderId);
    if (open === undefined || open.givenUpTsMs !== null) return;
    open.givenUpTsMs = tsMs;
    this.#endedTsMs.push(tsMs);
  }

  #end(clientOrderId: string, leftTsMs: number | null): void {
    const open = this.#open.get(clientOrderId);
    if (open === undefined) return;
    this.#drop(open);
    if (leftTsMs !== null && open.givenUpTsMs === null) this.#endedTsMs.push(leftTsMs);
  }

  #drop({ order }: OpenOrder): void {
    this.#open.delete(order.clientOrderId);
    this.#holdings.get(order.symbol)?.open.delete(order.clientOrderId);
  }

  /** The exchange's word on positions that fills do not explain; without symbols it is about all of them. */
  #report({ symbols, positions, asOfTsMs }: SnapshotReceived): void {
    const reported = new Map(positions.map((position) => [position.symbol, position]));
    const about = symbols.length === 0 ? this.#holdings.keys() : symbols;
    for (const symbol of about) {
      const holding = this.#holdings.get(symbol);
      if (holding !== undefined) this.#adopt(holding, reported.get(symbol), asOfTsMs);
    }
  }

  #adopt(holding: Holding, report: PositionReport | undefined, asOfTsMs: number): void {
    const { instrument } = holding;
    if (holding.reportTsMs > asOfTsMs || holding.lastFillTsMs > asOfTsMs) return;
    const doubtful = [...holding.open.values()];
    // Its fills may be in the report and still be told: what is in motion is left to them.
    if (doubtful.some(({ givenUpTsMs }) => givenUpTsMs === null || givenUpTsMs >= asOfTsMs)) return;
    for (const open of doubtful) this.#drop(open);
    holding.reportTsMs = asOfTsMs;
    const prices = [report?.markPrice ?? 0, report?.entryPrice ?? 0];
    const price = prices.find((each) => Number.isFinite(each) && each > 0);
    if (price !== undefined) holding.heardTicks = priceToTicks(instrument, price);
    const changeLots = (report?.qtyLots ?? 0) - holding.qtyLots;
    // Taken over at the price of the moment: what it had won or lost before is not this session's.
    this.#cashQuote -= notionalQuote(instrument, holding.heardTicks, changeLots);
    holding.qtyLots += changeLots;
  }

  #forget(tsMs: number): void {
    const { length } = this.#endedTsMs;
    if (length > 64 && tsMs - this.#endedTsMs[length >> 1]! >= RATE_WINDOW_MS) {
      this.#endedTsMs = this.#endedTsMs.slice(length >> 1);
    }
    for (let first = this.#tradesTold.first; first !== undefined; first = this.#tradesTold.first) {
      if (tsMs - first.toldTsMs < TRADES_KEPT_MS && this.#trades.size <= TRADES_KEPT) break;
      this.#trades.delete(first.trade);
      this.#tradesTold.shift();
    }
  }
}
