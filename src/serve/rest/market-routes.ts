import { Refusal, refuse } from "../../venue/refusal.ts";
import type { SymbolRules } from "../../venue/symbol-rules.ts";
import { lastPrice, referencePrice } from "../../venue/venue-market.ts";
import { plainText, priceText, qtyText } from "../render/decimal-text.ts";
import { bookTicker, dayTicker, premiumIndex } from "../render/market-json.ts";
import type { Params, Route, RouteCall } from "./http.ts";
import { isInTime } from "./order-routes.ts";
import { readOptionalSymbol, readSymbol, readWholeNumber } from "./read-params.ts";

const DEPTH_LIMITS = [5, 10, 20, 50, 100, 500, 1000];

/** Kline intervals and their length; a month is not one length and is left out. */
export const INTERVAL_MS: ReadonlyMap<string, number> = new Map([
  ["1m", 60_000],
  ["3m", 180_000],
  ["5m", 300_000],
  ["15m", 900_000],
  ["30m", 1_800_000],
  ["1h", 3_600_000],
  ["2h", 7_200_000],
  ["4h", 14_400_000],
  ["6h", 21_600_000],
  ["8h", 28_800_000],
  ["12h", 43_200_000],
  ["1d", 86_400_000],
]);

/** One weight with a symbol, another for all of them. */
function bySymbol(one: number, all: number): Route["weight"] {
  return (params) => (params.has("symbol") ? one : all);
}

/** Weight of klines by `limit`, 500 when absent. */
function byBars(params: Params): number {
  const limit = Number(params.get("limit") ?? 500);
  return limit < 100 ? 1 : limit < 500 ? 2 : limit <= 1000 ? 5 : 10;
}

function open(path: string, weight: Route["weight"], handle: Route["handle"]): Route {
  return { method: "GET", path, security: "none", weight, handle };
}

/** One object for a symbol, a list without one. */
function perSymbol(make: (call: RouteCall, rules: SymbolRules) => unknown): Route["handle"] {
  return (call) => {
    const { session } = call.context;
    const rules = readOptionalSymbol(session, call.params);
    if (rules instanceof Refusal) return rules;
    if (rules !== null) return make(call, rules);
    const known = session.venue.rules.filter(
      ({ isListed, index }) => isListed && referencePrice(session.market, index) > 0,
    );
    return known.map((each) => make(call, each));
  };
}

