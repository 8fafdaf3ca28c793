import { describe, expect, it } from "vitest";
import { compareVariants, createOutcomeLog } from "../../src/reports/comparison.ts";
import { clockText, grouped, moneyText, numberText } from "../../src/reports/format.ts";
import { createRunSummary, summarize } from "../../src/reports/summary/run-summary.ts";
import { displayWidth, truncate } from "../../src/reports/terminal/display-width.ts";
import { renderRunReport } from "../../src/reports/terminal/run-report.ts";
import { renderTable } from "../../src/reports/terminal/table.ts";
import { evaluateThresholds, thresholdsSchema } from "../../src/reports/thresholds.ts";
import { visibleText } from "../../src/reports/visible-text.ts";
import {
  finding,
  header,
  incident,
  type JournalBuilder,
  journal,
  plan,
  result,
  START_TS_MS,
} from "./journal-builder.ts";

function compared(variant: string, built: JournalBuilder) {
  const outcomes = createOutcomeLog();
  const builder = createRunSummary(header({ variant }), outcomes);
  for (const entry of built.entries) builder.observe(entry);
  return { summary: builder.finish(), outcomes };
}

function lineWith(report: string, text: string): string {
  return report.split("\n").find((line) => line.includes(text)) ?? `no line with ${text}`;
}

describe("the run report of the incident", () => {
  const summary = summarize(header(), incident().entries);
  const thresholds = thresholdsSchema.parse({
    "funnel.unaccounted": { expr: "count == 0" },
    "exit.blocked_episode.time": { expr: "p95 < 120s", level: "warn" },
    "entry.fill_rate": { expr: "rate >= 0.95" },
    "orders.rejected": { expr: "count == 0", level: "off" },
  });
  const report = renderRunReport([{ ...summary, thresholds: evaluateThresholds(thresholds, summary) }], null, {
    width: 100,
    outDir: "sim-out/r-7f3a",
  });

  it("begins with the identity of run, scenario, recording, engine and seed", () => {
    expect(report.split("\n")[0]).toBe(
      "run r-7f3a  scenario regime-flip.yaml @c41e0000  recording rec-0202 @9bd00000  engine 0.1.0  seeds 1",
    );
    expect(lineWith(report, "evidence")).toContain("E0  4 episodes in 1 burst (span 10m: 6h needed");
  });

  it("shows what happened to every intent, by evalType, with reasons and conservation", () => {
    expect(lineWith(report, "  intents").split(/\s+/)).toEqual(["", "intents", "11", "0", "0"]);
    expect(lineWith(report, "evaluations (episodes)")).toMatch(/10 \(2\) {2}0 \(0\) {3}24 \(2\)/);
    expect(lineWith(report, "executed: filled")).toMatch(/ 5 +0 +0$/);
    expect(lineWith(report, "refused by venue")).toMatch(/ 5 +0 +0 {2}symbol_not_in_allowlist:WAVESUSDT$/);
    expect(lineWith(report, "in flight at end")).toMatch(/ 1 +0 +0 {2}no_plan_yet \(GALAUSDT\)$/);
    expect(lineWith(report, "unaccounted")).toMatch(/ 0 +0 +0 {2}OK$/);
  });

  it("says what must not be misread before any number of the execution", () => {
    expect(report).toContain("!! decisions are not executions: 10 evaluations said EXECUTE, 5 orders filled.");
    expect(report).toContain("!! 24 blocked evaluations (UNKNOWN) are 2 episodes asked again and again");
    expect(report).toContain("!! evalType missing on 24 evaluations; inferred EXIT for 24");
    expect(report.indexOf("!! decisions")).toBeLessThan(report.indexOf("EXECUTION "));
  });

  it("gives each threshold a sign besides its colour", () => {
    expect(lineWith(report, "THRESHOLDS")).toBe("THRESHOLDS  1 ok  1 failed  1 no data  1 skipped");
    expect(lineWith(report, "ok  funnel.unaccounted")).toMatch(/count == 0 +0/);
    expect(lineWith(report, "!!  entry.fill_rate")).toContain("0.454545");
    expect(lineWith(report, "??  exit.blocked_episode.time")).toContain(
      "no finished exit episode (2 censored)  warn only",
    );
    expect(lineWith(report, "--  orders.rejected")).toContain("level is off");
  });

  it("shows the reconciliation break and no money, because nothing closed", () => {
    expect(lineWith(report, "ZECUSDT ")).toMatch(/8\.316 +0\.000 +3\.160 +5\.156 {2}!! differs/);
    expect(report).not.toContain("MONEY");
    expect(report).toContain("next   sim explain 3e770 --run sim-out/r-7f3a");
  });

  it("keeps two variants side by side at 80 columns, each under its name", () => {
    const both = [compared("fixed-threshold", incident()), compared("z-score", incident())];
    const lines = renderRunReport(
      both.map((each) => each.summary),
      compareVariants(both),
      { width: 80 },
    ).split("\n");
    const at = lines.findIndex((line) => line.startsWith("WHAT HAPPENED"));
    expect(lines[at - 1]!.trim().split(/\s+/)).toEqual(["fixed-threshold", "z-score"]);
    expect(lines[at]!.split(/ {2,}/)).toEqual([
      "WHAT HAPPENED TO EVERY INTENT",
      "ENTRY",
      "UNKNOWN",
      "ENTRY",
      "UNKNOWN",
    ]);
    expect(lines.find((line) => line.includes("refused by venue"))).toMatch(/ 5 +0 +5 +0$/);
    expect(lineWith(lines.join("\n"), "ENTRY symbol_not")).toMatch(/symbol_not_in_allowlist:WAVESUSDT +5 +5$/);
  });

  it("never exceeds the width, at any width", () => {
    const both = [compared("fixed", incident()), compared("a-variant-with-a-very-long-name", incident())];
    for (const width of [80, 81, 97, 120, 200]) {
      const text = renderRunReport(
        both.map((each) => ({ ...each.summary, thresholds: evaluateThresholds(thresholds, each.summary) })),
        compareVariants(both),
        { width },
      );
      for (const line of text.split("\n")) expect(displayWidth(line), line).toBeLessThanOrEqual(width);
    }
  });

  it("is the same text on every call", () => {
    expect(renderRunReport([summary], null)).toBe(renderRunReport([summarize(header(), incident().entries)], null));
  });
});

