import { known, type Measured, requireFinite, requireSameLength, unknown } from "./measured.ts";
import { meanOf } from "./moments.ts";
import { fastSum } from "./sum.ts";

/** Forecasts in [0, 1] with what happened; `outcomes[i]` is 1 when event i came true, else 0. */
export interface Forecasts {
  readonly scores: readonly number[];
  readonly outcomes: readonly (0 | 1)[];
}

export interface ReliabilityBin {
  readonly index: number;
  readonly n: number;
  readonly meanScore: number;
  readonly observedShare: number;
}

/** BS = REL - RES + UNC + WBV - WBC, to rounding (Murphy 1973; Stephenson, Coelho and Jolliffe 2008). */
export interface BrierTerms {
  readonly brier: number;
  readonly reliability: number;
  readonly resolution: number;
  readonly uncertainty: number;
  readonly withinBinVariance: number;
  readonly withinBinCovariance: number;
  readonly bins: readonly ReliabilityBin[];
  /** Mean distance of score and frequency, weighted by count. */
  readonly expectedCalibrationError: number;
}

function refuse({ scores, outcomes }: Forecasts): string | null {
  requireSameLength(scores, outcomes, "scores and outcomes");
  requireFinite(scores, "scores");
  if (scores.length === 0) return "no_evaluation";
  return scores.some((score) => score < 0 || score > 1) ? "not_in_unit_interval" : null;
}

/**
 * Brier score with its decomposition over equal bins, each with the mean of its own scores: bin centres break the
 * identity. A kill score is no probability; map it on other data first, or read only the bins.
 */
export function brierTerms(forecasts: Forecasts, bins = 10): Measured<BrierTerms> {
  const refusal = refuse(forecasts);
  if (refusal !== null) return unknown(refusal);
  const { scores, outcomes } = forecasts;
  const n = scores.length;
  const members = Array.from({ length: bins }, (): number[] => []);
  scores.forEach((score, index) => {
    members[Math.min(bins - 1, Math.floor(score * bins))]!.push(index);
  });
  const base = meanOf(outcomes);
  const rows: ReliabilityBin[] = [];
  const terms = { reliability: 0, resolution: 0, variance: 0, covariance: 0, calibration: 0 };
  members.forEach((inside, index) => {
    if (inside.length === 0) return;
    const meanScore = meanOf(inside.map((member) => scores[member]!));
    const observedShare = meanOf(inside.map((member) => outcomes[member]!));
    rows.push({ index, n: inside.length, meanScore, observedShare });
    terms.reliability += inside.length * (meanScore - observedShare) ** 2;
    terms.resolution += inside.length * (observedShare - base) ** 2;
    terms.calibration += inside.length * Math.abs(meanScore - observedShare);
    for (const member of inside) {
      const distance = scores[member]! - meanScore;
      terms.variance += distance ** 2;
      terms.covariance += 2 * (outcomes[member]! - observedShare) * distance;
    }
  });
  return known({
    brier: fastSum(scores.map((score, index) => (score - outcomes[index]!) ** 2)) / n,
    reliability: terms.reliability / n,
    resolution: terms.resolution / n,
    uncertainty: base * (1 - base),
    withinBinVariance: terms.variance / n,
    withinBinCovariance: terms.covariance / n,
    bins: rows,
    expectedCalibrationError: terms.calibration / n,
  });
}

/** Mean negative log-likelihood; `certain_and_wrong` when a score of 0 or 1 failed, where it is infinite. */
export function logLoss(forecasts: Forecasts): Measured {
  const refusal = refuse(forecasts);
  if (refusal !== null) return unknown(refusal);
  const { scores, outcomes } = forecasts;
  const losses = scores.map((score, index) => -Math.log(outcomes[index] === 1 ? score : 1 - score));
  const mean = fastSum(losses) / losses.length;
  return Number.isFinite(mean) ? known(mean) : unknown("certain_and_wrong");
}

export interface ReliabilityPoint {
  readonly score: number;
  readonly n: number;
  /** Frequency by isotonic regression: never falls as the score rises. */
  readonly frequency: number;
}

/**
 * Reliability curve without bins: isotonic regression by pooling adjacent violators (Ayer et al. 1955), as in the CORP
 * diagram of Dimitriadis, Gneiting and Jordan (2021). One point per distinct score, ascending; scores need no scale.
 */
export function isotonicReliability({ scores, outcomes }: Forecasts): Measured<readonly ReliabilityPoint[]> {
  requireSameLength(scores, outcomes, "scores and outcomes");
  requireFinite(scores, "scores");
  if (scores.length === 0) return unknown("no_evaluation");
  const tally = new Map<number, { n: number; hits: number }>();
  scores.forEach((score, index) => {
    const seen = tally.get(score) ?? { n: 0, hits: 0 };
    seen.n += 1;
    seen.hits += outcomes[index]!;
    tally.set(score, seen);
  });
  const pools: { n: number; hits: number; members: { score: number; n: number }[] }[] = [];
  for (const [score, { n, hits }] of [...tally].sort(([left], [right]) => left - right)) {
    let pool = { n, hits, members: [{ score, n }] };
    for (let last = pools.at(-1); last !== undefined && last.hits * pool.n >= pool.hits * last.n; last = pools.at(-1)) {
      pools.pop();
      pool = { n: last.n + pool.n, hits: last.hits + pool.hits, members: [...last.members, ...pool.members] };
    }
    pools.push(pool);
  }
  return known(pools.flatMap(({ n, hits, members }) => members.map((member) => ({ ...member, frequency: hits / n }))));
}

/**
 * The widest stretch without a score, when at least `gapMin` of the range and with a tenth of the scores on either side:
 * a cutoff inside it is a switch between two clusters, not a threshold. `null` when scores are spread out.
 */
export function scoreGap(
  scores: readonly number[],
  gapMin = 0.2,
): { readonly from: number; readonly to: number; readonly shareBelow: number } | null {
  const sorted = [...scores].sort((left, right) => left - right);
  const range = (sorted.at(-1) ?? 0) - (sorted[0] ?? 0);
  let widest: { from: number; to: number; shareBelow: number } | null = null;
  for (let index = 1; index < sorted.length; index += 1) {
    const [from, to] = [sorted[index - 1]!, sorted[index]!];
    const shareBelow = index / sorted.length;
    if (to - from < gapMin * range || to === from || shareBelow < 0.1 || shareBelow > 0.9) continue;
    if (widest === null || to - from > widest.to - widest.from) widest = { from, to, shareBelow };
  }
  return widest;
}
