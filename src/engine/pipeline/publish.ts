import type { Plan } from "../domain/plan.ts";
import { queuePermit } from "./permit-stage.ts";
import { recordPlanResult } from "./result.ts";
import { decide, hasQuirk, noteFindingOnce, type Step } from "./state.ts";
import { countDecision } from "./statistics.ts";

const UNKNOWN_LOOP_TTL_MS = 300_000;

/** A judged plan leaves for `apply.plan`; an executed one goes on to its permit, every other one ends here. */
export function publishPlan(step: Step, plan: Plan): void {
  step.state.lastPlanTsMs.set(plan.symbol, step.tsMs);
  decide(step, { type: "plan.published", plan });
  countDecision(step, plan);
  if (hasQuirk(step, "unknown-action-loop")) turnUnknownLoop(step, plan);
  if (plan.decision !== "EXECUTE") {
    recordPlanResult(step, plan, plan.reasonCodes[0] ?? "unknown_action", "");
    return;
  }
  if (plan.evalType === "ENTRY") step.state.lastEntryTsMs.set(plan.symbol, step.tsMs);
  queuePermit(step, plan);
}

/**
 * The heat gate read apply.plan and wrote its action back into the proposal the plan came from (pipeline.md 1.6, "the
 * loop"): apply.plan, heat gate, harvest.proposal, portfolio heat gate, proposal hash. A plan without an action of its
 * own enters as UNKNOWN, and every lap renews the 300 s it lives.
 */
function turnUnknownLoop(step: Step, plan: Plan): void {
  const { calibrated, policy } = step.state;
  if (!policy.harvest.symbols.includes(plan.symbol)) return;
  const known = calibrated.get(plan.symbol);
  const action = plan.origin === "bridge" ? "UNKNOWN" : plan.action;
  const isAlive = known !== undefined && known.untilTsMs > step.tsMs;
  if (!isAlive && action !== "UNKNOWN") return;
  const laps = (isAlive ? known.laps : 0) + 1;
  calibrated.set(plan.symbol, { action, untilTsMs: step.tsMs + UNKNOWN_LOOP_TTL_MS, laps });
  noteFindingOnce(step, `unknown-loop:${plan.symbol}`, {
    code: "causal_cycle",
    severity: "error",
    symbol: plan.symbol,
    text: `The action of ${plan.symbol} circulates: apply.plan -> heat gate -> harvest.proposal -> proposal hash -> apply.plan`,
    evidence: { hops: 4, action, planId: plan.planId, ttlMs: UNKNOWN_LOOP_TTL_MS },
  });
}
