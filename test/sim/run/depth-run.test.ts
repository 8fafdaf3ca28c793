import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { MarketState } from "../../../src/engine/market/market-state.ts";
import type { RecordingSource } from "../../../src/recording/batch.ts";
import { createMemoryRecording } from "../../../src/recording/memory.ts";
import type { InputRow, MarketRow } from "../../../src/recording/record.ts";
import { MarketReplay } from "../../../src/serve/market-replay.ts";
import { DepthCursor } from "../../../src/sim/run/depth-cursor.ts";
import { MarketFeed, type MarketFeedSnapshot } from "../../../src/sim/run/market-feed.ts";
import { Contract } from "../../../src/venue/contract.ts";
import { DepthFeed } from "../../../src/venue/depth-feed.ts";
import {
  createVenueMarket,
  loadVenueMarket,
  saveVenueMarket,
  type VenueMarket,
} from "../../../src/venue/venue-market.ts";
import { INSTRUMENTS, T0, venueFixture } from "../../venue/venue-fixture.ts";
import { findingCodes, runOf, scenarioOf } from "./run-helpers.ts";

type Levels = readonly (readonly [string, string])[];

function depth(rxMs: number, tsMs: number, kind: string, ids: object, b: Levels, a: Levels): InputRow {
  return { rxMs, tsMs, stream: "depth", payload: { sym: "BTCUSDT", kind, ...ids, b, a } };
}

function recordingOf(market: readonly MarketRow[], inputs: readonly InputRow[]): RecordingSource {
  return createMemoryRecording({
    symbols: ["BTCUSDT"],
    instruments: [INSTRUMENTS[0]!],
    fidelity: "depth",
    market,
    inputs,
  });
}

/** A feed over the recording; everything anybody sees is written to the log. */
function feedOf(
  recording: RecordingSource,
  market: VenueMarket,
  log: string[],
  latencyMs: number,
  saved?: MarketFeedSnapshot,
) {
  const contract = new Contract(INSTRUMENTS[0]!);
  const books = new DepthFeed({
    market,
    contractOf: () => contract,
    onBreak: (_symbol, tsMs) => log.push(`break @${tsMs - T0}`),
  });
  const engine = {
    update: (_symbol: number, tsMs: number, price: number, bid: number) =>
      log.push(`engine ${price} ${Number.isNaN(bid) ? "-" : bid} @${tsMs - T0}`),
  } as unknown as MarketState;
  const feed = new MarketFeed(
    {
      batches: recording.batches(),
      nextFeedLatencyMs: latencyMs === 0 ? null : () => latencyMs,
      markets: [engine],
      venueMarket: market,
      symbolCount: 1,
      depth: new DepthCursor(recording, books),
      onWatched: (_symbol, tsMs, kind) =>
        log.push(
          `exchange ${["mark", "book", "trade"][kind]} ${market.mark[0]} ${market.bid[0]} ${market.ask[0]} @${tsMs - T0}`,
        ),
    },
    saved,
  );
  feed.watched[0] = 1;
  return feed;
}

const SNAPSHOT = depth(T0 + 40, T0 + 10, "snapshot", { u: "100" }, [["99.9", "1"]], [["100.1", "1"]]);

