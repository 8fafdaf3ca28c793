import { known, type Measured, requireFinite, unknown } from "./measured.ts";
import { hasZeroVariance, meanOf } from "./moments.ts";
import { twoSidedNormalP } from "./normal.ts";
import { fastSum } from "./sum.ts";

/** Autocovariances of lags 0 to `lagMax`, each divided by n (not n - lag), which keeps the sequence positive definite. */
export function autocovariances(series: readonly number[], lagMax: number): number[] {
  return crossCovariances(series, series, lagMax);
}

/** Mean of (x_t - mean x)(y_{t+lag} - mean y) for lags 0 to `lagMax`, divided by n. */
export function crossCovariances(left: readonly number[], right: readonly number[], lagMax: number): number[] {
  const n = left.length;
  const [leftMean, rightMean] = [meanOf(left), meanOf(right)];
  const result: number[] = [];
  const products: number[] = [];
  for (let lag = 0; lag <= lagMax; lag += 1) {
    products.length = 0;
    for (let t = 0; t + lag < n; t += 1) products.push((left[t]! - leftMean) * (right[t + lag]! - rightMean));
    result.push(fastSum(products) / n);
  }
  return result;
}

export interface HacMean {
  readonly mean: number;
  readonly se: number;
  readonly z: number;
  readonly pTwoSided: number;
}

/** Lags for a Bartlett kernel: floor(4 (n/100)^(2/9)) (Newey and West 1994). */
export function bartlettLags(n: number): number {
  return Math.floor(4 * (n / 100) ** (2 / 9));
}

/**
 * Mean with its heteroskedasticity and autocorrelation consistent standard error (Newey and West 1987, Bartlett):
 * se^2 = (g_0 + 2 sum_{l<=L} (1 - l/(L+1)) g_l) / n. A cheap cross-check of the bootstrap, too narrow on short series.
 */
export function hacMean(series: readonly number[], lags = bartlettLags(series.length)): Measured<HacMean> {
  requireFinite(series, "a mean");
  const n = series.length;
  if (n < 2) return unknown("too_few");
  if (hasZeroVariance(series)) return unknown("identical");
  const gammas = autocovariances(series, Math.min(lags, n - 1));
  const weighted = gammas.map((gamma, lag) => (lag === 0 ? gamma : 2 * (1 - lag / (lags + 1)) * gamma));
  const se = Math.sqrt(fastSum(weighted) / n);
  const mean = meanOf(series);
  return known({ mean, se, z: mean / se, pTwoSided: twoSidedNormalP(mean / se) });
}
