import { formatMoney } from "../../../engine/domain/money.ts";
import { moneyText, timeText } from "../../format.ts";
import { html, joined, type Markup } from "../markup.ts";
import type { ReportModel } from "../report-model.ts";
import type { ActivityRow } from "../series/breakdowns.ts";
import { table } from "../tables.ts";
import { perVariant } from "./per-variant.ts";

/** Symbols named in a row of reasons. */
const SYMBOLS_NAMED = 4;

const HEADS = ["entries judged", "exits judged", "stopped", "executed", "fills", "realized", "fees", "funding", "net"];

/** The same counts by symbol, by reason and by hour of the day: where it happened, why, and when. */
export function breakdownSection(model: ReportModel): Markup {
  return perVariant(model, ({ series: { breakdowns } }) => {
    const { symbols, reasons, hours } = breakdowns;
    return joined([
      table(["symbol", ...HEADS], symbols.map(activityCells), { caption: "By symbol (money in USDT)" }),
      table(
        ["reason", "kind", "outcome", "times", "first", "symbols"],
        reasons.map(({ reason, evalType, outcome, count, firstTsMs, symbols: named }) => [
          reason,
          evalType,
          outcome,
          count,
          timeText(firstTsMs),
          namesText([...named]),
        ]),
        { caption: "By reason: evaluations and results, not episodes", textColumns: [0, 1, 2, 4, 5] },
      ),
      html`<details><summary>By hour of the day</summary>${table(["hour (UTC)", ...HEADS], hours.map(activityCells), {
        caption: "By hour of the day (money in USDT)",
      })}</details>`,
    ]);
  });
}

function activityCells(row: ActivityRow): (string | number)[] {
  const { realizedQuote, feesQuote, fundingQuote } = row;
  const money = [realizedQuote, -feesQuote, fundingQuote, realizedQuote - feesQuote + fundingQuote];
  return [
    row.name,
    row.entryEvaluations,
    row.exitEvaluations,
    row.stopped,
    row.executed,
    row.fills,
    ...money.map((amount) => moneyText(formatMoney(amount))),
  ];
}

function namesText(symbols: readonly string[]): string {
  const rest = symbols.length - SYMBOLS_NAMED;
  return symbols.slice(0, SYMBOLS_NAMED).join(", ") + (rest > 0 ? ` +${rest}` : "");
}
