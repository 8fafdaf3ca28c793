import { USDMClient, WebsocketClient } from "binance";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ServedSession } from "../../../src/serve/launch.ts";
import { advance, KEY, launchStepping, SECRET } from "../served.ts";

let served: ServedSession;
let client: USDMClient;
let sockets: WebsocketClient;
let root: string;

beforeAll(async () => {
  served = await launchStepping();
  root = `127.0.0.1:${served.server.port}`;
  client = new USDMClient({ api_key: KEY, api_secret: SECRET, baseUrl: `http://${root}` });
  sockets = new WebsocketClient(
    { api_key: KEY, api_secret: SECRET, wsUrl: `ws://${root}`, restOptions: { baseUrl: `http://${root}` } },
    { trace: () => undefined, info: () => undefined, error: () => undefined },
  );
});

afterAll(async () => {
  sockets?.closeAll(true);
  await served?.close();
});

describe("the binance npm client, unmodified", () => {
  test("reads rules, prices, leverage and mode", async () => {
    const info = await client.getExchangeInfo();
    expect(info.symbols.length).toBeGreaterThan(10);
    expect((await client.getMarkPrice({ symbol: "BTCUSDT" })).symbol).toBe("BTCUSDT");
    expect((await client.setLeverage({ symbol: "BTCUSDT", leverage: 7 })).leverage).toBe(7);
    await client.setMarginType({ symbol: "ETHUSDT", marginType: "ISOLATED" });
    await expect(client.setMarginType({ symbol: "ETHUSDT", marginType: "ISOLATED" })).rejects.toMatchObject({
      code: -4046,
    });
  });

  test("places, batches, cancels and closes", async () => {
    const order = await client.submitNewOrder({
      symbol: "BTCUSDT",
      side: "BUY",
      type: "MARKET",
      quantity: 0.05,
      newClientOrderId: client.generateNewOrderId(),
      newOrderRespType: "RESULT",
    });
    expect(order.status).toBe("FILLED");
    const { bidPrice } = (await client.getSymbolOrderBookTicker({ symbol: "BTCUSDT" })) as { bidPrice: string };
    const price = (Math.round(Number(bidPrice) * 0.97 * 10) / 10).toFixed(1);
    const batch = await client.submitMultipleOrders([
      { symbol: "BTCUSDT", side: "BUY", type: "LIMIT", timeInForce: "GTC", quantity: "0.01", price },
      { symbol: "BTCUSDT", side: "BUY", type: "LIMIT", timeInForce: "GTC", quantity: "0.0000001", price },
    ] as never);
    expect(batch.map((answer) => ("code" in answer ? answer.code : answer.status))).toEqual(["NEW", -1111]);
    await client.cancelAllOpenOrders({ symbol: "BTCUSDT" });
    expect(await client.getAllOpenOrders({ symbol: "BTCUSDT" })).toEqual([]);
    const [position] = await client.getPositionsV3({ symbol: "BTCUSDT" });
    expect(Number(position!.positionAmt)).toBe(0.05);
  });

  test("hears of its orders and of the market", async () => {
    const heard: string[] = [];
    sockets.on("message", (message) => {
      const { e } = message as { e?: string };
      if (e !== undefined) heard.push(e);
    });
    sockets.subscribe(["btcusdt@markPrice@1s"], "usdmMarket" as never);
    await sockets.subscribeUsdFuturesUserDataStream();
    await new Promise((done) => setTimeout(done, 600));
    await client.submitNewOrder({
      symbol: "BTCUSDT",
      side: "SELL",
      type: "MARKET",
      quantity: 0.05,
      reduceOnly: "true",
    });
    await advance(served, 120_000);
    await new Promise((done) => setTimeout(done, 300));
    expect(new Set(heard)).toEqual(new Set(["ORDER_TRADE_UPDATE", "ACCOUNT_UPDATE", "TRADE_LITE", "markPriceUpdate"]));
  });

  test("asks for nothing that the server does not know", () => {
    expect(served.context.session.findings).toEqual([]);
  });
});
