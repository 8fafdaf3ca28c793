import { deserialize, serialize } from "node:v8";
import seedrandom from "seedrandom";
import { beforeAll, describe, expect, test } from "vitest";
import type { MarketBatch, RecordingSource } from "../../../src/recording/batch.ts";
import { openRecording } from "../../../src/recording/reader.ts";
import { encodeJournalLine } from "../../../src/reports/journal-codec.ts";
import { runScenario } from "../../../src/sim/run/run.ts";
import type { RunSnapshot } from "../../../src/sim/run/run-snapshot.ts";
import type { RunRequest, RunResult } from "../../../src/sim/run/types.ts";
import { loadScenario } from "../../../src/sim/scenario/load.ts";
import type { Scenario } from "../../../src/sim/scenario/schema.ts";
import { repositoryPath, scenarioOf } from "./run-helpers.ts";

interface Lines {
  readonly result: RunResult;
  /** Journal lines per variant. */
  readonly lines: readonly string[][];
  readonly snapshots: readonly Buffer[];
  /** Lines each variant had at each snapshot. */
  readonly written: readonly number[][];
}

function linesOf(
  scenario: Scenario,
  recording: RecordingSource,
  more: Pick<RunRequest, "until" | "checkpointEveryMs" | "shouldStop"> & { readonly snapshot?: Buffer } = {},
): Lines {
  const lines: string[][] = scenario.variants.map(() => []);
  const snapshots: Buffer[] = [];
  const written: number[][] = [];
  const { snapshot, ...rest } = more;
  const result = runScenario({
    runId: "r-test",
    scenario,
    recording,
    ...rest,
    ...(snapshot === undefined ? {} : { from: deserialize(snapshot) as RunSnapshot }),
    onHeader: () => undefined,
    onEntry: (variant, entry) => lines[variant]!.push(encodeJournalLine(entry)),
    onCheckpoint: (save) => {
      snapshots.push(serialize(save()));
      written.push(lines.map(({ length }) => length));
    },
  });
  return { result, lines, snapshots, written };
}

function rebatched(recording: RecordingSource, rows: number): RecordingSource {
  return { ...recording, batches: () => split(recording.batches(), rows), inputs: () => recording.inputs() };
}

function* split(batches: Iterable<MarketBatch>, rows: number): Generator<MarketBatch> {
  for (const batch of batches) {
    for (let start = 0; start < batch.length; start += rows) {
      const end = Math.min(batch.length, start + rows);
      const columns = Object.entries(batch).filter(([, column]) => typeof column !== "number");
      const cut = columns.map(([name, column]) => [name, (column as Float64Array | null)?.slice(start, end) ?? null]);
      yield { ...Object.fromEntries(cut), length: end - start } as MarketBatch;
    }
  }
}

/** Where two sets of journals part; `null` when they are equal. A diff of thousands of lines helps nobody. */
function firstDifference(left: readonly (readonly string[])[], right: readonly (readonly string[])[]): string | null {
  for (const [variant, lines] of left.entries()) {
    const others = right[variant] ?? [];
    for (let line = 0; line < Math.max(lines.length, others.length); line++) {
      if (lines[line] !== others[line]) return `variant ${variant} line ${line}: ${lines[line]} <> ${others[line]}`;
    }
  }
  return left.length === right.length ? null : `${left.length} variants <> ${right.length}`;
}

/** Four hours of orders that fill, are asked after and time out, in two variants with unequal governors. */
const BUSY = scenarioOf(`
schema: rehearsal.scenario/1
name: busy
recording: ../recordings/regime-flip
seed: 11
window: { from: 6h, to: 10h }
account: { wallet: "2500", leverage: 5 }
strategy: { name: mean-reversion, params: { halfLife: 20, entryZ: 1.6, cooldown: 4m } }
exchange:
  latency:
    feed: { median: 30ms, sigma: 0.3 }
    order: { median: 900ms, sigma: 1 }
    answer: { median: 700ms, sigma: 1 }
    snapshot: { median: 400ms, sigma: 0.5 }
operator: [{ at: 8h, killSwitch: entries }, { at: 9h, killSwitch: "off" }]
pipeline:
  snapshots: { method: per-symbol, interval: 20s, ranker: { name: tiered } }
variants:
  - name: strict
    pipeline: { governor: { name: z-score } }
  - name: loose
    pipeline: { governor: { name: none } }
`);

