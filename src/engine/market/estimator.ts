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
  return featuresOfLogs(logs, count);
}

/** `sigma` of `computeFeatures` alone, without the slopes, which are most of the work. */
export function sigmaOfLogs(logs: Float64Array, count: number): number | null {
  return count < FEATURE_BARS_MIN ? null : sigmaOf(winsorisedReturns(logs, count), count - 1);
}

/** @param logs natural logarithms of the closes, as `Math.log` has them */
export function featuresOfLogs(logs: Float64Array, count: number): MarketFeatures | null {
  if (count < FEATURE_BARS_MIN) return null;
  const steps = count - 1;
  const winsorised = winsorisedReturns(logs, count);
  const sigma = sigmaOf(winsorised, steps);

  let slope = 0;
  let weights = 0;
  for (const window of SLOPE_WINDOWS) {
    if (count < window.bars + 1) continue;
    slope += window.weight * theilSenSlope(logs, count - window.bars, window.bars);
    weights += window.weight;
  }
  const mu = weights > 0 ? round8(slope / weights) : 0;
  const trendStrength = sigma > 0 ? round6(Math.abs(mu) / sigma) : 0;

  const sameSign = shareOfSameSignSteps(winsorised.returns, steps);
  const ratioDistance = Math.abs(varianceRatio(winsorised.returns, steps, VARIANCE_RATIO_LAG) - 1);
  const trend = trendStrength + sameSign - ratioDistance;
  const meanReversion = ratioDistance - trendStrength - Math.abs(sameSign);
  const chop = 1 - Math.abs(sameSign) + (1 - Math.min(trendStrength, 1)) - ratioDistance;
  const [pTrend, pMeanReversion, pChop] = softmax3(trend, meanReversion, chop);
  return { sigma, mu, trendStrength, pTrend, pMeanReversion, pChop };
}

interface Winsorised {
  /** In the order of time; only the first `count - 1` are of this series. */
  readonly returns: Float64Array;
  readonly median: number;
}

// allow(module-state): scratch space, written before it is read in every call
let returnSpace = new Float64Array(512);
// allow(module-state): scratch space, written before it is read in every call
let selectSpace = new Float64Array(512);

/** Returns held between their percentiles 1 and 99, and their median. */
function winsorisedReturns(logs: Float64Array, count: number): Winsorised {
  const steps = count - 1;
  if (returnSpace.length < steps) {
    returnSpace = new Float64Array(steps * 2);
    selectSpace = new Float64Array(steps * 2);
  }
  const returns = returnSpace;
  for (let step = 0; step < steps; step++) {
    const value = logs[step + 1]! - logs[step]!;
    returns[step] = value;
    selectSpace[step] = value;
  }
  const median = medianOf(selectSpace, steps);
  // Everything left of the middle is at most the median and everything right of it at least: each limit is on its side.
  const middle = steps >> 1;
  const low = select(selectSpace, 0, middle, Math.floor(0.01 * (steps - 1)));
  const high = select(selectSpace, middle + 1, steps, Math.ceil((1 - 0.01) * (steps - 1)));
  for (let step = 0; step < steps; step++) returns[step] = Math.min(high, Math.max(low, returns[step]!));
  return { returns, median };
}

function sigmaOf({ returns, median }: Winsorised, steps: number): number {
  for (let step = 0; step < steps; step++) selectSpace[step] = Math.abs(returns[step]! - median);
  const robust = 1.4826 * medianOf(selectSpace, steps);
  const ewma = Math.sqrt(ewmaVariance(returns, steps));
  const spike = robust > 0 ? ewma / robust : 1;
  const weight = sigmoid((spike - 1.2) / 0.3);
  return round8(weight * ewma + (1 - weight) * robust);
}

/** Median of the first `count` values, the mean of the two middle ones when the count is even. Reorders them. */
function medianOf(values: Float64Array, count: number): number {
  const middle = count >> 1;
  const upper = select(values, 0, count, middle);
  if (count % 2 === 1) return upper;
  let lower = values[0]!;
  for (let place = 1; place < middle; place++) lower = Math.max(lower, values[place]!);
  return (lower + upper) / 2;
}

/**
 * The value that would stand at `wanted` if `values[from .. to)` were sorted. Reorders them: what is before `wanted` is
 * at most that value, what is after it at least. Quickselect; equal values are set aside, so that a price that never
 * moves costs two passes.
 */
function select(values: Float64Array, from: number, to: number, wanted: number): number {
  let first = from;
  let end = to;
  for (;;) {
    const pivot = middleOfThree(values[first]!, values[(first + end) >> 1]!, values[end - 1]!);
    // Every value is exchanged with the first one that does not belong to the front; a comparison is 0 or 1 and no jump.
    let less = first;
    for (let place = first; place < end; place++) {
      const value = values[place]!;
      values[place] = values[less]!;
      values[less] = value;
      less += +(value < pivot) | 0;
    }
    if (wanted < less) {
      end = less;
      continue;
    }
    let equal = less;
    for (let place = less; place < end; place++) {
      const value = values[place]!;
      values[place] = values[equal]!;
      values[equal] = value;
      equal += +(value === pivot) | 0;
    }
    if (wanted < equal) return pivot;
    // Nothing equals a pivot that is no number: then there is no order to find.
    if (equal === first) return Number.NaN;
    first = equal;
  }
}

function middleOfThree(one: number, other: number, third: number): number {
  return Math.max(Math.min(one, other), Math.min(Math.max(one, other), third));
}

/** EWMA of squared returns, lambda 0.94; a window of 64 bars and more leaves nothing of the start value. */
function ewmaVariance(returns: Float64Array, steps: number): number {
  let variance = returns[0]! * returns[0]!;
  for (let step = 1; step < steps; step++) variance = 0.94 * variance + 0.06 * returns[step]! * returns[step]!;
  return variance;
}

function shareOfSameSignSteps(returns: Float64Array, steps: number): number {
  let same = 0;
  let pairs = 0;
  for (let step = 1; step < steps; step++) {
    const product = returns[step]! * returns[step - 1]!;
    pairs += +(product !== 0) | 0;
    same += +(product > 0) | 0;
  }
  return pairs === 0 ? 0.5 : same / pairs;
}

function varianceRatio(returns: Float64Array, count: number, lag: number): number {
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
