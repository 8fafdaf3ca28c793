import { expect, test } from "vitest";
import type { JournalEntry } from "../../../src/engine/domain/journal.ts";
import { formatMoney, parseMoney } from "../../../src/engine/domain/money.ts";
import { openRecording } from "../../../src/recording/reader.ts";
import { createRunSeries, type RunSeries } from "../../../src/reports/html/series/run-series.ts";
import { summarize } from "../../../src/reports/summary/run-summary.ts";
import { loadScenario } from "../../../src/sim/scenario/load.ts";
import { repositoryPath, runOf } from "../../sim/run/run-helpers.ts";
import {
  blockedExit,
  denial,
  fill,
  header,
  journal,
  order,
  permit,
  plan,
  rejection,
  result,
  START_TS_MS,
} from "../journal-builder.ts";

const HOUR = 3_600_000;

function seriesOf(entries: readonly JournalEntry[], changes = {}): RunSeries {
  const series = createRunSeries(header(changes));
  for (const entry of entries) series.observe(entry);
  return series.finish();
}

const published = (planId: string, changes = {}) => ({ type: "plan.published", plan: plan(planId, changes) }) as const;

test("what was judged, executed and earned is counted by symbol, by reason and by hour of the day", () => {
  const built = journal()
    .intent(1000, "1-0", "WAVESUSDT", rejection("1-0", "symbol_not_in_allowlist"))
    .intent(2000, "2-0", "ZECUSDT", published("a"))
    .at(3000, fill("a", { realizedPnlQuote: parseMoney("5"), feeQuote: parseMoney("0.5") }), result("a", "FILLED"))
    .tick(HOUR, published("b", { evalType: "EXIT", decision: "BLOCKED", reasonCodes: ["hot"] }), denial("a", "stale"))
    .at(HOUR + 1000, {
      type: "exchange.funding-settled",
      symbol: "ZECUSDT",
      amountQuote: parseMoney("-0.25"),
      rate: 0.0001,
      markPrice: 316.1,
    })
    .end(HOUR + 2000);
  const { symbols, reasons, hours } = seriesOf(built.entries).breakdowns;
  expect(symbols).toHaveLength(1);
  expect(symbols[0]).toMatchObject({
    name: "ZECUSDT",
    entryEvaluations: 1,
    exitEvaluations: 1,
    stopped: 1,
    executed: 1,
    fills: 1,
    realizedQuote: parseMoney("5"),
    feesQuote: parseMoney("0.5"),
    fundingQuote: parseMoney("-0.25"),
  });
  // 00:13:20 and an hour later.
  expect(hours.map(({ name, executed, stopped }) => [name, executed, stopped])).toEqual([
    ["00:00", 1, 0],
    ["01:00", 0, 1],
  ]);
  expect(reasons.map(({ evalType, outcome, reason, count }) => [evalType, outcome, reason, count])).toEqual(
    [
      ["-", "no plan", "symbol_not_in_allowlist", 1],
      ["-", "no permit", "stale", 1],
      ["ENTRY", "EXECUTE", "kill_score_ok", 1],
      ["ENTRY", "FILLED", "none", 1],
      ["EXIT", "BLOCKED", "hot", 1],
    ].sort((left, right) =>
      [left[0], left[1], left[2]].join(" ") < [right[0], right[1], right[2]].join(" ") ? -1 : 1,
    ),
  );
});

test("what happened while the statistics warmed up is in no table", () => {
  const built = journal().intent(1000, "1-0", "ZECUSDT", published("a")).end(5000);
  const { breakdowns } = seriesOf(built.entries, { warmupUntilTsMs: START_TS_MS + 2000 });
  expect(breakdowns).toEqual({ symbols: [], reasons: [], hours: [] });
});

