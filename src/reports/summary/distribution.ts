import type { Distribution } from "./schema.ts";

/** Values kept exactly; beyond it they move into buckets of relative width 2^-7. */
const EXACT_MAX = 4096;

/**
 * A bounded, deterministic distribution: exact up to 4096 values, then a histogram over the leading bits of the double
 * (sign, exponent, 7 bits of fraction), whose middle is within 0.4 % of any value in it. Independent of the order of
 * the values and free of logarithms, so two machines agree to the last bit.
 *
 * Quantiles are nearest rank: always a value that occurred. `addCensored` takes a duration that had not ended when it
 * was last seen; with any of those the quantiles are Kaplan-Meier's, and `null` where the curve never gets that low.
 */
export interface DistributionSketch {
  add(value: number): void;
  addCensored(value: number): void;
  readonly n: number;
  /** `reasonWhenEmpty` explains a distribution without observations. */
  finish(unit: string, reasonWhenEmpty?: string): Distribution;
}

interface Store {
  exact: number[] | null;
  readonly buckets: Map<number, number>;
  count: number;
  min: number;
  max: number;
}

export function createDistribution(): DistributionSketch {
  const observed = createStore();
  const censored = createStore();
  return {
    add: (value) => addTo(observed, value),
    addCensored: (value) => addTo(censored, value),
    get n() {
      return observed.count;
    },
    finish: (unit, reasonWhenEmpty = "no observation") => finish(observed, censored, unit, reasonWhenEmpty),
  };
}

function createStore(): Store {
  return { exact: [], buckets: new Map(), count: 0, min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY };
}

function addTo(store: Store, value: number): void {
  if (!Number.isFinite(value)) throw new RangeError(`Cannot add ${value} to a distribution: a finite number is needed`);
  store.count += 1;
  if (value < store.min) store.min = value;
  if (value > store.max) store.max = value;
  if (store.exact !== null) {
    store.exact.push(value);
    if (store.exact.length > EXACT_MAX) {
      for (const each of store.exact) countBucket(store, each);
      store.exact = null;
    }
    return;
  }
  countBucket(store, value);
}

const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);
// The high word is where sign, exponent and leading fraction are; which half of the buffer it is depends on the machine.
const HIGH = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 1 : 0;
const FRACTION_BITS_DROPPED = 13;

function countBucket(store: Store, value: number): void {
  float[0] = value;
  const key = words[HIGH]! >>> FRACTION_BITS_DROPPED;
  store.buckets.set(key, (store.buckets.get(key) ?? 0) + 1);
}

function bucketMiddle(key: number): number {
  words[HIGH] = (key << FRACTION_BITS_DROPPED) | (1 << (FRACTION_BITS_DROPPED - 1));
  words[1 - HIGH] = 0;
  const middle = float[0]!;
  // The first bucket of either sign is zero and numbers too small to matter.
  return Math.abs(middle) < 1e-300 ? 0 : middle;
}

type Point = readonly [value: number, count: number];

/** Values with their counts in ascending order, clamped to the exact extremes. */
function pointsOf(store: Store): Point[] {
  const points: Point[] =
    store.exact !== null
      ? store.exact.map((value) => [value, 1] as const)
      : [...store.buckets].map(([key, count]) => [clamp(bucketMiddle(key), store.min, store.max), count] as const);
  return points.sort((left, right) => left[0] - right[0] || left[1] - right[1]);
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

function finish(observed: Store, censored: Store, unit: string, reasonWhenEmpty: string): Distribution {
  const isExact = observed.exact !== null && censored.exact !== null;
  const shared = { unit, n: observed.count, censored: censored.count, isExact };
  if (observed.count === 0) {
    return { ...shared, min: null, p50: null, p90: null, p95: null, p99: null, max: null, reason: reasonWhenEmpty };
  }
  const quantile =
    censored.count === 0
      ? nearestRank(pointsOf(observed), observed.count)
      : kaplanMeier(pointsOf(observed), pointsOf(censored));
  const quantiles = { p50: quantile(0.5), p90: quantile(0.9), p95: quantile(0.95), p99: quantile(0.99) };
  const isAnyOpen = Object.values(quantiles).includes(null);
  return {
    ...shared,
    min: observed.min,
    ...quantiles,
    max: observed.max,
    reason: isAnyOpen ? `${censored.count} not finished: higher quantiles are not reached` : null,
  };
}

function nearestRank(points: readonly Point[], n: number): (share: number) => number | null {
  return (share) => {
    const rank = Math.max(1, Math.ceil(share * n - 1e-9));
    let seen = 0;
    for (const [value, count] of points) {
      seen += count;
      if (seen >= rank) return value;
    }
    return points[points.length - 1]![0];
  };
}

/**
 * Product-limit estimate (Kaplan-Meier 1958): S falls at each observed value by the share of those still at risk; a
 * censored value leaves the risk set after the observed ones of the same length. The quantile is the first value where
 * S is at most 1 - share.
 */
function kaplanMeier(observed: readonly Point[], censored: readonly Point[]): (share: number) => number | null {
  let atRisk = 0;
  for (const [, count] of observed) atRisk += count;
  for (const [, count] of censored) atRisk += count;
  const steps: { value: number; survival: number }[] = [];
  let survival = 1;
  let next = 0;
  for (const [value, count] of observed) {
    while (next < censored.length && censored[next]![0] < value) atRisk -= censored[next++]![1];
    survival *= 1 - count / atRisk;
    atRisk -= count;
    steps.push({ value, survival });
  }
  return (share) => steps.find((step) => step.survival <= 1 - share + 1e-9)?.value ?? null;
}
