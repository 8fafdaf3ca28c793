import { DepthBook } from "./depth-book.ts";

const MINUTE_MS = 60_000;

/**
 * The market as the venue knows it, one column per fact and one row per symbol; NaN where nothing is known.
 *
 * Whoever feeds a recording stores here first and then tells the venues; all of them read the same columns.
 */
export interface VenueMarket {
  /** Mark price; the last price stands in where a recording has no mark. */
  readonly mark: Float64Array;
  readonly last: Float64Array;
  readonly index: Float64Array;
  readonly bid: Float64Array;
  readonly ask: Float64Array;
  /** Base quantity at the best prices; NaN where the recording has no sizes. */
  readonly bidQty: Float64Array;
  readonly askQty: Float64Array;
  readonly fundingRate: Float64Array;
  readonly nextFundingTsMs: Float64Array;
  readonly updatedTsMs: Float64Array;
  /** Clock minute of the last volume, base quantity in it so far, and that of the minute before it. */
  readonly minute: Float64Array;
  readonly minuteQty: Float64Array;
  readonly previousMinuteQty: Float64Array;
  /** Order books by symbol where the recording has depth. */
  readonly depth: (DepthBook | null)[];
}

export function createVenueMarket(symbolCount: number): VenueMarket {
  const unknown = () => new Float64Array(symbolCount).fill(Number.NaN);
  return {
    mark: unknown(),
    last: unknown(),
    index: unknown(),
    bid: unknown(),
    ask: unknown(),
    bidQty: unknown(),
    askQty: unknown(),
    fundingRate: unknown(),
    nextFundingTsMs: unknown(),
    updatedTsMs: new Float64Array(symbolCount),
    minute: new Float64Array(symbolCount).fill(Number.NEGATIVE_INFINITY),
    minuteQty: new Float64Array(symbolCount),
    previousMinuteQty: new Float64Array(symbolCount),
    depth: Array.from({ length: symbolCount }, () => null),
  };
}

/** The price a position is valued at: the mark, else the middle of the book, else the last trade; NaN when none is known. */
export function referencePrice(market: VenueMarket, symbolIndex: number): number {
  const mark = market.mark[symbolIndex]!;
  if (mark > 0) return mark;
  const bid = market.bid[symbolIndex]!;
  const ask = market.ask[symbolIndex]!;
  if (bid > 0 && ask > 0) return (bid + ask) / 2;
  return market.last[symbolIndex]!;
}

/** The last trade, else the reference price. */
export function lastPrice(market: VenueMarket, symbolIndex: number): number {
  const last = market.last[symbolIndex]!;
  return last > 0 ? last : referencePrice(market, symbolIndex);
}

/** Adds base quantity traded at that time; call it with quantities above 0. */
export function addVolume(market: VenueMarket, symbolIndex: number, tsMs: number, qty: number): void {
  const minute = Math.floor(tsMs / MINUTE_MS);
  const known = market.minute[symbolIndex]!;
  if (minute === known) {
    market.minuteQty[symbolIndex]! += qty;
    return;
  }
  market.previousMinuteQty[symbolIndex] = minute === known + 1 ? market.minuteQty[symbolIndex]! : 0;
  market.minute[symbolIndex] = minute;
  market.minuteQty[symbolIndex] = qty;
}

/**
 * Base quantity of the last whole clock minute, or of the running one when nothing is known of the last; 0 when neither
 * is known.
 */
export function minuteVolumeQty(market: VenueMarket, symbolIndex: number, tsMs: number): number {
  const age = Math.floor(tsMs / MINUTE_MS) - market.minute[symbolIndex]!;
  if (age === 1) return market.minuteQty[symbolIndex]!;
  if (age !== 0) return 0;
  const previousQty = market.previousMinuteQty[symbolIndex]!;
  return previousQty > 0 ? previousQty : market.minuteQty[symbolIndex]!;
}

/** All columns as plain data, for a checkpoint. */
export type VenueMarketSnapshot = Omit<VenueMarket, "depth"> & { readonly depth: readonly unknown[] };

export function saveVenueMarket(market: VenueMarket): VenueMarketSnapshot {
  return { ...market, depth: market.depth.map((book) => book?.save() ?? null) };
}

/** Takes over the columns of a checkpoint; everybody who reads these goes on reading the same arrays. */
export function loadVenueMarket(market: VenueMarket, saved: VenueMarketSnapshot): void {
  market.mark.set(saved.mark);
  market.last.set(saved.last);
  market.index.set(saved.index);
  market.bid.set(saved.bid);
  market.ask.set(saved.ask);
  market.bidQty.set(saved.bidQty);
  market.askQty.set(saved.askQty);
  market.fundingRate.set(saved.fundingRate);
  market.nextFundingTsMs.set(saved.nextFundingTsMs);
  market.updatedTsMs.set(saved.updatedTsMs);
  market.minute.set(saved.minute);
  market.minuteQty.set(saved.minuteQty);
  market.previousMinuteQty.set(saved.previousMinuteQty);
  saved.depth.forEach((book, symbolIndex) => {
    if (book === null) {
      market.depth[symbolIndex] = null;
      return;
    }
    const restored = new DepthBook();
    restored.load(book);
    market.depth[symbolIndex] = restored;
  });
}
