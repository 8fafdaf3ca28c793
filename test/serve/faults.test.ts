import { afterEach, describe, expect, test } from "vitest";
import type { FaultKind } from "../../src/serve/faults.ts";
import type { ServedSession } from "../../src/serve/launch.ts";
import { signatureOf } from "../../src/serve/session.ts";
import { reconcile } from "../../src/venue/account.ts";
import { connect } from "./asking.ts";
import { advance, KEY, launchStepping, SECRET } from "./served.ts";

let served: ServedSession;

afterEach(async () => {
  for (const account of served.context.session.venue.accounts) expect(reconcile(account)).toBeNull();
  await served.close();
});

interface Asked {
  readonly status: number;
  readonly retryAfter: string | null;
  // biome-ignore lint/suspicious/noExplicitAny: answers of many endpoints
  readonly json: any;
}

async function ask(method: string, path: string, params: Record<string, string> = {}): Promise<Asked> {
  const { server, context } = served;
  const query = new URLSearchParams({ ...params, timestamp: String(context.session.nowTsMs) }).toString();
  const url = `http://127.0.0.1:${server.port}${path}?${query}&signature=${signatureOf(SECRET, query)}`;
  const response = await fetch(url, { method, headers: { "x-mbx-apikey": KEY } });
  return { status: response.status, retryAfter: response.headers.get("retry-after"), json: await response.json() };
}

async function inject(kind: FaultKind, more: Record<string, unknown> = {}): Promise<void> {
  const body = JSON.stringify({ kind, ...more });
  const response = await fetch(`http://127.0.0.1:${served.server.port}/sim/v1/faults`, { method: "POST", body });
  expect(response.status).toBe(200);
}

const BUY = { symbol: "BTCUSDT", side: "BUY", type: "MARKET", quantity: "0.01" };
const byId = (origClientOrderId: string) => ask("GET", "/fapi/v1/order", { symbol: "BTCUSDT", origClientOrderId });
const hits = () =>
  served.context.session.findings.filter(({ code }) => code === "fault").map(({ text, count }) => [text, count]);

