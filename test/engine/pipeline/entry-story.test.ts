import { describe, expect, test } from "vitest";
import { RESTART_CAUSE } from "../../../src/engine/domain/event.ts";
import { CoreDriver, FLIPPED, START_MS } from "../core-driver.ts";

const ZEC_BUY = { symbol: "ZECUSDT", side: "BUY", entry_price: 316.59, position_size_usd: 200, confidence: 0.72 };

function entryId(tsMs: number, counter = 0): string {
  return `${tsMs}-${counter}`;
}

describe("an intent on a flat symbol", () => {
  test("becomes plan, permit, order, result and ledger, in this order", () => {
    const core = new CoreDriver({ governor: { name: "none" } });
    core.price("ZECUSDT", 316.6);
    core.snapshot();

    core.intent(entryId(START_MS), ZEC_BUY);

    expect(core.last("plan.published").plan).toMatchObject({
      evalType: "ENTRY",
      decision: "EXECUTE",
      qty: 0.6317318929846174,
      reasonCodes: ["ungoverned"],
      taints: [],
    });
    expect(core.last("permit.granted")).toMatchObject({ path: "open", safeQtyLots: null, snapshotAgeMs: 0 });
    const order = core.last("order.submitted");
    expect(order).toMatchObject({ side: "BUY", qtyLots: 632, isReduceOnly: false, decisionMarkPrice: 316.6 });
    expect(order.clientOrderId).toBe(`rh-${order.planId}`);

    core.fill(31_660, 10_000n);
    expect(core.last("result.recorded")).toMatchObject({
      status: "FILLED",
      isExecuted: true,
      filledQtyLots: 632,
      filledNotionalQuote: 20_009_120_000n,
      feeQuote: 10_000n,
    });
    expect(core.of("ledger.committed")).toEqual([]);

    core.runTo(START_MS + 500);
    expect(core.last("ledger.committed")).toMatchObject({ symbol: "ZECUSDT", ledgerQtyLots: 632, lagMs: 500 });
    core.event({ type: "run.ended", cause: "end-of-recording" });
    expect(core.last("position.reconciled")).toMatchObject({
      exchangeQtyLots: 632,
      ledgerQtyLots: 632,
      unexplainedQtyLots: 0,
    });
    expect(core.violations).toEqual([]);
  });

  test("sets a stop at the intent's price on its first fill, or at the default distance without one", () => {
    const core = new CoreDriver({ governor: { name: "none" } });
    core.price("ZECUSDT", 300);
    core.snapshot();
    core.intent(entryId(START_MS), { ...ZEC_BUY, stop_loss: 294 });
    core.fill(30_000);
    expect(core.last("stop.moved")).toMatchObject({ stopPrice: 294, cause: "entry" });

    const other = new CoreDriver({ governor: { name: "none" } });
    other.price("ZECUSDT", 300);
    other.snapshot();
    other.intent(entryId(START_MS), { ...ZEC_BUY, stop_loss: 310 });
    other.fill(30_000);
    expect(other.last("stop.moved").stopPrice).toBeCloseTo(294, 9);
  });

  test("waits for a snapshot that is missing, fetches it once, and goes on when it arrives", () => {
    const core = new CoreDriver({ governor: { name: "none" } });
    core.price("ZECUSDT", 316.6);
    core.intent(entryId(START_MS), ZEC_BUY);
    const request = core.last("snapshot.requested");
    expect(request).toMatchObject({ cause: "on-demand" });
    expect(core.of("order.submitted")).toEqual([]);

    core.tsMs += 120;
    core.snapshot({}, request.requestId);
    expect(core.of("order.submitted")).toHaveLength(1);
  });

  test("fetches a new snapshot when its own last fill has outrun the one it has", () => {
    const fast = { symbolCooldown: "1ms", notionalTotalMaxQuote: "90000" } as const;
    const core = new CoreDriver({
      governor: { name: "none" },
      limits: fast,
      permits: { executionCooldown: "1ms", addOnMaxQuote: "1000" },
    });
    core.price("ZECUSDT", 316.6);
    core.snapshot();
    core.intent(entryId(START_MS), ZEC_BUY);
    core.tsMs += 300;
    core.fill(31_660);
    core.runTo(core.tsMs + 1000);
    core.intent(entryId(core.tsMs), ZEC_BUY);
    expect(core.of("order.submitted")).toHaveLength(1);
    const request = core.last("snapshot.requested");
    expect(request.cause).toBe("on-demand");
    core.tsMs += 100;
    core.snapshot({ ZECUSDT: 632 }, request.requestId);
    expect(core.last("permit.granted")).toMatchObject({ path: "add-on", exchangeQtyLots: 632, ledgerQtyLots: 632 });
    expect(core.of("order.submitted")).toHaveLength(2);
  });

  test("ends as no_exchange_snapshot when the exchange never answers within the wait", () => {
    const core = new CoreDriver({ governor: { name: "none" } });
    core.price("ZECUSDT", 316.6);
    core.intent(entryId(START_MS), ZEC_BUY);
    core.runTo(START_MS + 8000);
    expect(core.last("permit.denied").reason).toBe("no_exchange_snapshot");
    expect(core.last("result.recorded")).toMatchObject({ status: "BLOCKED_INFRA", isExecuted: false });
  });
});

