import type { RunSummary, ThresholdResult } from "../summary/schema.ts";
import type { Screen } from "./run-report.ts";
import { type Column, type Row, renderTable, type Style } from "./table.ts";

/** A sign for each verdict besides the colour: colour alone is lost on paper, in logs and on many eyes. */
const SIGN: Readonly<Record<ThresholdResult["status"], string>> = {
  ok: "ok",
  fail: "!!",
  no_data: "??",
  skipped: "--",
};
const STYLE: Readonly<Record<ThresholdResult["status"], Style>> = {
  ok: "ok",
  fail: "fail",
  no_data: "warn",
  skipped: "dim",
};

export function thresholdSection(summaries: readonly RunSummary[], screen: Screen): string[] {
  const isSingle = summaries.length === 1;
  const all = summaries.flatMap((summary) => summary.thresholds.map((result) => ({ summary, result })));
  if (all.length === 0) return [];
  const count = (status: ThresholdResult["status"]) => all.filter(({ result }) => result.status === status).length;
  const skipped = count("skipped");
  const title = `THRESHOLDS  ${count("ok")} ok  ${count("fail")} failed  ${count("no_data")} no data${skipped === 0 ? "" : `  ${skipped} skipped`}`;
  const columns: Column[] = [
    { header: "", align: "left", dropOrder: 0 },
    { header: "", align: "left", dropOrder: 0 },
    { header: "", align: "left", dropOrder: 0 },
    { header: "", align: "left", dropOrder: 0, widthMin: 12 },
    { header: "", align: "left", dropOrder: 1 },
  ];
  const rows: Row[] = all.map(({ summary, result }) => ({
    cells: [
      `  ${SIGN[result.status]}`,
      result.metric,
      result.expr,
      `${result.text}${result.n === null || result.status !== "ok" ? "" : ` (n ${result.n})`}${result.level === "warn" ? "  warn only" : ""}`,
      isSingle ? "" : screen.nameOf(summary),
    ],
    style: STYLE[result.status],
  }));
  return [screen.paint("heading", title), ...renderTable(columns, rows, screen)];
}
