import { formatProblem } from "../../diagnostics/user-error.ts";
import { xmlAttribute as attribute, xmlContent as content } from "../../reports/documents/xml.ts";
import type { Outcome } from "../outcome.ts";
import type { Verification } from "../verify.ts";
import { divergenceLines, headline, nameOf } from "./verify-text.ts";

/**
 * JUnit XML: a testsuite for each scenario file, a testcase for each golden. `failure` is a divergence, `error` what
 * could not be compared, `skipped` what is no failure outside of CI; one such element a testcase, because readers keep
 * one. Times are left out: equal results are equal files.
 */
export function junitText({ outcomes, problems }: Verification): string {
  const suites = new Map<string, Outcome[]>();
  for (const outcome of outcomes) {
    const suite = outcome.scenario ?? outcome.golden;
    const known = suites.get(suite);
    if (known === undefined) suites.set(suite, [outcome]);
    else known.push(outcome);
  }
  const lines = ['<?xml version="1.0" encoding="UTF-8"?>'];
  const [failures, errors] = [countOf(outcomes, "failure"), countOf(outcomes, "error")];
  const isNothing = outcomes.length === 0;
  const extra = problems.length + (isNothing ? 1 : 0);
  lines.push(
    `<testsuites name="sim verify" tests="${outcomes.length + extra}" failures="${failures}" errors="${errors + extra}">`,
  );
  for (const [name, cases] of suites) {
    const skipped = countOf(cases, "skipped");
    lines.push(
      `  <testsuite name="${attribute(name)}" tests="${cases.length}" failures="${countOf(cases, "failure")}" errors="${countOf(cases, "error")}" skipped="${skipped}">`,
      ...cases.flatMap(caseLines),
      "  </testsuite>",
    );
  }
  const further = problems.map((problem) => [problem.file ?? "scenario", formatProblem(problem)] as const);
  for (const [name, text] of isNothing ? [...further, ["goldens", "nothing to verify"] as const] : further) {
    lines.push(
      `  <testsuite name="${attribute(name)}" tests="1" failures="0" errors="1" skipped="0">`,
      `    <testcase classname="${attribute(name)}" name="is readable"><error message="${attribute(text)}"/></testcase>`,
      "  </testsuite>",
    );
  }
  lines.push("</testsuites>");
  return `${lines.join("\n")}\n`;
}

type Element = "failure" | "error" | "skipped" | null;

function elementOf({ status, exit }: Outcome): Element {
  if (status === "DIVERGED") return "failure";
  if (status === "PASS") return null;
  return exit === 0 ? "skipped" : "error";
}

function countOf(outcomes: readonly Outcome[], element: Element): number {
  return outcomes.filter((outcome) => elementOf(outcome) === element).length;
}

function caseLines(outcome: Outcome): string[] {
  const open = `    <testcase classname="${attribute(outcome.scenario ?? "")}" name="${attribute(nameOf(outcome))}"`;
  const element = elementOf(outcome);
  if (element === null) return [`${open}/>`];
  const { divergence, class: kind, status } = outcome;
  const message = divergence === null ? `${status}: ${kind}` : `${kind}: ${headline(divergence, outcome)}`;
  const text =
    divergence === null
      ? outcome.problems.map(formatProblem).join("\n")
      : divergenceLines(divergence, outcome).join("\n");
  const type = attribute(kind ?? status);
  const named = element === "skipped" ? "" : ` type="${type}"`;
  return [
    `${open}>`,
    `      <${element} message="${attribute(message)}"${named}>${content(text)}</${element}>`,
    "    </testcase>",
  ];
}
