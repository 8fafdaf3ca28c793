const FRACTION_MIN = 0.1;
const FRACTION_MAX = 0.5;

/** 1.4 below a risk of 1 %, 0.6 above 2.5 %, else 1 (pipeline.md 1.15, harvest brain). */
export function riskScale(riskPct: number): number {
  if (riskPct < 1) return 1.4;
  return riskPct > 2.5 ? 0.6 : 1;
}

/**
 * Share of the position the harvest brain takes at one rung: the base share scaled by risk, within 0.1..0.5
 * (pipeline.md 1.15). A quarter becomes 0.35 at a risk of 0.5 %, 0.15 at 3 %.
 *
 * @param riskPct in percent, not a fraction
 */
export function harvestFraction(riskPct: number, baseFraction: number): number {
  return Math.min(FRACTION_MAX, Math.max(FRACTION_MIN, baseFraction * riskScale(riskPct)));
}
