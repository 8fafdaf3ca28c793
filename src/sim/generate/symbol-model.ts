import type { RandomStream } from "../time/random-streams.ts";

/** What the generator assumes about one contract; prices and levels are round figures of 2025, not quotes. */
export interface SymbolModel {
  readonly symbol: string;
  /** First price. */
  readonly basePrice: number;
  readonly tickSize: string;
  readonly stepSize: string;
  /** Largest market order, in base asset, as text for the filters. */
  readonly qtyMax: string;
  readonly notionalMin: string;
  /** Long-run standard deviation of one-minute log returns, basis points. */
  readonly sigmaBps: number;
  /** Correlation of the symbol's minute with the common factor. */
  readonly loading: number;
  /** Median traded value of one minute, in quote. */
  readonly minuteQuote: number;
  /** Bid/ask distance at normal volatility, basis points; never below one tick. */
  readonly spreadBps: number;
}

/** A contract the universe still names although nothing trades: one price for ever, not on the venue. */
export interface FrozenSymbol {
  readonly symbol: string;
  readonly priceText: string;
}

/** The ticker that stood at one price for months while intents kept arriving (pipeline.md 0, item 10). */
export const FROZEN_WAVES: FrozenSymbol = { symbol: "WAVESUSDT", priceText: "1.3355" };

const SHIPPED: readonly SymbolModel[] = [
  model("BTCUSDT", 95_000, "0.10", "0.001", "1000", "100", [5.4, 0.865, 7_000_000, 0.02]),
  model("ETHUSDT", 2_500, "0.01", "0.001", "10000", "20", [10.6, 0.855, 6_400_000, 0.08]),
  model("SOLUSDT", 170, "0.0100", "0.01", "100000", "5", [10.6, 0.865, 1_600_000, 0.7]),
  model("BNBUSDT", 650, "0.010", "0.01", "10000", "5", [5.9, 0.785, 160_000, 0.3]),
  model("XRPUSDT", 2.4, "0.0001", "0.1", "1000000", "5", [9.6, 0.845, 660_000, 0.6]),
  model("ADAUSDT", 0.79, "0.00010", "1", "10000000", "5", [11.9, 0.865, 230_000, 1.4]),
  model("AVAXUSDT", 24, "0.0010", "0.1", "1000000", "5", [12.8, 0.855, 140_000, 1.0]),
  model("LINKUSDT", 16, "0.001", "0.01", "100000", "5", [12.1, 0.865, 150_000, 1.1]),
  model("LTCUSDT", 102, "0.01", "0.001", "10000", "5", [10.7, 0.805, 110_000, 1.3]),
  model("DOGEUSDT", 0.22, "0.000010", "1", "10000000", "5", [13.0, 0.855, 900_000, 0.6]),
  model("DOTUSDT", 4.7, "0.001", "0.1", "1000000", "5", [11.6, 0.845, 90_000, 2.3]),
  model("ZECUSDT", 317, "0.01", "0.001", "10000", "5", [14.5, 0.645, 120_000, 2.0]),
];

/**
 * Models of the first `count` symbols: the shipped twelve, then made-up ones (`SIM013USDT`, ...) whose levels are drawn
 * from the stream, so that a wide universe has cheap and dear, quiet and wild, busy and thin symbols.
 */
export function symbolModels(count: number, random: RandomStream): SymbolModel[] {
  const models = SHIPPED.slice(0, count);
  for (let place = models.length; place < count; place++) models.push(madeUp(place + 1, random));
  return models;
}

const TICKS = ["0.0000001", "0.000001", "0.00001", "0.0001", "0.001", "0.01", "0.1"] as const;

function madeUp(ordinal: number, random: RandomStream): SymbolModel {
  const exponent = Math.floor(random.next() * 6) - 3;
  const digits = 1 + random.next() * 9;
  const unit = Number(`1e${exponent}`);
  const basePrice = Math.round(digits * 1_000) * (unit / 1_000);
  const tickSize = TICKS[exponent + 3]!;
  const stepSize = exponent <= -1 ? "1" : exponent === 0 ? "0.1" : "0.01";
  return model(`SIM${String(ordinal).padStart(3, "0")}USDT`, basePrice, tickSize, stepSize, "1000000", "5", [
    9 + random.next() * 12,
    0.7 + random.next() * 0.14,
    Math.exp(Math.log(10_000) + random.next() * Math.log(40)),
    0.8 + random.next() * 3,
  ]);
}

function model(
  symbol: string,
  basePrice: number,
  tickSize: string,
  stepSize: string,
  qtyMax: string,
  notionalMin: string,
  [sigmaBps, loading, minuteQuote, spreadBps]: readonly [number, number, number, number],
): SymbolModel {
  return {
    symbol,
    basePrice,
    tickSize,
    stepSize,
    qtyMax,
    notionalMin,
    sigmaBps,
    loading,
    minuteQuote,
    spreadBps,
  };
}
