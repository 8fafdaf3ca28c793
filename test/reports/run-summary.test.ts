import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ResultStatus } from "../../src/engine/domain/decision.ts";
import { parseMoney } from "../../src/engine/domain/money.ts";
import { createDistribution } from "../../src/reports/summary/distribution.ts";
import { badgeOf } from "../../src/reports/summary/evidence.ts";
import { wilson } from "../../src/reports/summary/rate.ts";
import { summarize } from "../../src/reports/summary/run-summary.ts";
import { type RunSummary, runSummarySchema, type TerminalState } from "../../src/reports/summary/schema.ts";
import { hasShared, sharedPath } from "../shared-data.ts";
import {
  blockedExit,
  denial,
  fill,
  finding,
  header,
  incident,
  type JournalBuilder,
  journal,
  order,
  permit,
  plan,
  ranked,
  reconciled,
  rejection,
  result,
  START_TS_MS,
  snapshot,
} from "./journal-builder.ts";

function summaryOf(built: JournalBuilder, changes = {}): RunSummary {
  return summarize(header(changes), built.entries);
}

function column(summary: RunSummary, evalType: string) {
  return summary.funnel.find((each) => each.evalType === evalType)!;
}

function stateCount(summary: RunSummary, evalType: string, state: TerminalState): number {
  return column(summary, evalType).terminals.find((each) => each.state === state)!.count;
}

describe("the incident as a summary", () => {
  const summary = summaryOf(incident());

  it("counts what became of every intent, with reasons", () => {
    expect(column(summary, "ENTRY")).toMatchObject({ intents: 11, requests: 0, evaluations: 10, plans: 10 });
    expect(stateCount(summary, "ENTRY", "FILLED")).toBe(5);
    expect(stateCount(summary, "ENTRY", "REJECTED_VENUE")).toBe(5);
    expect(stateCount(summary, "ENTRY", "IN_FLIGHT")).toBe(1);
    expect(column(summary, "ENTRY").unaccounted.count).toBe(0);
    const refused = column(summary, "ENTRY").terminals.find((each) => each.state === "REJECTED_VENUE")!;
    expect(refused.byReason).toEqual([
      { reason: "symbol_not_in_allowlist:WAVESUSDT", count: 5, symbols: ["WAVESUSDT"], symbolCount: 1 },
    ]);
  });

  it("counts 24 blocked evaluations of two positions as two episodes, in the UNKNOWN column", () => {
    expect(column(summary, "UNKNOWN")).toMatchObject({
      evaluations: 24,
      episodes: 2,
      blockedEvaluations: 24,
      blockedEpisodes: 2,
      requests: 2,
      inferredExits: 24,
    });
    expect(stateCount(summary, "UNKNOWN", "BLOCKED_POLICY")).toBe(2);
    expect(column(summary, "EXIT").evaluations).toBe(0);
  });

  it("keeps the decision layer and the execution layer apart", () => {
    expect(summary.decisionLayer.map(({ evalType, outcome, count }) => [evalType, outcome, count])).toEqual([
      ["ENTRY", "EXECUTE", 10],
      ["UNKNOWN", "BLOCKED", 24],
    ]);
    expect(summary.executionLayer.map(({ evalType, outcome, count }) => [evalType, outcome, count])).toEqual([
      ["ENTRY", "FILLED", 5],
      ["ENTRY", "REJECTED_VENUE", 5],
    ]);
    expect(summary.warnings.map(({ code }) => code)).toEqual([
      "decisions_are_not_executions",
      "evaluations_are_not_episodes",
      "eval_type_unknown",
    ]);
  });

  it("measures times and slippage of what executed", () => {
    const { latencies, slippage, ordersSubmitted, ordersFilled } = summary.execution;
    expect(latencies.planToPermit).toMatchObject({ n: 5, p50: 1500, p95: 1500, max: 1500 });
    expect(latencies.planToResult).toMatchObject({ n: 5, p50: 3000, max: 3000 });
    expect([ordersSubmitted, ordersFilled]).toEqual([5, 5]);
    // 199.7752 / 0.632 = 316.10000: equal to the mark
    expect(slippage.p50).toBeCloseTo(0, 6);
  });

  it("shows exchange against ledger in base units", () => {
    expect(summary.reconciliation).toMatchObject({ differing: 1, unexplained: 1 });
    expect(summary.reconciliation.symbols[0]).toMatchObject({
      symbol: "ZECUSDT",
      exchangeQty: "8.316",
      ledgerQty: "0.000",
    });
  });

  it("has evidence for counts only, and says why", () => {
    expect(summary.evidence).toMatchObject({ badge: "E0", spanMs: 600_000 });
    expect(summary.evidence.reasons[0]).toBe("span 10m: 6h needed");
  });

  it("censors exits that never got through", () => {
    expect(summary.exits).toMatchObject({ blockedEpisodes: 2, inferredEpisodes: 2, releasedEpisodes: 0 });
    expect(summary.exits.blockedTime).toMatchObject({
      n: 0,
      censored: 2,
      p95: null,
      reason: "no finished exit episode (2 censored)",
    });
    expect(summary.exits.longest[0]).toMatchObject({ durationMs: 599_000, isCensored: true });
  });

  it("follows its own published schema and survives JSON unchanged", () => {
    expect(runSummarySchema.parse(summary)).toEqual(summary);
    expect(JSON.parse(JSON.stringify(summary))).toEqual(summary);
  });
});

