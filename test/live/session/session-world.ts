import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { OrderSubmitted } from "../../../src/engine/domain/decision.ts";
import type { Instrument } from "../../../src/engine/domain/instrument.ts";
import type { JournalEntry, JournalHeader } from "../../../src/engine/domain/journal.ts";
import { createGovernor } from "../../../src/engine/governors/index.ts";
import { MarketState } from "../../../src/engine/market/market-state.ts";
import type { EngineParts } from "../../../src/engine/pipeline/state.ts";
import { type PolicyInput, pipelineSchema } from "../../../src/engine/policy.ts";
import { createRanker } from "../../../src/engine/rankers/index.ts";
import type {
  DeliveredIntent,
  ExchangeListener,
  FeedRow,
  IntentListener,
  IntentSource,
  JournalSink,
  LiveExchange,
  MarketFeed,
  MarketListener,
  PlanStream,
} from "../../../src/live/ports.ts";
import { ManualClock } from "../../../src/live/session/clock.ts";
import { LiveSession } from "../../../src/live/session/live-session.ts";
import type { LiveSessionOptions } from "../../../src/live/session/options.ts";
import { PaperExchange } from "../../../src/live/session/paper-exchange.ts";

export const START_MS = 1_770_000_000_000;
export const SYMBOLS = ["BTCUSDT", "ETHUSDT", "SOLUSDT"] as const;
const PRICES = [95_000, 3_200, 150];

export const INSTRUMENTS: readonly Instrument[] = SYMBOLS.map((symbol, index) => ({
  symbol,
  index,
  tickSize: "0.1",
  stepSize: "0.001",
  qtyLotsMin: 1,
  qtyLotsMax: 1_000_000,
  notionalMinQuote: 500_000_000n,
  isOnVenue: true,
}));

const POLICY: PolicyInput = {
  governor: { name: "none" },
  bridge: { exposureMax: 50 },
  limits: {
    openPositionsMax: 10,
    notionalPerTradeMaxQuote: "500",
    notionalTotalMaxQuote: "100000",
    symbolCooldown: "0s",
  },
  permits: { executionCooldown: "0s", addOnMaxQuote: "100000" },
  trackers: { featurePointsMin: 32 },
};

export function engineParts(policy: PolicyInput = POLICY): EngineParts {
  const parsed = pipelineSchema.parse(policy);
  return {
    policy: parsed,
    instruments: INSTRUMENTS,
    market: new MarketState({ symbols: SYMBOLS, windowBars: 300, pointsMin: 32, refreshBars: 1 }),
    governor: createGovernor(parsed.governor),
    ranker: createRanker(parsed.snapshots.ranker),
  };
}

export const HEADER: JournalHeader = {
  schema: "rehearsal.journal/1",
  runId: "live-test",
  variant: "live",
  scenario: "test",
  scenarioHash: "0",
  recording: "live",
  recordingHash: "0",
  engineVersion: "0",
  seed: "0",
  startTsMs: START_MS,
  warmupUntilTsMs: START_MS,
  symbols: [...SYMBOLS],
  stepSizes: SYMBOLS.map(() => "0.001"),
  tickSizes: SYMBOLS.map(() => "0.1"),
  quirks: [],
  universeSize: 3,
};

export function paperExchange(clock: ManualClock): PaperExchange {
  return new PaperExchange({
    clock,
    instruments: INSTRUMENTS,
    walletQuote: 1_000_000_000_000n,
    leverage: 20,
    fees: { maker: "0.0002", taker: "0.0005" },
    fill: { halfSpreadBps: 1, slippageBps: 1, impactBps: 0 },
    fidelity: "mark",
    latencyMs: { order: 20, answer: 15, snapshot: 40 },
  });
}

/** A feed that says what a test says. */
export class ScriptedFeed implements MarketFeed {
  listener: MarketListener | null = null;
  async connect(listener: MarketListener): Promise<void> {
    this.listener = listener;
  }
  async close(): Promise<void> {
    this.listener = null;
  }
  row(symbolIndex: number, price: number, tsMs: number | null = null): void {
    const row: FeedRow = { symbolIndex, tsMs, kind: "mark", price: price.toFixed(1) };
    this.listener?.row(row);
  }
}

