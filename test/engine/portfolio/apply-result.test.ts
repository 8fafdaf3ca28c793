import { describe, expect, test } from "vitest";
import { parseApplyResult } from "../../../src/engine/portfolio/apply-result.ts";

const EXECUTOR = {
  event_type: "apply.result",
  plan_id: "fade715762e5ab39",
  symbol: "ZECUSDT",
  executed: "true",
  source: "intent_executor",
  details:
    '{"plan_id":"fade715762e5ab39","side":"BUY","qty":0.632,"order_id":8389766084567502641,"filled_qty":0.632,"order_status":"FILLED"}',
  timestamp: "1769991693",
};

const APPLY_LAYER = {
  plan_id: "5ccb55e0c09e77cb",
  symbol: "BTCUSDT",
  decision: "EXECUTE",
  executed: "True",
  would_execute: "True",
  steps_results:
    '[{"step":"CLOSE_FULL","status":"success","order_id":12063059999,"side":"SELL","quantity":0.062,"executed_qty":0.062}]',
  error: "",
  timestamp: "1769700615.5",
};

function parsed(fields: Record<string, string>) {
  const outcome = parseApplyResult(fields);
  if (!outcome.ok) throw new Error(`Cannot use the result: ${outcome.problem.reason}`);
  return outcome.result;
}

describe("a result of the executor", () => {
  test("keeps every digit of its order id", () => {
    expect(parsed(EXECUTOR)).toEqual({
      planId: "fade715762e5ab39",
      symbol: "ZECUSDT",
      writer: "executor",
      isExecuted: true,
      wouldExecute: null,
      decision: null,
      reason: null,
      orders: [
        { orderId: "8389766084567502641", side: "BUY", requestedQty: 0.632, filledQty: 0.632, status: "FILLED" },
      ],
      tsMs: 1_769_991_693_000,
    });
  });

  test("gives up its decision and error from inside details", () => {
    const details = '{"decision":"SKIP","error":"duplicate_plan"}';
    const result = parsed({ ...EXECUTOR, executed: "false", details });
    expect(result).toMatchObject({ isExecuted: false, decision: "SKIP", reason: "duplicate_plan", orders: [] });
  });

  test("that claims a fill of nothing keeps claim and quantity apart", () => {
    const details = '{"side":"BUY","qty":0.632,"order_id":7,"filled_qty":0,"order_status":"UNKNOWN"}';
    const result = parsed({ ...EXECUTOR, details });
    expect(result.isExecuted).toBe(true);
    expect(result.orders[0]).toMatchObject({ orderId: "7", filledQty: 0, status: "UNKNOWN" });
  });

  test("is read without details, and refused with broken ones", () => {
    const { details: _, ...bare } = EXECUTOR;
    expect(parsed(bare)).toMatchObject({ writer: "executor", orders: [] });
    for (const details of ["{", "[]", "null", '{"qty":NaN}', `{"a":"${"x".repeat(70_000)}"}`]) {
      expect(parseApplyResult({ ...EXECUTOR, details })).toMatchObject({
        ok: false,
        problem: { reason: "malformed_details" },
      });
    }
  });

  test("is not confused by an order id inside a text", () => {
    const details = JSON.stringify({ error: 'failed: {"order_id": 5}', order_id: 9 });
    expect(parsed({ ...EXECUTOR, details })).toMatchObject({
      reason: 'failed: {"order_id": 5}',
      orders: [{ orderId: "9" }],
    });
  });
});

describe("a result of the Apply Layer", () => {
  test("says True where the executor says true, and means the same", () => {
    expect(parsed(APPLY_LAYER)).toEqual({
      planId: "5ccb55e0c09e77cb",
      symbol: "BTCUSDT",
      writer: "apply-layer",
      isExecuted: true,
      wouldExecute: true,
      decision: "EXECUTE",
      reason: null,
      orders: [{ orderId: "12063059999", side: "SELL", requestedQty: 0.062, filledQty: 0.062, status: "success" }],
      tsMs: 1_769_700_615_500,
    });
  });

  test("without an order has none, and its error is its reason", () => {
    const steps_results = '[{"step":"CLOSE_FULL","status":"no_position"}]';
    const result = parsed({ ...APPLY_LAYER, executed: "False", steps_results, error: "no_position" });
    expect(result).toMatchObject({ isExecuted: false, reason: "no_position", orders: [] });
  });

  test("with broken steps is refused", () => {
    for (const steps_results of ["[", "{}", "[1]", "null"]) {
      expect(parseApplyResult({ ...APPLY_LAYER, steps_results })).toMatchObject({
        ok: false,
        problem: { reason: "malformed_steps" },
      });
    }
  });
});

describe("an entry of neither", () => {
  test("is refused without a plan id, and for any third spelling of executed", () => {
    expect(parseApplyResult({ executed: "true" })).toMatchObject({ problem: { reason: "missing_plan_id" } });
    for (const executed of ["TRUE", "1", "", "yes"]) {
      expect(parseApplyResult({ ...EXECUTOR, executed })).toMatchObject({ problem: { reason: "unknown_executed" } });
    }
    const { executed: _, ...silent } = EXECUTOR;
    expect(parseApplyResult(silent)).toMatchObject({ problem: { reason: "unknown_executed" } });
  });
});
