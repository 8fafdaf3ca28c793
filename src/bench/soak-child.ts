import { statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import type { RedisTarget } from "../live/redis/redis-target.ts";
import { JOURNAL_FILE, MARKET_FILE } from "../live/session/file-journal.ts";
import { type Producer, startProducer } from "./intent-producer.ts";
import { heapAfterCollectionMb } from "./order-flow.ts";
import { withRedis } from "./own-redis.ts";
import { openStandSession } from "./stand-session.ts";

/** Memory of a session over a long stream, with everything a real one writes. */
export interface SoakResult {
  readonly entries: number;
  readonly orders: number;
  readonly elapsedMs: number;
  /** Heap in use after each tenth of the entries, after a collection each. */
  readonly heapMb: readonly number[];
  /** Resident set of the process at the same instants. */
  readonly rssMb: readonly number[];
  /** What the session wrote, though not all of it stood on the disk at once. */
  readonly journalMb: number;
}

const TENTHS = 10;
/** Once in so many entries the producer is told, and disk space is given back. */
const STEP = 5000;

async function soak(
  target: RedisTarget,
  folder: string,
  entries: number,
  onSample: (text: string) => void,
): Promise<SoakResult> {
  const heapMb: number[] = [];
  const rssMb: number[] = [];
  let judged = 0;
  let orders = 0;
  let producer: Producer | null = null;
  let done!: () => void;
  const all = new Promise<void>((resolve) => {
    done = resolve;
  });
  const sample = () => {
    const [heap, rss] = [heapAfterCollectionMb(), process.memoryUsage.rss() / 1e6];
    heapMb.push(heap);
    rssMb.push(rss);
    onSample(`${judged} entries, ${orders} orders: heap ${heap.toFixed(1)} MB, resident ${rss.toFixed(0)} MB\n`);
  };
  const step = () => {
    producer?.read(judged);
    // Ten million entries are tens of gigabytes, which a bench takes from nobody: what is confirmed is cut off. The
    // journal writes at places of its own, so a hole stays.
    for (const name of [JOURNAL_FILE, MARKET_FILE]) truncateSync(join(folder, name), 0);
  };
  const session = openStandSession({
    target,
    folder,
    stage: () => undefined,
    entry({ envelope: { event }, decisions }) {
      for (const { type } of decisions) if (type === "order.submitted") orders += 1;
      if (event.type !== "intent.received") return;
      judged += 1;
      if (judged % STEP === 0) step();
      if (judged % Math.floor(entries / TENTHS) === 0) sample();
      if (judged === entries) done();
    },
  });
  await session.start();
  const startMs = performance.now();
  producer = startProducer(target, null, entries);
  await all;
  const elapsedMs = performance.now() - startMs;
  producer.stop();
  return { entries, orders, elapsedMs, heapMb, rssMb, journalMb: statSync(join(folder, JOURNAL_FILE)).size / 1e6 };
}

const [entries, ...flags] = process.argv.slice(2);
const onSample = flags.includes("--progress") ? (text: string) => void process.stderr.write(text) : () => undefined;
const result = await withRedis((target, folder) => soak(target, join(folder, "soak"), Number(entries), onSample));
process.stdout.write(JSON.stringify(result));
process.exit(0);
