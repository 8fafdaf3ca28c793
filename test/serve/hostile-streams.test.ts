import { connect as connectTcp } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import type { LaunchOptions, ServedSession } from "../../src/serve/launch.ts";
import { signatureOf } from "../../src/serve/session.ts";
import { connect } from "./asking.ts";
import { advance, KEY, launchStepping, OTHER_KEY, SECRET } from "./served.ts";

let served: ServedSession | null = null;
const errors: unknown[] = [];

async function start(options: Partial<LaunchOptions> = {}): Promise<ServedSession> {
  served = await launchStepping({ rateLimits: null, onError: (error) => errors.push(error), ...options });
  return served;
}

afterEach(async () => {
  await served?.close();
  served = null;
  expect(errors.splice(0)).toEqual([]);
});

const SUBSCRIBE = (params: unknown, id: unknown = 1) => JSON.stringify({ method: "SUBSCRIBE", params, id });

async function signedPost(path: string, params: Record<string, string>, key = KEY): Promise<Response> {
  const { server, context } = served!;
  const query = new URLSearchParams({ ...params, timestamp: String(context.session.nowTsMs) }).toString();
  const url = `http://127.0.0.1:${server.port}${path}?${query}&signature=${signatureOf(SECRET, query)}`;
  return fetch(url, { method: "POST", headers: { "x-mbx-apikey": key } });
}

async function listenKeyOf(key: string): Promise<string> {
  const url = `http://127.0.0.1:${served!.server.port}/fapi/v1/listenKey`;
  const response = await fetch(url, { method: "POST", headers: { "x-mbx-apikey": key } });
  return ((await response.json()) as { listenKey: string }).listenKey;
}

describe("a stream connection", () => {
  test("gets an error for what is no message, and its id back as it was", async () => {
    await start();
    const client = await connect(served!, "/market/ws");
    for (const text of ["{", "[]", "5", '{"method":"FLY","id":"x"}', '{"method":"SUBSCRIBE","params":"a","id":7}'])
      client.send(text);
    client.send(SUBSCRIBE(["btcusdt@markPrice"], "5e2bac524a8302981c051a8a0d249077"));
    await client.until(6);
    const answers = client.texts.map((text) => JSON.parse(text));
    expect(answers.map(({ error }) => error?.code)).toEqual([3, 3, 3, 2, 2, undefined]);
    expect(answers.map(({ id }) => id)).toEqual([null, null, null, "x", 7, "5e2bac524a8302981c051a8a0d249077"]);
    client.socket.close();
  });

  test("may name 1,024 streams; 10,000 in one message are refused, and no crash", async () => {
    await start();
    const client = await connect(served!, "/market/ws");
    const names = (count: number) => Array.from({ length: count }, (_, index) => `s${index}usdt@aggTrade`);
    client.send(SUBSCRIBE(names(10_000)));
    client.send(SUBSCRIBE(names(1_024), 2));
    client.send(SUBSCRIBE(["btcusdt@aggTrade"], 3));
    client.send(JSON.stringify({ method: "LIST_SUBSCRIPTIONS", id: 4 }));
    await client.until(4);
    const answers = client.texts.map((text) => JSON.parse(text));
    expect(answers[0].error.msg).toContain("at most 1024");
    expect([answers[1].result, answers[2].error.code, answers[3].result.length]).toEqual([null, 1, 1_024]);
    client.socket.close();
  });

  test("is cut off when it sends 10,000 messages, and when a frame is too long", async () => {
    await start();
    const many = await connect(served!, "/market/ws");
    for (let turn = 0; turn < 10_000; turn++) many.send(SUBSCRIBE([`s${turn}usdt@aggTrade`]));
    expect(await many.closed).toBe(1008);
    const long = await connect(served!, "/market/ws");
    long.send("x".repeat(300_000));
    expect(await long.closed).toBe(1009);
    const api = await connect(served!, "/ws-fapi/v1");
    api.send("x".repeat(300_000));
    expect(await api.closed).toBe(1009);
    expect(served!.context.session.findings.filter(({ code }) => code === "unknown_stream")).toEqual([]);
  });

  test("is cut off when it does not read, at the stated backlog", async () => {
    await start({ limits: { backlogBytesMax: 64 * 1024 } });
    const streams = ["markPrice@1s", "miniTicker", "ticker", "kline_1m"].map((name) => `btcusdt@${name}`);
    const slow = await connect(served!, "/market/ws");
    slow.send(SUBSCRIBE([...streams, "!markPrice@arr@1s", "!ticker@arr", "!miniTicker@arr"]));
    await slow.until(1);
    slow.socket.pause();
    for (let turn = 0; turn < 60 && served!.context.session.findings.length === 0; turn++)
      await advance(served!, 1_800_000);
    expect(served!.context.session.findings.map(({ code }) => code)).toContain("slow_reader");
    slow.socket.resume();
    expect(await slow.closed).toBe(1006);
  });

  test("is cut off when its peer no longer answers pings, and kept when it does", async () => {
    await start({ limits: { pingIntervalMs: 60 } });
    const alive = await connect(served!, "/market/ws");
    const dead = connectTcp(served!.server.port, "127.0.0.1");
    const gone = new Promise<void>((done) => dead.on("close", () => done()));
    dead.write(
      "GET /market/ws HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n" +
        `sec-websocket-version: 13\r\nsec-websocket-key: ${Buffer.from("0123456789abcdef").toString("base64")}\r\n\r\n`,
    );
    dead.resume();
    await gone;
    expect(alive.socket.readyState).toBe(alive.socket.OPEN);
    alive.socket.close();
  });

  test("is refused where nothing is served, without its query in the finding", async () => {
    await start();
    await expect(connect(served!, `/nowhere/ws?listenKey=${"a".repeat(64)}`)).rejects.toThrow(/404/);
    await expect(connect(served!, "/ws")).rejects.toThrow(/404/);
    expect(JSON.stringify(served!.context.session.findings)).not.toContain("aaaa");
  });

  test("hears only its own account, by query, path or subscription, and only the events it asked for", async () => {
    await start();
    const key = await listenKeyOf(KEY);
    const other = await listenKeyOf(OTHER_KEY);
    expect(other).not.toBe(key);
    const [byQuery, byPath, filtered, combined, stranger, wrongRoute, guessed] = await Promise.all([
      connect(served!, `/private/ws?listenKey=${key}`),
      connect(served!, `/private/ws/${key}`),
      connect(served!, `/private/ws?listenKey=${key}&events=TRADE_LITE/ACCOUNT_UPDATE`),
      connect(served!, `/private/stream?listenKey=${key}`),
      connect(served!, `/private/ws?listenKey=${other}`),
      connect(served!, `/market/ws?listenKey=${key}`),
      connect(served!, `/private/ws?listenKey=${"0".repeat(64)}`),
    ]);
    const subscribed = await connect(served!, "/private/ws");
    subscribed.send(SUBSCRIBE([key]));
    await subscribed.until(1);
    await signedPost("/fapi/v1/order", { symbol: "BTCUSDT", side: "BUY", type: "MARKET", quantity: "0.01" });
    await Promise.all([byQuery.until(4), byPath.until(4), filtered.until(2), combined.until(4), subscribed.until(5)]);
    const types = (texts: string[]) => texts.map((text) => JSON.parse(text).e);
    expect(types(byQuery.texts)).toEqual(["ORDER_TRADE_UPDATE", "ACCOUNT_UPDATE", "ORDER_TRADE_UPDATE", "TRADE_LITE"]);
    expect(byPath.texts).toEqual(byQuery.texts);
    expect(types(filtered.texts)).toEqual(["ACCOUNT_UPDATE", "TRADE_LITE"]);
    expect(combined.texts).toEqual(byQuery.texts.map((text) => `{"stream":"${key}","data":${text}}`));
    await signedPost("/fapi/v1/leverage", { symbol: "BTCUSDT", leverage: "7" }, OTHER_KEY);
    await stranger.until(1);
    expect(types(stranger.texts)).toEqual(["ACCOUNT_CONFIG_UPDATE"]);
    expect([...wrongRoute.texts, ...guessed.texts]).toEqual([]);
    const said = JSON.stringify(served!.context.session.findings);
    expect(said).toContain("wrong_stream_route");
    expect(said).toContain("unknown_listen_key");
    expect(said).not.toContain(key);
    for (const each of [byQuery, byPath, filtered, combined, stranger, wrongRoute, guessed, subscribed])
      each.socket.close();
  });
});

