import { formatProblem, type Problem } from "../../diagnostics/user-error.ts";
import { clockText, grouped } from "../../reports/format.ts";
import { displayWidth, padEnd, truncate } from "../../reports/terminal/display-width.ts";
import type { Paint } from "../../reports/terminal/table.ts";
import { visibleText } from "../../reports/visible-text.ts";
import type { Divergence } from "../compare/divergence.ts";
import type { Outcome } from "../outcome.ts";
import type { Verification } from "../verify.ts";

export interface VerifyTextOptions {
  readonly goldens: string;
  readonly exit: number;
  readonly width: number;
  readonly paint: Paint;
}

/** Counts of the first line, in their order. */
export interface VerifyCounts {
  readonly scenarios: number;
  readonly goldens: number;
  readonly passed: number;
  readonly diverged: number;
  readonly numericOnly: number;
  readonly cannotReplay: number;
  readonly corrupt: number;
  readonly staleSchema: number;
  readonly obsolete: number;
  readonly missing: number;
  readonly written: number;
}

export function countsOf({ outcomes, scenarioCount }: Verification): VerifyCounts {
  const count = (is: (outcome: Outcome) => boolean) => outcomes.filter(is).length;
  const isSetAside = ({ class: kind }: Outcome) => kind === "obsolete" || kind === "golden missing";
  return {
    scenarios: scenarioCount,
    goldens: outcomes.length,
    passed: count(({ status }) => status === "PASS"),
    diverged: count(({ status }) => status === "DIVERGED"),
    numericOnly: count(({ status, class: kind }) => status === "PASS" && kind === "numeric only"),
    cannotReplay: count((each) => each.status === "CANNOT_REPLAY" && !isSetAside(each)),
    corrupt: count(({ status }) => status === "CORRUPT"),
    staleSchema: count(({ status }) => status === "STALE_SCHEMA"),
    obsolete: count(({ class: kind }) => kind === "obsolete"),
    missing: count(({ class: kind }) => kind === "golden missing"),
    written: count(({ written }) => written !== null),
  };
}

/** `sim verify` as people read it (reports.md 4.6): the counts, then each golden that is not simply the same. */
export function verifyText(verification: Verification, options: VerifyTextOptions): string {
  const { paint, width } = options;
  const counts = countsOf(verification);
  const told: (readonly [name: string, count: number])[] = [
    ["scenarios", counts.scenarios],
    ["goldens", counts.goldens],
    ["passed", counts.passed],
    ["diverged", counts.diverged],
    ["obsolete", counts.obsolete],
  ];
  const further: typeof told = [
    ["missing", counts.missing],
    ["numeric only", counts.numericOnly],
    ["cannot replay", counts.cannotReplay],
    ["corrupt", counts.corrupt],
    ["stale schema", counts.staleSchema],
    ["written", counts.written],
  ];
  const numbers = [...told, ...further.filter(([, count]) => count > 0)].map(([name, count]) => `${name} ${count}`);
  const head = `sim verify ${visibleText(options.goldens)}   ${numbers.join("   ")}   exit ${options.exit}`;
  const lines = [paint("strong", head)];
  if (counts.goldens === 0) lines.push(paint("fail", "!! nothing to verify: no golden and no scenario that needs one"));
  const clip = (text: string) => truncate(text, width);
  for (const problem of verification.problems) lines.push(paint("fail", clip(`!! ${safe(problem)}`)));
  for (const outcome of verification.outcomes) lines.push(...outcomeLines(outcome, { ...options, width }));
  return `${lines.join("\n")}\n`;
}

function safe(problem: Problem): string {
  return visibleText(formatProblem(problem));
}

function outcomeLines(outcome: Outcome, { paint, width }: VerifyTextOptions): string[] {
  const { divergence, status, written, notes } = outcome;
  const name = visibleText(nameOf(outcome));
  const clip = (text: string) => truncate(text, width);
  const noteLines = notes.map((note) => clip(`   note: ${visibleText(note)}`));
  if (written !== null) {
    const was = outcome.class === null ? "" : `   was: ${outcome.class}`;
    return [paint("ok", clip(`ok ${name}  golden ${written === "new" ? "written" : "rewritten"}${was}`))];
  }
  if (divergence !== null) {
    const isNumeric = divergence.class === "numeric only" && status === "PASS";
    const sign = isNumeric ? "--" : "!!";
    return [
      paint(isNumeric ? "warn" : "fail", clip(`${sign} ${name}  ${headline(divergence, outcome)}`)),
      ...divergenceLines(divergence, outcome).map(clip),
      ...noteLines,
    ];
  }
  if (status === "PASS") return notes.length === 0 ? [] : [paint("warn", `-- ${name}`), ...noteLines];
  const isFailure = outcome.exit !== 0;
  const sign = isFailure ? "!!" : "--";
  return [
    paint(isFailure ? "fail" : "warn", clip(`${sign} ${name}  ${status}: ${outcome.class}`)),
    ...outcome.problems.map((problem) => `   ${safe(problem)}`),
  ];
}