export const MARKET_ROUTES: readonly Route[] = [
  open("/fapi/v1/ping", 1, () => ({})),
  open("/fapi/v1/time", 1, ({ tsMs }) => ({ serverTime: tsMs })),
  open("/fapi/v1/exchangeInfo", 1, ({ context, tsMs }) => ({
    timezone: "UTC",
    serverTime: tsMs,
    futuresType: "U_MARGINED",
    rateLimits: [
      {
        rateLimitType: "REQUEST_WEIGHT",
        interval: "MINUTE",
        intervalNum: 1,
        limit: context.settings.rateLimits?.weightPerMinute ?? 2400,
      },
      {
        rateLimitType: "ORDERS",
        interval: "MINUTE",
        intervalNum: 1,
        limit: context.settings.rateLimits?.ordersPerMinute ?? 1200,
      },
      {
        rateLimitType: "ORDERS",
        interval: "SECOND",
        intervalNum: 10,
        limit: context.settings.rateLimits?.ordersPer10s ?? 300,
      },
    ],
    exchangeFilters: [],
    assets: [{ asset: "USDT", marginAvailable: true, autoAssetExchange: "-10000" }],
    symbols: context.session.venue.rules
      .filter(({ isListed }) => isListed)
      .map(({ info, index, symbol }) => ({
        ...withTick(info, context.faults.ticks.get(symbol)),
        status: statusText(context.session.venue.statusOf(index)),
      })),
  })),
  open(
    "/fapi/v1/depth",
    (params) => {
      const limit = Number(params.get("limit") ?? 500);
      return limit <= 50 ? 2 : limit <= 100 ? 5 : limit <= 500 ? 10 : 20;
    },
    ({ context, params, tsMs }) => {
      const { session } = context;
      const rules = readSymbol(session, params);
      if (rules instanceof Refusal) return rules;
      const limit = readWholeNumber(params, "limit", 500);
      if (limit instanceof Refusal) return limit;
      if (!DEPTH_LIMITS.includes(limit))
        return refuse(-4021, "Invalid depth limit; valid limits are 5, 10, 20, 50, 100, 500, 1000.");
      const book = session.market.depth[rules.index] ?? null;
      if (book === null) {
        const lastUpdateId = session.bookUpdateId(rules.index);
        return { lastUpdateId, E: tsMs, T: tsMs, bids: session.topLevel(rules, 1), asks: session.topLevel(rules, -1) };
      }
      const levels = (sign: 1 | -1) =>
        book.levels(sign, limit).map((level) => [priceText(rules, level.priceTicks), qtyText(rules, level.qtyLots)]);
      return { lastUpdateId: book.lastUpdateId, E: tsMs, T: tsMs, bids: levels(1), asks: levels(-1) };
    },
  ),
  open("/fapi/v1/trades", 5, ({ context, params }) => {
    const rules = readSymbol(context.session, params);
    if (rules instanceof Refusal) return rules;
    const limit = readWholeNumber(params, "limit", 500);
    if (limit instanceof Refusal) return limit;
    return context.history.trades(rules.index, Math.min(limit, 1000)).map((trade) => ({
      id: trade.tradeId,
      price: plainText(trade.price),
      qty: plainText(trade.qty),
      quoteQty: plainText(trade.price * trade.qty),
      time: trade.tsMs,
      isBuyerMaker: trade.isBuyerMaker,
    }));
  }),
  open("/fapi/v1/aggTrades", 20, ({ context, params }) => {
    const rules = readSymbol(context.session, params);
    if (rules instanceof Refusal) return rules;
    const limit = readWholeNumber(params, "limit", 500);
    if (limit instanceof Refusal) return limit;
    return context.history
      .trades(rules.index, 1000)
      .filter(({ tsMs }) => isInTime(params, tsMs))
      .slice(-Math.min(limit, 1000))
      .map((trade) => ({
        a: trade.tradeId,
        p: plainText(trade.price),
        q: plainText(trade.qty),
        f: trade.tradeId,
        l: trade.tradeId,
        T: trade.tsMs,
        m: trade.isBuyerMaker,
      }));
  }),
  open("/fapi/v1/klines", byBars, ({ context, params }) => {
    const rules = readSymbol(context.session, params);
    if (rules instanceof Refusal) return rules;
    const intervalMs = INTERVAL_MS.get(params.get("interval") ?? "");
    if (intervalMs === undefined) return refuse(-1120, "Invalid interval.");
    const limit = readWholeNumber(params, "limit", 500);
    if (limit instanceof Refusal) return limit;
    return context.history
      .bars(rules.index, intervalMs)
      .filter(({ openTsMs }) => isInTime(params, openTsMs))
      .slice(params.has("startTime") ? 0 : -Math.min(limit, 1500))
      .slice(0, Math.min(limit, 1500))
      .map((bar) => [
        bar.openTsMs,
        plainText(bar.open),
        plainText(bar.high),
        plainText(bar.low),
        plainText(bar.close),
        plainText(bar.qty),
        bar.openTsMs + intervalMs - 1,
        plainText(bar.quoteQty),
        bar.trades,
        "0",
        "0",
        "0",
      ]);
  }),
  open(
    "/fapi/v1/ticker/24hr",
    bySymbol(1, 40),
    perSymbol(({ context, tsMs }, rules) => dayTicker(context, rules, tsMs)),
  ),
  open(
    "/fapi/v1/ticker/price",
    bySymbol(1, 2),
    perSymbol(({ context, tsMs }, rules) => ({
      symbol: rules.symbol,
      price: plainText(lastPrice(context.session.market, rules.index)),
      time: tsMs,
    })),
  ),
  open(
    "/fapi/v2/ticker/price",
    bySymbol(1, 2),
    perSymbol(({ context, tsMs }, rules) => ({
      symbol: rules.symbol,
      price: plainText(lastPrice(context.session.market, rules.index)),
      time: tsMs,
    })),
  ),
  open(
    "/fapi/v1/ticker/bookTicker",
    bySymbol(2, 5),
    perSymbol(({ context }, rules) => bookTicker(context.session, rules)),
  ),
  open(
    "/fapi/v1/premiumIndex",
    bySymbol(1, 10),
    perSymbol(({ context, tsMs }, rules) => premiumIndex(context.session, rules, tsMs)),
  ),
  // Both share a limit of their own on Binance, 500 in five minutes, which is not simulated.
  open("/fapi/v1/fundingInfo", 0, () => []),
  open("/fapi/v1/fundingRate", 0, ({ context, params }) => {
    const rules = readOptionalSymbol(context.session, params);
    if (rules instanceof Refusal) return rules;
    const limit = readWholeNumber(params, "limit", 100);
    if (limit instanceof Refusal) return limit;
    return context.history.funding
      .filter((paid) => (rules === null || paid.symbolIndex === rules.index) && isInTime(params, paid.tsMs))
      .slice(-Math.min(limit, 1000))
      .map((paid) => ({
        symbol: context.session.venue.rules[paid.symbolIndex]!.symbol,
        fundingRate: plainText(paid.rate) === "0" && paid.rate < 0 ? "0" : paid.rate.toFixed(8),
        fundingTime: paid.tsMs,
        markPrice: plainText(paid.markPrice),
      }));
  }),
  open("/fapi/v1/openInterest", 1, ({ context, params, tsMs }) => {
    const rules = readSymbol(context.session, params);
    return rules instanceof Refusal ? rules : { symbol: rules.symbol, openInterest: "0", time: tsMs };
  }),
];

function statusText(status: "TRADING" | "REDUCE_ONLY" | "CLOSED"): string {
  return status === "TRADING" ? "TRADING" : status === "CLOSED" ? "SETTLING" : "PENDING_TRADING";
}

/** The listing with another tick, as a venue shows it after it has changed one. */
function withTick(
  info: Readonly<Record<string, unknown>>,
  tickSize: string | undefined,
): Readonly<Record<string, unknown>> {
  if (tickSize === undefined) return info;
  const filters = (info["filters"] as readonly Readonly<Record<string, unknown>>[] | undefined) ?? [];
  const changed = filters.map((filter) => (filter["filterType"] === "PRICE_FILTER" ? { ...filter, tickSize } : filter));
  return { ...info, filters: changed };
}
