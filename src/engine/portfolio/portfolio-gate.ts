/** One position as the gate sees it; notional in quote, signed: positive for a long. */
export interface GatePosition {
  readonly notional: number;
  /** Volatility. The origin fixed it to 1, so that every non-empty book had the highest heat. */
  readonly sigma: number;
}

/** Action words from the most to the least that is closed; a cooldown goes one step down. */
const LADDER: readonly string[] = ["FULL_CLOSE_PROPOSED", "PARTIAL_75", "PARTIAL_50", "PARTIAL_25", "HOLD"];

/** Below it a full close is forbidden (anti-panic); at or above the other, partial closes are promoted (risk-off). */
const CALM_STRESS = 0.55;
const RISK_OFF_STRESS = 0.8;
/** A kill score that earns a larger part even in a calm book. */
const HARD_KILL_SCORE = 0.85;

/** `clamp((sum(w sigma) - 0.05) / 0.30)` with `w = |notional| / gross`; 0 for an empty book (pipeline.md 1.6, P2.6c). */
export function normalisedHeat(positions: readonly GatePosition[]): number {
  const gross = grossOf(positions);
  if (gross === 0) return 0;
  const heat = positions.reduce((sum, { notional, sigma }) => sum + (Math.abs(notional) / gross) * sigma, 0);
  return clampShare((heat - 0.05) / 0.3);
}

/** `|net| / gross`: 1 when all positions point the same way, 0 for a balanced or empty book. */
export function concentration(positions: readonly GatePosition[]): number {
  const gross = grossOf(positions);
  return gross === 0 ? 0 : Math.abs(positions.reduce((sum, { notional }) => sum + notional, 0)) / gross;
}

/** `clamp(0.60 heat + 0.25 concentration + 0.15 correlation)`, each 0 to 1 (pipeline.md 1.6, P2.6c). */
export function portfolioStress(terms: {
  readonly heat: number;
  readonly concentration: number;
  readonly correlation: number;
}): number {
  return clampShare(0.6 * terms.heat + 0.25 * terms.concentration + 0.15 * terms.correlation);
}

export interface PortfolioGateInput {
  readonly action: string;
  /** 0 to 1. */
  readonly stress: number;
  readonly killScore: number;
  readonly isInAllowlist: boolean;
  /** `false` when every position snapshot is older than 300 s: the gate fails closed. */
  readonly hasFreshSnapshot: boolean;
  readonly isInCooldown: boolean;
}

export interface PortfolioGateOutcome {
  readonly finalAction: string;
  readonly reason: string;
  /** The origin's consumers look at the permit only, so a "reduced" full close still closed everything. */
  readonly isPermitted: boolean;
}

/**
 * P2.6c: how much of a proposed close the state of the book lets through, in the origin's order: allowlist,
 * fail-closed, cooldown, anti-panic, risk-off (pipeline.md 1.6). Only HOLD withholds the permit.
 *
 * A cooldown leaves words that are no rung of the ladder as they are, and says `pass`.
 */
export function gateByPortfolio(input: PortfolioGateInput): PortfolioGateOutcome {
  const { action, stress } = input;
  if (!input.isInAllowlist) return outcome("HOLD", "not_allowed");
  if (!input.hasFreshSnapshot || Number.isNaN(stress)) return outcome("HOLD", "fail_closed_portfolio_state");
  if (input.isInCooldown) {
    const rung = LADDER.indexOf(action);
    return rung < 0
      ? outcome(action, "pass")
      : outcome(LADDER[Math.min(rung + 1, LADDER.length - 1)]!, "cooldown_downgrade");
  }
  if (action === "FULL_CLOSE_PROPOSED" && stress < CALM_STRESS) {
    return input.killScore >= HARD_KILL_SCORE
      ? outcome("PARTIAL_75", "forbid_full_close_portfolio_cold_ks_hard")
      : outcome("PARTIAL_50", "forbid_full_close_portfolio_cold");
  }
  if (stress >= RISK_OFF_STRESS && (action === "PARTIAL_25" || action === "PARTIAL_50")) {
    return outcome("PARTIAL_75", "riskoff_accelerate");
  }
  return outcome(action, "pass");
}

function outcome(finalAction: string, reason: string): PortfolioGateOutcome {
  return { finalAction, reason, isPermitted: finalAction !== "HOLD" };
}

function grossOf(positions: readonly GatePosition[]): number {
  return positions.reduce((sum, { notional }) => sum + Math.abs(notional), 0);
}

function clampShare(value: number): number {
  return Math.min(1, Math.max(0, value));
}