describe("a fault of the requests", () => {
  test("ack-lost: the answer is 408 and unknown, the order lives", async () => {
    served = await launchStepping();
    await inject("ack-lost", { count: 1 });
    expect(await ask("POST", "/fapi/v1/order", { ...BUY, newClientOrderId: "a" })).toMatchObject({
      status: 408,
      json: { code: -1007 },
    });
    expect((await byId("a")).json.status).toBe("FILLED");
    expect((await ask("POST", "/fapi/v1/order", BUY)).status).toBe(200);
    expect(hits()).toEqual([["ack-lost hit POST /fapi/v1/order", 1]]);
  });

  test.each([
    ["server-error", 503, -1000, "Unknown error, please check your request or try again later."],
    ["timeout-unknown", 408, -1007, "Timeout waiting for response from backend server."],
    ["server-busy", 503, -1008, "Server is currently overloaded with other requests."],
    ["clock-skew", 400, -1021, "Timestamp for this request is outside of the recvWindow."],
    ["maintenance", 503, -1016, "This service is no longer available."],
  ] as const)("%s: %i with %i, and nothing has happened", async (kind, status, code, msg) => {
    served = await launchStepping();
    await inject(kind, { count: 2 });
    for (const turn of [1, 2]) {
      const refused = await ask("POST", "/fapi/v1/order", { ...BUY, newClientOrderId: `a${turn}` });
      expect([refused.status, refused.json.code]).toEqual([status, code]);
      expect(refused.json.msg).toContain(msg);
    }
    expect((await byId("a1")).json.code).toBe(-2013);
    expect(hits()).toEqual([[`${kind} hit POST /fapi/v1/order`, 2]]);
  });

  test("server-error with a share that arrives: the answer is 503, the order lives", async () => {
    served = await launchStepping();
    await inject("server-error", { count: 1, arrives: 1 });
    expect(await ask("POST", "/fapi/v1/order", { ...BUY, newClientOrderId: "a" })).toMatchObject({ status: 503 });
    expect((await byId("a")).json.status).toBe("FILLED");
  });

  test("with a chance hits that share of the requests, the same ones from the same seed", async () => {
    const outcomes: number[][] = [];
    for (const _ of [1, 2]) {
      served = await launchStepping();
      await inject("timeout-unknown", { chance: 0.4 });
      const found: number[] = [];
      for (let turn = 0; turn < 40; turn++) found.push((await ask("POST", "/fapi/v1/order", BUY)).status);
      outcomes.push(found);
      await served.close();
    }
    expect(outcomes[1]).toEqual(outcomes[0]);
    const share = outcomes[0]!.filter((status) => status === 408).length / 40;
    expect(share).toBeGreaterThan(0.2);
    expect(share).toBeLessThan(0.6);
  });

  test("of one symbol leaves the others alone", async () => {
    served = await launchStepping();
    await inject("server-busy", { symbol: "ETHUSDT" });
    expect((await ask("POST", "/fapi/v1/order", BUY)).status).toBe(200);
  });

  test("server-busy lets positions be reduced", async () => {
    served = await launchStepping();
    await ask("POST", "/fapi/v1/order", BUY);
    await inject("server-busy");
    expect((await ask("POST", "/fapi/v1/order", BUY)).json.code).toBe(-1008);
    expect((await ask("POST", "/fapi/v1/order", { ...BUY, side: "SELL", reduceOnly: "true" })).status).toBe(200);
  });

  test("rate-limit and ban: 429 and 418 say how long to wait, also to those who do not sign", async () => {
    served = await launchStepping();
    await inject("rate-limit", { count: 1 });
    expect(await ask("GET", "/fapi/v1/depth", { symbol: "BTCUSDT" })).toMatchObject({ status: 429, retryAfter: "60" });
    const until = served.context.session.nowTsMs + 30_000;
    await inject("ban", { untilTsMs: until });
    const banned = await ask("GET", "/fapi/v3/account");
    expect(banned).toMatchObject({ status: 418, retryAfter: "30", json: { code: -1003 } });
    expect(banned.json.msg).toContain(`IP banned until ${until}.`);
    await advance(served, 30_000);
    expect((await ask("GET", "/fapi/v3/account")).status).toBe(200);
  });

  test("at sixty-fold speed the wait is told in seconds of the one who waits", async () => {
    served = await launchStepping({ speed: { kind: "scaled", factor: 60 } });
    await inject("rate-limit", { count: 1 });
    expect(await ask("GET", "/fapi/v1/depth", { symbol: "BTCUSDT" })).toMatchObject({ status: 429, retryAfter: "1" });
  });

  test("maintenance: a window in which nothing is answered and no stream opens", async () => {
    served = await launchStepping();
    const now = served.context.session.nowTsMs;
    await inject("maintenance", { fromTsMs: now + 60_000, untilTsMs: now + 120_000 });
    expect((await ask("GET", "/fapi/v1/time")).status).toBe(200);
    await advance(served, 60_000);
    expect((await ask("GET", "/fapi/v1/time")).json.code).toBe(-1016);
    await expect(connect(served, "/market/ws")).rejects.toThrow(/503/);
    await advance(served, 60_000);
    expect((await ask("GET", "/fapi/v1/time")).status).toBe(200);
  });

  test("position-report-partial: half of the positions are missing, the account keeps them", async () => {
    served = await launchStepping();
    await ask("POST", "/fapi/v1/order", BUY);
    await inject("position-report-partial", { count: 2 });
    expect((await ask("GET", "/fapi/v3/positionRisk")).json).toEqual([]);
    expect((await ask("GET", "/fapi/v3/account")).json.positions).toEqual([]);
    expect((await ask("GET", "/fapi/v3/positionRisk")).json.length).toBe(1);
  });

  test("symbol-halted: orders are cancelled and refused until the halt is over", async () => {
    served = await launchStepping();
    const price = (served.context.session.market.mark[0]! * 0.9).toFixed(1);
    const resting = { ...BUY, type: "LIMIT", timeInForce: "GTC", price, newClientOrderId: "r" };
    await ask("POST", "/fapi/v1/order", resting);
    await inject("symbol-halted", { symbol: "BTCUSDT", untilTsMs: served.context.session.nowTsMs + 60_000 });
    expect((await byId("r")).json.status).toBe("EXPIRED");
    expect((await ask("POST", "/fapi/v1/order", BUY)).json.code).toBe(-4141);
    const listed = async () => (await ask("GET", "/fapi/v1/exchangeInfo")).json.symbols[0].status;
    expect(await listed()).toBe("SETTLING");
    await advance(served, 60_000);
    expect([await listed(), (await ask("POST", "/fapi/v1/order", BUY)).status]).toEqual(["TRADING", 200]);
  });

  test("position-report-partial of a symbol leaves out that symbol", async () => {
    served = await launchStepping();
    await ask("POST", "/fapi/v1/order", BUY);
    await ask("POST", "/fapi/v1/order", { ...BUY, symbol: "ETHUSDT", quantity: "0.1" });
    await inject("position-report-partial", { symbol: "BTCUSDT", count: 1 });
    const symbols = (await ask("GET", "/fapi/v3/positionRisk")).json.map(({ symbol }: { symbol: string }) => symbol);
    expect(symbols).toEqual(["ETHUSDT"]);
  });

  test("symbol-halted to reduce-only: positions may be reduced, nothing else", async () => {
    served = await launchStepping();
    await ask("POST", "/fapi/v1/order", BUY);
    await inject("symbol-halted", { symbol: "BTCUSDT", status: "reduce-only" });
    expect((await ask("POST", "/fapi/v1/order", BUY)).status).toBe(400);
    expect((await ask("POST", "/fapi/v1/order", { ...BUY, side: "SELL", reduceOnly: "true" })).status).toBe(200);
  });

  test("symbol-delisted: the position is settled at the mark and orders are refused for good", async () => {
    served = await launchStepping();
    await ask("POST", "/fapi/v1/order", BUY);
    await inject("symbol-delisted", { symbol: "BTCUSDT" });
    expect((await ask("GET", "/fapi/v3/positionRisk")).json).toEqual([]);
    await advance(served, 24 * 3_600_000);
    expect((await ask("POST", "/fapi/v1/order", BUY)).json.code).toBe(-4141);
  });

  test("tick-size-changed: exchangeInfo shows the new tick, prices between its steps are refused with -4014", async () => {
    served = await launchStepping();
    await inject("tick-size-changed", { symbol: "BTCUSDT", tickSize: "5" });
    const [listed] = (await ask("GET", "/fapi/v1/exchangeInfo")).json.symbols;
    const filter = listed.filters.find(({ filterType }: { filterType: string }) => filterType === "PRICE_FILTER");
    expect(filter.tickSize).toBe("5");
    const near = Math.round((served.context.session.market.mark[0]! * 0.9) / 5) * 5;
    const limit = (price: number) =>
      ask("POST", "/fapi/v1/order", { ...BUY, type: "LIMIT", timeInForce: "GTC", price: String(price) });
    expect((await limit(near + 1)).json.code).toBe(-4014);
    expect((await limit(near)).status).toBe(200);
  });

  test("testnet-reset: orders, positions, history and listen keys are gone, the money is back", async () => {
    served = await launchStepping();
    const price = (served.context.session.market.mark[0]! * 0.9).toFixed(1);
    await ask("POST", "/fapi/v1/order", { ...BUY, newClientOrderId: "m" });
    await ask("POST", "/fapi/v1/order", { ...BUY, type: "LIMIT", timeInForce: "GTC", price, newClientOrderId: "r" });
    const trigger = { symbol: "BTCUSDT", side: "SELL", type: "STOP_MARKET", triggerPrice: price, quantity: "0.01" };
    expect((await ask("POST", "/fapi/v1/algoOrder", { ...trigger, algoType: "CONDITIONAL" })).status).toBe(200);
    await ask("POST", "/fapi/v1/listenKey");
    await inject("testnet-reset");
    expect([(await byId("m")).json.code, (await byId("r")).json.code]).toEqual([-2013, -2013]);
    for (const path of ["v1/openOrders", "v1/openAlgoOrders", "v3/positionRisk", "v1/income"])
      expect((await ask("GET", `/fapi/${path}`)).json).toEqual([]);
    expect((await ask("GET", "/fapi/v3/account")).json.totalMarginBalance).toBe("10000.00000000");
    expect((await ask("PUT", "/fapi/v1/listenKey")).json.code).toBe(-1125);
    // What waited for a price is not there any more either: nothing fills later.
    await advance(served, 12 * 3_600_000);
    expect((await ask("GET", "/fapi/v1/userTrades", { symbol: "BTCUSDT" })).json).toEqual([]);
    expect((await ask("POST", "/fapi/v1/order", BUY)).status).toBe(200);
  });
});

