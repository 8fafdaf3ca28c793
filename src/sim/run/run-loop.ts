import type { EngineEvent } from "../../engine/domain/event.ts";
import type { Instrument } from "../../engine/domain/instrument.ts";
import type { MarketState } from "../../engine/market/market-state.ts";
import { saveVenueMarket, type VenueMarket } from "../../venue/venue-market.ts";
import type { SimulatedExchange } from "../exchange/simulated-exchange.ts";
import type { RandomStreams } from "../time/random-streams.ts";
import type { DueTimes } from "./due-times.ts";
import type { FeedLimit, MarketFeed } from "./market-feed.ts";
import { instrumentNamed, wholeLots } from "./run-instruments.ts";
import type { RunSnapshot } from "./run-snapshot.ts";
import type { ExternalTrade, Timeline, TimelineItem } from "./timeline.ts";
import type { RunEnd, RunProgress, RunRequest, RunResult } from "./types.ts";
import { type RunWindow, resultOf, type Variant } from "./variant.ts";

/** Virtual time between two looks at `shouldStop` and two progress reports. */
const HEARTBEAT_MS = 60_000;

/** Everything of a run, ready to start or to go on. */
export interface RunParts {
  readonly request: RunRequest;
  readonly window: RunWindow;
  readonly variants: readonly Variant[];
  readonly feed: MarketFeed;
  readonly feedStreams: RandomStreams;
  /** Shared with the feed's callback, which may bring it nearer. */
  readonly limit: FeedLimit;
  readonly timeline: Timeline;
  readonly markets: readonly MarketState[];
  readonly venueMarket: VenueMarket;
  readonly instruments: readonly Instrument[];
  /** When each variant's queue runs next; kept up by whoever lets something happen to a variant. */
  readonly dueTimes: DueTimes;
}

/** The loop of a run: between two things that happen it is plain data. */
export class Run {
  readonly #parts: RunParts;
  /** Time the run must not pass: its window, or the stop inside it. */
  readonly #lastTsMs: number;
  #clockMs: number;
  #nextBeatMs: number;
  #nextCheckpointMs: number;
  /** Taken from the timeline and not yet delivered; the first one goes to `#inboxVariant` next. */
  #inbox: TimelineItem[] = [];
  #inboxVariant = 0;
  #isInterrupted = false;

  constructor(parts: RunParts) {
    const { window, request } = parts;
    const { until, from, checkpointEveryMs } = request;
    this.#parts = parts;
    this.#lastTsMs = until?.kind === "time" ? Math.min(until.tsMs, window.toTsMs) : window.toTsMs;
    this.#clockMs = from?.clockMs ?? window.fromTsMs;
    this.#nextBeatMs = from?.nextBeatMs ?? window.fromTsMs + HEARTBEAT_MS;
    this.#nextCheckpointMs = this.#clockMs + (checkpointEveryMs ?? Number.POSITIVE_INFINITY);
    if (from !== undefined) {
      this.#inbox = [...from.inbox];
      this.#inboxVariant = from.inboxVariant;
    }
  }