test("a plan is followed from its decision to the ledger, and refusals that repeat are one row", () => {
  const built = journal()
    .intent(0, "1-0", "ZECUSDT", published("a"))
    .tick(1500, permit("a"))
    .tick(2000, order("a"))
    .at(3000, fill("a"), result("a", "FILLED"))
    .tick(4000, {
      type: "ledger.committed",
      symbol: "ZECUSDT",
      orderId: "1098143307",
      deltaQtyLots: 632,
      ledgerQtyLots: 632,
      lagMs: 1000,
    })
    .publish(10_000, ...["b", "c", "d"].map((id) => blockedExit(id, "ZECUSDT")))
    .intent(20_000, "2-0", "ZECUSDT", published("e"))
    .tick(21_000, denial("e", "stale_exchange_snapshot"))
    .end(30_000);
  const [zec] = seriesOf(built.entries).symbols;
  const rows = zec!.lineage;
  expect(rows.map(({ planId, repeats }) => [planId, repeats])).toEqual([
    ["a", 0],
    ["b", 2],
    ["e", 0],
  ]);
  expect(rows[0]).toMatchObject({
    permit: { waitMs: 1500, text: "granted: sanity_checks_passed" },
    orderWaitMs: 2000,
    fillWaitMs: 1000,
    result: { waitMs: 3000, text: "FILLED: none" },
    ledgerWaitMs: 1000,
  });
  expect(rows[2]).toMatchObject({
    permit: { waitMs: 1000, text: "denied: stale_exchange_snapshot" },
    orderWaitMs: null,
    ledgerWaitMs: null,
    result: null,
  });
});

test("of many plans the first twenty and the last twenty are kept, and the rest is counted", () => {
  const built = journal();
  for (let place = 0; place < 100; place++) built.intent(place * 1000, `${place}-0`, "ZECUSDT", published(`p${place}`));
  const [zec] = seriesOf(built.end(200_000).entries).symbols;
  const ids = zec!.lineage.map(({ planId }) => planId);
  expect(ids).toHaveLength(40);
  expect([ids[0], ids[19], ids[20], ids[39]]).toEqual(["p0", "p19", "p80", "p99"]);
  expect(zec!.omittedLineage).toBe(60);
});

function ranOf(file: string) {
  const scenario = loadScenario(repositoryPath(file));
  const { headers, entries } = runOf(scenario, openRecording(scenario.recordingPath));
  return headers.map((head, place) => {
    const series = createRunSeries(head);
    for (const entry of entries[place]!) series.observe(entry);
    return { summary: summarize(head, entries[place]!), series: series.finish() };
  });
}

test("the tables by symbol and by hour add up to what the summary says", () => {
  const [{ summary, series }] = ranOf("scenarios/ranking-shootout.yaml") as [ReturnType<typeof ranOf>[number]];
  const evaluations = summary.funnel.reduce((sum, column) => sum + column.evaluations, 0);
  expect(summary.money.fills).toBeGreaterThan(10);
  for (const rows of [series.breakdowns.symbols, series.breakdowns.hours]) {
    const total = (read: (row: (typeof rows)[number]) => bigint) => rows.reduce((sum, row) => sum + read(row), 0n);
    expect(rows.reduce((sum, row) => sum + row.entryEvaluations + row.exitEvaluations, 0)).toBe(evaluations);
    expect(rows.reduce((sum, row) => sum + row.fills, 0)).toBe(summary.money.fills);
    expect(formatMoney(total(({ feesQuote }) => feesQuote))).toBe(summary.money.feesQuote);
    expect(formatMoney(total(({ realizedQuote }) => realizedQuote))).toBe(summary.money.realizedPnlQuote);
    expect(formatMoney(total(({ fundingQuote }) => fundingQuote))).toBe(summary.money.fundingQuote);
  }
}, 30_000);

test("the curve of waiting exits has the summary's episodes, let go and censored", () => {
  const runs = ranOf("scenarios/incidents/s05-closes-are-requested-and-refused-by-one-score.yaml");
  for (const { summary, series } of runs) {
    expect(series.exitWaits).toHaveLength(summary.exits.blockedEpisodes);
    const ended = series.exitWaits.filter(({ isCensored }) => !isCensored);
    expect(ended).toHaveLength(summary.exits.releasedEpisodes);
  }
  expect(runs.some(({ series }) => series.exitWaits.length > 0)).toBe(true);
});
