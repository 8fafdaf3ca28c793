import { grouped } from "../format.ts";
import type { FunnelColumn, ReasonCount, RunSummary, TerminalState } from "../summary/schema.ts";
import type { Screen } from "./run-report.ts";
import { type Column, type Row, renderTable } from "./table.ts";

const STATE_ROWS: readonly (readonly [TerminalState, string])[] = [
  ["FILLED", "executed: filled"],
  ["PARTIAL", "executed: partly filled"],
  ["BLOCKED_POLICY", "blocked by policy"],
  ["BLOCKED_INFRA", "blocked by infrastructure"],
  ["REJECTED_VENUE", "refused by venue"],
  ["REJECTED_INPUT", "rejected input"],
  ["SKIPPED", "skipped"],
  ["EXPIRED", "expired"],
  ["ERROR", "error"],
  ["IN_FLIGHT", "in flight at end"],
];

/** Rows that stay when every count is 0: their zero is an answer. */
const ALWAYS: ReadonlySet<TerminalState> = new Set([
  "FILLED",
  "BLOCKED_POLICY",
  "BLOCKED_INFRA",
  "REJECTED_VENUE",
  "IN_FLIGHT",
]);

interface Cell {
  readonly summary: RunSummary;
  readonly column: FunnelColumn;
}

/** WHAT HAPPENED TO EVERY INTENT: one column per evalType, for several variants one group of them per variant. */
export function funnelSection(summaries: readonly RunSummary[], screen: Screen): string[] {
  const isSingle = summaries.length === 1;
  const shown = summaries[0]!.funnel
    .map(({ evalType }) => evalType)
    .filter((evalType) => isSingle || summaries.some((summary) => hasAny(columnOf(summary, evalType))));
  const cells: Cell[] = summaries.flatMap((summary) =>
    shown.map((evalType) => ({ summary, column: columnOf(summary, evalType) })),
  );
  const columns: Column[] = [
    { header: "WHAT HAPPENED TO EVERY INTENT", align: "left", dropOrder: 0 },
    ...cells.map(
      ({ summary, column }, index): Column => ({
        header: column.evalType,
        ...(isSingle ? {} : { group: screen.nameOf(summary) }),
        align: "right",
        // The baseline stays; later variants leave first.
        dropOrder: index < shown.length ? 0 : 1 + Math.floor(index / shown.length),
      }),
    ),
    ...(isSingle ? [{ header: "", align: "left", dropOrder: 100, widthMin: 24 } as const] : []),
  ];
  const row = (label: string, read: (column: FunnelColumn) => string, note = "", style?: Row["style"]): Row => ({
    cells: [`  ${label}`, ...cells.map(({ column }) => read(column)), note],
    ...(style === undefined ? {} : { style }),
  });
  const isBalanced = cells.every(({ column }) => column.unaccounted.count === 0);
  const rows: Row[] = [
    row("intents", (column) => grouped(column.intents)),
    ...(cells.some(({ column }) => column.requests > 0)
      ? [row("other requests (episodes)", (column) => grouped(column.requests))]
      : []),
    row("evaluations (episodes)", (column) => `${grouped(column.evaluations)} (${grouped(column.episodes)})`),
    ...STATE_ROWS.filter(([state]) => ALWAYS.has(state) || cells.some(({ column }) => countOf(column, state) > 0)).map(
      ([state, label]) => row(label, (column) => grouped(countOf(column, state)), noteOf(cells, state)),
    ),
    row(
      isSingle || !isBalanced ? "unaccounted" : "unaccounted: OK",
      (column) => grouped(column.unaccounted.count),
      isBalanced ? "OK" : `!! ${reasonsText(cells.flatMap(({ column }) => column.unaccounted.byReason))}`,
      isBalanced ? "ok" : "fail",
    ),
  ];
  return [...renderTable(columns, rows, screen), ...(isSingle ? [] : reasonTable(summaries, screen))];
}

function columnOf(summary: RunSummary, evalType: FunnelColumn["evalType"]): FunnelColumn {
  return summary.funnel.find((column) => column.evalType === evalType)!;
}

function hasAny(column: FunnelColumn): boolean {
  return column.intents + column.requests + column.evaluations > 0;
}

function countOf(column: FunnelColumn, state: TerminalState): number {
  return column.terminals.find((terminal) => terminal.state === state)?.count ?? 0;
}

function noteOf(cells: readonly Cell[], state: TerminalState): string {
  if (state === "FILLED") return "";
  return reasonsText(
    cells.flatMap(({ column }) => column.terminals.find((each) => each.state === state)?.byReason ?? []),
  );
}

/** The two most frequent reasons, with counts when there are several. */
function reasonsText(reasons: readonly ReasonCount[]): string {
  const sorted = [...reasons].sort(
    (left, right) => right.count - left.count || (left.reason < right.reason ? -1 : left.reason > right.reason ? 1 : 0),
  );
  const texts = sorted.slice(0, 2).map((each) => {
    const where = each.symbols.length === 0 || each.reason.includes(each.symbols[0]!) ? "" : ` (${symbolsText(each)})`;
    return `${each.reason}${sorted.length > 1 ? ` ${each.count}` : ""}${where}`;
  });
  return texts.join(", ") + (sorted.length > 2 ? `, ${sorted.length - 2} more reasons` : "");
}

const REASONS_SHOWN = 10;

/** WHY not executed, by reason and variant: with several variants the reasons have no room beside the counts. */
function reasonTable(summaries: readonly RunSummary[], screen: Screen): string[] {
  const rows = new Map<string, { label: string; counts: number[]; total: number }>();
  summaries.forEach((summary, variant) => {
    for (const { evalType, terminals } of summary.funnel) {
      for (const { state, byReason } of terminals) {
        if (state === "FILLED" || state === "PARTIAL") continue;
        for (const { reason, count } of byReason) {
          const label = `${evalType} ${reason}`;
          const row = rows.get(label) ?? { label, counts: summaries.map(() => 0), total: 0 };
          row.counts[variant]! += count;
          row.total += count;
          rows.set(label, row);
        }
      }
    }
  });
  const sorted = [...rows.values()].sort(
    (left, right) => right.total - left.total || (left.label < right.label ? -1 : 1),
  );
  if (sorted.length === 0) return [];
  const columns: Column[] = [
    { header: "WHY NOT EXECUTED", align: "left", dropOrder: 0, widthMin: 30 },
    ...summaries.map(
      (summary, variant): Column => ({
        header: screen.nameOf(summary),
        align: "right",
        dropOrder: variant === 0 ? 0 : 1 + variant,
      }),
    ),
  ];
  const lines = renderTable(
    columns,
    sorted.slice(0, REASONS_SHOWN).map(({ label, counts }) => ({ cells: [`  ${label}`, ...counts.map(grouped)] })),
    screen,
  );
  if (sorted.length > REASONS_SHOWN) {
    lines.push(screen.paint("dim", `  and ${sorted.length - REASONS_SHOWN} more reasons (summary.json)`));
  }
  return ["", ...lines];
}

function symbolsText({ symbols, symbolCount }: ReasonCount): string {
  return symbolCount > 2 ? `${symbols.slice(0, 2).join(", ")} +${symbolCount - 2}` : symbols.slice(0, 2).join(", ");
}
