import { createRequire } from "node:module";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ServedSession } from "../../../src/serve/launch.ts";
import { advance, KEY, launchStepping, SECRET, truth } from "../served.ts";

// biome-ignore lint/suspicious/noExplicitAny: ccxt's own types are half a million lines that no test needs
type Client = any;

let served: ServedSession;
let client: Client;
let ccxt: Client;

/** Keeps Binance's host in every URL, so that error classes are those of the real one, and rewrites it on the way out. */
function pointed(port: number): Client {
  const exchange = new ccxt.pro.binanceusdm({ apiKey: KEY, secret: SECRET, enableRateLimit: false });
  exchange.enableDemoTrading(true);
  exchange.fetchImplementation = (url: string, init: RequestInit) => {
    const target = new URL(url);
    return fetch(`http://127.0.0.1:${port}${target.pathname}${target.search}`, init);
  };
  const api = exchange.urls["api"] as Record<string, Record<string, unknown>>;
  api["ws"]!["future"] = `ws://127.0.0.1:${port}/ws`;
  return exchange;
}

beforeAll(async () => {
  ccxt = createRequire(import.meta.url)("ccxt");
  served = await launchStepping();
  client = pointed(served.server.port);
  await client.loadMarkets();
}, 30_000);

afterAll(async () => {
  await client?.close();
  await served?.close();
});

