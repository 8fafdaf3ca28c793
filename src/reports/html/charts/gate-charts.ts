import * as Plot from "@observablehq/plot";
import { moneyText, numberText, percentText } from "../../format.ts";
import type { EntrySection, ExitSection } from "../../gate/schema.ts";
import type { Markup } from "../markup.ts";
import { numberTable } from "../tables.ts";
import { type Described, draw, figure } from "./drawing.ts";

const REASONS_MAX = 12;

/** What refusals avoided to the right, what they gave up to the left, by reason. */
export function valueFigure(section: EntrySection, evalType: string): Markup | null {
  const rows = section.byReason.slice(0, REASONS_MAX).map((row) => ({
    name: row.stage === "limit" ? `limit ${row.name}` : row.name,
    avoided: Number(row.lossAvoidedQuote),
    forgone: -Number(row.profitForgoneQuote),
    net: row.netValueQuote,
  }));
  if (rows.length === 0) return null;
  const { netValueQuote, lossAvoidedQuote, profitForgoneQuote } = section.total;
  const described: Described = {
    title: `What refused ${evalType} plans would have made`,
    finding: `The governor's refusals avoided ${moneyText(lossAvoidedQuote)} and gave up ${moneyText(profitForgoneQuote)} USDT: net value ${moneyText(netValueQuote)} by the exit rule.`,
  };
  const picture = draw(
    {
      height: 50 + 34 * rows.length,
      marginLeft: 250,
      marginRight: 90,
      x: { label: "USDT", grid: true, nice: true },
      y: { label: null, domain: rows.map(({ name }) => name) },
      marks: [
        Plot.barX(rows, { y: "name", x1: 0, x2: "avoided", fill: "var(--gain)", insetTop: 5, insetBottom: 5 }),
        Plot.barX(rows, { y: "name", x1: "forgone", x2: 0, fill: "var(--loss)", insetTop: 5, insetBottom: 5 }),
        Plot.ruleX([0], { stroke: "currentColor" }),
        Plot.text(rows, {
          y: "name",
          x: "avoided",
          dx: 6,
          textAnchor: "start",
          fill: "currentColor",
          text: (row: (typeof rows)[number]) => `net ${moneyText(row.net)}`,
        }),
      ],
    },
    described,
  );
  return figure(
    picture,
    described,
    numberTable(
      ["reason", "loss avoided", "profit forgone", "net"],
      rows.map(({ name, avoided, forgone, net }) => [name, avoided.toFixed(2), (-forgone).toFixed(2), moneyText(net)]),
    ),
  );
}

/** How often a loss followed each level of the score: a predictor rises, a coin stays level. */
export function reliabilityFigure({ predictor }: EntrySection, evalType: string): Markup | null {
  const { brier, rocArea } = predictor;
  const bins = brier.value?.bins.filter(({ n }) => n > 0) ?? [];
  if (bins.length === 0) return null;
  const area = rocArea.value === null ? "unknown" : numberText(rocArea.value, 3);
  const described: Described = {
    title: `Kill score and losing entries, ${evalType}`,
    finding: `The area under the ROC curve is ${area} (0.5 is a coin) over ${predictor.n} entries, ${percentText(predictor.bad / predictor.n)} of which lost.`,
  };
  const picture = draw(
    {
      height: 240,
      x: { label: "kill score", nice: true },
      y: { label: "share that lost", domain: [0, 1], grid: true },
      r: { type: "identity" },
      marks: [
        Plot.ruleY([predictor.bad / predictor.n], { stroke: "var(--rule)", strokeDasharray: "4 3" }),
        Plot.dot(bins, {
          x: "meanScore",
          y: "observedShare",
          r: ({ n }: (typeof bins)[number]) => Math.min(14, 3 + Math.sqrt(n)),
          fill: "var(--line)",
          fillOpacity: 0.75,
        }),
      ],
    },
    described,
  );
  return figure(
    picture,
    described,
    numberTable(
      ["mean score", "entries", "share that lost"],
      bins.map(({ meanScore, n, observedShare }) => [numberText(meanScore), String(n), percentText(observedShare)]),
    ),
  );
}

/** Mean result of what is let through when only the best-scored share is: where a cutoff would have to lie. */
export function riskCoverageFigure({ riskCoverage }: EntrySection, evalType: string): Markup | null {
  const points = riskCoverage.value;
  if (points === null || points.length < 2) return null;
  const last = points.at(-1)!;
  const best = points.reduce((most, point) => (point.meanPnl > most.meanPnl ? point : most));
  const described: Described = {
    title: `Result by share let through, ${evalType}`,
    finding: `Letting all through makes ${numberText(last.meanPnl, 3)} USDT an entry on average; the highest average, ${numberText(best.meanPnl, 3)}, is at ${percentText(best.coverage)} let through.`,
  };
  const picture = draw(
    {
      height: 220,
      x: {
        label: "share let through, lowest score first",
        domain: [0, 1],
        tickFormat: (share: number) => percentText(share),
      },
      y: { label: "USDT an entry", grid: true, nice: true },
      marks: [
        Plot.ruleY([0], { stroke: "currentColor" }),
        Plot.lineY(points, { x: "coverage", y: "meanPnl", stroke: "var(--line)", strokeWidth: 1.5 }),
        Plot.lineY(points, { x: "coverage", y: "cvar95", stroke: "var(--loss)", strokeDasharray: "4 3" }),
      ],
    },
    described,
  );
  return figure(
    picture,
    described,
    numberTable(
      ["let through", "cutoff", "USDT an entry", "worst 5 % (dashed)"],
      points.map(({ coverage, cutoff, meanPnl, cvar95 }) => [
        percentText(coverage),
        numberText(cutoff),
        numberText(meanPnl),
        numberText(cvar95),
      ]),
    ),
  );
}

/** Share of refused exits still waiting after a time (Kaplan-Meier). */
export function waitFigure({ waits }: ExitSection, evalType: string): Markup | null {
  if (waits.steps.length === 0) return null;
  const steps = [{ seconds: 0, survival: 1 }, ...waits.steps];
  const described: Described = {
    title: `How long refused exits waited, ${evalType}`,
    finding: `${waits.n} waits: ${waits.executed} were let go, ${waits.closed} closed another way, ${waits.atEnd} never.`,
  };
  const picture = draw(
    {
      height: 200,
      x: { label: "minutes since the first refusal" },
      y: { label: "share still waiting", domain: [0, 1], grid: true },
      marks: [
        Plot.lineY(steps, {
          x: ({ seconds }: (typeof steps)[number]) => seconds / 60,
          y: "survival",
          curve: "step-after",
          stroke: "var(--blocked)",
          strokeWidth: 1.5,
        }),
      ],
    },
    described,
  );
  return figure(
    picture,
    described,
    numberTable(
      ["seconds", "share still waiting"],
      steps.map(({ seconds, survival }) => [String(seconds), percentText(survival)]),
    ),
  );
}