describe("the WebSocket API", () => {
  test("answers nonsense and methods named like parts of the language", async () => {
    await start();
    const client = await connect(served!, "/ws-fapi/v1");
    const asked = [
      "{",
      "[]",
      "null",
      '{"id":1,"method":"constructor"}',
      '{"id":{"a":1},"method":"__proto__","params":[]}',
      '{"id":"\\u000112","method":5}',
      '{"id":2,"method":"order.place","params":{"apiKey":{"toString":1},"symbol":{"valueOf":1,"toString":2}}}',
      '{"id":3,"method":"order.place","params":{"symbol":"\\ud800","a&b":"c=d&e"}}',
      '{"id":4,"method":"time"}',
    ];
    for (const text of asked) client.send(text);
    await client.until(asked.length);
    const answers = client.texts.map((text) => JSON.parse(text));
    expect(answers.map(({ status, error }) => [status, error?.code])).toEqual([
      [400, -1000],
      [400, -1000],
      [400, -1000],
      [400, -1099],
      [400, -1099],
      [400, -1099],
      [401, -2015],
      [401, -2014],
      [200, undefined],
    ]);
    expect(answers.map(({ id }) => id)).toEqual([null, null, null, 1, null, "\u000112", 2, 3, 4]);
    client.socket.close();
  });

  test("signs parameters as they are: a value cannot smuggle in another parameter", async () => {
    await start();
    const client = await connect(served!, "/ws-fapi/v1");
    const params: Record<string, string> = {
      apiKey: KEY,
      newClientOrderId: "x&side=SELL",
      quantity: "0.01",
      side: "BUY",
      symbol: "BTCUSDT",
      timestamp: String(served!.context.session.nowTsMs),
      type: "MARKET",
    };
    const sign = () =>
      signatureOf(
        SECRET,
        Object.keys(params)
          .sort()
          .map((name) => `${name}=${params[name]}`)
          .join("&"),
      );
    client.send(JSON.stringify({ id: 1, method: "order.place", params: { ...params, signature: sign() } }));
    params["newClientOrderId"] = "plain";
    client.send(JSON.stringify({ id: 2, method: "order.place", params: { ...params, signature: sign() } }));
    await client.until(2);
    const answers = client.texts.map((text) => JSON.parse(text));
    expect([answers[0].error.code, answers[1].result.side]).toEqual([-1100, "BUY"]);
    client.socket.close();
  });
});
