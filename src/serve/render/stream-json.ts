import type { SymbolRules } from "../../venue/symbol-rules.ts";
import type { Bar } from "../market-history.ts";
import type { MarketEvent } from "../market-replay.ts";
import type { ServeContext } from "../serve-context.ts";
import { plainText } from "./decimal-text.ts";
import { bookTicker, dayTicker, premiumIndex } from "./market-json.ts";

type Json = Record<string, unknown>;
/** `st` of every market payload since 2026-06-30: 1 is USD-M. */
const MARKET_TYPE = 1;

export function bookTickerEvent({ session }: ServeContext, rules: SymbolRules, tsMs: number): Json {
  const { bidPrice, bidQty, askPrice, askQty } = bookTicker(session, rules);
  const u = session.bookUpdateId(rules.index);
  return {
    e: "bookTicker",
    u,
    s: rules.symbol,
    b: bidPrice,
    B: bidQty,
    a: askPrice,
    A: askQty,
    T: tsMs,
    E: tsMs,
    st: MARKET_TYPE,
  };
}

export function markPriceEvent({ session }: ServeContext, rules: SymbolRules, tsMs: number): Json {
  const { markPrice, indexPrice, estimatedSettlePrice, lastFundingRate, nextFundingTime } = premiumIndex(
    session,
    rules,
    tsMs,
  );
  return {
    e: "markPriceUpdate",
    E: tsMs,
    s: rules.symbol,
    p: markPrice,
    i: indexPrice,
    P: estimatedSettlePrice,
    r: lastFundingRate,
    T: nextFundingTime,
    st: MARKET_TYPE,
  };
}

export function tradeEvent(rules: SymbolRules, event: Extract<MarketEvent, { kind: "trade" }>): Json {
  const { tsMs, tradeId, price, qty, isBuyerMaker } = event;
  return {
    e: "trade",
    E: tsMs,
    T: tsMs,
    s: rules.symbol,
    t: tradeId,
    p: plainText(price),
    q: plainText(qty),
    X: "MARKET",
    m: isBuyerMaker,
  };
}

export function aggTradeEvent(rules: SymbolRules, event: Extract<MarketEvent, { kind: "trade" }>): Json {
  const { tsMs, tradeId, price, qty, isBuyerMaker } = event;
  return {
    e: "aggTrade",
    E: tsMs,
    s: rules.symbol,
    a: tradeId,
    p: plainText(price),
    q: plainText(qty),
    nq: plainText(qty),
    f: tradeId,
    l: tradeId,
    T: tsMs,
    m: isBuyerMaker,
    st: MARKET_TYPE,
  };
}

export function depthEvent(rules: SymbolRules, event: Extract<MarketEvent, { kind: "depth" }>): Json {
  const { tsMs, firstUpdateId, lastUpdateId, previousUpdateId, bids, asks } = event;
  return {
    e: "depthUpdate",
    E: tsMs,
    T: tsMs,
    s: rules.symbol,
    U: firstUpdateId,
    u: lastUpdateId,
    pu: previousUpdateId,
    b: bids,
    a: asks,
    st: MARKET_TYPE,
  };
}

export function klineEvent(rules: SymbolRules, interval: string, intervalMs: number, bar: Bar, tsMs: number): Json {
  return {
    e: "kline",
    E: tsMs,
    s: rules.symbol,
    k: {
      t: bar.openTsMs,
      T: bar.openTsMs + intervalMs - 1,
      s: rules.symbol,
      i: interval,
      f: 0,
      L: 0,
      o: plainText(bar.open),
      c: plainText(bar.close),
      h: plainText(bar.high),
      l: plainText(bar.low),
      v: plainText(bar.qty),
      n: bar.trades,
      x: tsMs >= bar.openTsMs + intervalMs - 1,
      q: plainText(bar.quoteQty),
      V: "0",
      Q: "0",
      B: "0",
    },
  };
}

export function miniTickerEvent(context: ServeContext, rules: SymbolRules, tsMs: number): Json {
  const day = dayTicker(context, rules, tsMs);
  return {
    e: "24hrMiniTicker",
    E: tsMs,
    s: rules.symbol,
    c: day.lastPrice,
    o: day.openPrice,
    h: day.highPrice,
    l: day.lowPrice,
    v: day.volume,
    q: day.quoteVolume,
    st: MARKET_TYPE,
  };
}

export function tickerEvent(context: ServeContext, rules: SymbolRules, tsMs: number): Json {
  const day = dayTicker(context, rules, tsMs);
  return {
    ...miniTickerEvent(context, rules, tsMs),
    e: "24hrTicker",
    p: day.priceChange,
    P: day.priceChangePercent,
    w: day.weightedAvgPrice,
    Q: day.lastQty,
    O: day.openTime,
    C: day.closeTime,
    F: 0,
    L: 0,
    n: day.count,
  };
}
