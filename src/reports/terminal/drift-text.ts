import type { DriftDocument } from "../drift/drift-document.ts";
import { moneyText } from "../format.ts";
import { visibleText } from "../visible-text.ts";
import { foldWords } from "./display-width.ts";
import { type ReportOptions, screenOf } from "./run-report.ts";
import { type Column, renderTable } from "./table.ts";

const MEANING: Readonly<Record<keyof DriftDocument["parts"], string>> = {
  fees: "commissions",
  slippage: "price of the fill against the mark at its moment",
  latency: "move of the mark from decision to fill",
  missed: "fills only the rehearsal had, at the last mark",
  extra: "fills only the session had, at the last mark",
  funding: "settled on both sides",
  residual: "decided at other marks, or no mark recorded",
};

const COLUMNS: readonly Column[] = [
  { header: "plan", align: "left", dropOrder: 0 },
  { header: "symbol", align: "left", dropOrder: 0 },
  { header: "side", align: "left", dropOrder: 1 },
  { header: "difference", align: "right", dropOrder: 0 },
  { header: "slippage", align: "right", dropOrder: 2 },
  { header: "latency", align: "right", dropOrder: 3 },
];

/** `sim compare --live` on a terminal: three ways, the parts of the difference, and the orders that cost most. */
export function renderDrift(document: DriftDocument, options: Partial<ReportOptions> = {}): string {
  const { width, paint } = screenOf(options);
  const { profit, total, parts, orders, worst } = document;
  const lines = [
    paint("dim", visibleText(`session ${document.session}  rehearsed by ${document.rehearsal.scenario}`)),
    paint("heading", "PROFIT WITH OPEN POSITIONS AT THE LAST MARK (quote)"),
    `  on paper, at the decision's mark, free   ${moneyText(profit.paper).padStart(14)}`,
    `  on the simulated exchange                ${moneyText(profit.simulated).padStart(14)}`,
    `  live                                     ${moneyText(profit.live).padStart(14)}`,
    paint("heading", "LIVE MINUS SIMULATED"),
    ...Object.entries(parts).map(
      ([name, amount]) =>
        `  ${name.padEnd(9)} ${moneyText(amount).padStart(14)}  ${MEANING[name as keyof typeof MEANING]}`,
    ),
    paint("strong", `  ${"total".padEnd(9)} ${moneyText(total).padStart(14)}`),
    `orders  ${orders.live} live  ${orders.simulated} simulated  ${orders.matched} matched  ${orders.missed} missed  ${orders.extra} extra`,
  ];
  if (worst.length > 0) {
    lines.push(paint("heading", "MATCHED ORDERS THAT COST MOST"));
    const rows = worst.map(({ planId, symbol, side, difference, slippage, latency }) => ({
      cells: [planId, symbol, side, moneyText(difference), moneyText(slippage), moneyText(latency)],
    }));
    lines.push(...renderTable(COLUMNS, rows, { width, paint, indent: 2 }));
  }
  lines.push(...foldWords("docs/drift.md says what each part means and what it cannot tell", width));
  return `${lines.join("\n")}\n`;
}
