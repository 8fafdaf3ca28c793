import { request } from "node:http";
import { connect as connectTcp, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ServedSession } from "../../src/serve/launch.ts";
import { signatureOf } from "../../src/serve/session.ts";
import { ask, askRaw, quietContext } from "./asking.ts";
import { KEY, launchStepping, OTHER_KEY, SECRET } from "./served.ts";

const BUY = { symbol: "BTCUSDT", side: "BUY", type: "MARKET", quantity: "0.01" };

describe("a signed request", () => {
  const context = quietContext();
  const now = () => context.session.nowTsMs;
  const codeAt = (timestamp: number, params: Record<string, string> = {}) =>
    ask(context, "GET", "/fapi/v3/balance", params, { timestamp: String(timestamp) }).json.code;

  test("is refused without a key, with an unknown one, unsigned and with a wrong signature", () => {
    expect(askRaw(context, "GET", "/fapi/v3/balance", "", null)).toMatchObject({ status: 401, json: { code: -2014 } });
    expect(askRaw(context, "GET", "/fapi/v3/balance", "", "nobody")).toMatchObject({
      status: 401,
      json: { code: -2015 },
    });
    expect(askRaw(context, "GET", "/fapi/v3/balance", `timestamp=${now()}`).json.code).toBe(-1102);
    expect(ask(context, "GET", "/fapi/v3/balance", {}, { secret: "wrong" })).toMatchObject({
      status: 400,
      json: { code: -1022, msg: "Signature for this request is not valid." },
    });
    const query = `symbol=BTCUSDT&timestamp=${now()}`;
    const tampered = `${query.replace("BTC", "ETH")}&signature=${signatureOf(SECRET, query)}`;
    expect(askRaw(context, "GET", "/fapi/v1/openOrders", tampered).json.code).toBe(-1022);
  });

  test("is refused when its timestamp is too old, too far ahead or no number", () => {
    expect(codeAt(now())).toBeUndefined();
    expect(codeAt(now() - 5_000)).toBeUndefined();
    expect(codeAt(now() - 5_001)).toBe(-1021);
    expect(codeAt(now() - 30_000, { recvWindow: "60000" })).toBeUndefined();
    expect(codeAt(now() + 999)).toBeUndefined();
    expect(codeAt(now() + 1_000)).toBe(-1021);
    expect(codeAt(now() + 1_000, { recvWindow: "60000" })).toBe(-1021);
    expect(codeAt(now(), { recvWindow: "60001" })).toBe(-1131);
    expect(codeAt(now(), { recvWindow: "soon" })).toBe(-1100);
    expect(ask(context, "GET", "/fapi/v3/balance", {}, { timestamp: "1e3" }).json.code).toBe(-1102);
    expect(ask(context, "GET", "/fapi/v3/balance", {}, { timestamp: "" }).json.code).toBe(-1102);
  });

  test("may be timed by the machine's clock only where the session says so", () => {
    const wall = 1_900_000_000_000;
    expect(codeAt(wall)).toBe(-1021);
    const lenient = quietContext({ clockCheck: "wall" });
    const settings = { ...lenient.settings, wallMs: () => wall };
    const at = (timestamp: number) =>
      ask({ ...lenient, settings }, "GET", "/fapi/v3/balance", {}, { timestamp: String(timestamp) }).json.code;
    expect([at(wall), at(lenient.session.nowTsMs), at(wall - 5_001)]).toEqual([undefined, undefined, -1021]);
  });

  test("that is played again places its order twice only where the client gave no id, as on Binance", () => {
    const fresh = quietContext();
    const twice = (params: Record<string, string>) =>
      [1, 2].map(() => ask(fresh, "POST", "/fapi/v1/order", params).json);
    const resting = {
      ...BUY,
      type: "LIMIT",
      timeInForce: "GTC",
      price: "100",
      quantity: "0.1",
      newClientOrderId: "one",
    };
    const mark = fresh.session.market.mark[0]!;
    const [first, second] = twice({ ...resting, price: (mark * 0.9).toFixed(1) });
    expect([first.status, second.code]).toEqual(["NEW", -4116]);
  });

  test("with missing, duplicate or percent-broken parameters is refused with the code for it", () => {
    const signed = (query: string) => {
      const whole = `${query}&timestamp=${now()}`;
      return askRaw(context, "POST", "/fapi/v1/order", `${whole}&signature=${signatureOf(SECRET, whole)}`).json.code;
    };
    expect(signed("symbol=BTCUSDT&side=BUY&type=MARKET")).toBe(-1102);
    expect(signed("symbol=BTCUSDT&side=BUY&side=SELL&type=MARKET&quantity=1")).toBe(-1101);
    expect(signed("symbol=BTCUSDT&side=%zz&type=MARKET&quantity=1")).toBe(-1100);
    expect(signed("symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0x10")).toBe(-1100);
    expect(signed("symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1e-2")).toBe(-1100);
    expect(signed("symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.01&newClientOrderId=a%0D%0Ab")).toBe(-1100);
    expect(signed(Array.from({ length: 200 }, (_, index) => `p${index}=1`).join("&"))).toBe(-1101);
    expect(ask(context, "GET", "/fapi/v1/klines", { symbol: "BTCUSDT", interval: "constructor" }).json.code).toBe(
      -1120,
    );
  });

  test("with a batch that is no JSON, no list, too long or full of nonsense never fails whole", () => {
    const batch = (batchOrders: string) => ask(context, "POST", "/fapi/v1/batchOrders", { batchOrders });
    expect(batch("{").json.code).toBe(-1102);
    expect(batch("{}").json.code).toBe(-1102);
    expect(batch("[]").json.code).toBe(-1102);
    expect(batch(JSON.stringify(Array(6).fill(BUY))).json.code).toBe(-4082);
    const nonsense = batch(
      JSON.stringify([null, 5, { toString: 1, valueOf: 1 }, { ...BUY, side: { toString: 1 } }, BUY]),
    );
    expect(nonsense.status).toBe(200);
    expect(nonsense.json.map(({ code }: { code?: number }) => code)).toEqual([-1102, -1102, -1102, -1117, undefined]);
  });

  test("of one account never sees orders, trades, positions or listen keys of another", () => {
    const fresh = quietContext();
    const other = { key: OTHER_KEY };
    const order = ask(fresh, "POST", "/fapi/v1/order", { ...BUY, newClientOrderId: "mine" }).json;
    const mark = fresh.session.market.mark[0]!;
    const resting = ask(fresh, "POST", "/fapi/v1/order", {
      ...BUY,
      type: "LIMIT",
      timeInForce: "GTC",
      price: (mark * 0.9).toFixed(1),
      newClientOrderId: "rests",
    }).json;
    for (const orderId of [order.orderId, resting.orderId].map(String)) {
      expect(ask(fresh, "GET", "/fapi/v1/order", { symbol: "BTCUSDT", orderId }, other).json.code).toBe(-2013);
      expect(ask(fresh, "DELETE", "/fapi/v1/order", { symbol: "BTCUSDT", orderId }, other).json.code).toBe(-2011);
    }
    const byClient = { symbol: "BTCUSDT", origClientOrderId: "rests" };
    expect(ask(fresh, "GET", "/fapi/v1/order", byClient, other).json.code).toBe(-2013);
    for (const path of ["openOrders", "allOrders", "userTrades", "income"]) {
      expect(ask(fresh, "GET", `/fapi/v1/${path}`, { symbol: "BTCUSDT" }, other).json).toEqual([]);
    }
    expect(ask(fresh, "GET", "/fapi/v3/positionRisk", {}, other).json).toEqual([]);
    ask(fresh, "DELETE", "/fapi/v1/allOpenOrders", { symbol: "BTCUSDT" }, other);
    expect(ask(fresh, "GET", "/fapi/v1/openOrders").json.length).toBe(1);
    const mine = ask(fresh, "POST", "/fapi/v1/listenKey").json.listenKey;
    expect(ask(fresh, "PUT", "/fapi/v1/listenKey", { listenKey: mine }, other).json.code).toBe(-1125);
    expect(ask(fresh, "POST", "/fapi/v1/listenKey", {}, other).json.listenKey).not.toBe(mine);
    expect(ask(fresh, "DELETE", "/fapi/v1/listenKey", {}, other).status).toBe(200);
    expect(ask(fresh, "PUT", "/fapi/v1/listenKey").json.listenKey).toBe(mine);
  });
});

