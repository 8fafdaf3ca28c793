import type { EpisodeDifference } from "../reports/statistics/episode-interval.ts";

/** What the study draws from: a named seeded stream of the caller. */
export interface Dice {
  /** Uniform in [0, 1). */
  next(): number;
  /** Normal with mean 0 and deviation 1. */
  normal(): number;
}

/**
 * How far episode differences stray: normal, Student's t with 4 degrees, or log-normal with rare large gains (up) or
 * rare large losses (down), skewness 3.3.
 */
export type Tail = "normal" | "heavy" | "skewed up" | "skewed down";

/** Two governors that nearly always agree: differences are zero except in bursts of episodes with one trigger. */
export interface PairedWorld {
  readonly buckets: number;
  /** Mean number of triggers in the recording; how many there are is Poisson. */
  readonly expectedBursts: number;
  /** Mean episodes a trigger sets off, at least 1; geometric. */
  readonly episodesPerBurst: number;
  /** Share of an episode's variance that all episodes of its trigger have in common. */
  readonly sharedVariance: number;
  /** Buckets over which an episode's difference builds up. */
  readonly episodeBuckets: number;
  /** Correlation of neighbouring buckets inside an episode. */
  readonly autocorrelation: number;
  /** Noise of each bucket inside an episode, 0 for an even build-up. */
  readonly pathNoise: number;
  readonly tail: Tail;
  /** True mean difference of an episode, in its standard deviations. */
  readonly effect: number;
}

export interface PairedSample {
  readonly episodes: readonly EpisodeDifference[];
  /** Difference per bucket; sums to the episodes' total. */
  readonly buckets: readonly number[];
  /** What an interval of the total must contain: the mean over all recordings of this world. */
  readonly trueTotal: number;
}

/** A sweep over one recording: every variant's difference by trigger and by bucket, none with a true advantage. */
export interface SweepSample {
  readonly byTrigger: readonly ReadonlyMap<string, number>[];
  readonly buckets: readonly (readonly number[])[];
}

/** Variants react to the same triggers, half of each reaction is common, and each sits out three triggers in ten. */
export function drawSweep(world: PairedWorld, variants: number, dice: Dice): SweepSample {
  const byTrigger = Array.from({ length: variants }, () => new Map<string, number>());
  const buckets = byTrigger.map(() => new Array<number>(world.buckets).fill(0));
  const bursts = poisson(world.expectedBursts, dice);
  for (let burst = 0; burst < bursts; burst += 1) {
    const common = standardised(world.tail, dice);
    const at = Math.floor(dice.next() * world.buckets);
    byTrigger.forEach((differences, variant) => {
      const own = standardised(world.tail, dice);
      if (dice.next() < 0.3) return;
      const differenceQuote = Math.SQRT1_2 * (common + own);
      differences.set(`trigger ${burst}`, differenceQuote);
      spread(buckets[variant]!, { at, differenceQuote, world, dice });
    });
  }
  return { byTrigger, buckets };
}

/** One recording of the world. */
export function drawSample(world: PairedWorld, dice: Dice): PairedSample {
  const episodes: EpisodeDifference[] = [];
  const buckets = new Array<number>(world.buckets).fill(0);
  const bursts = poisson(world.expectedBursts, dice);
  for (let burst = 0; burst < bursts; burst += 1) {
    const shared = Math.sqrt(world.sharedVariance) * standardised(world.tail, dice);
    const at = Math.floor(dice.next() * world.buckets);
    const size = geometric(world.episodesPerBurst, dice);
    for (let index = 0; index < size; index += 1) {
      const own = Math.sqrt(1 - world.sharedVariance) * standardised(world.tail, dice);
      const differenceQuote = world.effect + shared + own;
      episodes.push({ trigger: `trigger ${burst}`, differenceQuote });
      spread(buckets, { at, differenceQuote, world, dice });
    }
  }
  return { episodes, buckets, trueTotal: world.expectedBursts * world.episodesPerBurst * world.effect };
}

/** Adds an episode to its buckets: a path with correlated steps, shifted so that it ends at the episode's difference. */
function spread(
  buckets: number[],
  { at, differenceQuote, world, dice }: { at: number; differenceQuote: number; world: PairedWorld; dice: Dice },
): void {
  const steps: number[] = [];
  let step = 0;
  for (let index = 0; index < world.episodeBuckets; index += 1) {
    step = world.autocorrelation * step + (world.pathNoise * dice.normal()) / world.episodeBuckets;
    steps.push(step);
  }
  const missing = (differenceQuote - steps.reduce((sum, value) => sum + value, 0)) / steps.length;
  steps.forEach((value, index) => {
    // Wraps, so that episodes at the end are not cut short.
    buckets[(at + index) % buckets.length]! += value + missing;
  });
}

/** Gaussian AR(1) after a long enough start, mean 0. */
export function drawAutoregression(n: number, rho: number, dice: Dice): number[] {
  const series: number[] = [];
  let value = dice.normal() / Math.sqrt(1 - rho * rho);
  for (let t = 0; t < n; t += 1) {
    series.push(value);
    value = rho * value + dice.normal();
  }
  return series;
}

const HEAVY_DEGREES = 4;
const LOG_SIGMA = 0.75;

/** Mean 0, variance 1, whatever the tail. */
function standardised(tail: Tail, dice: Dice): number {
  if (tail === "normal") return dice.normal();
  if (tail === "heavy") {
    let square = 0;
    for (let degree = 0; degree < HEAVY_DEGREES; degree += 1) square += dice.normal() ** 2;
    const t = dice.normal() / Math.sqrt(square / HEAVY_DEGREES);
    return t / Math.sqrt(HEAVY_DEGREES / (HEAVY_DEGREES - 2));
  }
  const square = LOG_SIGMA * LOG_SIGMA;
  const mean = Math.exp(square / 2);
  const up = (Math.exp(LOG_SIGMA * dice.normal()) - mean) / (mean * Math.sqrt(Math.exp(square) - 1));
  return tail === "skewed up" ? up : -up;
}

/** Counts arrivals of a unit-rate process until `mean`; waiting times are exponential. */
export function poisson(mean: number, dice: Dice): number {
  let count = 0;
  let time = -Math.log(1 - dice.next());
  while (time < mean) {
    count += 1;
    time -= Math.log(1 - dice.next());
  }
  return count;
}

function geometric(mean: number, dice: Dice): number {
  let count = 1;
  while (dice.next() < 1 - 1 / mean) count += 1;
  return count;
}
