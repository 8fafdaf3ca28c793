import { afterEach, expect, test } from "vitest";
import { UserError } from "../../../src/diagnostics/user-error.ts";
import type { OrderSubmitted } from "../../../src/engine/domain/decision.ts";
import type { EngineEvent } from "../../../src/engine/domain/event.ts";
import type { Instrument } from "../../../src/engine/domain/instrument.ts";
import type { CcxtExchange } from "../../../src/live/exchange/ccxt-exchange.ts";
import { connectVenue, type VenueClient } from "../../../src/live/exchange/venue-client.ts";
import type { FeedRow } from "../../../src/live/ports.ts";
import { venueHosts } from "../../../src/live/safety/hosts.ts";
import { systemClock } from "../../../src/live/session/clock.ts";
import type { ServedSession } from "../../../src/serve/launch.ts";
import { advance, KEY, launchStepping, SECRET, truth } from "../../serve/served.ts";
import { expectNoKey } from "../safety/expect-no-key.ts";

const SYMBOLS = ["BTCUSDT", "ETHUSDT", "XRPUSDT"];

interface Venue {
  readonly served: ServedSession;
  readonly client: VenueClient;
  readonly exchange: CcxtExchange;
  readonly instruments: readonly Instrument[];
  readonly events: EngineEvent[];
  readonly gaps: string[];
  readonly urls: string[];
  readonly logs: string[];
}

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function venue(
  options: { readonly keys?: { apiKey: string; secret: string } | null; readonly pastMs?: number } = {},
): Promise<Venue> {
  const served = await launchStepping();
  if (options.pastMs !== undefined) await advance(served, options.pastMs);
  closing.push(() => served.close());
  const urls: string[] = [];
  const logs: string[] = [];
  const client = await connectVenue({
    hosts: venueHosts("demo", `http://127.0.0.1:${served.server.port}`),
    keys: options.keys === undefined ? { apiKey: KEY, secret: SECRET } : options.keys,
    clock: systemClock(),
    timeoutMs: 1500,
    onRequest: (url) => urls.push(url),
    log: (_, text) => logs.push(text),
  });
  const instruments = client.instruments(SYMBOLS);
  const exchange = client.createExchange({ instruments, onUrl: (url) => urls.push(url) });
  const events: EngineEvent[] = [];
  const gaps: string[] = [];
  return { served, client, exchange, instruments, events, gaps, urls, logs };
}

async function connected(options: Parameters<typeof venue>[0] = {}): Promise<Venue> {
  const world = await venue(options);
  await world.exchange.connect({
    event: (event) => world.events.push(event),
    gap: ({ stream, kind }) => world.gaps.push(`${kind} ${stream}`),
  });
  closing.push(() => world.exchange.close());
  return world;
}

let orders = 0;
function order(more: Partial<OrderSubmitted> = {}): OrderSubmitted {
  orders += 1;
  return {
    type: "order.submitted",
    clientOrderId: `rh-test${orders}`,
    planId: `plan${orders}`,
    symbol: "XRPUSDT",
    evalType: "ENTRY",
    side: "BUY",
    orderType: "MARKET",
    timeInForce: null,
    qtyLots: 500,
    limitPriceTicks: null,
    isReduceOnly: false,
    decisionMarkPrice: null,
    ...more,
  };
}

