import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { toJson } from "../../src/serve/json.ts";
import { userEventMessages } from "../../src/serve/render/user-event-json.ts";
import { routeNames, routeOf } from "../../src/serve/rest/gate.ts";
import type { Params } from "../../src/serve/rest/http.ts";
import { MarketStreams } from "../../src/serve/ws/market-streams.ts";
import { hasShared, sharedPath } from "../shared-data.ts";
import { ask, quietContext } from "./asking.ts";

/** Facts of the official SDK `@binance/derivatives-trading-usds-futures` 38.1.1, read from its types and comments. */
const read = (name: string) => JSON.parse(readFileSync(sharedPath(`fixtures/binance/binance_sdk/${name}`), "utf8"));
type Fields = Readonly<Record<string, string>>;
const FIELDS: Readonly<Record<string, Fields>> = hasShared ? read("response_fields.json") : {};
const ENDPOINTS: readonly { method: string; path: string; weight: string }[] = hasShared
  ? read("fapi_endpoints.json")
  : [];

/** Fields of the SDK's types that a USD-M answer does not always have; docs/exchange.md says the same. */
const ABSENT: Readonly<Record<string, string>> = {
  activatePrice: "trailing stops only",
  callbackRate: "trailing stops only",
  priceRate: "trailing stops only, which are algo orders",
  AP: "trailing stops only, which are algo orders",
  cr: "trailing stops only, which are algo orders",
  baseQty: "COIN-M only",
  cumBase: "COIN-M only",
  ps: "COIN-M only in market streams",
  "AllOrdersResponseInner.pair": "COIN-M only",
  "AccountTradeListResponseInner.pair": "COIN-M only",
  icebergQuantity: "null: there are no iceberg orders",
  rateType: "not recorded",
  M: "undocumented",
  S: "undocumented",
  ia: "undocumented",
  N: "trades only",
  n: "trades only",
  code: "refused orders of a batch only",
  msg: "refused orders of a batch only",
  "MarkPriceStreamResponse.ap": "undocumented",
};
const isAbsent = (type: string, field: string) =>
  ABSENT[`${type}.${field}`] !== undefined || ABSENT[field] !== undefined;

/** What is wrong with a value of a type, as sentences. */
function faultsOf(value: unknown, type: string, where: string): string[] {
  if (type === "int")
    return Number.isInteger(value) ? [] : [`${where} is ${JSON.stringify(value)}, not a whole number`];
  if (type === "string" || type === "boolean" || type === "number")
    return typeof value === type ? [] : [`${where} is ${JSON.stringify(value)}, not a ${type}`];
  const list = /^Array<(.+)>$/.exec(type);
  if (list !== null) {
    if (!Array.isArray(value)) return [`${where} is no list`];
    return value.flatMap((entry, index) => faultsOf(entry, list[1]!, `${where}[${index}]`)).slice(0, 5);
  }
  const fields = FIELDS[type];
  if (fields === undefined) return typeof value === "object" ? [] : [`${where} is no object`];
  const object = value as Readonly<Record<string, unknown>>;
  return Object.entries(fields).flatMap(([name, fieldType]) => {
    if (object[name] === undefined || object[name] === null)
      return isAbsent(type, name) || type.endsWith("FiltersInner") ? [] : [`${where}.${name} is missing`];
    return faultsOf(object[name], fieldType, `${where}.${name}`);
  });
}

function busySession() {
  const context = quietContext({ session: { hasLargeOrderIds: false } });
  const events: unknown[] = [];
  context.session.userListeners.add((event) => {
    for (const message of userEventMessages(context, event)) events.push(JSON.parse(toJson(message)));
  });
  const streams = new MarketStreams(context);
  const heard = new Map<string, unknown>();
  const subscriber = { send: (name: string, data: string) => void heard.set(name, JSON.parse(data)) };
  for (const name of ["markPrice@1s", "aggTrade", "bookTicker", "depth@100ms", "ticker", "kline_1m", "miniTicker"])
    streams.subscribe(`btcusdt@${name}`, subscriber);
  const post = (path: string, params: Record<string, string>) =>
    ask(context, "POST", path, { symbol: "BTCUSDT", ...params });
  const price = (factor: number) => (context.session.market.mark[0]! * factor).toFixed(1);
  post("/fapi/v1/leverage", { leverage: "10" });
  const bought = post("/fapi/v1/order", { side: "BUY", type: "MARKET", quantity: "0.05", newOrderRespType: "RESULT" });
  const limit = { side: "BUY", type: "LIMIT", timeInForce: "GTC", quantity: "0.01", price: price(0.95) };
  const resting = post("/fapi/v1/order", { ...limit, newClientOrderId: "one" });
  post("/fapi/v1/order", { ...limit, newClientOrderId: "two" });
  const stop = post("/fapi/v1/algoOrder", {
    algoType: "CONDITIONAL",
    side: "SELL",
    type: "STOP_MARKET",
    quantity: "0.01",
    triggerPrice: price(0.8),
  });
  context.session.advanceTo(context.session.nowTsMs + 9 * 3_600_000);
  return { context, events, heard, bought, resting, stop, price, limit };
}

