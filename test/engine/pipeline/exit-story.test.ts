import { describe, expect, test } from "vitest";
import type { PolicyInput } from "../../../src/engine/policy.ts";
import { CALM, CoreDriver, FLIPPED, START_MS } from "../core-driver.ts";

const HARVEST_MS = 10_000;

/** A core that holds 0.632 ZEC from 316.00, with a fresh snapshot at the next harvest. */
function holding(pipeline: PolicyInput = {}, side: "BUY" | "SELL" = "BUY"): CoreDriver {
  const core = new CoreDriver({ governor: { name: "none" }, ...pipeline });
  core.price("ZECUSDT", 316);
  core.snapshot();
  core.intent(`${START_MS}-0`, { symbol: "ZECUSDT", side, entry_price: 316, quantity: 0.632 });
  core.fill(31_600);
  return core;
}

/** Moves to a later harvest with a price and a snapshot that is 1 s old when it fires. */
function harvestAt(core: CoreDriver, price: number, afterMs = 3 * HARVEST_MS, lots = 632): void {
  core.runTo(START_MS + afterMs - 1000);
  core.snapshot({ ZECUSDT: lots });
  core.price("ZECUSDT", price);
  core.runTo(START_MS + afterMs);
}

describe("an open position", () => {
  test("is left alone while nothing asks for its close", () => {
    const core = holding();
    harvestAt(core, 317);
    expect(core.of("plan.published").filter(({ plan }) => plan.evalType === "EXIT")).toEqual([]);
  });

  test("is closed whole and reduce-only when its edge has collapsed", () => {
    const core = holding();
    core.features("ZECUSDT", FLIPPED);
    harvestAt(core, 316.2);
    const { plan } = core.last("plan.published");
    expect(plan).toMatchObject({
      evalType: "EXIT",
      action: "FULL_CLOSE_PROPOSED",
      side: "SELL",
      isReduceOnly: true,
      decision: "EXECUTE",
    });
    expect(plan.causes).toEqual(["kill_score_triggered", "regime_flip", "ts_drop"]);
    expect(core.last("order.submitted")).toMatchObject({ side: "SELL", qtyLots: 632, isReduceOnly: true });
    core.fill(31_620);
    expect(core.last("result.recorded")).toMatchObject({ evalType: "EXIT", status: "FILLED" });
    core.runTo(core.tsMs + 500);
    expect(core.last("ledger.committed").ledgerQtyLots).toBe(0);
    expect(core.violations).toEqual([]);
  });

  test("is closed when its stop is crossed, long below and short above", () => {
    const long = holding();
    harvestAt(long, 309);
    expect(long.last("plan.published").plan.causes).toEqual(["stop_hit"]);
    const short = holding({}, "SELL");
    harvestAt(short, 323, 3 * HARVEST_MS, -632);
    expect(short.last("plan.published").plan).toMatchObject({ causes: ["stop_hit"], side: "BUY" });
  });

  test("gives back a quarter at 2 R, once", () => {
    const core = holding();
    // R = (332 - 316 - 0.316) / 6.32 = 2.48
    harvestAt(core, 332);
    expect(core.last("plan.published").plan).toMatchObject({ action: "PARTIAL_25", causes: ["harvest_partial_25"] });
    expect(core.last("order.submitted").qtyLots).toBe(158);
    core.fill(33_200);
    harvestAt(core, 332, 6 * HARVEST_MS, 474);
    expect(core.of("order.submitted")).toHaveLength(2);
  });

  test("locks a profit in behind its entry and never loosens the stop again", () => {
    const core = holding();
    // R = (327 - 316 - 0.316) / 6.32 = 1.69
    harvestAt(core, 327);
    expect(core.last("stop.moved")).toMatchObject({ cause: "profit_lock", previousStopPrice: 309.68 });
    expect(core.last("stop.moved").stopPrice).toBeCloseTo(316.632, 9);
    harvestAt(core, 328, 6 * HARVEST_MS);
    expect(core.of("stop.moved")).toHaveLength(2);
    expect(core.violations).toEqual([]);
  });

  test("is reduced, never flipped, by an intent against it", () => {
    const core = holding();
    core.runTo(START_MS + 20_000);
    core.snapshot({ ZECUSDT: 632 });
    core.intent(`${core.tsMs}-0`, { symbol: "ZECUSDT", side: "SELL", quantity: 5 });
    expect(core.last("plan.published").plan).toMatchObject({ evalType: "EXIT", isReduceOnly: true, qty: 0.632 });
    expect(core.last("order.submitted").qtyLots).toBe(632);
  });

  test("whose close is refused for a stale picture is asked again at the next harvest", () => {
    const core = holding({ permits: { isOnDemandAllowed: false } });
    core.features("ZECUSDT", FLIPPED);
    core.runTo(START_MS + 3 * HARVEST_MS);
    expect(core.of("permit.denied").map(({ reason }) => reason)).toContain("stale_exchange_state");
    harvestAt(core, 316.2, 5 * HARVEST_MS);
    expect(core.last("order.submitted")).toMatchObject({ side: "SELL", isReduceOnly: true });
  });

  test("that changes without an own fill is an unexplained delta, and the exchange is believed", () => {
    const core = holding();
    core.runTo(START_MS + 5000);
    core.snapshot({ ZECUSDT: 100 });
    expect(core.findings()).toContain("unexplained_delta");
    expect(core.last("position.reconciled")).toMatchObject({
      exchangeQtyLots: 100,
      ledgerQtyLots: 100,
      unexplainedQtyLots: -532,
    });
    expect(core.violations.map((violation) => "code" in violation && violation.code)).toContain(
      "invariant.position-explained",
    );
  });

  test("that appears on the exchange after a report without it is another writer, not an old position", () => {
    const core = new CoreDriver({ governor: { name: "none" } });
    core.price("ETHUSDT", 3000);
    core.snapshot();
    core.tsMs += 5000;
    core.snapshot({ ETHUSDT: 500 });
    expect(core.findings()).toContain("unexplained_delta");
    expect(core.findings()).not.toContain("position_adopted");
  });

  test("without a mark price is a finding, once", () => {
    const core = new CoreDriver({ governor: { name: "none" } });
    core.snapshot({ ETHUSDT: 500 });
    core.runTo(START_MS + 60_000);
    expect(core.findings()).toEqual(["position_adopted", "position_without_mark"]);
  });

  test("is not mistaken for changed by a report that is older than the last fill", () => {
    const core = new CoreDriver({ governor: { name: "none" } });
    core.price("ZECUSDT", 316);
    core.snapshot();
    core.intent(`${START_MS}-0`, { symbol: "ZECUSDT", side: "BUY", quantity: 0.632 });
    core.tsMs += 300;
    core.fill(31_600);
    core.event({
      type: "exchange.snapshot-received",
      requestId: "older",
      status: "ok",
      asOfTsMs: core.tsMs - 100,
      symbols: [],
      positions: [],
      walletQuote: 0n,
      isFinal: true,
    });
    expect(core.findings()).not.toContain("unexplained_delta");
  });
});

