#!/usr/bin/env node
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import type { MarketBatch } from "../recording/batch.ts";
import { openRecording } from "../recording/reader.ts";
import { live } from "./live-bench.ts";
import {
  type Figure,
  figuresText,
  interleaved,
  interleavedMs,
  median,
  rateText,
  type Timing,
  timedRateText,
} from "./measure.ts";
import { cached, replay } from "./replay.ts";
import { serve } from "./serve-bench.ts";
import {
  contentText,
  inMemory,
  intentPayloads,
  NO_RUN,
  runIntents,
  runUniverse,
  UNIVERSE_SYMBOLS,
  type UniverseRun,
  universeRecording,
} from "./universe.ts";
import { WARM_UP_MINUTES } from "./variants.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const sim = join(root, "dist/cli/sim.js");

/**
 * `--smoke` only shows that everything runs (the strategy needs 200 s before its first intent); `--full` replays a whole
 * day of the universe from its caches (48.9 M events, about 2 GB of temporary files).
 */
const isSmoke = process.argv.includes("--smoke");
const isFull = process.argv.includes("--full");
const seconds = isSmoke ? 300 : 1200;
const rounds = isSmoke ? 1 : 3;
const intentCount = isSmoke ? 1000 : 20_000;
const replaySize = {
  seconds: isSmoke ? 300 : isFull ? 86_400 : 7200,
  rawSeconds: isSmoke ? 300 : 7200,
  ndjsonSeconds: isSmoke ? 20 : 1200,
  rounds: isFull ? 2 : rounds,
  variants: isSmoke
    ? [{ seconds: 2400, minutes: 33, rounds }]
    : [
        { seconds: isFull ? 86_400 : 23_400, minutes: WARM_UP_MINUTES, rounds },
        { seconds: 7200, minutes: 40, rounds },
      ],
};

const serveSize = {
  flowOrders: isSmoke ? 100_000 : 1_000_000,
  rounds,
  servedOrders: isSmoke ? 2_000 : isFull ? 300_000 : 20_000,
};

const liveSize = {
  perSecond: isSmoke ? 500 : 1000,
  seconds: isSmoke ? 1 : 10,
  soakEntries: isSmoke ? 2000 : isFull ? 10_000_000 : 100_000,
};

if (process.argv.includes("--memory-child")) {
  // Runs alone in its process, so that its peak is its own.
  runUniverse(universeRecording(Number(process.argv.at(-1))), 1);
  process.stdout.write(String(process.resourceUsage().maxRSS));
} else if (process.argv.includes("--replay-child")) {
  const [dir, virtualSeconds] = process.argv.slice(-2) as [string, string];
  runUniverse(cached(dir, universeRecording(Number(virtualSeconds))), 1);
  process.stdout.write(String(process.resourceUsage().maxRSS));
} else if (process.argv.includes("--start-child")) {
  process.stdout.write(String(process.resourceUsage().maxRSS));
} else {
  process.stdout.write(
    `${figuresText([...replay(replaySize), ...pipeline(), ...decisions(), ...reading(), ...processes(), ...memory(), ...serve(serveSize), ...live(liveSize)])}\n`,
  );
}

/** The least a reader can do: every column the pipeline reads, added up. */
function addUp(batches: Iterable<MarketBatch>): void {
  let sum = 0;
  for (const { length, tsMs, rxMs, symbol, kind, price, bid, ask, qty } of batches) {
    for (let row = 0; row < length; row++) {
      sum += tsMs[row]! + rxMs[row]! + symbol[row]! + kind[row]! + price[row]! + bid[row]! + ask[row]! + qty[row]!;
    }
  }
  if (!(sum > 0)) throw new Error(`the baseline adds up to ${sum}, a positive sum is needed`);
}

/** A pipeline that decides nothing is no pipeline. */
function expectIntents({ intents }: UniverseRun): void {
  if (intents === 0) throw new Error("the strategy made no intents, some are needed to measure the whole pipeline");
}

/** Market events through the whole pipeline from decoded columns, beside a loop that only adds them up. */
function pipeline(): Figure[] {
  const recording = inMemory(universeRecording(seconds));
  let run = NO_RUN;
  const [bare, one, two, eight] = interleaved(
    [
      () => addUp(recording.held),
      () => {
        run = runUniverse(recording, 1);
      },
      () => runUniverse(recording, 2),
      () => runUniverse(recording, 8),
    ],
    rounds,
  ) as [Timing, Timing, Timing, Timing];
  expectIntents(run);
  const count = recording.marketEventCount;
  return [
    {
      name: `market events, 1 variant (${UNIVERSE_SYMBOLS} symbols, ${seconds} s; ${contentText(run)})`,
      value: timedRateText(count, one),
      baseline: `bare loop ${rateText(count, bare.ms)}`,
      ratio: (bare.ms / one.ms).toFixed(3),
    },
    ...[
      { variants: 2, took: two },
      { variants: 8, took: eight },
    ].map(({ variants, took }) => ({
      name: `  ${variants} variants in one pass`,
      value: `${took.ms.toFixed(0)} ms (${took.cpuMs.toFixed(0)} CPU)`,
      baseline: `1 variant ${one.ms.toFixed(0)} ms (${one.cpuMs.toFixed(0)} CPU)`,
      ratio: `${(took.cpuMs / one.cpuMs).toFixed(2)}x`,
    })),
  ];
}

