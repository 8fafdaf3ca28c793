import { formatDurationMs } from "../../../engine/domain/duration.ts";
import { grouped, moneyText, timeText } from "../../format.ts";
import type { RunSummary, ThresholdResult } from "../../summary/schema.ts";
import { html, type Markup } from "../markup.ts";
import type { ReportModel } from "../report-model.ts";
import { table } from "../tables.ts";

const WARNINGS_SHOWN = 5;

/** The identity above everything: which run, of what, with what. */
export function headOf({ variants }: ReportModel): Markup {
  const { run } = variants[0]!.summary;
  return html`<h1>${run.scenario}</h1><p class="quiet">run <span class="id">${run.id}</span> · scenario @${run.scenarioHash.slice(
    0,
    8,
  )} · recording ${run.recording} @${run.recordingHash.slice(0, 8)} · engine ${run.engine} · seeds ${run.seeds.join(
    ", ",
  )} · ${timeText(run.startTsMs)} to ${timeText(run.endTsMs)} (${formatDurationMs(run.spanMs)})${
    run.partial ? html` · <strong>PARTIAL: the run did not reach its end</strong>` : null
  }</p>`;
}

/** Page one: did it execute, what did it bring, what was asked of it, and what must not be misread. */
export function answerSection(model: ReportModel): Markup {
  const { variants } = model;
  const [{ summary: first }] = variants as [ReportModel["variants"][number]];
  const isSingle = variants.length === 1;
  const rows = variants.map(({ summary }) => [
    summary.run.variant,
    executedText(summary, "ENTRY"),
    executedText(summary, "EXIT"),
    executedText(summary, "UNKNOWN"),
    moneyText(summary.money.netPnlQuote),
    moneyText(summary.money.maxDrawdownMarkedQuote ?? summary.money.maxDrawdownQuote),
    thresholdText(summary.thresholds),
  ]);
  const warnings = warningsOf(variants.map(({ summary }) => summary));
  return html`<div class="strip"><p class="verdict">${headline(model)}</p><p><span class="badge">${first.evidence.badge}</span>${evidenceText(
    first,
  )}</p></div>${table(
    [
      "variant",
      "entries executed",
      "exits executed",
      "unknown executed",
      "net (USDT)",
      "worst drawdown (USDT)",
      "thresholds",
    ],
    rows,
    { textColumns: [0, 6], caption: isSingle ? "The run in one line" : "The variants in one line each" },
  )}${warnings.slice(0, WARNINGS_SHOWN).map((text) => html`<p class="warning">${text}</p>`)}${
    warnings.length > WARNINGS_SHOWN
      ? html`<p class="note">${warnings.length - WARNINGS_SHOWN} more warnings in summary.json.</p>`
      : null
  }${model.gaps.map((gap) => html`<p class="warning">${gap}</p>`)}`;
}

function headline({ variants, comparison }: ReportModel): string {
  const failed = variants.reduce(
    (sum, { summary }) => sum + summary.thresholds.filter(({ status }) => status === "fail").length,
    0,
  );
  const unknown = variants.reduce(
    (sum, { summary }) => sum + summary.thresholds.filter(({ status }) => status === "no_data").length,
    0,
  );
  const isAsked = variants.some(({ summary }) => summary.thresholds.length > 0);
  const asked = !isAsked
    ? "No threshold was set."
    : failed > 0
      ? `${failed} ${failed === 1 ? "threshold" : "thresholds"} failed.`
      : unknown > 0
        ? `${unknown} ${unknown === 1 ? "threshold has" : "thresholds have"} no data.`
        : "All thresholds hold.";
  if (variants.length === 1) {
    const { summary } = variants[0]!;
    return `${executedWords(summary)} ${asked}`;
  }
  const changed = comparison?.candidates.filter((candidate) => candidate.changed > 0).length ?? 0;
  return `${variants.length} variants; ${changed} of ${variants.length - 1} decide otherwise than ${variants[0]!.summary.run.variant}. ${asked}`;
}

function executedWords(summary: RunSummary): string {
  const { ordersFilled, executePlans } = summary.execution;
  if (ordersFilled > 0) return `Yes, it executed: ${grouped(ordersFilled)} orders filled.`;
  return executePlans > 0
    ? `Nothing executed, although ${grouped(executePlans)} plans said EXECUTE.`
    : "Nothing executed: no plan said EXECUTE.";
}

function executedText(summary: RunSummary, evalType: "ENTRY" | "EXIT" | "UNKNOWN"): string {
  const column = summary.funnel.find((each) => each.evalType === evalType);
  const asked = (column?.intents ?? 0) + (column?.requests ?? 0);
  if (column === undefined || asked === 0) return "none asked";
  const executed = column.terminals
    .filter(({ state }) => state === "FILLED" || state === "PARTIAL")
    .reduce((sum, { count }) => sum + count, 0);
  return `${grouped(executed)} of ${grouped(asked)}`;
}

function thresholdText(thresholds: readonly ThresholdResult[]): string {
  if (thresholds.length === 0) return "none set";
  const count = (status: ThresholdResult["status"]) => thresholds.filter((each) => each.status === status).length;
  return `${count("ok")} ok, ${count("fail")} failed, ${count("no_data")} no data`;
}

function evidenceText({ evidence }: RunSummary): string {
  const reasons = evidence.reasons.length === 0 ? "" : ` (${evidence.reasons.join("; ")})`;
  return `${grouped(evidence.episodes)} episodes in ${grouped(evidence.bursts)} bursts over ${formatDurationMs(evidence.spanMs)}${reasons}`;
}

/** Each sentence once, with the variants it is about when not all. */
function warningsOf(summaries: readonly RunSummary[]): string[] {
  const whose = new Map<string, string[]>();
  for (const { warnings, run } of summaries) {
    for (const { text } of warnings) whose.set(text, [...(whose.get(text) ?? []), run.variant]);
  }
  return [...whose].map(([text, names]) =>
    names.length === summaries.length ? text : `${text} [${names.join(", ")}]`,
  );
}
