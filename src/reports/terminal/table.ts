import { visibleText } from "../visible-text.ts";
import { displayWidth, padEnd, padStart, truncate } from "./display-width.ts";

export type Style = "heading" | "ok" | "fail" | "warn" | "dim" | "strong";

/** Adds colour to finished text; identity when there is none. Widths are measured before. */
export type Paint = (style: Style, text: string) => string;

export const plainPaint: Paint = (_style, text) => text;

export interface Column {
  readonly header: string;
  /** What the notice of dropped columns calls it; the header unless told. */
  readonly name?: string;
  readonly align: "left" | "right";
  /** Neighbours with the same group share a line above the heads, e.g. the name of a variant. */
  readonly group?: string;
  /** Columns with a higher number are dropped first when the width does not suffice; 0 is never dropped. */
  readonly dropOrder: number;
  /** May be cut to this many columns (never below) to fit instead of being dropped. */
  readonly widthMin?: number;
}

export interface Row {
  readonly cells: readonly string[];
  readonly style?: Style;
}

export interface TableOptions {
  readonly width: number;
  readonly paint: Paint;
  readonly indent?: number;
  /** Style of the header line; `heading` unless told. */
  readonly headerStyle?: Style;
}

const GAP = 2;

/**
 * Lines of a table no wider than `width`: numbers right aligned, nothing wrapped. What does not fit is first cut down to
 * the columns' stated minima, then columns are dropped in their stated order. Cells are made visible here, so hostile text cannot reach the terminal through a table. A dropped
 * column is named in a last line, because a silently missing number is a wrong report.
 */
export function renderTable(columns: readonly Column[], rows: readonly Row[], options: TableOptions): string[] {
  const indent = options.indent ?? 0;
  const cells = rows.map((row) => columns.map((_column, index) => visibleText(row.cells[index] ?? "")));
  const natural = columns.map((column, index) =>
    Math.max(displayWidth(column.header), ...cells.map((row) => displayWidth(row[index]!)), 0),
  );
  const kept = fitColumns(columns, natural, options.width - indent);
  const widths = new Map(kept.widths);
  const line = (texts: readonly string[]) => {
    const parts = kept.indices.map((index) => {
      const text = truncate(texts[index]!, widths.get(index)!);
      return columns[index]!.align === "right" ? padStart(text, widths.get(index)!) : padEnd(text, widths.get(index)!);
    });
    return (" ".repeat(indent) + parts.join(" ".repeat(GAP))).trimEnd();
  };
  const lines: string[] = [];
  const groupLine = groupHeads(columns, kept, options.width - indent);
  if (groupLine !== "") lines.push(options.paint(options.headerStyle ?? "heading", " ".repeat(indent) + groupLine));
  if (columns.some(({ header }) => header !== "")) {
    lines.push(options.paint(options.headerStyle ?? "heading", line(columns.map(({ header }) => visibleText(header)))));
  }
  rows.forEach((row, index) => {
    const text = line(cells[index]!);
    lines.push(row.style === undefined ? text : options.paint(row.style, text));
  });
  if (kept.dropped.length > 0) {
    const names = [...new Set(kept.dropped.map((index) => nameOf(columns[index]!)))].join(", ");
    lines.push(
      options.paint("dim", truncate(`${" ".repeat(indent)}not shown at this width: ${names} (--wide)`, options.width)),
    );
  }
  return lines;
}

function nameOf({ group, name, header }: Column): string {
  return visibleText([group, name ?? header].filter((part) => part !== undefined && part !== "").join(" ")) || "notes";
}

/** Each group's name right aligned over its columns, cut to their span; empty without groups. */
function groupHeads(columns: readonly Column[], fit: Fit, width: number): string {
  if (fit.indices.every((index) => columns[index]!.group === undefined)) return "";
  const widths = new Map(fit.widths);
  const parts: { name: string; width: number }[] = [];
  for (const index of fit.indices) {
    const name = columns[index]!.group ?? "";
    const last = parts[parts.length - 1];
    if (last !== undefined && last.name === name) last.width += GAP + widths.get(index)!;
    else parts.push({ name, width: widths.get(index)! });
  }
  const text = parts.map((part) => padStart(truncate(visibleText(part.name), part.width), part.width));
  return truncate(text.join(" ".repeat(GAP)).trimEnd(), width);
}

interface Fit {
  readonly indices: number[];
  readonly widths: [index: number, width: number][];
  readonly dropped: number[];
}

function fitColumns(columns: readonly Column[], natural: readonly number[], width: number): Fit {
  const indices = columns.map((_column, index) => index);
  const dropped: number[] = [];
  const needed = () => indices.reduce((sum, index) => sum + natural[index]!, 0) + GAP * Math.max(0, indices.length - 1);
  const shrinkable = () =>
    indices.reduce((sum, index) => {
      const least = columns[index]!.widthMin;
      return sum + (least === undefined ? 0 : Math.max(0, natural[index]! - least));
    }, 0);
  while (needed() - shrinkable() > width) {
    const victim = indices
      .filter((index) => columns[index]!.dropOrder > 0)
      .sort((left, right) => columns[right]!.dropOrder - columns[left]!.dropOrder || right - left)[0];
    if (victim === undefined) break;
    indices.splice(indices.indexOf(victim), 1);
    dropped.push(victim);
  }
  let excess = needed() - width;
  const widths: [number, number][] = indices.map((index) => [index, natural[index]!]);
  // From the right, so that names on the left stay whole the longest.
  for (const entry of [...widths].reverse()) {
    if (excess <= 0) break;
    const least = columns[entry[0]]!.widthMin;
    if (least === undefined) continue;
    const cut = Math.min(excess, Math.max(0, entry[1] - least));
    entry[1] -= cut;
    excess -= cut;
  }
  // Nothing left to drop or cut: the last text column gives way, because a line never wraps.
  for (const entry of [...widths].reverse()) {
    if (excess <= 0) break;
    const cut = Math.min(excess, Math.max(0, entry[1] - 1));
    entry[1] -= cut;
    excess -= cut;
  }
  return { indices, widths, dropped: dropped.sort((left, right) => left - right) };
}
