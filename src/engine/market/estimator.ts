import type { MarketFeatures } from "./features.ts";
import { theilSenSlope } from "./theil-sen.ts";

/** Fewest closes the estimator works on; the longest slope window wants 257. */
export const FEATURE_BARS_MIN = 65;

/** Windows of the robust slope with their weights (pipeline.md 1.4). */
const SLOPE_WINDOWS = [
  { bars: 64, weight: 0.5 },
  { bars: 128, weight: 0.3 },
  { bars: 256, weight: 0.2 },
] as const;

/** The variance ratio compares returns over so many bars with those of one bar. */
const VARIANCE_RATIO_LAG = 5;

/**
 * Market features from one-minute closes (pipeline.md 1.4).
 *
 * - returns winsorised at 1 and 99 %
 * - `sigma = w * sigmaEwma + (1 - w) * 1.4826 * MAD`, `w = sigmoid((spike - 1.2) / 0.3)`; the page does not say what the
 *   spike proxy is, here it is the EWMA deviation over the robust one
 * - `mu`: Theil-Sen slope of the log close over 64, 128 and 256 bars, weights 0.5, 0.3, 0.2
 * - `trendStrength = |mu| / sigma`, 6 decimals, as is every probability; sigma and mu have 8
 * - `dp`: share of consecutive steps with the same sign; `vr`: variance ratio with lag 5
 * - scores `trend = ts + dp - |vr - 1|`, `mr = |vr - 1| - ts - |dp|`, `chop = (1 - |dp|) + (1 - min(ts, 1)) - |vr - 1|`,
 *   probabilities by softmax
 *
 * @param closes oldest first, `count` of them, all positive
 */
export function computeFeatures(closes: Float64Array, count: number): MarketFeatures | null {
  if (count < FEATURE_BARS_MIN) return null;
  const logs = new Float64Array(count);
  for (let bar = 0; bar < count; bar++) logs[bar] = Math.log(closes[bar]!);
  const returns = new Float64Array(count - 1);
  for (let bar = 1; bar < count; bar++) returns[bar - 1] = logs[bar]! - logs[bar - 1]!;
  // One sort serves the limits, the median and the deviations from it: this runs for every symbol of the universe.
  // allow(sort): typed arrays sort by number, and equal numbers are one
  const ordered = Float64Array.from(returns).sort();
  const last = ordered.length - 1;
  const low = ordered[Math.floor(0.01 * last)]!;
  const high = ordered[Math.ceil((1 - 0.01) * last)]!;
  const winsorised = clamp(returns, low, high);

  const robust = 1.4826 * medianAbsoluteDeviation(clamp(ordered, low, high));
  const ewma = Math.sqrt(ewmaVariance(winsorised));
  const spike = robust > 0 ? ewma / robust : 1;
  const weight = sigmoid((spike - 1.2) / 0.3);
  const sigma = round8(weight * ewma + (1 - weight) * robust);

  let slope = 0;
  let weights = 0;
  for (const window of SLOPE_WINDOWS) {
    if (count < window.bars + 1) continue;
    slope += window.weight * theilSenSlope(logs, count - window.bars, window.bars);
    weights += window.weight;
  }
  const mu = weights > 0 ? round8(slope / weights) : 0;
  const trendStrength = sigma > 0 ? round6(Math.abs(mu) / sigma) : 0;

  const sameSign = shareOfSameSignSteps(winsorised);
  const ratioDistance = Math.abs(varianceRatio(winsorised, VARIANCE_RATIO_LAG) - 1);
  const trend = trendStrength + sameSign - ratioDistance;
  const meanReversion = ratioDistance - trendStrength - Math.abs(sameSign);
  const chop = 1 - Math.abs(sameSign) + (1 - Math.min(trendStrength, 1)) - ratioDistance;
  const [pTrend, pMeanReversion, pChop] = softmax3(trend, meanReversion, chop);
  return { sigma, mu, trendStrength, pTrend, pMeanReversion, pChop };
}

