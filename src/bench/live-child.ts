import { fork, spawn, spawnSync } from "node:child_process";
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { OrderSubmitted } from "../engine/domain/decision.ts";
import type { EngineEvent } from "../engine/domain/event.ts";
import type { Instrument } from "../engine/domain/instrument.ts";
import { createGovernor } from "../engine/governors/index.ts";
import { MarketState } from "../engine/market/market-state.ts";
import { pipelineSchema } from "../engine/policy.ts";
import { createRanker } from "../engine/rankers/index.ts";
import { ENGINE_VERSION } from "../engine/version.ts";
import { createStageMeter } from "../live/ops/stage-meter.ts";
import type { ExchangeListener, LiveExchange, MarketFeed, MarketListener } from "../live/ports.ts";
import { openLink } from "../live/redis/link.ts";
import { parseRedisUrl, type RedisTarget } from "../live/redis/redis-target.ts";
import { systemClock } from "../live/session/clock.ts";
import { openFileJournal } from "../live/session/file-journal.ts";
import { LiveSession } from "../live/session/live-session.ts";
import { createRedisIntents } from "../live/streams/redis-intents.ts";
import { heapAfterCollectionMb } from "./order-flow.ts";

/** From the arrival of an entry in the process to the order that leaves it, and memory over a long stream. */
export interface LiveResult {
  readonly entries: number;
  readonly orders: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of a bare consumer of the same stream that appends a line to a file for each entry. */
  readonly bareP50Ms: number;
  readonly bareP99Ms: number;
  readonly soakEntries: number;
  readonly soakMs: number;
  readonly heapEarlyMb: number;
  readonly heapMb: number;
}

const SYMBOLS = 500;
const STREAM = "bench:trade.intent";
const PRICE = 100;

/** `null` in place of a result when there is no redis-server. */
async function measure(perSecond: number, seconds: number, soakEntries: number): Promise<LiveResult | null> {
  const binary = process.env["REDIS_SERVER"] ?? "redis-server";
  if (spawnSync(binary, ["--version"]).status !== 0) return null;
  const dir = mkdtempSync(join(tmpdir(), "rehearsal-bench-live-"));
  const port = await freePort();
  const server = spawn(binary, ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--dir", dir], {
    stdio: "ignore",
  });
  try {
    const target = parseRedisUrl(`redis://127.0.0.1:${port}`);
    await reachable(target);
    const bare = await bareConsumer(target, dir, perSecond, seconds);
    const timed = await session(target, join(dir, "timed"), perSecond, seconds);
    const soak = await session(target, join(dir, "soak"), Number.POSITIVE_INFINITY, 0, soakEntries);
    return {
      entries: timed.entries,
      orders: timed.sentMs.length,
      p50Ms: quantile(timed.sentMs, 0.5),
      p99Ms: quantile(timed.sentMs, 0.99),
      bareP50Ms: quantile(bare, 0.5),
      bareP99Ms: quantile(bare, 0.99),
      soakEntries: soak.entries,
      soakMs: soak.elapsedMs,
      heapEarlyMb: soak.heapEarlyMb,
      heapMb: soak.heapMb,
    };
  } finally {
    server.kill("SIGKILL");
    rmSync(dir, { recursive: true, force: true });
  }
}

interface SessionResult {
  readonly entries: number;
  readonly sentMs: readonly number[];
  readonly elapsedMs: number;
  readonly heapEarlyMb: number;
  readonly heapMb: number;
}