describe("recorded depth in a run", () => {
  test("moves the exchange's book at exchange time, before its receipt, and the engine never sees it", () => {
    const recording = recordingOf(
      [
        { rxMs: T0, symbol: 0, price: "100" },
        { rxMs: T0 + 60, tsMs: T0 + 30, symbol: 0, price: "101" },
      ],
      [SNAPSHOT, depth(T0 + 50, T0 + 20, "update", { U: "101", u: "102", pu: "100" }, [["100", "1"]], [])],
    );
    for (const latencyMs of [0, 5]) {
      const log: string[] = [];
      feedOf(recording, createVenueMarket(1), log, latencyMs).advance({ tsMs: T0 + 1000 });
      const engine = latencyMs === 0 ? ["engine 100 - @0"] : [];
      const late = latencyMs === 0 ? [] : ["engine 100 - @5"];
      expect(log).toEqual([
        "exchange mark 100 NaN NaN @0",
        ...engine,
        ...late,
        "exchange book 100 99.9 100.1 @10",
        "exchange book 100 100 100.1 @20",
        "exchange mark 101 100 100.1 @30",
        `engine 101 - @${60 + latencyMs}`,
      ]);
    }
  });

  test("is the same wherever the feed stopped and came back from a checkpoint, and the same as in a served session", () => {
    const step = fc.record({
      isDepth: fc.boolean(),
      rx: fc.nat(20),
      late: fc.integer({ min: -5, max: 25 }),
      hole: fc.nat(6),
      isSnapshot: fc.boolean(),
      ticks: fc.nat(9),
      lots: fc.nat(3),
    });
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 1, maxLength: 40 }),
        fc.nat(600),
        fc.constantFrom(0, 7),
        (steps, stop, latencyMs) => {
          let rxMs = T0;
          let id = 100;
          const market: MarketRow[] = [];
          const inputs: InputRow[] = [];
          for (const { isDepth, rx, late, hole, isSnapshot, ticks, lots } of steps) {
            rxMs += rx;
            const tsMs = rxMs - late;
            if (!isDepth) {
              market.push({ rxMs, tsMs, symbol: 0, price: `${100 + ticks}` });
              continue;
            }
            const previous = id + (hole === 0 ? 1 : 0);
            id = previous + 2;
            const ids = { U: `${previous + 1}`, u: `${id}`, pu: `${previous}` };
            inputs.push(
              depth(
                rxMs,
                tsMs,
                isSnapshot ? "snapshot" : "update",
                ids,
                [[`${90 + ticks}`, `0.00${lots}`]],
                [["101", "1"]],
              ),
            );
          }
          const recording = recordingOf(market, inputs);
          const whole: string[] = [];
          const first = createVenueMarket(1);
          feedOf(recording, first, whole, latencyMs).advance({ tsMs: Number.MAX_SAFE_INTEGER });

          const parts: string[] = [];
          const before = createVenueMarket(1);
          const feed = feedOf(recording, before, parts, latencyMs);
          feed.advance({ tsMs: T0 + stop });
          const saved = structuredClone({ feed: feed.save(), market: saveVenueMarket(before) });
          const after = createVenueMarket(1);
          loadVenueMarket(after, saved.market);
          feedOf(recording, after, parts, latencyMs, saved.feed).advance({ tsMs: Number.MAX_SAFE_INTEGER });
          expect(parts).toEqual(whole);

          const { venue, market: served } = venueFixture();
          const breaks: string[] = [];
          new MarketReplay({
            recording,
            market: served,
            venue,
            fromTsMs: T0,
            onEvent: () => undefined,
            onDepthBreak: (_symbol, tsMs) => breaks.push(`break @${tsMs - T0}`),
          }).advance(Number.MAX_SAFE_INTEGER);
          expect(breaks).toEqual(whole.filter((line) => line.startsWith("break")));
          for (const column of ["mark", "bid", "ask", "bidQty", "askQty"] as const)
            expect(served[column][0]).toBe(first[column][0]);
          expect(served.depth[0]?.save()).toEqual(first.depth[0]?.save());
        },
      ),
      { numRuns: 150, seed: 5 },
    );
  });

  test("a hole in it is one finding of every variant, until the next snapshot", () => {
    const market = Array.from({ length: 20 }, (_, row) => ({ rxMs: T0 + row * 1000, symbol: 0, price: "100" }));
    const update = (second: number, pu: number, u: number) =>
      depth(T0 + second * 1000, T0 + second * 1000, "update", { U: `${pu + 1}`, u: `${u}`, pu: `${pu}` }, [], []);
    const inputs = [
      SNAPSHOT,
      update(1, 100, 101),
      update(2, 105, 106),
      update(3, 106, 107),
      depth(T0 + 4000, T0 + 4000, "snapshot", { u: "200" }, [["99.9", "1"]], [["100.1", "1"]]),
      update(5, 300, 301),
    ];
    const scenario = scenarioOf(`
schema: rehearsal.scenario/1
name: depth
recording: ../recordings/regime-flip
seed: 1
variants: [{ name: one }, { name: two }]
`);
    const { entries, headers, result } = runOf(scenario, recordingOf(market, inputs));
    for (const variant of entries)
      expect(findingCodes(variant).filter((code) => code === "depth_break")).toHaveLength(2);
    expect(headers[0]!.matching).toMatchObject({ fidelity: "depth", profile: "neutral" });
    expect(result.variants.map(({ accountMismatch }) => accountMismatch)).toEqual([null, null]);
  });
});