describe("conservation", () => {
  it("an intent nobody answered is unaccounted, unless it is young at the end", () => {
    const old = summaryOf(journal().intent(0, "1-0", "GALAUSDT").end(61_000));
    expect(column(old, "ENTRY").unaccounted).toMatchObject({
      count: 1,
      byReason: [{ reason: "no_plan_and_no_rejection" }],
    });
    const young = summaryOf(journal().intent(2000, "1-0", "GALAUSDT").end(61_000));
    expect(stateCount(young, "ENTRY", "IN_FLIGHT")).toBe(1);
    expect(old.metrics["funnel.unaccounted"]!.value).toBe(1);
  });

  it("an executed plan without a result is unaccounted in plans and in intents", () => {
    const built = journal();
    built
      .intent(0, "1-0", "ZECUSDT", { type: "plan.published", plan: plan("a", { intentEntryId: "1-0" }) })
      .end(100_000);
    const entry = column(summaryOf(built), "ENTRY");
    expect(entry.unaccounted).toMatchObject({ count: 1, byReason: [{ reason: "no_result" }] });
    expect(entry.planUnaccounted.count).toBe(1);
  });

  it("a journal cut short leaves open things in flight", () => {
    const built = journal().intent(0, "1-0", "ZECUSDT", {
      type: "plan.published",
      plan: plan("a", { intentEntryId: "1-0" }),
    });
    const summary = summaryOf(built);
    expect(summary.run).toMatchObject({ partial: true, endCause: "journal cut short" });
    expect(stateCount(summary, "ENTRY", "IN_FLIGHT")).toBe(1);
  });

  it("a blocked plan that fills anyway is counted as filled and named", () => {
    const blocked = plan("a", { decision: "BLOCKED", evalType: "EXIT", episodeKey: "position:ZECUSDT" });
    const summary = summaryOf(
      journal()
        .publish(0, blocked)
        .tick(500, result("a", "FILLED", { evalType: "EXIT" }))
        .end(1000),
    );
    expect(stateCount(summary, "EXIT", "FILLED")).toBe(1);
    expect(stateCount(summary, "EXIT", "BLOCKED_POLICY")).toBe(0);
    expect(summary.warnings.map(({ code }) => code)).toContain("executed_against_verdict");
  });

  it("a second result for a plan and a result for a stranger are counted apart", () => {
    const summary = summaryOf(
      journal()
        .publish(0, plan("a"))
        .tick(1, result("a", "FILLED"))
        .tick(2, result("a", "FILLED"), result("zz", "ERROR"))
        .end(3),
    );
    expect(summary.execution).toMatchObject({ duplicateResults: 1, orphanResults: 1 });
    expect(stateCount(summary, "ENTRY", "FILLED")).toBe(1);
  });

  it("a refused plan asked again under its id ends each time, and its results are not strays", () => {
    const built = journal();
    for (const offsetMs of [0, 60_000, 120_000]) {
      built.tick(
        offsetMs,
        { type: "plan.published", plan: blockedExit("a", "BTCUSDT") },
        result("a", "BLOCKED_POLICY", { evalType: "UNKNOWN", symbol: "BTCUSDT" }),
      );
    }
    const summary = summaryOf(built.end(130_000));
    expect(column(summary, "UNKNOWN")).toMatchObject({ plans: 3, republished: 2, episodes: 1, requests: 1 });
    expect(summary.execution).toMatchObject({ duplicateResults: 0, orphanResults: 0 });
  });

  it("a running plan refused as its own duplicate still gets its own fill", () => {
    const duplicate = plan("a", { decision: "SKIP", reasonCodes: ["duplicate_plan"] });
    const built = journal()
      .publish(0, plan("a"))
      .tick(5, { type: "plan.published", plan: duplicate }, result("a", "SKIPPED", { reason: "duplicate_plan" }))
      .tick(9, result("a", "FILLED"))
      .end(10);
    const summary = summaryOf(built);
    expect(column(summary, "ENTRY").planTerminals.filter(({ count }) => count > 0)).toMatchObject([
      { state: "FILLED", count: 1 },
      { state: "SKIPPED", count: 1 },
    ]);
  });

  it("a duplicate delivery is rejected without taking the first one's place", () => {
    const built = journal()
      .intent(0, "1-0", "ZECUSDT", { type: "plan.published", plan: plan("a", { intentEntryId: "1-0" }) })
      .intent(5, "1-0", "ZECUSDT", rejection("1-0", "duplicate_intent", "ZECUSDT"))
      .tick(9, result("a", "FILLED"))
      .end(10);
    const summary = summaryOf(built);
    expect(column(summary, "ENTRY").intents).toBe(2);
    expect([stateCount(summary, "ENTRY", "FILLED"), stateCount(summary, "ENTRY", "REJECTED_INPUT")]).toEqual([1, 1]);
  });

  it("leaves the warm-up out of every count and says how much that was", () => {
    const built = journal()
      .intent(0, "1-0", "ZECUSDT", { type: "plan.published", plan: plan("a", { intentEntryId: "1-0" }) })
      .tick(1000, result("a", "FILLED"))
      .intent(7000, "2-0", "ZECUSDT", { type: "plan.published", plan: plan("b", { intentEntryId: "2-0" }) })
      .tick(8000, result("b", "FILLED"))
      .end(9000);
    const summary = summaryOf(built, { warmupUntilTsMs: START_TS_MS + 5000 });
    expect(summary.run).toMatchObject({ warmupIntents: 1, warmupEvaluations: 1, warmupMs: 5000 });
    expect(column(summary, "ENTRY")).toMatchObject({ intents: 1, evaluations: 1, plans: 1 });
    expect(summary.execution.orphanResults).toBe(0);
  });

  it("holds for any mix of intents, plans and results", () => {
    const statuses: ResultStatus[] = [
      "FILLED",
      "PARTIAL",
      "BLOCKED_POLICY",
      "BLOCKED_INFRA",
      "REJECTED_VENUE",
      "SKIPPED",
      "EXPIRED",
      "ERROR",
      "IN_FLIGHT",
    ];
    const step = fc.record({
      gapMs: fc.integer({ min: 0, max: 400_000 }),
      kind: fc.constantFrom("intent", "exit", "silent", "rejected"),
      decision: fc.constantFrom("EXECUTE" as const, "BLOCKED" as const, "SKIP" as const),
      status: fc.option(fc.constantFrom(...statuses)),
      symbol: fc.constantFrom("BTCUSDT", "ETHUSDT", "ZECUSDT"),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const built = journal();
        let now = 0;
        let intents = 0;
        let plans = 0;
        steps.forEach((each, index) => {
          now += each.gapMs;
          const [entryId, planId] = [`${index}-0`, `p${index}`];
          if (each.kind !== "exit") intents += 1;
          if (each.kind === "silent") built.intent(now, entryId, each.symbol);
          else if (each.kind === "rejected")
            built.intent(now, entryId, each.symbol, rejection(entryId, "stale_intent", each.symbol));
          else {
            plans += 1;
            const isExit = each.kind === "exit";
            const made = plan(planId, {
              symbol: each.symbol,
              decision: each.decision,
              evalType: isExit ? "EXIT" : "ENTRY",
              intentEntryId: isExit ? null : entryId,
              episodeKey: isExit ? `position:${each.symbol}` : entryId,
            });
            if (isExit) built.publish(now, made);
            else built.intent(now, entryId, each.symbol, { type: "plan.published", plan: made });
            if (each.status !== null)
              built.tick(now, result(planId, each.status, { evalType: made.evalType, symbol: each.symbol }));
          }
        });
        const summary = summaryOf(built.end(now));
        const total = (pick: (each: RunSummary["funnel"][number]) => number) =>
          summary.funnel.reduce((sum, each) => sum + pick(each), 0);
        const ended = (states: { count: number }[]) => states.reduce((sum, each) => sum + each.count, 0);
        expect(total((each) => each.intents)).toBe(intents);
        expect(total((each) => each.plans)).toBe(plans);
        for (const each of summary.funnel) {
          expect(ended(each.terminals) + each.unaccounted.count).toBe(each.intents + each.requests);
          expect(ended(each.planTerminals) + each.planUnaccounted.count).toBe(each.plans);
        }
        runSummarySchema.parse(summary);
      }),
      { numRuns: 150, seed: 11 },
    );
  });
});

