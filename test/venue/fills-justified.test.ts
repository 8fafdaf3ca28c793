import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MARKET_KIND, type RecordingSource } from "../../src/recording/batch.ts";
import { importWs } from "../../src/recording/import/import-ws.ts";
import { createMemoryRecording } from "../../src/recording/memory.ts";
import { openRecording } from "../../src/recording/reader.ts";
import type { MarketRow } from "../../src/recording/record.ts";
import { reconcile } from "../../src/venue/account.ts";
import type { ExecutionProfile } from "../../src/venue/liquidity.ts";
import type { Order } from "../../src/venue/order.ts";
import type { VenueMarket } from "../../src/venue/venue-market.ts";
import { hasShared, sharedPath } from "../shared-data.ts";
import { type FlowOrder, type FlowWatcher, flowOf, playFlow } from "./flow-harness.ts";
import { INSTRUMENTS, T0 } from "./venue-fixture.ts";

const PROFILES = ["optimistic", "neutral", "adverse"] as const;
const ALL_KINDS = ["MARKET", "GTC", "IOC", "FOK", "GTX"] as const;
const FACTOR = { optimistic: 0, neutral: 1, adverse: 2 } as const;
const MODEL = { halfSpreadBps: 2, slippageBps: 3, impactBps: 0 };

const seen = { taker: 0, maker: 0, atTouch: 0 };

/** Quotes of a random walk with sizes; every price moves by whole ticks. */
const walk = fc.array(
  fc.record({ move: fc.integer({ min: -3, max: 3 }), lots: fc.integer({ min: 1, max: 90 }), isTrade: fc.boolean() }),
  {
    minLength: 40,
    maxLength: 120,
  },
);
type Walk = readonly { move: number; lots: number; isTrade: boolean }[];

function recordingOf(fidelity: RecordingSource["fidelity"], steps: Walk): RecordingSource {
  let ticks = 10_000;
  const market = steps.map(({ move, lots, isTrade }, place): MarketRow => {
    ticks += move;
    const rxMs = T0 + place * 250;
    const price = (ticks / 10).toFixed(1);
    if (fidelity === "mark" || fidelity === "candles") return { rxMs, symbol: 0, kind: "mark", price };
    if (fidelity === "trades" || isTrade)
      return { rxMs, symbol: 0, kind: "trade", price, qty: (lots / 1000).toFixed(3) };
    const [bid, ask] = [((ticks - 1) / 10).toFixed(1), ((ticks + 1) / 10).toFixed(1)];
    const x = { B: (lots / 1000).toFixed(3), A: ((lots + 7) / 1000).toFixed(3) };
    return { rxMs, symbol: 0, kind: "book", price, bid, ask, extra: { x } };
  });
  return createMemoryRecording({ symbols: ["BTCUSDT"], instruments: [INSTRUMENTS[0]!], fidelity, market });
}

