import { durationText, grouped, moneyText, numberText, percentText } from "../format.ts";
import type { MoneyBlock, RunSummary } from "../summary/schema.ts";
import { estimateText, variantColumns } from "./operations-section.ts";
import type { Screen } from "./run-report.ts";
import { type Row, renderTable } from "./table.ts";

/** MONEY: only when something closed, because a run without a closed position has no result to show. */
export function moneySection(summaries: readonly RunSummary[], screen: Screen): string[] {
  if (summaries.every(({ money }) => !money.isAnythingClosed)) return [];
  const row = (label: string, read: (money: MoneyBlock) => string): Row => ({
    cells: [`  ${label}`, ...summaries.map((summary) => read(summary.money))],
  });
  const optional = (amount: string | null) => (amount === null ? "-" : moneyText(amount));
  const rows: Row[] = [
    row("wallet at start", (money) => optional(money.startWalletQuote)),
    row("realized", (money) => moneyText(money.realizedPnlQuote)),
    row("fees", (money) => moneyText(negated(money.feesQuote))),
    row("funding", (money) => moneyText(money.fundingQuote)),
    row("net", (money) => moneyText(money.netPnlQuote)),
    row("wallet at end", (money) => optional(money.endWalletQuote)),
    row(
      "max drawdown, realized",
      (money) => `${moneyText(negated(money.maxDrawdownQuote))} (${estimateText(money.maxDrawdown, percentText)})`,
    ),
    row("max drawdown, marked", (money) =>
      money.maxDrawdownMarkedQuote === null
        ? `- (${money.maxDrawdownMarked.reason})`
        : `${moneyText(negated(money.maxDrawdownMarkedQuote))} (${money.markedSamples} samples)`,
    ),
    row("trades closed / open", (money) => `${grouped(money.trades)} / ${grouped(money.openAtEnd)}`),
    row("win rate", (money) => estimateText(money.winRate, percentText)),
    row("  95 % interval", (money) => intervalText(money)),
    row("profit factor", (money) => estimateText(money.profitFactor, (value) => numberText(value, 3))),
    row("hold time p50", (money) => (money.holdTime.p50 === null ? "-" : durationText(money.holdTime.p50))),
    row("turnover per day", (money) => estimateText(money.turnoverPerDay, (value) => numberText(value, 3))),
    row("Sharpe, yearly", (money) => estimateText(money.sharpe, (value) => numberText(value, 3))),
  ];
  return renderTable(variantColumns("MONEY (quote)", summaries, screen), rows, screen);
}

function negated(amount: string): string {
  if (amount === "0") return amount;
  return amount.startsWith("-") ? amount.slice(1) : `-${amount}`;
}

function intervalText({ winRate }: MoneyBlock): string {
  if (winRate.ci === null) return "-";
  return `${percentText(winRate.ci[0])} to ${percentText(winRate.ci[1])}`;
}
