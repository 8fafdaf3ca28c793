import { nearMisses } from "../../diagnostics/near-miss.ts";
import { UserError } from "../../diagnostics/user-error.ts";
import { type Instrument, lotsToQty, qtyToLots } from "../../engine/domain/instrument.ts";
import type { JournalHeader } from "../../engine/domain/journal.ts";
import type { PlanAction } from "../../engine/domain/plan.ts";
import { createEngine } from "../../engine/engine.ts";
import { createGovernor } from "../../engine/governors/index.ts";
import { createInvariantChecker } from "../../engine/invariants.ts";
import { MarketState } from "../../engine/market/market-state.ts";
import { createRanker } from "../../engine/rankers/index.ts";
import { ENGINE_VERSION } from "../../engine/version.ts";
import type { RecordingSource } from "../../recording/batch.ts";
import type { InitialPosition } from "../exchange/exchange-options.ts";
import { createExchangePrices, type ExchangePrices } from "../exchange/exchange-prices.ts";
import { SimulatedExchange } from "../exchange/simulated-exchange.ts";
import { momentTsMs } from "../scenario/moment.ts";
import type { ResolvedVariant, Scenario } from "../scenario/schema.ts";
import { createRandomStreams } from "../time/random-streams.ts";
import { Scheduler } from "../time/scheduler.ts";
import { createIntentFeed, NO_INTENTS } from "./intent-feed.ts";
import { type FeedLimit, MarketFeed } from "./market-feed.ts";
import { recordedInputs } from "./recorded-input.ts";
import { createTimeline, type ExternalTrade, type TimelineItem } from "./timeline.ts";
import type { RunProgress, RunRequest, RunResult, VariantResult } from "./types.ts";
import { RANK, type Scheduled, VariantWorld } from "./variant-world.ts";

/** Virtual time between two looks at `shouldStop` and two progress reports. */
const HEARTBEAT_MS = 60_000;

interface Variant {
  readonly definition: ResolvedVariant;
  readonly world: VariantWorld;
  readonly exchange: SimulatedExchange;
  readonly stateHash: () => string;
}

/**
 * Runs a scenario over a recording: all variants in one pass over one decode, each with its own engine, account, queue
 * and random streams, so that its results are those of a run alone.
 *
 * At one instant things happen in this order: the market moves on the exchange, then in the engine's eyes; recorded and
 * scripted inputs; then each variant's queue: orders that reach the exchange, answers that reach the engine, timers.
 */