describe("episodes", () => {
  const asked = (offsets: number[]) => {
    const built = journal();
    for (const [index, offsetMs] of offsets.entries()) {
      built.publish(offsetMs, blockedExit(`p${index}`, "BTCUSDT", { evalType: "EXIT" }));
    }
    return column(summaryOf(built.end(2_000_000)), "EXIT").episodes;
  };

  it("end after a silence of more than five minutes, not at exactly five", () => {
    expect(asked([0, 300_000, 600_000])).toBe(1);
    expect(asked([0, 300_001, 600_002])).toBe(3);
  });

  it("end when the outcome changes, and a release gives the blocked time", () => {
    const built = journal()
      .publish(0, blockedExit("p0", "BTCUSDT", { evalType: "EXIT" }))
      .publish(60_000, blockedExit("p1", "BTCUSDT", { evalType: "EXIT" }))
      .publish(120_000, blockedExit("p2", "BTCUSDT", { evalType: "EXIT", decision: "EXECUTE" }))
      .tick(121_000, result("p2", "FILLED", { evalType: "EXIT", symbol: "BTCUSDT" }))
      .end(130_000);
    const summary = summaryOf(built);
    expect(column(summary, "EXIT")).toMatchObject({ episodes: 2, blockedEpisodes: 1, blockedEvaluations: 2 });
    expect(summary.exits.blockedTime).toMatchObject({ n: 1, p50: 120_000, censored: 0 });
  });
});

