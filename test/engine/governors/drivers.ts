import type { KillScore } from "../../../src/engine/domain/plan.ts";
import type { Drivers, GovernorEvaluation, PlanToJudge } from "../../../src/engine/governors/governor.ts";

export function scoreOf(score: number, regimeFlip = 0): KillScore {
  return {
    score,
    logit: Math.log(score / (1 - score)),
    regimeFlip,
    sigmaSpike: 0,
    tsDrop: 0,
    agePenalty: 0,
    weights: { regimeFlip: 1, sigmaSpike: 0.5, tsDrop: 0.5, agePenalty: 0.3 },
  };
}

/** A calm, empty book of 10,000 USDT. */
export function driversOf(overrides: Partial<Drivers>): Drivers {
  return {
    killScore: 0.55,
    portfolioHeat: 0,
    volatilityRegime: 0.33,
    drawdown: 0,
    pendingExposure: 0,
    positionAgeSec: 0,
    rNet: null,
    pnlPct: null,
    confidence: null,
    openRisk: 0,
    openPositions: 0,
    totalNotional: 0,
    planNotional: 200,
    equity: 10_000,
    trendStrength: 0.1,
    sigma: 0.0005,
    spreadBps: null,
    fundingRate: null,
    hoursToFunding: 8,
    markAgeSec: 1,
    ...overrides,
  };
}

export function entryOf(symbol = "BTCUSDT", score = 0.55): PlanToJudge {
  return { evalType: "ENTRY", action: "ENTRY", symbol, isRiskReducing: false, killScore: scoreOf(score) };
}

export function closeOf(symbol = "BTCUSDT", score = 0.75): PlanToJudge {
  return {
    evalType: "EXIT",
    action: "FULL_CLOSE_PROPOSED",
    symbol,
    isRiskReducing: true,
    killScore: scoreOf(score, 1),
  };
}

/** What a governor observes after it has judged an entry at this score. */
export function evaluationOf(symbol: string, score: number, drivers: Partial<Drivers> = {}): GovernorEvaluation {
  return {
    symbol,
    evalType: "ENTRY",
    score,
    killScore: scoreOf(score),
    drivers: driversOf({ killScore: score, ...drivers }),
  };
}
