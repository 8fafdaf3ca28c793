import { durationText, numberText, timeText } from "../../format.ts";
import type { Distribution } from "../../summary/schema.ts";
import { exitWaitFigure } from "../charts/exit-chart.ts";
import { funnelFigure } from "../charts/funnel-chart.ts";
import { html, joined, type Markup } from "../markup.ts";
import type { ReportModel } from "../report-model.ts";
import { table } from "../tables.ts";
import { perVariant } from "./per-variant.ts";

/** Did it execute: one picture per kind of evaluation, never one for both. */
export function executionSection(model: ReportModel): Markup {
  return perVariant(model, ({ summary }) => {
    const pictures = summary.funnel.flatMap((column) => funnelFigure(summary, column) ?? []);
    if (pictures.length === 0) return html`<p>Nothing was asked for: no intent, no exit request.</p>`;
    const { latencies, slippage } = summary.execution;
    const rows = [
      stageRow("intent to plan", latencies.intentToPlan),
      stageRow("plan to permit", latencies.planToPermit),
      stageRow("permit to order", latencies.permitToOrder),
      stageRow("order to result", latencies.orderToResult),
      stageRow("plan to result", latencies.planToResult),
      stageRow("fill to ledger", latencies.fillToLedger),
      ["slippage (bp)", slippage.n, ...[slippage.p50, slippage.p95, slippage.max].map((each) => numberOf(each))],
    ];
    return html`${pictures}${table(["stage", "n", "p50", "p95", "max"], rows, { caption: "How long it took" })}`;
  });
}

const numberOf = (value: number | null) => (value === null ? null : numberText(value, 3));

function stageRow(label: string, { n, p50, p95, max }: Distribution): (string | number | null)[] {
  return [label, n, ...[p50, p95, max].map((value) => (value === null ? null : durationText(value)))];
}

/** Exits that waited: how long, why, and which waited longest. */
export function exitSection(model: ReportModel): Markup {
  return perVariant(model, ({ summary: { exits, run }, series }) => {
    if (exits.episodes === 0) return html`<p>No exit was asked for.</p>`;
    const { blockedTime } = exits;
    const text =
      exits.blockedEpisodes === 0
        ? `All ${exits.episodes} exit episodes passed at once: none was blocked.`
        : `${exits.blockedEpisodes} of ${exits.episodes} exit episodes were blocked; ${exits.releasedEpisodes} were let go later, ${blockedTime.censored} never were. Half waited less than ${
            blockedTime.p50 === null ? "an unknown time" : durationText(blockedTime.p50)
          } (Kaplan-Meier, so those that never passed count).`;
    const rows = exits.longest.map((each) => [
      each.symbol,
      each.evalType,
      each.reason,
      timeText(each.firstTsMs),
      `${each.isCensored ? "at least " : ""}${durationText(each.durationMs)}`,
      each.evaluations,
      each.planId,
    ]);
    return joined([
      html`<p>${text}</p>`,
      exitWaitFigure(run.variant, series.exitWaits),
      rows.length === 0
        ? null
        : table(["symbol", "kind", "reason", "since", "blocked for", "asked", "plan"], rows, {
            textColumns: [0, 1, 2, 3, 6],
            caption: "Longest blocked exits",
          }),
    ]);
  });
}
