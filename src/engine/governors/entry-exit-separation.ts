import { z } from "zod";
import { block, defineGovernor, execute, isCloseAction } from "./governor.ts";

const NAME = "entry-exit-separation";

/** Factor on the quantity of an open above the scaling threshold: `clamp(exp(-alpha (K - K0)), min, 1)`. */
export function openQtyScale(killScore: number, openThreshold: number, alpha: number, scaleMin: number): number {
  return Math.min(1, Math.max(scaleMin, Math.exp(-alpha * (killScore - openThreshold))));
}

/**
 * The release of 2026-02-02 01:37 (pipeline.md 1.7, "changes after the seed"): own thresholds for closes and opens,
 * and a smaller quantity instead of a refusal between `openThreshold` and `openCritical`.
 *
 * Strict: closes always pass and `blockCritical` does not shadow the open tiers. With `close-self-veto` the recorded
 * behaviour returns: K at or above 0.80 blocks everything, and a close needs K below `closeThreshold`.
 */
export const entryExitSeparation = defineGovernor({
  name: NAME,
  summary: "separate thresholds for opens (0.85 scaled, 0.95 refused) and closes (0.65)",
  params: z.strictObject({
    openThreshold: z.number().min(0).max(1).default(0.85),
    openCritical: z.number().min(0).max(1).default(0.95),
    closeThreshold: z.number().min(0).max(1).default(0.65).meta({ description: "0.85 from 2026-02-03 on" }),
    blockCritical: z.number().min(0).max(1).default(0.8),
    qtyScaleAlpha: z.number().min(0).default(2),
    qtyScaleMin: z.number().gt(0).max(1).default(0.25),
  }),
  createMemory: () => null,
  judge({ plan, drivers, params, isCloseVetoAllowed }) {
    const score = drivers.killScore;
    const terms = {
      killScore: score,
      openThreshold: params.openThreshold,
      openCritical: params.openCritical,
      closeThreshold: params.closeThreshold,
    };
    const isClose = isCloseAction(plan.action);
    if (score === null) {
      return plan.isRiskReducing
        ? execute({ governor: NAME, reasonCode: "close_without_score", terms })
        : block({ governor: NAME, reasonCode: "kill_score_unknown", terms });
    }
    if (isCloseVetoAllowed && score >= params.blockCritical) {
      return block({
        governor: NAME,
        reasonCode: "kill_score_critical",
        value: score,
        cutoff: params.blockCritical,
        terms,
      });
    }
    if (isClose) {
      if (!isCloseVetoAllowed) {
        return execute({ governor: NAME, reasonCode: "close_never_vetoed", value: score, terms });
      }
      const parts = { governor: NAME, value: score, cutoff: params.closeThreshold, terms };
      return score < params.closeThreshold
        ? execute({ ...parts, reasonCode: "kill_score_close_ok" })
        : block({ ...parts, reasonCode: "kill_score_close_blocked" });
    }
    if (score >= params.openCritical) {
      return block({
        governor: NAME,
        reasonCode: "kill_score_open_critical",
        value: score,
        cutoff: params.openCritical,
        terms,
      });
    }
    if (score >= params.openThreshold) {
      const qtyScale = openQtyScale(score, params.openThreshold, params.qtyScaleAlpha, params.qtyScaleMin);
      return execute({
        governor: NAME,
        reasonCode: "kill_score_open_scaled",
        value: score,
        cutoff: params.openCritical,
        terms: { ...terms, qtyScale },
        qtyScale,
      });
    }
    return execute({
      governor: NAME,
      reasonCode: "kill_score_open_ok",
      value: score,
      cutoff: params.openThreshold,
      terms,
    });
  },
});
