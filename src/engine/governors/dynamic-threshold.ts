import { z } from "zod";
import { block, defineGovernor, execute, isCloseAction } from "./governor.ts";

const NAME = "dynamic-threshold";

/** `clamp(0.85 - 0.15 rf + 0.10 (confidence - 0.5), 0.60, 0.95)` (pipeline.md 6.1, item 3). */
export function openThreshold(regimeFlip: number, confidence: number): number {
  return Math.min(0.95, Math.max(0.6, 0.85 - 0.15 * regimeFlip + 0.1 * (confidence - 0.5)));
}

/** `clamp(0.65 + 0.20 [pnl < -3 %], 0.50, 0.85)` (pipeline.md 6.1, item 3). */
export function closeThreshold(pnlPct: number): number {
  return Math.min(0.85, Math.max(0.5, 0.65 + (pnlPct < -3 ? 0.2 : 0)));
}

/**
 * The origin's newest formula: the open threshold falls with a regime flip and rises with confidence.
 *
 * Strict: closes always pass; with `close-self-veto` a close needs the score below its own threshold. A plan without a
 * confidence is judged at `confidenceDefault`, and its verdict shows that number.
 */
export const dynamicThreshold = defineGovernor({
  name: NAME,
  summary: "open threshold from regime flip and confidence, the origin's newest formula",
  params: z.strictObject({ confidenceDefault: z.number().min(0).max(1).default(0.5) }),
  createMemory: () => null,
  judge({ plan, drivers, params, isCloseVetoAllowed }) {
    const score = drivers.killScore;
    if (isCloseAction(plan.action)) {
      const cutoff = closeThreshold(drivers.pnlPct ?? 0);
      const terms = { killScore: score, pnlPct: drivers.pnlPct, cutoff };
      if (!isCloseVetoAllowed || score === null) {
        return execute({ governor: NAME, reasonCode: "close_never_vetoed", value: score, terms });
      }
      const parts = { governor: NAME, value: score, cutoff, terms };
      return score < cutoff
        ? execute({ ...parts, reasonCode: "kill_score_close_ok" })
        : block({ ...parts, reasonCode: "kill_score_close_blocked" });
    }
    if (score === null || plan.killScore === null) {
      const terms = { killScore: score };
      return plan.isRiskReducing
        ? execute({ governor: NAME, reasonCode: "close_without_score", terms })
        : block({ governor: NAME, reasonCode: "kill_score_unknown", terms });
    }
    const confidence = drivers.confidence ?? params.confidenceDefault;
    const cutoff = openThreshold(plan.killScore.regimeFlip, confidence);
    const parts = {
      governor: NAME,
      value: score,
      cutoff,
      terms: { killScore: score, regimeFlip: plan.killScore.regimeFlip, confidence, cutoff },
    };
    return score < cutoff
      ? execute({ ...parts, reasonCode: "kill_score_open_ok" })
      : block({ ...parts, reasonCode: "kill_score_open_critical" });
  },
});