describe("a run that goes on from a checkpoint", () => {
  const recording = openRecording(BUSY.recordingPath);
  let whole: Lines;

  beforeAll(() => {
    whole = linesOf(BUSY, recording);
  });

  test("is worth comparing: entries, exits, refusals and many envelopes", () => {
    const text = whole.lines.flat().join("\n");
    for (const word of [
      "exchange.order-filled",
      '"EXIT"',
      "order.query-requested",
      "candidates.ranked",
      "operator.kill",
    ]) {
      expect(text.includes(word), word).toBe(true);
    }
    expect(whole.result.isPartial).toBe(false);
  });

  test("makes the journals of the uninterrupted run, wherever in virtual time it was stopped", () => {
    const random = seedrandom("stops");
    const { startTsMs, endTsMs } = whole.result;
    for (let round = 0; round < 3; round++) {
      const tsMs = Math.floor(startTsMs + random() * (endTsMs - startTsMs));
      const first = linesOf(BUSY, recording, { until: { kind: "time", tsMs } });
      expect(first.result).toMatchObject({ isPartial: true, end: "stopped", endTsMs: tsMs });
      expect(first.snapshots).toHaveLength(1);
      const rest = linesOf(BUSY, recording, { snapshot: first.snapshots[0]! });
      // The prefix without the run.ended of the partial run.
      const joined = first.lines.map((lines, place) => [...lines.slice(0, -1), ...rest.lines[place]!]);
      expect(firstDifference(joined, whole.lines)).toBeNull();
      expect(rest.result).toEqual(whole.result);
    }
  });

  test("makes them whichever envelope of a variant alone was the last", () => {
    const random = seedrandom("envelopes");
    for (const [place, variant] of BUSY.variants.entries()) {
      const alone = { ...BUSY, variants: [variant] };
      const last = whole.lines[place]!.at(-1)!;
      const { envelope } = JSON.parse(last) as { envelope: { seq: number } };
      const seqs = [1, ...Array.from({ length: 2 }, () => 2 + Math.floor(random() * (envelope.seq - 3)))];
      for (const seq of seqs) {
        const first = linesOf(alone, recording, { until: { kind: "seq", seq } });
        const ended = JSON.parse(first.lines[0]!.at(-1)!) as { envelope: { seq: number; event: object } };
        expect(ended.envelope.seq).toBe(seq + 1);
        expect(ended.envelope.event).toEqual({ type: "run.ended", cause: "stopped" });
        const rest = linesOf(alone, recording, { snapshot: first.snapshots[0]! });
        const joined = [...first.lines[0]!.slice(0, -1), ...rest.lines[0]!];
        expect(firstDifference([joined], [whole.lines[place]!])).toBeNull();
      }
    }
  });

  test("makes them over a recording that is cut into other batches", () => {
    const tsMs = whole.result.startTsMs + 3_600_000;
    const first = linesOf(BUSY, recording, { until: { kind: "time", tsMs } });
    const rest = linesOf(BUSY, rebatched(recording, 777), { snapshot: first.snapshots[0]! });
    const joined = first.lines.map((lines, place) => [...lines.slice(0, -1), ...rest.lines[place]!]);
    expect(firstDifference(joined, whole.lines)).toBeNull();
  });

  test("makes them from each of the checkpoints a run writes on its way, which itself changes nothing", () => {
    const watched = linesOf(BUSY, recording, { checkpointEveryMs: 80 * 60_000 });
    expect(firstDifference(watched.lines, whole.lines)).toBeNull();
    expect(watched.snapshots.length).toBeGreaterThan(1);
    watched.snapshots.forEach((snapshot, number) => {
      const rest = linesOf(BUSY, recording, { snapshot });
      const expected = whole.lines.map((lines, place) => lines.slice(watched.written[number]![place]!));
      expect(firstDifference(rest.lines, expected)).toBeNull();
    });
  });

  test("makes them after an interruption, which leaves a checkpoint too", () => {
    let looks = 0;
    const shouldStop = (): boolean => {
      looks += 1;
      return looks > 90;
    };
    const first = linesOf(BUSY, recording, { shouldStop });
    expect(first.result).toMatchObject({ isPartial: true, end: "interrupted" });
    const rest = linesOf(BUSY, recording, { snapshot: first.snapshots[0]! });
    const joined = first.lines.map((lines, place) => [...lines.slice(0, -1), ...rest.lines[place]!]);
    expect(firstDifference(joined, whole.lines)).toBeNull();
  });

  test("can be stopped and gone on with again and again", () => {
    let snapshot: Buffer | undefined;
    const joined: string[][] = BUSY.variants.map(() => []);
    for (let hour = 1; hour <= 4; hour++) {
      const tsMs = whole.result.startTsMs + hour * 3_600_000;
      const part = linesOf(BUSY, recording, {
        ...(hour === 4 ? {} : { until: { kind: "time", tsMs } }),
        ...(snapshot === undefined ? {} : { snapshot }),
      });
      part.lines.forEach((lines, place) => {
        joined[place]!.push(...(hour === 4 ? lines : lines.slice(0, -1)));
      });
      snapshot = part.snapshots[0];
    }
    expect(firstDifference(joined, whole.lines)).toBeNull();
  });

  test("ends as always when the stop lies behind the end", () => {
    const late = linesOf(BUSY, recording, { until: { kind: "time", tsMs: whole.result.endTsMs + 1 } });
    expect(late.result.isPartial).toBe(false);
    expect(late.snapshots).toEqual([]);
    expect(firstDifference(late.lines, whole.lines)).toBeNull();
  });
});