describe("an intent that is refused", () => {
  const cases: readonly [string, Record<string, unknown>, string][] = [
    ["with a side that is none", { ...ZEC_BUY, side: "HOLD" }, "unsupported_side"],
    ["without a symbol", { side: "BUY", quantity: 1 }, "missing_symbol"],
    ["without any quantity", { symbol: "ZECUSDT", side: "BUY" }, "invalid_quantity"],
    ["with a quantity that is not finite", { symbol: "ZECUSDT", side: "BUY", quantity: "NaN" }, "invalid_quantity"],
    ["with a negative quantity", { symbol: "ZECUSDT", side: "BUY", quantity: -1 }, "invalid_quantity"],
    ["for a symbol outside the universe", { ...ZEC_BUY, symbol: "NOPEUSDT" }, "unknown_symbol"],
    ["that reduces on a flat symbol", { ...ZEC_BUY, side: "SELL", reduceOnly: true }, "nothing_to_reduce"],
  ];

  test.each(cases)("%s has a name", (_title, payload, reason) => {
    const core = new CoreDriver();
    core.intent(entryId(START_MS), payload);
    expect(core.of("intent.rejected").map((rejected) => rejected.reason)).toEqual([reason]);
    expect(core.of("plan.published")).toEqual([]);
    expect(core.violations).toEqual([]);
  });

  test("with an entry id that is none is malformed, because its age cannot be known", () => {
    const core = new CoreDriver();
    core.intent("yesterday", ZEC_BUY);
    expect(core.last("intent.rejected")).toMatchObject({ reason: "malformed_payload" });
  });

  test("is told apart when it comes a second time, when it is old and when it is from the future", () => {
    const core = new CoreDriver({ governor: { name: "none" } });
    core.price("ZECUSDT", 316.6);
    core.snapshot();
    core.intent(entryId(START_MS), ZEC_BUY);
    core.intent(entryId(START_MS), ZEC_BUY);
    core.intent(entryId(START_MS - 60_001), ZEC_BUY);
    core.intent(entryId(START_MS + 5001), ZEC_BUY);
    expect(core.of("intent.rejected").map(({ reason }) => reason)).toEqual([
      "duplicate_intent",
      "stale_intent",
      "intent_from_future",
    ]);
  });

  test("as malformed JSON, as an array or as a megabyte of payload changes nothing else", () => {
    const core = new CoreDriver();
    const payloads = ["{not json", "[1,2]", `{"symbol":"${"A".repeat(1_000_000)}"}`];
    payloads.forEach((payload, index) => {
      core.event({ type: "intent.received", entryId: entryId(START_MS, index), fields: { payload } });
    });
    expect(core.of("intent.rejected").map(({ reason }) => reason)).toEqual([
      "malformed_payload",
      "malformed_payload",
      "malformed_payload",
    ]);
    expect(core.violations).toEqual([]);
  });

  test("because its ticker is frozen says so and notes the finding once", () => {
    const core = new CoreDriver();
    core.price("WAVESUSDT", 1.3355);
    core.tsMs += 16 * 60_000;
    core.price("WAVESUSDT", 1.3355);
    const buy = { symbol: "WAVESUSDT", side: "BUY", entry_price: 1.3355, position_size_usd: 200 };
    core.intent(entryId(core.tsMs, 0), buy);
    core.intent(entryId(core.tsMs, 1), buy);
    expect(core.of("intent.rejected").map(({ reason }) => reason)).toEqual([
      "symbol_quarantined",
      "symbol_quarantined",
    ]);
    expect(core.findings()).toEqual(["frozen_ticker"]);
  });
});

