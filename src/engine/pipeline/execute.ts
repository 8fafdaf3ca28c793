import type { OrderSubmitted } from "../domain/decision.ts";
import {
  type OrderAccepted,
  type OrderEnded,
  type OrderQueried,
  type OrderRejected,
  type OrderUnknown,
  RESTART_CAUSE,
} from "../domain/event.ts";
import { type Instrument, lotsToQty, lotsToQtyText, priceToTicks, qtyToLots } from "../domain/instrument.ts";
import { sideSign } from "../domain/intent.ts";
import { moneyToNumber } from "../domain/money.ts";
import type { Plan } from "../domain/plan.ts";
import { checkMinNotional } from "../formulas/executor-rounding.ts";
import { commitLater } from "./ledger.ts";
import { recordOrderResult, recordPlanResult } from "./result.ts";
import {
  type ActiveOrder,
  type ActivePlan,
  decide,
  hasQuirk,
  instrumentOf,
  markPriceOf,
  noteFinding,
  noteFindingOnce,
  type Step,
  setTimer,
} from "./state.ts";

/** Attempts of the origin to see a fill before it wrote "executed" anyway: at once, +0.5 s, +1.0 s (pipeline.md 1.12). */
const FILL_NOT_AWAITED_MS = 1500;

/**
 * The intent executor (pipeline.md 1.12): venue, permit still valid, quantity `min(plan, safe)`, rounding to the step,
 * minimum notional, then one order whose client id follows from the plan id.
 */
export function executePlan(step: Step, active: ActivePlan): void {
  const { plan, permit } = active;
  const { policy } = step.state;
  const instrument = instrumentOf(step, plan.symbol);
  if (plan.action === "UNKNOWN") {
    recordPlanResult(step, plan, "unknown_action:UNKNOWN", "the executor has no step for it");
    return;
  }
  const isListed = policy.executor.allowlist === null || policy.executor.allowlist.includes(plan.symbol);
  if (!instrument.isOnVenue || !isListed) {
    recordPlanResult(step, plan, `symbol_not_in_allowlist:${plan.symbol}`, "");
    return;
  }
  if (permit === null || permit.expiresTsMs < step.tsMs) {
    recordPlanResult(step, plan, "permit_expired", "");
    return;
  }
  const mark = markPriceOf(step, instrument);
  if (mark === null && !plan.isReduceOnly) {
    recordPlanResult(step, plan, "mark_price_unavailable", "");
    return;
  }
  const wantedLots = orderLots(plan, permit.safeQtyLots, instrument);
  if (wantedLots === 0) {
    recordPlanResult(step, plan, "quantity_rounds_to_zero", `${plan.qty} is below one step of ${instrument.stepSize}`);
    return;
  }
  const sized = plan.isReduceOnly
    ? { qtyLots: wantedLots, refusal: null }
    : meetMinimum(step, instrument, wantedLots, mark!);
  if (sized.refusal !== null) {
    recordPlanResult(step, plan, "min_notional_check_failed", sized.refusal);
    return;
  }
  const qtyLots = capAtVenue(step, plan, instrument, sized.qtyLots);
  const clientOrderId = `rh-${plan.planId}`;
  active.stage = { kind: "ordered", clientOrderId };
  submit(step, plan, instrument, clientOrderId, qtyLots, mark);
  if (hasQuirk(step, "dual-executor")) {
    submit(step, plan, instrument, `${clientOrderId}-b`, qtyLots, mark);
    noteFindingOnce(step, "dual-executor", {
      code: "orders_per_plan_above_one",
      severity: "error",
      symbol: plan.symbol,
      text: "Two executors consume the same plan and both order",
      evidence: { planId: plan.planId, orders: 2 },
    });
  }
}

/** `min(plan, safe)` in whole lots, half to even as the origin's executor rounds (vectors executor_rounding). */
function orderLots(plan: Plan, safeQtyLots: number | null, instrument: Instrument): number {
  const wanted = qtyToLots(instrument, plan.qty, "half-even");
  // A safe quantity of 0 is the origin's spelling of "no bound": it belongs to the open path, where ours is null.
  return safeQtyLots === null ? wanted : Math.min(wanted, safeQtyLots);
}

