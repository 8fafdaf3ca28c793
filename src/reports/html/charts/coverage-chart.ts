import * as Plot from "@observablehq/plot";
import { grouped, timeText } from "../../format.ts";
import type { Markup } from "../markup.ts";
import type { CoverageCell, CoverageState } from "../series/coverage-grid.ts";
import type { RunSeries } from "../series/run-series.ts";
import { numberTable } from "../tables.ts";
import { draw, figure, timeAxis } from "./drawing.ts";

const COLOURS: Readonly<Record<CoverageState, string>> = {
  fresh: "var(--executed)",
  stale: "var(--blocked)",
  "never-ranked": "var(--loss)",
};

/** Symbols that needed a snapshot and did not have a fresh one, against time; `null` when there was none. */
export function coverageFigure(series: RunSeries): Markup | null {
  const { cells, symbols, omittedSymbols } = series.coverage;
  if (symbols.length === 0) return null;
  const described = {
    title: `Snapshots needed and had by ${series.variant}`,
    finding: `${grouped(symbols.length + omittedSymbols)} symbols at times lacked the snapshot they needed, ${symbols[0]} most often. Blue: asked for. Orange: needed but old. Red, hatched: needed and never asked for.${
      omittedSymbols > 0 ? ` The ${grouped(symbols.length)} worst are drawn.` : ""
    }`,
  };
  const picture = draw(
    {
      height: 40 + symbols.length * 14,
      marginLeft: 110,
      x: timeAxis(series.startTsMs, series.endTsMs),
      y: { domain: symbols, label: null },
      color: { type: "identity" },
      marks: [
        Plot.rect(cells, {
          x1: ({ fromTsMs }: CoverageCell) => new Date(Math.max(fromTsMs, series.startTsMs)),
          x2: ({ toTsMs }: CoverageCell) => new Date(Math.min(toTsMs, series.endTsMs)),
          y: "symbol",
          fill: ({ state }: CoverageCell) => COLOURS[state],
          fillOpacity: ({ share }: CoverageCell) => 0.35 + 0.65 * share,
          inset: 0.5,
        } as Plot.RectOptions),
      ],
    },
    described,
  );
  const lacking = new Map<string, { stale: number; never: number; since: number }>();
  for (const { symbol, state, fromTsMs } of cells) {
    const tally = lacking.get(symbol) ?? { stale: 0, never: 0, since: fromTsMs };
    if (state === "stale") tally.stale += 1;
    if (state === "never-ranked") tally.never += 1;
    lacking.set(symbol, tally);
  }
  const rows = symbols.map((symbol) => {
    const { stale, never, since } = lacking.get(symbol)!;
    return [symbol, timeText(since), grouped(stale), grouped(never)];
  });
  return figure(
    picture,
    described,
    numberTable(["symbol", "first needed", "columns stale", "columns never asked"], rows),
  );
}
