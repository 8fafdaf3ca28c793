import { describe, expect, it } from "vitest";
import { compareVariants, createOutcomeLog } from "../../src/reports/comparison.ts";
import { decisionLines, decisionRows } from "../../src/reports/decisions-file.ts";
import { createRunSummary } from "../../src/reports/summary/run-summary.ts";
import { renderRunReport } from "../../src/reports/terminal/run-report.ts";
import {
  blockedExit,
  header,
  incident,
  type JournalBuilder,
  journal,
  plan,
  rejection,
  result,
  START_TS_MS,
} from "./journal-builder.ts";

function run(variant: string, built: JournalBuilder) {
  const outcomes = createOutcomeLog();
  const builder = createRunSummary(header({ variant }), outcomes);
  for (const entry of built.entries) builder.observe(entry);
  return { summary: builder.finish(), outcomes };
}

/** Two intents and one exit; `exitRuns` lets the exit through at its second asking, `fills` the second intent. */
function world(options: { exitRuns: boolean; fills: boolean }): JournalBuilder {
  const built = journal();
  built.intent(0, "1-0", "ZECUSDT", { type: "plan.published", plan: plan("a", { intentEntryId: "1-0" }) });
  built.tick(1000, result("a", "FILLED"));
  const decision = options.fills ? "EXECUTE" : "BLOCKED";
  const second = plan("b", { intentEntryId: "2-0", decision, episodeKey: "e2" });
  built.intent(5000, "2-0", "ZECUSDT", { type: "plan.published", plan: second });
  built.tick(
    6000,
    result("b", options.fills ? "FILLED" : "BLOCKED_POLICY", {
      reason: options.fills ? "none" : "kill_z_above_cutoff",
    }),
  );
  for (const [index, offsetMs] of [10_000, 70_000].entries()) {
    const doesRun = options.exitRuns;
    const exit = blockedExit(`x${index}`, "BTCUSDT", { evalType: "EXIT", decision: doesRun ? "EXECUTE" : "BLOCKED" });
    built.publish(offsetMs, exit);
    built.tick(
      offsetMs + 500,
      result(`x${index}`, doesRun ? "FILLED" : "BLOCKED_POLICY", { evalType: "EXIT", symbol: "BTCUSDT" }),
    );
  }
  return built.end(100_000);
}

