import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { openLink } from "../live/redis/link.ts";
import type { RedisTarget } from "../live/redis/redis-target.ts";
import { startProducer } from "./intent-producer.ts";
import { withRedis } from "./own-redis.ts";
import { openStandSession } from "./stand-session.ts";
import { STREAM } from "./stand-world.ts";

/** From the arrival of an entry in the process to the order that leaves it. */
export interface LiveResult {
  readonly entries: number;
  readonly orders: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of a bare consumer of the same stream that appends a line to a file for each entry. */
  readonly bareP50Ms: number;
  readonly bareP99Ms: number;
}

/** Not measured: in the first seconds of its hours a session compiles what it then runs. */
const WARM_UP_SECONDS = 3;

async function measure(perSecond: number, seconds: number): Promise<LiveResult | null> {
  return withRedis(async (target, folder) => {
    const bare = await bareConsumer(target, folder, perSecond, seconds);
    const sentMs = await session(target, join(folder, "timed"), perSecond, seconds);
    return {
      entries: perSecond * seconds,
      orders: sentMs.length,
      p50Ms: quantile(sentMs, 0.5),
      p99Ms: quantile(sentMs, 0.99),
      bareP50Ms: quantile(bare, 0.5),
      bareP99Ms: quantile(bare, 0.99),
    };
  });
}

async function session(target: RedisTarget, folder: string, perSecond: number, seconds: number): Promise<number[]> {
  const warmUp = perSecond * WARM_UP_SECONDS;
  const total = warmUp + perSecond * seconds;
  const sentMs: number[] = [];
  let judged = 0;
  let done!: () => void;
  const all = new Promise<void>((resolve) => {
    done = resolve;
  });
  const live = openStandSession({
    target,
    folder,
    stage(stage, ms) {
      if (stage === "entry_to_sent" && judged > warmUp) sentMs.push(ms);
    },
    entry({ envelope }) {
      if (envelope.event.type !== "intent.received") return;
      judged += 1;
      if (judged === total) done();
    },
  });
  await live.start();
  const producer = startProducer(target, perSecond, total);
  await all;
  // The order of the last entry leaves after the entry is in the journal.
  await new Promise((resolve) => setTimeout(resolve, 200));
  producer.stop();
  await live.end();
  return sentMs;
}

/** What reading and writing alone cost: from the answer of the server to the line in the file. */
async function bareConsumer(target: RedisTarget, dir: string, perSecond: number, seconds: number): Promise<number[]> {
  const link = await openLink(target, 2000);
  await link.ask("XGROUP", "CREATE", STREAM, "bare", "$", "MKSTREAM");
  const total = perSecond * seconds;
  const producer = startProducer(target, perSecond, total);
  const read = ["GROUP", "bare", "one", "COUNT", 256, "BLOCK", 1000, "STREAMS", STREAM, ">"] as const;
  const times: number[] = [];
  while (times.length < total) {
    const reply = await link.ask("XREADGROUP", ...read);
    const arrivedMs = performance.now();
    const streams = Array.isArray(reply) ? (reply as readonly (readonly [unknown, readonly unknown[]])[]) : [];
    const entries = streams[0]?.[1] ?? [];
    for (const entry of entries) {
      appendFileSync(join(dir, "bare.ndjson"), `${JSON.stringify(String(entry))}\n`);
      times.push(performance.now() - arrivedMs);
    }
  }
  producer.stop();
  link.close();
  return times;
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

const [perSecond, seconds] = process.argv.slice(2).map(Number) as [number, number];
process.stdout.write(JSON.stringify(await measure(perSecond, seconds)));
process.exit(0);
