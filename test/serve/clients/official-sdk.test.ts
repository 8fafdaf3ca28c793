import { DerivativesTradingUsdsFutures } from "@binance/derivatives-trading-usds-futures";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ServedSession } from "../../../src/serve/launch.ts";
import { advance, KEY, launchStepping, SECRET } from "../served.ts";

// biome-ignore lint/suspicious/noExplicitAny: the generated client's answers are wrapped in types no test needs
type Client = any;

let served: ServedSession;
let client: Client;
let root: string;

beforeAll(async () => {
  served = await launchStepping();
  root = `127.0.0.1:${served.server.port}`;
  client = new DerivativesTradingUsdsFutures({
    configurationRestAPI: { apiKey: KEY, apiSecret: SECRET, basePath: `http://${root}` },
    configurationWebsocketStreams: { wsURL: `ws://${root}` },
    configurationWebsocketAPI: { apiKey: KEY, apiSecret: SECRET, wsURL: `ws://${root}/ws-fapi/v1` },
  });
});

afterAll(async () => {
  await served?.close();
});

describe("the official SDK, unmodified", () => {
  test("trades over REST", async () => {
    const rest = client.restAPI;
    await rest.changeInitialLeverage({ symbol: "BTCUSDT", leverage: 5 });
    const order = await (
      await rest.newOrder({
        symbol: "BTCUSDT",
        side: "BUY",
        type: "MARKET",
        quantity: 0.05,
        newOrderRespType: "RESULT",
      })
    ).data();
    expect(order.status).toBe("FILLED");
    const [position] = await (await rest.positionInformationV3({ symbol: "BTCUSDT" })).data();
    expect(position.positionAmt).toBe("0.050");
    const account = await (await rest.accountInformationV3()).data();
    expect(Number(account.totalWalletBalance)).toBeLessThan(10_000);
    await expect(rest.newOrder({ symbol: "NOPEUSDT", side: "BUY", type: "MARKET", quantity: 1 })).rejects.toThrow(
      /Invalid symbol/,
    );
  });

  test("places and cancels over the WebSocket API", async () => {
    const api = await client.websocketAPI.connect();
    const { bidPrice } = await (await client.restAPI.symbolOrderBookTicker({ symbol: "BTCUSDT" })).data();
    const price = Math.round(Number(bidPrice) * 0.97 * 10) / 10;
    const placed = await api.newOrder({
      symbol: "BTCUSDT",
      side: "BUY",
      type: "LIMIT",
      timeInForce: "GTC",
      quantity: 0.01,
      price,
    });
    expect(placed.data.status).toBe("NEW");
    const cancelled = await api.cancelOrder({ symbol: "BTCUSDT", orderId: placed.data.orderId });
    expect(cancelled.data.status).toBe("CANCELED");
    await api.disconnect();
  });

  test("hears the market on its streams", async () => {
    const connection = await client.websocketStreams.connect();
    const stream = connection.markPriceStream({ symbol: "btcusdt", updateSpeed: "1s" });
    const heard = new Promise<Client>((resolve) => stream.on("message", resolve));
    await new Promise((done) => setTimeout(done, 500));
    await advance(served, 120_000);
    expect((await heard).s).toBe("BTCUSDT");
    await connection.disconnect();
  });

  test("asks for nothing that the server does not know", () => {
    expect(served.context.session.findings).toEqual([]);
  });
});