/** Intents from stream entry to ledger, beside reading and writing the same entries as JSON. */
function decisions(): Figure[] {
  const recording = inMemory(universeRecording(Math.max(20, Math.ceil((intentCount * 5) / 1000) + 10)));
  const payloads = intentPayloads(recording, intentCount);
  let kept = 0;
  let run = { intents: 0, entries: 0, decisions: 0, commits: 0 };
  const [json, ms] = interleavedMs(
    [
      () => {
        for (const payload of payloads) kept += (JSON.parse(JSON.stringify(payload)) as typeof payload).qty;
      },
      () => {
        run = runIntents(recording, intentCount);
      },
    ],
    rounds,
  ) as [number, number];
  if (kept === 0 || run.commits < 0.95 * intentCount) {
    throw new Error(
      `${run.commits} of ${intentCount} intents reached the ledger, most are needed to measure the way there`,
    );
  }
  return [
    {
      name: `intents to ledger (${run.commits} commits, ${run.entries} journal entries)`,
      value: rateText(intentCount, ms),
      baseline: `JSON round trip ${rateText(intentCount, json)}`,
      ratio: (json / ms).toFixed(3),
    },
    {
      name: `  decisions they cause (${run.decisions})`,
      value: rateText(run.decisions, ms),
      baseline: `intents ${rateText(intentCount, ms)}`,
      ratio: `${(run.decisions / intentCount).toFixed(2)}x`,
    },
  ];
}

/** Rows of the shipped recording, verified and decoded, beside `JSON.parse` of the same lines. */
function reading(): Figure[] {
  const folder = join(root, "recordings/regime-flip");
  const parts = readdirSync(folder).filter((name) => name.startsWith("market."));
  const lines = parts.flatMap((name) =>
    gunzipSync(readFileSync(join(folder, name)))
      .toString()
      .trimEnd()
      .split("\n"),
  );
  let rows = 0;
  let seqs = 0;
  const [parse, read] = interleavedMs(
    [
      () => {
        for (const line of lines) seqs += (JSON.parse(line) as { seq: number }).seq;
      },
      () => {
        rows = 0;
        for (const { length } of openRecording(folder).batches()) rows += length;
      },
    ],
    rounds,
  ) as [number, number];
  if (rows !== lines.length || seqs === 0) throw new Error(`${rows} rows of ${lines.length} lines were read`);
  return [
    {
      name: `recording read, hashes and gunzip included (${rows} rows)`,
      value: rateText(rows, read),
      baseline: `JSON.parse alone ${rateText(rows, parse)}`,
      ratio: (parse / read).toFixed(2),
    },
  ];
}

/** Whole processes, as a person waits for them. */
function processes(): Figure[] {
  if (!existsSync(sim)) {
    return ["sim --help", "sim run scenarios/regime-flip.yaml"].map((name) => ({
      name,
      value: "skipped",
      baseline: "dist/cli/sim.js is missing: npm run build",
      ratio: "-",
    }));
  }
  const out = mkdtempSync(join(tmpdir(), "rehearsal-bench-"));
  const times = { empty: [] as number[], help: [] as number[], scenario: [] as number[] };
  const time = (args: readonly string[]): number => {
    const start = performance.now();
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8", cwd: root });
    if (status !== 0) throw new Error(`node ${args.join(" ")} exits with ${status}: ${stderr}`);
    return performance.now() - start;
  };
  try {
    for (let round = 0; round < rounds; round++) {
      times.empty.push(time(["-e", "0"]));
      times.help.push(time([sim, "--help"]));
      times.scenario.push(time([sim, "run", "scenarios/regime-flip.yaml", "--out", join(out, String(round))]));
    }
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
  const empty = median(times.empty);
  return [
    { name: "sim --help", of: median(times.help) },
    { name: "sim run scenarios/regime-flip.yaml", of: median(times.scenario) },
  ].map(({ name, of }) => ({
    name,
    value: `${of.toFixed(0)} ms`,
    baseline: `node -e 0 ${empty.toFixed(0)} ms`,
    ratio: `${(of / empty).toFixed(1)}x`,
  }));
}

/** Peak memory of a run, and of one four times as long: it follows the state, not the length. */
function memory(): Figure[] {
  const peakMb = (virtualSeconds: number): number => {
    const args = [fileURLToPath(import.meta.url), "--memory-child", String(virtualSeconds)];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
    const peakKb = Number(stdout);
    if (status !== 0 || !(peakKb > 0)) {
      throw new Error(`the run of ${virtualSeconds} virtual seconds exits with ${status}: ${stderr}`);
    }
    return peakKb / 1024;
  };
  const short = peakMb(seconds);
  const long = peakMb(4 * seconds);
  return [
    {
      name: `peak memory of ${4 * seconds} virtual seconds`,
      value: `${long.toFixed(0)} MB`,
      baseline: `${seconds} s: ${short.toFixed(0)} MB`,
      ratio: `${(long / short).toFixed(2)}x`,
    },
  ];
}
