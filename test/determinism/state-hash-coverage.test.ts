import { describe, expect, test } from "vitest";
import { type EngineSnapshot, engineHashOf } from "../../src/engine/engine.ts";
import { openRecording } from "../../src/recording/reader.ts";
import { runScenario } from "../../src/sim/run/run.ts";
import { scenarioOf } from "../sim/run/run-helpers.ts";

/** Orders are slow and snapshots are per symbol, so that at most instants something is on its way. */
const scenario = scenarioOf(`
schema: rehearsal.scenario/1
name: under-way
recording: ../recordings/regime-flip
seed: 11
window: { from: 6h, to: 7h }
account: { wallet: "2500", leverage: 5 }
initial: { proposals: { BTCUSDT: { action: HOLD, ttl: 9h } } }
strategy: { name: mean-reversion, params: { halfLife: 20, entryZ: 1.2, cooldown: 2m } }
exchange: { latency: { order: { median: 20s, sigma: 1 }, answer: { median: 20s, sigma: 1 }, snapshot: { median: 2s, sigma: 0.5 } } }
pipeline: { snapshots: { method: per-symbol, interval: 20s }, governor: { name: z-score } }
variants: [{ name: only }]
`);

/** Engines of one run as they were every seven seconds. */
function snapshotsOf(): EngineSnapshot[] {
  const snapshots: EngineSnapshot[] = [];
  runScenario({
    runId: "r-test",
    scenario,
    recording: openRecording(scenario.recordingPath),
    checkpointEveryMs: 7_000,
    onHeader: () => undefined,
    onEntry: () => undefined,
    onCheckpoint: (save) => snapshots.push(structuredClone(save().variants[0]!.engine)),
  });
  return snapshots;
}

type Change = () => void;

/** One way to change each place of a state, named by its path without the keys and numbers that are data. */
function changesOf(value: unknown, path: string, set: (changed: unknown) => void): [string, Change][] {
  if (value instanceof Map) {
    const inner = [...value].flatMap(([key, item]) => changesOf(item, `${path}/*`, (each) => value.set(key, each)));
    return [[`${path}+`, () => value.set("another", 1)], ...inner];
  }
  if (value instanceof Set) return [[`${path}+`, () => value.add("another")]];
  if (Array.isArray(value)) {
    const inner = value.flatMap((item, place) =>
      changesOf(item, `${path}/*`, (each) => {
        value[place] = each;
      }),
    );
    return [[`${path}+`, () => value.push("another")], ...inner];
  }
  if (typeof value === "object" && value !== null) {
    return Object.entries(value).flatMap(([key, item]) =>
      changesOf(item, `${path}.${key}`, (each) => Object.assign(value, { [key]: each })),
    );
  }
  if (typeof value === "number") return [[path, () => set(Number.isNaN(value) ? 1 : value + 1 + Math.abs(value))]];
  if (typeof value === "bigint") return [[path, () => set(value + 1n)]];
  if (typeof value === "boolean") return [[path, () => set(!value)]];
  return [[path, () => set(value === null ? "something" : `${String(value)}?`)]];
}

describe("the state hash of a run under way", () => {
  const snapshots = snapshotsOf();

  /** First snapshot in which each place of the state is filled. */
  const places = new Map<string, number>();
  snapshots.forEach((snapshot, number) => {
    for (const [path] of changesOf(snapshot, "", () => undefined)) if (!places.has(path)) places.set(path, number);
  });

  test("differs when any one thing the engine remembers differs", () => {
    expect(places.size).toBeGreaterThan(150);
    for (const [wanted, number] of places) {
      // Stands in the digest beside it, which key-memory.test.ts holds to its word.
      if (wanted.endsWith(".untilTsMs/*")) continue;
      const before = engineHashOf(snapshots[number]!);
      const changed = structuredClone(snapshots[number]!);
      const change = changesOf(changed, "", () => undefined).find(([path]) => path === wanted)![1];
      change();
      expect(engineHashOf(changed), wanted).not.toBe(before);
    }
  });

  test("was tried on every field of the state, and inside those that fill and empty again", () => {
    const { memory } = snapshots[0]!;
    const paths = [...places.keys()];
    for (const field of Object.keys(memory)) {
      expect(
        paths.some((path) => path.startsWith(`.memory.${field}`)),
        field,
      ).toBe(true);
    }
    for (const inner of [
      ".memory.activePlans/*.plan.planId",
      ".memory.activePlans/*.stage.kind",
      ".memory.activeOrders/*.order.qtyLots",
      ".memory.positions.open/*.entryNotionalQuote",
      ".memory.calibrated/*.laps",
      ".memory.snapshots.onDemand/*.sentTsMs",
      ".memory.statistics.buckets/*.minute",
      ".governor.bySymbol/*.mean",
      ".governor.pooled.variance",
    ]) {
      expect(paths, inner).toContain(inner);
    }
  });
});
