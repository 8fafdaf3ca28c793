import { durationText, grouped, percentText } from "../../format.ts";
import { coverageFigure } from "../charts/coverage-chart.ts";
import { html, joined, type Markup } from "../markup.ts";
import type { ReportModel } from "../report-model.ts";
import { table } from "../tables.ts";
import { perVariant } from "./per-variant.ts";

/** Which symbols had the snapshot they needed, and who starved. */
export function coverageSection(model: ReportModel): Markup {
  return perVariant(model, ({ summary: { coverage }, series }) => {
    const needed = coverage.neededFresh + coverage.neededStale + coverage.neverRanked;
    if (needed === 0) return html`<p>No snapshot was ever needed.</p>`;
    const share = (count: number) => `${grouped(count)} (${percentText(count / needed)})`;
    const { openPositions, cycleCost } = coverage;
    const rows: [string, string][] = [
      ["ranker", coverage.ranker ?? "-"],
      ["cycles", grouped(coverage.cycles)],
      ["needed and fresh", share(coverage.neededFresh)],
      ["needed and stale", share(coverage.neededStale)],
      ["needed and never asked for", share(coverage.neverRanked)],
      [
        "open positions covered",
        typeof openPositions.value === "number" ? percentText(openPositions.value) : `- (${openPositions.reason})`,
      ],
      ["a cycle takes, p50", cycleCost.p50 === null ? "-" : durationText(cycleCost.p50)],
    ];
    return joined([
      table(["measure", "value"], rows, { isSortable: false, textColumns: [0, 1] }),
      coverageFigure(series),
      coverage.starved.length === 0
        ? null
        : table(
            ["why", "times", "symbols"],
            coverage.starved.map(({ reason, count, symbols }) => [reason, count, symbols.join(", ")]),
            { textColumns: [0, 2], caption: "Symbols that starved" },
          ),
    ]);
  });
}
