import { grouped, moneyText } from "../format.ts";
import type { RunSummary } from "../summary/schema.ts";
import { visibleText } from "../visible-text.ts";
import type { Screen } from "./run-report.ts";
import { type Column, type Row, renderTable } from "./table.ts";

/** Variants that fit side by side; with more of them columns are dropped, and a row each says what must not be lost. */
const BESIDE_MAX = 3;

/** Every variant in one line, when there are more than columns can show. */
export function variantSection(summaries: readonly RunSummary[], screen: Screen): string[] {
  if (summaries.length <= BESIDE_MAX) return [];
  const isUnknownAsked = summaries.some((summary) => executed(summary, "UNKNOWN") !== "-");
  const columns: Column[] = [
    { header: "EVERY VARIANT", align: "left", dropOrder: 0 },
    { header: "entries", align: "right", dropOrder: 0 },
    { header: "exits", align: "right", dropOrder: 0 },
    ...(isUnknownAsked ? [{ header: "unknown", align: "right", dropOrder: 3 } as const] : []),
    { header: "net", align: "right", dropOrder: 0 },
    { header: "drawdown", align: "right", dropOrder: 1 },
    { header: "thresholds", align: "left", dropOrder: 2 },
  ];
  const rows = summaries.map(
    (summary): Row => ({
      cells: [
        `  ${visibleText(summary.run.variant)}`,
        executed(summary, "ENTRY"),
        executed(summary, "EXIT"),
        ...(isUnknownAsked ? [executed(summary, "UNKNOWN")] : []),
        moneyText(summary.money.netPnlQuote),
        moneyText(summary.money.maxDrawdownMarkedQuote ?? summary.money.maxDrawdownQuote),
        thresholds(summary),
      ],
    }),
  );
  return [...renderTable(columns, rows, screen), "  executed of asked; money in quote"];
}

function executed({ funnel }: RunSummary, evalType: "ENTRY" | "EXIT" | "UNKNOWN"): string {
  const column = funnel.find((each) => each.evalType === evalType);
  const asked = (column?.intents ?? 0) + (column?.requests ?? 0);
  if (column === undefined || asked === 0) return "-";
  const count = column.terminals
    .filter(({ state }) => state === "FILLED" || state === "PARTIAL")
    .reduce((sum, each) => sum + each.count, 0);
  return `${grouped(count)} of ${grouped(asked)}`;
}

function thresholds({ thresholds: all }: RunSummary): string {
  if (all.length === 0) return "-";
  const count = (status: (typeof all)[number]["status"]) => all.filter((each) => each.status === status).length;
  const parts = [`${count("ok")} ok`, ...(count("fail") > 0 ? [`${count("fail")} FAILED`] : [])];
  return [...parts, ...(count("no_data") > 0 ? [`${count("no_data")} no data`] : [])].join(", ");
}
