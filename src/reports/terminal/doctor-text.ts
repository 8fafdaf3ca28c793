import type { Diagnosis, DoctorAnswer } from "../doctor/diagnosis.ts";
import type { Finding } from "../findings/finding.ts";
import { percentText } from "../format.ts";
import { visibleText } from "../visible-text.ts";
import { foldWords } from "./display-width.ts";
import { type ReportOptions, screenOf } from "./run-report.ts";
import type { Paint, Style } from "./table.ts";

const SIGN = { error: "!!", warn: "! ", info: "  " } as const;
const STYLE: Readonly<Record<Finding["severity"], Style>> = { error: "fail", warn: "warn", info: "dim" };
const CAUSES_SHOWN = 3;
/** Kinds of findings under one heading before the rest is only named: the whole fits a screen. */
const EVIDENCE_SHOWN = 6;
const MISLEADING_SHOWN = 4;
const WIDTH_MAX = 120;

export interface DoctorTextOptions extends Partial<ReportOptions> {
  /** Who was asked, in one line. */
  readonly source: string;
}

/** `sim doctor` on a terminal: answers, what they rest on, what misled, and what else was noticed. */
export function renderDiagnosis(diagnosis: Diagnosis, options: DoctorTextOptions): string {
  const { width: cells, paint } = screenOf(options);
  const wide = options.wide === true;
  const width = Math.min(cells, WIDTH_MAX);
  const { answers, evidence, misleading, others, checks } = diagnosis;
  const lines = [
    ...folded(options.source, width, 0, paint, "dim"),
    paint("heading", "ANSWERS"),
    ...answers.flatMap((answer) => answerLines(answer, width, paint)),
  ];
  const rest: string[] = [];
  const section = (title: string, findings: readonly Finding[], shown: number) => {
    const kinds = [...byCode(findings)];
    const most = wide ? kinds.length : shown;
    if (kinds.length === 0) return;
    lines.push(paint("heading", title));
    for (const [, alike] of kinds.slice(0, most)) lines.push(...findingLines(alike, width, wide, paint));
    for (const [code] of kinds.slice(most)) rest.push(code);
  };
  section("EVIDENCE", evidence, EVIDENCE_SHOWN);
  section("SIGNALS THAT MISLEAD", misleading, MISLEADING_SHOWN);
  if (wide) section("BESIDE THE QUESTION", others, others.length);
  else rest.push(...byCode(others).keys());
  if (rest.length > 0)
    lines.push(...folded(`also noticed (--wide shows them): ${rest.join(", ")}`, width, 1, paint, "dim"));
  lines.push(`checks  ${checks.error} fail  ${checks.warn} warn  ${checks.info} told`);
  return `${lines.join("\n")}\n`;
}

function answerLines({ question, answer, causes, notTheCause }: DoctorAnswer, width: number, paint: Paint): string[] {
  const lines = folded(`${question}: ${answer}`, width, 1, paint, "strong");
  for (const { reason, share, n, symbols } of causes.slice(0, CAUSES_SHOWN)) {
    const names = symbols.length === 0 ? "" : `  ${symbols.join(", ")}`;
    lines.push(...folded(`${percentText(share).padStart(6)}  ${reason} (${n})${names}`, width, 3, paint));
  }
  if (causes.length > CAUSES_SHOWN) lines.push(`   and ${causes.length - CAUSES_SHOWN} more reasons with --json`);
  if (notTheCause.length > 0) lines.push(...folded(`not the cause: ${notTheCause.join("; ")}`, width, 3, paint, "dim"));
  return lines;
}

/** Findings of one kind as one: the first in full, the symbols of the others. */
function findingLines(alike: readonly Finding[], width: number, isWide: boolean, paint: Paint): string[] {
  const [first] = alike as [Finding, ...Finding[]];
  const symbols = [...new Set(alike.slice(1).flatMap(({ symbol }) => symbol ?? []))].filter(
    (each) => each !== first.symbol,
  );
  const more =
    symbols.length === 0 ? (alike.length > 1 ? ` (${alike.length} times)` : "") : ` (also ${symbols.join(", ")})`;
  const told = `${first.text}${more}  [${first.code}: ${first.command}]`;
  const [head = "", ...rest] = foldWords(visibleText(told), width - 4);
  const lines = [
    paint(STYLE[first.severity], ` ${SIGN[first.severity]} ${head}`),
    ...rest.map((line) => `    ${line}`),
  ];
  if (isWide) lines.push(...folded(`-> ${first.advice}`, width, 4, paint));
  return lines;
}

function byCode(findings: readonly Finding[]): Map<string, Finding[]> {
  const kinds = new Map<string, Finding[]>();
  for (const finding of findings) {
    const alike = kinds.get(finding.code);
    if (alike === undefined) kinds.set(finding.code, [finding]);
    else alike.push(finding);
  }
  return kinds;
}

function folded(text: string, width: number, indent: number, paint: Paint, style?: Style): string[] {
  return foldWords(visibleText(text), width - indent - 2).map((line, place) => {
    const whole = `${" ".repeat(place === 0 ? indent : indent + 2)}${line}`;
    return style === undefined ? whole : paint(style, whole);
  });
}
