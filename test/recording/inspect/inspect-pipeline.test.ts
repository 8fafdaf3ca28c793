import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { inspectionText } from "../../../src/cli/commands/inspect-text.ts";
import { bridgePlanId } from "../../../src/engine/formulas/plan-id.ts";
import { inspectRecording } from "../../../src/recording/inspect/inspect-recording.ts";
import { type Inspection, inspectionSchema } from "../../../src/recording/inspect/inspection.ts";
import { streamRank } from "../../../src/recording/stream-rank.ts";
import { createRecordingWriter } from "../../../src/recording/writer.ts";

let base: string;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "inspect-pipeline-"));
});

afterEach(() => rmSync(base, { recursive: true, force: true }));

interface Row {
  readonly rxMs: number;
  readonly tsMs?: number;
  readonly stream: string;
  readonly payload: Record<string, unknown>;
}

function inspected(
  rows: readonly Row[],
  prices: readonly { rxMs: number; bid?: string; ask?: string }[] = [],
): Inspection {
  const dir = join(base, "rec");
  const writer = createRecordingWriter({ dir, id: "rec", fidelity: "mark", symbols: ["AUSDT"], createdBy: "test" });
  const all = [
    ...rows.map((row) => ({ rxMs: row.rxMs, rank: streamRank(row.stream), write: () => writer.input(row) })),
    ...prices.map((row) => ({
      rxMs: row.rxMs,
      rank: 10,
      write: () => writer.market({ symbol: 0, price: "1", ...row }),
    })),
  ];
  all.sort((left, right) => left.rxMs - right.rxMs || left.rank - right.rank);
  for (const { write } of all) write();
  writer.seal();
  return inspectionSchema.parse(inspectRecording(dir));
}

const entry = (rxMs: number, stream: string, fields: Record<string, string>, number = 0): Row => ({
  rxMs,
  stream,
  payload: { id: `${rxMs}-${number}`, fields },
});

const intent = (rxMs: number, qty: number, more: Record<string, string> = {}): Row =>
  entry(rxMs, "trade.intent", {
    event_type: "trade.intent",
    payload: JSON.stringify({ symbol: "AUSDT", side: "BUY", quantity: qty, confidence: 0.7, eval_type: "x" }),
    timestamp: "2026-02-02T00:00:00",
    source: "bot",
    ...more,
  });

const bridgePlan = (rxMs: number, planId: string, more: Record<string, string> = {}): Row =>
  entry(rxMs, "apply.plan", {
    ...{ plan_id: planId, decision: "EXECUTE", symbol: "AUSDT", side: "BUY", type: "MARKET", qty: "1.0" },
    ...{ reduceOnly: "false", source: "intent_bridge", signature: "intent_bridge", timestamp: "1", ...more },
  });

const executor = (rxMs: number, planId: string, details: Record<string, unknown>): Row =>
  entry(rxMs, "apply.result", {
    ...{ event_type: "apply.result", plan_id: planId, symbol: "AUSDT", source: "intent_executor", timestamp: "1" },
    ...{ executed: String(details["executed"] === true), details: JSON.stringify(details) },
  });

describe("joins", () => {
  test("follow an intent through plan, permit, result and ledger, name the first orphan and ids that were misspelled", () => {
    const ids = [1_000, 2_000, 3_000].map((rxMs) => bridgePlanId(`${rxMs}-0`, "AUSDT", "BUY", 1));
    const [first, second, third] = ids as [string, string, string];
    const misspelled = `${second.slice(0, 5)}${second[5] === "0" ? "1" : "0"}${second.slice(6)}`;
    const { joins, results } = inspected([
      ...[1_000, 2_000, 3_000].map((rxMs) => intent(rxMs, 1)),
      intent(4_000, -1),
      bridgePlan(1_500, first),
      bridgePlan(2_500, second),
      bridgePlan(3_600, "0123456789abcdef"),
      entry(1_600, "apply.permit", { plan_id: first, allow: "true" }),
      {
        rxMs: 1_700,
        stream: "redis.key",
        payload: { key: `quantum:permit:p33:${second}`, event: "seen", value: "{}" },
      },
      { rxMs: 1_710, stream: "redis.key", payload: { key: `quantum:permit:p26:${third}`, event: "absent" } },
      executor(1_800, first, { plan_id: first, executed: true, order_id: 42, filled_qty: 1, order_status: "FILLED" }),
      executor(2_800, misspelled, { plan_id: misspelled, executed: true, order_id: 43, filled_qty: 0 }),
      {
        rxMs: 2_900,
        stream: "redis.key",
        payload: { key: "quantum:position:ledger:AUSDT", event: "seen", value: '{"last_order_id": 42}' },
      },
    ]);
    const shares = joins.pairs.map(({ name, joined, records }) => `${name} ${joined}/${records}`);
    expect(shares).toEqual([
      "intent -> plan 2/3",
      "plan -> permit 2/3",
      "plan -> result 1/3",
      "result -> ledger 1/2",
      "plan <- intent 2/3",
      "plan <- permit 2/2",
      "plan <- result 1/2",
    ]);
    expect(joins.pairs[0]?.firstOrphan).toMatchObject({ id: third, line: expect.any(Number) });
    expect(joins.orphans).toBe(7);
    expect(joins.unusableIntents).toBe(1);
    expect(joins.nearIds.map(({ id, near }) => [id, near].sort())).toEqual([[misspelled, second].sort()]);
    expect(results.executedWithNothingFilled).toBe(1);
  });

  test("a trace id that intent and plan share joins them whatever their ids are", () => {
    const { joins } = inspected([intent(1_000, 1, { trace_id: "t1" }), bridgePlan(2_000, "p1", { trace_id: "t1" })]);
    expect(joins.pairs.find(({ name }) => name === "intent -> plan")).toMatchObject({ joined: 1, records: 1 });
  });
});