/** Checks every fill against what the recording showed, by rules written down here once more. */
function auditor(recording: RecordingSource, profile: ExecutionProfile): FlowWatcher {
  const [instrument] = recording.instruments;
  const tick = Number(instrument!.tickSize);
  const step = Number(instrument!.stepSize);
  const levels = { "1": new Map<number, number>(), "-1": new Map<number, number>() };
  const takenOfLevel = { "1": new Map<number, number>(), "-1": new Map<number, number>() };
  const touch = { BUY: { key: "", taken: 0 }, SELL: { key: "", taken: 0 } };
  const ahead = new Map<Order, number>();
  const tradedSince = new Map<Order, number>();
  const atTouch = new Map<Order, number>();
  const filled = new Map<Order, number>();
  const sideOf = (sign: 1 | -1) => String(sign) as "1" | "-1";

  function bestAgainst(market: VenueMarket, sign: 1 | -1): number {
    const quote = (sign > 0 ? market.ask : market.bid)[0]!;
    if (quote > 0) return quote;
    const reference = market.mark[0]! > 0 ? market.mark[0]! : market.last[0]!;
    return reference * (1 + (sign * MODEL.halfSpreadBps) / 10_000);
  }

  return {
    onDepth(sign, priceTicks, lots) {
      const side = levels[sideOf(sign)];
      if ((side.get(priceTicks) ?? 0) !== lots || recording.fidelity === "depth")
        takenOfLevel[sideOf(sign)].delete(priceTicks);
      if (lots === 0) side.delete(priceTicks);
      else side.set(priceTicks, lots);
    },
    onRow(kind, tradedLots, market) {
      if (kind !== MARKET_KIND.trade) return;
      const ticks = Math.round(market.last[0]! / tick);
      for (const [order, sum] of tradedSince) if (order.priceTicks === ticks) tradedSince.set(order, sum + tradedLots);
    },
    onRest(order, market) {
      tradedSince.set(order, 0);
      atTouch.set(order, 0);
      const shown = market.depth[0]?.lotsAt(order.sign, order.priceTicks);
      const quote = (order.sign > 0 ? market.bid : market.ask)[0]!;
      const size = (order.sign > 0 ? market.bidQty : market.askQty)[0]!;
      const better = order.sign * (order.priceTicks - Math.round(quote / tick));
      const atBest =
        size > 0
          ? better > 0
            ? 0
            : better === 0
              ? Math.round(size / step)
              : Number.POSITIVE_INFINITY
          : Number.POSITIVE_INFINITY;
      ahead.set(order, shown ?? atBest);
    },
    onFill(order, trade, { market, row }) {
      filled.set(order, (filled.get(order) ?? 0) + trade.qtyLots);
      expect(filled.get(order)!).toBeLessThanOrEqual(order.qtyLots);
      const { sign } = order;
      if (trade.isMaker) {
        seen.maker += 1;
        expect(trade.priceTicks).toBe(order.priceTicks);
        expect(row).not.toBeNull();
        const against = row!.kind === MARKET_KIND.trade ? market.last[0]! : bestAgainst(market, sign);
        const through = sign * (order.priceTicks - against / tick);
        expect(through).toBeGreaterThan(-1e-6);
        if (through > 1e-6 || profile === "optimistic") return;
        // Touched and not traded through: only trades beyond the line that stood before it.
        seen.atTouch += 1;
        expect([profile, row!.kind]).toEqual(["neutral", MARKET_KIND.trade]);
        const sum = atTouch.get(order)! + trade.qtyLots;
        atTouch.set(order, sum);
        expect(sum).toBeLessThanOrEqual(tradedSince.get(order)! - ahead.get(order)!);
        return;
      }
      seen.taker += 1;
      if (order.priceTicks > 0) expect(sign * (order.priceTicks - trade.priceTicks)).toBeGreaterThanOrEqual(0);
      if (market.depth[0] !== null && market.depth[0] !== undefined) {
        const other = sideOf(sign > 0 ? -1 : 1);
        const shown = levels[other].get(trade.priceTicks) ?? 0;
        const taken = (takenOfLevel[other].get(trade.priceTicks) ?? 0) + trade.qtyLots;
        takenOfLevel[other].set(trade.priceTicks, taken);
        expect(taken).toBeLessThanOrEqual(shown);
        // Better levels are used up before worse ones.
        for (const [ticks, lots] of levels[other]) {
          if (sign * (trade.priceTicks - ticks) > 0) expect(takenOfLevel[other].get(ticks) ?? 0).toBe(lots);
        }
        return;
      }
      const best = bestAgainst(market, sign);
      const worst = (best * (1 + (sign * MODEL.slippageBps * FACTOR[profile]) / 10_000)) / tick;
      const size = (sign > 0 ? market.askQty : market.bidQty)[0]!;
      const key = `${best} ${size}`;
      const known = touch[order.side];
      if (known.key !== key) touch[order.side] = { key, taken: 0 };
      if (
        size > 0 &&
        Math.abs(trade.priceTicks - best / tick) < 1e-6 &&
        touch[order.side].taken < Math.floor(size / step + 1e-9)
      ) {
        touch[order.side].taken += trade.qtyLots;
        expect(touch[order.side].taken).toBeLessThanOrEqual(Math.floor(size / step + 1e-9));
        return;
      }
      // Never better than the best price, never worse than the model's loss and a tick of rounding.
      expect(sign * (trade.priceTicks - best / tick)).toBeGreaterThan(-1e-6);
      expect(sign * (trade.priceTicks - worst)).toBeGreaterThan(-1e-6);
      expect(sign * (trade.priceTicks - worst)).toBeLessThan(1);
    },
  };
}

function audit(recording: RecordingSource, flow: readonly FlowOrder[], profile: ExecutionProfile): void {
  const { account } = playFlow(recording, flow, { ...MODEL, profile }, auditor(recording, profile));
  expect(reconcile(account)).toBeNull();
}

