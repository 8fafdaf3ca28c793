import { removeSkewness } from "./episode-interval.ts";
import { known, type Measured, requireFinite, requireSameLength, unknown } from "./measured.ts";
import { hasZeroVariance, meanOf } from "./moments.ts";
import { ascending } from "./quantile.ts";
import { type Random, REPLICATIONS, stationaryIndices, stationaryVariance } from "./stationary-bootstrap.ts";
import { exactSum } from "./sum.ts";

/** As many as badge E2 asks for. */
const BURSTS_MIN = 10;

/** A variant's performance minus the baseline's per bucket: positive is better. All variants over the same buckets. */
export interface Contender {
  readonly name: string;
  readonly differences: readonly number[];
}

export interface SuperiorityOptions {
  readonly block: number;
  readonly random: Random;
  readonly replications?: number;
  /** `true`: Hansen's statistic, each mean over its standard error. `false`: White's, in the unit of the metric. */
  readonly isStudentised?: boolean;
}

/** How far each null is taken: all variants at least no better (lower), as bad as plausible, or exactly equal (upper). */
export type Recentring = "lower" | "consistent" | "upper";

/** The resampled maxima behind the tests; several tests of one table share them, so they agree. */
export interface Resampled {
  readonly names: readonly string[];
  readonly means: readonly number[];
  /** Standard deviation of sqrt(n) times the mean, in closed form. */
  readonly omegas: readonly number[];
  /** False where a variant is so bad that it cannot be the best one; the consistent null leaves it where it is. */
  readonly isPlausible: readonly boolean[];
  /** Per variant sqrt(n) mean, over omega when studentised. */
  readonly statistics: readonly number[];
  /** One row a replication, one column a variant: resampled minus ORIGINAL mean, on the scale of `statistics`. */
  readonly deviations: readonly Float64Array[];
  /** Recentring of the null on the scale of `statistics`: what a deviation regains when its variant is a bad one. */
  readonly shifts: Readonly<Record<Recentring, readonly number[]>>;
}

/**
 * Resamples all variants with the same rows. Recentres on the original means; recentring each resample on itself makes
 * the null a point mass. Variants that never differ from the baseline are left out: their statistic is 0/0.
 */
export function resampleContenders(contenders: readonly Contender[], options: SuperiorityOptions): Measured<Resampled> {
  const { block, random, replications = REPLICATIONS.quick, isStudentised = true } = options;
  for (const { name, differences } of contenders) {
    requireFinite(differences, `variant "${name}"`);
    requireSameLength(differences, contenders[0]!.differences, `variants "${contenders[0]!.name}" and "${name}"`);
  }
  const moving = contenders.filter(({ differences }) => differences.length > 0 && !hasZeroVariance(differences));
  if (contenders.length === 0) return unknown("no_variant");
  if (moving.length === 0) return unknown("identical");
  const n = moving[0]!.differences.length;
  if (n < 16) return unknown("too_few");
  const means = moving.map(({ differences }) => meanOf(differences));
  const omegas = moving.map(({ differences }) => Math.sqrt(Math.max(0, stationaryVariance(differences, block))));
  if (omegas.some((omega) => !(omega > 0))) return unknown("zero_variance");
  const scales = omegas.map((omega) => Math.sqrt(n) / (isStudentised ? omega : 1));
  const deviations: Float64Array[] = [];
  for (let replication = 0; replication < replications; replication += 1) {
    const indices = stationaryIndices(n, block, random);
    deviations.push(
      Float64Array.from(moving, ({ differences }, variant) => {
        let sum = 0;
        for (let t = 0; t < n; t += 1) sum += differences[indices[t]!]!;
        return (sum / n - means[variant]!) * scales[variant]!;
      }),
    );
  }
  const statistics = means.map((mean, variant) => mean * scales[variant]!);
  const limit = Math.sqrt(2 * Math.log(Math.log(n)));
  const isPlausible = means.map((mean, variant) => (mean * Math.sqrt(n)) / omegas[variant]! >= -limit);
  return known({
    names: moving.map(({ name }) => name),
    means,
    omegas,
    isPlausible,
    statistics,
    deviations,
    shifts: shiftsOf(statistics, isPlausible),
  });
}

/** A variant's difference from the baseline by trigger; triggers that changed nothing may be left out. */
export interface BurstContender {
  readonly name: string;
  readonly differenceByTrigger: ReadonlyMap<string, number>;
}

/**
 * The primary resampling for a sweep: whole bursts keep or change their sign, the same for all variants. What variants
 * have in common stays, sum x^2 does not change, and the null is exact when differences are symmetric (randomisation
 * test of Fisher; Romano and Wolf 2005 for the step-down). Totals over sqrt(sum x^2) go through Hall's cubic first, so
 * that rare large losses promote less by their absence. On series that are mostly zeros the bootstrap over buckets is
 * only a second opinion: its intervals cover 85 to 97 % there (docs/statistics.md).
 */
