import { hacMean } from "../reports/statistics/autocovariance.ts";
import { blockFor } from "../reports/statistics/block-length.ts";
import { burstTotals, episodeInterval } from "../reports/statistics/episode-interval.ts";
import { holm } from "../reports/statistics/multiple-tests.ts";
import { normalQuantile } from "../reports/statistics/normal.ts";
import { bootstrapMean } from "../reports/statistics/stationary-bootstrap.ts";
import { resampleBursts, resampleContenders, stepM } from "../reports/statistics/superiority.ts";
import { evidenceOf, verdictOf } from "../reports/statistics/verdict.ts";
import { type Dice, drawAutoregression, drawSample, drawSweep, type PairedWorld } from "./paired-world.ts";
import type { StudyWorld } from "./study-worlds.ts";

type Interval = readonly [low: number, high: number];

/** Where an interval comes from: total difference per recording, `null` when the method refuses. */
export type IntervalMethod = (sample: {
  readonly pieces: readonly number[];
  readonly buckets: readonly number[];
  readonly medianEpisodeBuckets: number;
  readonly dice: Dice;
}) => Interval | null;

/** A share of replications with its Monte Carlo error (one standard error of a binomial share). */
export interface StudyRow {
  readonly study: string;
  readonly world: string;
  readonly method: string;
  readonly hits: number;
  /** Replications in which the method gave an answer. */
  readonly answered: number;
  readonly replications: number;
  readonly share: number;
  readonly monteCarloSe: number;
  readonly isClaimed: boolean;
}

export function rowOf(
  names: Pick<StudyRow, "study" | "world" | "method" | "isClaimed">,
  counts: { readonly hits: number; readonly answered: number; readonly replications: number },
): StudyRow {
  const share = counts.answered === 0 ? Number.NaN : counts.hits / counts.answered;
  // At 0 or 1 the binomial error would be 0; half a hit keeps it honest.
  const guarded = (counts.hits + 0.5) / (counts.answered + 1);
  return { ...names, ...counts, share, monteCarloSe: Math.sqrt((guarded * (1 - guarded)) / (counts.answered + 1)) };
}

/** Intervals as reports use them: bursts as pieces, and none below what badge E2 asks for. */
function episodesBy(kind: "interval" | "skewCorrected"): IntervalMethod {
  return ({ pieces }) => {
    const { mayShowInterval } = evidenceOf({
      spanMs: 3 * 86_400_000,
      episodes: pieces.length,
      hours: pieces.length,
      recordings: 1,
      regimes: 1,
      isDeclaredBefore: false,
    });
    return mayShowInterval ? (episodeInterval(pieces, { days: 3 }).value?.[kind] ?? null) : null;
  };
}

/** The primary interval, as printed. */
export const clusteredEpisodes = episodesBy("interval");
/** With Hall's correction for skewness. */
export const skewCorrected = episodesBy("skewCorrected");

/** The hull of both, from which a verdict is read. */
export const guardedEpisodes: IntervalMethod = (sample) => {
  const [plain, corrected] = [clusteredEpisodes(sample), skewCorrected(sample)];
  if (plain === null || corrected === null) return null;
  return [Math.min(plain[0], corrected[0]), Math.max(plain[1], corrected[1])];
};

const REPLICATIONS = 399;

/** The method whose coverage is promised. */
export const CLAIMED_METHOD = "clustered episodes";

function bootstrapInterval(kind: "basic" | "percentile", block: "automatic" | "single"): IntervalMethod {
  return ({ buckets, medianEpisodeBuckets, dice }) => {
    const automatic = blockFor(buckets, medianEpisodeBuckets).value;
    if (automatic === null) return null;
    const options = {
      block: block === "single" ? 1 : automatic,
      random: () => dice.next(),
      replications: REPLICATIONS,
    };
    const interval = bootstrapMean(buckets, options).value?.[kind];
    return interval === undefined ? null : [interval[0] * buckets.length, interval[1] * buckets.length];
  };
}

export const stationaryBasic = bootstrapInterval("basic", "automatic");
export const stationaryPercentile = bootstrapInterval("percentile", "automatic");
/** Forbidden in reports; here to show why. */
export const independentBootstrap = bootstrapInterval("percentile", "single");

export const hacInterval: IntervalMethod = ({ buckets, medianEpisodeBuckets }) => {
  const block = blockFor(buckets, medianEpisodeBuckets).value;
  if (block === null) return null;
  const result = hacMean(buckets, Math.ceil(2 * block)).value;
  if (result === null) return null;
  const half = normalQuantile(0.975) * result.se;
  return [(result.mean - half) * buckets.length, (result.mean + half) * buckets.length];
};

/** How often the method's interval contains the true total of the world. */
export function coverageOf(options: {
  readonly world: StudyWorld;
  readonly methods: Readonly<Record<string, IntervalMethod>>;
  readonly replications: number;
  readonly dice: Dice;
}): StudyRow[] {
  const { methods, replications, dice } = options;
  const { name, world, isClaimed } = options.world;
  const tallies = Object.entries(methods).map(([method, interval]) => ({ method, interval, hits: 0, answered: 0 }));
  for (let replication = 0; replication < replications; replication += 1) {
    const { episodes, buckets, trueTotal } = drawSample(world, dice);
    const pieces = burstTotals(episodes);
    for (const tally of tallies) {
      const found = tally.interval({ pieces, buckets, medianEpisodeBuckets: world.episodeBuckets, dice });
      if (found === null) continue;
      tally.answered += 1;
      if (found[0] <= trueTotal && trueTotal <= found[1]) tally.hits += 1;
    }
  }
  return tallies.map(({ method, hits, answered }) =>
    rowOf(
      { study: "coverage", world: name, method, isClaimed: isClaimed && method === CLAIMED_METHOD },
      { hits, answered, replications },
    ),
  );
}

