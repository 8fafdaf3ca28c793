import { binomialCdf } from "./binomial.ts";
import { known, type Measured, requireFinite, unknown } from "./measured.ts";
import { meanOf, sampleStd } from "./moments.ts";
import { normalQuantile } from "./normal.ts";
import { ascending } from "./quantile.ts";
import { exactSum } from "./sum.ts";

/**
 * Runs after which the r-th worst covers `content` of all runs with `confidence` (Wilks 1941): 59 and the worst, or 93
 * and the second worst, for 95 % and 95 %.
 */
export function wilksRuns(options: { content: number; confidence: number; worst?: number }): number {
  const { content, confidence, worst = 1 } = options;
  if (!(content > 0 && content < 1 && confidence > 0 && confidence < 1 && Number.isInteger(worst) && worst >= 1)) {
    throw new RangeError(`Cannot plan runs for content ${content}, confidence ${confidence}, worst ${worst}`);
  }
  let runs = worst;
  while (1 - binomialCdf(worst - 1, runs, 1 - content) < confidence) runs += 1;
  return runs;
}

/** Runs for a half width h of the mean's 95 % interval when one run deviates by s: (1.96 s / h)^2, rounded up. */
export function runsForHalfWidth(deviation: number, halfWidth: number): number {
  return Math.ceil(((normalQuantile(0.975) * deviation) / halfWidth) ** 2);
}

export interface OrderBounds {
  readonly low: number;
  readonly high: number;
  /** Ranks from 1 of the two values. */
  readonly lowRank: number;
  readonly highRank: number;
  /** What the two ranks cover exactly, at least the level asked for. */
  readonly coverage: number;
}

/**
 * Interval of a quantile over seeds from two order statistics, free of any distribution (David and Nagaraja 2003, 7.1):
 * the ranks nearest the middle whose binomial coverage reaches `level`. `too_few` when even the extremes do not: the
 * median needs 6 seeds at 95 %.
 */
export function quantileBounds(values: readonly number[], share = 0.5, level = 0.95): Measured<OrderBounds> {
  requireFinite(values, "seeds");
  const n = values.length;
  if (n === 0) return unknown("too_few");
  const coverageOf = (low: number, high: number): number =>
    binomialCdf(high - 1, n, share) - binomialCdf(low - 1, n, share);
  let best: { low: number; high: number; coverage: number } | null = null;
  for (let low = 1; low < n; low += 1) {
    for (let high = low + 1; high <= n; high += 1) {
      const coverage = coverageOf(low, high);
      if (coverage < level) continue;
      const width = high - low;
      if (
        best === null ||
        width < best.high - best.low ||
        (width === best.high - best.low && coverage > best.coverage)
      ) {
        best = { low, high, coverage };
      }
      break;
    }
  }
  if (best === null) return unknown("too_few");
  const sorted = ascending(values);
  return known({
    low: sorted[best.low - 1]!,
    high: sorted[best.high - 1]!,
    lowRank: best.low,
    highRank: best.high,
    coverage: best.coverage,
  });
}

export interface SeedSpread {
  readonly seeds: number;
  readonly mean: number;
  readonly std: number;
  /** True when the paired difference is the same for every seed: then one seed says all. */
  readonly isInsensitive: boolean;
  /** Variance of the total between seeds over the variance from episodes within a seed; `null` with one episode. */
  readonly betweenOverWithin: Measured;
}

/**
 * Paired difference over seeds (latency, faults, queue position), both variants run with the same seeds.
 * `episodesBySeed[s]` are the episode differences of seed s. One seed decides nothing: `too_few` under two.
 */
export function seedSpread(episodesBySeed: readonly (readonly number[])[]): Measured<SeedSpread> {
  if (episodesBySeed.length < 2) return unknown("too_few");
  const totals = episodesBySeed.map((episodes) => exactSum(episodes));
  requireFinite(totals, "seeds");
  const std = sampleStd(totals);
  const within = meanOf(episodesBySeed.map((episodes) => exactSum(episodes.map((value) => value * value))));
  return known({
    seeds: totals.length,
    mean: meanOf(totals),
    std,
    isInsensitive: totals.every((total) => total === totals[0]),
    betweenOverWithin: within === 0 ? unknown("no_discordant_episode") : known((std * std) / within),
  });
}

/** Intents whose terminal state depends on the seed, in order of their key: the best input for debugging. */
export function fragileDecisions(statesBySeed: readonly ReadonlyMap<string, string>[]): string[] {
  const states = new Map<string, Set<string>>();
  for (const bySeed of statesBySeed) {
    for (const key of bySeed.keys()) if (!states.has(key)) states.set(key, new Set());
  }
  for (const [key, seen] of states) for (const bySeed of statesBySeed) seen.add(bySeed.get(key) ?? "ABSENT");
  return [...states]
    .filter(([, seen]) => seen.size > 1)
    .map(([key]) => key)
    .sort();
}