/** `regime-flip/z-score`: the golden as people call it. */
export function nameOf({ golden }: Outcome): string {
  return golden
    .replaceAll("\\", "/")
    .replace(/\.ndjson$/, "")
    .replace(/^(?:\.\/)?goldens\//, "");
}

export function headline(divergence: Divergence, { numericCount }: Outcome): string {
  const { decision, ofDecisions, tsMs } = divergence;
  const what =
    divergence.class === "numeric only"
      ? `${grouped(numericCount)} decisions with the same outcome and other measures, first at`
      : "first divergence at";
  return `${what} decision ${grouped(decision)} of ${grouped(ofDecisions)}   ${new Date(tsMs).toISOString()}`;
}

const LABEL_MIN = 36;
const VALUE_MIN = 12;
/** What is longer pushes its line to the right, and no other. */
const VALUE_MAX = 36;

/** The lines below the headline, visible text. */
export function divergenceLines(divergence: Divergence, outcome: Outcome): string[] {
  const { seq, entry, recording, stage, event, fields, stateBefore, sameUntil, before, chain, later, effect } =
    divergence;
  const subject = [
    divergence.id === null ? stage : `${subjectOf(divergence)} ${divergence.id}`,
    divergence.symbol ?? "",
  ];
  const told = `   ${subject.join("  ").trimEnd()} ${divergence.evalType ?? ""}`.trimEnd();
  const widths = [
    Math.max(LABEL_MIN, displayWidth(told) + 1),
    widthOf(fields.map(({ golden }) => golden)),
    widthOf(fields.map(({ now }) => now)),
  ] as const;
  const lines = [
    `   class: ${divergence.class}   stage: ${stage}   recording: ${recording}   seq: ${grouped(seq)}` +
      (entry === null ? "" : `   stream entry: ${entry}`) +
      (event === null ? "" : `   on: ${event}`),
    columns(widths, told, "golden", "now", ""),
    ...fields.map(({ field, golden, now, isEqual }, place) => {
      const state = place === fields.length - 1 ? `state hash before: ${stateBefore}` : "";
      return columns(widths, `     ${field}`, golden, now, [isEqual ? "=" : " ", state].join("   ").trimEnd());
    }),
  ];
  if (sameUntil !== null) {
    const place = `decision ${grouped(sameUntil.decision)}, seq ${grouped(sameUntil.seq)}, ${clockText(sameUntil.tsMs)}`;
    lines.push(`   same until: ${place}  ${sameUntil.text}`);
  }
  if (before.length > 0) lines.push("   events before it:");
  for (const each of before) lines.push(`     ${clockText(each.tsMs)}  seq ${grouped(each.seq)}  ${each.text}`);
  if (chain.length > 0) lines.push(`   chain${divergence.chainOf === "golden" ? " (of the golden)" : ""}:`);
  for (const link of chain) {
    lines.push(
      `     ${clockText(link.tsMs)}  seq ${grouped(link.seq)}  ${link.what}  ${link.text}  ${link.detail}`.trimEnd(),
    );
  }
  lines.push(`   cause: ${divergence.cause}`);
  lines.push(`   later: ${laterText(later, divergence.laterLines.length > 0)}`);
  for (const line of divergence.laterLines) lines.push(`     ${line}`);
  lines.push(
    `   effect: ${effect.join(", ")}`,
    `   accept: sim verify ${outcome.golden} --update --because "..."      (refused when CI is set)`,
  );
  return lines.map(visibleText);
}

function subjectOf({ type }: Divergence): string {
  return type.startsWith("intent.") ? "intent" : "plan";
}

function columns(
  [labelWidth, goldenWidth, nowWidth]: readonly [number, number, number],
  label: string,
  golden: string,
  now: string,
  sign: string,
): string {
  return `${padEnd(label, labelWidth)} ${padEnd(golden, goldenWidth)} ${padEnd(now, nowWidth)} ${sign}`.trimEnd();
}

function widthOf(texts: readonly string[]): number {
  const widths = texts.map((text) => displayWidth(visibleText(text))).filter((width) => width <= VALUE_MAX);
  return Math.max(VALUE_MIN, ...widths) + 1;
}

function laterText(later: Divergence["later"], isListed: boolean): string {
  const total = Object.values(later).reduce((sum, count) => sum + count, 0);
  if (total === 0) return "nothing else differs";
  const kinds = Object.entries(later).map(([kind, count]) => `${grouped(count)} ${kind}`);
  const listed = isListed ? "" : "  (not listed; --all)";
  return `${grouped(total)} more differ after it: ${kinds.join(", ")}${listed}`;
}
