import * as Plot from "@observablehq/plot";
import { moneyText, timeText } from "../../format.ts";
import type { MoneyBlock } from "../../summary/schema.ts";
import { joined, type Markup } from "../markup.ts";
import type { RunSeries, SeriesPoint } from "../series/run-series.ts";
import { numberTable } from "../tables.ts";
import { type Described, draw, figure, timeAxis } from "./drawing.ts";

const timed = (points: readonly SeriesPoint[]) => points.map(({ tsMs, value }) => ({ x: new Date(tsMs), y: value }));

/** Equity above, its distance from the highest equity so far below, on one time axis. */
export function equityFigure(series: RunSeries): Markup {
  const low = series.drawdown.reduce<SeriesPoint | null>(
    (worst, point) => (worst === null || point.value < worst.value ? point : worst),
    null,
  );
  const [first, last] = [series.equity[0]!, series.equity.at(-1)!];
  const described: Described = {
    title: `Equity and drawdown of ${series.variant}`,
    finding: `Equity went from ${money(first.value)} to ${money(last.value)} USDT; ${
      low === null || low.value === 0
        ? "it was never below an earlier value."
        : `the deepest fall was ${money(low.value)} USDT, reached at ${timeText(low.tsMs)}.`
    }`,
  };
  const x = timeAxis(series.startTsMs, series.endTsMs);
  const equity = draw(
    {
      height: 260,
      x: { ...x, label: null },
      y: { label: "equity (USDT)", grid: true, nice: true },
      marks: [
        Plot.lineY(timed(series.equity), {
          x: "x",
          y: "y",
          stroke: "var(--line)",
          strokeWidth: 1.5,
          curve: "step-after",
        }),
      ],
    },
    described,
  );
  const drawdown = draw(
    {
      height: 140,
      x,
      y: { label: "drawdown (USDT)", grid: true, ticks: 4 },
      marks: [
        Plot.areaY(timed(series.drawdown), {
          x: "x",
          y: "y",
          fill: "var(--loss)",
          fillOpacity: 0.35,
          curve: "step-after",
        }),
        Plot.ruleY([0], { stroke: "currentColor" }),
      ],
    },
    { title: `Drawdown of ${series.variant}`, finding: described.finding },
  );
  const rows = series.equity.map(({ tsMs, value }) => [timeText(tsMs), value.toFixed(2)]);
  return figure(joined([equity, drawdown]), described, numberTable(["time", "equity (USDT)"], rows));
}

const money = (value: number) => moneyText(value.toFixed(2));

/** Gross to net as a waterfall: what the market gave and what it cost to take it. */
export function costFigure(block: MoneyBlock): Markup {
  const [gross, fees, funding, net] = [
    block.realizedPnlQuote,
    block.feesQuote,
    block.fundingQuote,
    block.netPnlQuote,
  ].map(Number) as [number, number, number, number];
  const bars = [
    { name: "realized", from: 0, to: gross, tone: tone(gross) },
    { name: "fees", from: gross, to: gross - fees, tone: tone(-fees) },
    { name: "funding", from: gross - fees, to: gross - fees + funding, tone: tone(funding) },
    { name: "net", from: 0, to: net, tone: "var(--line)" },
  ];
  const described: Described = {
    title: "From realized result to net result",
    finding: `Net ${money(net)} USDT = realized ${money(gross)} - fees ${money(fees)} ${funding < 0 ? "-" : "+"} funding ${money(Math.abs(funding))}.`,
  };
  const picture = draw(
    {
      height: 200,
      marginLeft: 80,
      x: { label: "USDT", grid: true, nice: true },
      y: { label: null, domain: bars.map(({ name }) => name) },
      marks: [
        Plot.barX(bars, { y: "name", x1: "from", x2: "to", fill: "tone", insetTop: 4, insetBottom: 4 }),
        Plot.text(bars, {
          y: "name",
          x: (bar: (typeof bars)[number]) => Math.max(bar.from, bar.to),
          text: (bar: (typeof bars)[number]) => money(bar.to - bar.from),
          textAnchor: "start",
          dx: 5,
          fill: "currentColor",
        }),
        Plot.ruleX([0], { stroke: "currentColor" }),
      ],
      marginRight: 90,
      color: { type: "identity" },
    },
    described,
  );
  const rows = bars.map(({ name, from, to }) => [name, (to - from).toFixed(2)]);
  return figure(picture, described, numberTable(["part", "USDT"], rows));
}

const tone = (value: number) => (value < 0 ? "var(--loss)" : "var(--gain)");