describe("limits and governor on the entry path", () => {
  test("name the first limit that binds and publish the blocked plan with one result", () => {
    const core = new CoreDriver({ governor: { name: "none" }, limits: { notionalPerTradeMaxQuote: "150" } });
    core.price("ZECUSDT", 316.6);
    core.snapshot();
    core.intent(entryId(START_MS), ZEC_BUY);
    expect(core.last("plan.published").plan).toMatchObject({
      decision: "BLOCKED",
      reasonCodes: ["notional_per_trade_exceeded"],
    });
    expect(core.last("result.recorded")).toMatchObject({ status: "BLOCKED_POLICY" });
    expect(core.of("order.submitted")).toEqual([]);
  });

  test("let the fixed threshold block a flipped symbol with the recorded reason", () => {
    const core = new CoreDriver({ governor: { name: "fixed-threshold" } });
    core.features("ZECUSDT", FLIPPED);
    core.price("ZECUSDT", 316.6);
    core.snapshot();
    core.intent(entryId(START_MS), ZEC_BUY);
    expect(core.last("plan.published").plan.reasonCodes).toEqual(["kill_score_warning_risk_increase"]);
  });

  test("stop everything while the kill switch is on, and nothing under the quirk that made it inert", () => {
    const strict = new CoreDriver({ governor: { name: "none" } });
    const inert = new CoreDriver({ governor: { name: "none" }, quirks: ["inert-kill-switch"] });
    for (const core of [strict, inert]) {
      core.price("ZECUSDT", 316.6);
      core.snapshot();
      core.event({ type: "operator.kill-switch-set", scope: "all", source: "test" });
      core.intent(entryId(START_MS), ZEC_BUY);
    }
    expect(strict.last("plan.published").plan.reasonCodes).toEqual(["kill_switch_active"]);
    expect(inert.last("plan.published").plan.decision).toBe("EXECUTE");
  });

  test("let a second entry of the symbol wait for its cooldown", () => {
    const core = new CoreDriver({ governor: { name: "none" } });
    core.price("ZECUSDT", 316.6);
    core.snapshot();
    core.intent(entryId(START_MS), ZEC_BUY);
    core.fill(31_660);
    core.runTo(START_MS + 59_999);
    core.snapshot({ ZECUSDT: 632 });
    core.intent(entryId(core.tsMs), ZEC_BUY);
    expect(core.last("plan.published").plan.reasonCodes).toEqual(["symbol_cooldown"]);
  });

  test("cap an add-on by its room, where the origin gave it the whole position", () => {
    const room = {
      governor: { name: "none" },
      limits: { symbolCooldown: "1s", notionalTotalMaxQuote: "90000" },
    } as const;
    const strict = new CoreDriver({ ...room, permits: { addOnMaxQuote: "250" } });
    const origin = new CoreDriver({ ...room, quirks: ["add-on-uncapped", "ledger-never"] });
    for (const core of [strict, origin]) {
      core.price("ZECUSDT", 316.6);
      core.snapshot({ ZECUSDT: 632 });
      core.runTo(START_MS + 20_000);
      core.snapshot({ ZECUSDT: 632 });
      core.intent(entryId(core.tsMs), ZEC_BUY);
    }
    // 250 / 316.6 - 0.632 = 0.15764...
    expect(strict.last("permit.granted")).toMatchObject({ path: "add-on", safeQtyLots: 157 });
    expect(strict.last("order.submitted").qtyLots).toBe(157);
    expect(origin.last("permit.granted")).toMatchObject({ path: "close", safeQtyLots: 632, ledgerQtyLots: null });
    expect(origin.last("order.submitted").qtyLots).toBe(632);
  });
});

describe("a fill that is told twice", () => {
  test("is booked once: money, position and ledger do not move again", () => {
    const core = new CoreDriver({ governor: { name: "none" } });
    core.price("ZECUSDT", 316.6);
    core.snapshot();
    core.intent(entryId(START_MS), ZEC_BUY);
    const { clientOrderId, symbol, side } = core.last("order.submitted");
    const fill = {
      type: "exchange.order-filled",
      clientOrderId,
      orderId: "9",
      tradeId: "1",
      symbol,
      side,
      qtyLots: 632,
      priceTicks: 31_660,
      cumulativeQtyLots: 632,
      isOrderComplete: true,
      isMaker: false,
      feeQuote: 10_000n,
      realizedPnlQuote: 0n,
      exchangeTsMs: START_MS,
    } as const;
    core.event(fill);
    core.event(fill);
    core.runTo(START_MS + 1000);
    core.event(fill);
    core.runTo(START_MS + 2000);
    expect(core.findings()).toEqual(["duplicate_fill", "duplicate_fill"]);
    expect(core.of("ledger.committed").map(({ ledgerQtyLots }) => ledgerQtyLots)).toEqual([632]);
    core.event({ type: "run.ended", cause: "end-of-recording" });
    expect(core.last("position.reconciled")).toMatchObject({ exchangeQtyLots: 632, ledgerQtyLots: 632 });
  });
});

