import type { PermitGranted } from "../domain/decision.ts";
import { lotsToQty, qtyToLots } from "../domain/instrument.ts";
import { moneyToNumber } from "../domain/money.ts";
import type { Plan, PlanAction } from "../domain/plan.ts";
import type { Policy } from "../policy.ts";
import { joinActive } from "./active-plans.ts";
import { executePlan } from "./execute.ts";
import { evaluatePermit, type PermitInput, type PermitOutcome, type PermitRules } from "./permit.ts";
import { snapshotOf } from "./position-book.ts";
import { recordPlanResult } from "./result.ts";
import { requestOnDemand } from "./snapshots.ts";
import {
  type ActivePlan,
  decide,
  hasQuirk,
  instrumentOf,
  markPriceOf,
  noteFindingOnce,
  type Step,
  setTimer,
} from "./state.ts";

/** What the origin's exits waited for the permit nobody wrote (pipeline.md 1.7). */
const PERMIT_RACE_WAIT_MS = 1200;

/** An executed plan enters P3.3; it leaves with an order or with its one result. */
export function queuePermit(step: Step, plan: Plan): void {
  const waitUntilTsMs = step.tsMs + step.state.policy.permits.wait;
  const active: ActivePlan = { plan, stage: { kind: "permit-queued" }, permit: null, waitUntilTsMs };
  joinActive(step.state, active);
  setTimer(step, permitTimer(plan.planId), waitUntilTsMs);
  if (hasQuirk(step, "serial-stall") && step.state.snapshots.cycleRequestId !== null) {
    step.state.snapshots.permitQueue.push(plan.planId);
    return;
  }
  judgePermit(step, active, true);
}

/** Timer "permit:<plan id>": the executor has waited long enough. */
export function onPermitTimeout(step: Step, planId: string): void {
  const active = step.state.activePlans.get(planId);
  if (active === undefined || active.stage.kind === "ordered") return;
  const { plan, stage } = active;
  if (stage.kind === "permit-awaited") {
    if (stage.reason === "permit_timeout_or_missing:missing_p26") {
      recordPlanResult(step, plan, stage.reason, `waited ${PERMIT_RACE_WAIT_MS} ms`);
      return;
    }
    recordPlanResult(step, plan, "p33_permit_missing_or_denied", stage.reason);
    return;
  }
  if (stage.kind === "permit-queued") {
    noteFindingOnce(step, "serial-stall", {
      code: "permit_missed_by_serial_snapshots",
      severity: "error",
      symbol: plan.symbol,
      text: "A plan's permit did not appear in time because one process takes snapshots symbol by symbol",
      evidence: { planId, waitedMs: step.state.policy.permits.wait },
    });
    recordPlanResult(step, plan, "p33_permit_missing_or_denied", "the snapshot cycle was still running");
    return;
  }
  // On-demand snapshot that never came: judge with what is there, which names the reason.
  judgePermit(step, active, false);
}

/** The plans that waited for the cycle or for their own snapshot are judged now. */
export function resumePermits(step: Step, requestId: string | null): void {
  const { activePlans, snapshots } = step.state;
  if (requestId === null) {
    for (const planId of snapshots.permitQueue.splice(0)) {
      const active = activePlans.get(planId);
      if (active?.stage.kind === "permit-queued") judgePermit(step, active, true);
    }
    return;
  }
  for (const active of [...activePlans.values()]) {
    if (active.stage.kind === "snapshot-awaited" && active.stage.requestId === requestId)
      judgePermit(step, active, false);
  }
}

function judgePermit(step: Step, active: ActivePlan, mayFetch: boolean): void {
  const { plan } = active;
  const { policy, positions } = step.state;
  const rules = permitRules(step);
  if (isOutsideAllowlist(step, plan.symbol)) {
    if (hasQuirk(step, "silent-permit-drop")) {
      active.stage = { kind: "permit-awaited", reason: "P3.3 acknowledged the plan without a permit" };
      return;
    }
    refuse(step, active, null, "symbol_not_in_allowlist");
    return;
  }
  const snapshot = snapshotOf(positions, plan.symbol);
  const ageMs = snapshot === null ? null : step.tsMs - snapshot.asOfTsMs;
  const isMissing = snapshot === null;
  // A report from before our own last fill describes a position that is no more.
  const isOutrun = snapshot !== null && snapshot.asOfTsMs < (positions.lastFillTsMs.get(plan.symbol) ?? 0);
  if (isMissing || isOutrun || ageMs! > rules.snapshotAgeMax) {
    if (mayFetch && policy.permits.isOnDemandAllowed && !hasQuirk(step, "snapshot-exception")) {
      active.stage = { kind: "snapshot-awaited", requestId: requestOnDemand(step, plan.symbol) };
      return;
    }
    if (isMissing && hasQuirk(step, "snapshot-exception")) {
      active.stage = { kind: "permit-awaited", reason: "no_exchange_snapshot, and the refusal itself raised" };
      return;
    }
  }
  const outcome = evaluatePermit(permitInput(step, plan), rules);
  if (!outcome.allow) {
    refuse(step, active, outcome, outcome.reason);
    return;
  }
  grant(step, active, outcome, snapshot!.asOfTsMs);
}

