import type { EquitySeries } from "./variant-record.ts";

/** One minute: short enough for bursts, and 10 080 numbers for a week. */
export const BUCKET_WIDTH_MS = 60_000;

export interface EquitySeriesBuilder {
  /** Equity from this time on, in quote; times never decrease. */
  observe(tsMs: number, equityQuote: number): void;
  finish(endTsMs: number): EquitySeries;
}

/**
 * Equity at the end of every bucket of the run: aligned to UTC, every bucket present, one without an observation keeps
 * what the one before it ended with. Before the first observation there is none to keep, so those buckets get the first.
 */
export function createEquitySeries(startTsMs: number, widthMs = BUCKET_WIDTH_MS): EquitySeriesBuilder {
  if (!(Number.isInteger(widthMs) && widthMs > 0)) {
    throw new RangeError(`Cannot sample equity every ${widthMs} ms: a whole number from 1 is needed`);
  }
  const fromTsMs = Math.floor(startTsMs / widthMs) * widthMs;
  const closed: number[] = [];
  let last: number | null = null;
  const closeBefore = (tsMs: number, equity: number): void => {
    while (fromTsMs + (closed.length + 1) * widthMs <= tsMs) closed.push(equity);
  };
  return {
    observe(tsMs, equityQuote) {
      closeBefore(tsMs, last ?? equityQuote);
      last = equityQuote;
    },
    finish(endTsMs) {
      if (last === null) return { fromTsMs, widthMs, equityQuote: [] };
      closeBefore(endTsMs, last);
      return { fromTsMs, widthMs, equityQuote: [...closed, last] };
    },
  };
}
