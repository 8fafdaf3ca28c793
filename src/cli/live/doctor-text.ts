import type { LaneAnswer, LaneCause } from "../../reports/doctor/lane-answers.ts";
import { clockText, durationText, percentText } from "../../reports/format.ts";
import type { Paint } from "../../reports/terminal/table.ts";
import { visibleText } from "../../reports/visible-text.ts";
import type { SessionDocument } from "./session-document.ts";

const FINDINGS_SHOWN = 8;
const CAUSES_SHOWN = 8;
const SIGN = { error: "!!", warn: "! ", info: "  " } as const;
const STYLE = { error: "fail", warn: "warn", info: "dim" } as const;

/** Identity first, then each answer with its causes, then what the findings engine noticed beside. */
export function doctorText(
  { source, running, findings: session }: SessionDocument,
  answers: readonly LaneAnswer[],
  findings: SessionDocument["findings"]["findings"],
  paint: Paint,
): string {
  const { runId, startTsMs, lastTsMs, entries, isEnded } = session;
  const span = lastTsMs === null ? "nothing yet" : `${durationText(lastTsMs - startTsMs)} to ${clockText(lastTsMs)}`;
  const state = running === null ? (isEnded ? "ended" : "not asked whether it runs") : running.state;
  const lines = [paint("heading", `${runId}  ${source}  ${state}  ${entries} entries, ${span}`)];
  for (const reason of running?.notReady ?? []) lines.push(paint("warn", `!! not ready   ${visibleText(reason)}`));
  for (const each of answers) lines.push(...answerLines(each, paint));
  const shown = findings.slice(0, FINDINGS_SHOWN);
  if (shown.length > 0) lines.push(paint("strong", "findings"));
  for (const { severity, code, text, command, advice } of shown) {
    lines.push(paint(STYLE[severity], ` ${SIGN[severity]} ${code}  ${visibleText(text)}`));
    lines.push(`      -> ${visibleText(advice)}`, paint("dim", `      ${visibleText(command)}`));
  }
  if (findings.length > shown.length) lines.push(` ${findings.length - shown.length} more with --json`);
  return `${lines.join("\n")}\n`;
}

function answerLines({ question, answer, causes, notTheCause }: LaneAnswer, paint: Paint): string[] {
  const lines = [`${paint("strong", question.padEnd(12))} ${visibleText(answer)}`];
  const shown = causes.slice(0, CAUSES_SHOWN);
  for (const [index, cause] of shown.entries()) lines.push(`  ${index + 1} ${visibleText(causeText(cause))}`);
  if (causes.length > shown.length) lines.push(`    and ${causes.length - shown.length} more reasons with --json`);
  if (notTheCause.length > 0) lines.push(paint("dim", `  not the cause   ${visibleText(notTheCause.join("; "))}`));
  return lines;
}

function causeText({ reason, share, n, meaning, symbols, example }: LaneCause): string {
  const names = symbols.length === 0 ? "" : `  ${symbols.join(", ")}`;
  const id = example === "" ? "" : `  e.g. ${example}`;
  return `${reason}  ${percentText(share)} (${n})${names}  ${meaning}${id}`;
}
