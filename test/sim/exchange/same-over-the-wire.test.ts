import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { lotsToQtyText, ticksToPriceText } from "../../../src/engine/domain/instrument.ts";
import { formatMoney, parseMoney } from "../../../src/engine/domain/money.ts";
import type { MarketState } from "../../../src/engine/market/market-state.ts";
import type { RecordingSource } from "../../../src/recording/batch.ts";
import { type OpenRecording, openRecording } from "../../../src/recording/reader.ts";
import { createRecordingWriter } from "../../../src/recording/writer.ts";
import { prepare } from "../../../src/serve/launch.ts";
import { SimulatedExchange } from "../../../src/sim/exchange/simulated-exchange.ts";
import { DepthCursor } from "../../../src/sim/run/depth-cursor.ts";
import { MarketFeed } from "../../../src/sim/run/market-feed.ts";
import { createRandomStreams } from "../../../src/sim/time/random-streams.ts";
import { DepthFeed } from "../../../src/venue/depth-feed.ts";
import type { ExecutionProfile } from "../../../src/venue/liquidity.ts";
import { createVenueMarket } from "../../../src/venue/venue-market.ts";
import { ask } from "../../serve/asking.ts";
import { KEY, SECRET } from "../../serve/served.ts";

const T0 = 1_700_000_000_000;
const STEP_MS = 250;
/** So little that a move of some percent liquidates. */
const WALLET = parseMoney("120");

interface Step {
  readonly move: number;
  readonly lots: number;
  readonly kind: "book" | "trade" | "mark" | "depth" | "funding";
}

interface Placed {
  readonly at: number;
  readonly side: "BUY" | "SELL";
  readonly kind: "MARKET" | "GTC" | "IOC";
  readonly lots: number;
  readonly ticks: number;
  readonly isReduceOnly: boolean;
}

let base: string;

beforeAll(() => {
  base = mkdtempSync(join(tmpdir(), "same-fills-"));
});

afterAll(() => {
  rmSync(base, { recursive: true, force: true });
});

function writeWalk(dir: string, fidelity: RecordingSource["fidelity"], steps: readonly Step[]): OpenRecording {
  const writer = createRecordingWriter({ dir, id: "walk", symbols: ["BTCUSDT"], fidelity, createdBy: "test" });
  let ticks = 10_000;
  let id = 100;
  const text = (units: number) => (units / 10).toFixed(1);
  const qty = (lots: number) => (lots / 1000).toFixed(3);
  writer.market({ rxMs: T0, symbol: 0, kind: "mark", price: text(ticks) });
  steps.forEach(({ move, lots, kind }, place) => {
    ticks += move * 60;
    const rxMs = T0 + (place + 1) * STEP_MS;
    const isDepth = kind === "depth" && fidelity === "depth";
    if (kind === "funding") {
      writer.input({
        rxMs,
        stream: "funding",
        payload: { sym: "BTCUSDT", rate: String(move / 10_000), markPrice: text(ticks) },
      });
    } else if (isDepth) {
      const payload = {
        ...{ sym: "BTCUSDT", kind: move === 3 ? "snapshot" : "update", U: `${id + 1}`, u: `${id + 2}` },
        ...(move === -3 ? { pu: `${id + 1}` } : { pu: `${id}` }),
        b: [
          [text(ticks - 1), qty(lots)],
          [text(ticks - 3), qty(90 - lots)],
        ],
        a: [
          [text(ticks + 1), qty(lots + 3)],
          [text(ticks), "0.000"],
          [text(ticks + 2), qty(40)],
        ],
      };
      id += 2;
      writer.input({ rxMs, stream: "depth", payload });
    } else if (kind === "trade") writer.market({ rxMs, symbol: 0, kind, price: text(ticks), qty: qty(lots) });
    else if (kind === "book") {
      const x = { B: qty(lots), A: qty(lots + 7) };
      writer.market({
        rxMs,
        symbol: 0,
        kind,
        price: text(ticks),
        bid: text(ticks - 1),
        ask: text(ticks + 1),
        extra: { x },
      });
    } else writer.market({ rxMs, symbol: 0, kind: "mark", price: text(ticks) });
  });
  writer.seal();
  return openRecording(dir);
}