describe("what nobody serves", () => {
  test("is answered with 404 and one finding however often it is asked", () => {
    const context = quietContext();
    for (let turn = 0; turn < 500; turn++) {
      expect(askRaw(context, "GET", "/fapi/v9/nothing", "").status).toBe(404);
      expect(askRaw(context, "DELETE", "/fapi/v1/time", "").json.code).toBe(-5000);
    }
    expect(context.session.findings.map(({ code, count }) => [code, count])).toEqual([
      ["unknown_endpoint", 500],
      ["unknown_method", 500],
    ]);
    for (let turn = 0; turn < 5_000; turn++) askRaw(context, "GET", `/fapi/v9/${turn}`, "");
    expect(context.session.findings.length).toBeLessThan(1_010);
    expect(context.session.findings.at(-1)!.count).toBeGreaterThan(3_900);
  });

  test("shows no key in answers, findings or records, wherever a client puts it", () => {
    const context = quietContext();
    const recorded: string[] = [];
    context.exchangeListeners.add((exchange) => recorded.push(JSON.stringify(exchange)));
    askRaw(context, "GET", `/fapi/v9/${KEY}/${SECRET}`, `apiKey=${KEY}&secret=${SECRET}`);
    ask(context, "POST", "/fapi/v1/order", { ...BUY, symbol: KEY, newClientOrderId: SECRET });
    ask(context, "GET", "/fapi/v3/account", { apiKey: KEY, note: SECRET });
    const said = JSON.stringify(context.session.findings) + recorded.join("\n");
    expect(recorded.length).toBe(3);
    for (const secret of [KEY, SECRET, "signature"]) expect(said).not.toContain(secret);
  });
});

