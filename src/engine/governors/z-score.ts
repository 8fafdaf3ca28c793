import { z } from "zod";
import { block, defineGovernor, execute } from "./governor.ts";

const NAME = "z-score";

const paramsSchema = z.strictObject({
  halfLifeEvaluations: z.number().positive().default(120),
  minEvaluations: z.number().int().min(2).default(30),
  frozenAfter: z.number().int().min(2).default(10),
  epsilon: z.number().positive().default(0.001),
  entryBase: z.number().default(1.5).meta({ description: "z an entry may have in a calm, empty book" }),
  heatWeight: z.number().min(0).default(2),
  volatilityWeight: z.number().min(0).default(0.75),
  drawdownWeight: z.number().min(0).default(5),
  pendingWeight: z.number().min(0).default(1),
});

/** Rolling statistics of one symbol's kill score: exponentially weighted mean and variance. */
export interface ScoreStatistics {
  count: number;
  mean: number;
  variance: number;
  last: number;
  /** Evaluations in a row with exactly the same score. */
  sameCount: number;
}

export interface ScoreMemory {
  readonly bySymbol: Map<string, ScoreStatistics>;
  readonly pooled: ScoreStatistics;
}

function emptyStatistics(): ScoreStatistics {
  return { count: 0, mean: 0, variance: 0, last: Number.NaN, sameCount: 0 };
}

/** `alpha` from a half-life in evaluations: the weight of an old observation halves every `halfLife` new ones. */
function advance(statistics: ScoreStatistics, score: number, halfLifeEvaluations: number): void {
  const alpha = 1 - Math.exp(-Math.LN2 / halfLifeEvaluations);
  statistics.sameCount = score === statistics.last ? statistics.sameCount + 1 : 1;
  statistics.last = score;
  statistics.count += 1;
  if (statistics.count === 1) {
    statistics.mean = score;
    return;
  }
  const difference = score - statistics.mean;
  statistics.mean += alpha * difference;
  statistics.variance = (1 - alpha) * (statistics.variance + alpha * difference * difference);
}

/**
 * The operators' wish, made precise (pipeline.md 6.1, item 1): the kill score against its own rolling statistics.
 *
 * `kill_z = (K - mean) / (std + epsilon)`; an entry is blocked when `kill_z > z_entry`, where
 * `z_entry = base - heat h - volatility v - drawdown d - pending p`: more of any of them lowers the cutoff, never
 * raises it. Risk-reducing closes are not gated: a high score is the argument *for* closing.
 *
 * Statistics are those of the symbol once it has `minEvaluations`, before that those of all symbols together. A score
 * that has not moved for `frozenAfter` evaluations has no spread, hence no z: the verdict says `kill_z_frozen` and an
 * entry on it is blocked, because a frozen input is how the phantom position passed for normal.
 */
export const zScore = defineGovernor<z.infer<typeof paramsSchema>, ScoreMemory>({
  name: NAME,
  summary:
    "kill score against its rolling mean and deviation; the entry cutoff falls with heat, volatility, drawdown and pending exposure",
  params: paramsSchema,
  createMemory: () => ({ bySymbol: new Map(), pooled: emptyStatistics() }),
  observe(memory, { symbol, score }, params) {
    let statistics = memory.bySymbol.get(symbol);
    if (statistics === undefined) {
      statistics = emptyStatistics();
      memory.bySymbol.set(symbol, statistics);
    }
    advance(statistics, score, params.halfLifeEvaluations);
    advance(memory.pooled, score, params.halfLifeEvaluations * 4);
  },
  judge({ plan, drivers, memory, params }) {
    const score = drivers.killScore;
    const cutoff =
      params.entryBase -
      params.heatWeight * drivers.portfolioHeat -
      params.volatilityWeight * drivers.volatilityRegime -
      params.drawdownWeight * drivers.drawdown -
      params.pendingWeight * drivers.pendingExposure;
    const context = {
      killScore: score,
      portfolioHeat: drivers.portfolioHeat,
      volatilityRegime: drivers.volatilityRegime,
      drawdown: drivers.drawdown,
      pendingExposure: drivers.pendingExposure,
    };
    if (plan.isRiskReducing) {
      return execute({ governor: NAME, reasonCode: "close_never_vetoed", value: score, terms: context });
    }
    if (score === null) return block({ governor: NAME, reasonCode: "kill_score_unknown", terms: context });
    const own = memory.bySymbol.get(plan.symbol);
    if (own !== undefined && own.sameCount >= params.frozenAfter && own.last === score) {
      return block({
        governor: NAME,
        reasonCode: "kill_z_frozen",
        terms: { ...context, sameScoreCount: own.sameCount, cutoff },
      });
    }
    const statistics = own !== undefined && own.count >= params.minEvaluations ? own : memory.pooled;
    if (statistics.count < params.minEvaluations) {
      return execute({
        governor: NAME,
        reasonCode: "kill_z_warming_up",
        terms: { ...context, evaluations: statistics.count, minEvaluations: params.minEvaluations, cutoff },
      });
    }
    const std = Math.sqrt(statistics.variance);
    const killZ = (score - statistics.mean) / (std + params.epsilon);
    const parts = {
      governor: NAME,
      value: killZ,
      cutoff,
      terms: { ...context, mean: statistics.mean, std, killZ, cutoff },
    };
    return killZ > cutoff
      ? block({ ...parts, reasonCode: "kill_z_above_cutoff" })
      : execute({ ...parts, reasonCode: "kill_z_ok" });
  },
});
