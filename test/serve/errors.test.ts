import { describe, expect, test } from "vitest";
import { BINANCE_RATE_LIMITS } from "../../src/serve/launch.ts";
import { ask, askRaw, quietContext } from "./asking.ts";

const context = quietContext();
const mark = context.session.market.mark[0]!;
const at = (factor: number) => (mark * factor).toFixed(1);
const BTC = { symbol: "BTCUSDT" };
const MARKET = { ...BTC, side: "BUY", type: "MARKET", quantity: "0.01" };
const LIMIT = { ...BTC, side: "BUY", type: "LIMIT", timeInForce: "GTC", quantity: "0.01", price: at(0.95) };
const STOP = {
  ...BTC,
  algoType: "CONDITIONAL",
  side: "SELL",
  type: "STOP_MARKET",
  quantity: "0.01",
  triggerPrice: at(0.9),
};
const order = (params: Record<string, string>) => ask(context, "POST", "/fapi/v1/order", params).json;

/** Request, code and text as section 2.4 of the research has them (Binance's fapi error codes). */
const TABLE: readonly [number, string, () => { code: number; msg: string }][] = [
  [
    -1102,
    "Mandatory parameter 'quantity' was not sent, was empty/null, or malformed.",
    () => order({ ...MARKET, quantity: "" }),
  ],
  [
    -1102,
    "Mandatory parameter 'timeInForce' was not sent, was empty/null, or malformed.",
    () => order({ ...LIMIT, timeInForce: "" }),
  ],
  [-1111, "Precision is over the maximum defined for this asset.", () => order({ ...MARKET, quantity: "0.010000001" })],
  [-1115, "Invalid timeInForce.", () => order({ ...LIMIT, timeInForce: "NOW" })],
  [-1116, "Invalid orderType.", () => order({ ...MARKET, type: "MAYBE" })],
  [-1117, "Invalid side.", () => order({ ...MARKET, side: "BOTH" })],
  [-1120, "Invalid interval.", () => ask(context, "GET", "/fapi/v1/klines", { ...BTC, interval: "7m" }).json],
  [-1121, "Invalid symbol.", () => order({ ...MARKET, symbol: "NOSUCH" })],
  [-1125, "This listenKey does not exist.", () => ask(context, "PUT", "/fapi/v1/listenKey").json],
  [-2011, "Unknown order sent.", () => ask(context, "DELETE", "/fapi/v1/order", { ...BTC, orderId: "5" }).json],
  [-2013, "Order does not exist.", () => ask(context, "GET", "/fapi/v1/order", { ...BTC, orderId: "5" }).json],
  [-2019, "Margin is insufficient.", () => order({ ...MARKET, quantity: "100" })],
  [
    -2021,
    "Order would immediately trigger.",
    () => ask(context, "POST", "/fapi/v1/algoOrder", { ...STOP, triggerPrice: at(1.1) }).json,
  ],
  [-2022, "ReduceOnly Order is rejected.", () => order({ ...MARKET, reduceOnly: "true" })],
  [-4003, "Quantity less than or equal to zero.", () => order({ ...MARKET, quantity: "0" })],
  [-4005, "Quantity greater than max quantity.", () => order({ ...MARKET, quantity: "1000000" })],
  [-4014, "Price not increased by tick size.", () => order({ ...LIMIT, price: at(0.95).replace(/\.\d$/, ".05") })],
  [
    -4015,
    "Client order id length should be less than 36 chars.",
    () => order({ ...MARKET, newClientOrderId: "x".repeat(37) }),
  ],
  [-4016, "Limit price can't be higher than the mark price multiplier cap.", () => order({ ...LIMIT, price: at(2) })],
  [
    -4021,
    "Invalid depth limit; valid limits are 5, 10, 20, 50, 100, 500, 1000.",
    () => ask(context, "GET", "/fapi/v1/depth", { ...BTC, limit: "7" }).json,
  ],
  [
    -4024,
    "Limit price can't be lower than the mark price multiplier floor.",
    () => order({ ...LIMIT, side: "SELL", price: at(0.3) }),
  ],
  [-4028, "Leverage is not valid.", () => ask(context, "POST", "/fapi/v1/leverage", { ...BTC, leverage: "500" }).json],
  [
    -4046,
    "No need to change margin type.",
    () => ask(context, "POST", "/fapi/v1/marginType", { ...BTC, marginType: "CROSSED" }).json,
  ],
  [
    -4059,
    "No need to change position side.",
    () => ask(context, "POST", "/fapi/v1/positionSide/dual", { dualSidePosition: "false" }).json,
  ],
  [-4061, "Order's position side does not match user's setting.", () => order({ ...MARKET, positionSide: "LONG" })],
  [
    -4082,
    "Invalid number of batch place orders.",
    () => ask(context, "POST", "/fapi/v1/batchOrders", { batchOrders: JSON.stringify(Array(6).fill(MARKET)) }).json,
  ],
  [
    -4120,
    "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead.",
    () => order({ ...MARKET, type: "STOP_MARKET" }),
  ],
  [
    -5021,
    "Due to the order could not be filled immediately, the FOK order has been rejected.",
    () => order({ ...LIMIT, timeInForce: "FOK" }),
  ],
  [
    -5022,
    "Due to the order could not be executed as maker, the Post Only order will be rejected. The order will not be recorded in the order history.",
    () => order({ ...LIMIT, timeInForce: "GTX", price: at(1.05) }),
  ],
];

