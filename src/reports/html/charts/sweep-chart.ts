import * as Plot from "@observablehq/plot";
import type { SweepMap, SweepMapCell } from "../../comparison/sweep-map.ts";
import { numberText } from "../../format.ts";
import { Markup } from "../markup.ts";
import { numberTable } from "../tables.ts";
import { draw, figure } from "./drawing.ts";

const HATCH =
  '<defs><pattern id="hatch" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><line x1="0" y1="0" x2="0" y2="7" stroke="var(--quiet)" stroke-width="1.5"></line></pattern></defs>';

/** Net result over two parameters; a cell whose evidence is too thin for a verdict is hatched. */
export function sweepMapFigure(map: SweepMap, names: ReadonlyMap<string, string>): Markup {
  const { cells, downValues, acrossValues } = map;
  const [down, across] = [names.get(map.down)!, names.get(map.across)!];
  const [highest] = [...cells].sort((left, right) => right.netPnlQuote - left.netPnlQuote) as [SweepMapCell];
  const thin = cells.filter(({ badge }) => badge === "E0").length;
  const folded = cells[0]!.rows > 1 ? "; each cell is the median over the other parameters" : "";
  const described = {
    title: `Net result by ${down} and ${across}`,
    finding: `Highest net ${numberText(highest.netPnlQuote, 4)} USDT at ${down} ${setting(highest.down)}, ${across} ${setting(highest.across)}${folded}; ${
      thin === 0 ? "every cell can be judged." : `${thin} of ${cells.length} cells are hatched: not estimable.`
    }`,
  };
  const most = Math.max(...cells.map(({ netPnlQuote }) => Math.abs(netPnlQuote)), Number.MIN_VALUE);
  const place = {
    x: ({ across: value }: SweepMapCell) => setting(value),
    y: ({ down: value }: SweepMapCell) => setting(value),
  };
  const picture = draw(
    {
      height: 60 + 44 * downValues.length,
      marginLeft: 110,
      marginBottom: 40,
      x: { type: "band", domain: acrossValues.map(setting), label: across, padding: 0.04 },
      y: { type: "band", domain: downValues.map(setting), label: down, padding: 0.06 },
      marks: [
        Plot.cell(cells, {
          ...place,
          fill: ({ netPnlQuote }: SweepMapCell) => (netPnlQuote < 0 ? "var(--loss)" : "var(--gain)"),
          fillOpacity: ({ netPnlQuote }: SweepMapCell) => 0.04 + 0.36 * (Math.abs(netPnlQuote) / most),
          stroke: "var(--rule)",
        }),
        Plot.cell(
          cells.filter(({ badge }) => badge === "E0"),
          { ...place, fill: "url(#hatch)", fillOpacity: 0.5 },
        ),
        Plot.text(cells, {
          ...place,
          text: ({ netPnlQuote, badge }: SweepMapCell) =>
            `${numberText(netPnlQuote, 4)}${badge === null ? "" : `\n${badge}`}`,
          fill: "currentColor",
          stroke: "var(--bg)",
          strokeWidth: 3,
        }),
      ],
      color: { type: "identity" },
      opacity: { type: "identity" },
    },
    described,
  );
  const rows = cells.map((cell) => [
    setting(cell.down),
    setting(cell.across),
    cell.netPnlQuote.toFixed(2),
    cell.badge ?? "-",
    [...new Set(cell.verdicts)].join(", "),
  ]);
  return figure(
    new Markup(picture.text.replace("</desc>", `</desc>${HATCH}`)),
    described,
    numberTable([down, across, "net (USDT)", "evidence", "verdict"], rows),
  );
}

function setting(value: SweepMapCell["down"]): string {
  return typeof value === "number" ? numberText(value, 5) : String(value);
}
