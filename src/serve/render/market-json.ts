import type { SymbolRules } from "../../venue/symbol-rules.ts";
import { lastPrice, referencePrice } from "../../venue/venue-market.ts";
import type { ServeContext } from "../serve-context.ts";
import type { ServeSession } from "../session.ts";
import { freePriceText, plainText } from "./decimal-text.ts";

const HOUR_MS = 3_600_000;
const FUNDING_INTERVAL_MS = 8 * HOUR_MS;

/** Best bid and ask; see `topLevel` for sizes the recording does not have. */
export function bookTicker(session: ServeSession, rules: SymbolRules) {
  const [bid] = session.topLevel(rules, 1);
  const [ask] = session.topLevel(rules, -1);
  return {
    symbol: rules.symbol,
    bidPrice: bid?.[0] ?? "0",
    bidQty: bid?.[1] ?? "0",
    askPrice: ask?.[0] ?? "0",
    askQty: ask?.[1] ?? "0",
    time: session.market.updatedTsMs[rules.index]! || session.nowTsMs,
  };
}

/** Mark, funding rate of the last settlement and time of the next one. */
export function premiumIndex({ market }: ServeSession, { symbol, index }: SymbolRules, tsMs: number) {
  const mark = referencePrice(market, index);
  const indexPrice = market.index[index]! > 0 ? market.index[index]! : mark;
  const rate = market.fundingRate[index]!;
  return {
    symbol,
    markPrice: freePriceText(mark),
    indexPrice: freePriceText(indexPrice),
    estimatedSettlePrice: freePriceText(indexPrice),
    lastFundingRate: (Number.isNaN(rate) ? 0 : rate).toFixed(8),
    interestRate: "0.00010000",
    nextFundingTime: nextFundingTsMs(market.nextFundingTsMs[index]!, tsMs),
    time: tsMs,
  };
}

export function nextFundingTsMs(known: number, tsMs: number): number {
  return known > tsMs ? known : (Math.floor(tsMs / FUNDING_INTERVAL_MS) + 1) * FUNDING_INTERVAL_MS;
}

/** 24 hours, or as much of them as has been played. */
export function dayTicker({ session, history }: ServeContext, { symbol, index }: SymbolRules, tsMs: number) {
  const day = history.day(index, tsMs);
  const last = lastPrice(session.market, index);
  const open = day?.open ?? last;
  const change = last - open;
  const average = day !== null && day.qty > 0 ? day.quoteQty / day.qty : last;
  return {
    symbol,
    priceChange: plainText(change),
    priceChangePercent: open > 0 ? ((100 * change) / open).toFixed(3) : "0.000",
    weightedAvgPrice: plainText(average),
    lastPrice: plainText(last),
    lastQty: "0",
    openPrice: plainText(open),
    highPrice: plainText(day?.high ?? last),
    lowPrice: plainText(day?.low ?? last),
    volume: plainText(day?.qty ?? 0),
    quoteVolume: plainText(day?.quoteQty ?? 0),
    openTime: day?.openTsMs ?? tsMs,
    closeTime: tsMs,
    firstId: 0,
    lastId: 0,
    count: day?.trades ?? 0,
  };
}
