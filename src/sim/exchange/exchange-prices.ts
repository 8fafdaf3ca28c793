import type { RecordingSource } from "../../recording/batch.ts";

/** How finely a recording shows the market. */
export type Fidelity = RecordingSource["fidelity"];

const MINUTE_MS = 60_000;

/**
 * The market as the exchange knows it, one column per fact and one row per symbol. The run loop stores a row before it
 * tells the exchange of it; the exchanges of all variants read the same columns.
 */
export interface ExchangePrices {
  /** Mark price, or the last price where the recording has no mark; NaN before the first. */
  readonly price: Float64Array;
  /** Best bid and ask; NaN where the recording has none. */
  readonly bid: Float64Array;
  readonly ask: Float64Array;
  readonly lastTsMs: Float64Array;
  /** Clock minute of the last volume, base quantity in it so far, and that of the minute before it. */
  readonly minute: Float64Array;
  readonly minuteQty: Float64Array;
  readonly previousMinuteQty: Float64Array;
}

export function createExchangePrices(symbolCount: number): ExchangePrices {
  return {
    price: new Float64Array(symbolCount).fill(Number.NaN),
    bid: new Float64Array(symbolCount).fill(Number.NaN),
    ask: new Float64Array(symbolCount).fill(Number.NaN),
    lastTsMs: new Float64Array(symbolCount),
    minute: new Float64Array(symbolCount).fill(Number.NEGATIVE_INFINITY),
    minuteQty: new Float64Array(symbolCount),
    previousMinuteQty: new Float64Array(symbolCount),
  };
}

/** Takes over the columns of a checkpoint; everybody who reads these goes on reading the same arrays. */
export function loadExchangePrices(prices: ExchangePrices, saved: ExchangePrices): void {
  prices.price.set(saved.price);
  prices.bid.set(saved.bid);
  prices.ask.set(saved.ask);
  prices.lastTsMs.set(saved.lastTsMs);
  prices.minute.set(saved.minute);
  prices.minuteQty.set(saved.minuteQty);
  prices.previousMinuteQty.set(saved.previousMinuteQty);
}

/** Adds base quantity traded at that time; call it with quantities above 0. */
export function addVolume(prices: ExchangePrices, symbolIndex: number, tsMs: number, qty: number): void {
  const minute = Math.floor(tsMs / MINUTE_MS);
  const known = prices.minute[symbolIndex]!;
  if (minute === known) {
    prices.minuteQty[symbolIndex]! += qty;
    return;
  }
  prices.previousMinuteQty[symbolIndex] = minute === known + 1 ? prices.minuteQty[symbolIndex]! : 0;
  prices.minute[symbolIndex] = minute;
  prices.minuteQty[symbolIndex] = qty;
}

/**
 * Base quantity of the last whole clock minute, or of the running one when nothing is known of the last; 0 when neither
 * is known.
 */
export function minuteVolumeQty(prices: ExchangePrices, symbolIndex: number, tsMs: number): number {
  const age = Math.floor(tsMs / MINUTE_MS) - prices.minute[symbolIndex]!;
  if (age === 1) return prices.minuteQty[symbolIndex]!;
  if (age !== 0) return 0;
  const previousQty = prices.previousMinuteQty[symbolIndex]!;
  return previousQty > 0 ? previousQty : prices.minuteQty[symbolIndex]!;
}