/** The run as it was later, but for one part that is an hour old. */
function withOldPart(later: RunSnapshot, earlier: RunSnapshot, part: string): RunSnapshot {
  if (part in later) return { ...later, [part]: earlier[part as keyof RunSnapshot] };
  const variants = later.variants.map((variant, place) => ({
    ...variant,
    [part]: earlier.variants[place]![part as keyof RunSnapshot["variants"][number]],
  }));
  return { ...later, variants };
}

describe("every part of a snapshot counts", () => {
  const recording = openRecording(BUSY.recordingPath);
  const stops = linesOf(BUSY, recording, { checkpointEveryMs: 3_600_000 });
  const restOf = (snapshot: RunSnapshot): readonly string[][] =>
    linesOf(BUSY, recording, { snapshot: serialize(snapshot) }).lines;
  const read = (place: number): RunSnapshot => deserialize(stops.snapshots[place]!) as RunSnapshot;

  test("and comes back whole: a run that is stopped as soon as it goes on leaves the same snapshot", () => {
    for (const [place, bytes] of stops.snapshots.entries()) {
      const { seq } = read(place).variants[0]!.world;
      const again = linesOf(BUSY, recording, { snapshot: bytes, until: { kind: "seq", seq } });
      const saved = deserialize(again.snapshots[0]!) as RunSnapshot;
      expect(saved).toEqual(read(place));
      expect(saved.variants.some(({ exchange }) => exchange.orderCalls > 0)).toBe(true);
    }
  });

  test("of which none is unknown here", () => {
    expect(Object.keys(read(1)).sort()).toEqual([
      "clockMs",
      "feed",
      "feedStreams",
      "inbox",
      "inboxVariant",
      "markets",
      "nextBeatMs",
      "timeline",
      "variants",
      "venueMarket",
    ]);
    expect(Object.keys(read(1).variants[0]!).sort()).toEqual([
      "engine",
      "exchange",
      "invariants",
      "name",
      "scheduler",
      "stateHash",
      "streams",
      "world",
    ]);
  });

  test.each(["feed", "feedStreams", "markets", "timeline", "engine", "exchange", "scheduler", "streams", "world"])(
    "an old part %s is refused or leads elsewhere",
    (part) => {
      const expected = stops.lines.map((lines, place) => lines.slice(stops.written[1]![place]!));
      const old = withOldPart(read(1), read(0), part);
      let rest: readonly string[][] = [];
      try {
        rest = restOf(old);
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
      expect(firstDifference(rest, expected)).not.toBeNull();
    },
  );
});

describe("the snapshot of a run", () => {
  test("of a shipped scenario is plain data: it comes back from its bytes as it was", () => {
    const scenario = loadScenario(repositoryPath("scenarios/why-no-execute.yaml"));
    const recording = openRecording(scenario.recordingPath);
    const tsMs = recording.firstTsMs + 300_000;
    let seen: RunSnapshot | null = null;
    runScenario({
      runId: "r-test",
      scenario,
      recording,
      until: { kind: "time", tsMs },
      onHeader: () => undefined,
      onEntry: () => undefined,
      onCheckpoint: (save) => {
        const snapshot = save();
        seen = deserialize(serialize(snapshot)) as RunSnapshot;
        expect(seen).toEqual(snapshot);
      },
    });
    expect(seen).not.toBeNull();
  });
});
