export type VolatilityWord = "LOW" | "NORMAL" | "HIGH" | "EXTREME";

/** Volatility regime on the scale of the stress (pipeline.md 1.14, P2.8). */
export const VOLATILITY_STRESS: Readonly<Record<VolatilityWord, number>> = {
  LOW: 0,
  NORMAL: 0.33,
  HIGH: 0.67,
  EXTREME: 1,
};

const EQUITY_SHARE = 0.02;
const BUDGET_USD_MIN = 500;
const BUDGET_USD_MAX = 10_000;

/** `0.4 heat + 0.4 cluster + 0.2 volatility`, each 0 to 1 (pipeline.md 1.14, P2.8; 6.1, item 4). */
export function budgetStress(terms: {
  readonly heat: number;
  readonly cluster: number;
  readonly volatility: number;
}): number {
  return 0.4 * terms.heat + 0.4 * terms.cluster + 0.2 * terms.volatility;
}

/**
 * Budget of one symbol in USD: `clamp(0.02 equity (1 - stress), 500, 10000)` (pipeline.md 1.14, P2.8).
 *
 * 100,000 at a stress of 0.326 are 1,348. The floor holds whatever the stress: up to an equity of 25,000 the formula
 * says 500 for everybody.
 */
export function symbolBudgetUsd(equityUsd: number, stress: number): number {
  return Math.min(BUDGET_USD_MAX, Math.max(BUDGET_USD_MIN, equityUsd * EQUITY_SHARE * (1 - stress)));
}
