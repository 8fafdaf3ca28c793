import { block, defineGovernor, execute, isCloseAction, z } from "rehearsal";

const NAME = "step";

/**
 * A cutoff that comes down by one step with every loss-making position it sees, and goes back up when one makes a
 * profit: after a run of losses only the calmest entries pass.
 */
export default defineGovernor({
  name: NAME,
  summary: "a cutoff that steps down while positions lose and back up while they win",
  params: z.strictObject({
    cutoff: z.number().min(0.5).max(1).default(0.8),
    step: z.number().min(0).max(0.1).default(0.02),
    stepsMax: z.number().int().min(0).default(10),
  }),

  // Plain data: it is part of checkpoints and of the state hash.
  createMemory: () => ({ steps: 0 }),

  // Called after every verdict on a plan that had a kill score.
  observe(memory, { drivers }, params) {
    if (drivers.rNet === null) return;
    const change = drivers.rNet < 0 ? 1 : -1;
    memory.steps = Math.min(params.stepsMax, Math.max(0, memory.steps + change));
  },

  judge({ plan, drivers, memory, params }) {
    const score = drivers.killScore;
    const cutoff = params.cutoff - memory.steps * params.step;
    const terms = { killScore: score, steps: memory.steps, cutoff };
    if (plan.isRiskReducing || isCloseAction(plan.action)) {
      return execute({ governor: NAME, reasonCode: "close_never_vetoed", value: score, terms });
    }
    if (score === null) return block({ governor: NAME, reasonCode: "kill_score_unknown", terms });
    const parts = { governor: NAME, value: score, cutoff, terms };
    return score < cutoff
      ? execute({ ...parts, reasonCode: "below_the_step" })
      : block({ ...parts, reasonCode: "above_the_step" });
  },
});
