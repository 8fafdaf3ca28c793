import type { OrderSubmitted } from "../../engine/domain/decision.ts";
import type { KillSwitchSet } from "../../engine/domain/event.ts";
import { type Instrument, lotsToQtyText, notionalQuote, ticksToPrice } from "../../engine/domain/instrument.ts";
import { formatMoney, type Money } from "../../engine/domain/money.ts";
import type { SafetyGate, SafetyRefusal } from "../ports.ts";
import { ExposureBook, type OpenOrder } from "./exposure-book.ts";
import { ticksAbove } from "./worth.ts";

/** Limits of a session; every one of them is set, and 0 allows nothing. */
export interface SafetyLimits {
  /** Most notional of one order that may add risk. */
  readonly maxNotionalQuote: Money;
  /** Most notional of one symbol, open orders counted as if they filled. */
  readonly maxPositionQuote: Money;
  /** Most notional of all symbols together, counted the same way. */
  readonly maxExposureQuote: Money;
  /** Most orders of any 60 seconds; closes count and are never held back by it. */
  readonly maxOrdersPerMinute: number;
  /** Loss since the start, open positions at their marks, at which no more risk is taken. */
  readonly maxLossQuote: Money;
}

export interface SafetyGateOptions extends SafetyLimits {
  readonly instruments: readonly Instrument[];
  /** Price of a symbol now, `null` when unknown: of the market that a recovery brings back. */
  prices(symbol: string): number | null;
  /** What holds before an operator says anything; `off` when absent. */
  readonly killSwitch?: KillSwitchSet["scope"];
}

/** What the gate counts, for status lines and metrics. */
export interface SafetyStatus {
  readonly killSwitch: KillSwitchSet["scope"];
  readonly ordersLastMinute: number;
  /** All symbols, open orders counted as if they filled; a symbol without any price counts 0 here. */
  readonly exposureQuote: Money;
  /** Since the start, negative when lost; `null` while the price of a held symbol is unknown. */
  readonly resultQuote: Money | null;
  /** Signed lots; flat symbols are absent. */
  readonly positions: ReadonlyMap<string, number>;
}

export interface SessionGate extends SafetyGate {
  status(tsMs: number): SafetyStatus;
}

/**
 * The second check of the session's limits, right before an order leaves, beside the engine's own and by arithmetic of
 * its own. Orders that can only reduce a position pass every limit and the ordinary kill switch (`entries`): closing is
 * always allowed, until `all` stops everything.
 *
 * An order counts against those decided after it and against those let through before it.
 */
export function createSafetyGate(options: SafetyGateOptions): SessionGate {
  const book = new ExposureBook(options.instruments);
  let killSwitch = options.killSwitch ?? "off";

  function priceOf(symbol: string): number | null {
    const price = options.prices(symbol);
    return isPrice(price) ? price : book.heardPrice(symbol);
  }

  return {
    observe(entry) {
      book.observe(entry);
      const { event } = entry.envelope;
      if (event.type === "operator.kill-switch-set") killSwitch = event.scope;
    },

    check(order, tsMs) {
      const open = book.openOrder(order.clientOrderId);
      const instrument = book.instrumentOf(order.symbol);
      const flaw = flawOf(order, open, instrument);
      if (flaw !== null) return flaw;
      const refusal =
        refusedByKillSwitch(order, killSwitch) ??
        (order.isReduceOnly ? null : refusedByLimits(options, book, open!, instrument!, tsMs, priceOf));
      if (refusal === null) open!.isPassed = true;
      return refusal;
    },

    status(tsMs) {
      let exposureQuote = 0n;
      const positions = new Map<string, number>();
      for (const symbol of book.exposedSymbols(() => true)) {
        const lots = book.worstLots(symbol, () => true);
        const price = priceOf(symbol);
        if (lots > 0 && price !== null) exposureQuote += book.exposureQuote(symbol, price, lots);
        const qtyLots = book.qtyLotsOf(symbol);
        if (qtyLots !== 0) positions.set(symbol, qtyLots);
      }
      const ordersLastMinute = book.recentOrders(tsMs, () => true);
      return { killSwitch, ordersLastMinute, exposureQuote, resultQuote: book.resultQuote(priceOf), positions };
    },
  };
}

