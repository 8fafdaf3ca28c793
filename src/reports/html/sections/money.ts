import { durationText, moneyText, numberText, percentText } from "../../format.ts";
import type { Estimate } from "../../summary/schema.ts";
import { costFigure, equityFigure } from "../charts/money-charts.ts";
import { html, type Markup } from "../markup.ts";
import type { ReportModel } from "../report-model.ts";
import { table } from "../tables.ts";
import { perVariant } from "./per-variant.ts";

/** What it brought and what it cost; ratios only where their span allows them, else the reason. */
export function moneySection(model: ReportModel): Markup {
  return perVariant(model, ({ summary: { money }, series }) => {
    const rows: [string, string][] = [
      ["wallet at the start (USDT)", money.startWalletQuote === null ? "-" : moneyText(money.startWalletQuote)],
      ["wallet at the end (USDT)", money.endWalletQuote === null ? "-" : moneyText(money.endWalletQuote)],
      ["traded notional (USDT)", moneyText(money.tradedNotionalQuote)],
      ["fills (maker)", `${money.fills} (${money.makerFills})`],
      ["round trips closed, open at the end", `${money.trades}, ${money.openAtEnd}`],
      ["won, lost, even", `${money.wins}, ${money.losses}, ${money.breakeven}`],
      ["share won", estimateText(money.winRate, percentText)],
      ["profit factor", estimateText(money.profitFactor, numberText)],
      ["mean result of a round trip (USDT)", estimateText(money.expectancy, numberText)],
      ["half held for less than", money.holdTime.p50 === null ? "-" : durationText(money.holdTime.p50)],
      ["total return", estimateText(money.totalReturn, percentText)],
      ["Sharpe, yearly", estimateText(money.sharpe, numberText)],
      ["CAGR", estimateText(money.cagr, percentText)],
      ["worst drawdown, marked", estimateText(money.maxDrawdownMarked, percentText)],
    ];
    return html`${series.equity.length < 2 ? html`<p>No account sample was taken: nothing was ever open.</p>` : equityFigure(series)}${costFigure(
      money,
    )}${table(["measure", "value"], rows, { isSortable: false, caption: "Figures" })}`;
  });
}

function estimateText({ value, ci, reason, n }: Estimate, format: (value: number) => string): string {
  if (value === null) return `- (${reason ?? "undefined"})`;
  const text = typeof value === "string" ? moneyText(value) : format(value);
  const interval = ci === null ? "" : ` [${format(ci[0])}, ${format(ci[1])}]`;
  return `${text}${interval}${n === null ? "" : ` (n ${n})`}`;
}