describe("results", () => {
  test("both writers are read, and each raw word is shown with the word the pipeline counts", () => {
    const layer = (rxMs: number, decision: string, executed: string, error: string) =>
      entry(rxMs, "apply.result", {
        ...{ plan_id: "p1", symbol: "AUSDT", decision, executed, would_execute: "False", steps_results: "[]" },
        ...{ error, timestamp: "1" },
      });
    const { results } = inspected([
      layer(1, "SKIP", "False", "no_position"),
      layer(2, "SKIP", "False", "no_position"),
      layer(3, "DEFER", "False", ""),
      executor(4, "p2", { plan_id: "p2", executed: false, decision: "SKIP", error: "min_notional_check_failed" }),
      executor(5, "p3", { plan_id: "p3", executed: true }),
      entry(6, "apply.result", { plan_id: "p4", symbol: "AUSDT", executed: "yes", timestamp: "1" }),
    ]);
    expect(
      results.vocabulary.map(({ writer, raw, normalised, records }) => [writer, raw, normalised, records]),
    ).toEqual([
      ["apply-layer", "SKIP", "SKIP", 2],
      ["apply-layer", "DEFER", "UNKNOWN:DEFER", 1],
      ["executor", "SKIP", "BLOCKED", 1],
      ["executor", "executed=true", "EXECUTE", 1],
    ]);
    expect(results.problems).toEqual([{ name: "unknown_executed", records: 1 }]);
    expect(results.plansWithTwoVerdicts).toBe(1);
  });
});

describe("governor", () => {
  const plan = (rxMs: number, score: string, flip: string) =>
    entry(rxMs, "apply.plan", {
      ...{ plan_id: `p${rxMs}`, symbol: "AUSDT", action: "HOLD", kill_score: score, k_regime_flip: flip },
      ...{ decision: Number(score) >= 0.6 ? "BLOCKED" : "EXECUTE", timestamp: "1" },
    });

  test("says the distribution, and computes over which thresholds nothing changes", () => {
    const low = [0.11, 0.2, 0.25, 0.3].map((score, at) => plan(at, String(score), "0.0"));
    const high = [0.74, 0.75, 0.76, 0.78, 0.81, 0.81].map((score, at) => plan(10 + at, String(score), "1.0"));
    const found = inspected([...low, ...high, plan(30, "nan", "1.0")]);
    const { governor } = found;
    expect(governor).toMatchObject({ stream: "apply.plan", records: 10, unusable: 1 });
    expect(governor?.killScore).toEqual({ min: 0.11, p10: 0.11, p50: 0.74, p90: 0.81, max: 0.81 });
    expect(governor?.widestInterval).toEqual({
      over: 0.3,
      upTo: 0.74,
      blockedShare: 0.6,
      isBimodal: true,
      isSplitByRegimeFlip: true,
    });
    const shares = new Map(governor?.blockedShare.map(({ threshold, share }) => [threshold, share]));
    expect([0.3, 0.6, 0.7, 0.8].map((threshold) => shares.get(threshold))).toEqual([0.7, 0.6, 0.6, 0.2]);
    const bins = governor?.histogram.filter(({ records }) => records > 0);
    expect(bins).toEqual([
      ...[0.1, 0.2, 0.24, 0.3].map((from) => ({ from, records: 1 })),
      { from: 0.74, records: 2 },
      { from: 0.76, records: 1 },
      { from: 0.78, records: 1 },
      { from: 0.8, records: 2 },
    ]);
    const text = inspectionText(found);
    expect(text).toContain("kill_score of 10 apply.plan: min .11 p10 .11 p50 .74 p90 .81 max .81");
    expect(text.replace(/\s+/g, " ")).toContain(
      "bimodal (regime_flip 0/1): thresholds over 0.3 up to 0.74 all act alike: they block 60.0 %",
    );
  });

  test("one heap is not called two, and one score has no interval", () => {
    const heap = Array.from({ length: 20 }, (_, at) => plan(at, (0.6 + at / 100).toFixed(2), "1.0"));
    expect(inspected(heap).governor?.widestInterval).toMatchObject({ isBimodal: false, isSplitByRegimeFlip: false });
    rmSync(join(base, "rec"), { recursive: true });
    expect(inspected([plan(1, "0.75", "1"), plan(2, "0.75", "1")]).governor?.widestInterval).toBeNull();
  });
});

