import { describe, expect, test } from "vitest";
import {
  blockedExit,
  fill,
  type JournalBuilder,
  journal,
  order,
  permit,
  plan,
  rejection,
  result,
  START_TS_MS,
} from "../../journal-builder.ts";
import { found, foundInRecords, planRecord, resultRecord } from "../helpers.ts";

/** A plan with its order, its fill and its result. */
function traded(
  built: JournalBuilder,
  offsetMs: number,
  id: string,
  changes: { side?: "BUY" | "SELL"; close?: boolean } = {},
) {
  const side = changes.side ?? "BUY";
  const isReduceOnly = changes.close === true;
  const evalType = isReduceOnly ? ("EXIT" as const) : ("ENTRY" as const);
  built
    .publish(offsetMs, plan(id, { side, isReduceOnly, evalType }))
    .tick(offsetMs + 1, order(id, { side, isReduceOnly, evalType }))
    .at(
      offsetMs + 2,
      fill(id, { side, orderId: `o-${id}`, exchangeTsMs: START_TS_MS + offsetMs + 2 }),
      result(id, "FILLED", { side, evalType, orderId: `o-${id}` }),
    );
  return built;
}

test("orders_per_plan_above_one counts plans, not orders", () => {
  const twice = journal()
    .publish(0, plan("p1"))
    .tick(1, order("p1"), order("p1", { clientOrderId: "c-2" }));
  expect(found("orders_per_plan_above_one", twice)).toMatchObject([{ severity: "error", evidence: { plans: 1 } }]);
  expect(found("orders_per_plan_above_one", traded(journal(), 0, "p1"))).toEqual([]);
});

describe("limit_violated_yet_filled", () => {
  test("tells fills of plans that a limit had refused, and of plans that were blocked", () => {
    const bypassed = plan("p1", { reasonCodes: ["none", "bypassed:max_positions_reached"] });
    const built = journal().publish(0, bypassed).tick(1, order("p1")).at(2, fill("p1"), result("p1", "FILLED"));
    expect(found("limit_violated_yet_filled", built)).toMatchObject([
      { evidence: { refusedBy: "max_positions_reached", plans: 1 } },
    ]);
    const blocked = journal()
      .publish(0, plan("p1", { decision: "BLOCKED" }))
      .tick(1, order("p1"))
      .at(2, fill("p1"));
    expect(found("limit_violated_yet_filled", blocked)).toMatchObject([{ evidence: { refusedBy: "its own verdict" } }]);
  });

  test("is silent on what was allowed, and on what was refused and stayed so", () => {
    expect(found("limit_violated_yet_filled", traded(journal(), 0, "p1"))).toEqual([]);
    expect(found("limit_violated_yet_filled", journal().publish(0, plan("p1", { decision: "BLOCKED" })))).toEqual([]);
  });
});

test("kill_switch_inert tells orders against the switch, and closes pass a switch for entries", () => {
  const on = (scope: "entries" | "all" | "off") =>
    ({ type: "operator.kill-switch-set", scope, source: "test" }) as const;
  const close = order("p1", { evalType: "EXIT", isReduceOnly: true });
  expect(found("kill_switch_inert", journal().at(0, on("entries")).tick(1, order("p1")))).toMatchObject([
    { evidence: { orders: 1 } },
  ]);
  expect(found("kill_switch_inert", journal().at(0, on("all")).tick(1, close))).toHaveLength(1);
  expect(found("kill_switch_inert", journal().at(0, on("entries")).tick(1, close))).toEqual([]);
  expect(found("kill_switch_inert", journal().at(0, on("all")).at(1, on("off")).tick(2, order("p1")))).toEqual([]);
});

