import * as Plot from "@observablehq/plot";
import type { EvalType } from "../../../engine/domain/intent.ts";
import { grouped, numberText, timeText } from "../../format.ts";
import type { Markup } from "../markup.ts";
import type { DecisionMark, MarkKind, MarkList } from "../series/decision-marks.ts";
import type { RunSeries } from "../series/run-series.ts";
import { numberTable } from "../tables.ts";
import { type Described, draw, figure, timeAxis } from "./drawing.ts";

const COLOURS: Readonly<Record<MarkKind, string>> = {
  executed: "var(--executed)",
  blocked: "var(--blocked)",
  skipped: "var(--infra)",
  infra: "var(--infra)",
  refused: "var(--venue)",
  error: "var(--loss)",
  pending: "var(--infra)",
};

/** Shape is the first code and colour the second: up enters, down leaves, filled was executed, a cross was refused. */
function symbolOf({ evalType, kind }: DecisionMark): string {
  if (kind === "refused") return "times";
  if (kind === "error") return "circle";
  return evalType === "EXIT" ? "triangle2" : "triangle";
}

/**
 * What the governor compared against what it compared it with, one mark per judgement, entries and exits in panels of
 * their own; `null` when the panel has no judgement.
 */
export function governorFigure(series: RunSeries, evalType: EvalType): Markup | null {
  const { marks, total, counts } = series.judgements[evalType];
  if (total === 0) return null;
  const drawn = marks.filter(({ value, killScore }) => (value ?? killScore) !== null);
  const described = describe(series, evalType, series.judgements[evalType]);
  if (drawn.length === 0) return figure(draw(emptyChart(series), described), described);
  const at = (mark: DecisionMark) => new Date(mark.tsMs);
  const level = (mark: DecisionMark) => mark.value ?? mark.killScore!;
  const cutoffs = drawn.filter(({ cutoff }) => cutoff !== null);
  const tip = (mark: DecisionMark) =>
    `${mark.symbol} ${mark.evalType} ${mark.side} ${mark.kind}: ${mark.reason}, ${numberText(level(mark))}${
      mark.cutoff === null ? "" : ` against ${numberText(mark.cutoff)}`
    }, plan ${mark.planId}, ${timeText(mark.tsMs)}`;
  const picture = draw(
    {
      height: 280,
      x: timeAxis(series.startTsMs, series.endTsMs),
      y: { label: "compared value", grid: true, nice: true },
      symbol: { type: "identity" } as unknown as Plot.ScaleOptions,
      color: { type: "identity" },
      marks: [
        Plot.dot(cutoffs, { x: at, y: "cutoff", r: 1.4, fill: "currentColor", stroke: "none" }),
        ...(["circle", "times", "triangle", "triangle2"] as const).flatMap((shape) =>
          [true, false].map((isFilled) => {
            const some = drawn.filter((mark) => symbolOf(mark) === shape && (mark.kind === "executed") === isFilled);
            return Plot.dot(some, {
              x: at,
              y: level,
              r: 4,
              symbol: shape === "triangle2" ? DOWN : shape,
              stroke: (mark: DecisionMark) => COLOURS[mark.kind],
              fill: isFilled ? (mark: DecisionMark) => COLOURS[mark.kind] : "none",
              title: tip,
            });
          }),
        ),
      ],
    },
    described,
  );
  const rows = [...counts]
    .filter(([, count]) => count > 0)
    .sort(([left, a], [right, b]) => b - a || (left < right ? -1 : 1))
    .map(([kind, count]) => [kind, grouped(count)]);
  return figure(picture, described, numberTable(["what became of it", "judgements"], rows));
}

interface Path {
  moveTo(x: number, y: number): void;
  lineTo(x: number, y: number): void;
  closePath(): void;
}

/** A triangle that points down; Plot knows only the one that points up. */
const DOWN = {
  draw(context: Path, size: number): void {
    const half = Math.sqrt(size / Math.sqrt(3));
    context.moveTo(0, half * 1.15);
    context.lineTo(half, -half * 0.58);
    context.lineTo(-half, -half * 0.58);
    context.closePath();
  },
} as unknown as Plot.SymbolType;

function describe(series: RunSeries, evalType: EvalType, { total, counts, marks }: MarkList): Described {
  const executed = counts.get("executed") ?? 0;
  const blocked = counts.get("blocked") ?? 0;
  const words = { ENTRY: "entries", EXIT: "exits", UNKNOWN: "judgements that do not say entry or exit" }[evalType];
  const thinned = marks.length < total ? ` ${grouped(marks.length)} of ${grouped(total)} are drawn.` : "";
  return {
    title: `Judgements of ${words} by ${series.variant}`,
    finding: `Of ${grouped(total)} judged ${words}, ${grouped(executed)} were executed and ${grouped(blocked)} blocked; a dot is the cutoff of that moment.${thinned}`,
  };
}

function emptyChart(series: RunSeries): Plot.PlotOptions {
  return {
    height: 80,
    x: timeAxis(series.startTsMs, series.endTsMs),
    y: { axis: null, domain: [0, 1] },
    marks: [Plot.text(["no judgement had a score"], { frameAnchor: "middle", fill: "currentColor" })],
  };
}
