import { z } from "zod";
import { block, defineGovernor, execute, isCloseAction } from "./governor.ts";

const NAME = "fixed-threshold";

/** Closes the origin let through between warning and critical; PARTIAL_25 was not among them (pipeline.md 1.7, 4). */
const WARNING_CLOSES = new Set(["FULL_CLOSE_PROPOSED", "PARTIAL_75", "PARTIAL_50"]);

/**
 * The origin's gate: one kill score, two fixed thresholds (pipeline.md 1.7, decision chain 3 to 5).
 *
 * Strict: a close is never vetoed by the score that asked for it. With the quirk `close-self-veto` the critical
 * threshold stops closes too, and PARTIAL_25 counts as more risk, as recorded.
 */
export const fixedThreshold = defineGovernor({
  name: NAME,
  summary: "the origin's gate: warning 0.60 and critical 0.80 on the raw kill score",
  params: z.strictObject({
    warning: z.number().min(0).max(1).default(0.6).meta({ description: "risk-increasing actions stop here" }),
    critical: z
      .number()
      .min(0)
      .max(1)
      .default(0.8)
      .meta({ description: "under the origin's quirk everything stops here" }),
  }),
  createMemory: () => null,
  judge({ plan, drivers, params, isCloseVetoAllowed }) {
    const score = drivers.killScore;
    const terms = { killScore: score, warning: params.warning, critical: params.critical };
    if (score === null) {
      return plan.isRiskReducing
        ? execute({ governor: NAME, reasonCode: "close_without_score", terms })
        : block({ governor: NAME, reasonCode: "kill_score_unknown", terms });
    }
    const isClose = isCloseAction(plan.action);
    if (isClose && !isCloseVetoAllowed) {
      return execute({ governor: NAME, reasonCode: "close_never_vetoed", value: score, terms });
    }
    if (score >= params.critical) {
      return block({ governor: NAME, reasonCode: "kill_score_critical", value: score, cutoff: params.critical, terms });
    }
    if (score >= params.warning) {
      if (isClose && WARNING_CLOSES.has(plan.action)) {
        return execute({
          governor: NAME,
          reasonCode: "kill_score_warning_close_ok",
          value: score,
          cutoff: params.critical,
          terms,
        });
      }
      return block({
        governor: NAME,
        reasonCode: "kill_score_warning_risk_increase",
        value: score,
        cutoff: params.warning,
        terms,
      });
    }
    return execute({ governor: NAME, reasonCode: "kill_score_ok", value: score, cutoff: params.warning, terms });
  },
});