test("executed_without_fill tells results that say executed with nothing filled", () => {
  const empty = result("p1", "FILLED", { filledQtyLots: 0 });
  expect(found("executed_without_fill", journal().publish(0, plan("p1")).tick(1, empty))).toMatchObject([
    { evidence: { results: 1, of: 1 } },
  ]);
  expect(found("executed_without_fill", traded(journal(), 0, "p1"))).toEqual([]);
  const recorded = { order_id: 7, side: "BUY", qty: 0.6, filled_qty: 0, order_status: "NEW" };
  expect(foundInRecords("executed_without_fill", [planRecord(0, "p1"), resultRecord(1, "p1", recorded)])).toHaveLength(
    1,
  );
});

test("two_verdicts tells a second answer that differs, not a plan published again", () => {
  const [skip, filled] = [result("p1", "SKIPPED", { reason: "duplicate_plan" }), result("p1", "FILLED")];
  const two = journal().publish(0, plan("p1")).tick(1, filled).tick(2, skip);
  expect(found("two_verdicts", two)).toMatchObject([{ evidence: { results: 1 } }]);
  const again = journal().publish(0, plan("p1")).tick(1, filled).publish(2, plan("p1")).tick(3, skip);
  expect(found("two_verdicts", again)).toEqual([]);
});

test("result_without_reason and blocked_plans_read_as_orders read recorded results", () => {
  const skipped = [planRecord(0, "p1"), resultRecord(1, "p1", {}, { executed: "false" })];
  expect(foundInRecords("result_without_reason", skipped)).toMatchObject([{ evidence: { results: 1, of: 1 } }]);
  const missing = resultRecord(1, "p1", { error: "missing_required_fields" }, { executed: "false" });
  expect(foundInRecords("result_without_reason", [planRecord(0, "p1"), missing])).toEqual([]);
  const blocked = planRecord(0, "p1", { decision: "BLOCKED" });
  expect(foundInRecords("blocked_plans_read_as_orders", [blocked, missing])).toHaveLength(1);
  expect(foundInRecords("blocked_plans_read_as_orders", [planRecord(0, "p1"), missing])).toEqual([]);
});

test("plan_without_result waits a minute, and does not ask a recording of plans alone", () => {
  expect(found("plan_without_result", journal().publish(0, plan("p1")).end(61_000))).toMatchObject([
    { evidence: { plans: 1 } },
  ]);
  expect(found("plan_without_result", journal().publish(0, plan("p1")).end(59_000))).toEqual([]);
  expect(found("plan_without_result", traded(journal(), 0, "p1").end(90_000))).toEqual([]);
  expect(foundInRecords("plan_without_result", [planRecord(0, "p1"), planRecord(90_000, "p2")])).toEqual([]);
});

test("close_dropped_on_open_position needs something held; close_of_nothing needs nothing held, twice", () => {
  const dropped = rejection("1-0", "nothing_to_reduce", "ZECUSDT");
  expect(found("close_dropped_on_open_position", traded(journal(), 0, "p1").tick(9, dropped))).toHaveLength(1);
  expect(found("close_dropped_on_open_position", journal().tick(9, dropped))).toEqual([]);
  const gone = (id: string) => result(id, "BLOCKED_INFRA", { evalType: "EXIT", reason: "no_position" });
  expect(found("close_of_nothing", journal().tick(1, gone("x1")).tick(2, gone("x2")))).toMatchObject([
    { evidence: { closes: 2 } },
  ]);
  expect(found("close_of_nothing", journal().tick(1, gone("x1")))).toEqual([]);
});

