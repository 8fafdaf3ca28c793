import { grouped } from "../format.ts";
import { html, type Markup } from "./markup.ts";

type Cell = string | number | Markup | null;

/** Rows a table shows; the rest is in the run's files, and the table says how many. */
export const ROWS_SHOWN = 500;

export interface TableOptions {
  readonly caption?: string;
  /** Columns that hold text; all others are right-aligned numbers. The first one is text unless told. */
  readonly textColumns?: readonly number[];
  /** How many rows there are, when fewer are given. */
  readonly total?: number;
  readonly isSortable?: boolean;
}

/** A table with a caption, scoped heads, and a line about what it leaves out. */
export function table(
  heads: readonly string[],
  rows: readonly (readonly Cell[])[],
  options: TableOptions = {},
): Markup {
  const { caption, textColumns = [0], isSortable = true } = options;
  const total = options.total ?? rows.length;
  const shown = rows.slice(0, ROWS_SHOWN);
  // Said once of the table: a class in every cell would be a third of the page.
  const classes = [...(isSortable ? ["sortable"] : []), ...textColumns.map((column) => `t${column}`)];
  return html`<div class="wide" tabindex="0" role="region" aria-label="${caption ?? heads.join(", ")}"><table class="${classes.join(" ")}">${
    caption === undefined ? null : html`<caption>${caption}</caption>`
  }<thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead><tbody>${shown.map(
    (row) =>
      html`<tr>${row.map((cell, column) =>
        column === 0
          ? html`<th scope="row">${cell ?? "-"}</th>`
          : html`<td>${typeof cell === "number" ? grouped(cell) : (cell ?? "-")}</td>`,
      )}</tr>`,
  )}</tbody></table></div>${
    total > shown.length
      ? html`<p class="note">${grouped(shown.length)} of ${grouped(total)} rows; all are in the run's files.</p>`
      : null
  }`;
}

/** The numbers behind a picture. */
export function numberTable(heads: readonly string[], rows: readonly (readonly string[])[]): Markup {
  return table(heads, rows, { isSortable: false });
}
