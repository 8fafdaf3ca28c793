import { describe, expect, test } from "vitest";
import { compareVariants, createOutcomeLog } from "../../../src/reports/comparison.ts";
import { renderMarkdown } from "../../../src/reports/documents/run-markdown.ts";
import { createFindings, type Finding } from "../../../src/reports/findings/index.ts";
import { createRunSummary } from "../../../src/reports/summary/run-summary.ts";
import type { RunSummary } from "../../../src/reports/summary/schema.ts";
import { finding, header, incident, type JournalBuilder, journal } from "../journal-builder.ts";
import { hasMarkdownReader, readMarkdown } from "./markdown-reader.ts";

const EVIL = '<img src=x onerror="alert(1)">](javascript:1)|``` `` \u202e\n# @everyone ![x](http://x)';

function reported(built: JournalBuilder, changes: object = {}) {
  const head = header(changes);
  const [outcomes, watched] = [createOutcomeLog(), createFindings({ header: head })];
  const builder = createRunSummary(head, outcomes);
  for (const entry of built.entries) {
    builder.observe(entry);
    watched.observe(entry);
  }
  return { summary: { ...builder.finish(), thresholds: [] } as RunSummary, outcomes, findings: watched.report() };
}

describe("summary.md with findings", () => {
  const { summary, findings } = reported(incident());

  test("names the gravest with command and advice, and how many more there are", () => {
    const lines = renderMarkdown([summary], null, [findings]).split("\n");
    const head = lines.findIndex((line) => line.startsWith("**Findings**: "));
    expect(lines[head]).toMatch(/^\*\*Findings\*\*: \d+ errors, \d+ warnings?, \d+ told; \d+ more in report\.html\.$/);
    const items = lines.slice(head + 2, head + 7);
    for (const item of items) expect(item).toMatch(/^- !! \*\*[\w\\]+\*\* .+: `sim (explain|doctor) .+`$/);
    expect(head).toBeLessThan(lines.findIndex((line) => line.startsWith("| what happened")));
  });

  test("stays within sixty lines with everything it can hold", () => {
    const threshold = { metric: "m", expr: "e", level: "error", status: "fail", value: null, n: null, text: "t" };
    const full = { ...summary, thresholds: Array.from({ length: 40 }, () => threshold) } as RunSummary;
    const many = Array.from({ length: 40 }, (_, index) => ({ ...full, run: { ...full.run, variant: `v${index}` } }));
    const comparison = compareVariants([reported(incident()), reported(journal().end(1000), { variant: "other" })]);
    const gaps = Array.from({ length: 9 }, (_, index) => `gap ${index}`);
    const all: Finding[][] = many.map(() => findings);
    const text = renderMarkdown(many, comparison, all, gaps);
    expect(comparison.candidates[0]!.changes.length).toBeGreaterThan(5);
    expect(text.split("\n").length).toBeLessThanOrEqual(60);
    for (const told of ["6 more in report.html", "30 more variants", "more thresholds in junit.xml"])
      expect(text).toContain(told);
  });
});

describe.skipIf(!hasMarkdownReader)("summary.md read by another tool", () => {
  test("has one heading, whole tables, and findings as a list with code in it", () => {
    const { summary, findings } = reported(incident());
    const document = readMarkdown(renderMarkdown([summary], null, [findings], ["a gap"]));
    expect(document.querySelectorAll("h3")).toHaveLength(1);
    const [table] = document.querySelectorAll("table");
    const widths = [...table!.querySelectorAll("tr")].map((row) => row.querySelectorAll("th, td").length);
    expect(new Set(widths)).toEqual(new Set([4]));
    const commands = [...document.querySelectorAll("li code")].map((each) => each.textContent);
    expect(commands).toHaveLength(5);
    for (const command of commands) expect(command).toMatch(/^sim (explain|doctor) /);
    expect(document.querySelector("li")!.textContent).toContain("?? a gap");
  });

  test("hostile names and texts are letters: no picture, no link, no heading, no cell comes out of them", () => {
    const built = journal().tick(1, finding(EVIL, { text: EVIL, symbol: EVIL, evidence: { [EVIL]: EVIL } }));
    const of = { scenario: EVIL, variant: EVIL, recording: EVIL, runId: EVIL };
    const { summary, findings } = reported(built.end(1000), of);
    const threshold = { metric: EVIL, expr: EVIL, level: "error", status: "fail", value: null, n: null, text: EVIL };
    const evil = { ...summary, thresholds: [threshold] } as RunSummary;
    const document = readMarkdown(renderMarkdown([evil], null, [findings], [EVIL]));
    expect(document.querySelectorAll("body img, body script, body a")).toHaveLength(0);
    expect(document.querySelectorAll("h1, h2, h3, h4")).toHaveLength(1);
    for (const table of document.querySelectorAll("table")) {
      const widths = [...table.querySelectorAll("tr")].map((row) => row.querySelectorAll("th, td").length);
      expect(new Set(widths).size).toBe(1);
    }
    expect(document.body.textContent).toContain('<img src=x onerror="alert(1)">](javascript:1)|``` ``');
  });
});