export function runScenario(request: RunRequest): RunResult {
  const steps = startRun(request);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/**
 * As `runScenario`, but pauses at every virtual minute, so that a shell can see to signals and the terminal in between.
 * Pauses decide nothing: however long they are, the run is the same.
 */
export function startRun(request: RunRequest): Generator<undefined, RunResult, undefined> {
  const { scenario, recording } = request;
  const window = runWindow(scenario, recording);
  const markets = new Map<string, MarketState>();
  const prices = createExchangePrices(recording.symbols.length);
  const watchers = new Int32Array(recording.symbols.length);
  const variants = scenario.variants.map((definition, index) =>
    createVariant({
      definition,
      index,
      request,
      instruments: venueInstruments(definition, recording),
      prices,
      markets,
      watchers,
      window,
    }),
  );
  const limit: FeedLimit = { tsMs: window.fromTsMs };
  const feed = new MarketFeed({
    batches: recording.batches(),
    feedLatencyMs: Math.round(scenario.variants[0]!.exchange.latency.feed.medianMs),
    markets: [...markets.values()],
    prices,
    symbolCount: recording.symbols.length,
    onWatched: (symbol, tsMs, batch, row) => {
      const kind = batch.kind[row]!;
      for (const { exchange } of variants) if (exchange.watched[symbol] === 1) exchange.onMarket(symbol, tsMs, kind);
      // A fill has an answer on its way: the market must not run past it.
      limit.tsMs = Math.min(limit.tsMs, nextDue(variants));
    },
  });
  const timeline = createTimeline({
    inputs: recordedInputs(recording, scenario.intents === "recording"),
    operator: scenario.operator.map(({ at, killSwitch }) => ({
      tsMs: momentTsMs(at, recording.firstTsMs),
      scope: killSwitch,
    })),
    external: scenario.external.map(({ at, ...trade }) => ({ ...trade, tsMs: momentTsMs(at, recording.firstTsMs) })),
    intents:
      scenario.intents === "strategy" && scenario.strategy != null
        ? createIntentFeed(scenario.strategy, recording.symbols, window.fromTsMs)
        : NO_INTENTS,
  });
  const { instruments } = recording;
  return new Run({
    request,
    window,
    variants,
    feed,
    limit,
    timeline,
    markets: [...markets.values()],
    instruments,
    watchers,
  }).steps();
}

interface RunParts {
  readonly request: RunRequest;
  readonly window: Window;
  readonly variants: readonly Variant[];
  readonly feed: MarketFeed;
  /** Shared with the feed's callback, which may bring it nearer. */
  readonly limit: FeedLimit;
  readonly timeline: ReturnType<typeof createTimeline>;
  readonly markets: readonly MarketState[];
  readonly instruments: readonly Instrument[];
  readonly watchers: Int32Array;
}

class Run {
  readonly #parts: RunParts;
  #clockMs: number;
  #nextBeatMs: number;
  #isStopped = false;

  constructor(parts: RunParts) {
    this.#parts = parts;
    this.#clockMs = parts.window.fromTsMs;
    this.#nextBeatMs = parts.window.fromTsMs + HEARTBEAT_MS;
  }

  *steps(): Generator<undefined, RunResult, undefined> {
    const { window, variants, feed, timeline, request } = this.#parts;
    // What lies before the window only tells the market: features need hours of history.
    feed.advance({ tsMs: window.fromTsMs - 1 });
    this.#skipInputs(window.fromTsMs - 1);
    for (const { world } of variants) {
      world.deliver(window.fromTsMs, { type: "run.started", walletQuote: request.scenario.account.wallet });
    }
    this.#applyInitial();
    while (!this.#isStopped) {
      const tsMs = Math.min(feed.nextTsMs, timeline.nextTsMs, nextDue(variants));
      if (tsMs > window.toTsMs) break;
      const beatMs = this.#nextBeatMs;
      this.#step(tsMs);
      if (this.#nextBeatMs !== beatMs) yield;
    }
    const endTsMs = this.#isStopped ? this.#clockMs : Math.min(window.toTsMs, Math.max(this.#clockMs, window.fromTsMs));
    for (const { world } of variants) {
      world.deliver(endTsMs, { type: "run.ended", cause: this.#isStopped ? "interrupted" : "end-of-recording" });
    }
    return {
      isPartial: this.#isStopped,
      marketEvents: feed.exchangeRows,
      startTsMs: window.fromTsMs,
      endTsMs,
      variants: variants.map(resultOf),
    };
  }

  /** Moves the market as far as nothing else happens, then lets that happen. */
  #step(tsMs: number): void {
    const { feed, limit, timeline, variants, window, markets } = this.#parts;
    limit.tsMs = Math.min(timeline.nextTsMs, nextDue(variants), window.toTsMs, this.#nextBeatMs);
    if (feed.nextTsMs <= limit.tsMs) {
      this.#advanceMarket();
      if (feed.nextTsMs <= limit.tsMs) return;
    }
    const now = Math.max(tsMs, limit.tsMs);
    if (now >= this.#nextBeatMs) this.#beat();
    if (timeline.nextTsMs <= now) {
      this.#clockMs = Math.max(this.#clockMs, timeline.nextTsMs);
      for (const item of timeline.take(markets[0]!)) this.#deliver(item);
      return;
    }
    const due = nextDue(variants);
    if (due > now) return;
    this.#clockMs = Math.max(this.#clockMs, due);
    for (const { world } of variants) world.runDue(due);
  }

  #advanceMarket(): void {
    const { feed, limit, watchers } = this.#parts;
    for (let symbol = 0; symbol < watchers.length; symbol++) feed.watched[symbol] = watchers[symbol]! > 0 ? 1 : 0;
    feed.advance(limit);
    if (limit.tsMs > this.#clockMs) this.#clockMs = limit.tsMs;
  }

  #deliver(item: TimelineItem): void {
    const { variants, markets } = this.#parts;
    switch (item.kind) {
      case "event":
        if (item.event.type === "market-features.received") {
          for (const market of markets) {
            const index = market.symbols.indexOf(item.event.symbol);
            if (index >= 0) market.setRecordedFeatures(index, item.event);
          }
        }
        for (const { world } of variants) world.deliver(item.tsMs, item.event);
        return;
      case "funding":
        for (const { exchange } of variants) {
          exchange.settleFunding(item.symbol, item.rate, item.markPrice, item.tsMs);
        }
        return;
      case "external":
        for (const { exchange } of variants) this.#tradeExternally(exchange, item.trade);
        return;
    }
  }

  #tradeExternally(exchange: SimulatedExchange, trade: ExternalTrade): void {
    const instrument = instrumentNamed(this.#parts.instruments, trade.symbol, "external");
    const qtyLots = wholeLots(instrument, trade.qty, "external");
    exchange.applyExternalFill({ ...trade, qtyLots });
  }

  #skipInputs(untilTsMs: number): void {
    const { timeline, markets } = this.#parts;
    while (timeline.nextTsMs <= untilTsMs) {
      for (const item of timeline.take(markets[0]!)) {
        if (item.kind !== "event" || item.event.type !== "market-features.received") continue;
        for (const market of markets) {
          const index = market.symbols.indexOf(item.event.symbol);
          if (index >= 0) market.setRecordedFeatures(index, item.event);
        }
      }
    }
  }

  #applyInitial(): void {
    const { request, markets } = this.#parts;
    for (const [symbol, features] of Object.entries(request.scenario.initial.marketFeatures)) {
      for (const market of markets) {
        const index = market.symbols.indexOf(symbol);
        if (index < 0) continue;
        const { sigma, mu, ts, pTrend, pMr, pChop } = features;
        market.setRecordedFeatures(index, { sigma, mu, trendStrength: ts, pTrend, pMeanReversion: pMr, pChop });
      }
    }
  }

  #beat(): void {
    const { request, window, variants, feed } = this.#parts;
    this.#nextBeatMs += HEARTBEAT_MS;
    if (request.shouldStop?.() === true) this.#isStopped = true;
    const progress: RunProgress = {
      tsMs: this.#clockMs,
      startTsMs: window.fromTsMs,
      endTsMs: window.toTsMs,
      marketEvents: feed.exchangeRows,
      intents: variants[0]!.world.intents,
      fills: variants.reduce((sum, { world }) => sum + world.fills, 0),
    };
    request.onProgress?.(progress);
  }
}

interface Window {
  readonly fromTsMs: number;
  readonly toTsMs: number;
}

function runWindow(scenario: Scenario, recording: RecordingSource): Window {
  const { from, to } = scenario.window;
  return {
    fromTsMs: from === undefined ? recording.firstTsMs : momentTsMs(from, recording.firstTsMs),
    toTsMs: to === undefined ? recording.lastTsMs : Math.min(recording.lastTsMs, momentTsMs(to, recording.firstTsMs)),
  };
}

/** The recording's instruments, with what this variant's venue does not list taken off it. */
function venueInstruments({ exchange }: ResolvedVariant, recording: RecordingSource): readonly Instrument[] {
  const missing = new Set(exchange.missing);
  return recording.instruments.map((instrument) =>
    missing.has(instrument.symbol) ? { ...instrument, isOnVenue: false } : instrument,
  );
}

function nextDue(variants: readonly Variant[]): number {
  let due = Number.POSITIVE_INFINITY;
  for (const { world } of variants) if (world.nextDueTsMs < due) due = world.nextDueTsMs;
  return due;
}

function createVariant(parts: {
  readonly definition: ResolvedVariant;
  readonly index: number;
  readonly request: RunRequest;
  readonly instruments: readonly Instrument[];
  readonly prices: ExchangePrices;
  readonly markets: Map<string, MarketState>;
  readonly watchers: Int32Array;
  readonly window: Window;
}): Variant {
  const { definition, index, request, instruments, prices, watchers, window } = parts;
  const { scenario, recording } = request;
  const { policy } = definition;
  const market = sharedMarket(parts.markets, recording.symbols, policy.trackers);
  const scheduler = new Scheduler<Scheduled>();
  const exchange = new SimulatedExchange({
    instruments,
    symbolsMissing: definition.exchange.missing,
    prices,
    fidelity: recording.fidelity,
    fees: definition.exchange.fees,
    fill: definition.exchange.fill,
    latency: definition.exchange.latency,
    // The same seed for every variant: common random numbers make variants comparable.
    random: createRandomStreams(scenario.seed),
    walletQuote: scenario.account.wallet,
    leverage: scenario.account.leverage,
    initialPositions: initialPositions(scenario, instruments),
    schedule: (dueTsMs, arrival) => scheduler.push(dueTsMs, RANK.exchange, { kind: "exchange", arrival }),
    emit: (dueTsMs, event) => scheduler.push(dueTsMs, RANK.event, { kind: "event", event }),
    watch: (symbol, isWatched) => {
      watchers[symbol]! += isWatched ? 1 : -1;
    },
  });
  const engine = createEngine({
    policy,
    instruments,
    market,
    governor: createGovernor(policy.governor),
    ranker: createRanker(policy.snapshots.ranker),
    universeExtra: extraSymbols(scenario, recording.symbols),
    initialProposals: Object.entries(scenario.initial.proposals).map(([symbol, { action, ttl }]) => ({
      symbol,
      action: action as PlanAction,
      ttlMs: ttl,
    })),
  });
  const symbolIndex = new Map(recording.symbols.map((symbol, place) => [symbol, place]));
  const world = new VariantWorld({
    engine,
    exchange,
    scheduler,
    invariants: createInvariantChecker({
      featuresOf: (symbol) => {
        const place = symbolIndex.get(symbol);
        return place === undefined ? null : market.features(place);
      },
    }),
    onEntry: (entry) => request.onEntry(index, entry),
  });
  request.onHeader(index, headerOf(request, definition, instruments, window));
  return { definition, world, exchange, stateHash: () => engine.stateHash() };
}

/** One market for all variants that look at it the same way. */
function sharedMarket(
  markets: Map<string, MarketState>,
  symbols: readonly string[],
  trackers: ResolvedVariant["policy"]["trackers"],
): MarketState {
  const { featureWindowBars, featurePointsMin, marketStateInterval } = trackers;
  const key = `${featureWindowBars}/${featurePointsMin}/${marketStateInterval}`;
  let market = markets.get(key);
  if (market === undefined) {
    market = new MarketState({
      symbols,
      windowBars: featureWindowBars,
      pointsMin: featurePointsMin,
      refreshBars: Math.max(1, Math.round(marketStateInterval / 60_000)),
    });
    markets.set(key, market);
  }
  return market;
}

/** Universe names beyond the recording: those written down, then made-up ones up to the count. */
function extraSymbols(scenario: Scenario, symbols: readonly string[]): string[] {
  const known = new Set(symbols);
  const extra = scenario.universe.symbols.filter((symbol) => !known.has(symbol));
  const wanted = (scenario.universe.count ?? 0) - symbols.length - extra.length;
  for (let number = 1; number <= wanted; number++) extra.push(`FILLER${String(number).padStart(4, "0")}USDT`);
  return extra;
}

function headerOf(
  request: RunRequest,
  definition: ResolvedVariant,
  instruments: readonly Instrument[],
  window: Window,
): JournalHeader {
  const { scenario, recording } = request;
  return {
    schema: "rehearsal.journal/1",
    runId: request.runId,
    variant: definition.name,
    scenario: scenario.name,
    scenarioHash: scenario.hash,
    recording: recording.id,
    recordingHash: recording.hash,
    engineVersion: ENGINE_VERSION,
    seed: scenario.seed,
    startTsMs: window.fromTsMs,
    warmupUntilTsMs: window.fromTsMs + scenario.warmupMs,
    symbols: recording.symbols,
    stepSizes: instruments.map(({ stepSize }) => stepSize),
    tickSizes: instruments.map(({ tickSize }) => tickSize),
    quirks: definition.policy.quirks,
    universeSize: Math.max(scenario.universe.count ?? 0, recording.symbols.length),
  };
}

function initialPositions(scenario: Scenario, instruments: readonly Instrument[]): InitialPosition[] {
  return scenario.account.positions.map(({ symbol, qty, entryPrice }) => {
    const instrument = instrumentNamed(instruments, symbol, "account.positions");
    return { symbol, qtyLots: wholeLots(instrument, qty, "account.positions"), entryPrice };
  });
}

/** @throws {UserError} when the recording has no such symbol */
function instrumentNamed(instruments: readonly Instrument[], symbol: string, path: string): Instrument {
  const instrument = instruments.find((each) => each.symbol === symbol);
  if (instrument !== undefined) return instrument;
  const [nearest] = nearMisses(
    symbol,
    instruments.map((each) => each.symbol),
  );
  throw new UserError([
    {
      path,
      text: `Cannot use symbol "${symbol}": the recording does not have it, a symbol of the recording is needed`,
      ...(nearest === undefined ? {} : { hint: `did you mean "${nearest}"?` }),
    },
  ]);
}

/** @throws {UserError} when the quantity is not a multiple of the symbol's step */
function wholeLots(instrument: Instrument, qty: number, path: string): number {
  const lots = qtyToLots(instrument, qty, "down");
  if (lots !== 0 && Math.abs(lotsToQty(instrument, lots) - qty) < 1e-9) return lots;
  const text = `Cannot use quantity ${qty} of ${instrument.symbol}: a multiple of its step ${instrument.stepSize} is needed`;
  throw new UserError([{ path, text }]);
}

function resultOf({ definition, world, exchange, stateHash }: Variant): VariantResult {
  return {
    name: definition.name,
    entries: world.entries,
    stateHash: stateHash(),
    accountMismatch: exchange.account.reconcile(),
  };
}
