import { finite, known, type Measured, unknown } from "./measured.ts";
import { EULER_GAMMA, normalCdf, normalQuantile } from "./normal.ts";

/** A Sharpe ratio PER BUCKET with the shape of its returns. Annual ratios must be divided by sqrt(buckets) first. */
export interface SharpeFacts {
  readonly sharpe: number;
  readonly buckets: number;
  /** Population skewness. */
  readonly skew: number;
  /** RAW population kurtosis, 3 for a normal; excess kurtosis gives a wrong answer in three popular libraries. */
  readonly kurtosisRaw: number;
}

/** Kurtosis is at least skew^2 + 1 for any distribution; less means that excess kurtosis was fed in. */
function spreadOf({ sharpe, skew, kurtosisRaw }: SharpeFacts): Measured {
  if (kurtosisRaw < skew * skew + 1 - 1e-9) return unknown("moment_bound");
  const spread = 1 - skew * sharpe + ((kurtosisRaw - 1) / 4) * sharpe * sharpe;
  return spread > 0 ? known(spread) : unknown("moment_bound");
}

/** Standard error of a Sharpe ratio under any shape (Mertens 2002, Bailey and Lopez de Prado 2012). */
export function sharpeSe(facts: SharpeFacts): Measured {
  if (facts.buckets < 2) return unknown("too_few");
  const spread = spreadOf(facts);
  return spread.value === null ? spread : finite(Math.sqrt(spread.value / (facts.buckets - 1)));
}

/**
 * Probabilistic Sharpe ratio: the chance that the true ratio exceeds `threshold` (Bailey and Lopez de Prado 2012),
 * Phi((SR - SR*) sqrt(T-1) / sqrt(1 - g3 SR + (g4-1)/4 SR^2)). `moment_bound` when no distribution has these moments.
 */
export function probabilisticSharpe(facts: SharpeFacts, threshold = 0): Measured {
  const se = sharpeSe(facts);
  return se.value === null ? se : finite(normalCdf((facts.sharpe - threshold) / se.value));
}

/**
 * Expected largest of N standard normals, the approximation of Bailey and Lopez de Prado (2014); 0 for one trial, 0.52
 * for two where the exact value is 0.564.
 */
export function expectedMaximum(trials: number): number {
  if (!(trials >= 1)) throw new RangeError(`Cannot take the best of ${trials} trials: one is needed`);
  if (trials === 1) return 0;
  return (1 - EULER_GAMMA) * normalQuantile(1 - 1 / trials) + EULER_GAMMA * normalQuantile(1 - 1 / (trials * Math.E));
}

/** The ratio per bucket that the best of N worthless trials is expected to show; variance is that of the trials. */
export function deflationThreshold(trials: number, sharpeVariance: number): number {
  return Math.sqrt(sharpeVariance) * expectedMaximum(trials);
}

/**
 * Deflated Sharpe ratio (Bailey and Lopez de Prado 2014): PSR against what the best of all trials would show by chance.
 * `trials` is the number of distinct variants ever scored on the recording (the trial ledger), `null` when nobody
 * knows: then there is no answer, `n_unknown`.
 */
export function deflatedSharpe(
  facts: SharpeFacts,
  { trials, sharpeVariance }: { readonly trials: number | null; readonly sharpeVariance: number },
): Measured {
  if (trials === null) return unknown("n_unknown");
  return probabilisticSharpe(facts, deflationThreshold(trials, sharpeVariance));
}

/** Trials that count as independent: rho + (1 - rho) M rounded up, rho the mean pairwise correlation of bucket PnL. */
export function effectiveTrials(trials: number, meanCorrelation: number): number {
  const rho = Math.min(1, Math.max(0, meanCorrelation));
  // The binary product may end a hair above a whole number, which is not one trial more.
  return Math.max(1, Math.ceil(rho + (1 - rho) * trials - 1e-9));
}

/**
 * Minimum track record length in buckets for PSR(threshold) = `confidence`. `below_threshold` when the ratio is not
 * above it: no length would do.
 */
export function minimumTrackRecord(
  facts: Omit<SharpeFacts, "buckets">,
  { threshold = 0, confidence = 0.95 }: { readonly threshold?: number; readonly confidence?: number } = {},
): Measured {
  if (facts.sharpe <= threshold) return unknown("below_threshold");
  const spread = spreadOf({ ...facts, buckets: 2 });
  if (spread.value === null) return spread;
  return finite(1 + spread.value * (normalQuantile(confidence) / (facts.sharpe - threshold)) ** 2);
}

/**
 * Minimum backtest length in years under which the best of N worthless variants is expected to show `sharpeAnnual`,
 * and the simple upper bound 2 ln N / SR^2 (Bailey, Borwein, Lopez de Prado and Zhu 2014).
 */
export function minimumBacktest(
  trials: number,
  sharpeAnnual: number,
): Measured<{ readonly years: number; readonly yearsMax: number }> {
  if (!(sharpeAnnual > 0)) return unknown("below_threshold");
  return known({
    years: (expectedMaximum(trials) / sharpeAnnual) ** 2,
    yearsMax: (2 * Math.log(trials)) / sharpeAnnual ** 2,
  });
}