/** An order must be one that was decided, written down, and is not over. */
function flawOf(
  order: OrderSubmitted,
  open: OpenOrder | undefined,
  instrument: Instrument | null,
): SafetyRefusal | null {
  const refuse = (limit: string, text: string) => ({ limit, text });
  if (instrument === null) return refuse("symbol", `${order.symbol} is not in the session`);
  if (!Number.isSafeInteger(order.qtyLots) || order.qtyLots <= 0) {
    return refuse("quantity", `${order.qtyLots} lots are no quantity, a whole number above 0 is needed`);
  }
  if (open === undefined || open.givenUpTsMs !== null) {
    return refuse("journal", `the journal has no order ${order.clientOrderId} that is still to be sent`);
  }
  const { symbol, side, qtyLots, isReduceOnly } = open.order;
  const isSame =
    symbol === order.symbol && side === order.side && qtyLots === order.qtyLots && isReduceOnly === order.isReduceOnly;
  return isSame ? null : refuse("journal", `order ${order.clientOrderId} is not the one of the journal`);
}

function refusedByKillSwitch(order: OrderSubmitted, scope: KillSwitchSet["scope"]): SafetyRefusal | null {
  if (scope === "all") return { limit: "kill-switch", text: "the kill switch stops every order" };
  if (scope === "entries" && !order.isReduceOnly) {
    return { limit: "kill-switch", text: "the kill switch stops new risk" };
  }
  return null;
}

function refusedByLimits(
  limits: SafetyLimits,
  book: ExposureBook,
  open: OpenOrder,
  instrument: Instrument,
  tsMs: number,
  priceOf: (symbol: string) => number | null,
): SafetyRefusal | null {
  const { order } = open;
  const isBefore = (other: OpenOrder) => other !== open && (other.isPassed || other.place < open.place);
  const limitPrice = order.limitPriceTicks === null ? null : ticksToPrice(instrument, order.limitPriceTicks);
  const prices = [priceOf(order.symbol), order.decisionMarkPrice, limitPrice].filter(isPrice);
  if (prices.length === 0) return { limit: "price", text: `no price of ${order.symbol} is known` };
  const priceTicks = ticksAbove(instrument, Math.max(...prices));

  const ordered = notionalQuote(instrument, priceTicks, order.qtyLots);
  if (ordered > limits.maxNotionalQuote) {
    const text = `${lotsToQtyText(instrument, order.qtyLots)} ${order.symbol} are worth ${formatMoney(ordered)}, at most ${formatMoney(limits.maxNotionalQuote)} an order is allowed`;
    return { limit: "max-notional", text };
  }

  const lotsBefore = book.worstLots(order.symbol, isBefore);
  const lotsAfter = book.worstLots(order.symbol, (other) => other === open || isBefore(other));
  if (lotsAfter > lotsBefore) {
    const position = notionalQuote(instrument, priceTicks, lotsAfter);
    if (position > limits.maxPositionQuote) {
      const text = `${order.symbol} could come to ${formatMoney(position)}, at most ${formatMoney(limits.maxPositionQuote)} a symbol is allowed`;
      return { limit: "position", text };
    }
    let exposure = position;
    for (const symbol of book.exposedSymbols(isBefore)) {
      if (symbol === order.symbol) continue;
      const lots = book.worstLots(symbol, isBefore);
      if (lots === 0) continue;
      const price = priceOf(symbol);
      if (price === null) return { limit: "price", text: `no price of ${symbol} is known, which is held or ordered` };
      exposure += book.exposureQuote(symbol, price, lots);
    }
    if (exposure > limits.maxExposureQuote) {
      const text = `all symbols could come to ${formatMoney(exposure)}, at most ${formatMoney(limits.maxExposureQuote)} together is allowed`;
      return { limit: "exposure", text };
    }
  }

  const recent = book.recentOrders(tsMs, isBefore);
  if (recent >= limits.maxOrdersPerMinute) {
    const text = `${recent} orders within a minute, at most ${limits.maxOrdersPerMinute} are allowed`;
    return { limit: "order-rate", text };
  }

  const result = book.resultQuote(priceOf);
  if (result === null) return { limit: "price", text: "no price is known of something held, so no loss can be told" };
  if (-result >= limits.maxLossQuote) {
    const text = `the session has lost ${formatMoney(-result)}, at ${formatMoney(limits.maxLossQuote)} it takes no more risk`;
    return { limit: "loss", text };
  }
  return null;
}

function isPrice(price: number | null): price is number {
  return price !== null && Number.isFinite(price) && price > 0;
}