describe("the origin's defects on exits", () => {
  test("phantom-position judges a close on a position nobody holds, tainted, at the recorded score", () => {
    const core = new CoreDriver({ governor: { name: "fixed-threshold" }, quirks: ["phantom-position"] });
    core.features("BTCUSDT", {
      ...CALM,
      sigma: 0.01,
      trendStrength: 0.06024,
      pTrend: 0.247,
      pMeanReversion: 0.126,
      pChop: 0.627,
    });
    core.features("ETHUSDT", {
      ...CALM,
      sigma: 0.01,
      trendStrength: 0.011793,
      pTrend: 0.235,
      pMeanReversion: 0.115,
      pChop: 0.65,
    });
    core.runTo(START_MS + HARVEST_MS);
    const scores = core.of("plan.published").map(({ plan }) => [plan.symbol, plan.killScore!.score, plan.taints]);
    expect(scores).toEqual([
      ["BTCUSDT", 0.7562778521799141, ["mark:synthetic", "position:synthetic"]],
      ["ETHUSDT", 0.7607150053945295, ["mark:synthetic", "position:synthetic"]],
    ]);
    expect(core.last("plan.published").plan.newStopPrice).toBeCloseTo(50.1, 9);
    expect(core.findings().filter((code) => code === "synthetic_position")).toHaveLength(2);
  });

  test("close-self-veto refuses the close that the same score asked for", () => {
    const core = holding({ governor: { name: "entry-exit-separation" }, quirks: ["close-self-veto"] });
    core.features("ZECUSDT", FLIPPED);
    harvestAt(core, 316.2);
    expect(core.last("plan.published").plan.reasonCodes).toEqual(["kill_score_close_blocked"]);
    expect(core.findings()).toContain("close_requested_and_refused");
  });

  test("a refused close is published again after a minute, not every ten seconds", () => {
    const core = holding({ governor: { name: "entry-exit-separation" }, quirks: ["close-self-veto"] });
    core.features("ZECUSDT", { ...FLIPPED, sigma: 0.0005 });
    core.runTo(START_MS + 190_000);
    const refused = core.of("plan.published").filter(({ plan }) => plan.reasonCodes[0] === "kill_score_close_blocked");
    expect(refused).toHaveLength(4);
  });

  test("permit-race lets every exit wait for a permit nobody writes", () => {
    const core = holding({ quirks: ["permit-race"] });
    core.features("ZECUSDT", FLIPPED);
    harvestAt(core, 316.2);
    core.runTo(core.tsMs + 1200);
    expect(core.last("result.recorded").reason).toBe("permit_timeout_or_missing:missing_p26");
    expect(core.of("order.submitted")).toHaveLength(1);
  });

  test("ledger-unsigned makes every close of a short a side mismatch", () => {
    const core = holding({ quirks: ["ledger-unsigned"] }, "SELL");
    core.features("ZECUSDT", FLIPPED);
    harvestAt(core, 316.2, 3 * HARVEST_MS, -632);
    expect(core.last("permit.denied").reason).toBe("reconcile_required_side_mismatch");
  });

  test("position-level-r sees a larger R in a larger position", () => {
    const strict = holding();
    const origin = holding({ quirks: ["position-level-r"] });
    for (const core of [strict, origin]) {
      core.features("ZECUSDT", FLIPPED);
      harvestAt(core, 320);
    }
    const rOf = (core: CoreDriver): number => core.last("plan.published").plan.rNet!;
    // (4 - 0.316) / 6.32 against (4 * 0.632 - 0.316) / 6.32
    expect(rOf(strict)).toBeCloseTo(0.5829, 4);
    expect(rOf(origin)).toBeCloseTo(0.35, 4);
  });

  test("dual-executor orders twice for one plan, which the invariants name", () => {
    const core = new CoreDriver({ governor: { name: "none" }, quirks: ["dual-executor"] });
    core.price("ZECUSDT", 316);
    core.snapshot();
    core.intent(`${START_MS}-0`, { symbol: "ZECUSDT", side: "BUY", quantity: 0.632 });
    expect(core.of("order.submitted")).toHaveLength(2);
    expect(core.violations.map((violation) => "code" in violation && violation.code)).toEqual([
      "invariant.single-executor",
    ]);
  });
});