describe("an order beside the venue's bounds", () => {
  test("below the minimum notional is refused, or raised to it where the policy says so", () => {
    const small = { symbol: "ZECUSDT", side: "BUY", quantity: 0.01 };
    const refused = new CoreDriver({ governor: { name: "none" } });
    const raised = new CoreDriver({ governor: { name: "none" }, executor: { isUpsizeAllowed: true } });
    for (const core of [refused, raised]) {
      core.price("ZECUSDT", 316.59);
      core.snapshot();
      core.intent(entryId(START_MS), small);
    }
    expect(refused.last("result.recorded")).toMatchObject({
      status: "REJECTED_VENUE",
      reason: "min_notional_check_failed",
      detail: "notional 3.17 < minNotional 5.00 (ALLOW_UPSIZE=false)",
    });
    expect(raised.last("order.submitted").qtyLots).toBe(16);
  });

  test("above the largest market order is cut to it, and says so", () => {
    const core = new CoreDriver({
      governor: { name: "none" },
      limits: { notionalPerTradeMaxQuote: "90000000000", notionalTotalMaxQuote: "90000000000" },
      permits: { addOnMaxQuote: "90000000000" },
    });
    core.price("ZECUSDT", 316.6);
    core.snapshot();
    core.intent(entryId(START_MS), { symbol: "ZECUSDT", side: "BUY", quantity: 20_000 });
    expect(core.last("order.submitted").qtyLots).toBe(10_000_000);
    expect(core.findings()).toContain("order_capped_by_venue");
  });
});

