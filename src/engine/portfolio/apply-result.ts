import type { Side } from "../domain/intent.ts";

/** One order behind a result. Quantities in base units; `null` where the writer does not say. */
export interface ResultOrder {
  /** Text: real order ids exceed 2^53. */
  readonly orderId: string | null;
  readonly side: Side | null;
  readonly requestedQty: number | null;
  readonly filledQty: number | null;
  /** The writer's own word: an exchange status from the executor, a step status from the Apply Layer. */
  readonly status: string | null;
}

/** One `apply.result` entry in the one shape both writers are read into (pipeline.md 2.6). */
export interface ApplyResult {
  readonly planId: string;
  readonly symbol: string | null;
  readonly writer: "executor" | "apply-layer";
  /** What the writer claims. The executor said `true` also with nothing filled (pipeline.md 1.12, step 11). */
  readonly isExecuted: boolean;
  /** A dry run's answer; `null` when the writer does not say. */
  readonly wouldExecute: boolean | null;
  /** The writer's decision, also from inside the executor's `details`; `null` when it has none. */
  readonly decision: string | null;
  /** `null` when no reason is given. */
  readonly reason: string | null;
  readonly orders: readonly ResultOrder[];
  readonly tsMs: number | null;
}

/** Why an entry is no usable result. */
export interface ApplyResultProblem {
  readonly reason: "missing_plan_id" | "unknown_executed" | "malformed_details" | "malformed_steps";
  readonly detail: string;
}

export type ParsedApplyResult =
  | { readonly ok: true; readonly result: ApplyResult }
  | { readonly ok: false; readonly problem: ApplyResultProblem };

type Fields = Readonly<Record<string, string>>;
type Body = Readonly<Record<string, unknown>>;

/** Longest JSON that is looked at. */
const JSON_LENGTH_MAX = 65_536;

/**
 * Reads one `apply.result` entry of either writer (pipeline.md 2.6): the executor's (`executed` "true"/"false", JSON in
 * `details`) or the Apply Layer's (`executed` "True"/"False", JSON list in `steps_results`). The origin's ledger read
 * one spelling and got the other, so it never moved (I10); here both say the same.
 *
 * Nothing is guessed: another spelling, a missing plan id or broken JSON is a named problem.
 */
export function parseApplyResult(fields: Fields): ParsedApplyResult {
  const planId = own(fields, "plan_id") ?? "";
  if (planId === "") return refuse("missing_plan_id", "the entry names no plan");
  const executed = own(fields, "executed");
  const isExecuted = readBoolean(executed);
  if (isExecuted === null) {
    return refuse("unknown_executed", `executed is ${JSON.stringify(executed ?? null)}, true or false is needed`);
  }
  const base = { planId, symbol: own(fields, "symbol") ?? null, isExecuted, tsMs: unixTsMs(own(fields, "timestamp")) };
  const isExecutor = own(fields, "source") === "intent_executor" || own(fields, "details") !== undefined;
  return isExecutor ? fromExecutor(fields, base) : fromApplyLayer(fields, base);
}

type Base = Pick<ApplyResult, "planId" | "symbol" | "isExecuted" | "tsMs">;

function fromExecutor(fields: Fields, base: Base): ParsedApplyResult {
  const details = own(fields, "details") === undefined ? {} : readDetails(fields);
  if (details === null) return refuse("malformed_details", "details is no JSON object");
  const orderId = identifier(details["order_id"]);
  const order: ResultOrder = {
    orderId,
    side: sideOf(details["side"]),
    requestedQty: numberOf(details["qty"]),
    filledQty: numberOf(details["filled_qty"]),
    status: textOf(details["order_status"]),
  };
  return {
    ok: true,
    result: {
      ...base,
      writer: "executor",
      wouldExecute: readBoolean(details["would_execute"]),
      decision: textOf(own(fields, "decision")) ?? textOf(details["decision"]),
      reason: textOf(own(fields, "error")) ?? textOf(details["error"]) ?? textOf(own(fields, "reason")),
      orders: orderId === null ? [] : [order],
    },
  };
}

function fromApplyLayer(fields: Fields, base: Base): ParsedApplyResult {
  const steps = readJson(own(fields, "steps_results") ?? "[]");
  if (!Array.isArray(steps) || !steps.every(isBody)) {
    return refuse("malformed_steps", "steps_results is no JSON list of objects");
  }
  const orders = (steps as readonly Body[])
    .filter((step) => identifier(step["order_id"]) !== null)
    .map((step) => ({
      orderId: identifier(step["order_id"]),
      side: sideOf(step["side"]),
      requestedQty: numberOf(step["quantity"]),
      filledQty: numberOf(step["executed_qty"]),
      status: textOf(step["status"]),
    }));
  return {
    ok: true,
    result: {
      ...base,
      writer: "apply-layer",
      wouldExecute: readBoolean(own(fields, "would_execute")),
      decision: textOf(own(fields, "decision")),
      reason: textOf(own(fields, "error")) ?? textOf(own(fields, "reason")),
      orders,
    },
  };
}

/** The JSON object in `details`, with order ids as text; `null` when there is none or it is broken. */
export function readDetails(fields: Fields): Body | null {
  const details = own(fields, "details");
  const parsed = details === undefined ? null : readJson(details);
  return isBody(parsed) ? parsed : null;
}

/** Untrusted JSON; order ids are quoted before parsing, because a double would round the long ones. */
function readJson(text: string): unknown {
  if (text.length > JSON_LENGTH_MAX) return null;
  try {
    return JSON.parse(text.replace(/("order_id"\s*:\s*)(\d+)(?=\s*[,}])/g, '$1"$2"'));
  } catch {
    // No JSON: the caller names the problem.
    return null;
  }
}

function refuse(reason: ApplyResultProblem["reason"], detail: string): ParsedApplyResult {
  return { ok: false, problem: { reason, detail } };
}

function own(fields: Fields, key: string): string | undefined {
  return Object.hasOwn(fields, key) ? fields[key] : undefined;
}

function isBody(value: unknown): value is Body {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** `true`, `True`, "true" and "True" are one word; the two spellings are what kept the origin's ledger empty. */
function readBoolean(value: unknown): boolean | null {
  if (value === true || value === "true" || value === "True") return true;
  return value === false || value === "false" || value === "False" ? false : null;
}

function identifier(value: unknown): string | null {
  if (typeof value === "string" && value !== "") return value;
  return typeof value === "number" && Number.isSafeInteger(value) ? String(value) : null;
}

function textOf(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

function numberOf(value: unknown): number | null {
  const parsed = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof parsed === "number" && Number.isFinite(parsed) ? parsed : null;
}

function sideOf(value: unknown): Side | null {
  return value === "BUY" || value === "SELL" ? value : null;
}

/** Unix seconds, whole or not, as milliseconds. */
function unixTsMs(value: string | undefined): number | null {
  const seconds = numberOf(value);
  return seconds === null ? null : Math.round(seconds * 1000);
}
