import type { Instrument } from "../../engine/domain/instrument.ts";
import type { MarketState } from "../../engine/market/market-state.ts";
import type { RecordingSource } from "../../recording/batch.ts";
import { createExchangePrices } from "../exchange/exchange-prices.ts";
import { Latency } from "../exchange/latency.ts";
import type { SimulatedExchange } from "../exchange/simulated-exchange.ts";
import { momentTsMs } from "../scenario/moment.ts";
import type { Scenario } from "../scenario/schema.ts";
import { createRandomStreams } from "../time/random-streams.ts";
import { createIntentFeed, NO_INTENTS } from "./intent-feed.ts";
import { type FeedLimit, MarketFeed } from "./market-feed.ts";
import { recordedInputs } from "./recorded-input.ts";
import { instrumentNamed, venueInstruments, wholeLots } from "./run-instruments.ts";
import { createTimeline, type ExternalTrade, type TimelineItem } from "./timeline.ts";
import type { RunProgress, RunRequest, RunResult } from "./types.ts";
import { createVariant, nextDue, type RunWindow, resultOf, type Variant } from "./variant.ts";

/** Virtual time between two looks at `shouldStop` and two progress reports. */
const HEARTBEAT_MS = 60_000;

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
    nextFeedLatencyMs: feedLatency(scenario),
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
  readonly window: RunWindow;
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
    feed.close();
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
    // allow(unordered): each symbol sets its own cell; no order shows
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

/** Seeded like every latency, but drawn once for all variants: they share one feed. */
function feedLatency(scenario: Scenario): (() => number) | null {
  const model = scenario.variants[0]!.exchange.latency.feed;
  if (model.medianMs === 0) return null;
  const latency = new Latency(model, createRandomStreams(scenario.seed).stream("latency/feed"));
  return () => latency.sampleMs();
}

function runWindow(scenario: Scenario, recording: RecordingSource): RunWindow {
  const { from, to } = scenario.window;
  return {
    fromTsMs: from === undefined ? recording.firstTsMs : momentTsMs(from, recording.firstTsMs),
    toTsMs: to === undefined ? recording.lastTsMs : Math.min(recording.lastTsMs, momentTsMs(to, recording.firstTsMs)),
  };
}
