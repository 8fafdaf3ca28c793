import type { RunSummary, ThresholdResult } from "../summary/schema.ts";
import { xmlAttribute, xmlContent } from "./xml.ts";

/** One assertion of a scenario, of whatever kind, with what was found. */
export interface AssertedExpectation {
  readonly variant: string;
  readonly what: string;
  readonly isMet: boolean;
  readonly found: string;
}

/** A testcase has at most one of these: readers such as Jenkins keep one. */
interface Verdict {
  readonly element: "failure" | "skipped";
  readonly type: string;
  readonly message: string;
}

interface TestCase {
  readonly name: string;
  readonly verdict: Verdict | null;
}

/**
 * JUnit XML of a run: a testsuite for each variant, a testcase for each threshold and expectation, and one that says that
 * every intent is accounted for, so that no suite is empty. Times are left out: equal runs are equal files.
 */
export function renderJunit(summaries: readonly RunSummary[], expectations: readonly AssertedExpectation[]): string {
  const suites = summaries.map((summary) => ({
    name: `${summary.run.scenario} ${summary.run.variant}`,
    cases: [
      accountedCase(summary),
      ...endCases(summary),
      ...summary.thresholds.map(thresholdCase),
      ...expectations.filter(({ variant }) => variant === summary.run.variant).map(expectationCase),
    ],
  }));
  const all = suites.flatMap(({ cases }) => cases);
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="sim run" tests="${all.length}" failures="${countOf(all, "failure")}" errors="0">`,
  ];
  for (const { name, cases } of suites) {
    const counts = `tests="${cases.length}" failures="${countOf(cases, "failure")}" errors="0" skipped="${countOf(cases, "skipped")}"`;
    lines.push(
      `  <testsuite name="${xmlAttribute(name)}" ${counts}>`,
      ...cases.flatMap((each) => caseLines(name, each)),
      "  </testsuite>",
    );
  }
  lines.push("</testsuites>");
  return `${lines.join("\n")}\n`;
}

function countOf(cases: readonly TestCase[], element: Verdict["element"]): number {
  return cases.filter(({ verdict }) => verdict?.element === element).length;
}

function accountedCase({ funnel }: RunSummary): TestCase {
  const lost = funnel.reduce(
    (sum, { unaccounted, planUnaccounted }) => sum + unaccounted.count + planUnaccounted.count,
    0,
  );
  return {
    name: "every intent and plan is accounted for",
    verdict: lost === 0 ? null : { element: "failure", type: "unaccounted", message: `${lost} ended in no state` },
  };
}

/** Of a run that did not reach its end: whoever reads only the cases must see that the others judge a part. */
function endCases({ run }: RunSummary): TestCase[] {
  if (!run.partial) return [];
  const message = `the run is partial (${run.endCause}): what is judged here is what it came to`;
  return [{ name: "the run reached its end", verdict: { element: "skipped", type: "partial", message } }];
}

function thresholdCase({ metric, expr, level, status, text }: ThresholdResult): TestCase {
  const name = `${metric} ${expr}`;
  if (status === "ok") return { name, verdict: null };
  const fails = status === "fail" && level === "error";
  const type = status === "fail" ? "threshold" : status;
  return { name, verdict: { element: fails ? "failure" : "skipped", type, message: `${level}: ${text}` } };
}

function expectationCase({ what, isMet, found }: AssertedExpectation): TestCase {
  return {
    name: `expects ${what}`,
    verdict: isMet ? null : { element: "failure", type: "expectation", message: `found ${found}` },
  };
}

function caseLines(suite: string, { name, verdict }: TestCase): string[] {
  const open = `    <testcase classname="${xmlAttribute(suite)}" name="${xmlAttribute(name)}"`;
  if (verdict === null) return [`${open}/>`];
  const { element, type, message } = verdict;
  const attributes = `message="${xmlAttribute(message)}"${element === "failure" ? ` type="${xmlAttribute(type)}"` : ""}`;
  return [`${open}>`, `      <${element} ${attributes}>${xmlContent(message)}</${element}>`, "    </testcase>"];
}