interface Outcome {
  readonly fills: readonly string[];
  readonly liquidations: number;
  readonly wallet: string;
}

const fillText = (side: string, price: string, qty: string, isMaker: boolean, fee: string, pnl: string): string =>
  [side, Number(price), Number(qty), isMaker ? "maker" : "taker", Number(fee), Number(pnl)].join(" ");

/** As a run does it: the market first, then the order, with no latency. */
function inProcess(recording: OpenRecording, flow: readonly Placed[], profile: ExecutionProfile): Outcome {
  const market = createVenueMarket(1);
  const [instrument] = recording.instruments;
  const fills: string[] = [];
  const liquidations = new Set<string>();
  const none = { medianMs: 0, sigma: 0 };
  const exchange: SimulatedExchange = new SimulatedExchange({
    instruments: recording.instruments,
    symbolsMissing: [],
    market,
    fidelity: recording.fidelity,
    fees: { maker: "0.0002", taker: "0.0005" },
    fill: { halfSpreadBps: 2, slippageBps: 3, impactBps: 1, profile },
    latency: { order: none, answer: none, snapshot: none },
    random: createRandomStreams("same"),
    walletQuote: WALLET,
    leverage: 20,
    initialPositions: [],
    schedule: (dueTsMs, arrival) => exchange.arrive(arrival, dueTsMs),
    emit: (_tsMs, event) => {
      if (event.type !== "exchange.order-filled") return;
      const { clientOrderId, orderId } = event;
      if (/^(autoclose-|adl_autoclose)/.test(clientOrderId)) liquidations.add(orderId);
      const { side, priceTicks, qtyLots, isMaker, feeQuote, realizedPnlQuote } = event;
      const price = ticksToPriceText(instrument!, priceTicks);
      const qty = lotsToQtyText(instrument!, qtyLots);
      fills.push(fillText(side, price, qty, isMaker, formatMoney(feeQuote), formatMoney(realizedPnlQuote)));
    },
  });
  const contract = exchange.venue.rules[0]!.contract;
  const books = new DepthFeed({ market, contractOf: () => contract, onBreak: () => undefined });
  const feed = new MarketFeed({
    batches: recording.batches(),
    nextFeedLatencyMs: null,
    markets: [{ update: () => undefined } as unknown as MarketState],
    venueMarket: market,
    symbolCount: 1,
    depth: recording.hasDepth === true ? new DepthCursor(recording, books) : null,
    onWatched: (symbol, tsMs, kind, tradedQty) => {
      if (exchange.watched[symbol] === 1) exchange.onMarket(symbol, tsMs, kind, tradedQty);
    },
  });
  feed.watched[0] = 1;
  const funding = [...recording.inputs()].filter(({ stream }) => stream === "funding");
  const advance = (tsMs: number) => {
    while (funding[0] !== undefined && funding[0].tsMs <= tsMs) {
      const { tsMs: dueTsMs, payload } = funding.shift()!;
      feed.advance({ tsMs: dueTsMs });
      exchange.settleFunding("BTCUSDT", Number(payload["rate"]), Number(payload["markPrice"]), dueTsMs);
    }
    feed.advance({ tsMs });
  };
  flow.forEach(({ at, side, kind, lots, ticks, isReduceOnly }, place) => {
    const tsMs = T0 + at;
    advance(tsMs);
    exchange.submit(
      {
        ...{
          type: "order.submitted",
          clientOrderId: `c${place}`,
          planId: "p",
          symbol: "BTCUSDT",
          evalType: "ENTRY",
          side,
        },
        ...{ orderType: kind === "MARKET" ? "MARKET" : "LIMIT", timeInForce: kind === "MARKET" ? null : kind },
        ...{ qtyLots: lots, limitPriceTicks: kind === "MARKET" ? null : ticks, isReduceOnly, decisionMarkPrice: null },
      },
      tsMs,
    );
  });
  advance(recording.lastTsMs);
  expect(exchange.account.reconcile()).toBeNull();
  return { fills, liquidations: liquidations.size, wallet: formatMoney(exchange.account.walletQuote) };
}

