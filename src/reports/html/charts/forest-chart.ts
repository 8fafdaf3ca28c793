import * as Plot from "@observablehq/plot";
import type { LabComparison, LabMetric } from "../../comparison/lab-comparison.ts";
import { numberText } from "../../format.ts";
import type { Markup } from "../markup.ts";
import { numberTable } from "../tables.ts";
import { CHART_WIDTH, type Described, draw, figure } from "./drawing.ts";

/** Rows of a forest; a reader cannot compare more. */
const ROWS_MAX = 40;

/** Shares are read as percent. */
const scaled = (metric: LabMetric, value: number): number => (metric.unit === "share" ? value * 100 : value);
const unitOf = ({ unit }: LabMetric): string => (unit === "share" ? "points" : unit);

interface ForestRow {
  readonly name: string;
  readonly metric: LabMetric;
  readonly episodes: number;
}

/** Difference of every candidate from the baseline with its interval and the margin that matters; `null` without any. */
export function forestFigure(comparison: LabComparison, place: number): Markup | null {
  const rows = comparison.candidates.slice(0, ROWS_MAX).map(
    ({ candidate, metrics, episodes }): ForestRow => ({
      name: candidate,
      metric: metrics[place]!,
      episodes: episodes.count,
    }),
  );
  const [first] = rows;
  if (first === undefined) return null;
  const { label } = first.metric;
  const [unit, margin] = [unitOf(first.metric), scaled(first.metric, first.metric.margin)];
  const drawn = rows.filter(({ metric }) => metric.interval.value !== null && metric.difference.value !== null);
  const better = rows.filter(({ metric }) => metric.verdict === "better").length;
  const worse = rows.filter(({ metric }) => metric.verdict === "worse").length;
  const described: Described = {
    title: `${label}: differences from ${comparison.baseline}`,
    finding: `${label} (${unit}) against ${comparison.baseline}: ${better} of ${rows.length} better, ${worse} worse, ${rows.length - better - worse} undecided or equal.`,
  };
  const shown = rows.map(({ name, metric, episodes }) => [
    name,
    text(metric, metric.difference.value),
    metric.interval.value === null
      ? (metric.interval.reason ?? "-")
      : `${text(metric, metric.interval.value[0])} to ${text(metric, metric.interval.value[1])}`,
    `${metric.verdict} (${episodes} episodes)`,
  ]);
  const numbers = numberTable(["variant", `difference (${unit})`, "95 % interval", "verdict"], shown);
  if (drawn.length === 0) return figure(draw({ height: 40, marks: [] }, described), described, numbers);
  const low = (row: ForestRow) => scaled(row.metric, row.metric.interval.value![0]);
  const high = (row: ForestRow) => scaled(row.metric, row.metric.interval.value![1]);
  const picture = draw(
    {
      height: 40 + 26 * rows.length,
      marginLeft: 190,
      marginRight: 150,
      x: { label: `difference (${unit})`, grid: true, nice: true },
      y: { label: null, domain: rows.map(({ name }) => name) },
      marks: [
        ...(margin > 0
          ? [Plot.rect([{}], { x1: -margin, x2: margin, fill: "var(--soft)", stroke: "var(--rule)" })]
          : []),
        Plot.ruleX([0], { stroke: "currentColor" }),
        Plot.ruleY(drawn, { y: "name", x1: low, x2: high, stroke: "var(--line)", strokeWidth: 2 }),
        Plot.dot(drawn, {
          y: "name",
          x: (row: ForestRow) => scaled(row.metric, row.metric.difference.value!),
          symbol: "square",
          r: (row: ForestRow) => Math.min(7, 2 + Math.sqrt(row.episodes) / 3),
          fill: "var(--line)",
        }),
        Plot.text(rows, {
          y: "name",
          frameAnchor: "right",
          dx: 142,
          textAnchor: "end",
          text: ({ metric, episodes }: ForestRow) =>
            metric.verdict === "not estimable" ? `not estimable (${episodes})` : metric.verdict,
          fill: "currentColor",
        }),
      ],
      width: CHART_WIDTH,
      r: { type: "identity" },
    },
    described,
  );
  return figure(picture, described, numbers);
}

const text = (metric: LabMetric, value: number | null): string =>
  value === null ? "-" : numberText(scaled(metric, value));