describe("an order without a clear answer", () => {
  test("is asked for after the timeout and ends as never arrived when the exchange does not know it", () => {
    const core = new CoreDriver({ governor: { name: "none" } });
    core.price("ZECUSDT", 316.6);
    core.snapshot();
    core.intent(entryId(START_MS), ZEC_BUY);
    core.runTo(START_MS + 5000);
    const query = core.last("order.query-requested");
    expect(query.attempt).toBe(1);
    core.event({
      type: "exchange.order-queried",
      clientOrderId: query.clientOrderId,
      status: "NOT_FOUND",
      orderId: null,
      executedQtyLots: 0,
    });
    expect(core.last("result.recorded")).toMatchObject({ status: "ERROR", reason: "order_not_found" });
    expect(core.violations).toEqual([]);
  });

  test("still takes its late fill when the query says it is filled", () => {
    const core = new CoreDriver({ governor: { name: "none" } });
    core.price("ZECUSDT", 316.6);
    core.snapshot();
    core.intent(entryId(START_MS), ZEC_BUY);
    const { clientOrderId } = core.last("order.submitted");
    core.event({ type: "exchange.order-unknown", clientOrderId, cause: "503" });
    core.event({
      type: "exchange.order-queried",
      clientOrderId,
      status: "FILLED",
      orderId: "77",
      executedQtyLots: 632,
    });
    core.tsMs += 900;
    core.fill(31_660);
    expect(core.last("result.recorded")).toMatchObject({ status: "FILLED", filledQtyLots: 632 });
    expect(core.findings()).toContain("order_outcome_unknown");
  });

  test("is reported as unresolved when every query stays without an answer", () => {
    const core = new CoreDriver({ governor: { name: "none" }, executor: { queryAttemptsMax: 2 } });
    core.price("ZECUSDT", 316.6);
    core.snapshot();
    core.intent(entryId(START_MS), ZEC_BUY);
    core.runTo(START_MS + 60_000);
    expect(core.of("order.query-requested")).toHaveLength(2);
    expect(core.findings()).toContain("order_outcome_unresolved");
    expect(core.last("result.recorded")).toMatchObject({ status: "ERROR", reason: "order_outcome_unknown" });
  });

  test("is asked for anew by every process that takes over, however often the ones before had asked", () => {
    const core = new CoreDriver({ governor: { name: "none" }, executor: { queryAttemptsMax: 2 } });
    core.price("ZECUSDT", 316.6);
    core.snapshot();
    core.intent(entryId(START_MS), ZEC_BUY);
    const { clientOrderId } = core.last("order.submitted");
    for (let life = 0; life < 9; life++) {
      core.tsMs += 100;
      core.event({ type: "exchange.order-unknown", clientOrderId, cause: RESTART_CAUSE });
    }
    expect(core.of("order.query-requested").map(({ attempt }) => attempt)).toEqual(new Array(9).fill(1));
    expect(core.of("result.recorded")).toEqual([]);
    core.fill(31_660);
    expect(core.last("result.recorded")).toMatchObject({ status: "FILLED", filledQtyLots: 632 });
  });

  test.each([
    ["before", 632],
    ["after", 1264],
  ])("given up and told at last: a fill from %s the exchange's report leaves %d lots", (when, heldQtyLots) => {
    const core = new CoreDriver({ governor: { name: "none" }, executor: { queryAttemptsMax: 2 } });
    core.price("ZECUSDT", 316.6);
    core.snapshot();
    core.intent(entryId(START_MS), ZEC_BUY);
    core.runTo(START_MS + 60_000);
    expect(core.last("result.recorded")).toMatchObject({ reason: "order_outcome_unknown" });
    const filledTsMs = core.tsMs;
    core.tsMs += 1000;
    core.snapshot({ ZECUSDT: 632 });
    expect(core.last("position.reconciled")).toMatchObject({ exchangeQtyLots: 632, unexplainedQtyLots: 632 });
    const ledgerBefore = core.memory.ledger.get("ZECUSDT");
    core.tsMs += 1000;
    const { clientOrderId, symbol, side, qtyLots } = core.last("order.submitted");
    core.event({
      type: "exchange.order-filled",
      ...{ clientOrderId, symbol, side, qtyLots, orderId: "9", tradeId: "1", priceTicks: 31_660, isMaker: false },
      ...{ cumulativeQtyLots: qtyLots, isOrderComplete: true, feeQuote: 10_000_000n, realizedPnlQuote: 0n },
      exchangeTsMs: when === "before" ? filledTsMs : core.tsMs,
    });
    core.runTo(core.tsMs + 5000);
    const { positions, ledger, account } = core.memory;
    expect(positions.open.get("ZECUSDT")!.qtyLots).toBe(heldQtyLots);
    expect([ledgerBefore, ledger.get("ZECUSDT")]).toEqual([632, heldQtyLots]);
    expect(positions.ownFillsQtyLots.get("ZECUSDT")).toBe(632);
    expect(account.feesQuote).toBe(10_000_000n);
    expect(core.findings()).toContain("fill_without_order");
    core.snapshot({ ZECUSDT: heldQtyLots });
    expect(core.of("position.reconciled").filter(({ unexplainedQtyLots }) => unexplainedQtyLots !== 0)).toHaveLength(1);
  });

  test("that ends half filled is a partial result, and the half reaches the ledger", () => {
    const core = new CoreDriver({ governor: { name: "none" } });
    core.price("ZECUSDT", 316.6);
    core.snapshot();
    core.intent(entryId(START_MS), ZEC_BUY);
    const { clientOrderId, symbol, side } = core.last("order.submitted");
    const fill = { clientOrderId, orderId: "9", tradeId: "1", symbol, side, isMaker: false, feeQuote: 0n };
    core.event({
      type: "exchange.order-filled",
      ...fill,
      qtyLots: 300,
      priceTicks: 31_660,
      cumulativeQtyLots: 300,
      isOrderComplete: false,
      realizedPnlQuote: 0n,
      exchangeTsMs: core.tsMs,
    });
    core.event({
      type: "exchange.order-ended",
      clientOrderId,
      orderId: "9",
      status: "EXPIRED",
      cumulativeQtyLots: 300,
      reason: "nothing left",
    });
    expect(core.last("result.recorded")).toMatchObject({ status: "PARTIAL", filledQtyLots: 300 });
    core.runTo(core.tsMs + 500);
    expect(core.last("ledger.committed")).toMatchObject({ deltaQtyLots: 300, ledgerQtyLots: 300 });
  });

  test("refused by the exchange keeps Binance's code and text", () => {
    const core = new CoreDriver({ governor: { name: "none" } });
    core.price("ZECUSDT", 316.6);
    core.snapshot();
    core.intent(entryId(START_MS), ZEC_BUY);
    const { clientOrderId } = core.last("order.submitted");
    core.event({ type: "exchange.order-rejected", clientOrderId, code: -2019, text: "Margin is insufficient." });
    expect(core.last("result.recorded")).toMatchObject({
      status: "REJECTED_VENUE",
      reason: "binance_error:-2019",
      detail: "Margin is insufficient.",
    });
  });
});
