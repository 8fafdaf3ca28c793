import type { KillScore, KillScoreWeights } from "../domain/plan.ts";
import type { KillScoreParams } from "../policy.ts";

export interface KillInputs {
  /** Volatility of one bar's log return. */
  readonly sigma: number;
  readonly trendStrength: number;
  readonly pTrend: number;
  readonly pMeanReversion: number;
  readonly pChop: number;
  readonly ageSec: number;
}

export interface KillComponents {
  /** 1 when the trend regime is gone and chop or mean reversion has taken over, else 0. */
  readonly regimeFlip: number;
  /** How far volatility is above its reference, in references. */
  readonly sigmaSpike: number;
  /** How far trend strength is below its reference. The incident document took it for a trailing-stop distance. */
  readonly tsDrop: number;
  /** Age as a share of the longest allowed age. */
  readonly agePenalty: number;
}

/**
 * The four components of the kill score (pipeline.md section 3):
 * `rf = 1 iff p_trend < trendMin and p_chop + p_mr > fallbackMin`, `ss = clamp(sigma / sigmaRef - 1, 0, max)`,
 * `td = clamp(tsRef - ts, 0, max)`, `ag = clamp(age / ageMax, 0, 1)`.
 */
export function killComponents(inputs: KillInputs, params: KillScoreParams): KillComponents {
  const hasFlipped = inputs.pTrend < params.trendMin && inputs.pChop + inputs.pMeanReversion > params.fallbackMin;
  return {
    regimeFlip: hasFlipped ? 1 : 0,
    sigmaSpike: clamp(inputs.sigma / params.sigmaRef - 1, 0, params.sigmaSpikeMax),
    tsDrop: clamp(params.tsRef - inputs.trendStrength, 0, params.tsDropMax),
    agePenalty: clamp((inputs.ageSec * 1000) / params.ageMax, 0, 1),
  };
}

/**
 * `K = sigmoid(w_rf rf + w_ss ss + w_td td + w_ag ag)` (pipeline.md section 3). All terms are 0 or more, so K is at
 * least 0.5; a regime flip alone makes it 0.7311 with the default weights.
 */
export function killScore(components: KillComponents, weights: KillScoreWeights): KillScore {
  const logit =
    weights.regimeFlip * components.regimeFlip +
    weights.sigmaSpike * components.sigmaSpike +
    weights.tsDrop * components.tsDrop +
    weights.agePenalty * components.agePenalty;
  const { regimeFlip, sigmaSpike, tsDrop, agePenalty } = components;
  return { score: 1 / (1 + Math.exp(-logit)), logit, regimeFlip, sigmaSpike, tsDrop, agePenalty, weights };
}

/** `ln(K / (1 - K))`: where a threshold lies on the scale on which the terms add up. */
export function logit(score: number): number {
  return Math.log(score / (1 - score));
}

/** Highest score the components can reach; a threshold above it never fires. Trend strength is never negative. */
export function killScoreMax(params: KillScoreParams): number {
  return killScore(
    {
      regimeFlip: 1,
      sigmaSpike: params.sigmaSpikeMax,
      tsDrop: Math.min(params.tsDropMax, params.tsRef),
      agePenalty: 1,
    },
    params.weights,
  ).score;
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