/** As a client does it: signed requests, answers and trades in Binance's own form. */
function overTheWire(recording: OpenRecording, flow: readonly Placed[], profile: ExecutionProfile): Outcome {
  const context = prepare({
    recording,
    speed: { kind: "step" },
    keys: [{ key: KEY, secret: SECRET }],
    clockCheck: "virtual",
    rateLimits: null,
    session: { walletQuote: WALLET, fill: { halfSpreadBps: 2, slippageBps: 3, impactBps: 1, profile } },
  });
  const { session } = context;
  const [instrument] = recording.instruments;
  flow.forEach(({ at, side, kind, lots, ticks, isReduceOnly }, place) => {
    session.advanceTo(T0 + at);
    const limit = { type: "LIMIT", timeInForce: kind, price: ticksToPriceText(instrument!, ticks) };
    const answered = ask(context, "POST", "/fapi/v1/order", {
      ...{ symbol: "BTCUSDT", side, newClientOrderId: `c${place}`, quantity: lotsToQtyText(instrument!, lots) },
      ...(kind === "MARKET" ? { type: "MARKET" } : limit),
      reduceOnly: String(isReduceOnly),
      selfTradePreventionMode: "NONE",
    });
    expect([200, 400]).toContain(answered.status);
  });
  session.advanceTo(recording.lastTsMs);
  const { json: trades } = ask(context, "GET", "/fapi/v1/userTrades", { symbol: "BTCUSDT", limit: "1000" });
  const { json: account } = ask(context, "GET", "/fapi/v3/account");
  const forced = ask(context, "GET", "/fapi/v1/forceOrders", { limit: "100" }).json as unknown[];
  return {
    // biome-ignore lint/suspicious/noExplicitAny: the exchange's own answer
    fills: trades.map((trade: any) =>
      fillText(trade.side, trade.price, trade.qty, trade.maker, trade.commission, trade.realizedPnl),
    ),
    liquidations: forced.length,
    wallet: formatMoney(parseMoney(account.totalWalletBalance)),
  };
}

test("the same orders get the same fills, fees and wallet in the process and over the wire, liquidations included", () => {
  const step = fc.record({
    move: fc.integer({ min: -3, max: 3 }),
    lots: fc.integer({ min: 1, max: 89 }),
    kind: fc.constantFrom("book", "book", "trade", "mark", "depth", "depth", "funding") as fc.Arbitrary<Step["kind"]>,
  });
  const order = fc.record({
    at: fc.nat(60 * STEP_MS),
    side: fc.constantFrom("BUY" as const, "SELL" as const),
    kind: fc.constantFrom("MARKET" as const, "GTC" as const, "IOC" as const),
    lots: fc.integer({ min: 10, max: 2_000 }),
    ticks: fc.integer({ min: 9_000, max: 11_000 }),
    isReduceOnly: fc.boolean(),
  });
  let fills = 0;
  let makers = 0;
  let liquidations = 0;
  let run = 0;
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 60, maxLength: 80, size: "max" }),
      fc.array(order, { minLength: 10, maxLength: 40, size: "max" }),
      fc.constantFrom("depth" as const, "book" as const, "trades" as const, "mark" as const),
      fc.constantFrom("optimistic" as const, "neutral" as const, "adverse" as const),
      (steps, drawn, fidelity, profile) => {
        run += 1;
        const recording = writeWalk(join(base, String(run)), fidelity, steps);
        const flow = [...drawn].sort((left, right) => left.at - right.at);
        const here = inProcess(recording, flow, profile);
        expect(overTheWire(recording, flow, profile)).toEqual(here);
        fills += here.fills.length;
        liquidations += here.liquidations;
        makers += here.fills.filter((text) => text.includes("maker")).length;
      },
    ),
    { numRuns: 80, seed: 41 },
  );
  expect(fills).toBeGreaterThan(500);
  expect(makers).toBeGreaterThan(50);
  expect(liquidations).toBeGreaterThan(5);
});