describe("hostile strings", () => {
  const evil = "ZEC\u001b[2J\u202eTDSU\u0007\n\u200b";

  it("are made visible", () => {
    expect(visibleText(evil)).toBe("ZEC\\x1b[2J\\u202eTDSU\\x07\\x0a\\u200b");
    expect(visibleText("币安人生USDT é")).toBe("币安人生USDT é");
  });

  it("never reach the terminal from symbols, reasons, findings, variants or scenarios", () => {
    const built = journal()
      .intent(0, "1-0", evil, {
        type: "intent.rejected",
        entryId: "1-0",
        symbol: evil,
        side: "BUY",
        reason: evil,
        detail: evil,
      })
      .publish(1, plan("a", { symbol: evil, decision: "BLOCKED", reasonCodes: [evil], episodeKey: evil }))
      .publish(2, plan("b", { symbol: evil, decision: "BLOCKED", reasonCodes: [evil], episodeKey: evil }))
      .tick(3, finding(evil, { text: evil, symbol: evil }), result("b", "ERROR", { reason: evil, symbol: evil }))
      .end(4);
    const summary = summarize(header({ variant: evil, scenario: evil, quirks: [evil] }), built.entries);
    const report = renderRunReport([summary, summary], null, { width: 120, outDir: evil });
    const hidden = [...report].filter((character) => character !== "\n" && visibleText(character) !== character);
    expect(hidden).toEqual([]);
    expect(report).toContain("\\x1b[2J");
  });
});

