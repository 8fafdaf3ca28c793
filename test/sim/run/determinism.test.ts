import { beforeAll, describe, expect, test } from "vitest";
import type { MarketBatch, RecordingSource } from "../../../src/recording/batch.ts";
import { openRecording } from "../../../src/recording/reader.ts";
import { loadScenario } from "../../../src/sim/scenario/load.ts";
import type { Scenario } from "../../../src/sim/scenario/schema.ts";
import { type RecordedRun, repositoryPath, runOf } from "./run-helpers.ts";

/** Two days of the shipped scenario: long enough for entries, exits, funding and a flip. */
function shortened(): Scenario {
  const scenario = loadScenario(repositoryPath("scenarios/regime-flip.yaml"));
  return { ...scenario, window: { to: { kind: "offset", offsetMs: 2 * 86_400_000 } } };
}

function rebatched(recording: RecordingSource, rows: number): RecordingSource {
  return { ...recording, batches: () => split(recording.batches(), rows), inputs: () => recording.inputs() };
}

function* split(batches: Iterable<MarketBatch>, rows: number): Generator<MarketBatch> {
  for (const batch of batches) {
    for (let start = 0; start < batch.length; start += rows) {
      const end = Math.min(batch.length, start + rows);
      yield {
        length: end - start,
        seq: batch.seq.slice(start, end),
        tsMs: batch.tsMs.slice(start, end),
        rxMs: batch.rxMs.slice(start, end),
        symbol: batch.symbol.slice(start, end),
        kind: batch.kind.slice(start, end),
        price: batch.price.slice(start, end),
        bid: batch.bid.slice(start, end),
        ask: batch.ask.slice(start, end),
        qty: batch.qty.slice(start, end),
        bidQty: null,
        askQty: null,
      };
    }
  }
}

describe("the same scenario and seed", () => {
  const scenario = shortened();
  const recording = openRecording(scenario.recordingPath);
  let first: RecordedRun;

  beforeAll(() => {
    first = runOf(scenario, recording);
  });

  test("contain enough to be worth comparing: entries, exits, funding and blocks", () => {
    const types = new Map<string, number>();
    for (const { envelope, decisions } of first.entries.flat()) {
      types.set(envelope.event.type, (types.get(envelope.event.type) ?? 0) + 1);
      for (const { type } of decisions) types.set(type, (types.get(type) ?? 0) + 1);
    }
    expect(first.result.marketEvents).toBeGreaterThan(100_000);
    expect(types.get("intent.received")).toBeGreaterThan(100);
    expect(types.get("exchange.order-filled")).toBeGreaterThan(50);
    expect(types.get("exchange.funding-settled")).toBeGreaterThan(5);
    expect(types.get("plan.published")).toBeGreaterThan(200);
  });

  test("make the same bytes when run again in the same process", () => {
    const again = runOf(scenario, recording);
    expect(again.hashes).toEqual(first.hashes);
    expect(again.result).toEqual(first.result);
  });

  test("make the same bytes whether a variant runs alone or beside others, in any order", () => {
    scenario.variants.forEach((variant, index) => {
      const alone = runOf({ ...scenario, variants: [variant] }, recording);
      expect(alone.hashes[0]).toBe(first.hashes[index]);
    });
    const reversed = runOf({ ...scenario, variants: [...scenario.variants].reverse() }, recording);
    expect([...reversed.hashes].reverse()).toEqual(first.hashes);
  });

  test.each([1000, 777])("make the same bytes when the recording is read in batches of %i rows", (rows) => {
    expect(runOf(scenario, rebatched(recording, rows)).hashes).toEqual(first.hashes);
  });

  test("keep the exchange's books to the last unit", () => {
    expect(first.result.variants.map(({ accountMismatch }) => accountMismatch)).toEqual([null, null, null, null, null]);
  });

  test("with another seed move latencies and fills, and with them the bytes", () => {
    const other = runOf({ ...scenario, seed: "another" }, recording);
    expect(other.hashes[1]).not.toBe(first.hashes[1]);
  });

  test("do not know the future: cutting the recording changes nothing before the cut", () => {
    const cutTsMs = recording.firstTsMs + 86_400_000;
    const cut = runOf({ ...scenario, window: { to: { kind: "absolute", tsMs: cutTsMs } } }, recording);
    const earlier = (run: RecordedRun): string[] =>
      run.entries[1]!.filter(({ envelope }) => envelope.tsMs < cutTsMs && envelope.event.type !== "run.ended").map(
        ({ envelope, decisions }) => `${envelope.seq} ${envelope.tsMs} ${decisions.map(({ type }) => type).join()}`,
      );
    expect(earlier(cut).length).toBeGreaterThan(300);
    expect(earlier(cut)).toEqual(earlier(first));
  });

  test("stop at the next virtual minute when asked, with every plan ended", () => {
    let looks = 0;
    const stopped = runOf(scenario, recording, () => {
      looks += 1;
      return looks > 600;
    });
    expect(stopped.result.isPartial).toBe(true);
    expect(stopped.result.endTsMs).toBeLessThan(first.result.endTsMs);
    const last = stopped.entries[0]!.at(-1)!;
    expect(last.envelope.event).toEqual({ type: "run.ended", cause: "interrupted" });
  });
});