/** A stream with one consumer group, outside of the session: it keeps what was delivered and not acknowledged. */
export class ScriptedStream {
  readonly pending = new Map<string, Readonly<Record<string, string>>>();
  readonly acked: string[] = [];
  pauses = 0;
  isPaused = false;
  #listener: IntentListener | null = null;
  #waiting: string[] = [];
  readonly #fields = new Map<string, Readonly<Record<string, string>>>();

  add(entryId: string, payload: Readonly<Record<string, unknown>>): void {
    this.#fields.set(entryId, { event_type: "trade.intent", payload: JSON.stringify(payload), source: "test" });
    this.#waiting.push(entryId);
    this.pump();
  }

  pump(): void {
    while (this.#listener !== null && !this.isPaused && this.#waiting.length > 0)
      this.#deliver(this.#waiting.shift()!, false);
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  source(): IntentSource {
    return {
      start: async (listener) => {
        this.#listener = listener;
        this.isPaused = false;
        const backlog = { pending: this.pending.size, unread: this.#waiting.length, oldestEntryId: null };
        for (const entryId of [...this.pending.keys()]) this.#deliver(entryId, true);
        this.pump();
        return backlog;
      },
      pause: () => {
        this.pauses += 1;
        this.isPaused = true;
      },
      resume: () => {
        this.isPaused = false;
        setImmediate(() => this.pump());
      },
      close: async () => {
        this.#listener = null;
      },
    };
  }

  disconnect(): void {
    this.#listener = null;
  }

  #deliver(entryId: string, isRedelivery: boolean): void {
    const fields = this.#fields.get(entryId)!;
    this.pending.set(entryId, fields);
    const intent: DeliveredIntent = {
      event: { type: "intent.received", entryId, fields },
      isRedelivery,
      ack: () => {
        if (this.pending.delete(entryId)) this.acked.push(entryId);
      },
    };
    this.#listener?.intent(intent);
  }
}

/** An exchange that notes what reaches it, in front of the one that answers. */
export class WatchedExchange implements LiveExchange {
  readonly submitted: OrderSubmitted[] = [];
  readonly queried: string[] = [];
  /** In the order in which they were sent: `submit rh-...`, `query rh-...`. */
  readonly sent: string[] = [];
  listener: ExchangeListener | null = null;
  cancelled = 0;
  isDeaf = false;
  readonly inner: LiveExchange;
  constructor(inner: LiveExchange) {
    this.inner = inner;
  }
  async connect(listener: ExchangeListener): Promise<void> {
    this.listener = listener;
    await this.inner.connect(listener);
  }
  submit(order: OrderSubmitted, tsMs: number): void {
    this.submitted.push(order);
    this.sent.push(`submit ${order.clientOrderId}`);
    if (!this.isDeaf) this.inner.submit(order, tsMs);
  }
  query(request: Parameters<LiveExchange["query"]>[0], tsMs: number, order: OrderSubmitted): void {
    this.queried.push(request.clientOrderId);
    this.sent.push(`query ${request.clientOrderId}`);
    this.inner.query(request, tsMs, order);
  }
  requestSnapshot(request: Parameters<LiveExchange["requestSnapshot"]>[0], tsMs: number): void {
    this.inner.requestSnapshot(request, tsMs);
  }
  reconcile() {
    return this.inner.reconcile();
  }
  async cancelOwnOrders() {
    this.cancelled += 1;
    return this.inner.cancelOwnOrders();
  }
  async close(): Promise<void> {
    await this.inner.close();
  }
  onRow(row: Parameters<NonNullable<LiveExchange["onRow"]>>[0]): void {
    this.inner.onRow?.(row);
  }
  onFunding(funding: Parameters<NonNullable<LiveExchange["onFunding"]>>[0]): void {
    this.inner.onFunding?.(funding);
  }
}

/** Keeps entries in memory; `flushed` are those a flush has confirmed. */
export class MemoryJournal implements JournalSink {
  readonly entries: JournalEntry[] = [];
  flushed = 0;
  moves = 0;
  /** Replaces the disk: resolves when it has written, rejects when it cannot. */
  disk: () => Promise<void> = () => Promise.resolve();
  move(): void {
    this.moves += 1;
  }
  append(entry: JournalEntry): void {
    this.entries.push(entry);
  }
  async flush(): Promise<void> {
    const written = this.entries.length;
    await this.disk();
    this.flushed = written;
  }
  async close(): Promise<void> {}
}

/** Remembers like a Redis stream: it outlives the session. */
export class MemoryPlans {
  readonly entries: JournalEntry[] = [];
  /** Entries wait here instead, until `letGo`. */
  held: JournalEntry[] | null = null;
  #onRoom: (() => void) | null = null;

  letGo(): void {
    this.entries.push(...(this.held ?? []));
    this.held = null;
    this.#onRoom?.();
  }

  port(): PlanStream {
    const plans = this;
    return {
      get waiting() {
        return plans.held?.length ?? 0;
      },
      publish: (entry) => {
        (this.held ?? this.entries).push(entry);
      },
      room: (waitingMax) =>
        new Promise((found) => {
          if ((this.held?.length ?? 0) <= waitingMax) found();
          else this.#onRoom = found;
        }),
      lastPublishedSeq: async () => this.entries.at(-1)?.envelope.seq ?? 0,
      drain: async () => undefined,
      close: async () => undefined,
    };
  }
}

export interface World {
  readonly clock: ManualClock;
  readonly feed: ScriptedFeed;
  readonly stream: ScriptedStream;
  readonly paper: PaperExchange;
  readonly exchange: WatchedExchange;
  readonly plans: MemoryPlans;
}

export function createWorld(): World {
  const clock = new ManualClock(START_MS);
  const paper = paperExchange(clock);
  return {
    clock,
    feed: new ScriptedFeed(),
    stream: new ScriptedStream(),
    paper,
    exchange: new WatchedExchange(paper),
    plans: new MemoryPlans(),
  };
}

export function sessionOf(world: World, options: Partial<LiveSessionOptions> & { journal: JournalSink }): LiveSession {
  return new LiveSession({
    parts: engineParts(),
    clock: world.clock,
    feed: world.feed,
    intents: world.stream.source(),
    intentStart: { kind: "resume" },
    exchange: world.exchange,
    plans: world.plans.port(),
    gate: null,
    operator: null,
    recording: null,
    ...options,
  });
}

/** A market and a stream of intents that follow from a number: the same in every run. */
export class Script {
  readonly #world: World;
  #state: number;
  readonly #prices = [...PRICES];
  #intents = 0;

  constructor(world: World, seed: number) {
    this.#world = world;
    this.#state = seed;
  }

  get intents(): number {
    return this.#intents;
  }

  next(): number {
    this.#state = (Math.imul(this.#state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return this.#state / 0x7fffffff;
  }

  /** All symbols move by up to 5 basis points. */
  move(): void {
    for (const symbol of SYMBOLS.keys()) {
      this.#prices[symbol] = this.#prices[symbol]! * (1 + (this.next() - 0.5) * 0.001);
      this.#world.feed.row(symbol, this.#prices[symbol]!, this.#world.clock.nowMs() - 30);
    }
  }

  intent(): string {
    this.#intents += 1;
    const symbol = Math.floor(this.next() * SYMBOLS.length);
    const side = this.next() < 0.5 ? "BUY" : "SELL";
    const entryId = `${this.#world.clock.nowMs()}-${this.#intents}`;
    this.#world.stream.add(entryId, {
      symbol: SYMBOLS[symbol],
      side,
      confidence: 0.7,
      entry_price: this.#prices[symbol],
      position_size_usd: 100 + Math.floor(this.next() * 100),
    });
    return entryId;
  }

  /** So many seconds, each with prices and now and then some intents. */
  async seconds(count: number, intentsPerSecond = 1): Promise<void> {
    const { clock } = this.#world;
    for (let second = 0; second < count; second++) {
      const startMs = clock.nowMs();
      this.move();
      await clock.runTo(startMs + 400);
      for (let each = 0; each < intentsPerSecond; each++) this.intent();
      await clock.runTo(startMs + 700);
      this.move();
      await clock.runTo(startMs + 1000);
    }
  }
}

const folders: string[] = [];

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "rehearsal-live-"));
  folders.push(folder);
  return folder;
}

export function removeFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}