/** A whole session but for the exchange, which answers at once: a real one's time is not ours. */
async function session(
  target: RedisTarget,
  folder: string,
  perSecond: number,
  seconds: number,
  soakEntries = 0,
): Promise<SessionResult> {
  const instruments = Array.from(
    { length: SYMBOLS },
    (_, index): Instrument => ({
      symbol: `S${index}USDT`,
      index,
      tickSize: "0.01",
      stepSize: "0.001",
      qtyLotsMin: 1,
      qtyLotsMax: 1_000_000_000,
      notionalMinQuote: 500_000_000n,
      isOnVenue: true,
    }),
  );
  const policy = pipelineSchema.parse({
    governor: { name: "none" },
    bridge: { exposureMax: 1000, seenTtl: "60s" },
    limits: {
      openPositionsMax: 10_000,
      notionalPerTradeMaxQuote: "500",
      notionalTotalMaxQuote: "100000000",
      symbolCooldown: "0s",
    },
    permits: { executionCooldown: "0s", addOnMaxQuote: "100000000", snapshotAgeMax: "1h" },
    executor: { doneTtl: "60s" },
    harvest: { interval: "1h" },
    snapshots: { interval: "2s" },
  });
  const symbols = instruments.map(({ symbol }) => symbol);
  const total = soakEntries > 0 ? soakEntries : perSecond * seconds;
  const sentMs: number[] = [];
  let judged = 0;
  let heapEarlyMb = 0;
  let done!: () => void;
  const all = new Promise<void>((resolve) => {
    done = resolve;
  });
  const meter = createStageMeter({
    stage(stage, ms) {
      if (stage === "entry_to_sent" && soakEntries === 0) sentMs.push(ms);
    },
  });
  const journal = openFileJournal(
    folder,
    {
      schema: "rehearsal.journal/1",
      runId: "bench",
      variant: "bench",
      scenario: "bench",
      scenarioHash: "",
      recording: "bench",
      recordingHash: "",
      engineVersion: ENGINE_VERSION,
      seed: "1",
      startTsMs: Date.now(),
      warmupUntilTsMs: 0,
      symbols,
      stepSizes: symbols.map(() => "0.001"),
      tickSizes: symbols.map(() => "0.01"),
      quirks: [],
      universeSize: SYMBOLS,
    },
    "process",
  );
  const live = new LiveSession({
    parts: {
      policy,
      instruments,
      market: new MarketState({ symbols, windowBars: 300, pointsMin: 257, refreshBars: 1 }),
      governor: createGovernor(policy.governor),
      ranker: createRanker(policy.snapshots.ranker),
    },
    clock: systemClock(),
    feed: new FixedFeed(),
    intents: meter.intents(
      createRedisIntents({ target, stream: STREAM, group: `g-${perSecond}`, consumer: "one", batch: 256 }),
    ),
    intentStart: { kind: "new" },
    exchange: meter.exchange(new InstantExchange()),
    plans: null,
    gate: null,
    operator: null,
    journal: meter.journal(journal, {
      entry({ envelope }) {
        if (envelope.event.type !== "intent.received") return;
        judged += 1;
        if (judged === Math.floor(total / 10) && soakEntries > 0) heapEarlyMb = heapAfterCollectionMb();
        if (judged === total) done();
      },
      price: () => undefined,
    }),
    recording: null,
  });
  await live.start();
  const start = performance.now();
  const producer = fork(fileURLToPath(import.meta.url), [
    "--produce",
    target.safeUrl,
    String(perSecond === Number.POSITIVE_INFINITY ? 0 : perSecond),
    String(total),
  ]);
  await all;
  const elapsedMs = performance.now() - start;
  await new Promise((resolve) => setTimeout(resolve, 200));
  const heapMb = heapAfterCollectionMb();
  producer.kill();
  await live.end();
  return { entries: judged, sentMs, elapsedMs, heapEarlyMb, heapMb };
}

/** Accepts and fills everything within the turn after. */
class InstantExchange implements LiveExchange {
  #listener: ExchangeListener | null = null;
  #orders = 0;

  async connect(listener: ExchangeListener): Promise<void> {
    this.#listener = listener;
  }

