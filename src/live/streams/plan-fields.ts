import type { Intent } from "../../engine/domain/intent.ts";
import type { KillScore, Plan, PlanAction } from "../../engine/domain/plan.ts";
import { doubleText } from "../../engine/formulas/double-text.ts";
import type { FieldShape } from "./options.ts";

/** Names and values alternating, as `XADD` and `HSET` take them. */
export type FieldList = readonly string[];

/** What `strict` entries call their writer. */
export const STRICT_SOURCE = "rehearsal";

/**
 * Fields of an `apply.plan` entry (pipeline.md 2.2 and 2.3). In shape `origin` a plan of the bridge has side and
 * quantity and no action, one of the harvest lane has an action and neither side nor quantity, as their two writers
 * do; a plan of the bridge that is not executed also carries `decision` and `reason_codes`, which the origin's bridge
 * never published.
 *
 * @param intent what the plan was made from, when it is at hand
 */
export function planFields(plan: Plan, tsMs: number, shape: FieldShape, intent: Intent | null): FieldList {
  if (shape === "strict") return strictPlan(plan, tsMs, intent);
  return plan.origin === "bridge" ? bridgePlan(plan, tsMs, intent) : harvestPlan(plan, tsMs);
}

function bridgePlan(plan: Plan, tsMs: number, intent: Intent | null): FieldList {
  const fields = ["plan_id", plan.planId, "decision", plan.decision, "symbol", plan.symbol, "side", plan.side];
  fields.push("type", "MARKET", "qty", doubleText(plan.qty), "reduceOnly", String(plan.isReduceOnly));
  fields.push("source", "intent_bridge", "signature", "intent_bridge", "timestamp", unixSeconds(tsMs));
  if (intent !== null) fields.push("leverage", doubleText(intent.leverage));
  if (plan.newStopPrice !== null) fields.push("stop_loss", doubleText(plan.newStopPrice));
  if (plan.takeProfitPrice !== null) fields.push("take_profit", doubleText(plan.takeProfitPrice));
  if (plan.decision !== "EXECUTE") fields.push("reason_codes", plan.reasonCodes.join(","));
  return fields;
}

function harvestPlan(plan: Plan, tsMs: number): FieldList {
  return [
    ...["plan_id", plan.planId, "symbol", plan.symbol, "action", plan.action],
    ...killFields(plan.killScore),
    ...["new_sl_proposed", numberText(plan.newStopPrice), "R_net", numberText(plan.rNetOrigin ?? plan.rNet)],
    ...["decision", plan.decision, "reason_codes", plan.reasonCodes.join(",")],
    ...["steps", JSON.stringify(plan.decision === "EXECUTE" ? stepsOf(plan) : [])],
    ...["close_qty", "0.0", "price", "", "timestamp", unixSeconds(tsMs)],
  ];
}

function strictPlan(plan: Plan, tsMs: number, intent: Intent | null): FieldList {
  return [
    ...["plan_id", plan.planId, "symbol", plan.symbol, "lane", plan.origin, "action", plan.action],
    ...["eval_type", plan.evalType, "decision", plan.decision, "reason_codes", plan.reasonCodes.join(",")],
    ...["side", plan.side, "type", "MARKET", "qty", doubleText(plan.qty), "reduceOnly", String(plan.isReduceOnly)],
    ...["leverage", numberText(intent?.leverage ?? null), "stop_loss", numberText(plan.newStopPrice)],
    ...["take_profit", numberText(plan.takeProfitPrice), "confidence", numberText(plan.confidence)],
    ...killFields(plan.killScore),
    ...["new_sl_proposed", numberText(plan.newStopPrice), "R_net", numberText(plan.rNet)],
    ...["governor", plan.verdict?.governor ?? "", "causes", plan.causes.join(","), "taints", plan.taints.join(",")],
    ...["mark_price", numberText(plan.markPrice), "intent_id", plan.intentEntryId ?? ""],
    ...["source", STRICT_SOURCE, "signature", STRICT_SOURCE, "timestamp", unixSeconds(tsMs), "ts_ms", String(tsMs)],
  ];
}

function killFields(kill: KillScore | null): FieldList {
  return [
    ...["kill_score", numberText(kill?.score ?? null), "k_regime_flip", numberText(kill?.regimeFlip ?? null)],
    ...["k_sigma_spike", numberText(kill?.sigmaSpike ?? null), "k_ts_drop", numberText(kill?.tsDrop ?? null)],
    ...["k_age_penalty", numberText(kill?.agePenalty ?? null)],
  ];
}

/** What the Apply Layer does for an action, in its words (pipeline.md 1.7). */
export function stepName(action: PlanAction): string {
  return STEP_NAMES.get(action) ?? `unknown_action_${action}`;
}

const STEP_NAMES: ReadonlyMap<PlanAction, string> = new Map([
  ["FULL_CLOSE_PROPOSED", "CLOSE_FULL"],
  ["PARTIAL_75", "CLOSE_PARTIAL_75"],
  ["PARTIAL_50", "CLOSE_PARTIAL_50"],
  ["PARTIAL_25", "CLOSE_PARTIAL_25"],
  ["UPDATE_SL", "UPDATE_SL"],
]);

const CLOSE_PCT: ReadonlyMap<PlanAction, number> = new Map([
  ["FULL_CLOSE_PROPOSED", 100],
  ["PARTIAL_75", 75],
  ["PARTIAL_50", 50],
  ["PARTIAL_25", 25],
]);

function stepsOf(plan: Plan): readonly Readonly<Record<string, unknown>>[] {
  const pct = CLOSE_PCT.get(plan.action);
  if (pct !== undefined) return [{ step: stepName(plan.action), type: "market_reduce_only", side: "close", pct }];
  if (plan.action !== "UPDATE_SL") return [];
  return [{ step: "UPDATE_SL", type: "update_sl", price: plan.newStopPrice }];
}

/** Shortest text of a double, empty for what is not known. */
export function numberText(value: number | null): string {
  return value === null ? "" : doubleText(value);
}

/** Whole unix seconds, rounded down. */
export function unixSeconds(tsMs: number): string {
  return String(Math.floor(tsMs / 1000));
}
