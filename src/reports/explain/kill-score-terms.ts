import type { KillScore } from "../../engine/domain/plan.ts";

export interface ScoreContribution {
  readonly name: "regime_flip" | "ts_drop" | "age_penalty" | "sigma_spike";
  readonly component: number;
  readonly weight: number;
  /** Component times weight, in logit units. */
  readonly contribution: number;
}

export interface ScoreTerms {
  readonly score: number;
  readonly logit: number;
  readonly contributions: readonly ScoreContribution[];
  /** Logit minus the sum of contributions: 0 when our formula made the score. */
  readonly unexplained: number;
}

/** Rest below this is rounding of the recording, not a term we do not know. */
const UNEXPLAINED_EPSILON = 5e-5;

/** The kill score as a sum in logit units: score = 1 / (1 + exp(-sum)) (pipeline.md section 3). */
export function scoreTerms(killScore: KillScore): ScoreTerms {
  const { weights } = killScore;
  const contributions = (
    [
      ["regime_flip", killScore.regimeFlip, weights.regimeFlip],
      ["ts_drop", killScore.tsDrop, weights.tsDrop],
      ["age_penalty", killScore.agePenalty, weights.agePenalty],
      ["sigma_spike", killScore.sigmaSpike, weights.sigmaSpike],
    ] as const
  ).map(([name, component, weight]) => ({ name, component, weight, contribution: component * weight }));
  const sum = contributions.reduce((total, each) => total + each.contribution, 0);
  const rest = killScore.logit - sum;
  return {
    score: killScore.score,
    logit: killScore.logit,
    contributions,
    unexplained: Math.abs(rest) < UNEXPLAINED_EPSILON ? 0 : rest,
  };
}

/**
 * What each component alone would have had to be for the score to meet the cutoff, others unchanged; only those that
 * can get there from where they are (components are never negative).
 */
export function componentsAtCutoff(terms: ScoreTerms, cutoff: number): { name: string; bound: number }[] {
  if (!(cutoff > 0 && cutoff < 1)) return [];
  const excess = terms.logit - Math.log(cutoff / (1 - cutoff));
  return terms.contributions
    .filter(({ weight }) => weight > 0)
    .map(({ name, component, weight }) => ({ name, component, bound: component - excess / weight }))
    .filter(({ component, bound }) => bound >= 0 && (excess > 0 ? bound < component : bound > component))
    .map(({ name, bound }) => ({ name, bound }));
}
