import type { MarketState } from "../../engine/market/market-state.ts";
import type { RecordingSource } from "../../recording/batch.ts";
import { Contract } from "../../venue/contract.ts";
import { DepthFeed } from "../../venue/depth-feed.ts";
import { createVenueMarket, loadVenueMarket, type VenueMarket } from "../../venue/venue-market.ts";
import { modelOf } from "../exchange/fit-latency.ts";
import { isNoLatency, Latency } from "../exchange/latency.ts";
import { feedGaps } from "../exchange/troubles-of.ts";
import { momentTsMs } from "../scenario/moment.ts";
import type { Scenario } from "../scenario/schema.ts";
import { createRandomStreams, type RandomStreams } from "../time/random-streams.ts";
import { DepthCursor } from "./depth-cursor.ts";
import { DueTimes } from "./due-times.ts";
import { createIntentFeed, NO_INTENTS } from "./intent-feed.ts";
import { type FeedLimit, MarketFeed, type MarketFeedOptions } from "./market-feed.ts";
import { recordedInputs } from "./recorded-input.ts";
import { venueInstruments } from "./run-instruments.ts";
import { Run } from "./run-loop.ts";
import { createTimeline } from "./timeline.ts";
import type { RunRequest, RunResult } from "./types.ts";
import { createVariant, type RunWindow, type Variant } from "./variant.ts";
import { Watchers } from "./watchers.ts";

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
  const { scenario, recording, from } = request;
  const window = runWindow(scenario, recording);
  const markets = new Map<string, MarketState>();
  const venueMarket = createVenueMarket(recording.symbols.length);
  const watchers = new Watchers(recording.symbols.length);
  const variants = scenario.variants.map((definition, index) =>
    createVariant({
      definition,
      index,
      request,
      instruments: venueInstruments(definition, recording),
      venueMarket,
      markets,
      watchers,
      window,
      saved: from?.variants[index],
    }),
  );
  if (from !== undefined) {
    loadVenueMarket(venueMarket, from.venueMarket);
    [...markets.values()].forEach((market, place) => {
      market.load(from.markets[place]!);
    });
  }
  const dueTimes = new DueTimes(variants.length);
  variants.forEach(({ world }, place) => {
    dueTimes.set(place, world.nextDueTsMs);
  });
  const limit: FeedLimit = { tsMs: window.fromTsMs };
  const feedStreams = createRandomStreams(scenario.seed, from?.feedStreams);
  const feedOptions: MarketFeedOptions = {
    batches: recording.batches(),
    nextFeedLatencyMs: feedLatency(scenario, recording, feedStreams),
    gaps: feedGaps(scenario.variants[0]!.exchange, recording),
    markets: [...markets.values()],
    venueMarket,
    symbolCount: recording.symbols.length,
    watched: watchers.watched,
    depth: recording.hasDepth === true ? depthCursor(recording, venueMarket, variants) : null,
    onWatched: (symbol, tsMs, kind, tradedQty) => {
      for (const place of watchers.of(symbol)) {
        const { exchange, world } = variants[place]!;
        exchange.onMarket(symbol, tsMs, kind, tradedQty);
        dueTimes.set(place, world.nextDueTsMs);
      }
      // A fill has an answer on its way: the market must not run past it.
      limit.tsMs = Math.min(limit.tsMs, dueTimes.nextTsMs);
    },
  };
  const feed = new MarketFeed(feedOptions, from?.feed);
  const timeline = createTimeline({
    inputs: recordedInputs(recording, scenario.intents === "recording"),
    operator: scenario.operator.map(({ at, killSwitch }) => ({
      tsMs: momentTsMs(at, recording.firstTsMs),
      scope: killSwitch,
    })),
    external: scenario.external.map(({ at, ...trade }) => ({ ...trade, tsMs: momentTsMs(at, recording.firstTsMs) })),
    intents:
      scenario.intents === "strategy" && scenario.strategy != null
        ? createIntentFeed(scenario.strategy, recording.symbols, window.fromTsMs, (name) =>
            scenario.plugIns?.strategy(name),
          )
        : NO_INTENTS,
  });
  if (from !== undefined) timeline.load(from.timeline);
  const { instruments } = recording;
  return new Run({
    request,
    window,
    variants,
    feed,
    feedStreams,
    limit,
    timeline,
    markets: [...markets.values()],
    venueMarket,
    instruments,
    dueTimes,
  }).steps();
}

/** Books of the recording: they move for all variants alike, and each hears of a book that cannot be followed. */
function depthCursor(recording: RecordingSource, venueMarket: VenueMarket, variants: readonly Variant[]): DepthCursor {
  const contracts = recording.instruments.map((instrument) => new Contract(instrument));
  const feed = new DepthFeed({
    market: venueMarket,
    contractOf: (symbolIndex) => contracts[symbolIndex]!,
    onBreak: (symbolIndex, tsMs, text) => {
      const symbol = recording.symbols[symbolIndex]!;
      for (const { world } of variants) {
        world.note({
          type: "finding.noted",
          code: "depth_break",
          severity: "warn",
          symbol,
          text: `the book of ${symbol} cannot be followed: ${text}`,
          evidence: { tsMs },
        });
      }
    },
  });
  return new DepthCursor(recording, feed);
}

/** Seeded like every latency, but drawn once for all variants: they share one feed. */
function feedLatency(scenario: Scenario, recording: RecordingSource, streams: RandomStreams): (() => number) | null {
  const model = modelOf(scenario.variants[0]!.exchange.latency.feed, "feed", recording);
  if (isNoLatency(model)) return null;
  const latency = new Latency(model, streams.stream("latency/feed"));
  return () => latency.sampleMs();
}

function runWindow(scenario: Scenario, recording: RecordingSource): RunWindow {
  const { from, to } = scenario.window;
  return {
    fromTsMs: from === undefined ? recording.firstTsMs : momentTsMs(from, recording.firstTsMs),
    toTsMs: to === undefined ? recording.lastTsMs : Math.min(recording.lastTsMs, momentTsMs(to, recording.firstTsMs)),
  };
}