/** The venue's minimum quantity and notional: refused, or raised to the minimum where the policy allows it. */
function meetMinimum(
  step: Step,
  instrument: Instrument,
  qtyLots: number,
  mark: number,
): { readonly qtyLots: number; readonly refusal: string | null } {
  if (qtyLots < instrument.qtyLotsMin) {
    const refusal = `quantity ${lotsToQtyText(instrument, qtyLots)} < minQty ${lotsToQtyText(instrument, instrument.qtyLotsMin)}`;
    return { qtyLots: 0, refusal };
  }
  const outcome = checkMinNotional({
    qty: lotsToQty(instrument, qtyLots),
    markPrice: mark,
    minNotional: moneyToNumber(instrument.notionalMinQuote),
    step: lotsToQty(instrument, 1),
    isUpsizeAllowed: step.state.policy.executor.isUpsizeAllowed,
    upsizeRounding: "ceiling",
  });
  if (outcome.qty === 0) return { qtyLots: 0, refusal: outcome.reason };
  return { qtyLots: qtyToLots(instrument, outcome.qty, "half-even"), refusal: null };
}

/** The largest market order the venue takes; what is cut off is said, never dropped in silence. */
function capAtVenue(step: Step, plan: Plan, instrument: Instrument, qtyLots: number): number {
  if (qtyLots <= instrument.qtyLotsMax) return qtyLots;
  noteFinding(step, {
    code: "order_capped_by_venue",
    severity: "warn",
    symbol: plan.symbol,
    text: `${plan.symbol} wants ${lotsToQtyText(instrument, qtyLots)}, the venue takes at most ${lotsToQtyText(instrument, instrument.qtyLotsMax)} in one market order`,
    evidence: { planId: plan.planId, wantedLots: qtyLots, maxLots: instrument.qtyLotsMax },
  });
  return instrument.qtyLotsMax;
}

function submit(
  step: Step,
  plan: Plan,
  instrument: Instrument,
  clientOrderId: string,
  qtyLots: number,
  mark: number | null,
): void {
  const { executor } = step.state.policy;
  const isLimit = executor.orderType === "LIMIT_IOC" && mark !== null;
  const order: OrderSubmitted = {
    type: "order.submitted",
    clientOrderId,
    planId: plan.planId,
    symbol: plan.symbol,
    evalType: plan.evalType,
    side: plan.side,
    orderType: isLimit ? "LIMIT" : "MARKET",
    timeInForce: isLimit ? "IOC" : null,
    qtyLots,
    limitPriceTicks: isLimit
      ? priceToTicks(instrument, mark * (1 + (sideSign(plan.side) * executor.limitOffsetBps) / 10_000))
      : null,
    isReduceOnly: plan.isReduceOnly,
    decisionMarkPrice: mark,
  };
  step.state.activeOrders.set(clientOrderId, {
    order,
    submittedTsMs: step.tsMs,
    status: "submitted",
    orderId: null,
    filledQtyLots: 0,
    filledNotionalQuote: 0n,
    feeQuote: 0n,
    realizedPnlQuote: 0n,
    lastExchangeTsMs: 0,
    queryAttempts: 0,
    isResultWritten: false,
  });
  decide(step, order);
  setTimer(step, `order:${clientOrderId}`, step.tsMs + executor.orderTimeout);
  if (hasQuirk(step, "fill-not-awaited")) setTimer(step, `unawaited:${clientOrderId}`, step.tsMs + FILL_NOT_AWAITED_MS);
}

export function onOrderAccepted(step: Step, event: OrderAccepted): void {
  const order = step.state.activeOrders.get(event.clientOrderId);
  if (order === undefined) return;
  order.orderId = event.orderId;
  if (order.status === "submitted" || order.status === "unknown") order.status = "accepted";
}

export function onOrderRejected(step: Step, event: OrderRejected): void {
  const order = step.state.activeOrders.get(event.clientOrderId)?.order;
  if (order !== undefined) {
    noteFinding(step, {
      code: "order_refused_by_venue",
      severity: "warn",
      symbol: order.symbol,
      text: `The venue refused an order of ${order.symbol} with ${event.code}`,
      evidence: { planId: order.planId, code: event.code, text: event.text, isReduceOnly: order.isReduceOnly },
    });
  }
  finishOrder(step, event.clientOrderId, "REJECTED_VENUE", `binance_error:${event.code}`, event.text);
}

export function onOrderEnded(step: Step, event: OrderEnded): void {
  const order = step.state.activeOrders.get(event.clientOrderId);
  if (order === undefined) return;
  order.orderId = event.orderId;
  const isPartial = order.filledQtyLots > 0;
  if (isPartial) commitPartial(step, order, event.orderId);
  finishOrder(step, event.clientOrderId, isPartial ? "PARTIAL" : "EXPIRED", "order_expired", event.reason);
}

/** An order that ends with a part of it filled has changed the position by that part. */
function commitPartial(step: Step, { order, filledQtyLots, lastExchangeTsMs }: ActiveOrder, orderId: string): void {
  commitLater(step, {
    orderId,
    symbol: order.symbol,
    deltaQtyLots: sideSign(order.side) * filledQtyLots,
    exchangeTsMs: lastExchangeTsMs,
  });
}

