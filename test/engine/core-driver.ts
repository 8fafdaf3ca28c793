import type { Decision } from "../../src/engine/domain/decision.ts";
import type { EngineEvent } from "../../src/engine/domain/event.ts";
import type { Instrument } from "../../src/engine/domain/instrument.ts";
import { parseMoney } from "../../src/engine/domain/money.ts";
import { createEngine, type Engine, type EngineSnapshot } from "../../src/engine/engine.ts";
import { createGovernor } from "../../src/engine/governors/index.ts";
import { createInvariantChecker, type InvariantChecker } from "../../src/engine/invariants.ts";
import type { MarketFeatures } from "../../src/engine/market/features.ts";
import { MarketState } from "../../src/engine/market/market-state.ts";
import { type PolicyInput, pipelineSchema } from "../../src/engine/policy.ts";
import { createRanker } from "../../src/engine/rankers/index.ts";

export const START_MS = Date.UTC(2026, 1, 2, 0, 0, 0);

/** Calm features: no flip, no spike, score 0.5 plus age. */
export const CALM: MarketFeatures = {
  sigma: 0.0005,
  mu: 0.0002,
  trendStrength: 0.4,
  pTrend: 0.5,
  pMeanReversion: 0.2,
  pChop: 0.3,
};

/** Flipped features: score 0.7311 and more. */
export const FLIPPED: MarketFeatures = { ...CALM, trendStrength: 0.06, pTrend: 0.2, pChop: 0.6 };

const SYMBOLS = ["BTCUSDT", "ETHUSDT", "ZECUSDT", "WAVESUSDT"] as const;

function instrumentsOf(): Instrument[] {
  return SYMBOLS.map((symbol, index) => ({
    symbol,
    index,
    tickSize: "0.01",
    stepSize: "0.001",
    qtyLotsMin: 1,
    qtyLotsMax: 10_000_000,
    notionalMinQuote: parseMoney("5"),
    isOnVenue: symbol !== "WAVESUSDT",
  }));
}

/** Decision of one type. */
type Of<Type extends Decision["type"]> = Extract<Decision, { type: Type }>;

/**
 * Drives the core by hand: every event is given, timers fire only when `runTo` passes them, and nothing is answered by
 * itself. Tests therefore read as stories of what happened.
 */
export class CoreDriver {
  readonly market: MarketState;
  readonly decisions: Decision[] = [];
  readonly violations: Decision[] = [];
  tsMs = START_MS;
  readonly #engine: Engine;
  readonly #checker: InvariantChecker;
  readonly #timers = new Map<string, number>();
  #seq = 0;

  constructor(pipeline: PolicyInput = {}, wallet = "10000") {
    const policy = pipelineSchema.parse(pipeline);
    const instruments = instrumentsOf();
    this.market = new MarketState({ symbols: SYMBOLS, windowBars: 300, pointsMin: 257, refreshBars: 1 });
    this.#engine = createEngine({
      policy,
      instruments,
      market: this.market,
      governor: createGovernor(policy.governor),
      ranker: createRanker(policy.snapshots.ranker),
    });
    this.#checker = createInvariantChecker({
      killScore: policy.killScore,
      featuresOf: (symbol) => this.market.features(SYMBOLS.indexOf(symbol as (typeof SYMBOLS)[number])),
    });
    for (const symbol of SYMBOLS) this.features(symbol, CALM);
    this.event({ type: "run.started", walletQuote: parseMoney(wallet) });
    this.#timers.delete("snapshots");
  }

  /** What the core holds now. */
  get memory(): EngineSnapshot["memory"] {
    return this.#engine.save().memory;
  }

  features(symbol: string, features: MarketFeatures): void {
    this.market.setRecordedFeatures(SYMBOLS.indexOf(symbol as (typeof SYMBOLS)[number]), features);
  }

  price(symbol: string, price: number): void {
    const index = SYMBOLS.indexOf(symbol as (typeof SYMBOLS)[number]);
    this.market.update(index, this.tsMs, price, Number.NaN, Number.NaN, 0);
  }

  /** Delivers one event now and returns what was decided on it. */
  event(event: EngineEvent): readonly Decision[] {
    this.#seq += 1;
    const envelope = { seq: this.#seq, tsMs: this.tsMs, event };
    const decisions = this.#engine.handle(envelope);
    this.violations.push(...this.#checker.check({ envelope, decisions }));
    this.decisions.push(...decisions);
    for (const decision of decisions) {
      if (decision.type === "timer.set") this.#timers.set(decision.timerId, decision.dueTsMs);
    }
    return decisions;
  }

  intent(entryId: string, payload: Readonly<Record<string, unknown>>): readonly Decision[] {
    return this.event({
      type: "intent.received",
      entryId,
      fields: { event_type: "trade.intent", payload: JSON.stringify(payload), source: "test" },
    });
  }

  /** Tells the core that the exchange has these positions, everything else flat. */
  snapshot(positions: Readonly<Record<string, number>> = {}, requestId = "given"): readonly Decision[] {
    return this.event({
      type: "exchange.snapshot-received",
      requestId,
      status: "ok",
      asOfTsMs: this.tsMs,
      symbols: [],
      positions: Object.entries(positions).map(([symbol, qtyLots]) => ({
        symbol,
        qtyLots,
        entryPrice: 316,
        markPrice: 316,
      })),
      walletQuote: parseMoney("10000"),
      isFinal: true,
    });
  }

  /** Fills the newest order completely at a price. */
  fill(priceTicks: number, feeQuote = 0n): readonly Decision[] {
    const order = this.last("order.submitted");
    return this.event({
      type: "exchange.order-filled",
      clientOrderId: order.clientOrderId,
      orderId: `X${this.#seq}`,
      tradeId: `T${this.#seq}`,
      symbol: order.symbol,
      side: order.side,
      qtyLots: order.qtyLots,
      priceTicks,
      cumulativeQtyLots: order.qtyLots,
      isOrderComplete: true,
      isMaker: false,
      feeQuote,
      realizedPnlQuote: 0n,
      exchangeTsMs: this.tsMs,
    });
  }

  /** Moves time forward, firing the core's timers that come due on the way. */
  runTo(tsMs: number): void {
    for (;;) {
      const due = [...this.#timers].filter(([, dueTsMs]) => dueTsMs <= tsMs).sort((a, b) => a[1] - b[1])[0];
      if (due === undefined) break;
      this.#timers.delete(due[0]);
      this.tsMs = due[1];
      this.event({ type: "timer.fired", timerId: due[0] });
    }
    this.tsMs = tsMs;
  }

  of<Type extends Decision["type"]>(type: Type): Of<Type>[] {
    return this.decisions.filter((decision): decision is Of<Type> => decision.type === type);
  }

  last<Type extends Decision["type"]>(type: Type): Of<Type> {
    const found = this.of(type).at(-1);
    if (found === undefined) throw new Error(`Cannot find a decision ${type}: none was taken`);
    return found;
  }

  findings(): string[] {
    return this.of("finding.noted").map(({ code }) => code);
  }

  stateHash(): string {
    return this.#engine.stateHash();
  }
}
