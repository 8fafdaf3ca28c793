import { formatDurationMs } from "../../engine/domain/duration.ts";
import type { RunComparison } from "../comparison.ts";
import { evidenceText, type Finding, findingKinds, kindCounts, notedFindings } from "../findings/index.ts";
import { grouped, moneyText, timeText } from "../format.ts";
import type { RunSummary, TerminalState, ThresholdResult } from "../summary/schema.ts";
import { visibleText } from "../visible-text.ts";

const CHANGES_SHOWN = 5;
const VARIANTS_SHOWN = 10;
const WARNINGS_SHOWN = 4;
const GAPS_SHOWN = 3;
const FINDINGS_SHOWN = 5;
const FINDING_SIGN = { error: "!!", warn: "!", info: "-" } as const;
const THRESHOLDS_SHOWN = 9;

const STATES: readonly (readonly [string, readonly TerminalState[]])[] = [
  ["executed", ["FILLED", "PARTIAL"]],
  ["blocked by policy", ["BLOCKED_POLICY"]],
  ["blocked by infrastructure", ["BLOCKED_INFRA"]],
  ["refused by venue", ["REJECTED_VENUE"]],
  ["ended otherwise", ["REJECTED_INPUT", "SKIPPED", "EXPIRED", "ERROR"]],
  ["in flight at end", ["IN_FLIGHT"]],
];

const ORDER: readonly ThresholdResult["status"][] = ["fail", "no_data", "skipped", "ok"];
const SIGN: Readonly<Record<ThresholdResult["status"], string>> = {
  ok: "ok",
  fail: "!!",
  no_data: "??",
  skipped: "--",
};

/** A run for a step summary or a comment: GitHub-flavoured Markdown, at most 60 lines, equal runs equal bytes. */
export function renderMarkdown(
  summaries: readonly RunSummary[],
  comparison: RunComparison | null,
  findings: readonly (readonly Finding[])[] = summaries.map(notedFindings),
  gaps: readonly string[] = [],
): string {
  const { run, evidence } = summaries[0]!;
  const lines = [
    `### ${cell(run.scenario)}: ${verdictText(summaries)}`,
    "",
    `run ${codeSpan(run.id)}, recording ${cell(run.recording)} @${run.recordingHash.slice(0, 8)}, ${timeText(run.startTsMs)} + ${formatDurationMs(run.spanMs)}, evidence **${evidence.badge}**${run.partial ? ", **PARTIAL**" : ""}`,
    "",
    ...gapLines(gaps),
    ...findingLines(summaries, findings),
    ...(summaries.length === 1 ? funnelTable(summaries[0]!) : variantTable(summaries)),
    ...changeLines(comparison),
    ...thresholdTable(summaries),
    ...warningLines(summaries),
  ];
  return `${lines.join("\n").trimEnd()}\n`;
}

function verdictText(summaries: readonly RunSummary[]): string {
  const all = summaries.flatMap(({ thresholds }) => thresholds);
  const count = (wanted: ThresholdResult["status"]) => all.filter(({ status }) => status === wanted).length;
  const thresholds =
    all.length === 0 ? "no thresholds" : `${count("ok")} ok, ${count("fail")} failed, ${count("no_data")} no data`;
  const [first] = summaries as [RunSummary];
  const what =
    summaries.length > 1
      ? `${summaries.length} variants`
      : `${grouped(first.execution.ordersFilled)} orders filled of ${grouped(first.execution.executePlans)} plans that said EXECUTE`;
  return `${what}; ${thresholds}`;
}

function funnelTable(summary: RunSummary): string[] {
  const columns = summary.funnel;
  const rows: string[][] = [
    ["intents and requests", ...columns.map(({ intents, requests }) => grouped(intents + requests))],
    [
      "evaluations (episodes)",
      ...columns.map(({ evaluations, episodes }) => `${grouped(evaluations)} (${grouped(episodes)})`),
    ],
    ...STATES.map(([label, states]) => [
      label,
      ...columns.map(({ terminals }) =>
        grouped(terminals.filter(({ state }) => states.includes(state)).reduce((sum, { count }) => sum + count, 0)),
      ),
    ]),
    ["unaccounted", ...columns.map(({ unaccounted }) => grouped(unaccounted.count))],
  ];
  return [...table(["what happened", ...columns.map(({ evalType }) => evalType)], rows), netLine(summary), ""];
}

function netLine({ money }: RunSummary): string {
  return `Net ${moneyText(money.netPnlQuote)} USDT after ${moneyText(money.feesQuote)} fees and ${moneyText(money.fundingQuote)} funding, ${grouped(money.trades)} trades.`;
}

