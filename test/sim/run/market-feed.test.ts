import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { MarketState } from "../../../src/engine/market/market-state.ts";
import type { MarketBatch } from "../../../src/recording/batch.ts";
import { MarketFeed } from "../../../src/sim/run/market-feed.ts";
import { createVenueMarket } from "../../../src/venue/venue-market.ts";

interface Row {
  readonly tsMs: number;
  readonly rxMs: number;
}

function batchOf(rows: readonly Row[], firstSeq: number): MarketBatch {
  return {
    length: rows.length,
    seq: Float64Array.from(rows, (_, index) => firstSeq + index),
    tsMs: Float64Array.from(rows, (row) => row.tsMs),
    rxMs: Float64Array.from(rows, (row) => row.rxMs),
    symbol: new Uint16Array(rows.length),
    kind: new Uint8Array(rows.length),
    price: Float64Array.from(rows, (_, index) => firstSeq + index),
    bid: new Float64Array(rows.length).fill(Number.NaN),
    ask: new Float64Array(rows.length).fill(Number.NaN),
    qty: new Float64Array(rows.length),
    bidQty: null,
    askQty: null,
  };
}

/** Runs the feed to the end and writes down who saw which row when, in order. */
function seen(
  rows: readonly Row[],
  feedLatencyMs: number | (() => number),
  batchRows: number,
  stops: readonly number[],
): string[] {
  const log: string[] = [];
  const batches: MarketBatch[] = [];
  for (let start = 0; start < rows.length; start += batchRows) {
    batches.push(batchOf(rows.slice(start, start + batchRows), start + 1));
  }
  const market = {
    update: (_symbol: number, tsMs: number, price: number) => log.push(`engine ${price} @${tsMs}`),
  } as unknown as MarketState;
  const venueMarket = createVenueMarket(1);
  const feed = new MarketFeed({
    batches,
    nextFeedLatencyMs:
      typeof feedLatencyMs === "function" ? feedLatencyMs : feedLatencyMs === 0 ? null : () => feedLatencyMs,
    markets: [market],
    venueMarket,
    symbolCount: 1,
    depth: null,
    onWatched: (_symbol, tsMs) => log.push(`exchange ${venueMarket.mark[0]} @${tsMs}`),
  });
  feed.watched[0] = 1;
  for (const tsMs of stops) feed.advance({ tsMs });
  feed.advance({ tsMs: Number.MAX_SAFE_INTEGER });
  return log;
}

const END: number[] = [];

describe("MarketFeed", () => {
  test("shows a price to the exchange at its own time and to the engine one latency later", () => {
    const rows = [
      { tsMs: 1000, rxMs: 1000 },
      { tsMs: 1100, rxMs: 1100 },
    ];
    expect(seen(rows, 250, 10, END)).toEqual([
      "exchange 1 @1000",
      "exchange 2 @1100",
      "engine 1 @1250",
      "engine 2 @1350",
    ]);
  });

  test("shows it to the exchange first when both are due at the same instant", () => {
    expect(seen([{ tsMs: 1000, rxMs: 1000 }], 0, 10, END)).toEqual(["exchange 1 @1000", "engine 1 @1000"]);
  });

  test("lets the engine wait for the time of receipt that the recording measured", () => {
    expect(seen([{ tsMs: 1000, rxMs: 1400 }], 100, 10, END)).toEqual(["exchange 1 @1000", "engine 1 @1500"]);
  });

  test("never lets a slow recorder clock show the engine an event before it happened", () => {
    expect(seen([{ tsMs: 2500, rxMs: 1000 }], 0, 10, END)).toEqual(["exchange 1 @2500", "engine 1 @2500"]);
  });

  test("never lets a row overtake the one before it, however the delays fall", () => {
    const delays = [500, 10, 300];
    const rows = [1000, 1100, 1700].map((tsMs) => ({ tsMs, rxMs: tsMs }));
    expect(seen(rows, () => delays.shift()!, 2, END).filter((line) => line.startsWith("engine"))).toEqual([
      "engine 1 @1500",
      "engine 2 @1500",
      "engine 3 @2000",
    ]);
  });

  test("stops at the limit and goes on from there", () => {
    const rows = [1000, 2000, 3000].map((tsMs) => ({ tsMs, rxMs: tsMs }));
    expect(seen(rows, 0, 10, [1999, 2000])).toEqual(seen(rows, 0, 10, END));
  });

  test("gives the same sequence for every size of batch, every stop, and with the engine never ahead", () => {
    const steps = fc.array(fc.record({ ts: fc.integer({ min: -30, max: 200 }), rx: fc.integer({ min: 0, max: 90 }) }), {
      minLength: 1,
      maxLength: 40,
    });
    fc.assert(
      fc.property(
        steps,
        fc.integer({ min: 0, max: 150 }),
        fc.integer({ min: 1, max: 7 }),
        fc.array(fc.integer({ min: 900, max: 4000 }), { maxLength: 5 }),
        (deltas, latencyMs, batchRows, stops) => {
          let ts = 1000;
          let rx = 1000;
          const rows = deltas.map((delta) => {
            ts += delta.ts;
            rx += delta.rx;
            return { tsMs: ts, rxMs: rx };
          });
          const whole = seen(rows, latencyMs, rows.length, END);
          const sorted = [...stops].sort((left, right) => left - right);
          expect(seen(rows, latencyMs, batchRows, sorted)).toEqual(whole);
          expect(whole).toHaveLength(rows.length * 2);
          for (let row = 1; row <= rows.length; row++) {
            const atExchange = whole.findIndex((line) => line.startsWith(`exchange ${row} `));
            const atEngine = whole.findIndex((line) => line.startsWith(`engine ${row} `));
            expect(atExchange).toBeLessThan(atEngine);
          }
        },
      ),
      { numRuns: 400, seed: 11 },
    );
  });
});