describe("ccxt binanceusdm, unmodified", () => {
  test("loads markets, time, tickers and the book", async () => {
    expect(client.symbols).toContain("BTC/USDT:USDT");
    expect(await client.fetchTime()).toBe(served.context.session.nowTsMs);
    const ticker = await client.fetchTicker("BTC/USDT:USDT");
    expect(ticker.last).toBeGreaterThan(0);
    const book = await client.fetchOrderBook("BTC/USDT:USDT");
    expect(book.bids[0][0]).toBeLessThan(book.asks[0][0]);
  });

  test("trades: market order, position, balance, trades, income", async () => {
    await client.setLeverage(10, "BTC/USDT:USDT");
    const order = await client.createOrder("BTC/USDT:USDT", "market", "buy", 0.05, undefined, {
      clientOrderId: "first",
    });
    expect(order.status).toBe("closed");
    expect(order.average).toBeUndefined();
    const fetched = await client.fetchOrder(order.id, "BTC/USDT:USDT");
    expect(fetched.average).toBeGreaterThan(0);
    const [position] = await client.fetchPositions();
    expect([position.symbol, position.contracts, position.side]).toEqual(["BTC/USDT:USDT", 0.05, "long"]);
    const [trade] = await client.fetchMyTrades("BTC/USDT:USDT");
    expect(trade.fee.cost).toBeCloseTo(0.05 * trade.price * 0.0005, 6);
    const balance = await client.fetchBalance();
    // ccxt's total is the margin balance: wallet and unrealized profit.
    expect(balance.USDT.total).toBeCloseTo(10_000 - trade.fee.cost + position.unrealizedPnl, 6);
    expect((await client.fetchLedger()).length).toBe(1);
  });

  test("places, changes and cancels resting orders", async () => {
    const { bid } = await client.fetchBidsAsks(["BTC/USDT:USDT"]).then((all: Client) => all["BTC/USDT:USDT"]);
    const price = client.priceToPrecision("BTC/USDT:USDT", bid * 0.98);
    const order = await client.createOrder("BTC/USDT:USDT", "limit", "buy", 0.01, price, { clientOrderId: "resting" });
    expect(order.status).toBe("open");
    const edited = await client.editOrder(order.id, "BTC/USDT:USDT", "limit", "buy", 0.02, price);
    expect(edited.amount).toBe(0.02);
    expect((await client.fetchOpenOrders("BTC/USDT:USDT")).length).toBe(1);
    await client.cancelOrder(order.id, "BTC/USDT:USDT");
    expect((await client.fetchOpenOrders("BTC/USDT:USDT")).length).toBe(0);
  });

  test("conditional orders go through the algo API", async () => {
    const { bid } = await client.fetchBidsAsks(["BTC/USDT:USDT"]).then((all: Client) => all["BTC/USDT:USDT"]);
    const stop = await client.createOrder("BTC/USDT:USDT", "market", "sell", 0.05, undefined, {
      stopLossPrice: bid * 0.9,
      reduceOnly: true,
    });
    expect(stop.id).toBeDefined();
    const open = await client.fetchOpenOrders("BTC/USDT:USDT", undefined, undefined, { trigger: true });
    expect(open.length).toBe(1);
    await client.cancelOrder(stop.id, "BTC/USDT:USDT", { trigger: true });
  });

  test("every kind of order is taken, and cancelled where it waits", async () => {
    const symbol = "ETH/USDT:USDT";
    await client.setMarginMode("isolated", symbol, { leverage: 5 });
    await expect(client.setMarginMode("isolated", symbol)).rejects.toBeInstanceOf(ccxt.MarginModeAlreadySet);
    const { bid, ask } = await client.fetchBidsAsks([symbol]).then((all: Client) => all[symbol]);
    const at = (factor: number) => client.priceToPrecision(symbol, bid * factor);
    const waiting: { id: string; isTrigger: boolean }[] = [];
    const place = async (type: string, side: string, amount: number, price: unknown, params: object) => {
      const order = await client.createOrder(symbol, type, side, amount, price, params);
      if (order.status !== "closed" && order.status !== "expired")
        waiting.push({ id: order.id, isTrigger: "trigger" in params });
      return order;
    };
    expect((await place("market", "buy", 1, undefined, {})).status).toBe("closed");
    expect((await place("limit", "buy", 1, at(0.98), { timeInForce: "GTC" })).status).toBe("open");
    expect((await place("limit", "buy", 1, at(0.99), { postOnly: true })).status).toBe("open");
    expect((await place("limit", "buy", 1, at(0.98), { timeInForce: "IOC" })).status).toBe("expired");
    await expect(place("limit", "buy", 1, at(0.98), { timeInForce: "FOK" })).rejects.toBeInstanceOf(
      ccxt.OrderNotFillable,
    );
    await expect(place("limit", "buy", 1, at(1.02), { postOnly: true })).rejects.toBeInstanceOf(ccxt.OrderNotFillable);
    const trigger = { trigger: true, reduceOnly: true };
    await place("market", "sell", 1, undefined, { ...trigger, stopLossPrice: at(0.9) });
    await place("limit", "sell", 1, at(0.89), { ...trigger, stopLossPrice: at(0.9) });
    await place("market", "sell", 1, undefined, { ...trigger, takeProfitPrice: at(1.1) });
    await place("limit", "sell", 1, at(1.11), { ...trigger, takeProfitPrice: at(1.1) });
    await place("market", "sell", 1, undefined, { ...trigger, trailingPercent: 1 });
    await place("market", "sell", 0, undefined, { trigger: true, closePosition: true, stopLossPrice: at(0.8) });
    expect((await client.fetchOpenOrders(symbol, undefined, undefined, { trigger: true })).length).toBe(6);
    for (const { id, isTrigger } of waiting) await client.cancelOrder(id, symbol, isTrigger ? { trigger: true } : {});
    expect((await client.fetchOpenOrders(symbol, undefined, undefined, { trigger: true })).length).toBe(0);
    expect((await client.fetchOpenOrders(symbol)).length).toBe(0);
    const [position] = await client.fetchPositions([symbol]);
    expect([position.marginMode, position.contracts]).toEqual(["isolated", 1]);
    expect(ask).toBeGreaterThan(bid);
    const batch = await client.createOrders([
      { symbol, type: "limit", side: "buy", amount: 1, price: Number(at(0.97)) },
      { symbol, type: "limit", side: "buy", amount: 1, price: Number(at(0.96)) },
    ]);
    expect(batch.map(({ status }: Client) => status)).toEqual(["open", "open"]);
    await client.cancelAllOrders(symbol);
    await place("market", "sell", 1, undefined, { reduceOnly: true });
  });

  test("errors have the classes of the real venue", async () => {
    await expect(client.createOrder("BTC/USDT:USDT", "market", "buy", 900, undefined)).rejects.toBeInstanceOf(
      ccxt.InsufficientFunds,
    );
    await expect(client.cancelOrder("999", "BTC/USDT:USDT")).rejects.toBeInstanceOf(ccxt.OrderNotFound);
    const wrong = pointed(served.server.port);
    wrong.secret = "X".repeat(64);
    await expect(wrong.fetchBalance()).rejects.toBeInstanceOf(ccxt.AuthenticationError);
    await wrong.close();
  });

  test("pro: order book, trades of its own and orders arrive on the sockets", async () => {
    await client.loadHttpProxyAgent();
    const watching = client.watchMyTrades("BTC/USDT:USDT");
    // The user stream is up when its listen key has a connection; virtual time stands still meanwhile.
    await new Promise((done) => setTimeout(done, 500));
    await client.createOrder("BTC/USDT:USDT", "market", "sell", 0.05, undefined, { reduceOnly: true });
    const [trade] = await watching;
    expect([trade.side, trade.amount]).toEqual(["sell", 0.05]);
    const prices = client.watchMarkPrice("BTC/USDT:USDT");
    await new Promise((done) => setTimeout(done, 300));
    await advance(served, 120_000);
    expect((await prices).markPrice).toBeGreaterThan(0);
    const { accounts } = await truth(served);
    expect(accounts[0]!["mismatch"]).toBeNull();
  });

  test("asks for nothing that the server does not know", () => {
    expect(served.context.session.findings).toEqual([]);
  });
});