describe("the comparison of variants", () => {
  it("finds nothing between equal runs", () => {
    const [same] = compareVariants([run("a", incident()), run("b", incident())]).candidates;
    expect(same).toMatchObject({
      same: 13,
      changed: 0,
      first: null,
      changes: [],
      exitsOnlyInBaseline: 0,
      exitsOnlyInCandidate: 0,
    });
    expect(same!.differences.every((each) => each.difference === null || Number(each.difference) === 0)).toBe(true);
  });

  it("names which intent and which exit changed, what came first, and which way", () => {
    const comparison = compareVariants([
      run("fixed", world({ exitRuns: false, fills: true })),
      run("z", world({ exitRuns: true, fills: false })),
    ]);
    const [changed] = comparison.candidates;
    expect(changed).toMatchObject({
      same: 1,
      changed: 2,
      nowExecuted: { ENTRY: 0, EXIT: 1, UNKNOWN: 0 },
      nowBlocked: { ENTRY: 1, EXIT: 0, UNKNOWN: 0 },
      first: {
        kind: "intent",
        tsMs: START_TS_MS + 5000,
        symbol: "ZECUSDT",
        key: "2-0",
        from: { state: "FILLED" },
        to: { state: "BLOCKED_POLICY", reason: "kill_z_above_cutoff", planId: "b" },
      },
    });
    expect(changed!.changes[1]).toMatchObject({
      kind: "exit",
      key: "position:BTCUSDT",
      from: { state: "BLOCKED_POLICY" },
      to: { state: "FILLED" },
    });
  });

  it("claims no interval on one recording, and says so", () => {
    const [changed] = compareVariants([
      run("a", world({ exitRuns: false, fills: true })),
      run("b", world({ exitRuns: true, fills: true })),
    ]).candidates;
    expect(changed!.badge).toBe("E0");
    expect(changed!.evidence.join()).toContain("no interval: one recording, E0");
  });

  it("subtracts money exactly and leaves undefined numbers undefined", () => {
    const [changed] = compareVariants([
      run("a", world({ exitRuns: false, fills: true })),
      run("b", world({ exitRuns: true, fills: true })),
    ]).candidates;
    const difference = (metric: string) => changed!.differences.find((each) => each.metric === metric)!;
    expect(difference("money.net_pnl").difference).toBe("0");
    expect(difference("exit.blocked_episode.count")).toMatchObject({ baseline: 1, candidate: 0, difference: -1 });
    expect(difference("trades.win_rate")).toMatchObject({ difference: null, reason: "no closed trade won or lost" });
    expect(difference("exit.block_rate")).toMatchObject({ baseline: 1, candidate: 0, difference: -1 });
  });

  it("does not depend on the order in which terminal states became known", () => {
    const early = journal()
      .intent(0, "1-0", "A", rejection("1-0", "stale_intent", "A"))
      .intent(1, "2-0", "B", rejection("2-0", "stale_intent", "B"))
      .end(9);
    const late = journal()
      .intent(0, "1-0", "A")
      .intent(1, "2-0", "B", rejection("2-0", "stale_intent", "B"))
      .tick(5, rejection("1-0", "stale_intent", "A"))
      .end(9);
    expect(compareVariants([run("a", early), run("b", late)]).candidates[0]).toMatchObject({ same: 2, changed: 0 });
  });

  it("is shown with the decisions before the numbers", () => {
    const runs = [
      run("fixed", world({ exitRuns: false, fills: true })),
      run("z-score", world({ exitRuns: true, fills: false })),
    ];
    const report = renderRunReport(
      runs.map(({ summary }) => summary),
      compareVariants(runs),
      { width: 140 },
    );
    expect(report).toContain("WHAT CHANGED  fixed -> z-score");
    expect(report).toContain("  same 1   changed 2\n");
    expect(report).toContain(
      "  first 2026-02-02T00:13:25Z ZECUSDT ENTRY FILLED -> BLOCKED_POLICY  none -> kill_z_above_cutoff\n",
    );
    expect(report.indexOf("now executed")).toBeLessThan(report.indexOf("money.net_pnl"));
    expect(report).toMatch(/ENTRY kill_z_above_cutoff +0 +1\n/);
  });
});

describe("decisions.ndjson", () => {
  it("has one flat row per decision, every column always there, and no timers", () => {
    const [, , published] = incident().entries;
    const entry = {
      ...published!,
      decisions: [...published!.decisions, { type: "timer.set" as const, timerId: "t", dueTsMs: 1 }],
    };
    const rows = decisionRows(entry);
    expect(rows).toHaveLength(published!.decisions.length);
    expect(rows[0]).toMatchObject({
      seq: 3,
      type: "plan.published",
      planId: "91c01",
      evalType: "UNKNOWN",
      decision: "BLOCKED",
      reason: "kill_score_warning_risk_increase",
      governor: "fixed-threshold",
      cutoff: 0.6,
      time: new Date(entry.envelope.tsMs).toISOString(),
    });
    const keys = new Set(
      incident()
        .entries.flatMap((each) => decisionRows(each))
        .map((row) => Object.keys(row).join()),
    );
    expect(keys.size).toBe(1);
    expect(decisionLines(entry).split("\n")).toHaveLength(rows.length + 1);
    expect(decisionLines({ ...entry, decisions: [] })).toBe("");
  });

  it("prints money as decimal text", () => {
    const rows = incident().entries.flatMap((each) => decisionRows(each));
    expect(rows.find((row) => row.type === "result.recorded" && row.status === "FILLED")).toMatchObject({
      feeQuote: "0.08",
      qtyLots: 632,
    });
  });
});
