import { createHash } from "node:crypto";
import type { Trial, TrialLedger } from "../statistics/index.ts";
import { known, type Measured, unknown } from "../statistics/measured.ts";
import type { VariantRecord } from "../variants/variant-record.ts";
import { perBucketSharpe, SHARPE_METRIC } from "./sharpe-facts.ts";

/** What the ledger says of the recordings a comparison rests on. */
export interface TrialFacts {
  /** Distinct variants ever scored on any of them. */
  readonly trials: Measured;
  /** Variance over those of the Sharpe ratio per bucket, the latest value of each. */
  readonly sharpeVariance: Measured;
}

export const NO_LEDGER: TrialFacts = {
  trials: unknown("n_unknown"),
  sharpeVariance: unknown("n_unknown"),
};

/**
 * N for deflation over several recordings: a variant tried on any of them counts once. A damaged line may be one more,
 * so N is unknown then: an N that is too small flatters every variant.
 */
export function trialFactsOf(ledger: TrialLedger, recordingHashes: readonly string[]): TrialFacts {
  if (ledger.damaged.length > 0) {
    const damaged = unknown("ledger_damaged");
    return { trials: damaged, sharpeVariance: damaged };
  }
  const wanted = new Set(recordingHashes);
  const variants = new Set<string>();
  const sharpes = new Map<string, number>();
  for (const { recording, variant, metric, value } of ledger.trials) {
    if (!wanted.has(recording)) continue;
    variants.add(variant);
    if (metric === SHARPE_METRIC && value !== null) sharpes.set(`${recording} ${variant}`, value);
  }
  if (variants.size === 0) return NO_LEDGER;
  const values = [...sharpes.values()];
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return {
    trials: known(variants.size),
    sharpeVariance: values.length < 2 ? unknown("too_few") : known(squares / (values.length - 1)),
  };
}

/** The lines of the ledger for records that were just scored; `variantHashOf` says what decides, whatever its name. */
export function trialsOfRecords(
  records: readonly VariantRecord[],
  { variantHashOf, tsMs }: { readonly variantHashOf: (record: VariantRecord) => string; readonly tsMs: number },
): Trial[] {
  return records.map((record) => ({
    recording: record.recordingHash,
    variant: variantHashOf(record),
    metric: SHARPE_METRIC,
    value: perBucketSharpe([record]).value,
    tsMs,
  }));
}

/**
 * Identity of a trial by what it did: variants that decide and earn the same on a recording are one trial, whatever
 * they are called. Another seed or window may count as one more, which only makes deflation stricter.
 */
export function outcomeHashOf({ intents, exits, buckets, roundTrips }: VariantRecord): string {
  const facts = JSON.stringify([intents, exits, buckets.equityQuote, roundTrips]);
  return createHash("sha256").update(facts).digest("hex");
}
