import seedrandom from "seedrandom";
import { afterAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import type { ServedSession } from "../../src/serve/launch.ts";
import { answer, routeNames } from "../../src/serve/rest/gate.ts";
import { signatureOf } from "../../src/serve/session.ts";
import { answerApiMessage } from "../../src/serve/ws/ws-api.ts";
import { reconcile } from "../../src/venue/account.ts";
import { ask, quietContext } from "./asking.ts";
import { KEY, launchStepping, OTHER_KEY, SECRET } from "./served.ts";

/** Statuses that Binance's documentation names for this API. */
const STATUSES = new Set([200, 400, 401, 403, 404, 408, 413, 418, 429, 500, 503]);
const SEEDS = ["one", "two", "three"];
const VALUES = [
  "",
  "0",
  "-1",
  "1e5",
  "NaN",
  "true",
  "constructor",
  "__proto__",
  "%",
  "%zz",
  "ü",
  "\u0000",
  "\r\nx: y",
  "[",
  "{}",
  "[]",
  "[null]",
  "9".repeat(400),
  "BTCUSDT",
  "BUY",
  "5",
  "0.01",
];
const NAMES = [
  "symbol",
  "side",
  "type",
  "quantity",
  "price",
  "timeInForce",
  "positionSide",
  "reduceOnly",
  "newClientOrderId",
  "orderId",
  "origClientOrderId",
  "batchOrders",
  "orderIdList",
  "origClientOrderIdList",
  "algoType",
  "triggerPrice",
  "callbackRate",
  "closePosition",
  "leverage",
  "marginType",
  "dualSidePosition",
  "amount",
  "limit",
  "startTime",
  "endTime",
  "fromId",
  "interval",
  "countdownTime",
  "recvWindow",
  "newOrderRespType",
  "goodTillDate",
  "listenKey",
  "incomeType",
  "algoId",
  "__proto__",
];
const GOOD: Readonly<Record<string, readonly string[]>> = {
  symbol: ["BTCUSDT", "ETHUSDT"],
  side: ["BUY", "SELL"],
  type: ["MARKET", "MARKET", "MARKET", "LIMIT", "LIMIT", "STOP_MARKET", "TRAILING_STOP_MARKET", "1", "2"],
  quantity: ["0.01", "0.05", "0.1", "0.5"],
  timeInForce: ["GTC", "IOC", "FOK", "GTX", "GTD"],
  positionSide: ["BOTH", "LONG", "SHORT"],
  reduceOnly: ["true", "false"],
  algoType: ["CONDITIONAL"],
  marginType: ["ISOLATED", "CROSSED"],
  leverage: ["1", "5", "20"],
  callbackRate: ["0.5"],
  goodTillDate: ["1770000000000"],
};

describe("random requests and frames", () => {
  test.each(SEEDS)(
    "never throw, are answered with JSON and a status Binance uses, and the books add up (%s)",
    (seed) => {
      const dice = seedrandom(seed);
      const pick = <Value>(values: readonly Value[]): Value => values[Math.floor(dice() * values.length)]!;
      const context = quietContext();
      const routes = [
        ...routeNames(),
        "GET /fapi/v1/nothing",
        "PATCH /fapi/v1/order",
        "GET /",
        "GET //",
        "DELETE /sapi/v1/x",
      ];
      const mark = () => context.session.market.mark[0]!;
      let filled = 0;
      for (let turn = 0; turn < 5_000; turn++) {
        const isSane = dice() < 0.6;
        const [method, path] = pick(dice() < 0.3 ? ["POST /fapi/v1/order", "POST /fapi/v1/algoOrder"] : routes).split(
          " ",
        ) as [string, string];
        const names = NAMES.filter((name) => dice() < (isSane ? (GOOD[name] === undefined ? 0.02 : 0.15) : 0.1));
        if (isSane) names.push("symbol", "side", "type", "quantity");
        const params = new Map<string, string>();
        for (const name of names) {
          const good = name.toLowerCase().endsWith("price") ? [(mark() * (0.8 + dice() * 0.4)).toFixed(1)] : GOOD[name];
          params.set(name, isSane && good !== undefined ? pick(good) : pick(VALUES));
        }
        const encode = isSane || dice() < 0.5 ? encodeURIComponent : (text: string) => text;
        const text = [...params, ["timestamp", String(context.session.nowTsMs)]]
          .map(([name, value]) => `${name}=${encode(value!)}`)
          .join("&");
        const signed = dice() < 0.9 ? `${text}&signature=${signatureOf(SECRET, text)}` : text;
        const isBody = dice() < 0.3;
        const response = answer(context, {
          method,
          path,
          query: isBody ? "" : signed,
          body: isBody ? signed : "",
          apiKey: pick([KEY, KEY, KEY, OTHER_KEY, "", null]),
          ip: "127.0.0.1",
        });
        expect(STATUSES).toContain(response.status);
        const json = JSON.parse(response.body) as { status?: string };
        if (json.status === "FILLED" || path === "/fapi/v1/order") filled += response.status === 200 ? 1 : 0;
        const frame = pick([
          text,
          JSON.stringify({
            id: pick(VALUES),
            method: pick(["order.place", "time", "x", "toString"]),
            params: Object.fromEntries(params),
          }),
          `{"params":${pick(VALUES)}`,
        ]);
        JSON.parse(answerApiMessage(context, frame, "127.0.0.1"));
        if (turn % 50 === 0) context.session.advanceTo(context.session.nowTsMs + Math.floor(dice() * 600_000));
        for (const account of context.session.venue.accounts) expect(reconcile(account)).toBeNull();
      }
      expect(filled).toBeGreaterThan(20);
      expect(ask(context, "GET", "/fapi/v3/account").status).toBe(200);
    },
  );

  const served: ServedSession[] = [];
  afterAll(async () => {
    for (const each of served) await each.close();
  });

  test("on the wire, frames of all kinds leave the server alive", async () => {
    const errors: unknown[] = [];
    const session = await launchStepping({ onError: (error) => errors.push(error) });
    served.push(session);
    const dice = seedrandom("frames");
    const root = `127.0.0.1:${session.server.port}`;
    await Promise.all(
      Array.from({ length: 60 }, async (_, index) => {
        const path = ["/market/ws", "/public/stream", "/private/ws", "/ws-fapi/v1", "/market/ws/%zz/!a@b"][index % 5]!;
        const socket = new WebSocket(`ws://${root}${path}`);
        socket.on("error", () => undefined);
        await new Promise((opened) => socket.on("open", opened));
        const closed = new Promise((done) => socket.on("close", done));
        for (let turn = 0; turn < 8; turn++) {
          const bytes = Buffer.from(Array.from({ length: Math.floor(dice() * 60) }, () => Math.floor(dice() * 256)));
          const params = VALUES.slice(0, Math.floor(dice() * VALUES.length));
          const method = ["SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "order.place"][turn % 4]!;
          if (dice() < 0.3) socket.send(bytes, { binary: dice() < 0.5 });
          else socket.send(JSON.stringify({ id: VALUES[turn], method, params: dice() < 0.5 ? params : { a: params } }));
        }
        if (dice() < 0.3) socket.terminate();
        else socket.close();
        await closed;
      }),
    );
    expect(errors).toEqual([]);
    expect((await fetch(`http://${root}/fapi/v1/ping`)).status).toBe(200);
  });
});
