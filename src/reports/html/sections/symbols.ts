import { grouped } from "../../format.ts";
import { symbolFigure } from "../charts/symbol-chart.ts";
import { html, joined, type Markup } from "../markup.ts";
import type { ReportModel } from "../report-model.ts";

/** Variants whose symbols are drawn; each picture costs tens of kilobytes. */
const VARIANTS_DRAWN = 3;

/** One symbol at a time, every lane of it; without a script all of them below each other. */
export function symbolSection({ variants }: ReportModel): Markup {
  return joined(
    variants.slice(0, VARIANTS_DRAWN).map(({ summary, series }, place) => {
      const { symbols, omittedSymbols, startTsMs, endTsMs } = series;
      const name = summary.run.variant;
      if (symbols.length === 0) return html`<p>Nothing happened to any symbol under ${name}.</p>`;
      const id = `symbol-${place}`;
      return html`<h3>${name}</h3><p class="picker" hidden><label for="${id}">symbol </label><select id="${id}">${symbols.map(
        ({ symbol }) => html`<option value="${symbol}">${symbol}</option>`,
      )}</select></p>${symbols.map(
        (timeline) =>
          html`<div data-picked-by="${id}" data-name="${timeline.symbol}">${symbolFigure(timeline, startTsMs, endTsMs)}</div>`,
      )}${omittedSymbols > 0 ? html`<p class="note">${grouped(omittedSymbols)} quieter symbols are not drawn.</p>` : null}`;
    }),
  );
}