describe("the table", () => {
  const columns = [
    { header: "name", align: "left", dropOrder: 0, widthMin: 6 },
    { header: "n", align: "right", dropOrder: 0 },
    { header: "far", align: "right", dropOrder: 1 },
    { header: "farther", align: "right", dropOrder: 2 },
  ] as const;
  const paint = (_style: string, text: string) => text;

  it("aligns by display width, so that wide characters take two columns", () => {
    const lines = renderTable(
      columns,
      [{ cells: ["币安人生", "1", "2", "3"] }, { cells: ["abcdefgh", "10", "20", "30"] }],
      { width: 80, paint },
    );
    expect(lines).toEqual(["name       n  far  farther", "币安人生   1    2        3", "abcdefgh  10   20       30"]);
    expect(displayWidth("币安USDT🙂é")).toBe(11);
  });

  it("drops columns in their stated order and names them", () => {
    const rows = [{ cells: ["abcdefgh", "10", "20", "30"] }];
    expect(renderTable(columns, rows, { width: 15, paint })).toEqual([
      "name     n  far",
      "abc...  10   20",
      "not shown at...",
    ]);
    expect(renderTable(columns, rows, { width: 80, paint })).toHaveLength(2);
  });

  it("names a group once above its columns", () => {
    const grouped = [
      { header: "name", align: "left", dropOrder: 0 },
      { header: "ENTRY", align: "right", dropOrder: 0, group: "fixed" },
      { header: "EXIT", align: "right", dropOrder: 0, group: "fixed" },
      { header: "ENTRY", align: "right", dropOrder: 1, group: "a-long-variant" },
    ] as const;
    const rows = [{ cells: ["a", "1", "2", "3"] }];
    expect(renderTable(grouped, rows, { width: 80, paint })).toEqual([
      "            fixed  a-...",
      "name  ENTRY  EXIT  ENTRY",
      "a         1     2      3",
    ]);
    expect(renderTable(grouped, rows, { width: 18, paint })[3]).toBe("not shown at th...");
  });

  it("cuts text only when there is nothing left to drop", () => {
    expect(renderTable(columns, [{ cells: ["abcdefghij", "10", "20", "30"] }], { width: 10, paint })[1]).toBe(
      "abc...  10",
    );
    expect(truncate("币安人生USDT", 6)).toBe("币...");
  });
});

describe("numbers", () => {
  it("are printed without a locale", () => {
    expect([grouped(1628), grouped(-1234567), grouped(12)]).toEqual(["1 628", "-1 234 567", "12"]);
    expect([moneyText("9999.996"), moneyText("-0.004"), moneyText("1234.5"), moneyText("-0.335")]).toEqual([
      "10 000.00",
      "0.00",
      "1 234.50",
      "-0.34",
    ]);
    expect([numberText(0.000123456), numberText(12345.678), numberText(0), numberText(1e-9)]).toEqual([
      "0.0001235",
      "12350",
      "0",
      "0.000000001",
    ]);
    expect(clockText(START_TS_MS + 42_900)).toBe("00:14:02.900");
  });
});

it("of more variants than fit side by side each has a line that says what it executed and brought", () => {
  const names = ["fixed", "z-score", "separation", "dynamic", "formula"];
  const summaries = names.map((variant) => summarize(header({ variant }), incident().entries));
  const lines = renderRunReport(summaries, null, { width: 80 }).split("\n");
  const start = lines.findIndex((line) => line.startsWith("EVERY VARIANT"));
  expect(start).toBeGreaterThan(0);
  for (const [place, name] of names.entries()) {
    expect(lines[start + 1 + place]).toMatch(new RegExp(`^  ${name} +5 of 11 `));
  }
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
  expect(renderRunReport(summaries.slice(0, 3), null, { width: 80 })).not.toContain("EVERY VARIANT");
});
