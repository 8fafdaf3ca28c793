import { numberText } from "../../format.ts";
import { governorFigure } from "../charts/governor-chart.ts";
import { html, joined, type Markup } from "../markup.ts";
import type { ReportModel } from "../report-model.ts";
import { table } from "../tables.ts";
import { perVariant } from "./per-variant.ts";

/** The governor on the score: entries and exits in panels of their own, and the terms its rule used. */
export function governorSection(model: ReportModel): Markup {
  return perVariant(model, ({ summary, series }) => {
    const panels = (["ENTRY", "EXIT", "UNKNOWN"] as const).flatMap(
      (evalType) => governorFigure(series, evalType) ?? [],
    );
    if (panels.length === 0) return html`<p>The governor judged nothing.</p>`;
    const rows = summary.governor.flatMap(({ governor, evalType, terms }) =>
      terms.map(({ name, n, min, median, max }) => [
        name,
        `${governor} ${evalType}`,
        n,
        ...[min, median, max].map((value) => (value === null ? null : numberText(value))),
      ]),
    );
    return joined([
      ...panels,
      rows.length === 0
        ? null
        : table(["term", "rule", "n", "least", "median", "greatest"], rows, {
            textColumns: [0, 1],
            caption: "Terms of the rule over the run",
          }),
    ]);
  });
}