function variantTable(summaries: readonly RunSummary[]): string[] {
  const executed = (summary: RunSummary, evalType: string) => {
    const column = summary.funnel.find((each) => each.evalType === evalType);
    if (column === undefined) return "-";
    const filled = column.terminals.filter(({ state }) => state === "FILLED" || state === "PARTIAL");
    return `${grouped(filled.reduce((sum, { count }) => sum + count, 0))} of ${grouped(column.intents + column.requests)}`;
  };
  const rows = summaries
    .slice(0, VARIANTS_SHOWN)
    .map((summary) => [
      cell(summary.run.variant),
      executed(summary, "ENTRY"),
      executed(summary, "EXIT"),
      moneyText(summary.money.netPnlQuote),
      moneyText(summary.money.maxDrawdownMarkedQuote ?? summary.money.maxDrawdownQuote),
    ]);
  const header = ["variant", "entries executed", "exits executed", "net USDT", "worst drawdown USDT"];
  const left = summaries.length - rows.length;
  return [...table(header, rows), ...(left > 0 ? [`${left} more variants in summary.json of their folders.`, ""] : [])];
}

/** What the files could not tell, before any number. */
function gapLines(gaps: readonly string[]): string[] {
  if (gaps.length === 0) return [];
  const left = gaps.length - GAPS_SHOWN;
  return [
    ...gaps.slice(0, GAPS_SHOWN).map((gap) => `- ?? ${cell(gap)}`),
    ...(left > 0 ? [`- ?? ${left} more in report.html`] : []),
    "",
  ];
}

/** The gravest kinds, each in one line with the command that shows it. */
function findingLines(summaries: readonly RunSummary[], findings: readonly (readonly Finding[])[]): string[] {
  const kinds = findingKinds(
    summaries.map(({ run }, place) => ({ variant: run.variant, findings: findings[place] ?? [] })),
  );
  if (kinds.length === 0) return [];
  const lines = kinds.slice(0, FINDINGS_SHOWN).map(({ code, severity, first, variants }) => {
    const where = variants.length === summaries.length ? "" : ` [${cell(variants.join(", "))}]`;
    return `- ${FINDING_SIGN[severity]} **${cell(code)}**${where} ${cell(first.text)} (${cell(evidenceText(first))}); ${cell(first.advice)}: ${codeSpan(first.command)}`;
  });
  const left = kinds.length - lines.length;
  return [`**Findings**: ${kindCounts(kinds)}${left > 0 ? `; ${left} more in report.html` : ""}.`, "", ...lines, ""];
}

/** Only for the first candidate: each further one has as many, and a comment has 60 lines. */
function changeLines(comparison: RunComparison | null): string[] {
  const candidate = comparison?.candidates[0];
  if (candidate === undefined) return [];
  const ending = ({ state, reason }: { state: string; reason: string }) =>
    state === "FILLED" ? state : `${state} (${cell(reason)})`;
  return [
    `**${cell(candidate.baseline)} against ${cell(candidate.candidate)}**: ${grouped(candidate.changed)} decisions changed, ${grouped(candidate.same)} the same.`,
    "",
    ...table(
      ["first changes", "symbol", "kind", cell(candidate.baseline), cell(candidate.candidate)],
      candidate.changes
        .slice(0, CHANGES_SHOWN)
        .map((change) => [
          timeText(change.tsMs),
          cell(change.symbol),
          change.evalType,
          ending(change.from),
          ending(change.to),
        ]),
    ),
  ];
}

function thresholdTable(summaries: readonly RunSummary[]): string[] {
  const all = summaries.flatMap(({ run, thresholds }) =>
    thresholds.map((result) => ({ variant: run.variant, result })),
  );
  if (all.length === 0) return [];
  // The order of the file holds within a status; the sort is stable.
  const sorted = [...all].sort((left, right) => ORDER.indexOf(left.result.status) - ORDER.indexOf(right.result.status));
  const rows = sorted
    .slice(0, THRESHOLDS_SHOWN)
    .map(({ variant, result }) => [
      SIGN[result.status],
      codeCell(result.metric),
      codeCell(result.expr),
      cell(result.text),
      cell(variant),
    ]);
  const left = all.length - rows.length;
  return [
    ...table(["", "threshold", "needed", "found", "variant"], rows),
    ...(left > 0 ? [`${left} more thresholds in junit.xml.`, ""] : []),
  ];
}

function warningLines(summaries: readonly RunSummary[]): string[] {
  const texts = [...new Set(summaries.flatMap(({ warnings }) => warnings.map(({ text }) => text)))];
  return texts.slice(0, WARNINGS_SHOWN).map((text) => `- ${cell(text)}`);
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return [];
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(header), line(header.map((_, index) => (index === 0 ? "---" : "---:"))), ...rows.map(line), ""];
}

/** Between more backticks than it holds in a row, so that none ends it. */
function codeSpan(text: string): string {
  const visible = visibleText(text);
  const longest = Math.max(0, ...[...visible.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return longest === 0 ? `${fence}${visible}${fence}` : `${fence} ${visible} ${fence}`;
}

/** In a cell a bar ends even a code span. */
function codeCell(text: string): string {
  return codeSpan(text).replaceAll("|", "\\|");
}

/** Texts come from streams: none may begin markup, a mention, or another cell. */
function cell(text: string): string {
  return visibleText(text)
    .replace(/[&<>]/g, (character) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[character]!)
    .replace(/[\\`*_[\]()#|~!@]/g, "\\$&");
}