/** Timer "order:<client id>": no terminal answer in time, so the outcome is unknown and is asked for. */
export function onOrderTimeout(step: Step, clientOrderId: string): void {
  const order = step.state.activeOrders.get(clientOrderId);
  if (order === undefined) return;
  order.status = "unknown";
  query(step, order);
}

export function onOrderUnknown(step: Step, event: OrderUnknown): void {
  const order = step.state.activeOrders.get(event.clientOrderId);
  if (order === undefined) return;
  order.status = "unknown";
  noteFinding(step, {
    code: "order_outcome_unknown",
    severity: "warn",
    symbol: order.order.symbol,
    text: `The exchange did not say what became of order ${event.clientOrderId}; it is asked before anything else is sent`,
    evidence: { clientOrderId: event.clientOrderId, cause: event.cause },
  });
  // Questions of a dead process were never answered: they do not count.
  if (event.cause === RESTART_CAUSE) order.queryAttempts = 0;
  query(step, order);
}

/** The exchange's answer to a query: fills arrive on their own, everything else is settled here. */
export function onOrderQueried(step: Step, event: OrderQueried): void {
  const order = step.state.activeOrders.get(event.clientOrderId);
  if (order === undefined) return;
  order.orderId = event.orderId ?? order.orderId;
  switch (event.status) {
    case "NEW":
    case "PARTIALLY_FILLED":
    case "FILLED":
      // Not all fills have been told yet: look again unless they are complete by then.
      order.status = order.filledQtyLots > 0 ? "partially-filled" : "accepted";
      setTimer(step, `order:${event.clientOrderId}`, step.tsMs + step.state.policy.executor.queryInterval);
      return;
    case "CANCELED":
    case "EXPIRED":
      if (order.filledQtyLots > 0) commitPartial(step, order, order.orderId ?? event.clientOrderId);
      finishOrder(
        step,
        event.clientOrderId,
        order.filledQtyLots > 0 ? "PARTIAL" : "EXPIRED",
        "order_expired",
        `found ${event.status} by query`,
      );
      return;
    case "REJECTED":
      finishOrder(step, event.clientOrderId, "REJECTED_VENUE", "binance_error", "found REJECTED by query");
      return;
    case "NOT_FOUND":
      finishOrder(step, event.clientOrderId, "ERROR", "order_not_found", "the exchange does not know the order");
      return;
  }
}

/** Timer "unawaited:<client id>" of the quirk: a result that says executed while nothing has filled. */
export function onFillNotAwaited(step: Step, clientOrderId: string): void {
  const order = step.state.activeOrders.get(clientOrderId);
  const active = order === undefined ? undefined : step.state.activePlans.get(order.order.planId);
  if (order === undefined || active === undefined || order.isResultWritten) return;
  noteFinding(step, {
    code: "executed_without_fill",
    severity: "error",
    symbol: order.order.symbol,
    text: `The result of ${clientOrderId} says executed with ${order.filledQtyLots} lots filled: nobody waited for the fill`,
    evidence: { clientOrderId, filledQtyLots: order.filledQtyLots, waitedMs: FILL_NOT_AWAITED_MS },
  });
  recordOrderResult(step, active.plan, order, {
    status: "ERROR",
    reason: "order_outcome_unknown",
    detail: "fill not awaited",
  });
}

/** Ends an order and, with it, its plan. */
export function finishOrder(
  step: Step,
  clientOrderId: string,
  status: "FILLED" | "PARTIAL" | "EXPIRED" | "REJECTED_VENUE" | "ERROR",
  reason: string,
  detail: string,
): void {
  const order = step.state.activeOrders.get(clientOrderId);
  if (order === undefined) return;
  step.state.activeOrders.delete(clientOrderId);
  const active = step.state.activePlans.get(order.order.planId);
  if (active === undefined || order.isResultWritten) return;
  recordOrderResult(step, active.plan, order, { status, reason, detail });
}

function query(step: Step, order: ActiveOrder): void {
  const { executor } = step.state.policy;
  const { clientOrderId, symbol } = order.order;
  order.queryAttempts += 1;
  if (order.queryAttempts > executor.queryAttemptsMax) {
    noteFinding(step, {
      code: "order_outcome_unresolved",
      severity: "error",
      symbol,
      text: `Order ${clientOrderId} could not be resolved by ${executor.queryAttemptsMax} queries`,
      evidence: { clientOrderId, attempts: executor.queryAttemptsMax },
    });
    finishOrder(step, clientOrderId, "ERROR", "order_outcome_unknown", "queries exhausted");
    return;
  }
  decide(step, { type: "order.query-requested", clientOrderId, attempt: order.queryAttempts });
  setTimer(step, `order:${clientOrderId}`, step.tsMs + executor.queryInterval);
}