describe("quantiles", () => {
  it("are nearest rank: always a value that occurred", () => {
    const sketch = createDistribution();
    for (const value of [4000, 2000, 5000, 3000, 2000]) sketch.add(value);
    expect(sketch.finish("ms")).toMatchObject({ n: 5, min: 2000, p50: 3000, p95: 5000, max: 5000, isExact: true });
  });

  it("of censored durations are Kaplan-Meier's", () => {
    // latency.km of the report vectors: filled at 5, 8, 20; censored at 12, 30; S = .8, .6, .3, median 20
    const sketch = createDistribution();
    for (const value of [5, 8, 20]) sketch.add(value);
    for (const value of [12, 30]) sketch.addCensored(value);
    expect(sketch.finish("s")).toMatchObject({ n: 3, censored: 2, p50: 20, p90: null, max: 20 });
  });

  it("stay within 0.4 % beyond the exact cap, whatever the order and the sign", () => {
    const values = Array.from({ length: 20_000 }, (_, index) => ((index * 7919) % 20_000) - 5000);
    const [forward, backward] = [createDistribution(), createDistribution()];
    for (const value of values) forward.add(value);
    for (const value of [...values].reverse()) backward.add(value);
    const finished = forward.finish("ms");
    expect(backward.finish("ms")).toEqual(finished);
    expect(finished.isExact).toBe(false);
    expect(Math.abs(finished.p50! - 4999) / 4999).toBeLessThan(0.004);
    expect(Math.abs(finished.p99! - 14_799) / 14_799).toBeLessThan(0.004);
    expect([finished.min, finished.max]).toEqual([-5000, 14_999]);
  });
});