function grant(
  step: Step,
  active: ActivePlan,
  outcome: Extract<PermitOutcome, { allow: true }>,
  asOfTsMs: number,
): void {
  const { plan } = active;
  const instrument = instrumentOf(step, plan.symbol);
  const permit: PermitGranted = {
    type: "permit.granted",
    planId: plan.planId,
    symbol: plan.symbol,
    path: outcome.path,
    safeQtyLots: outcome.safeQty === null ? null : qtyToLots(instrument, outcome.safeQty, "down"),
    exchangeQtyLots: snapshotOf(step.state.positions, plan.symbol)!.qtyLots,
    ledgerQtyLots: step.state.ledger.get(plan.symbol) ?? null,
    snapshotAgeMs: step.tsMs - asOfTsMs,
    expiresTsMs: step.tsMs + step.state.policy.permits.permitTtl,
    reason: outcome.reason,
  };
  active.permit = permit;
  decide(step, permit);
  if (!plan.isReduceOnly && outcome.path === "close") {
    noteFindingOnce(step, `add-on:${plan.symbol}`, {
      code: "add_on_uncapped",
      severity: "error",
      symbol: plan.symbol,
      text: `Adding to ${plan.symbol} is granted the whole position as its safe quantity: it grows with every intent`,
      evidence: { planId: plan.planId, safeQty: outcome.safeQty, planQty: plan.qty },
    });
  }
  if (plan.evalType !== "ENTRY" && plan.origin === "harvest" && hasQuirk(step, "permit-race")) {
    active.stage = { kind: "permit-awaited", reason: "permit_timeout_or_missing:missing_p26" };
    setTimer(step, permitTimer(plan.planId), step.tsMs + PERMIT_RACE_WAIT_MS);
    return;
  }
  executePlan(step, active);
}

function refuse(step: Step, active: ActivePlan, outcome: PermitOutcome | null, reason: string): void {
  const { plan } = active;
  const snapshot = snapshotOf(step.state.positions, plan.symbol);
  decide(step, {
    type: "permit.denied",
    planId: plan.planId,
    symbol: plan.symbol,
    path: outcome?.path ?? null,
    reason,
    exchangeQtyLots: snapshot?.qtyLots ?? null,
    ledgerQtyLots: step.state.ledger.get(plan.symbol) ?? null,
    snapshotAgeMs: snapshot === null ? null : step.tsMs - snapshot.asOfTsMs,
  });
  recordPlanResult(step, plan, reason, "permit denied");
}

function permitInput(step: Step, plan: Plan): PermitInput {
  const { state } = step;
  const instrument = instrumentOf(step, plan.symbol);
  const snapshot = snapshotOf(state.positions, plan.symbol);
  const ledgerLots = state.ledger.get(plan.symbol);
  const lastExecution = state.lastExecutionTsMs.get(plan.symbol);
  let hasOrderInFlight = false;
  for (const { order } of state.activeOrders.values()) if (order.symbol === plan.symbol) hasOrderInFlight = true;
  return {
    snapshot:
      snapshot === null ? null : { qty: lotsToQty(instrument, snapshot.qtyLots), ageMs: step.tsMs - snapshot.asOfTsMs },
    ledgerQty: ledgerLots === undefined ? null : lotsToQty(instrument, ledgerLots),
    isReduceOnly: plan.isReduceOnly,
    closeShare: closeShareOf(plan.action),
    sinceLastExecutionMs: hasOrderInFlight ? 0 : lastExecution === undefined ? null : step.tsMs - lastExecution,
    isOnHold: false,
    addOnRoomQty: addOnRoom(step, plan, snapshot?.qtyLots ?? 0),
  };
}

/** What the add-on cap leaves, in base units at the mark. */
function addOnRoom(step: Step, plan: Plan, exchangeQtyLots: number): number | null {
  const instrument = instrumentOf(step, plan.symbol);
  const mark = markPriceOf(step, instrument);
  if (mark === null) return null;
  const held = lotsToQty(instrument, Math.abs(exchangeQtyLots));
  return moneyToNumber(step.state.policy.permits.addOnMaxQuote) / mark - held;
}

// allow(collected): looked up by a key in hand, never listed
// allow(module-state): follows from a policy, which does not change
const rulesByPolicy = new WeakMap<Policy, PermitRules>();

function permitRules(step: Step): PermitRules {
  const { policy } = step.state;
  let rules = rulesByPolicy.get(policy);
  if (rules === undefined) {
    rules = {
      ...policy.permits,
      isAddOnUncapped: hasQuirk(step, "add-on-uncapped"),
      fixedStep: hasQuirk(step, "fixed-lot-step") ? 0.001 : null,
    };
    rulesByPolicy.set(policy, rules);
  }
  return rules;
}

/** Share of the position an exit action asks for; an action that names none asks for all of it. */
export function closeShareOf(action: PlanAction): number {
  switch (action) {
    case "PARTIAL_75":
      return 0.75;
    case "PARTIAL_50":
      return 0.5;
    case "PARTIAL_25":
      return 0.25;
    case "ENTRY":
    case "FULL_CLOSE_PROPOSED":
    case "UPDATE_SL":
    case "HOLD":
    case "UNKNOWN":
      return 1;
  }
}

function isOutsideAllowlist(step: Step, symbol: string): boolean {
  const { allowlist } = step.state.policy.permits;
  return allowlist !== null && !allowlist.includes(symbol);
}

function permitTimer(planId: string): string {
  return `permit:${planId}`;
}
