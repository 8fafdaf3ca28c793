import * as Plot from "@observablehq/plot";
import { durationText, grouped, timeText } from "../../format.ts";
import { html, joined, type Markup } from "../markup.ts";
import type { SeriesPoint } from "../series/run-series.ts";
import { LANES, type LaneEvent, type SymbolTimeline } from "../series/symbol-timeline.ts";
import { table } from "../tables.ts";
import { draw, figure, timeAxis } from "./drawing.ts";

/** Of each symbol; tables of twenty symbols would be most of the page. */
const ROWS_SHOWN = 80;

const COLOURS = { passed: "var(--executed)", stopped: "var(--blocked)", neutral: "var(--infra)" } as const;

const timed = (points: readonly SeriesPoint[]) => points.map(({ tsMs, value }) => ({ x: new Date(tsMs), y: value }));

/** Everything that happened to one symbol, lane by lane under its price and its position. */
export function symbolFigure(timeline: SymbolTimeline, startTsMs: number, endTsMs: number): Markup {
  const { symbol, price, position, ledger, events, eventCount } = timeline;
  const stopped = events.filter(({ outcome }) => outcome === "stopped").length;
  const described = {
    title: `Timeline of ${symbol}`,
    finding: `${symbol}: ${grouped(eventCount)} events, ${grouped(stopped)} of those listed stopped an action; the position ended at ${
      position.at(-1)?.value ?? 0
    } by fills and ${ledger.at(-1)?.value ?? "nothing"} by the ledger.`,
  };
  const x = timeAxis(startTsMs, endTsMs);
  const parts: Markup[] = [];
  if (price.length > 1) {
    parts.push(
      draw(
        {
          height: 120,
          x: { ...x, axis: null },
          y: { label: "price", grid: true, nice: true, ticks: 4 },
          marks: [Plot.lineY(timed(price), { x: "x", y: "y", stroke: "var(--line)" })],
        },
        { title: `Price of ${symbol} when it was looked at`, finding: described.finding },
      ),
    );
  }
  if (position.length > 0 || ledger.length > 0) {
    const end = new Date(endTsMs);
    const held = [...timed(position), ...(position.length > 0 ? [{ x: end, y: position.at(-1)!.value }] : [])];
    const booked = [...timed(ledger), ...(ledger.length > 0 ? [{ x: end, y: ledger.at(-1)!.value }] : [])];
    parts.push(
      draw(
        {
          height: 100,
          x: { ...x, axis: null },
          y: { label: "position (base)", grid: true, ticks: 3 },
          marks: [
            Plot.ruleY([0], { stroke: "currentColor" }),
            Plot.lineY(held, { x: "x", y: "y", stroke: "var(--executed)", curve: "step-after" }),
            Plot.lineY(booked, {
              x: "x",
              y: "y",
              stroke: "var(--blocked)",
              strokeDasharray: "4 3",
              curve: "step-after",
            }),
          ],
        },
        { title: `Position of ${symbol}: line by fills, dashes by the ledger`, finding: described.finding },
      ),
    );
  }
  parts.push(
    draw(
      {
        height: 40 + LANES.length * 18,
        x,
        y: { type: "band", domain: [...LANES], label: null },
        color: { type: "identity" },
        marks: [
          Plot.tickX(events, {
            x: ({ tsMs }: LaneEvent) => new Date(tsMs),
            y: "lane",
            stroke: ({ outcome }: LaneEvent) => COLOURS[outcome],
            strokeWidth: 2,
            title: ({ text, planId, tsMs }: LaneEvent) =>
              `${text}${planId === null ? "" : `, plan ${planId}`}, ${timeText(tsMs)}`,
          } as Plot.TickXOptions),
        ],
      },
      described,
    ),
  );
  const rows = events.map(({ tsMs, lane, outcome, text, planId }) => [timeText(tsMs), lane, outcome, text, planId]);
  parts.push(lineageTable(timeline));
  return figure(
    joined(parts),
    described,
    table(["time", "lane", "outcome", "what", "plan"], rows.slice(0, ROWS_SHOWN), {
      textColumns: [0, 1, 2, 3, 4],
      total: eventCount,
    }),
  );
}

/** From the decision of each plan to the ledger, with the waits between. */
function lineageTable({ symbol, lineage, omittedLineage }: SymbolTimeline): Markup {
  if (lineage.length === 0) return html``;
  const wait = (ms: number | null) => (ms === null ? null : `+${durationText(ms)}`);
  const step = (each: { readonly waitMs: number; readonly text: string } | null) =>
    each === null ? null : `+${durationText(each.waitMs)} ${each.text}`;
  const rows = lineage.map((row) => [
    row.planId,
    timeText(row.tsMs),
    `${row.evalType} ${row.side}`,
    `${row.decision}: ${row.reason}${row.repeats > 0 ? ` (and ${grouped(row.repeats)} more)` : ""}`,
    step(row.permit),
    wait(row.orderWaitMs),
    wait(row.fillWaitMs),
    wait(row.ledgerWaitMs),
    step(row.result),
  ]);
  return html`<details><summary>What became of ${grouped(rows.length)} plans${
    omittedLineage > 0 ? ` (${grouped(omittedLineage)} between the first and the last are in decisions.ndjson)` : null
  }; sim explain PLAN says all of one</summary>${table(
    ["plan", "decided", "kind", "verdict", "permit", "order", "first fill", "ledger", "result"],
    rows,
    { caption: `Plans of ${symbol}, each from its decision to the ledger`, textColumns: [0, 1, 2, 3, 4, 8] },
  )}</details>`;
}
