import { autocovariances } from "./autocovariance.ts";
import { known, type Measured, requireFinite, unknown } from "./measured.ts";
import { hasZeroVariance, meanOf } from "./moments.ts";

export interface BlockLengths {
  /** Expected block of the stationary bootstrap, as the formula gives it; may be below 1. */
  readonly stationary: number;
  /** Block of the circular bootstrap, as the formula gives it. */
  readonly circular: number;
}

/**
 * Automatic block length (Politis and White 2004, with the correction of Patton, Politis and White 2009). Follows the
 * `arch` package: m0 is the first lag from which K_n autocorrelations are insignificant, K_n = max(5, floor(log10 n)),
 * each autocorrelation over the longest sample it has. `identical` for a constant series, where the formula is 0/0.
 */
export function automaticBlockLength(series: readonly number[]): Measured<BlockLengths> {
  requireFinite(series, "a block length");
  const n = series.length;
  if (n < 8) return unknown("too_few");
  if (hasZeroVariance(series)) return unknown("identical");
  const window = Math.max(5, Math.floor(Math.log10(n)));
  const lagMax = Math.min(Math.ceil(Math.sqrt(n)) + window, n - 2);
  const gammas = autocovariances(series, lagMax);
  const first = firstQuietLag(series, gammas, window);
  const m = first === null ? lagMax : Math.min(2 * Math.max(first, 1), lagMax);
  let g = 0;
  let longRun = gammas[0]!;
  for (let lag = 1; lag <= m; lag += 1) {
    const weight = lag / m <= 0.5 ? 1 : 2 * (1 - lag / m);
    g += 2 * weight * lag * gammas[lag]!;
    longRun += 2 * weight * gammas[lag]!;
  }
  const blockMax = Math.ceil(Math.min(3 * Math.sqrt(n), n / 3));
  const blockOf = (spread: number): number =>
    Math.min(Math.cbrt((2 * g * g) / (spread * longRun * longRun)) * Math.cbrt(n), blockMax);
  return known({ stationary: blockOf(2), circular: blockOf(4 / 3) });
}

function firstQuietLag(series: readonly number[], gammas: readonly number[], window: number): number | null {
  const n = series.length;
  const mean = meanOf(series);
  const squares = series.map((value) => (value - mean) ** 2);
  const total = squares.reduce((sum, square) => sum + square, 0);
  const band = 2 * Math.sqrt(Math.log10(n) / n);
  let head = 0;
  let tail = 0;
  let quiet = 0;
  // Squares of the values an autocorrelation leaves out at either end, so that lag k divides by what it used.
  for (let lag = 0; lag < gammas.length - 1; lag += 1) {
    head += squares[lag]!;
    tail += squares[n - 1 - lag]!;
    const scale = Math.sqrt((total - head) * (total - tail));
    quiet = lag > 0 && Math.abs(gammas[lag]! * n) < band * scale ? quiet + 1 : 0;
    if (quiet === window) return lag - window + 1;
  }
  return null;
}

/**
 * The block a bootstrap of a paired difference should use: at least 1, and on a series that is mostly zeros at least
 * the median length of an episode, because autocorrelations of zeros hide how long a burst lasts (reports.md 2.2).
 */
export function blockFor(series: readonly number[], medianEpisodeBuckets = 1): Measured {
  const lengths = automaticBlockLength(series);
  if (lengths.value === null) return lengths;
  return known(Math.max(1, lengths.value.stationary, medianEpisodeBuckets));
}