describe("no fill outside what the recording showed", () => {
  test.each(["book", "trades", "mark", "candles"] as const)("over %s, in every profile", (fidelity) => {
    Object.assign(seen, { taker: 0, maker: 0, atTouch: 0 });
    fc.assert(
      fc.property(walk, flowOf(120, ALL_KINDS), fc.constantFrom(...PROFILES), (steps, flow, profile) => {
        audit(recordingOf(fidelity, steps), flow, profile);
      }),
      { numRuns: 150, seed: 17 },
    );
    expect(seen.taker).toBeGreaterThan(300);
    expect(seen.maker).toBeGreaterThan(100);
    if (fidelity === "book") expect(seen.atTouch).toBeGreaterThan(0);
  });
});

describe.skipIf(!hasShared)("over a real capture of USD-M", () => {
  let base: string;
  let capture: RecordingSource;

  beforeAll(() => {
    base = mkdtempSync(join(tmpdir(), "venue-fills-"));
    const text = gunzipSync(
      readFileSync(sharedPath("data/ws/usdm_2023-04-04T2358_btc_markprice_part1.ndjson.gz")),
    ).toString();
    writeFileSync(join(base, "slice.ndjson"), `${text.split("\n").slice(0, 4000).join("\n")}\n`);
    importWs({ files: [join(base, "slice.ndjson")], out: join(base, "capture") });
    const opened = openRecording(join(base, "capture"));
    const instruments = [
      { ...opened.instruments[0]!, tickSize: "0.10", stepSize: "0.001", notionalMinQuote: 0n, qtyLotsMax: 1e9 },
    ];
    capture = { ...opened, instruments, batches: () => opened.batches(), inputs: () => opened.inputs() };
  });

  afterAll(() => {
    rmSync(base, { recursive: true, force: true });
  });

  test("with its depth, and with its best prices and sizes alone", () => {
    expect(capture.fidelity).toBe("depth");
    const book: RecordingSource = { ...capture, fidelity: "book", hasDepth: false, inputs: () => [] };
    Object.assign(seen, { taker: 0, maker: 0, atTouch: 0 });
    fc.assert(
      fc.property(flowOf(20_000, ALL_KINDS), fc.constantFrom(...PROFILES), fc.boolean(), (flow, profile, hasDepth) => {
        audit(hasDepth ? capture : book, flow, profile);
      }),
      { numRuns: 24, seed: 23 },
    );
    expect(seen.taker).toBeGreaterThan(200);
    expect(seen.maker).toBeGreaterThan(10);
  });
});

describe("the profiles", () => {
  const fidelity = fc.constantFrom("book" as const, "trades" as const, "mark" as const);

  test("order the profit of the same MARKET orders: optimistic, neutral, adverse", () => {
    let differing = 0;
    fc.assert(
      fc.property(walk, flowOf(120, ["MARKET"]), fidelity, (steps, flow, kind) => {
        const [optimistic, neutral, adverse] = PROFILES.map((profile) =>
          playFlow(recordingOf(kind, steps), flow, { ...MODEL, impactBps: 0.5, profile }),
        );
        const filled = [optimistic, neutral, adverse].map((run) => run!.orders.map(({ filledLots }) => filledLots));
        expect(filled[1]).toEqual(filled[0]);
        expect(filled[2]).toEqual(filled[0]);
        expect(optimistic!.equityQuote >= neutral!.equityQuote).toBe(true);
        expect(neutral!.equityQuote >= adverse!.equityQuote).toBe(true);
        if (optimistic!.equityQuote > adverse!.equityQuote) differing += 1;
      }),
      { numRuns: 80, seed: 29 },
    );
    expect(differing).toBeGreaterThan(60);
  });

  test("order what is filled of each of the same resting orders, though not the profit from it", () => {
    let differing = 0;
    fc.assert(
      fc.property(
        walk,
        flowOf(120, ["GTC"]),
        fidelity,
        fc.constantFrom("BUY" as const, "SELL" as const),
        (steps, flow, kind, side) => {
          // One side only: an order cannot meet another of its own.
          const oneSided = flow.map((order) => ({ ...order, side }));
          const [optimistic, neutral, adverse] = PROFILES.map((profile) =>
            playFlow(recordingOf(kind, steps), oneSided, { ...MODEL, profile }).orders.map(
              ({ filledLots }) => filledLots,
            ),
          );
          neutral!.forEach((lots, place) => {
            expect(optimistic![place]!).toBeGreaterThanOrEqual(lots);
            expect(lots).toBeGreaterThanOrEqual(adverse![place]!);
            if (optimistic![place]! > adverse![place]!) differing += 1;
          });
        },
      ),
      { numRuns: 80, seed: 31 },
    );
    expect(differing).toBeGreaterThan(20);
  });
});
