/** Ascending copy; equal numbers are interchangeable, so the order is unique. */
export function ascending(values: readonly number[]): number[] {
  return [...values].sort((left, right) => left - right);
}

/**
 * Quantile of type 7 of Hyndman and Fan (1996), linear between order statistics: `quantile([1, 2, 3, 4], 0.5)` is 2.5.
 * `sorted` ascending and not empty, `share` in [0, 1]. What numpy and R give unless asked otherwise; every interval of
 * a bootstrap here uses it.
 */
export function quantile(sorted: readonly number[], share: number): number {
  if (sorted.length === 0) throw new RangeError("Cannot take a quantile: there are no values, one is needed");
  const position = (sorted.length - 1) * share;
  const below = Math.floor(position);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (position - below) * (high - low);
}

export function medianOf(values: readonly number[]): number {
  return quantile(ascending(values), 0.5);
}

/** Scale of the median absolute deviation of a normal. */
const MAD_SCALE = 1.4826;

/**
 * How many values are further than `threshold` robust standard deviations from the median (modified z-score, Iglewicz
 * and Hoaglin 1993). When more than half are equal the deviation is 0 and every other value is an outlier.
 */
export function countOutliers(values: readonly number[], threshold = 10): number {
  if (values.length === 0) return 0;
  const median = medianOf(values);
  const deviations = values.map((value) => Math.abs(value - median));
  const limit = medianOf(deviations) * MAD_SCALE * threshold;
  return deviations.filter((deviation) => deviation > limit).length;
}
