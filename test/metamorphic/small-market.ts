import fc from "fast-check";
import type { Instrument } from "../../src/engine/domain/instrument.ts";
import { naiveUtcText } from "../../src/engine/formulas/plan-id.ts";
import { createMemoryRecording, type MemoryRecordingOptions } from "../../src/recording/memory.ts";
import type { InputRow, MarketRow } from "../../src/recording/record.ts";
import { createRandomStreams } from "../../src/sim/time/random-streams.ts";

/** A market of one to two hours with a handful of intents: everything a run needs, and small enough to shrink. */
export interface SmallMarket {
  /** Root of the price walks. */
  readonly seed: number;
  readonly minutes: number;
  readonly symbolCount: number;
  readonly intents: readonly SmallIntent[];
}

export interface SmallIntent {
  readonly minute: number;
  readonly symbol: number;
  readonly isBuy: boolean;
  readonly sizeUsd: number;
  readonly confidencePct: number;
}

export const NAMES = ["BTCUSDT", "ETHUSDT", "LTCUSDT", "XRPUSDT"] as const;
/** 2026-02-02T00:00:00Z: a whole day, so that every grid of the core starts there. */
export const START_MS = 1_769_990_400_000;
/** A row every 20 s per symbol. */
const STEP_MS = 20_000;
const STEPS_PER_MINUTE = 3;
/** Features want this many closes (featurePointsMin: 65). */
const FEATURES_FROM_MINUTE = 68;

export const smallMarket: fc.Arbitrary<SmallMarket> = fc
  .record({
    seed: fc.integer({ min: 1, max: 1_000_000 }),
    minutes: fc.integer({ min: 95, max: 115 }),
    symbolCount: fc.integer({ min: 2, max: NAMES.length }),
  })
  .chain((shape) =>
    fc
      .array(
        fc.record({
          minute: fc.integer({ min: FEATURES_FROM_MINUTE, max: shape.minutes - 8 }),
          symbol: fc.integer({ min: 0, max: shape.symbolCount - 1 }),
          isBuy: fc.boolean(),
          sizeUsd: fc.integer({ min: 120, max: 240 }),
          confidencePct: fc.integer({ min: 50, max: 95 }),
        }),
        { minLength: 6, maxLength: 12 },
      )
      .map((intents) => ({ ...shape, intents: [...intents].sort((left, right) => left.minute - right.minute) })),
  );

/** How a small market is written down; each relation changes one of these. */
export interface Writing {
  readonly shiftMs?: number;
  /** Ticks and prices times this; 1, or 10 for "prices and tick by ten". */
  readonly priceScale?: 1 | 10;
  /** Notionals of intents times this. */
  readonly sizeScale?: number;
  /** Names of the symbols, by index. */
  readonly names?: readonly string[];
}

/** Market and input rows in replay order, with the instruments of a venue that has a tick of 0.1. */
export function written(
  market: SmallMarket,
  writing: Writing = {},
): MemoryRecordingOptions & {
  readonly market: readonly MarketRow[];
  readonly inputs: readonly InputRow[];
} {
  const { shiftMs = 0, priceScale = 1, sizeScale = 1, names = NAMES } = writing;
  const symbols = names.slice(0, market.symbolCount);
  const startMs = START_MS + shiftMs;
  const text = (ticks: number): string => (priceScale === 10 ? `${ticks}` : (ticks / 10).toFixed(1));
  const walks = symbols.map((_, symbol) => walk(market, symbol));
  const rows: MarketRow[] = [];
  for (let step = 0; step < market.minutes * STEPS_PER_MINUTE; step++) {
    for (const [symbol, ticks] of walks.entries()) {
      const price = ticks[step]!;
      const quotes = { price: text(price), bid: text(price - 1), ask: text(price + 1), qty: "1.5" };
      rows.push({ rxMs: startMs + step * STEP_MS, symbol, ...quotes });
    }
  }
  const inputs: InputRow[] = market.intents.map((intent, index) => {
    const rxMs = startMs + intent.minute * 60_000 + 5_000;
    const ticks = walks[intent.symbol]![intent.minute * STEPS_PER_MINUTE]!;
    return { rxMs, stream: "trade.intent", payload: { id: `${rxMs}-${index}`, fields: intentFields(intent, rxMs) } };
    function intentFields({ isBuy, sizeUsd, confidencePct, symbol }: SmallIntent, tsMs: number) {
      const payload = {
        symbol: symbols[symbol]!,
        side: isBuy ? "BUY" : "SELL",
        confidence: confidencePct / 100,
        entry_price: Number(text(ticks)),
        position_size_usd: sizeUsd * sizeScale,
        leverage: 10,
        timestamp: naiveUtcText(tsMs),
        model: "small",
      };
      return { event_type: "trade.intent", payload: JSON.stringify(payload), source: "test" };
    }
  });
  for (const [symbol, name] of symbols.entries()) {
    const payload = { sym: name, rate: "0.0001", mark: text(walks[symbol]!.at(-1)!) };
    inputs.push({ rxMs: startMs + (market.minutes - 4) * 60_000, stream: "funding", payload });
  }
  return {
    id: "small",
    symbols,
    fidelity: "book",
    instruments: instruments(symbols, priceScale),
    market: rows,
    inputs,
  };
}

export function recordingOf(market: SmallMarket, writing: Writing = {}) {
  return createMemoryRecording(written(market, writing));
}

/** Prices between 50 and 400, in ticks of 0.1: each step moves up to 0.4 %, in stretches of calm and of storm. */
function walk({ seed, minutes }: SmallMarket, symbol: number): number[] {
  const random = createRandomStreams(String(seed)).stream(`walk/${symbol}`);
  let ticks = 500 + Math.round(random.next() * 3500);
  return Array.from({ length: minutes * STEPS_PER_MINUTE }, (_, step) => {
    const width = Math.floor(step / 60) % 2 === 0 ? 0.001 : 0.004;
    ticks = Math.max(100, ticks + Math.round(ticks * width * (2 * random.next() - 1)));
    return ticks;
  });
}

export function instruments(symbols: readonly string[], priceScale: 1 | 10 = 1): Instrument[] {
  return symbols.map((symbol, index) => ({
    symbol,
    index,
    tickSize: priceScale === 10 ? "1" : "0.1",
    stepSize: "0.001",
    qtyLotsMin: 1,
    qtyLotsMax: 100_000_000,
    notionalMinQuote: 500_000_000n * BigInt(priceScale),
    isOnVenue: true,
  }));
}
