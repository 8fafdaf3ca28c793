import { lotsToQty, ticksToPrice } from "../../engine/domain/instrument.ts";
import { sideSign } from "../../engine/domain/intent.ts";
import type { JournalEntry } from "../../engine/domain/journal.ts";
import { type Money, moneyToNumber } from "../../engine/domain/money.ts";
import type { Instruments } from "../summary/instruments.ts";
import { createRecentMap } from "../summary/recent-map.ts";
import { createTrades, type RoundTripFacts } from "../summary/trades.ts";
import { createRowColumns } from "./row-columns.ts";
import type { RoundTrip } from "./variant-record.ts";

export interface RoundTrips {
  observe(entry: JournalEntry): void;
  /** Result of what is still open at the last marks seen, in quote; positions the account came with included. */
  unrealizedQuote(): number;
  /** In order of opening. */
  finish(): RoundTrip[];
}

/** Positions of our own fills from flat to flat, as the summary counts its trades, open ones at their last mark. */
export function createRoundTrips(instruments: Instruments): RoundTrips {
  const columns = createRowColumns<RoundTrip>({
    symbol: "word",
    side: "word",
    openedTsMs: "number",
    closedTsMs: "number",
    maxQty: "number",
    entryPrice: "number",
    exitPrice: "number",
    netPnlQuote: "number",
  });
  const trades = createTrades(instruments, (facts) => columns.add(tripOf(instruments, facts, facts.netQuote)));
  const marks = new Map<string, number>();
  /** Positions the account came with, as the exchange reported them: they are in the equity but are no trade of ours. */
  const foreign = new Map<string, { qtyLots: number; readonly entryPrice: number }>();
  const reduceOnlyOrders = createRecentMap<boolean>(65_536);

  function openResult({ symbol, qtyLots, costQuote }: RoundTripFacts): number {
    const instrument = instruments.get(symbol)!;
    const mark = marks.get(symbol);
    if (mark === undefined) return 0;
    const worth = mark * lotsToQty(instrument, Math.abs(qtyLots));
    const result = worth - moneyToNumber(costQuote);
    return qtyLots > 0 ? result : -result;
  }

  function reduceForeign(symbol: string, signedLots: number): void {
    const position = foreign.get(symbol);
    if (position === undefined) return;
    const left = position.qtyLots + signedLots;
    if (left === 0 || left > 0 !== position.qtyLots > 0) foreign.delete(symbol);
    else position.qtyLots = left;
  }

  function foreignResult(): number {
    let sum = 0;
    for (const [symbol, { qtyLots, entryPrice }] of [...foreign].sort(([left], [right]) => (left < right ? -1 : 1))) {
      const instrument = instruments.get(symbol);
      if (instrument !== undefined)
        sum += lotsToQty(instrument, qtyLots) * ((marks.get(symbol) ?? entryPrice) - entryPrice);
    }
    return sum;
  }

  return {
    observe({ envelope: { event }, decisions }) {
      if (event.type === "exchange.order-filled") {
        reduceForeign(event.symbol, sideSign(event.side) * event.qtyLots);
        trades.fill(event, reduceOnlyOrders.get(event.clientOrderId) ?? false);
        const instrument = instruments.get(event.symbol);
        if (instrument !== undefined) marks.set(event.symbol, ticksToPrice(instrument, event.priceTicks));
      } else if (event.type === "exchange.funding-settled") {
        trades.fund(event.symbol, event.amountQuote);
        marks.set(event.symbol, event.markPrice);
      } else if (event.type === "exchange.snapshot-received" && event.status === "ok") {
        for (const { symbol, qtyLots, entryPrice, markPrice } of event.positions) {
          marks.set(symbol, markPrice);
          if (qtyLots !== 0 && trades.positionOf(symbol) === 0) foreign.set(symbol, { qtyLots, entryPrice });
        }
      }
      for (const decision of decisions) {
        if (decision.type === "order.submitted") reduceOnlyOrders.set(decision.clientOrderId, decision.isReduceOnly);
        else if (decision.type === "plan.published" && decision.plan.markPrice !== null) {
          marks.set(decision.plan.symbol, decision.plan.markPrice);
        }
      }
    },
    unrealizedQuote: () => trades.open().reduce((sum, facts) => sum + openResult(facts), foreignResult()),
    finish() {
      const trips = columns.rows();
      for (const facts of trades.open()) {
        trips.push(withResult(tripOf(instruments, facts, facts.netQuote), openResult(facts)));
      }
      return trips.sort((left, right) => {
        if (left.openedTsMs !== right.openedTsMs) return left.openedTsMs - right.openedTsMs;
        if (left.symbol !== right.symbol) return left.symbol < right.symbol ? -1 : 1;
        return (left.closedTsMs ?? Number.POSITIVE_INFINITY) - (right.closedTsMs ?? Number.POSITIVE_INFINITY);
      });
    },
  };
}

function withResult(trip: RoundTrip, unrealizedQuote: number): RoundTrip {
  return { ...trip, netPnlQuote: trip.netPnlQuote + unrealizedQuote };
}

function tripOf(instruments: Instruments, facts: RoundTripFacts, netQuote: Money): RoundTrip {
  const instrument = instruments.get(facts.symbol)!;
  const qtyOf = (lots: number) => lotsToQty(instrument, lots);
  const { openedLots, openedQuote, closedLots, closedQuote } = facts;
  return {
    symbol: facts.symbol,
    side: facts.isLong ? "BUY" : "SELL",
    openedTsMs: facts.openedTsMs,
    closedTsMs: facts.closedTsMs,
    maxQty: qtyOf(facts.maxLots),
    entryPrice: priceOf(openedQuote, qtyOf(openedLots)),
    exitPrice: closedLots === 0 ? null : priceOf(closedQuote, qtyOf(closedLots)),
    netPnlQuote: moneyToNumber(netQuote),
  };
}

/** An average price to 12 digits: what lies beyond is the quotient's binary noise. */
function priceOf(notionalQuote: Money, qty: number): number {
  return Number((moneyToNumber(notionalQuote) / qty).toPrecision(12));
}