describe.skipIf(!hasShared)("answers have the fields of the official SDK's types", () => {
  const { context, events, heard, bought, resting, stop, price, limit } = busySession();
  const symbol = { symbol: "BTCUSDT" };
  const get = (path: string, params: Record<string, string> = {}) => ask(context, "GET", `/fapi/${path}`, params).json;
  const orderId = String(resting.json.orderId);
  const first = <Row>(rows: readonly Row[]): Row => {
    expect(rows.length).toBeGreaterThan(0);
    return rows[0]!;
  };
  const cases: readonly [string, () => unknown][] = [
    ["NewOrderResponse", () => bought.json],
    ["NewAlgoOrderResponse", () => stop.json],
    ["QueryOrderResponse", () => get("v1/order", { ...symbol, orderId })],
    ["CurrentAllOpenOrdersResponseInner", () => first(get("v1/openOrders", symbol))],
    ["AllOrdersResponseInner", () => first(get("v1/allOrders", symbol))],
    ["QueryAlgoOrderResponse", () => get("v1/algoOrder", { algoId: String(stop.json.algoId) })],
    ["QueryAlgoOrderResponse", () => first(get("v1/openAlgoOrders", symbol))],
    ["PositionInformationV3ResponseInner", () => first(get("v3/positionRisk"))],
    ["PositionInformationV2ResponseInner", () => first(get("v2/positionRisk"))],
    ["AccountInformationV3Response", () => get("v3/account")],
    ["AccountTradeListResponseInner", () => first(get("v1/userTrades", symbol))],
    ["ExchangeInformationResponse", () => get("v1/exchangeInfo")],
    ["MarkPriceResponse1", () => get("v1/premiumIndex", symbol)],
    ["GetFundingRateHistoryResponseInner", () => first(get("v1/fundingRate", symbol))],
    ["NotionalAndLeverageBracketsResponse1Inner", () => first(get("v1/leverageBracket"))],
    [
      "NotionalAndLeverageBracketsResponse2BracketsInner",
      () => first(first(get("v1/leverageBracket") as { brackets: unknown[] }[]).brackets),
    ],
    ["UserCommissionRateResponse", () => get("v1/commissionRate", symbol)],
    ["SymbolConfigurationResponseInner", () => first(get("v1/symbolConfig"))],
    ["FuturesAccountConfigurationResponse", () => get("v1/accountConfig")],
    ["GetIncomeHistoryResponseInner", () => first(get("v1/income"))],
    [
      "ChangeInitialLeverageResponse",
      () => ask(context, "POST", "/fapi/v1/leverage", { ...symbol, leverage: "11" }).json,
    ],
    [
      "ModifyOrderResponse",
      () =>
        ask(context, "PUT", "/fapi/v1/order", { ...symbol, orderId, side: "BUY", quantity: "0.02", price: price(0.9) })
          .json,
    ],
    [
      "PlaceMultipleOrdersResponseInner",
      () =>
        first(
          ask(context, "POST", "/fapi/v1/batchOrders", { batchOrders: JSON.stringify([{ ...symbol, ...limit }]) }).json,
        ),
    ],
    ["CancelOrderResponse", () => ask(context, "DELETE", "/fapi/v1/order", { ...symbol, orderId }).json],
    [
      "CancelAlgoOrderResponse",
      () => ask(context, "DELETE", "/fapi/v1/algoOrder", { algoId: String(stop.json.algoId) }).json,
    ],
    ["MarkPriceStreamResponse", () => heard.get("btcusdt@markPrice@1s")],
    ["IndividualSymbolBookTickerStreamsResponse", () => heard.get("btcusdt@bookTicker")],
    ["DiffBookDepthStreamsResponse", () => heard.get("btcusdt@depth@100ms")],
    ["IndividualSymbolTickerStreamsResponse", () => heard.get("btcusdt@ticker")],
    ["AllMarketMiniTickersStreamResponseInner", () => heard.get("btcusdt@miniTicker")],
    ["KlineCandlestickStreamsResponseK", () => (heard.get("btcusdt@kline_1m") as { k: unknown }).k],
  ];

  test.each(cases.map(([type, make], index) => [type, index, make] as const))("%s (%i)", (type, _, make) => {
    expect(FIELDS[type]).toBeDefined();
    expect(faultsOf(make(), type, type)).toEqual([]);
  });

  test("so have the user events", () => {
    const types: Readonly<Record<string, string>> = {
      ORDER_TRADE_UPDATE: "OrderTradeUpdate",
      ACCOUNT_UPDATE: "AccountUpdate",
      TRADE_LITE: "TradeLite",
      ALGO_UPDATE: "AlgoUpdateO",
      ACCOUNT_CONFIG_UPDATE: "AccountConfigUpdate",
    };
    const seen = new Set<string>();
    for (const event of events as { e: string; o?: { e?: string }; a?: { m: string } }[]) {
      const type = types[event.e]!;
      seen.add(event.e);
      const value = event.e === "ALGO_UPDATE" ? event.o : event;
      expect(faultsOf(value, type, event.e).filter((text) => !text.startsWith("ACCOUNT_CONFIG_UPDATE.ai"))).toEqual([]);
    }
    expect([...seen].sort()).toEqual(Object.keys(types).sort());
  });

  test("and the rest of the listed weights are those of the SDK", () => {
    const params = (names: Readonly<Record<string, string>>): Params => new Map(Object.entries(names));
    const wrong: string[] = [];
    let compared = 0;
    for (const { method, path, weight } of ENDPOINTS) {
      const route = routeOf(method, path);
      if (route === undefined || weight === null) continue;
      const weigh = (names: Readonly<Record<string, string>>) =>
        typeof route.weight === "number" ? route.weight : route.weight(params(names));
      const plain = /^\d+$/.test(weight);
      const both = /^-? ?(\d+) (?:for|with) (?:a single )?symbol[^\d]*(\d+)/.exec(weight);
      const order = / (\d) on IP rate limit/.exec(weight);
      const expected = plain
        ? [Number(weight), Number(weight)]
        : both !== null
          ? [Number(both[1]), Number(both[2])]
          : order !== null
            ? [Number(order[1]), Number(order[1])]
            : null;
      if (expected === null) continue;
      compared += 1;
      const actual = [weigh(symbol), weigh({})];
      if (String(actual) !== String(expected)) wrong.push(`${method} ${path}: ${actual}, the SDK says ${expected}`);
    }
    expect(wrong).toEqual([]);
    expect(compared).toBeGreaterThan(45);
    const depth = routeOf("GET", "/fapi/v1/depth")!.weight as (params: Params) => number;
    expect(["5", "50", "100", "500", "1000"].map((limit) => depth(params({ limit })))).toEqual([2, 2, 5, 10, 20]);
    const bars = routeOf("GET", "/fapi/v1/klines")!.weight as (params: Params) => number;
    expect(["99", "100", "499", "500", "1000", "1500"].map((limit) => bars(params({ limit })))).toEqual([
      1, 2, 2, 5, 5, 10,
    ]);
    for (const batch of ["POST", "PUT"])
      expect(routeOf(batch, "/fapi/v1/batchOrders")!.orders).toEqual({ per10s: 5, perMinute: 1 });
  });
});

describe("docs/exchange.md", () => {
  const text = readFileSync(new URL("../../docs/exchange.md", import.meta.url), "utf8");
  const unserved = [...text.matchAll(/^\| `((?:GET|POST|PUT|DELETE) \/fapi\/\S+)` \| (.+) \|$/gm)].map(
    ([, name]) => name!,
  );

  test("lists no endpoint as not simulated that is", () => {
    const served = new Set(routeNames());
    expect(unserved.length).toBeGreaterThan(20);
    expect(unserved.filter((name) => served.has(name))).toEqual([]);
  });

  test.skipIf(!hasShared)("lists every endpoint of the official SDK that is not simulated", () => {
    const known = new Set([...routeNames(), ...unserved]);
    expect(ENDPOINTS.length).toBe(87);
    expect(ENDPOINTS.map(({ method, path }) => `${method} ${path}`).filter((name) => !known.has(name))).toEqual([]);
  });
});