describe.runIf(hasShared)("rates of the report vectors", () => {
  it("equal the reference Wilson intervals", () => {
    const { vectors } = JSON.parse(readFileSync(sharedPath("vectors/report_vectors.json"), "utf8"));
    const vector = vectors.find((each: { id: string }) => each.id === "rate.ci");
    vector.inputs.k_n.forEach(([hits, n]: [number, number], index: number) => {
      const [low, high] = wilson(hits, n);
      expect(low).toBeCloseTo(vector.expected.wilson[index][0], 12);
      expect(high).toBeCloseTo(vector.expected.wilson[index][1], 12);
    });
  });
});

describe("money", () => {
  // buy 1.000 ZEC at 300.00, sell it at 310.00: +10 gross, fees 0.12 + 0.124, funding -0.05 in between
  const trip = (sellTicks: number, fundingQuote = "-0.05") =>
    journal("1000")
      .tick(0, order("in"), order("out", { isReduceOnly: true, side: "SELL" }))
      .at(
        1000,
        fill("in", {
          qtyLots: 1000,
          priceTicks: 30_000,
          feeQuote: parseMoney("0.12"),
          exchangeTsMs: START_TS_MS + 1000,
        }),
      )
      .at(2000, {
        type: "exchange.funding-settled",
        symbol: "ZECUSDT",
        rate: 0.0001,
        markPrice: 300,
        amountQuote: parseMoney(fundingQuote),
      })
      .at(
        3_601_000,
        fill("out", {
          side: "SELL",
          qtyLots: 1000,
          priceTicks: sellTicks,
          feeQuote: parseMoney("0.124"),
          realizedPnlQuote: parseMoney(String((sellTicks - 30_000) / 100)),
          exchangeTsMs: START_TS_MS + 3_601_000,
        }),
      );

  it("adds up exactly: realized, fees, funding, net, wallet", () => {
    const { money } = summaryOf(trip(31_000).end(7_200_000));
    expect(money).toMatchObject({
      realizedPnlQuote: "10",
      recomputedPnlQuote: "10",
      feesQuote: "0.244",
      fundingQuote: "-0.05",
      netPnlQuote: "9.706",
      startWalletQuote: "1000",
      endWalletQuote: "1009.706",
      tradedNotionalQuote: "610",
      trades: 1,
      wins: 1,
      losses: 0,
    });
    expect(money.winRate).toMatchObject({ value: 1, n: 1 });
    expect(money.holdTime.p50).toBe(3_600_000);
  });

  it("gives null with a reason instead of a sentinel", () => {
    const { money } = summaryOf(trip(31_000).end(7_200_000));
    expect(money.profitFactor).toMatchObject({ value: null, reason: "no_loss" });
    expect(money.sharpe).toMatchObject({ value: null, reason: "too_few: 20 hours needed" });
    expect(money.cagr).toMatchObject({ value: null, reason: "short_span: 90 d needed" });
    const nothing = summaryOf(journal().end(1000)).money;
    expect(nothing.winRate).toMatchObject({ value: null, reason: "no closed trade won or lost" });
    expect(nothing.isAnythingClosed).toBe(false);
  });

  it("counts a trade that fees turn into a loss as a loss", () => {
    const { money } = summaryOf(trip(30_010, "0").end(7_200_000)); // +0.10 gross, -0.244 fees
    expect(money).toMatchObject({ wins: 0, losses: 1 });
  });

  it("starts the drawdown at the first equity", () => {
    // 1000 -> 999.88 -> 999.83 -> 989.706: the fall from 1000, not from the first booking
    const { money } = summaryOf(trip(29_000).end(7_200_000));
    expect(money.maxDrawdownQuote).toBe("10.294");
    expect(money.maxDrawdown.value).toBeCloseTo(-0.010294, 9);
  });

  it("splits a fill that turns the position around into a close and an open", () => {
    const built = journal("1000")
      .at(0, fill("a", { qtyLots: 1000, priceTicks: 30_000, feeQuote: 0n }))
      .at(
        1,
        fill("b", {
          side: "SELL",
          qtyLots: 3000,
          priceTicks: 31_000,
          feeQuote: parseMoney("0.3"),
          realizedPnlQuote: parseMoney("10"),
        }),
      )
      .at(2, fill("c", { qtyLots: 2000, priceTicks: 30_500, feeQuote: 0n, realizedPnlQuote: parseMoney("10") }))
      .end(3);
    // first trip +10 - 0.1 of the fee, second 2 x 5 - 0.2
    const { money } = summaryOf(built);
    expect(money).toMatchObject({ trades: 2, wins: 2, recomputedPnlQuote: "20", openAtEnd: 0 });
    expect(money.expectancy.value).toBeCloseTo(9.85, 9);
  });

  it("does not invent a trade for a reduce-only fill of an unknown position", () => {
    const built = journal()
      .tick(0, order("x", { isReduceOnly: true, side: "SELL" }))
      .at(1, fill("x", { side: "SELL", realizedPnlQuote: parseMoney("-3") }))
      .end(2);
    expect(summaryOf(built).money).toMatchObject({
      trades: 0,
      openAtEnd: 0,
      closesWithoutOpening: 1,
      realizedPnlQuote: "-3",
    });
  });

  it("marks equity at snapshots and compares the exchange's wallet with ours", () => {
    const at = (entryPrice: number, markPrice: number, walletQuote: string) =>
      snapshot({
        asOfTsMs: START_TS_MS + 5000,
        symbols: ["ZECUSDT"],
        positions: [{ symbol: "ZECUSDT", qtyLots: 1000, entryPrice, markPrice }],
        walletQuote: parseMoney(walletQuote),
      });
    const { money } = summaryOf(
      journal("1000")
        .at(0, at(300, 300, "1000"))
        .at(1, at(300, 250, "1000"))
        .at(2, at(300, 260, "999"))
        .end(3),
    );
    expect(money.maxDrawdownMarked.value).toBeCloseTo(-0.05, 9);
    expect(money).toMatchObject({ maxDrawdownMarkedQuote: "50", markedSamples: 3, walletDifferenceQuote: "-1" });
  });
});

