import type { EquitySeries } from "../variants/variant-record.ts";

/** Buckets of one or several recordings one after the other; equal positions are equal times in every variant. */
export interface EquitySteps {
  readonly widthMs: number;
  /** Change of equity in each bucket, in quote; the first starts from the wallet of the start. */
  readonly steps: readonly number[];
}

const FACTORS = [1, 2, 5, 10, 15, 30, 60, 120, 240, 480, 1440] as const;

/**
 * Joins `factor` neighbouring buckets, at the same UTC boundaries in every variant; the last may be cut by the end of
 * the run, the first by its beginning.
 */
export function coarsen({ fromTsMs, widthMs, equityQuote }: EquitySeries, factor: number): EquitySeries {
  const first = Math.round(fromTsMs / widthMs);
  const joined: number[] = [];
  equityQuote.forEach((equity, index) => {
    joined[Math.floor((first + index) / factor) - Math.floor(first / factor)] = equity;
  });
  return { fromTsMs: Math.floor(first / factor) * factor * widthMs, widthMs: widthMs * factor, equityQuote: joined };
}

/** Smallest factor that leaves at most `bucketsMax` buckets: resampling costs time by the bucket. */
export function factorFor(buckets: number, bucketsMax: number): number {
  return FACTORS.find((factor) => buckets / factor <= bucketsMax) ?? FACTORS.at(-1)!;
}

/** Equity with its start in front: a loss in the first bucket is a drawdown. */
export function withStart(startQuote: number, { equityQuote }: EquitySeries): number[] {
  return [startQuote, ...equityQuote];
}

/** Changes from one level to the next: one fewer than there are levels. */
export function stepsOf(levels: readonly number[]): number[] {
  return levels.slice(1).map((level, index) => level - levels[index]!);
}