describe("the HTTP server", () => {
  let served: ServedSession;
  let errors = 0;

  beforeAll(async () => {
    served = await launchStepping({
      rateLimits: null,
      limits: { headersTimeoutMs: 300, requestTimeoutMs: 600, checkIntervalMs: 50 },
      onError: () => (errors += 1),
    });
  });

  afterAll(async () => {
    expect(errors).toBe(0);
    await served.close();
  });

  const root = () => `http://127.0.0.1:${served.server.port}`;

  /** What comes back on a plain connection until the server closes it. */
  function plain(write: (socket: Socket) => void): Promise<string> {
    return new Promise((done) => {
      const socket = connectTcp(served.server.port, "127.0.0.1", () => write(socket));
      let text = "";
      socket.on("data", (chunk) => (text += chunk.toString("latin1")));
      socket.on("error", () => undefined);
      socket.on("close", () => done(text));
    });
  }

  test("answers a body that is too large with 413 and goes on", async () => {
    const response = await fetch(`${root()}/fapi/v1/order`, { method: "POST", body: "x".repeat(1_000_000) });
    expect(response.status).toBe(413);
    expect(((await response.json()) as { code: number }).code).toBe(-1100);
    expect((await fetch(`${root()}/fapi/v1/ping`)).status).toBe(200);
  });

  test("answers pipelined requests in their order on one connection", async () => {
    const text = await plain((socket) => {
      const get = (path: string, more = "") => `GET ${path} HTTP/1.1\r\nhost: x\r\n${more}\r\n`;
      socket.write(get("/fapi/v1/ping") + get("/fapi/v1/time") + get("/fapi/v1/nothing", "connection: close\r\n"));
    });
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 200", "HTTP/1.1 200", "HTTP/1.1 404"]);
    expect(text.indexOf("{}")).toBeLessThan(text.indexOf("serverTime"));
  });

  test("answers HEAD and OPTIONS without a body of its own making, and ignores gzip", async () => {
    const head = await fetch(`${root()}/fapi/v1/time`, { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([404, ""]);
    expect((await fetch(`${root()}/fapi/v1/time`, { method: "OPTIONS" })).status).toBe(404);
    const zipped = await fetch(`${root()}/fapi/v1/time`, { headers: { "accept-encoding": "gzip, br" } });
    expect([zipped.status, zipped.headers.get("content-encoding")]).toEqual([200, null]);
  });

  test("cuts off header floods with 431, nonsense with 400 and the slow with 408", async () => {
    const flood = await plain((socket) =>
      socket.write(`GET / HTTP/1.1\r\nhost: x\r\n${"a: bbbbbbbbbbbbbbbb\r\n".repeat(20_000)}\r\n`),
    );
    expect(flood).toMatch(/^HTTP\/1\.1 431/);
    expect(await plain((socket) => socket.write("\u0000\u0001nonsense\r\n\r\n"))).toMatch(/^HTTP\/1\.1 400/);
    expect(await plain((socket) => socket.write("GET /fapi/v1/ping HTTP/1.1\r\nhost: x\r\n"))).toMatch(
      /^HTTP\/1\.1 408/,
    );
    const post = "POST /fapi/v1/order HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nsym";
    expect(await plain((socket) => socket.write(post))).toMatch(/^HTTP\/1\.1 408/);
    expect((await fetch(`${root()}/fapi/v1/ping`)).status).toBe(200);
  });

  test("keeps the admin endpoint from web pages and answers its bad input", async () => {
    const post = (path: string, body: string, headers: Record<string, string> = {}) =>
      fetch(`${root()}/sim/v1/${path}`, { method: "POST", body, headers });
    expect((await post("advance", '{"ms":1}', { origin: "http://elsewhere.example" })).status).toBe(403);
    expect((await post("advance", "{")).status).toBe(400);
    expect((await post("advance", '{"ms":-5}')).status).toBe(400);
    expect((await post("faults", '{"kind":"meteor"}')).status).toBe(400);
    expect((await post("faults", '{"kind":"symbol-halted","symbol":"NOSUCH"}')).status).toBe(404);
    expect((await post("transfer", '{"account":9,"amount":"1"}')).status).toBe(404);
    expect((await post("transfer", '{"account":0,"amount":"much"}')).status).toBe(400);
    expect((await post("nothing", "")).status).toBe(404);
  });

  test("survives clients that go away in the middle of a request", async () => {
    for (let turn = 0; turn < 20; turn++) {
      await new Promise<void>((done) => {
        const half = request(`${root()}/fapi/v1/order`, { method: "POST", headers: { "content-length": "500" } });
        half.on("error", () => done());
        half.write("symbol=BTC", () => half.destroy(new Error("gone")));
      });
    }
    expect((await fetch(`${root()}/fapi/v1/ping`)).status).toBe(200);
  });

  test("does not start on an address that others can reach unless told to", async () => {
    await expect(launchStepping({ host: "0.0.0.0" })).rejects.toThrow(/Cannot serve on 0\.0\.0\.0/);
    const open = await launchStepping({ host: "0.0.0.0", isRemoteAllowed: true });
    expect(open.server.port).toBeGreaterThan(0);
    await open.close();
    await expect(launchStepping({ port: served.server.port })).rejects.toThrow(/EADDRINUSE/);
  });
});
