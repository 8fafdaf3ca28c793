import { describe, expect, test } from "vitest";
import { type InputRecord, MARKET_KIND, type MarketBatch, type RecordingSource } from "../../src/recording/batch.ts";
import { type MarketEvent, MarketReplay } from "../../src/serve/market-replay.ts";
import { INSTRUMENTS, T0, venueFixture } from "../venue/venue-fixture.ts";

type Levels = readonly (readonly [string, string])[];

function depth(tsMs: number, kind: "snapshot" | "update", U: number, u: number, b: Levels, a: Levels): InputRecord {
  return { seq: u, rxMs: tsMs, tsMs, stream: "depth", payload: { sym: "BTCUSDT", kind, U, u, b, a } };
}

function bookRow(tsMs: number, sizes: { bidQty: number; askQty: number } | null): MarketBatch {
  const one = (value: number) => Float64Array.of(value);
  return {
    length: 1,
    seq: one(tsMs),
    tsMs: one(tsMs),
    rxMs: one(tsMs),
    symbol: Uint16Array.of(0),
    kind: Uint8Array.of(MARKET_KIND.book),
    price: one(100),
    bid: one(99.9),
    ask: one(100.1),
    qty: one(0),
    bidQty: sizes === null ? null : one(sizes.bidQty),
    askQty: sizes === null ? null : one(sizes.askQty),
  };
}

function sourceOf(more: Partial<RecordingSource>): RecordingSource {
  return {
    id: "recorded",
    hash: "",
    symbols: INSTRUMENTS.map(({ symbol }) => symbol),
    instruments: INSTRUMENTS,
    firstTsMs: T0,
    lastTsMs: T0 + 10,
    marketEventCount: 0,
    fidelity: "book",
    notes: [],
    batches: () => [],
    inputs: () => [],
    ...more,
  };
}

describe("recorded best prices", () => {
  test("have their sizes, and lose them where a row has none", () => {
    const { venue, market } = venueFixture();
    const batches = () => [bookRow(T0 + 1, { bidQty: 1.5, askQty: 2.5 }), bookRow(T0 + 2, null)];
    const replay = new MarketReplay({
      recording: sourceOf({ batches }),
      market,
      venue,
      fromTsMs: T0,
      onEvent: () => undefined,
    });
    replay.advance(T0 + 1);
    expect([market.bidQty[0], market.askQty[0]]).toEqual([1.5, 2.5]);
    replay.advance(T0 + 2);
    expect([market.bidQty[0], market.askQty[0]]).toEqual([Number.NaN, Number.NaN]);
  });
});

describe("recorded depth", () => {
  test("is published so that who follows it has the recorded book, also after a new snapshot", () => {
    const { venue, market } = venueFixture({ fidelity: "depth" });
    const inputs = [
      depth(T0 + 1, "update", 5, 6, [["1.0", "1"]], []),
      depth(
        T0 + 2,
        "snapshot",
        10,
        10,
        [
          ["99.9", "2"],
          ["99.8", "3"],
        ],
        [
          ["100.1", "1"],
          ["100.2", "4"],
        ],
      ),
      depth(T0 + 3, "update", 11, 13, [["99.9", "0"]], [["100.0", "1.5"]]),
      depth(T0 + 4, "snapshot", 20, 20, [["99.7", "5"]], [["100.0", "2"]]),
      depth(T0 + 5, "update", 21, 22, [], [["100.3", "1"]]),
    ];
    const recording = sourceOf({ fidelity: "depth", inputs: () => inputs });
    const told: Extract<MarketEvent, { kind: "depth" }>[] = [];
    const onEvent = (event: MarketEvent) => {
      if (event.kind === "depth") told.push(event);
    };
    new MarketReplay({ recording, market, venue, fromTsMs: T0, onEvent }).advance(T0 + 10);
    expect(told.map(({ firstUpdateId, lastUpdateId }) => [firstUpdateId, lastUpdateId])).toEqual([
      [10, 10],
      [11, 13],
      [20, 20],
      [21, 22],
    ]);
    for (let place = 1; place < told.length; place++)
      expect(told[place]!.previousUpdateId).toBe(told[place - 1]!.lastUpdateId);
    const book = { bids: new Map<string, number>(), asks: new Map<string, number>() };
    for (const event of told) {
      for (const side of ["bids", "asks"] as const)
        for (const [price, qty] of event[side]) {
          if (Number(qty) === 0) book[side].delete(price);
          else book[side].set(price, Number(qty));
        }
    }
    expect([[...book.bids], [...book.asks].sort()]).toEqual([
      [["99.7", 5]],
      [
        ["100.0", 2],
        ["100.3", 1],
      ],
    ]);
    expect([market.bid[0], market.ask[0]]).toEqual([99.7, 100]);
  });
});