  *steps(): Generator<undefined, RunResult, undefined> {
    const { feed, timeline, request, dueTimes } = this.#parts;
    if (request.from === undefined) this.#start();
    let end: RunEnd | null = null;
    while (end === null) {
      if (this.#clockMs >= this.#nextCheckpointMs) this.#checkpoint();
      if (this.#isStopReached()) end = "stopped";
      else if (this.#isInterrupted) end = "interrupted";
      else if (this.#inbox.length > 0) this.#deliverNext();
      else {
        const tsMs = Math.min(feed.nextTsMs, timeline.nextTsMs, dueTimes.nextTsMs);
        if (tsMs > this.#lastTsMs) end = this.#endAt(tsMs);
        else {
          const beatMs = this.#nextBeatMs;
          this.#step(tsMs);
          if (this.#nextBeatMs !== beatMs) yield;
        }
      }
    }
    return this.#finish(end);
  }

  #start(): void {
    const { window, variants, feed, request } = this.#parts;
    // What lies before the window only tells the market: features need hours of history.
    feed.advance({ tsMs: window.fromTsMs - 1 });
    this.#skipInputs(window.fromTsMs - 1);
    variants.forEach((_, place) => {
      this.#deliver(place, window.fromTsMs, { type: "run.started", walletQuote: request.scenario.account.wallet });
    });
    this.#applyInitial();
  }

  /** A stop at a time that nothing comes after is the end of the recording. */
  #endAt(tsMs: number): RunEnd {
    const { window } = this.#parts;
    return this.#lastTsMs < window.toTsMs && tsMs <= window.toTsMs ? "stopped" : "end-of-recording";
  }

  #isStopReached(): boolean {
    const { request, variants } = this.#parts;
    return request.until?.kind === "seq" && variants[0]!.world.seq >= request.until.seq;
  }

  #finish(end: RunEnd): RunResult {
    const { window, variants, feed, request } = this.#parts;
    if (end !== "end-of-recording") request.onCheckpoint?.(() => this.#save());
    feed.close();
    // A stop at a time has seen everything up to it.
    if (end === "stopped" && request.until?.kind === "time") this.#clockMs = Math.max(this.#clockMs, this.#lastTsMs);
    const endTsMs =
      end === "end-of-recording" ? Math.min(window.toTsMs, Math.max(this.#clockMs, window.fromTsMs)) : this.#clockMs;
    for (const { world } of variants) world.deliver(endTsMs, { type: "run.ended", cause: end });
    return {
      end,
      isPartial: end !== "end-of-recording",
      marketEvents: feed.exchangeRows,
      startTsMs: window.fromTsMs,
      endTsMs,
      variants: variants.map(resultOf),
    };
  }

  #checkpoint(): void {
    const { request } = this.#parts;
    this.#nextCheckpointMs = this.#clockMs + (request.checkpointEveryMs ?? Number.POSITIVE_INFINITY);
    request.onCheckpoint?.(() => this.#save());
  }

  #save(): RunSnapshot {
    const { variants, feed, feedStreams, timeline, markets, venueMarket } = this.#parts;
    return {
      clockMs: this.#clockMs,
      nextBeatMs: this.#nextBeatMs,
      inbox: this.#inbox,
      inboxVariant: this.#inboxVariant,
      markets: markets.map((market) => market.save()),
      venueMarket: saveVenueMarket(venueMarket),
      feed: feed.save(),
      feedStreams: feedStreams.states(),
      timeline: timeline.save(),
      variants: variants.map((variant) => variant.save()),
    };
  }

  /**
   * Moves the market as far as nothing else happens, then lets one thing happen: one item is taken in, or one thing of
   * one queue runs. Between two steps the run is plain data.
   */
  #step(tsMs: number): void {
    const { feed, limit, timeline, dueTimes, markets } = this.#parts;
    limit.tsMs = Math.min(timeline.nextTsMs, dueTimes.nextTsMs, this.#lastTsMs, this.#nextBeatMs);
    if (feed.nextTsMs <= limit.tsMs) {
      feed.advance(limit);
      if (limit.tsMs > this.#clockMs) this.#clockMs = limit.tsMs;
      if (feed.nextTsMs <= limit.tsMs) return;
    }
    const now = Math.max(tsMs, limit.tsMs);
    if (now >= this.#nextBeatMs) this.#beat();
    if (timeline.nextTsMs <= now) {
      this.#clockMs = Math.max(this.#clockMs, timeline.nextTsMs);
      this.#inbox = [...timeline.take(markets[0]!)];
      return;
    }
    if (dueTimes.nextTsMs > now) return;
    this.#runAhead(dueTimes.first);
  }

  /**
   * Runs the next thing of a variant, and what follows it before anything happens that it shares with the others: no
   * other variant can see it, and one variant's memory at a time is in the processor's caches.
   */
  #runAhead(place: number): void {
    const { feed, timeline, request, variants, dueTimes } = this.#parts;
    const { world } = variants[place]!;
    const sharedTsMs =
      // A stop at a number of envelopes is a stop of all variants at the time of the first one.
      request.until?.kind === "seq"
        ? Number.NEGATIVE_INFINITY
        : Math.min(feed.nextTsMs, timeline.nextTsMs, this.#lastTsMs, this.#nextBeatMs, this.#nextCheckpointMs);
    let dueTsMs = world.nextDueTsMs;
    do {
      if (dueTsMs > this.#clockMs) this.#clockMs = dueTsMs;
      world.runNext();
      dueTsMs = world.nextDueTsMs;
    } while (dueTsMs < sharedTsMs);
    dueTimes.set(place, dueTsMs);
  }

  #deliver(place: number, tsMs: number, event: EngineEvent): void {
    const { variants, dueTimes } = this.#parts;
    const { world } = variants[place]!;
    world.deliver(tsMs, event);
    dueTimes.set(place, world.nextDueTsMs);
  }

  /** Brings the first item of the inbox to the next variant; what is no envelope happens to all at once. */
  #deliverNext(): void {
    const { variants, markets } = this.#parts;
    const item = this.#inbox[0]!;
    if (item.kind !== "event") {
      this.#inbox.shift();
      this.#happen(item);
      return;
    }
    const place = this.#inboxVariant;
    if (place === 0) showFeatures(item.event, markets);
    const isLast = place + 1 === variants.length;
    this.#inboxVariant = isLast ? 0 : place + 1;
    if (isLast) this.#inbox.shift();
    this.#deliver(place, item.tsMs, item.event);
  }

  #happen(item: Exclude<TimelineItem, { kind: "event" }>): void {
    const { variants, markets, dueTimes } = this.#parts;
    if (item.kind === "funding") showFunding(item.symbol, item.rate, markets);
    variants.forEach(({ exchange, world }, place) => {
      if (item.kind === "funding") exchange.settleFunding(item.symbol, item.rate, item.markPrice, item.tsMs);
      else this.#tradeExternally(exchange, item.trade);
      dueTimes.set(place, world.nextDueTsMs);
    });
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
        if (item.kind === "event") showFeatures(item.event, markets);
        if (item.kind === "funding") showFunding(item.symbol, item.rate, markets);
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
    if (request.shouldStop?.() === true) this.#isInterrupted = true;
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

/** A rate is known to every variant from its settlement on. */
function showFunding(symbol: string, rate: number, markets: readonly MarketState[]): void {
  for (const market of markets) {
    const place = market.symbols.indexOf(symbol);
    if (place >= 0) market.setFundingRate(place, rate);
  }
}

/** Recorded features are true for every variant from the moment they arrive. */
function showFeatures(event: EngineEvent, markets: readonly MarketState[]): void {
  if (event.type !== "market-features.received") return;
  for (const market of markets) {
    const index = market.symbols.indexOf(event.symbol);
    if (index >= 0) market.setRecordedFeatures(index, event);
  }
}