describe("the rest of the summary", () => {
  it("measures coverage of needed symbols and of open positions, each ranking as often as it was in force", () => {
    const { coverage } = summaryOf(
      journal()
        .at(0, fill("a"))
        .tick(1, ranked({ neededFresh: 2 }))
        .tick(
          2,
          ranked({
            neededFresh: 0,
            neededStale: ["ZECUSDT"],
            neededNeverRanked: ["GALAUSDT"],
            cycleCostMs: 9900,
            repeatedCycles: 2,
          }),
        )
        .end(3),
    );
    // the first ranking held for three cycles (2 fresh, ZEC covered each time), the second for one
    expect(coverage).toMatchObject({ cycles: 4, neededFresh: 6, neededStale: 1, neverRanked: 1 });
    expect(coverage.openPositions).toMatchObject({ value: 0.75, n: 4 });
    expect(coverage.cycleCost.max).toBe(9900);
    expect(coverage.tierCounts).toEqual([
      { tier: "intents", count: 0 },
      { tier: "positions", count: 4 },
    ]);
  });

  it("groups findings by code, worst first", () => {
    const { findings } = summaryOf(
      journal()
        .tick(1, finding("frozen_ticker", { symbol: "WAVESUSDT" }))
        .tick(2, finding("conservation", { severity: "error" }))
        .tick(9, finding("frozen_ticker", { symbol: "WAVESUSDT" }))
        .end(10),
    );
    expect(findings).toMatchObject([
      { code: "conservation", severity: "error", count: 1 },
      {
        code: "frozen_ticker",
        count: 2,
        firstTsMs: START_TS_MS + 1,
        lastTsMs: START_TS_MS + 9,
        symbols: ["WAVESUSDT"],
      },
    ]);
  });

  it("summarises what governors compared, by evalType", () => {
    const { governor } = summaryOf(incident());
    expect(governor.map(({ evalType, evaluations }) => [evalType, evaluations])).toEqual([
      ["ENTRY", 10],
      ["UNKNOWN", 24],
    ]);
    expect(governor[1]).toMatchObject({ value: { p50: 0.7562778521799141 }, cutoff: { p50: 0.6 } });
    expect(governor[1]!.terms.map(({ name }) => name)).toEqual(["killScore", "warning", "critical"]);
  });

  it("states the share of tainted evaluations", () => {
    const { taints, metrics } = summaryOf(
      journal()
        .publish(0, plan("a", { taints: ["position:synthetic"] }), plan("b"))
        .end(1),
    );
    expect(taints).toMatchObject({ plans: 2, tainted: 1, byTaint: [{ reason: "position:synthetic", count: 1 }] });
    expect(metrics["taint.rate"]!.value).toBe(0.5);
  });

  it("counts in and out of each stage, so that the funnel can be drawn", () => {
    const { stages } = summaryOf(
      journal()
        .publish(0, plan("a"), plan("b"))
        .tick(1, permit("a"), denial("b", "stale_exchange_state"))
        .tick(2, order("a"))
        .at(3, fill("a"), result("a", "FILLED"))
        .end(4),
    );
    expect(
      stages.filter(({ evalType }) => evalType === "ENTRY").map((each) => [each.stage, each.in, each.out]),
    ).toEqual([
      ["decision", 2, 2],
      ["permit", 2, 1],
      ["order", 1, 1],
      ["fill", 1, 1],
    ]);
  });

  it("leaves symbols that are flat and agree out of the reconciliation", () => {
    const flat = reconciled({ exchangeQtyLots: 0, ledgerQtyLots: 0, unexplainedQtyLots: 0 });
    expect(summaryOf(journal().tick(0, flat).end(1)).reconciliation.symbols).toEqual([]);
  });
});

describe("the evidence badge", () => {
  const badge = (hoursSpan: number, episodes: number, hours: number, recordings = 1) =>
    badgeOf({ spanMs: hoursSpan * 3_600_000, episodes, hours, recordings, isDeclaredBefore: true }).badge;

  it("follows the rule of reports.md 2.0 at its edges", () => {
    expect([
      badge(5.9, 100, 6),
      badge(6, 4, 4),
      badge(6, 5, 3),
      badge(6, 10, 2),
      badge(6, 10, 3),
      badge(6, 30, 3, 3),
    ]).toEqual(["E0", "E0", "E1", "E1", "E2", "E3"]);
  });
});