describe("a fault of the streams", () => {
  async function userStream() {
    served = await launchStepping();
    const { listenKey } = (await ask("POST", "/fapi/v1/listenKey")).json;
    return connect(served, `/private/ws?listenKey=${listenKey}`);
  }
  const kinds = (texts: readonly string[]) =>
    texts
      .map((text) => JSON.parse(text) as { e: string; o?: { x: string } })
      .map(({ e, o }) => (o === undefined ? e : `${e} ${o.x}`));
  const ALL = ["ORDER_TRADE_UPDATE NEW", "ACCOUNT_UPDATE", "ORDER_TRADE_UPDATE TRADE", "TRADE_LITE"];

  test("feed-disconnect: market streams say nothing of the symbol in its time, and go on after it", async () => {
    served = await launchStepping();
    const market = await connect(served, "/market/stream?streams=btcusdt@markPrice@1s/ethusdt@markPrice@1s");
    const { nowTsMs } = served.context.session;
    await inject("feed-disconnect", { symbol: "BTCUSDT", untilTsMs: nowTsMs + 600_000 });
    const symbols = (texts: readonly string[]) =>
      new Set(texts.map((text) => (JSON.parse(text) as { data: { s: string } }).data.s));
    await advance(served, 590_000);
    await market.until(9);
    expect(symbols(market.texts.splice(0))).toEqual(new Set(["ETHUSDT"]));
    await advance(served, 300_000);
    // Times out when it never comes.
    while (!symbols(market.texts).has("BTCUSDT")) await market.until(market.texts.length + 1);
    const first = market.texts.map((text) => (JSON.parse(text) as { data: { s: string; E: number } }).data);
    expect(first.find(({ s }) => s === "BTCUSDT")!.E).toBeGreaterThanOrEqual(nowTsMs + 600_000);
  });

  test("disconnect: every connection is closed once, and may come back", async () => {
    const user = await userStream();
    const market = await connect(served, "/market/ws");
    await inject("disconnect");
    expect(await Promise.all([user.closed, market.closed])).toEqual([1001, 1001]);
    const again = await connect(served, "/market/ws");
    await advance(served, 60_000);
    expect(again.socket.readyState).toBe(again.socket.OPEN);
    expect(hits()).toEqual([["disconnect hit every stream connection", 1]]);
    again.socket.close();
  });

  test("user-event-lost: it never comes, and the next one does", async () => {
    const user = await userStream();
    await inject("user-event-lost", { count: 1 });
    await ask("POST", "/fapi/v1/order", BUY);
    await user.until(3);
    expect(kinds(user.texts)).toEqual(ALL.slice(1));
  });

  test("user-event-duplicated: it comes twice", async () => {
    const user = await userStream();
    await inject("user-event-duplicated", { count: 1 });
    await ask("POST", "/fapi/v1/order", BUY);
    await user.until(5);
    expect(kinds(user.texts)).toEqual([ALL[0], ...ALL]);
    expect(user.texts[0]).toBe(user.texts[1]);
  });

  test("user-event-reordered: the next one comes first", async () => {
    const user = await userStream();
    await inject("user-event-reordered", { count: 1 });
    await ask("POST", "/fapi/v1/order", BUY);
    await user.until(4);
    expect(kinds(user.texts)).toEqual([ALL[1], ALL[0], ALL[2], ALL[3]]);
  });

  test("user-event-delayed: it comes that much virtual time later, with its own time in it", async () => {
    const user = await userStream();
    const at = served.context.session.nowTsMs;
    await inject("user-event-delayed", { delayMs: 30_000 });
    await ask("POST", "/fapi/v1/order", BUY);
    await advance(served, 29_999);
    expect(user.texts).toEqual([]);
    await advance(served, 1);
    await user.until(4);
    expect(kinds(user.texts)).toEqual(ALL);
    expect(JSON.parse(user.texts[0]!).E).toBe(at);
    expect(hits().map(([text]) => text)).toContain("user-event-delayed hit ACCOUNT_UPDATE of account-1");
  });

  test("listen-key-expired: the connection is told, and then hears nothing", async () => {
    const user = await userStream();
    await inject("listen-key-expired");
    await user.until(1);
    expect(JSON.parse(user.texts[0]!)).toMatchObject({ e: "listenKeyExpired", E: served.context.session.nowTsMs });
    await ask("POST", "/fapi/v1/order", BUY);
    expect((await ask("PUT", "/fapi/v1/listenKey")).json).toEqual({
      code: -1125,
      msg: "This listenKey does not exist.",
    });
    expect(user.texts.length).toBe(1);
  });
});

