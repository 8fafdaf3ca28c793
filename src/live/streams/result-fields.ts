import type { ResultRecorded, ResultStatus } from "../../engine/domain/decision.ts";
import { formatMoney } from "../../engine/domain/money.ts";
import type { PlanAction } from "../../engine/domain/plan.ts";
import type { FieldShape } from "./options.ts";
import { type FieldList, STRICT_SOURCE, stepName, unixSeconds } from "./plan-fields.ts";

/** What a result needs of the plan it ends. */
export interface OpenPlan {
  readonly lane: "bridge" | "harvest";
  readonly action: PlanAction;
  readonly isReduceOnly: boolean;
  /** The position permit as it was published. */
  readonly permit: Readonly<Record<string, unknown>> | null;
}

export interface ResultQuantities {
  readonly requestedQty: number;
  readonly filledQty: number;
}

/** One of the four words that P3.5 counts. */
type Decision = "EXECUTE" | "SKIP" | "BLOCKED" | "ERROR";

const DECISIONS: Readonly<Record<ResultStatus, Decision>> = {
  FILLED: "EXECUTE",
  PARTIAL: "EXECUTE",
  BLOCKED_POLICY: "BLOCKED",
  BLOCKED_INFRA: "BLOCKED",
  REJECTED_VENUE: "ERROR",
  REJECTED_INPUT: "ERROR",
  SKIPPED: "SKIP",
  EXPIRED: "ERROR",
  ERROR: "ERROR",
  IN_FLIGHT: "ERROR",
};

/**
 * Fields of an `apply.result` entry (pipeline.md 2.6). In shape `origin` a plan of the harvest lane that was to be
 * executed ends in the Apply Layer's words, every other plan in the executor's: the two writers the readers know.
 *
 * @param plan `null` when it is not known any more; the executor's words are used then
 */
export function resultFields(
  result: ResultRecorded,
  plan: OpenPlan | null,
  quantities: ResultQuantities,
  { tsMs, shape }: { readonly tsMs: number; readonly shape: FieldShape },
): FieldList {
  if (shape === "origin" && plan?.lane === "harvest") return applyLayerResult(result, plan, quantities, tsMs);
  return executorResult(result, plan, quantities, { tsMs, shape });
}

function executorResult(
  result: ResultRecorded,
  plan: OpenPlan | null,
  { requestedQty, filledQty }: ResultQuantities,
  { tsMs, shape }: { readonly tsMs: number; readonly shape: FieldShape },
): FieldList {
  const source = shape === "strict" ? STRICT_SOURCE : "intent_executor";
  const { planId, symbol, isExecuted, side, status, reason } = result;
  const decision = decisionOf(result);
  const details: Record<string, unknown> = { plan_id: planId, symbol, executed: isExecuted, source };
  details["timestamp"] = Math.floor(tsMs / 1000);
  if (requestedQty > 0) Object.assign(details, { side, qty: requestedQty });
  if (result.orderId !== null) {
    Object.assign(details, { order_id: result.orderId, filled_qty: filledQty, order_status: orderStatus(result) });
  }
  if (plan?.permit) details["permit"] = plan.permit;
  if (!isExecuted) Object.assign(details, { error: reason, decision, would_execute: false });
  const fields = ["event_type", "apply.result", "plan_id", planId, "symbol", symbol, "executed", String(isExecuted)];
  fields.push("source", source);
  if (shape === "strict") {
    const { detail, clientOrderId, filledNotionalQuote, feeQuote, realizedPnlQuote, evalType } = result;
    fields.push("decision", decision, "status", status, "eval_type", evalType, "error", isExecuted ? "" : reason);
    Object.assign(details, { reason, detail, client_order_id: clientOrderId, action: plan?.action ?? null });
    Object.assign(details, { filled_notional: formatMoney(filledNotionalQuote), fee: formatMoney(feeQuote) });
    Object.assign(details, { realized_pnl: formatMoney(realizedPnlQuote) });
  }
  fields.push("details", withIntegerIds(details), "timestamp", unixSeconds(tsMs));
  if (shape === "strict") fields.push("ts_ms", String(tsMs));
  return fields;
}

function applyLayerResult(
  result: ResultRecorded,
  plan: OpenPlan,
  { requestedQty, filledQty }: ResultQuantities,
  tsMs: number,
): FieldList {
  const { planId, symbol, isExecuted, reason, orderId, side } = result;
  const step: Record<string, unknown> = { step: stepName(plan.action), status: stepStatus(result), details: reason };
  if (orderId !== null) {
    Object.assign(step, { order_id: orderId, side, quantity: requestedQty, executed_qty: filledQty });
    step["reduce_only"] = plan.isReduceOnly;
  }
  return [
    ...["plan_id", planId, "symbol", symbol, "decision", decisionOf(result)],
    ...["executed", isExecuted ? "True" : "False", "would_execute", "False"],
    ...["steps_results", withIntegerIds([step]), "error", isExecuted ? "" : reason, "timestamp", unixSeconds(tsMs)],
  ];
}

function decisionOf({ isExecuted, status }: ResultRecorded): Decision {
  return isExecuted ? "EXECUTE" : DECISIONS[status];
}

function stepStatus({ isExecuted, reason }: ResultRecorded): string {
  if (isExecuted) return "success";
  return reason === "no_position" ? "no_position" : "error";
}

/** Words of the exchange for what became of the order. */
function orderStatus({ status, filledQtyLots }: ResultRecorded): string {
  switch (status) {
    case "FILLED":
      return "FILLED";
    case "PARTIAL":
      return "PARTIALLY_FILLED";
    case "EXPIRED":
      return "EXPIRED";
    case "REJECTED_VENUE":
      return "REJECTED";
    default:
      return filledQtyLots > 0 ? "PARTIALLY_FILLED" : "UNKNOWN";
  }
}

/** Readers take order ids for integers; real ones exceed what a double holds, so the text is mended. */
function withIntegerIds(value: unknown): string {
  return JSON.stringify(value).replace(/"order_id":"(\d{1,20})"/g, '"order_id":$1');
}
