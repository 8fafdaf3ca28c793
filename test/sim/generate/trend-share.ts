import { computeFeatures } from "../../../src/engine/market/estimator.ts";

/** Closes the estimator is given, as the market state publisher does (pipeline.md 1.4). */
const WINDOW_BARS = 300;

export interface TrendShare {
  /** Evaluations per symbol. */
  readonly evaluations: number;
  /** Share of evaluations with `pTrend >= 0.3`: no regime flip (pipeline.md 3). */
  readonly trendShare: number;
  /** The same for each symbol, in the order of the columns. */
  readonly trendShareBySymbol: readonly number[];
  /** Median trend strength |mu| / sigma. */
  readonly trendStrengthMedian: number;
  readonly trendStrength95: number;
}

/** Evaluates the pipeline's own features every `everyBars` closes and counts how often they say "trend". */
export function trendShare(closes: readonly Float64Array[], everyBars: number): TrendShare {
  const strengths: number[] = [];
  let evaluations = 0;
  const shares = closes.map((column) => {
    let trending = 0;
    evaluations = 0;
    for (let end = WINDOW_BARS; end <= column.length; end += everyBars) {
      const features = computeFeatures(column.slice(end - WINDOW_BARS, end), WINDOW_BARS);
      if (features === null) continue;
      evaluations++;
      if (features.pTrend >= 0.3) trending++;
      strengths.push(features.trendStrength);
    }
    return trending / evaluations;
  });
  strengths.sort((left, right) => left - right);
  return {
    evaluations,
    trendShare: shares.reduce((sum, share) => sum + share, 0) / shares.length,
    trendShareBySymbol: shares,
    trendStrengthMedian: strengths[strengths.length >> 1]!,
    trendStrength95: strengths[Math.floor(strengths.length * 0.95)]!,
  };
}