/** Middle of ordered values; the mean of the two middle ones when the count is even. */
function middleOf(ordered: Float64Array): number {
  const middle = ordered.length >> 1;
  return ordered.length % 2 === 1 ? ordered[middle]! : (ordered[middle - 1]! + ordered[middle]!) / 2;
}

/** EWMA of squared returns, lambda 0.94; a window of 64 bars and more leaves nothing of the start value. */
function ewmaVariance(returns: Float64Array): number {
  let variance = returns[0]! * returns[0]!;
  for (let step = 1; step < returns.length; step++) variance = 0.94 * variance + 0.06 * returns[step]! * returns[step]!;
  return variance;
}

/**
 * Median distance from the median. In ordered values distances grow from the median outwards on either side, so the
 * smallest half of them comes from a merge of both sides.
 *
 * @param ordered ascending
 */
function medianAbsoluteDeviation(ordered: Float64Array): number {
  const count = ordered.length;
  const center = middleOf(ordered);
  let right = 0;
  while (right < count && ordered[right]! <= center) right += 1;
  let left = right - 1;
  const middle = count >> 1;
  let before = 0;
  let distance = 0;
  for (let taken = 0; taken <= middle; taken++) {
    before = distance;
    const below = left >= 0 ? Math.abs(ordered[left]! - center) : Number.POSITIVE_INFINITY;
    const above = right < count ? Math.abs(ordered[right]! - center) : Number.POSITIVE_INFINITY;
    if (below <= above) {
      distance = below;
      left -= 1;
    } else {
      distance = above;
      right += 1;
    }
  }
  return count % 2 === 1 ? distance : (before + distance) / 2;
}

function clamp(values: Float64Array, low: number, high: number): Float64Array {
  const clamped = new Float64Array(values.length);
  for (let step = 0; step < values.length; step++) clamped[step] = Math.min(high, Math.max(low, values[step]!));
  return clamped;
}

function shareOfSameSignSteps(returns: Float64Array): number {
  let same = 0;
  let pairs = 0;
  for (let step = 1; step < returns.length; step++) {
    const product = returns[step]! * returns[step - 1]!;
    if (product === 0) continue;
    pairs += 1;
    if (product > 0) same += 1;
  }
  return pairs === 0 ? 0.5 : same / pairs;
}

function varianceRatio(returns: Float64Array, lag: number): number {
  const count = returns.length;
  let mean = 0;
  for (let step = 0; step < count; step++) mean += returns[step]!;
  mean /= count;
  let single = 0;
  for (let step = 0; step < count; step++) {
    const difference = returns[step]! - mean;
    single += difference * difference;
  }
  single /= count;
  if (single === 0) return 1;
  let sum = 0;
  let multiple = 0;
  const windows = count - lag + 1;
  for (let step = 0; step < count; step++) {
    sum += returns[step]!;
    if (step >= lag) sum -= returns[step - lag]!;
    if (step >= lag - 1) {
      const difference = sum - lag * mean;
      multiple += difference * difference;
    }
  }
  return multiple / windows / (lag * single);
}

/** Probabilities to 6 decimals whose sum is exactly 1: the largest takes the rounding rest. */
function softmax3(first: number, second: number, third: number): [number, number, number] {
  const highest = Math.max(first, second, third);
  const raw = [Math.exp(first - highest), Math.exp(second - highest), Math.exp(third - highest)] as const;
  const total = raw[0] + raw[1] + raw[2];
  const rounded: [number, number, number] = [round6(raw[0] / total), round6(raw[1] / total), round6(raw[2] / total)];
  const largest = rounded[0] >= rounded[1] && rounded[0] >= rounded[2] ? 0 : rounded[1] >= rounded[2] ? 1 : 2;
  const others = rounded[0] + rounded[1] + rounded[2] - rounded[largest];
  rounded[largest] = round6(1 - others);
  return rounded;
}

function sigmoid(value: number): number {
  return 1 / (1 + Math.exp(-value));
}

function round6(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}

function round8(value: number): number {
  return Math.round(value * 1e8) / 1e8;
}