export function resampleBursts(
  contenders: readonly BurstContender[],
  { random, replications = REPLICATIONS.quick }: { readonly random: Random; readonly replications?: number },
): Measured<Resampled> {
  if (contenders.length === 0) return unknown("no_variant");
  const triggers = [
    ...new Set(contenders.flatMap(({ differenceByTrigger }) => [...differenceByTrigger.keys()])),
  ].sort();
  const rows = contenders
    .map(({ name, differenceByTrigger }) => ({
      name,
      differences: triggers.map((trigger) => differenceByTrigger.get(trigger) ?? 0),
    }))
    .filter(({ name, differences }) => {
      requireFinite(differences, `variant "${name}"`);
      return differences.some((value) => value !== 0);
    });
  if (rows.length === 0) return unknown("identical");
  if (triggers.length < BURSTS_MIN) return unknown("too_few");
  const omegas = rows.map(({ differences }) => Math.sqrt(exactSum(differences.map((value) => value * value))));
  const means = rows.map(({ differences }) => exactSum(differences));
  const scaled = rows.map(({ differences }, variant) => differences.map((value) => value / omegas[variant]!));
  const cubes = scaled.map((values) => values.map((value) => value ** 3));
  const statistics = scaled.map((values, variant) => removeSkewness(exactSum(values), exactSum(cubes[variant]!)));
  const deviations: Float64Array[] = [];
  for (let replication = 0; replication < replications; replication += 1) {
    const signs = triggers.map(() => (random() < 0.5 ? -1 : 1));
    deviations.push(
      Float64Array.from(scaled, (values, variant) => {
        let sum = 0;
        let skewness = 0;
        for (let burst = 0; burst < signs.length; burst += 1) {
          sum += signs[burst]! * values[burst]!;
          skewness += signs[burst]! * cubes[variant]![burst]!;
        }
        return removeSkewness(sum, skewness);
      }),
    );
  }
  const limit = Math.sqrt(2 * Math.log(Math.log(triggers.length)));
  const isPlausible = statistics.map((statistic) => statistic >= -limit);
  return known({
    names: rows.map(({ name }) => name),
    means,
    omegas,
    isPlausible,
    statistics,
    deviations,
    shifts: shiftsOf(statistics, isPlausible),
  });
}

/** g of Hansen: subtracting max(mean, 0) instead of the mean leaves min(mean, 0). */
function shiftsOf(statistics: readonly number[], isPlausible: readonly boolean[]): Resampled["shifts"] {
  return {
    lower: statistics.map((statistic) => Math.min(statistic, 0)),
    consistent: statistics.map((statistic, variant) => (isPlausible[variant]! ? 0 : statistic)),
    upper: statistics.map(() => 0),
  };
}

/** The largest deviation of each replication under one null, at least 0 when `isFloored` (Hansen), ascending. */
export function nullMaxima(
  resampled: Resampled,
  recentring: Recentring,
  { isFloored, among }: { readonly isFloored: boolean; readonly among?: ReadonlySet<number> },
): number[] {
  const shifts = resampled.shifts[recentring];
  return ascending(
    resampled.deviations.map((row) => {
      let largest = isFloored ? 0 : Number.NEGATIVE_INFINITY;
      for (let variant = 0; variant < row.length; variant += 1) {
        if (among !== undefined && !among.has(variant)) continue;
        largest = Math.max(largest, row[variant]! + shifts[variant]!);
      }
      return largest;
    }),
  );
}

export interface Superiority {
  /** Largest statistic, at least 0. */
  readonly statistic: number;
  readonly pLower: number;
  /** The one to report, with the range pLower to pUpper. */
  readonly pConsistent: number;
  readonly pUpper: number;
}

/**
 * Test for superior predictive ability (Hansen 2005): is any variant better than the baseline, given how many were
 * tried? With `isStudentised: false` the upper p-value is White's Reality Check (2000). p = (1 + #{>=}) / (B + 1).
 */
export function superiorityTest(resampled: Resampled): Superiority {
  const statistic = Math.max(0, ...resampled.statistics);
  const pOf = (recentring: Recentring): number => {
    const maxima = nullMaxima(resampled, recentring, { isFloored: true });
    return (1 + maxima.filter((value) => value >= statistic).length) / (maxima.length + 1);
  };
  return { statistic, pLower: pOf("lower"), pConsistent: pOf("consistent"), pUpper: pOf("upper") };
}

/** One-sided error of a promotion: that of the verdict "better" read from a two-sided 95 % interval. */
export const PROMOTION_ALPHA = 0.025;

/**
 * StepM (Romano and Wolf 2005): names of the variants better than the baseline, the chance of any false one at most
 * `alpha`. Rejects all above the critical value of the largest deviation, removes them, and repeats with the rest. The
 * critical value is the order statistic at which (1 + #{>=}) / (B + 1) first exceeds `alpha`, so that few replications
 * find less and never more.
 */
export function stepM(
  resampled: Resampled,
  alpha: number = PROMOTION_ALPHA,
  recentring: Recentring = "upper",
): readonly string[] {
  const remaining = new Set(resampled.statistics.keys());
  const better: string[] = [];
  while (remaining.size > 0) {
    const maxima = nullMaxima(resampled, recentring, { isFloored: false, among: remaining });
    // The binary product may end a hair above a whole rank.
    const rank = Math.ceil((1 - alpha) * (maxima.length + 1) - 1e-9);
    const critical = maxima[rank - 1] ?? Number.POSITIVE_INFINITY;
    const found = [...remaining].filter((variant) => resampled.statistics[variant]! > Math.max(0, critical));
    if (found.length === 0) break;
    for (const variant of found) {
      remaining.delete(variant);
      better.push(resampled.names[variant]!);
    }
  }
  return better.sort();
}
