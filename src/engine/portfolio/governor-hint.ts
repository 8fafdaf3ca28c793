import { roundHalfEven } from "../domain/instrument.ts";

/** Below this efficiency the hint asks for less (pipeline.md 1.8, P3.1 hint in the permit). */
const SCORE_MIN = 0.45;
const FACTOR_MIN = 0.25;
const EXTRA_COOLDOWN_SEC_MAX = 120;
/** Older or less certain scores are no ground for anything (pipeline.md 1.14, P3.1 step 1). */
const AGE_MS_MAX = 600_000;
const CONFIDENCE_MIN = 0.65;

export interface EfficiencyScore {
  /** 0 to 1. */
  readonly score: number;
  /** 0 to 1. */
  readonly confidence: number;
  readonly ageMs: number;
}

export interface GovernorHint {
  readonly action: "NONE" | "DOWNSIZE";
  /** Factor on the quantity, 0.25 to 1. */
  readonly factor: number;
  readonly extraCooldownSec: number;
  readonly reason: "ok" | "missing_eff" | "stale_eff" | "low_conf";
}

/**
 * What a symbol's capital efficiency suggests about its next trade: below 0.45 the quantity is scaled by
 * `max(0.25, score / 0.45)` and the pause grows by `round(120 (1 - score))` seconds (pipeline.md 1.8). It never
 * blocks, and nobody in the origin read it.
 *
 * A score of 0.2 gives a factor of 0.444 and 96 s.
 *
 * @param efficiency `null` when none was computed
 */
export function governorHint(efficiency: EfficiencyScore | null): GovernorHint {
  if (efficiency === null) return noHint("missing_eff");
  const { score, confidence, ageMs } = efficiency;
  // Negated, so that NaN counts as stale, uncertain and no score, never as a good one.
  if (!(ageMs <= AGE_MS_MAX)) return noHint("stale_eff");
  if (!(confidence >= CONFIDENCE_MIN)) return noHint("low_conf");
  if (Number.isNaN(score)) return noHint("missing_eff");
  if (score >= SCORE_MIN) return noHint("ok");
  return {
    action: "DOWNSIZE",
    factor: Math.max(FACTOR_MIN, score / SCORE_MIN),
    extraCooldownSec: roundHalfEven(EXTRA_COOLDOWN_SEC_MAX * (1 - score)),
    reason: "ok",
  };
}

function noHint(reason: GovernorHint["reason"]): GovernorHint {
  return { action: "NONE", factor: 1, extraCooldownSec: 0, reason };
}