/** The same for the mean of a stationary series without zeros. */
export function autoregressionCoverage(options: {
  readonly n: number;
  readonly rho: number;
  readonly methods: Readonly<Record<string, IntervalMethod>>;
  readonly replications: number;
  readonly dice: Dice;
}): StudyRow[] {
  const { n, rho, methods, replications, dice } = options;
  const tallies = Object.entries(methods).map(([method, interval]) => ({ method, interval, hits: 0, answered: 0 }));
  for (let replication = 0; replication < replications; replication += 1) {
    const buckets = drawAutoregression(n, rho, dice);
    for (const tally of tallies) {
      const found = tally.interval({ pieces: [], buckets, medianEpisodeBuckets: 1, dice });
      if (found === null) continue;
      tally.answered += 1;
      if (found[0] <= 0 && 0 <= found[1]) tally.hits += 1;
    }
  }
  return tallies.map(({ method, hits, answered }) =>
    rowOf(
      { study: "autoregression", world: `rho ${rho}, n ${n}`, method, isClaimed: false },
      { hits, answered, replications },
    ),
  );
}

/**
 * How often a comparison without any true difference says "better": one pair with margin 0, three declared metrics
 * under Holm, and a sweep of eight variants under StepM. Refusals count as not promoted, in the denominator.
 */
export function nullPromotions(options: {
  readonly world: StudyWorld;
  readonly replications: number;
  readonly sweepReplications: number;
  readonly dice: Dice;
  readonly interval?: IntervalMethod;
}): StudyRow[] {
  const { replications, sweepReplications, dice, interval = guardedEpisodes } = options;
  const { name, isClaimed } = options.world;
  const world = { ...options.world.world, effect: 0 };
  let better = 0;
  let family = 0;
  for (let replication = 0; replication < replications; replication += 1) {
    const samples = [0, 1, 2].map(() => drawSample(world, dice));
    const pieces = samples.map(({ episodes }) => burstTotals(episodes));
    const found = interval({
      pieces: pieces[0]!,
      buckets: samples[0]!.buckets,
      medianEpisodeBuckets: world.episodeBuckets,
      dice,
    });
    if (verdictOf({ interval: found, margin: 0, isHigherBetter: true, badge: "E2" }) === "better") better += 1;
    if (isAnyMetricBetter(pieces)) family += 1;
  }
  const sweeps = sweepPromotions(world, sweepReplications, dice);
  const row = (method: string, hits: number, n: number): StudyRow =>
    rowOf({ study: "known null", world: name, method, isClaimed }, { hits, answered: n, replications: n });
  return [
    row("verdict better, margin 0", better, replications),
    row("any of 3 metrics better, Holm", family, replications),
    row("any of 8 variants better, StepM over bursts", sweeps, sweepReplications),
  ];
}

function isAnyMetricBetter(metrics: readonly (readonly number[])[]): boolean {
  const found = metrics.map((pieces) => episodeInterval(pieces, { days: 3 }).value);
  const { rejected } = holm(found.map((each) => each?.pTwoSided ?? 1));
  return found.some((each, index) => rejected[index] === true && each !== null && each.total > 0);
}

const SWEEP_VARIANTS = 8;

/** Recordings in which StepM over bursts promotes any of the variants. */
function sweepPromotions(world: PairedWorld, replications: number, dice: Dice): number {
  let promoted = 0;
  for (let replication = 0; replication < replications; replication += 1) {
    const { byTrigger } = drawSweep(world, SWEEP_VARIANTS, dice);
    const contenders = byTrigger.map((differenceByTrigger, index) => ({
      name: `variant ${index}`,
      differenceByTrigger,
    }));
    const resampled = resampleBursts(contenders, { random: () => dice.next(), replications: REPLICATIONS }).value;
    if (resampled !== null && stepM(resampled).length > 0) promoted += 1;
  }
  return promoted;
}

/** The second opinion: StepM over buckets with blocks at least as long as an episode. */
export function bucketSweepPromotions(options: {
  readonly world: StudyWorld;
  readonly replications: number;
  readonly dice: Dice;
}): StudyRow {
  const { replications, dice } = options;
  const { name, world } = options.world;
  let promoted = 0;
  for (let replication = 0; replication < replications; replication += 1) {
    const contenders = drawSweep(world, SWEEP_VARIANTS, dice).buckets.map((differences, index) => ({
      name: `variant ${index}`,
      differences,
    }));
    const block = Math.max(
      ...contenders.map(({ differences }) => blockFor(differences, world.episodeBuckets).value ?? 1),
    );
    const resampled = resampleContenders(contenders, { block, random: () => dice.next(), replications: REPLICATIONS });
    if (resampled.value !== null && stepM(resampled.value).length > 0) promoted += 1;
  }
  return rowOf(
    { study: "known null", world: name, method: "any of 8 variants better, StepM over buckets", isClaimed: false },
    { hits: promoted, answered: replications, replications },
  );
}
