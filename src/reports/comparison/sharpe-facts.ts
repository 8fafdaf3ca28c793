import { deflatedSharpe, probabilisticSharpe, type SharpeFacts, shapeOf, sharpeOf } from "../statistics/index.ts";
import { known, type Measured, unknown } from "../statistics/measured.ts";
import type { VariantRecord } from "../variants/variant-record.ts";
import { coarsen, withStart } from "./equity-steps.ts";
import { startQuoteOf } from "./pair.ts";
import type { TrialFacts } from "./trials.ts";

/** Five minutes: the ratio of every trial must be over the same bucket, or their variance means nothing. */
export const SHARPE_BUCKET_MS = 300_000;
export const SHARPE_METRIC = "sharpe_5m";

/** Returns per five minutes, every bucket present, recordings one after the other. */
function returnsOf(records: readonly VariantRecord[]): Measured<number[]> {
  const returns: number[] = [];
  for (const record of records) {
    const { widthMs } = record.buckets;
    if (widthMs > SHARPE_BUCKET_MS || SHARPE_BUCKET_MS % widthMs !== 0) return unknown("bucket_width");
    const levels = withStart(startQuoteOf(record), coarsen(record.buckets, SHARPE_BUCKET_MS / widthMs));
    if (levels.some((level) => !(level > 0))) return unknown("blown");
    for (let index = 1; index < levels.length; index += 1) returns.push(levels[index]! / levels[index - 1]! - 1);
  }
  return known(returns);
}

/** Sharpe ratio per five minutes, risk-free rate 0, not annualised. */
export function perBucketSharpe(records: readonly VariantRecord[]): Measured {
  const returns = returnsOf(records);
  return returns.value === null ? returns : sharpeOf(returns.value);
}

export interface SharpeSignificance {
  readonly sharpe: Measured;
  /** Chance that the true ratio is above 0. */
  readonly psr: Measured;
  /** The same against what the best of all trials would show by chance. */
  readonly dsr: Measured;
}

export function sharpeSignificance(records: readonly VariantRecord[], trials: TrialFacts): SharpeSignificance {
  const returns = returnsOf(records);
  const sharpe = returns.value === null ? returns : sharpeOf(returns.value);
  if (returns.value === null || sharpe.value === null) {
    const none = unknown(sharpe.reason ?? "undefined");
    return { sharpe: none, psr: none, dsr: none };
  }
  const shape = shapeOf(returns.value);
  if (shape.value === null) return { sharpe, psr: shape, dsr: shape };
  const facts: SharpeFacts = {
    sharpe: sharpe.value,
    buckets: returns.value.length,
    skew: shape.value.skewPopulation,
    kurtosisRaw: shape.value.kurtosisRawPopulation,
  };
  return { sharpe, psr: probabilisticSharpe(facts), dsr: deflated(facts, trials) };
}

function deflated(facts: SharpeFacts, { trials, sharpeVariance }: TrialFacts): Measured {
  if (trials.value === null) return trials;
  // One trial is its own best: nothing to deflate, whatever the variance of one value would be.
  if (trials.value === 1) return deflatedSharpe(facts, { trials: 1, sharpeVariance: 0 });
  if (sharpeVariance.value === null) return sharpeVariance;
  return deflatedSharpe(facts, { trials: trials.value, sharpeVariance: sharpeVariance.value });
}