async function inject({ served }: Venue, fault: Readonly<Record<string, unknown>>): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${served.server.port}/sim/v1/faults`, {
    method: "POST",
    body: JSON.stringify(fault),
  });
  expect(response.status).toBe(200);
}

async function until(isTrue: () => boolean, waitMs = 8000): Promise<void> {
  const endMs = Date.now() + waitMs;
  while (!isTrue() && Date.now() < endMs) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(isTrue()).toBe(true);
}

const typesOf = ({ events }: Venue, clientOrderId: string) =>
  events.flatMap((event) => ("clientOrderId" in event && event.clientOrderId === clientOrderId ? [event.type] : []));

/** Orders of the account as the exchange itself knows them. */
async function filledOnVenue({ served }: Venue): Promise<number> {
  const { accounts } = await truth(served);
  return Number(accounts[0]!["trades"]);
}

test("an order is accepted, filled and told in this order, with exact amounts, and the account agrees", async () => {
  const world = await connected();
  const sent = order();
  world.exchange.submit(sent);
  await until(() => typesOf(world, sent.clientOrderId).includes("exchange.order-filled"));
  expect(typesOf(world, sent.clientOrderId)).toEqual(["exchange.order-accepted", "exchange.order-filled"]);
  const fill = world.events.find((event) => event.type === "exchange.order-filled")!;
  expect(fill).toMatchObject({
    symbol: "XRPUSDT",
    side: "BUY",
    qtyLots: 500,
    cumulativeQtyLots: 500,
    isOrderComplete: true,
  });

  const report = await world.exchange.reconcile();
  expect(report.positions).toMatchObject([{ symbol: "XRPUSDT", qtyLots: 500 }]);
  expect(report.walletQuote).toBe(
    10_000n * 100_000_000n - (fill.type === "exchange.order-filled" ? fill.feeQuote : 0n),
  );

  world.exchange.requestSnapshot({
    type: "snapshot.requested",
    requestId: "one",
    method: "one-call-for-all",
    symbols: [],
    cause: "cycle",
  });
  world.exchange.requestSnapshot({
    type: "snapshot.requested",
    requestId: "each",
    method: "per-symbol",
    symbols: SYMBOLS,
    cause: "cycle",
  });
  const snapshots = (id: string) =>
    world.events.filter((event) => event.type === "exchange.snapshot-received" && event.requestId === id);
  await until(() => snapshots("each").length === 3 && snapshots("one").length === 1);
  expect(snapshots("one")).toMatchObject([
    { status: "ok", isFinal: true, positions: [{ symbol: "XRPUSDT", qtyLots: 500 }] },
  ]);
  expect(snapshots("each").map((event) => event.type === "exchange.snapshot-received" && event.isFinal)).toEqual([
    false,
    false,
    true,
  ]);
});

test("a refusal has the exchange's code and text", async () => {
  const world = await connected();
  const sent = order({ qtyLots: 1 });
  world.exchange.submit(sent);
  await until(() => world.events.length > 0);
  expect(world.events).toMatchObject([
    { type: "exchange.order-rejected", clientOrderId: sent.clientOrderId, code: -4164 },
  ]);
  const closing = order({ isReduceOnly: true, side: "SELL" });
  world.exchange.submit(closing);
  await until(() => world.events.length > 1);
  expect(world.events[1]).toMatchObject({ type: "exchange.order-rejected", code: -2022 });
});

test.each(["ack-lost", "timeout-unknown", "server-error"])(
  "after %s nobody guesses: the outcome is unknown, a query finds it, and there is one order",
  async (kind) => {
    const world = await connected();
    await inject(world, { kind, count: 1, path: "/fapi/v1/order", arrives: 1 });
    const sent = order();
    world.exchange.submit(sent);
    await until(() => typesOf(world, sent.clientOrderId).includes("exchange.order-unknown"));
    world.exchange.query(
      { type: "order.query-requested", clientOrderId: sent.clientOrderId, attempt: 1 },
      Date.now(),
      sent,
    );
    await until(() => typesOf(world, sent.clientOrderId).includes("exchange.order-queried"));
    const queried = world.events.find((event) => event.type === "exchange.order-queried")!;
    const isThere = queried.type === "exchange.order-queried" && queried.status === "FILLED";
    const fills = typesOf(world, sent.clientOrderId).filter((type) => type === "exchange.order-filled").length;
    expect(fills).toBe(isThere ? 1 : 0);
    expect(await filledOnVenue(world)).toBe(isThere ? 1 : 0);
    expect(world.urls.filter((url) => url.endsWith("/fapi/v1/order")).length).toBeLessThanOrEqual(2);
  },
);

test("an id is sent once, whoever asks again", async () => {
  const world = await connected();
  const sent = order();
  world.exchange.submit(sent);
  await until(() => typesOf(world, sent.clientOrderId).includes("exchange.order-filled"));
  world.exchange.submit(sent);
  await until(() => typesOf(world, sent.clientOrderId).length > 2);
  expect(typesOf(world, sent.clientOrderId).at(-1)).toBe("exchange.order-unknown");
  expect(await filledOnVenue(world)).toBe(1);
});

test("fills of an absence of the user stream are told after it, once, and the absence is a gap", async () => {
  const world = await connected();
  await inject(world, { kind: "user-event-lost", count: 4 });
  const sent = order();
  world.exchange.submit(sent);
  await until(() => typesOf(world, sent.clientOrderId).includes("exchange.order-accepted"));
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(typesOf(world, sent.clientOrderId)).not.toContain("exchange.order-filled");
  await inject(world, { kind: "disconnect" });
  await advance(world.served, 1000);
  await until(() => world.gaps.length > 0);
  expect(world.gaps).toEqual(["disconnect user data"]);
  expect(typesOf(world, sent.clientOrderId)).toEqual(["exchange.order-accepted", "exchange.order-filled"]);
  // The stream is alive again.
  const next = order();
  world.exchange.submit(next);
  await until(() => typesOf(world, next.clientOrderId).includes("exchange.order-filled"));
});

test("an expired listen key brings a new one", async () => {
  const world = await connected();
  await inject(world, { kind: "listen-key-expired" });
  await advance(world.served, 1000);
  await until(() => world.gaps.length > 0);
  const sent = order();
  world.exchange.submit(sent);
  await until(() => typesOf(world, sent.clientOrderId).includes("exchange.order-filled"));
  expect(world.urls.filter((url) => url.endsWith("/private/ws")).length).toBe(2);
});

test("a limit is an answer: the order is refused, snapshots fail by name, and later ones work", async () => {
  const world = await connected();
  await inject(world, { kind: "rate-limit", count: 1 });
  const sent = order();
  world.exchange.submit(sent);
  await until(() => typesOf(world, sent.clientOrderId).length > 0);
  expect(world.events[0]).toMatchObject({ type: "exchange.order-rejected", code: -1003 });
  world.exchange.requestSnapshot({
    type: "snapshot.requested",
    requestId: "limited",
    method: "one-call-for-all",
    symbols: [],
    cause: "cycle",
  });
  await until(() => world.events.some((event) => event.type === "exchange.snapshot-received"));
  expect(world.events.at(-1)).toMatchObject({ status: "failed", isFinal: true });
});

test("own orders are cancelled at the end, others stay, and what is asked stays on this machine", async () => {
  const world = await connected();
  const own = order({ orderType: "LIMIT", timeInForce: "GTC", limitPriceTicks: 20_000 });
  const strange = order({
    clientOrderId: "somebody-else",
    orderType: "LIMIT",
    timeInForce: "GTC",
    limitPriceTicks: 20_000,
  });
  world.exchange.submit(own);
  world.exchange.submit(strange);
  await until(() => world.events.filter((event) => event.type === "exchange.order-accepted").length === 2);
  expect(await world.exchange.cancelOwnOrders()).toEqual([own.clientOrderId]);
  const { openOrders } = await world.exchange.reconcile();
  expect(openOrders.map(({ clientOrderId }) => clientOrderId)).toEqual(["somebody-else"]);
  await until(() => typesOf(world, own.clientOrderId).includes("exchange.order-ended"));

  const port = world.served.server.port;
  for (const url of world.urls) expect(url).toMatch(new RegExp(`^(http|ws)://127\\.0\\.0\\.1:${port}/`));
  expect(world.urls.length).toBeGreaterThan(5);
  expectNoKey(
    [
      ...world.urls,
      ...world.logs,
      JSON.stringify(world.events, (_, value) => (typeof value === "bigint" ? String(value) : value)),
    ].join("\n"),
    { apiKey: KEY, secret: SECRET },
  );
});

