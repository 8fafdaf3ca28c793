import { describe, expect, test } from "vitest";
import type { InputRecord, RecordingSource } from "../../src/recording/batch.ts";
import { type MarketEvent, MarketReplay } from "../../src/serve/market-replay.ts";
import { INSTRUMENTS, T0, venueFixture } from "../venue/venue-fixture.ts";

type Levels = readonly (readonly [string, string])[];

function depth(tsMs: number, kind: "snapshot" | "update", U: number, u: number, b: Levels, a: Levels): InputRecord {
  return { seq: u, rxMs: tsMs, tsMs, stream: "depth", payload: { sym: "BTCUSDT", kind, U, u, b, a } };
}

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
    const recording: RecordingSource = {
      id: "depth",
      hash: "",
      symbols: INSTRUMENTS.map(({ symbol }) => symbol),
      instruments: INSTRUMENTS,
      firstTsMs: T0,
      lastTsMs: T0 + 10,
      marketEventCount: 0,
      fidelity: "depth",
      notes: [],
      batches: () => [],
      inputs: () => inputs,
    };
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