describe("time on the streams", () => {
  test("a listen key lives 60 minutes from its last extension, then the connection is told", async () => {
    served = await launchStepping();
    const { listenKey } = (await ask("POST", "/fapi/v1/listenKey")).json;
    const user = await connect(served, `/private/ws?listenKey=${listenKey}`);
    await advance(served, 59 * 60_000);
    expect((await ask("PUT", "/fapi/v1/listenKey")).json).toEqual({ listenKey });
    await advance(served, 59 * 60_000);
    expect((await ask("POST", "/fapi/v1/listenKey")).json).toEqual({ listenKey });
    await advance(served, 60 * 60_000 - 1);
    expect(user.texts).toEqual([]);
    await advance(served, 1);
    await user.until(1);
    expect(JSON.parse(user.texts[0]!).e).toBe("listenKeyExpired");
    expect((await ask("PUT", "/fapi/v1/listenKey")).json.code).toBe(-1125);
    expect((await ask("DELETE", "/fapi/v1/listenKey")).json.code).toBe(-1125);
    expect((await ask("POST", "/fapi/v1/listenKey")).json.listenKey).not.toBe(listenKey);
  });

  test("a connection lives 24 hours of virtual time", async () => {
    served = await launchStepping();
    const market = await connect(served, "/market/ws");
    const { startTsMs, endTsMs } = served.context.session;
    const day = 24 * 3_600_000;
    expect(endTsMs - startTsMs).toBeGreaterThan(day);
    await advance(served, day - 1);
    expect(market.socket.readyState).toBe(market.socket.OPEN);
    await advance(served, 1);
    expect(await market.closed).toBe(1001);
  });

  test("depth of a recording without depth: each update continues the one before, snapshot included", async () => {
    served = await launchStepping();
    const raw = await connect(served, "/public/ws/btcusdt@depth@100ms");
    const combined = await connect(served, "/public/stream?streams=btcusdt@depth@100ms/btcusdt@bookTicker");
    const snapshot = (await ask("GET", "/fapi/v1/depth", { symbol: "BTCUSDT", limit: "5" })).json;
    await advance(served, 120_000);
    const now = (await ask("GET", "/fapi/v1/depth", { symbol: "BTCUSDT", limit: "5" })).json;
    expect(now.lastUpdateId).toBeGreaterThan(snapshot.lastUpdateId + 1);
    while ((JSON.parse(raw.texts.at(-1) ?? "{}") as { u?: number }).u !== now.lastUpdateId)
      await raw.until(raw.texts.length + 1);
    await combined.until(4);
    const all = raw.texts.map((text) => JSON.parse(text));
    const updates = all.filter(({ u }) => u > snapshot.lastUpdateId);
    expect(updates[0].pu).toBe(snapshot.lastUpdateId);
    for (let place = 1; place < updates.length; place++) expect(updates[place].pu).toBe(updates[place - 1].u);
    const book = { b: new Map<string, string>(snapshot.bids), a: new Map<string, string>(snapshot.asks) };
    for (const update of updates) {
      for (const side of ["b", "a"] as const)
        for (const [price, qty] of update[side]) {
          if (Number(qty) === 0) book[side].delete(price);
          else book[side].set(price, qty);
        }
    }
    expect([[...book.b], [...book.a]]).toEqual([now.bids, now.asks]);
    const wrapped = combined.texts.map((text) => JSON.parse(text));
    expect(new Set(wrapped.map(({ stream }) => stream))).toEqual(
      new Set(["btcusdt@depth@100ms", "btcusdt@bookTicker"]),
    );
    expect(wrapped.find(({ stream }) => stream === "btcusdt@depth@100ms").data).toEqual(all[0]);
    raw.socket.close();
    combined.socket.close();
  });
});
