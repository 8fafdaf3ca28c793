import { known, type Measured, requireSameLength, unknown } from "./measured.ts";
import { fastSum } from "./sum.ts";

/** A spread this small against the mean is rounding, not variance (reports.md 1.2, `zero_variance`). */
const ZERO_VARIANCE_SHARE = 1e-12;

export function meanOf(series: readonly number[]): number {
  return fastSum(series) / series.length;
}

/** Mean of `(x - mean)^power` over all n: the population moment about the mean. Two passes, so no cancellation. */
export function centralMoment(series: readonly number[], power: number): number {
  const mean = meanOf(series);
  return fastSum(series.map((value) => (value - mean) ** power)) / series.length;
}

/** Population standard deviation (n) for probabilistic Sharpe ratios; `sampleStd` (n-1) for volatility and Sharpe. */
export function populationStd(series: readonly number[]): number {
  return Math.sqrt(centralMoment(series, 2));
}

/** Needs two values; one gives NaN, callers refuse earlier. */
export function sampleStd(series: readonly number[]): number {
  return Math.sqrt((centralMoment(series, 2) * series.length) / (series.length - 1));
}

/** True when the values do not differ beyond rounding: no ratio, test or bootstrap over them means anything. */
export function hasZeroVariance(series: readonly number[]): boolean {
  return populationStd(series) < ZERO_VARIANCE_SHARE * Math.max(1, Math.abs(meanOf(series)));
}

export interface Shape {
  /** Third standardised population moment. */
  readonly skewPopulation: number;
  /** Fourth standardised population moment, RAW: 3 for a normal. Never subtract 3 before PSR (reports.md 2.7). */
  readonly kurtosisRawPopulation: number;
  /** Adjusted Fisher-Pearson G1, what pandas calls skew. */
  readonly skewG1: number;
  /** Adjusted EXCESS kurtosis G2, what pandas calls kurt; 0 for a normal. */
  readonly kurtosisExcessG2: number;
}

/** Skewness and kurtosis in both conventions (Joanes and Gill 1998); from four values with variance. */
export function shapeOf(series: readonly number[]): Measured<Shape> {
  const n = series.length;
  if (n < 4) return unknown("too_few");
  if (hasZeroVariance(series)) return unknown("zero_variance");
  const variance = centralMoment(series, 2);
  const skewPopulation = centralMoment(series, 3) / variance ** 1.5;
  const kurtosisRawPopulation = centralMoment(series, 4) / variance ** 2;
  return known({
    skewPopulation,
    kurtosisRawPopulation,
    skewG1: (skewPopulation * Math.sqrt(n * (n - 1))) / (n - 2),
    kurtosisExcessG2: ((n - 1) / ((n - 2) * (n - 3))) * ((n + 1) * (kurtosisRawPopulation - 3) + 6),
  });
}

/** Pearson correlation of two series of the same length; `zero_variance` when either is constant. */
export function correlationOf(left: readonly number[], right: readonly number[]): Measured {
  requireSameLength(left, right, "a correlation");
  if (left.length < 2) return unknown("too_few");
  if (hasZeroVariance(left) || hasZeroVariance(right)) return unknown("zero_variance");
  const [leftMean, rightMean] = [meanOf(left), meanOf(right)];
  const products = left.map((value, index) => (value - leftMean) * (right[index]! - rightMean));
  return known(fastSum(products) / left.length / (populationStd(left) * populationStd(right)));
}
