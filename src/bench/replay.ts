import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { MarketBatch, RecordingSource } from "../recording/batch.ts";
import { openRecording } from "../recording/reader.ts";
import { type Figure, interleaved, rateText, type Timing, timedRateText } from "./measure.ts";
import { rawBatches, shardBatches, writeNdjson, writeRaw, writeShards } from "./replay-files.ts";
import { contentText, NO_RUN, runUniverse, UNIVERSE_SYMBOLS, universeRecording } from "./universe.ts";
import { variantFigures } from "./variants-bench.ts";

export interface ReplaySize {
  /** Virtual seconds of the universe in caches, of the raw columns beside them, and as NDJSON. */
  readonly seconds: number;
  readonly rawSeconds: number;
  readonly ndjsonSeconds: number;
  readonly rounds: number;
  /** What many governors are run over: `minutes` of it pass before the first intent. */
  readonly variants: readonly { readonly seconds: number; readonly minutes: number; readonly rounds: number }[];
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

function measure(dir: string, size: ReplaySize): Figure[] {
  const { seconds, rawSeconds, ndjsonSeconds, rounds } = size;
  const universe = universeRecording(seconds);
  const rows = universe.marketEventCount;
  const raw = join(dir, "raw");
  const ndjson = join(dir, "ndjson");
  const [written] = interleaved([() => writeShards(dir, universe)], 1) as [Timing];
  writeRaw(raw, universeRecording(rawSeconds).batches());
  writeNdjson(ndjson, universeRecording(ndjsonSeconds));
  // The first reading makes the cache; what is measured is what later ones take.
  for (const _ of withCache(ndjson));
  const rawRows = UNIVERSE_SYMBOLS * rawSeconds;
  const ndjsonRows = UNIVERSE_SYMBOLS * ndjsonSeconds;
  let run = NO_RUN;

  const [raws, merge, whole, cold, fromCache] = interleaved(
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
  ) as [Timing, Timing, Timing, Timing, Timing];
  if (run.intents === 0) throw new Error("the strategy made no intents, some are needed to measure the whole pipeline");

  const bytes = [0, 1, 2, 3].reduce((sum, shard) => sum + statSync(join(dir, `shard-${shard}.parquet`)).size, 0);
  const baseline = `raw typed arrays ${rateText(rawRows, raws.ms)}`;
  const beside = (name: string, count: number, took: Timing): Figure => ({
    ...{ name, value: timedRateText(count, took), baseline },
    ratio: (count / took.ms / (rawRows / raws.ms)).toFixed(3),
  });
  const shown = `${UNIVERSE_SYMBOLS} symbols, ${seconds} s, ${(rows / 1e6).toFixed(1)} M`;
  return [
    beside(`market cache decoded and merged from 4 files (${shown})`, rows, merge),
    beside(`whole pipeline from the cache, 1 variant (${contentText(run)})`, rows, whole),
    beside(`NDJSON read cold, hashes and gunzip included (${ndjsonRows} rows)`, ndjsonRows, cold),
    beside("  the same recording from its cache, hashes included", ndjsonRows, fromCache),
    beside(`market cache written (${(bytes / rows).toFixed(1)} bytes a row), generation included`, rows, written),
    memory(dir, seconds),
    ...size.variants.flatMap((span) => variants(dir, seconds, span)),
  ];
}

/** Over the caches that are there, where they are of that span. */
function variants(dir: string, cachedSeconds: number, span: ReplaySize["variants"][number]): Figure[] {
  const { seconds, minutes, rounds } = span;
  if (seconds === cachedSeconds) return variantFigures({ dir, seconds, warmUpMinutes: minutes, rounds });
  const own = mkdtempSync(join(dir, "span-"));
  writeShards(own, universeRecording(seconds));
  return variantFigures({ dir: own, seconds, warmUpMinutes: minutes, rounds });
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
