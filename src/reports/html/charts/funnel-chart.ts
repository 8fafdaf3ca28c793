import { sankey, sankeyLinkHorizontal } from "d3-sankey";
import { grouped } from "../../format.ts";
import type { FunnelColumn, RunSummary, TerminalState } from "../../summary/schema.ts";
import { escapeText, type Markup } from "../markup.ts";
import { table } from "../tables.ts";
import { accessible, CHART_WIDTH, figure } from "./drawing.ts";

const STATE_WORDS: Readonly<Record<TerminalState, string>> = {
  FILLED: "filled",
  PARTIAL: "partly filled",
  BLOCKED_POLICY: "blocked by policy",
  BLOCKED_INFRA: "blocked by infrastructure",
  REJECTED_VENUE: "refused by the venue",
  REJECTED_INPUT: "rejected input",
  SKIPPED: "skipped",
  EXPIRED: "expired",
  ERROR: "error",
  IN_FLIGHT: "in flight at the end",
};

const STATE_COLOURS: Readonly<Partial<Record<TerminalState, string>>> = {
  FILLED: "var(--executed)",
  PARTIAL: "var(--executed)",
  BLOCKED_POLICY: "var(--blocked)",
  REJECTED_VENUE: "var(--venue)",
  ERROR: "var(--loss)",
};

/** Reasons with a band of their own; the rest is one band, and the table below has them all. */
const REASONS_MAX = 12;

interface Node {
  readonly id: string;
  readonly label: string;
  readonly colour: string;
}

interface Link {
  readonly source: string;
  readonly target: string;
  readonly value: number;
  readonly count: number;
  readonly colour: string;
}

/**
 * Where every intent and every other request ended, one picture per kind of evaluation, with the sum checked: what went in
 * is what came out. `null` when nothing of the kind was asked for.
 */
export function funnelFigure(summary: RunSummary, column: FunnelColumn): Markup | null {
  const asked = column.intents + column.requests;
  if (asked === 0) return null;
  const ended = column.terminals.reduce((sum, { count }) => sum + count, 0) + column.unaccounted.count;
  const filled = column.terminals.filter(({ state }) => state === "FILLED" || state === "PARTIAL");
  const executed = filled.reduce((sum, { count }) => sum + count, 0);
  const described = {
    title: `What became of every ${column.evalType} of ${summary.run.variant}`,
    finding: `${column.evalType}: ${grouped(executed)} of ${grouped(asked)} were executed. ${
      ended === asked && column.unaccounted.count === 0
        ? `Every one is accounted for: ${grouped(asked)} in, ${grouped(ended)} out.`
        : `${grouped(column.unaccounted.count + Math.max(0, asked - ended))} are NOT accounted for.`
    }`,
  };
  const rows = [
    ...column.terminals.flatMap(({ state, byReason }) =>
      byReason.map(({ reason, count, symbols, symbolCount }) => [
        STATE_WORDS[state],
        reason,
        count,
        symbols.join(", ") + (symbolCount > symbols.length ? ` +${symbolCount - symbols.length}` : ""),
      ]),
    ),
    ...column.unaccounted.byReason.map(({ reason, count, symbols }) => [
      "unaccounted",
      reason,
      count,
      symbols.join(", "),
    ]),
  ];
  const numbers = table(["ended as", "reason", "count", "symbols"], rows, { textColumns: [0, 1, 3] });
  return figure(accessible(draw(column, asked), described.title, described.finding), described, numbers);
}

function draw(column: FunnelColumn, asked: number): string {
  const nodes: Node[] = [];
  const links: Link[] = [];
  const node = (id: string, label: string, colour: string): string => {
    if (!nodes.some((each) => each.id === id)) nodes.push({ id, label, colour });
    return id;
  };
  const link = (source: string, target: string, count: number, colour: string): void => {
    // A band is at least two pixels high, however rare; its number says how many it really is.
    links.push({ source, target, value: Math.max(count, asked / 100), count, colour });
  };
  const root = node("asked", `${column.evalType} asked for`, "var(--line)");
  const unaccounted = column.unaccounted.count;
  const states = column.terminals.filter(({ count }) => count > 0);
  const reasons = states
    .flatMap(({ state, byReason }) => byReason.map((each) => ({ state, ...each })))
    .sort((left, right) => right.count - left.count || (left.reason < right.reason ? -1 : 1));
  const shown = new Set(reasons.slice(0, reasons.length > REASONS_MAX ? REASONS_MAX - 1 : REASONS_MAX));
  for (const { state, count } of states) {
    const colour = STATE_COLOURS[state] ?? "var(--infra)";
    link(root, node(state, STATE_WORDS[state], colour), count, colour);
    if (state === "FILLED") continue;
    const others = { count: 0, kinds: 0 };
    for (const reason of reasons.filter((each) => each.state === state)) {
      if (shown.has(reason))
        link(state, node(`${state} ${reason.reason}`, reason.reason, colour), reason.count, colour);
      else {
        others.count += reason.count;
        others.kinds += 1;
      }
    }
    if (others.count > 0) {
      link(state, node(`${state} other`, `${others.kinds} other reasons`, colour), others.count, colour);
    }
  }
  if (unaccounted > 0) link(root, node("unaccounted", "NOT accounted for", "var(--loss)"), unaccounted, "var(--loss)");
  const height = Math.max(120, 34 * Math.max(states.length, Math.min(REASONS_MAX, reasons.length)));
  const layout = sankey<Node, Link>()
    .nodeId(({ id }) => id)
    .nodeWidth(12)
    .nodePadding(16)
    .nodeSort(null)
    .extent([
      [4, 10],
      [CHART_WIDTH - 300, height - 10],
    ])({ nodes: nodes.map((each) => ({ ...each })), links: links.map((each) => ({ ...each })) });
  const path = sankeyLinkHorizontal();
  const bands = layout.links.map((each) => {
    const d = path(each as never) ?? "";
    return `<path d="${d}" fill="none" stroke="${each.colour}" stroke-opacity="0.4" stroke-width="${Math.max(2, each.width ?? 2)}"></path>`;
  });
  const boxes = layout.nodes.map(({ x0 = 0, x1 = 0, y0 = 0, y1 = 0, label, colour, id }) => {
    const count =
      id === "asked" ? asked : links.filter(({ target }) => target === id).reduce((sum, l) => sum + l.count, 0);
    const text = `${escapeText(label)} ${grouped(count)}`;
    return (
      `<rect x="${x0}" y="${y0}" width="${x1 - x0}" height="${Math.max(2, y1 - y0)}" fill="${colour}"></rect>` +
      `<text x="${x1 + 6}" y="${(y0 + y1) / 2}" dy="0.35em" fill="currentColor" font-size="12">${text}</text>`
    );
  });
  return `<svg viewBox="0 0 ${CHART_WIDTH} ${height}" width="${CHART_WIDTH}" height="${height}" font-family="system-ui, sans-serif">${bands.join("")}${boxes.join("")}</svg>`;
}