test("facts for a preflight: clock, mode, permissions, symbols and their leverage", async () => {
  const world = await connected();
  const facts = await world.client.facts(world.exchange);
  expect(facts).toMatchObject({ positionMode: "one-way", canTrade: true, account: { positions: [], openOrders: [] } });
  expect(facts.symbolStates.get("BTCUSDT")).toBe("TRADING");
  expect(facts.leverages.get("BTCUSDT")).toBeGreaterThan(0);
  await fetch(`http://127.0.0.1:${world.served.server.port}/sim/v1/status`);
});

test("wrong keys are refused in words that help and hold no key", async () => {
  const wrong = { apiKey: "W".repeat(64), secret: "V".repeat(64) };
  const world = await venue({ keys: wrong });
  const failed = await world.client.facts(world.exchange).catch((error: Error) => error);
  expect(failed).toBeInstanceOf(Error);
  const text = String(failed) + JSON.stringify(failed);
  expect(text).toContain("Cannot use the exchange");
  expect(text).toContain("demo.binance.com");
  expectNoKey(text, wrong);
});

test("an exchange that is away when the books are compared is named in words, which suspends a session and ends no process", async () => {
  const world = await connected();
  await inject(world, { kind: "maintenance" });
  const failed = await world.exchange.reconcile().catch((error: unknown) => error);
  expect(failed).toBeInstanceOf(UserError);
  expect((failed as UserError).exitCode).toBe(15);
  expect((failed as UserError).message).toMatch(/^Cannot use the exchange at http:.*-1016/);
  const again = world.client.createExchange({ instruments: world.instruments });
  await expect(again.connect({ event: () => undefined, gap: () => undefined })).rejects.toThrow(
    /^Cannot use the exchange at http:/,
  );
});

