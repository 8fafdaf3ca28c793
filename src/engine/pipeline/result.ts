import type { ResultRecorded, ResultStatus } from "../domain/decision.ts";
import type { Plan } from "../domain/plan.ts";
import { statusOfReason } from "../domain/reason.ts";
import { leaveActive } from "./active-plans.ts";
import { remember } from "./key-memory.ts";
import { type ActiveOrder, decide, type Step } from "./state.ts";
import { countResult } from "./statistics.ts";

/** Ends a plan that placed no order. */
export function recordPlanResult(step: Step, plan: Plan, reason: string, detail: string): void {
  // A governor from outside has words of its own: what it blocks is policy, whatever it calls it.
  const isBlocked = plan.decision === "BLOCKED";
  write(step, plan, {
    status: plan.decision === "SKIP" ? "SKIPPED" : statusOfReason(reason, isBlocked ? "BLOCKED_POLICY" : "ERROR"),
    reason,
    detail,
    order: null,
    requestedQtyLots: 0,
  });
}

/** Ends a plan with what its order achieved. */
export function recordOrderResult(
  step: Step,
  plan: Plan,
  order: ActiveOrder,
  outcome: { readonly status: ResultStatus; readonly reason: string; readonly detail: string },
): void {
  order.isResultWritten = true;
  write(step, plan, { ...outcome, order, requestedQtyLots: order.order.qtyLots });
}

function write(
  step: Step,
  plan: Plan,
  outcome: {
    readonly status: ResultStatus;
    readonly reason: string;
    readonly detail: string;
    readonly order: ActiveOrder | null;
    readonly requestedQtyLots: number;
  },
): void {
  const { order } = outcome;
  const result: ResultRecorded = {
    type: "result.recorded",
    planId: plan.planId,
    symbol: plan.symbol,
    evalType: plan.evalType,
    status: outcome.status,
    isExecuted: (order?.filledQtyLots ?? 0) > 0,
    reason: outcome.reason,
    detail: outcome.detail,
    orderId: order?.orderId ?? null,
    clientOrderId: order?.order.clientOrderId ?? null,
    side: plan.side,
    requestedQtyLots: outcome.requestedQtyLots,
    filledQtyLots: order?.filledQtyLots ?? 0,
    filledNotionalQuote: order?.filledNotionalQuote ?? 0n,
    feeQuote: order?.feeQuote ?? 0n,
    realizedPnlQuote: order?.realizedPnlQuote ?? 0n,
  };
  leaveActive(step.state, plan.planId);
  // A refused plan did not use up its id: the same proposal may be asked again, as the origin did every 300 s.
  if (plan.decision === "EXECUTE") {
    remember(step.state.donePlans, plan.planId, step.tsMs + step.state.policy.executor.doneTtl);
  }
  decide(step, result);
  countResult(step, result);
}
