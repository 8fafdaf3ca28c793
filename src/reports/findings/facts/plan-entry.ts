import type { EvalType } from "../../../engine/domain/intent.ts";
import type { KillScoreWeights, PlanDecision } from "../../../engine/domain/plan.ts";
import { type Fields, numberOf, textOf } from "../../../recording/inspect/entry-fields.ts";
import type { PlanFact } from "./plan-facts.ts";

/** Weights of the kernel (pipeline.md section 3); believed only where they give the recorded score. */
const KERNEL_WEIGHTS: KillScoreWeights = { regimeFlip: 1, sigmaSpike: 0.5, tsDrop: 0.5, agePenalty: 0.3 };
/** Printed scores carry four decimals, their components as many. */
const SCORE_TOLERANCE = 2e-4;

/** Thresholds behind the Apply Layer's two reasons (pipeline.md 1.7): a recorded plan names the reason only. */
const APPLY_LAYER = { warning: 0.6, critical: 0.8 } as const;

/** An `apply.plan` entry of the bridge or of the harvest lane; `null` without a plan id or a symbol. */
export function readPlan(fields: Fields, tsMs: number): PlanFact | null {
  const planId = textOf(fields["plan_id"]);
  const symbol = textOf(fields["symbol"]);
  if (planId === "" || symbol === "") return null;
  const score = finite(fields["kill_score"]);
  const action = textOf(fields["action"]);
  const side = textOf(fields["side"]).toUpperCase();
  const isReduceOnly = textOf(fields["reduceOnly"]).toLowerCase() === "true";
  const isHarvest = score !== null || (action !== "" && fields["qty"] === undefined);
  const reason = reasonOf(fields["reason_codes"] ?? fields["error"] ?? fields["reason"]);
  const parts = {
    regimeFlip: finite(fields["k_regime_flip"]),
    sigmaSpike: finite(fields["k_sigma_spike"]),
    tsDrop: finite(fields["k_ts_drop"]),
    agePenalty: finite(fields["k_age_penalty"]),
  };
  return {
    planId,
    tsMs,
    symbol,
    lane: isHarvest ? "harvest" : "bridge",
    evalType: evalTypeOf(textOf(fields["eval_type"]), { isHarvest, isReduceOnly, action }),
    action: action === "" && !isHarvest ? "ENTRY" : action,
    side: side === "BUY" || side === "SELL" ? side : null,
    decision: decisionOf(textOf(fields["decision"])),
    reason,
    isReduceOnly,
    score,
    regimeFlip: parts.regimeFlip,
    agePenalty: parts.agePenalty,
    weights: score !== null && isKernelScore(score, parts) ? KERNEL_WEIGHTS : null,
    cutoff: cutoffOf(reason),
    closeCutoff: reason.startsWith("kill_score_warning") ? APPLY_LAYER.critical : null,
    isAskedByScore: isHarvest && score !== null && score >= APPLY_LAYER.warning,
    taints: [],
    episodeKey: `${isHarvest ? "position" : "intent"}:${symbol}:${side}`,
    isPositionHeld: null,
    stalestInput: null,
    judgement: null,
  };
}

function cutoffOf(reason: string): number | null {
  if (reason.startsWith("kill_score_warning")) return APPLY_LAYER.warning;
  return reason === "kill_score_critical" ? APPLY_LAYER.critical : null;
}

function evalTypeOf(
  written: string,
  { isHarvest, isReduceOnly, action }: { isHarvest: boolean; isReduceOnly: boolean; action: string },
): EvalType {
  if (written === "ENTRY" || written === "EXIT") return written;
  if (!isHarvest) return isReduceOnly ? "EXIT" : "ENTRY";
  return /^(FULL_CLOSE|PARTIAL_)/.test(action) ? "EXIT" : "UNKNOWN";
}

function decisionOf(word: string): PlanDecision {
  if (word === "EXECUTE" || word === "BLOCKED") return word;
  return "SKIP";
}

/** First code of a list in JSON, or of words apart by commas. */
function reasonOf(value: unknown): string {
  const text = Array.isArray(value) ? textOf(value[0]) : textOf(value);
  return /[A-Za-z0-9_:.-]+/.exec(text)?.[0] ?? "none";
}

function finite(value: unknown): number | null {
  const number = numberOf(value);
  return Number.isFinite(number) ? number : null;
}

function isKernelScore(
  score: number,
  { regimeFlip, sigmaSpike, tsDrop, agePenalty }: Readonly<Record<keyof KillScoreWeights, number | null>>,
): boolean {
  if (regimeFlip === null) return false;
  const logit =
    KERNEL_WEIGHTS.regimeFlip * regimeFlip +
    KERNEL_WEIGHTS.sigmaSpike * (sigmaSpike ?? 0) +
    KERNEL_WEIGHTS.tsDrop * (tsDrop ?? 0) +
    KERNEL_WEIGHTS.agePenalty * (agePenalty ?? 0);
  // A document may leave components out; then the score is at least what the rest gives.
  const given = 1 / (1 + Math.exp(-logit));
  const isWhole = sigmaSpike !== null && tsDrop !== null && agePenalty !== null;
  return isWhole ? Math.abs(given - score) <= SCORE_TOLERANCE : score >= given - SCORE_TOLERANCE;
}
