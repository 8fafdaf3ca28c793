import { moneyText, numberText } from "../../format.ts";
import type { EntrySection, GateDocument } from "../../gate/schema.ts";
import type { Measured } from "../../statistics/measured.ts";
import { reliabilityFigure, riskCoverageFigure, valueFigure, waitFigure } from "../charts/gate-charts.ts";
import { html, joined, type Markup } from "../markup.ts";
import { list } from "../page.ts";
import type { ReportModel } from "../report-model.ts";
import { table } from "../tables.ts";
import { perVariant } from "./per-variant.ts";

/** What the gate was worth; `null` when nobody judged it (`sim run --gate`). */
export function gateSection(model: ReportModel): Markup | null {
  if (model.variants.every(({ gate }) => gate == null)) return null;
  return perVariant(model, ({ gate }) => (gate == null ? null : gatePart(gate)));
}

function gatePart(gate: GateDocument): Markup {
  const entries = (["ENTRY", "UNKNOWN"] as const).map((evalType) => entryPart(gate.entry[evalType], evalType));
  const waits = (["EXIT", "UNKNOWN"] as const).map((evalType) => waitFigure(gate.exit[evalType], evalType));
  const { ablation } = gate;
  const rows = [
    ["as it is", null, moneyText(ablation.actualQuote), null],
    ["gate off", null, moneyText(ablation.ungovernedQuote), moneyText(ablation.differenceQuote)],
    ...ablation.effects.map(({ reason, refusals, effectQuote, withoutQuote }) => [
      `without ${reason}`,
      refusals,
      moneyText(withoutQuote),
      moneyText(effectQuote),
    ]),
    ["interaction of the rules", null, null, moneyText(ablation.interactionQuote)],
  ];
  return html`${entries}${waits}${table(
    ["replayed", "refusals passed", "equity at end (USDT)", "effect (USDT)"],
    rows,
    {
      isSortable: false,
      caption: "Replayed with refusals passed",
    },
  )}${gate.limits.length === 0 ? null : list(gate.limits)}`;
}

function entryPart(section: EntrySection, evalType: string): Markup | null {
  if (section.episodes === 0) return null;
  const shown = (measured: Measured): string =>
    measured.value === null ? `- (${measured.reason.replaceAll("_", " ")})` : numberText(measured.value, 3);
  const rows = section.horizons.map((value) => [
    value.horizon,
    value.n,
    value.blocked,
    moneyText(value.lossAvoidedQuote),
    moneyText(value.profitForgoneQuote),
    moneyText(value.netValueQuote),
    value.netValueInterval.value === null
      ? "-"
      : `${numberText(value.netValueInterval.value.low, 3)} to ${numberText(value.netValueInterval.value.high, 3)}`,
    numberText(value.randomNetValue),
    shown(value.skill),
    shown(value.pShift),
  ]);
  const grid = section.grid.map((cell) => [
    cell.horizon,
    cell.loss,
    cell.truePositive,
    cell.falsePositive,
    cell.falseNegative,
    cell.trueNegative,
    shown(cell.matthews),
  ]);
  return html`${joined([valueFigure(section, evalType)])}${table(
    [
      "closed after",
      "entries",
      "refused",
      "loss avoided",
      "profit forgone",
      "net value",
      "95 % interval",
      "random gate",
      "skill",
      "p of chance",
    ],
    rows,
    { isSortable: false, caption: `What ${evalType} refusals were worth (USDT)` },
  )}${joined([reliabilityFigure(section, evalType), riskCoverageFigure(section, evalType)])}${table(
    ["closed after", "loss above", "bad refused", "good refused", "bad let through", "good let through", "Matthews"],
    grid,
    {
      isSortable: false,
      textColumns: [0, 1],
      caption: `Did ${evalType} refusals hit the bad ones? ${section.gridConclusion}`,
    },
  )}`;
}