test("the feed tells a past in order of time, then mark and best prices, and each absence as a gap", async () => {
  const world = await venue({ pastMs: 45 * 60_000 });
  const rows: FeedRow[] = [];
  const gaps: string[] = [];
  const feed = world.client.createFeed({ instruments: world.instruments, historyMinutes: 30 });
  await feed.connect({
    row: (row) => rows.push(row),
    funding: () => undefined,
    features: () => undefined,
    gap: ({ stream }) => gaps.push(stream),
  });
  closing.push(() => feed.close());
  const history = rows.filter(({ isHistory }) => isHistory === true);
  expect(history.length).toBeGreaterThan(60);
  expect(history.map(({ tsMs }) => tsMs)).toEqual([...history.map(({ tsMs }) => tsMs)].sort((a, b) => a! - b!));
  await advance(world.served, 120_000);
  const isLiveMark = ({ kind, isHistory }: FeedRow) => kind === "mark" && isHistory !== true;
  await until(() => new Set(rows.filter(isLiveMark).map(({ symbolIndex }) => symbolIndex)).size === 3);
  await inject(world, { kind: "disconnect" });
  await advance(world.served, 1000);
  await until(() => gaps.length > 0);
  const before = rows.length;
  await until(() => gaps.length === 2);
  await advance(world.served, 120_000);
  await until(() => rows.length > before);
});

test("funding of an absence is told to a session that goes on, and what it knows already is not told again", async () => {
  const world = await connected();
  const sent = order();
  world.exchange.submit(sent);
  await until(() => typesOf(world, sent.clientOrderId).includes("exchange.order-filled"));
  const startTsMs = Date.now();
  const offsetMs = world.served.context.session.nowTsMs - startTsMs;
  await world.exchange.close();
  await advance(world.served, 8 * 3_600_000);

  const told: EngineEvent[] = [];
  const listener = { event: (event: EngineEvent) => void told.push(event), gap: () => undefined };
  const again = world.client.createExchange({ instruments: world.instruments });
  await again.connect(listener, { startTsMs, fundingTold: new Map() });
  closing.push(() => again.close());
  const funding = told.filter((event) => event.type === "exchange.funding-settled");
  expect(funding.length).toBeGreaterThan(0);
  const paid = funding.reduce(
    (sum, event) => sum + (event.type === "exchange.funding-settled" ? event.amountQuote : 0n),
    0n,
  );
  const { walletQuote } = await again.reconcile();
  const fee = world.events.reduce(
    (sum, event) => sum + (event.type === "exchange.order-filled" ? event.feeQuote : 0n),
    0n,
  );
  expect(walletQuote).toBe(10_000n * 100_000_000n - fee + paid);

  const nowTsMs = world.served.context.session.nowTsMs;
  const settledTsMs = nowTsMs - (nowTsMs % (8 * 3_600_000));
  // Also when the clock it was told by stood two seconds behind the exchange's.
  for (const knownTsMs of [nowTsMs - offsetMs, settledTsMs - offsetMs - 2000]) {
    const third: EngineEvent[] = [];
    const last = world.client.createExchange({ instruments: world.instruments });
    await last.connect(
      { event: (event) => void third.push(event), gap: () => undefined },
      { startTsMs, fundingTold: new Map([["XRPUSDT", knownTsMs]]) },
    );
    closing.push(() => last.close());
    expect(third).toEqual([]);
  }
});
