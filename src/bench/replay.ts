import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { MarketBatch, RecordingSource } from "../recording/batch.ts";
import { openRecording } from "../recording/reader.ts";
import { type Figure, interleavedMs, rateText } from "./measure.ts";
import { rawBatches, shardBatches, writeNdjson, writeRaw, writeShards } from "./replay-files.ts";
import { runUniverse, UNIVERSE_SYMBOLS, type UniverseRun, universeRecording } from "./universe.ts";

export interface ReplaySize {
  /** Virtual seconds of the universe in caches, of the raw columns beside them, and as NDJSON. */
  readonly seconds: number;
  readonly rawSeconds: number;
  readonly ndjsonSeconds: number;
  readonly rounds: number;
}

/** From files to decisions: every rate beside raw typed arrays read from a file in the same run. */
export function replay(size: ReplaySize): Figure[] {
  const dir = mkdtempSync(join(tmpdir(), "rehearsal-replay-"));
  try {
    return measure(dir, size);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function measure(dir: string, { seconds, rawSeconds, ndjsonSeconds, rounds }: ReplaySize): Figure[] {
  const universe = universeRecording(seconds);
  const rows = universe.marketEventCount;
  const raw = join(dir, "raw");
  const ndjson = join(dir, "ndjson");
  const [writeMs] = interleavedMs([() => writeShards(dir, universe)], 1) as [number];
  writeRaw(raw, universeRecording(rawSeconds).batches());
  writeNdjson(ndjson, universeRecording(ndjsonSeconds));
  // The first reading makes the cache; what is measured is what later ones take.
  for (const _ of withCache(ndjson));
  const rawRows = UNIVERSE_SYMBOLS * rawSeconds;
  const ndjsonRows = UNIVERSE_SYMBOLS * ndjsonSeconds;
  let run: UniverseRun = { intents: 0, entries: 0 };

  const [rawMs, mergeMs, runMs, coldMs, cachedMs] = interleavedMs(
    [
      () => expectRows(rawBatches(raw), rawRows),
      () => expectRows(shardBatches(dir, universe), rows),
      () => {
        run = runUniverse(cached(dir, universe), 1);
      },
      () => expectRows(openRecording(ndjson, { cache: "off" }).batches(), ndjsonRows),
      () => expectRows(withCache(ndjson), ndjsonRows),
    ],
    rounds,
  ) as [number, number, number, number, number];
  if (run.intents === 0) throw new Error("the strategy made no intents, some are needed to measure the whole pipeline");

  const bytes = [0, 1, 2, 3].reduce((sum, shard) => sum + statSync(join(dir, `shard-${shard}.parquet`)).size, 0);
  const baseline = `raw typed arrays ${rateText(rawRows, rawMs)}`;
  const beside = (name: string, count: number, ms: number): Figure => ({
    ...{ name, value: rateText(count, ms), baseline },
    ratio: (count / ms / (rawRows / rawMs)).toFixed(3),
  });
  const shown = `${UNIVERSE_SYMBOLS} symbols, ${seconds} s, ${(rows / 1e6).toFixed(1)} M`;
  return [
    beside(`market cache decoded and merged from 4 files (${shown})`, rows, mergeMs),
    beside(`whole pipeline from the cache, 1 variant (${run.intents} intents)`, rows, runMs),
    beside(`NDJSON read cold, hashes and gunzip included (${ndjsonRows} rows)`, ndjsonRows, coldMs),
    beside("  the same recording from its cache, hashes included", ndjsonRows, cachedMs),
    beside(`market cache written (${(bytes / rows).toFixed(1)} bytes a row), generation included`, rows, writeMs),
    memory(dir, seconds),
  ];
}

/** The universe as the caches hold it. */
export function cached(dir: string, universe: RecordingSource): RecordingSource {
  return { ...universe, batches: () => shardBatches(dir, universe) };
}

function withCache(dir: string): Iterable<MarketBatch> {
  return openRecording(dir, { cachedRowsMin: 1 }).batches();
}

/** Reads every column the pipeline reads: a decoder that is not asked for its values has not decoded them. */
function expectRows(batches: Iterable<MarketBatch>, rows: number): void {
  let sum = 0;
  let count = 0;
  for (const { length, tsMs, rxMs, symbol, kind, price, bid, ask, qty } of batches) {
    count += length;
    for (let row = 0; row < length; row++) {
      sum += tsMs[row]! + rxMs[row]! + symbol[row]! + kind[row]! + price[row]! + bid[row]! + ask[row]! + qty[row]!;
    }
  }
  if (count !== rows || !(sum > 0)) throw new Error(`${count} rows were read, ${rows} are needed`);
}

/** Peak memory of a process that does nothing but replay the caches, beside one that only starts. */
function memory(dir: string, seconds: number): Figure {
  const bench = fileURLToPath(new URL("bench.js", import.meta.url));
  const peakMb = (...args: string[]): number => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [bench, ...args], { encoding: "utf8" });
    const peakKb = Number(stdout);
    if (status !== 0 || !(peakKb > 0)) throw new Error(`${args.join(" ")} exits with ${status}: ${stderr}`);
    return peakKb / 1024;
  };
  const whole = peakMb("--replay-child", dir, String(seconds));
  const start = peakMb("--start-child");
  return {
    name: `peak memory of that pipeline (${((UNIVERSE_SYMBOLS * seconds) / 1e6).toFixed(1)} M events)`,
    value: `${whole.toFixed(0)} MB`,
    baseline: `started only: ${start.toFixed(0)} MB`,
    ratio: `${(whole / start).toFixed(2)}x`,
  };
}
