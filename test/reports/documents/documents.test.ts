import { parseHTML } from "linkedom";
import { describe, expect, test } from "vitest";
import { renderJunit } from "../../../src/reports/documents/run-junit.ts";
import { renderMarkdown } from "../../../src/reports/documents/run-markdown.ts";
import { createRunSummary } from "../../../src/reports/summary/run-summary.ts";
import type { RunSummary } from "../../../src/reports/summary/schema.ts";
import { evaluateThresholds } from "../../../src/reports/thresholds.ts";
import { header, incident, journal } from "../journal-builder.ts";

function summaryOf(built: ReturnType<typeof journal>, changes = {}): RunSummary {
  const builder = createRunSummary(header(changes));
  for (const entry of built.entries) builder.observe(entry);
  const observed = builder.finish();
  const always = { level: "error", allow_no_data: false } as const;
  const thresholds = evaluateThresholds(
    {
      "funnel.unaccounted": { expr: "count == 0", ...always },
      "entry.filled": { expr: "count >= 1000", ...always },
    },
    observed,
  );
  return { ...observed, thresholds };
}

const HOSTILE = '<img src=x onerror="alert(1)">]]>&\u202e|`\n@everyone';

describe("junit.xml of a run", () => {
  const summary = summaryOf(incident());
  const expectation = { variant: summary.run.variant, what: "finding X at least 1x", isMet: false, found: HOSTILE };
  const text = renderJunit([summary], [expectation]);
  const { document } = parseHTML(text);

  test("has a case for the accounting, each threshold and each expectation, and counts them", () => {
    const suite = document.querySelector("testsuite")!;
    expect([...document.querySelectorAll("testcase")].map((each) => each.getAttribute("name"))).toEqual([
      "every intent and plan is accounted for",
      "funnel.unaccounted count == 0",
      "entry.filled count >= 1000",
      "expects finding X at least 1x",
    ]);
    expect(suite.getAttribute("tests")).toBe("4");
    expect(suite.getAttribute("failures")).toBe(String(document.querySelectorAll("failure").length));
    expect(document.querySelectorAll("failure")).toHaveLength(2);
  });

  test("lets no text from a stream become markup", () => {
    expect(document.querySelector("img")).toBeNull();
    expect(text).toContain("&lt;img src=x onerror=&quot;alert(1)&quot;&gt;]]&gt;&amp;\\u202e|`");
  });
});

describe("summary.md of a run", () => {
  test("keeps to sixty lines, with the verdict first and the failed threshold before those that hold", () => {
    const lines = renderMarkdown([summaryOf(incident())], null).split("\n");
    expect(lines.length).toBeLessThanOrEqual(60);
    expect(lines[0]).toMatch(/^### \S.*: \d+ orders filled of \d+ plans that said EXECUTE; 1 ok, 1 failed, 0 no data$/);
    const rows = lines.filter((line) => /^\| (ok|!!)/.test(line));
    expect(rows.map((row) => row.slice(2, 4))).toEqual(["!!", "ok"]);
  });

  test("stays within its lines for forty variants", () => {
    const one = summaryOf(incident());
    const many = Array.from({ length: 40 }, (_, index) => ({ ...one, run: { ...one.run, variant: `v${index}` } }));
    const text = renderMarkdown(many, null);
    expect(text.split("\n").length).toBeLessThanOrEqual(60);
    expect(text).toContain("30 more variants");
    expect(text).toContain("71 more thresholds");
  });

  test("lets no name become markup, a mention or another cell", () => {
    const text = renderMarkdown([summaryOf(journal().end(1000), { scenario: HOSTILE })], null);
    expect(text).not.toContain("<img");
    expect(text.split("\n")[0]).toContain("\\|\\`\\\\x0a\\@everyone");
  });
});