  submit({ clientOrderId, symbol, side, qtyLots }: OrderSubmitted): void {
    this.#orders += 1;
    const orderId = String(this.#orders);
    const fill: EngineEvent = {
      type: "exchange.order-filled",
      clientOrderId,
      orderId,
      tradeId: orderId,
      symbol,
      side,
      qtyLots,
      priceTicks: PRICE * 100,
      cumulativeQtyLots: qtyLots,
      isOrderComplete: true,
      isMaker: false,
      feeQuote: 0n,
      realizedPnlQuote: 0n,
      exchangeTsMs: Date.now(),
    };
    setImmediate(() => this.#listener?.event(fill));
  }

  query(): void {}

  requestSnapshot({ requestId, symbols }: Parameters<LiveExchange["requestSnapshot"]>[0]): void {
    const event: EngineEvent = {
      type: "exchange.snapshot-received",
      requestId,
      status: "failed",
      asOfTsMs: Date.now() - 1,
      symbols,
      positions: [],
      walletQuote: 0n,
      isFinal: true,
      error: "a bench has no account",
    };
    setImmediate(() => this.#listener?.event({ ...event, status: "ok", walletQuote: 10n ** 17n }));
  }

  async reconcile() {
    return { asOfTsMs: Date.now(), walletQuote: 10n ** 17n, positions: [], openOrders: [] };
  }

  async cancelOwnOrders() {
    return [];
  }

  async close(): Promise<void> {
    this.#listener = null;
  }
}

class FixedFeed implements MarketFeed {
  #timer: NodeJS.Timeout | null = null;

  async connect(listener: MarketListener): Promise<void> {
    const tell = () => {
      for (let symbolIndex = 0; symbolIndex < SYMBOLS; symbolIndex++) {
        listener.row({
          symbolIndex,
          tsMs: Date.now(),
          kind: "mark",
          price: (PRICE + (Date.now() % 7) / 100).toFixed(2),
        });
      }
    };
    tell();
    this.#timer = setInterval(tell, 1000);
  }

  async close(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
  }
}

/** What reading and writing alone cost: from the answer of the server to the line in the file. */
async function bareConsumer(target: RedisTarget, dir: string, perSecond: number, seconds: number): Promise<number[]> {
  const link = await openLink(target, 2000);
  await link.ask("XGROUP", "CREATE", STREAM, "bare", "$", "MKSTREAM");
  const total = perSecond * seconds;
  const producer = fork(fileURLToPath(import.meta.url), [
    "--produce",
    target.safeUrl,
    String(perSecond),
    String(total),
  ]);
  const times: number[] = [];
  while (times.length < total) {
    const reply = await link.ask(
      "XREADGROUP",
      "GROUP",
      "bare",
      "one",
      "COUNT",
      256,
      "BLOCK",
      1000,
      "STREAMS",
      STREAM,
      ">",
    );
    const arrivedMs = performance.now();
    const streams = Array.isArray(reply) ? (reply as readonly (readonly [unknown, readonly unknown[]])[]) : [];
    const entries = streams[0]?.[1] ?? [];
    for (const entry of entries) {
      appendFileSync(join(dir, "bare.ndjson"), `${JSON.stringify(String(entry))}\n`);
      times.push(performance.now() - arrivedMs);
    }
  }
  producer.kill();
  link.close();
  return times;
}

/** Entries at a rate, or as fast as the server takes them (0), in pieces so that nobody waits for a round trip. */
async function produce(url: string, perSecond: number, total: number): Promise<void> {
  const link = await openLink(parseRedisUrl(url), 2000);
  const startMs = performance.now();
  for (let sent = 0; sent < total; ) {
    const due = perSecond === 0 ? sent + 500 : Math.floor(((performance.now() - startMs) / 1000) * perSecond);
    const piece = Math.min(total - sent, Math.max(0, due - sent), 500);
    if (piece > 0) {
      await link.askAll(Array.from({ length: piece }, (_, place) => command(sent + place)));
      sent += piece;
    }
    // As fast as the reader: a stream that grows without bound would measure the server's memory.
    if (perSecond === 0 && sent % 20_000 === 0) await link.ask("XTRIM", STREAM, "MAXLEN", "~", 200_000);
    await new Promise((resolve) => setTimeout(resolve, perSecond === 0 ? 20 : 2));
  }
  await new Promise((resolve) => setTimeout(resolve, 60_000));
}

function command(place: number): readonly [string, ...string[]] {
  const side = Math.floor(place / SYMBOLS) % 2 === 0 ? "BUY" : "SELL";
  const payload = {
    symbol: `S${place % SYMBOLS}USDT`,
    side,
    confidence: 0.7,
    entry_price: PRICE,
    position_size_usd: 100,
  };
  return ["XADD", STREAM, "*", "event_type", "trade.intent", "payload", JSON.stringify(payload), "source", "bench"];
}

async function reachable(target: RedisTarget): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      (await openLink(target, 500)).close();
      return;
    } catch (error) {
      if (attempt === 50) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

async function freePort(): Promise<number> {
  return new Promise((done) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => done(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

if (process.argv[2] === "--produce") {
  await produce(process.argv[3]!, Number(process.argv[4]), Number(process.argv[5]));
} else {
  const [perSecond, seconds, soakEntries] = process.argv.slice(2).map(Number) as [number, number, number];
  process.stdout.write(JSON.stringify(await measure(perSecond, seconds, soakEntries)));
  process.exit(0);
}
