import { describe, expect, test } from "vitest";
import type { JournalEntry } from "../../../src/engine/domain/journal.ts";
import { SAFETY_REFUSAL_CODE } from "../../../src/live/ports.ts";
import type { SafetyStatus } from "../../../src/live/safety/gate.ts";
import { createWorld, MemoryJournal, Script, START_MS, sessionOf } from "../session/session-world.ts";
import { entry, fill, killed, metricsAt, RUNNING, sampleOf } from "./ops-world.ts";

describe("metrics of a session", () => {
  test("say the same as its entries, counted by hand", async () => {
    const world = createWorld();
    const metrics = metricsAt(() => world.clock.nowMs());
    const entries: JournalEntry[] = [];
    const journal = new MemoryJournal();
    journal.append = (each) => {
      entries.push(each);
      metrics.observe(each);
    };
    const session = sessionOf(world, { journal });
    const script = new Script(world, 3);
    script.move();
    await session.start();
    await script.seconds(60, 2);
    metrics.status(session.status);
    const text = await metrics.text();

    const decisions = entries.flatMap(({ decisions }) => decisions);
    const executed = decisions.filter((each) => each.type === "plan.published" && each.plan.decision === "EXECUTE");
    const orders = decisions.filter((each) => each.type === "order.submitted");
    const entryOrders = orders.filter((each) => each.evalType === "ENTRY").length;
    expect(executed.length).toBeGreaterThan(10);
    let counted = 0;
    for (const evalType of ["ENTRY", "EXIT"]) {
      const labels = { verdict: "EXECUTE", eval_type: evalType, reason: "none" };
      counted += sampleOf(text, "rehearsal_decisions_total", labels) ?? 0;
    }
    expect(counted).toBe(executed.length);
    expect(sampleOf(text, "rehearsal_orders_total", { eval_type: "ENTRY" })).toBe(entryOrders);
    expect(sampleOf(text, "rehearsal_intents_total")).toBe(script.intents);
    expect(sampleOf(text, "rehearsal_intent_age_at_arrival_seconds_count")).toBe(script.intents);
    expect(sampleOf(text, "rehearsal_seq")).toBe(entries.at(-1)!.envelope.seq);
    expect(sampleOf(text, "rehearsal_state", { state: "running" })).toBe(1);
    expect(sampleOf(text, "rehearsal_state", { state: "failed" })).toBe(0);
    expect(sampleOf(text, "rehearsal_last_entry_age_seconds")).toBe(
      (world.clock.nowMs() - entries.at(-1)!.envelope.tsMs) / 1000,
    );
    const report = await world.paper.reconcile();
    for (const { symbol, qtyLots } of report.positions) {
      expect(metrics.facts.positions.get(symbol)).toBe(qtyLots);
      expect(sampleOf(text, "rehearsal_position_base", { symbol })).toBeCloseTo(qtyLots * 0.001, 9);
    }
    expect(report.positions.length).toBeGreaterThan(0);
    expect(metrics.facts.openPositions).toBe(report.positions.length);
    const { entries: opened, exits } = metrics.facts;
    const results = decisions.filter((each) => each.type === "result.recorded");
    expect(opened.answered + exits.answered).toBe(results.length);
    expect(opened.executed).toBe(results.filter((each) => each.evalType === "ENTRY" && each.isExecuted).length);
    void session.end();
    await world.clock.runTo(world.clock.nowMs() + 10_000);
    await session.ended;
  });

  test("count a trade once, however often it is told", async () => {
    const metrics = metricsAt(() => START_MS);
    metrics.observe(entry(fill("t1", 5)));
    metrics.observe(entry(fill("t1", 5)));
    metrics.observe(entry(fill("t2", 2, "SELL")));
    const text = await metrics.text();
    expect(sampleOf(text, "rehearsal_fills_total", { side: "BUY" })).toBe(1);
    expect(sampleOf(text, "rehearsal_fills_total", { side: "SELL" })).toBe(1);
    expect(sampleOf(text, "rehearsal_position_base", { symbol: "BTCUSDT" })).toBeCloseTo(0.003, 9);
    expect(sampleOf(text, "rehearsal_ledger_behind_base", { symbol: "BTCUSDT" })).toBeCloseTo(0.003, 9);
  });

  test("know reasons of the engine only: words from outside are other", async () => {
    const metrics = metricsAt(() => START_MS);
    const reject = (reason: string) =>
      metrics.observe(
        entry({ type: "run.ended", cause: "stopped" }, [
          { type: "intent.rejected", entryId: "1-1", symbol: null, side: null, reason, detail: "" },
        ]),
      );
    for (let each = 0; each < 1000; each++) reject(`hostile_${each}`);
    reject('x"} 1\nfake_metric 1');
    reject("stale_intent");
    reject("symbol_not_in_allowlist:WAVESUSDT");
    const text = await metrics.text();
    const labels = { verdict: "REJECTED", eval_type: "none" };
    expect(sampleOf(text, "rehearsal_decisions_total", { ...labels, reason: "other" })).toBe(1001);
    expect(sampleOf(text, "rehearsal_decisions_total", { ...labels, reason: "stale_intent" })).toBe(1);
    expect(sampleOf(text, "rehearsal_decisions_total", { ...labels, reason: "symbol_not_in_allowlist" })).toBe(1);
    expect(text.split("\n").filter((line) => line.startsWith("rehearsal_decisions_total"))).toHaveLength(3);
    expect(text).not.toContain("fake_metric");
  });

  test("tell refusals of the safety gate from those of the exchange, by limit", async () => {
    const metrics = metricsAt(() => START_MS);
    const rejected = (code: number, text: string) =>
      metrics.observe(entry({ type: "exchange.order-rejected", clientOrderId: "rh-1", code, text }));
    rejected(SAFETY_REFUSAL_CODE, "refused by the safety gate, max-notional: 60 is above 50");
    rejected(SAFETY_REFUSAL_CODE, "refused by the safety gate, EVIL LIMIT: 1");
    rejected(-2019, "Margin is insufficient.");
    const text = await metrics.text();
    expect(sampleOf(text, "rehearsal_order_rejects_total", { by: "safety-gate" })).toBe(2);
    expect(sampleOf(text, "rehearsal_order_rejects_total", { by: "exchange" })).toBe(1);
    expect(sampleOf(text, "rehearsal_gate_refusals_total", { limit: "max-notional" })).toBe(1);
    expect(sampleOf(text, "rehearsal_gate_refusals_total", { limit: "other" })).toBe(1);
  });

  test("tell gaps, reconnects, queues, the kill switch and ages", async () => {
    let nowMs = START_MS;
    const metrics = metricsAt(() => nowMs);
    const gap = { type: "finding.noted", severity: "warn", symbol: null, text: "", evidence: {} } as const;
    metrics.observe(entry(killed("entries"), [{ ...gap, code: "live.gap.disconnect" }]));
    metrics.observe(entry(killed("all"), [{ ...gap, code: "live.gap.invented" }]));
    metrics.redisReconnected();
    metrics.facts.price(START_MS - 500);
    metrics.status({ ...RUNNING, intentsWaiting: 7, ordersParked: 2, isIntentSourcePaused: true });
    nowMs += 2500;
    const text = await metrics.text();
    expect(sampleOf(text, "rehearsal_gaps_total", { kind: "disconnect" })).toBe(1);
    expect(sampleOf(text, "rehearsal_gaps_total", { kind: "other" })).toBe(1);
    expect(sampleOf(text, "rehearsal_redis_reconnects_total")).toBe(1);
    expect(sampleOf(text, "rehearsal_kill_switch")).toBe(2);
    expect(sampleOf(text, "rehearsal_queue_depth", { queue: "intents" })).toBe(7);
    expect(sampleOf(text, "rehearsal_queue_depth", { queue: "orders_parked" })).toBe(2);
    expect(sampleOf(text, "rehearsal_intent_source_paused")).toBe(1);
    expect(sampleOf(text, "rehearsal_last_price_age_seconds")).toBe(3);
    expect(sampleOf(text, "rehearsal_last_entry_age_seconds")).toBe(2.5);
    // Nothing has come yet: no sample, because 0 would be one.
    expect(sampleOf(text, "rehearsal_last_intent_age_seconds")).toBeNull();
    expect(sampleOf(text, "rehearsal_equity_quote")).toBeNull();
  });

  test("say how much of each limit is used up, and have no series for a limit that is not set", async () => {
    const limits = { openPositionsMax: 4, notionalTotalMaxQuote: 50_000_000_000n };
    const counted = {
      killSwitch: "off",
      exposureQuote: 12_500_000_000n,
      ordersLastMinute: 2,
      resultQuote: -500_000_000n as bigint | null,
      positions: new Map<string, number>(),
    } as const;
    let status: SafetyStatus = counted;
    const gate = {
      limits: { maxExposureQuote: 25_000_000_000n, maxLossQuote: 2_000_000_000n, maxOrdersPerMinute: 0 },
      status: () => status,
    };
    const metrics = metricsAt(() => START_MS, { limits, gate });
    metrics.observe(entry({ type: "run.started", walletQuote: 100_000_000_000n }));
    metrics.observe(
      entry(fill("t1", 1), [
        {
          type: "account.sampled",
          walletQuote: 100_000_000_000n,
          equityQuote: 99_500_000_000n,
          grossNotional: 125,
          openPositions: 1,
          portfolioHeat: 0.1,
          drawdown: 0.005,
        },
      ]),
    );
    let text = await metrics.text();
    const used = (limit: string) => sampleOf(text, "rehearsal_limit_used_ratio", { limit });
    // 1 of 4, 125 of 500; at the gate 125 of 250, and a loss of 5 of 20.
    expect([used("open_positions"), used("notional_total")]).toEqual([0.25, 0.25]);
    expect([used("gate_exposure"), used("gate_loss")]).toEqual([0.5, 0.25]);
    expect([used("drawdown"), used("gate_orders_per_minute")]).toEqual([null, null]);
    status = { ...counted, resultQuote: null };
    text = await metrics.text();
    expect(used("gate_loss")).toBeNull();
    expect(sampleOf(text, "rehearsal_pnl_quote")).toBe(-5);
  });
});