describe("streams", () => {
  test("unknown and absent fields are found inside the payload too, with their shares", () => {
    const rows = [intent(1_000, 1), intent(2_000, 2, { trace_id: "a" })];
    const stream = inspected(rows).streams.find((row) => row.stream === "trade.intent");
    expect(stream?.unknownFields).toEqual([{ name: "payload.eval_type", share: 1 }]);
    expect(stream?.absentFields).toEqual([{ name: "trace_id", share: 0.5 }]);
    expect([stream?.firstId, stream?.lastId]).toEqual(["1000-0", "2000-0"]);
  });

  test("ids out of order, ids twice and contents twice are three different things", () => {
    const plan = (rxMs: number, id: string, planId: string): Row => ({
      rxMs,
      stream: "apply.plan",
      payload: { id, fields: { plan_id: planId } },
    });
    const rows = [
      plan(1, "5-0", "a"),
      plan(2, "4-9", "b"),
      plan(3, "4-9", "b"),
      plan(4, "5-10", "c"),
      plan(5, "5-9", "c"),
    ];
    expect(inspected(rows).streams[0]).toMatchObject({ idsOutOfOrder: 2, duplicates: 1, repeatedContents: 2 });
  });

  test("what the recording tells of its own holes is counted by kind", () => {
    const hole = (rxMs: number, stream: string, missing: number | null): Row => ({
      rxMs,
      stream,
      payload: { stream: "trade.intent", startTsMs: rxMs - 500, endTsMs: rxMs, missing, cause: "test" },
    });
    const { interruptions } = inspected([
      hole(1_000, "trimmed", 120),
      hole(2_000, "trimmed", 3),
      hole(3_000, "disconnect", null),
      hole(4_000, "restart", null),
      {
        ...hole(5_000, "clock-step", 0),
        payload: { stream: "*", startTsMs: 9_000, endTsMs: 4_000, missing: 0, cause: "t" },
      },
    ]);
    expect(interruptions.map(({ kind, records, missing, unknown }) => [kind, records, missing, unknown])).toEqual([
      ["clock-step", 1, 0, 0],
      ["disconnect", 1, 0, 1],
      ["restart", 1, 0, 1],
      ["trimmed", 2, 123, 0],
    ]);
  });

  test("clock skew is said for each stream where they differ", () => {
    const late: Row[] = [1, 2, 3].map((at) => ({
      ...entry(at * 1_000, "apply.plan", { plan_id: `${at}` }),
      tsMs: at * 1_000 - 40,
    }));
    const found = inspected(late, [{ rxMs: 0 }, { rxMs: 1_000 }]);
    const skews = found.streams.map(({ stream, clockSkewMs }) => [stream, clockSkewMs?.p50]);
    expect(skews).toEqual([
      ["apply.plan", 40],
      ["mark", 0],
    ]);
    expect(found.clockSkewMs).toMatchObject({ min: 0, max: 40, early: 0, records: 5 });
  });
});

describe("market", () => {
  test("spread percentiles in basis points leave crossed quotes out and count them", () => {
    const quote = (rxMs: number, bid: string, ask: string) => ({ rxMs, bid, ask });
    const { market } = inspected(
      [],
      [quote(0, "99.99", "100.01"), quote(1_000, "99.95", "100.05"), quote(2_000, "101", "100")],
    );
    expect(market.spreadBps).toEqual({ p1: 2, p50: 2, p99: 10, max: 10 });
    expect([market.crossedQuotes, market.quoteShare]).toEqual([1, 1]);
    expect(market).toMatchObject({ gridShare: 1, isGapPolicyNeeded: false });
  });
});

describe("usable for", () => {
  test("a shadow needs prices after the decision, a bootstrap hours and episodes, and the reason says how many", () => {
    const hour = 3_600_000;
    const prices = [0, hour, 7 * hour].map((rxMs) => ({ rxMs }));
    const rows = Array.from({ length: 10 }, (_, at) => intent(at * hour * 0.5, 1 + at));
    const uses = new Map(inspected(rows, prices).usableFor.map(({ use, ok, reason }) => [use, { ok, reason }]));
    expect(uses.get("gate shadow 30 m")).toMatchObject({ ok: true, reason: expect.stringContaining("10 of 10") });
    expect(uses.get("gate shadow 4 h")).toMatchObject({ ok: true, reason: expect.stringContaining("7 of 10") });
    expect(uses.get("bootstrap")).toEqual({
      ok: true,
      reason: "at most E2: span 7.0 h, 10 decisions in 5 different hours",
    });
    rmSync(join(base, "rec"), { recursive: true });
    const short = inspected([intent(0, 1)], [{ rxMs: 60_000 }]).usableFor;
    expect(short.filter(({ ok }) => ok).map(({ use }) => use)).toEqual(["replay", "funnel"]);
    expect(short.find(({ use }) => use === "bootstrap")?.reason).toContain("E0: span 0.0 h");
  });
});