describe("position_grows_with_every_intent", () => {
  test("tells a permit that allows the whole position for an add-on", () => {
    const wide = permit("p2", { path: "close", exchangeQtyLots: 8316, safeQtyLots: 8316 });
    const built = traded(journal(), 0, "p1").publish(60_000, plan("p2")).tick(60_001, wide);
    const [first] = found("position_grows_with_every_intent", built);
    expect(first).toMatchObject({
      severity: "error",
      symbol: "ZECUSDT",
      evidence: { safeQty: 8.316, uncappedPermits: 1 },
    });
    expect(first!.text).toContain("add-ons to ZECUSDT are uncapped");
    const capped = permit("p2", { path: "add-on", exchangeQtyLots: 8316, safeQtyLots: 100 });
    expect(found("position_grows_with_every_intent", journal().publish(0, plan("p2")).tick(1, capped))).toEqual([]);
  });

  test("warns of four add-ons in a row whatever the permits say", () => {
    const built = journal();
    for (let index = 0; index < 5; index++) traded(built, index * 62_000, `p${index}`);
    expect(found("position_grows_with_every_intent", built)).toMatchObject([
      { severity: "warn", evidence: { addOns: 4, heldQty: 3.16 } },
    ]);
  });

  test("reads the permit inside a recorded result", () => {
    const details = {
      order_id: 1098143307,
      side: "BUY",
      qty: 0.632,
      filled_qty: 0.632,
      order_status: "FILLED",
      permit: { safe_qty: 8.316, exchange_position_amt: 8.316, ledger_amt: 0.0 },
    };
    const records = [planRecord(0, "p1"), resultRecord(2000, "p1", details)];
    expect(foundInRecords("position_grows_with_every_intent", records)).toMatchObject([
      { evidence: { safeQty: 8.316 } },
    ]);
    const opening = { ...details, permit: { safe_qty: 0, exchange_position_amt: 0, ledger_amt: 0 } };
    expect(
      foundInRecords("position_grows_with_every_intent", [planRecord(0, "p1"), resultRecord(9, "p1", opening)]),
    ).toEqual([]);
  });
});

test("entry_against_position tells orders that were no closes", () => {
  const against = traded(traded(journal(), 0, "p1"), 60_000, "p2", { side: "SELL" });
  expect(found("entry_against_position", against)).toMatchObject([{ evidence: { orders: 1 } }]);
  const closed = traded(traded(journal(), 0, "p1"), 60_000, "p2", { side: "SELL", close: true });
  expect(found("entry_against_position", closed)).toEqual([]);
});

describe("trades", () => {
  const roundTrips = (distanceMs: number, count: number) => {
    const built = journal();
    for (let index = 0; index < count; index++) {
      traded(built, index * distanceMs, `e${index}`);
      traded(built, index * distanceMs + 10_000, `x${index}`, { side: "SELL", close: true });
    }
    return built;
  };

  test("repeated_re_entry needs three openings within five minutes of a close", () => {
    expect(found("repeated_re_entry", roundTrips(60_000, 4))).toMatchObject([
      { evidence: { reEntries: 3, closes: 4 } },
    ]);
    expect(found("repeated_re_entry", roundTrips(400_000, 4))).toEqual([]);
  });

  test("concentration needs ten orders and another symbol that was asked for", () => {
    const asked = (built: JournalBuilder) =>
      built.intent(5_000_000, "1-0", "ZECUSDT").intent(5_000_001, "2-0", "BTCUSDT");
    expect(found("concentration", asked(roundTrips(60_000, 5)))).toMatchObject([
      { symbol: "ZECUSDT", evidence: { share: 1 } },
    ]);
    expect(found("concentration", asked(roundTrips(60_000, 4)))).toEqual([]);
    expect(found("concentration", roundTrips(60_000, 5))).toEqual([]);
  });

  test("venue_basis reads fills against the mark of their decision", () => {
    const filledAt = (priceTicks: number) => {
      const built = journal();
      for (let index = 0; index < 5; index++) {
        built.publish(index * 10, plan(`p${index}`)).tick(index * 10 + 1, order(`p${index}`));
        built.at(index * 10 + 2, fill(`p${index}`, { priceTicks, orderId: `o${index}` }));
      }
      return built;
    };
    expect(found("venue_basis", filledAt(32_000))[0]!.evidence["basisBps"]).toBeCloseTo(123.4, 1);
    expect(found("venue_basis", filledAt(31_620))).toEqual([]);
  });
});

test("the blocked exit of a journal is no order of the executor", () => {
  const built = journal().publish(0, blockedExit("b1", "BTCUSDT")).tick(1, result("b1", "BLOCKED_POLICY"));
  expect(found("blocked_plans_read_as_orders", built)).toEqual([]);
});