describe("refusals have Binance's codes and texts", () => {
  test.each(TABLE)("%i %s", (code, msg, make) => {
    expect(make()).toEqual({ code, msg });
  });

  test("-4164 names the smallest notional, and does not hold for reduce-only orders", () => {
    const xrp = { ...LIMIT, symbol: "XRPUSDT", quantity: "0.1" };
    const price = (context.session.market.mark[context.session.venue.symbolIndex("XRPUSDT")!]! * 0.9).toFixed(4);
    const msg = "Order's notional must be no smaller than 5 (unless you choose reduce only).";
    expect(order({ ...xrp, price })).toEqual({ code: -4164, msg });
    expect(order({ ...xrp, price, reduceOnly: "true" }).code).toBe(-2022);
  });

  test("in the life of an account: duplicate ids, modes with orders and positions, modify, hedge reduce-only", () => {
    const fresh = quietContext();
    const post = (path: string, params: Record<string, string>) => ask(fresh, "POST", `/fapi/v1/${path}`, params).json;
    const resting = post("order", { ...LIMIT, newClientOrderId: "one" });
    expect(post("order", { ...LIMIT, newClientOrderId: "one" })).toEqual({
      code: -4116,
      msg: "ClientOrderId is duplicated.",
    });
    expect(post("marginType", { ...BTC, marginType: "ISOLATED" }).code).toBe(-4047);
    expect(post("positionSide/dual", { dualSidePosition: "true" }).code).toBe(-4067);
    const same = { ...BTC, orderId: String(resting.orderId), side: "BUY", quantity: "0.01", price: LIMIT.price };
    expect(ask(fresh, "PUT", "/fapi/v1/order", same).json).toEqual({
      code: -5027,
      msg: "No need to modify the order.",
    });
    expect(ask(fresh, "DELETE", "/fapi/v1/allOpenOrders", BTC).json.code).toBe(200);
    post("order", MARKET);
    expect(post("marginType", { ...BTC, marginType: "ISOLATED" }).code).toBe(-4048);
    expect(post("positionSide/dual", { dualSidePosition: "true" }).code).toBe(-4068);
    post("order", { ...MARKET, side: "SELL" });
    expect(post("positionSide/dual", { dualSidePosition: "true" })).toEqual({ code: 200, msg: "success" });
    expect(post("order", { ...MARKET, positionSide: "LONG", reduceOnly: "true" })).toEqual({
      code: -1106,
      msg: "Parameter 'reduceonly' sent when not required.",
    });
  });
});

describe("rate limits", () => {
  test("weight: 429 with Retry-After, then 418 for two minutes; the headers count along", () => {
    const limited = quietContext({ rateLimits: BINANCE_RATE_LIMITS });
    const light = ask(limited, "GET", "/fapi/v1/openOrders");
    expect(light.headers["x-mbx-used-weight-1m"]).toBe("40");
    for (let turn = 1; turn < 60; turn++) expect(ask(limited, "GET", "/fapi/v1/openOrders").status).toBe(200);
    const warned = ask(limited, "GET", "/fapi/v1/openOrders");
    expect([warned.status, warned.json.code]).toEqual([429, -1003]);
    expect(warned.json.msg).toMatch(/^Too many requests; current limit is 2400 requests per minute\./);
    expect(Number(warned.headers["retry-after"])).toBeLessThanOrEqual(60);
    for (let turn = 0; turn < 9; turn++) expect(ask(limited, "GET", "/fapi/v1/openOrders").status).toBe(429);
    const banned = ask(limited, "GET", "/fapi/v1/openOrders");
    expect([banned.status, banned.json.code, banned.headers["retry-after"]]).toEqual([418, -1003, "120"]);
    expect(banned.json.msg).toMatch(/^Way too many requests; IP banned until \d{13}\./);
    expect(ask(limited, "GET", "/fapi/v1/openOrders", {}, { ip: "127.0.0.2" }).status).toBe(200);
    limited.session.advanceTo(limited.session.nowTsMs + 119_999);
    expect(askRaw(limited, "GET", "/fapi/v1/ping", "").status).toBe(418);
    limited.session.advanceTo(limited.session.nowTsMs + 1);
    expect(askRaw(limited, "GET", "/fapi/v1/ping", "").status).toBe(200);
  });

  test("orders: 300 in ten seconds, a batch counts as five; -1015 until the window is over", () => {
    const limited = quietContext({ rateLimits: BINANCE_RATE_LIMITS });
    const batch = ask(limited, "POST", "/fapi/v1/batchOrders", { batchOrders: JSON.stringify([MARKET]) });
    expect([batch.headers["x-mbx-order-count-10s"], batch.headers["x-mbx-order-count-1m"]]).toEqual(["5", "1"]);
    const send = () => ask(limited, "POST", "/fapi/v1/order", { ...MARKET, quantity: "0.000" });
    for (let turn = 0; turn < 295; turn++) expect(send().status).toBe(400);
    expect(send()).toMatchObject({
      status: 429,
      json: { code: -1015, msg: "Too many new orders; current limit is 300 orders per 10 SECOND." },
    });
    limited.session.advanceTo(limited.session.nowTsMs + 10_000);
    expect(send().json.code).toBe(-4003);
  });
});
