import { formatProblem } from "../../diagnostics/user-error.ts";
import { visibleText } from "../../reports/visible-text.ts";
import type { Outcome } from "../outcome.ts";
import type { Verification } from "../verify.ts";
import { countsOf, divergenceLines, headline, nameOf } from "./verify-text.ts";

/** GitHub shows at most ten annotations of a kind for a step, and drops the others without a word. */
const ANNOTATIONS_MAX = 10;

/** A step summary above 1,024 KiB is rejected as a whole. */
export const SUMMARY_BYTES_MAX: number = 900 * 1024;

/** Workflow commands that mark goldens in a pull request, one a line. */
export function annotations({ outcomes, problems }: Verification): string[] {
  const errors = [
    ...problems.map((problem) => command("error", problem.file ?? null, problem.line ?? 1, formatProblem(problem))),
    ...outcomes.filter(({ exit }) => exit !== 0).map((outcome) => annotationOf("error", outcome)),
  ];
  const warnings = outcomes
    .filter(({ exit, divergence, status }) => exit === 0 && (divergence !== null || status !== "PASS"))
    .map((outcome) => annotationOf("warning", outcome));
  return [...limited("error", errors), ...limited("warning", warnings)];
}

function limited(kind: "error" | "warning", lines: readonly string[]): string[] {
  if (lines.length <= ANNOTATIONS_MAX) return [...lines];
  const shown = lines.slice(0, ANNOTATIONS_MAX - 1);
  return [...shown, command(kind, null, 0, `${lines.length - shown.length} more: the log and the summary have them`)];
}

function annotationOf(kind: "error" | "warning", outcome: Outcome): string {
  const { divergence, golden } = outcome;
  if (divergence === null) {
    const problem = outcome.problems[0];
    const text = problem === undefined ? outcome.status : formatProblem(problem);
    const line = problem?.file === golden ? (problem.line ?? 1) : 1;
    return command(kind, golden, line, `${nameOf(outcome)} ${outcome.status}, ${outcome.class}: ${text}`);
  }
  const text = [`${nameOf(outcome)}: ${headline(divergence, outcome)}`, ...divergenceLines(divergence, outcome)];
  return command(kind, golden, divergence.goldenLine, text.map(visibleText).join("\n"));
}

function command(kind: "error" | "warning", file: string | null, line: number, message: string): string {
  const place = file === null ? "" : ` file=${property(file)},line=${line}`;
  return `::${kind}${place}::${data(message)}`;
}

/** Text of a workflow command: what would end it, or begin another, is escaped. */
function data(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function property(text: string): string {
  return data(visibleText(text)).replaceAll(":", "%3A").replaceAll(",", "%2C");
}

/**
 * Output of a step that can start no command. Lines of ours begin with words of ours, so `::error::` of a symbol never
 * begins one; the older `##[command]` works anywhere in a line, and is broken up.
 */
export function defused(text: string): string {
  return text.replaceAll("##[", "##\\[");
}

/** As `defused`, for JSON: the same document. */
export function defusedJson(text: string): string {
  return text.replaceAll("##[", "##\\u005b");
}

/**
 * Markdown for the step summary, no longer than `bytesMax`: a table of all goldens, then each that is not the same.
 */
export function stepSummary(verification: Verification, bytesMax: number = SUMMARY_BYTES_MAX): string {
  const { outcomes } = verification;
  const counts = countsOf(verification);
  const parts = [
    `## sim verify: ${counts.passed} of ${counts.goldens} goldens pass\n\n`,
    ...(counts.goldens === 0 ? ["Nothing to verify.\n\n"] : []),
    ...verification.problems.map((problem) => `- ${cell(formatProblem(problem))}\n`),
    "| golden | status | class | decisions |\n| --- | --- | --- | ---: |\n",
    ...outcomes.map(
      (each) => `| ${cell(nameOf(each))} | ${each.status} | ${cell(each.class ?? "")} | ${each.decisions} |\n`,
    ),
    "\n",
    ...outcomes.flatMap(detailsOf),
  ];
  const notice = "\n_The rest does not fit into a step summary: see the log or the JUnit file._\n";
  let room = bytesMax - Buffer.byteLength(notice);
  let text = "";
  for (const part of parts) {
    room -= Buffer.byteLength(part);
    if (room < 0) return text === "" && bytesMax < Buffer.byteLength(notice) ? "" : text + notice;
    text += part;
  }
  return text;
}

function detailsOf(outcome: Outcome): string[] {
  const { divergence } = outcome;
  if (divergence === null && outcome.problems.length === 0) return [];
  const lines =
    divergence === null
      ? outcome.problems.map((problem) => visibleText(formatProblem(problem)))
      : [headline(divergence, outcome), ...divergenceLines(divergence, outcome)];
  const text = lines.map((line) => line.replaceAll("&", "&amp;").replaceAll("<", "&lt;")).join("\n");
  return [
    `<details><summary>${cell(nameOf(outcome))}: ${cell(outcome.class ?? outcome.status)}</summary>\n\n<pre>${text}</pre>\n</details>\n\n`,
  ];
}

/** One cell of a table: what Markdown or HTML would act on is made plain. */
function cell(text: string): string {
  return visibleText(text)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replace(/[\\`*_{}[\]()#+!|~@]/g, (sign) => `&#${sign.codePointAt(0)};`);
}
