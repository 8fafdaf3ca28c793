import type { OrderSubmitted, SnapshotRequested } from "../engine/domain/decision.ts";
import type { EngineEvent } from "../engine/domain/event.ts";
import type { Instrument } from "../engine/domain/instrument.ts";
import { sideSign } from "../engine/domain/intent.ts";
import type { JournalHeader } from "../engine/domain/journal.ts";
import { createGovernor } from "../engine/governors/index.ts";
import { MarketState } from "../engine/market/market-state.ts";
import { pipelineSchema } from "../engine/policy.ts";
import { createRanker } from "../engine/rankers/index.ts";
import { ENGINE_VERSION } from "../engine/version.ts";
import type { ExchangeListener, LiveExchange, MarketFeed, MarketListener } from "../live/ports.ts";

/** What a live session stands on in a bench: everything but the exchange and its prices is the real thing. */

export const STREAM = "bench:trade.intent";
/** Of every symbol, in quote. */
export const PRICE = 100;

const SYMBOLS = 500;

export const INSTRUMENTS: readonly Instrument[] = Array.from({ length: SYMBOLS }, (_, index) => ({
  symbol: `S${index}USDT`,
  index,
  tickSize: "0.01",
  stepSize: "0.001",
  qtyLotsMin: 1,
  qtyLotsMax: 1_000_000_000,
  notionalMinQuote: 500_000_000n,
  isOnVenue: true,
}));

export const SYMBOL_NAMES: readonly string[] = INSTRUMENTS.map(({ symbol }) => symbol);

/** Parts of a session in which nothing but the arithmetic of positions holds an intent back. */
export function standParts() {
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
    // One symbol a call, as the users' pipeline has it: every plan follows a fill of its symbol and asks for its own.
    snapshots: { interval: "2s", method: "per-symbol" },
  });
  return {
    policy,
    instruments: INSTRUMENTS,
    market: new MarketState({ symbols: SYMBOL_NAMES, windowBars: 300, pointsMin: 257, refreshBars: 1 }),
    governor: createGovernor(policy.governor),
    ranker: createRanker(policy.snapshots.ranker),
  };
}

export function standHeader(): JournalHeader {
  return {
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
    symbols: SYMBOL_NAMES,
    stepSizes: SYMBOL_NAMES.map(() => "0.001"),
    tickSizes: SYMBOL_NAMES.map(() => "0.01"),
    quirks: [],
    universeSize: SYMBOLS,
  };
}

/** Accepts and fills everything within the turn after, at one price; it reports what it filled. */
export class InstantExchange implements LiveExchange {
  #listener: ExchangeListener | null = null;
  #orders = 0;
  readonly #qtyLots = new Map<string, number>();

  async connect(listener: ExchangeListener): Promise<void> {
    this.#listener = listener;
  }

  submit({ clientOrderId, symbol, side, qtyLots }: OrderSubmitted): void {
    this.#orders += 1;
    const orderId = String(this.#orders);
    this.#qtyLots.set(symbol, (this.#qtyLots.get(symbol) ?? 0) + sideSign(side) * qtyLots);
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

  requestSnapshot({ requestId, symbols }: SnapshotRequested): void {
    const reported = symbols.length === 0 ? SYMBOL_NAMES : symbols;
    const positions = reported.flatMap((symbol) => {
      const qtyLots = this.#qtyLots.get(symbol) ?? 0;
      return qtyLots === 0 ? [] : [{ symbol, qtyLots, entryPrice: PRICE, markPrice: PRICE }];
    });
    const event: EngineEvent = {
      type: "exchange.snapshot-received",
      requestId,
      status: "ok",
      asOfTsMs: Date.now(),
      symbols,
      positions,
      walletQuote: 10n ** 17n,
      isFinal: true,
    };
    setImmediate(() => this.#listener?.event(event));
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

export class FixedFeed implements MarketFeed {
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
