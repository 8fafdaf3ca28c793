import { autocovariances } from "./autocovariance.ts";
import { known, type Measured, requireFinite, unknown } from "./measured.ts";
import { hasZeroVariance, meanOf } from "./moments.ts";
import { ascending, quantile } from "./quantile.ts";
import { fastSum } from "./sum.ts";

/** Uniform in [0, 1). Comes from a named seeded stream of the caller: one per recording, metric and pair of variants. */
export type Random = () => number;

export const REPLICATIONS = { quick: 1_999, report: 9_999 } as const;

/** Fewest buckets and effective blocks (n / block) with an interval that can be believed (reports.md 2.12). */
export const BUCKETS_MIN = 60;
export const EFFECTIVE_BLOCKS_MIN = 20;

/**
 * Indices of one resample of the stationary bootstrap (Politis and Romano 1994): blocks of geometric length with mean
 * `block` >= 1, wrapping at n. Draws n starts, then n uniforms, whatever the outcome, so the stream stays in step.
 */
export function stationaryIndices(n: number, block: number, random: Random): Int32Array {
  if (!(block >= 1)) throw new RangeError(`Cannot resample in blocks of ${block}: a length from 1 is needed`);
  const indices = new Int32Array(n);
  for (let t = 0; t < n; t += 1) indices[t] = Math.floor(random() * n);
  const share = 1 / block;
  for (let t = 0; t < n; t += 1) {
    // The first uniform decides nothing; it is drawn so that every resample takes 2 n numbers.
    const isContinued = random() > share;
    if (t > 0 && isContinued) indices[t] = (indices[t - 1]! + 1) % n;
  }
  return indices;
}

/**
 * Variance of sqrt(n) times the resampled mean in closed form, no dice (Politis and Romano 1994, lemma 1): checks the
 * resampler, and studentises many-variant tests. Block 1 gives the population variance.
 */
export function stationaryVariance(series: readonly number[], block: number): number {
  const n = series.length;
  const stay = 1 - 1 / block;
  const gammas = autocovariances(series, n - 1);
  const terms = gammas.map((gamma, lag) => {
    if (lag === 0) return gamma;
    const weight = (1 - lag / n) * stay ** lag + (lag / n) * stay ** (n - lag);
    return 2 * weight * gamma;
  });
  return fastSum(terms);
}

export interface BootstrapInterval {
  readonly estimate: number;
  readonly block: number;
  readonly replications: number;
  readonly bootMean: number;
  readonly bootSe: number;
  /** [2 est - q_hi, 2 est - q_lo]: shown first, covers better on series that are mostly zeros. */
  readonly basic: readonly [low: number, high: number];
  readonly percentile: readonly [low: number, high: number];
  /** (1 + #{resampled - est >= est}) / (B + 1): of no advantage; never 0. */
  readonly pOneSided: number;
  readonly pTwoSided: number;
  /** n / block; below 20 the interval is too narrow, and `isTrusted` says so. */
  readonly effectiveBlocks: number;
  readonly isTrusted: boolean;
}

export interface BootstrapOptions {
  readonly block: number;
  readonly random: Random;
  readonly replications?: number;
  readonly level?: number;
}

/**
 * Interval of the mean of a paired difference per bucket, which is also the difference of the means: both variants are
 * resampled with the same indices. `identical` when the variants never differed, `too_few` under 60 buckets.
 */
export function bootstrapMean(differences: readonly number[], options: BootstrapOptions): Measured<BootstrapInterval> {
  requireFinite(differences, "a paired difference");
  if (differences.length > 0 && hasZeroVariance(differences)) return unknown("identical");
  return bootstrapStatistic(
    differences.length,
    (indices) => {
      let sum = 0;
      for (let t = 0; t < indices.length; t += 1) sum += differences[indices[t]!]!;
      return sum / indices.length;
    },
    meanOf(differences),
    options,
  );
}

/**
 * The same for any statistic of resampled rows: a Sharpe difference, or the difference of two drawdowns of equity that
 * is rebuilt along the resampled path. The statistic gets row indices and must use them for both variants.
 */
export function bootstrapStatistic(
  n: number,
  statistic: (indices: Int32Array) => number,
  estimate: number,
  options: BootstrapOptions,
): Measured<BootstrapInterval> {
  if (n < BUCKETS_MIN) return unknown("too_few");
  const { block, random, replications = REPLICATIONS.quick, level = 0.95 } = options;
  const resampled: number[] = [];
  for (let index = 0; index < replications; index += 1) {
    const value = statistic(stationaryIndices(n, block, random));
    if (!Number.isFinite(value)) return unknown("undefined_in_resample");
    resampled.push(value);
  }
  const sorted = ascending(resampled);
  const half = (1 - level) / 2;
  const [low, high] = [quantile(sorted, half), quantile(sorted, 1 - half)];
  const bootMean = meanOf(resampled);
  const above = resampled.filter((value) => value - estimate >= estimate).length;
  const below = resampled.filter((value) => value - estimate <= estimate).length;
  const pOneSided = (1 + above) / (replications + 1);
  return known({
    estimate,
    block,
    replications,
    bootMean,
    bootSe: Math.sqrt(fastSum(resampled.map((value) => (value - bootMean) ** 2)) / (replications - 1)),
    basic: [2 * estimate - high, 2 * estimate - low],
    percentile: [low, high],
    pOneSided,
    pTwoSided: Math.min(1, 2 * Math.min(pOneSided, (1 + below) / (replications + 1))),
    effectiveBlocks: n / block,
    isTrusted: n / block >= EFFECTIVE_BLOCKS_MIN,
  });
}
