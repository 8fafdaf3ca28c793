import { formatDurationMs } from "../../engine/domain/duration.ts";
import { grouped, numberText, percentText } from "../format.ts";
import type { Distribution, Estimate, RunSummary } from "../summary/schema.ts";
import { truncate } from "./display-width.ts";
import type { Screen } from "./run-report.ts";
import { type Column, type Row, renderTable } from "./table.ts";

/** Head cell, one per variant after it: with one variant no variant is named. */
export function variantColumns(
  title: string,
  names: readonly string[],
  summaries: readonly RunSummary[],
  screen: Screen,
): Column[] {
  const isSingle = summaries.length === 1;
  return [
    { header: title, align: "left", dropOrder: 0 },
    ...summaries.flatMap((summary, variant) =>
      names.map(
        (name): Column => ({
          header: isSingle ? name : `${screen.nameOf(summary)} ${name}`.trim(),
          align: "right",
          dropOrder: variant === 0 ? 0 : 1 + variant,
        }),
      ),
    ),
  ];
}

const LATENCIES: readonly (readonly [keyof RunSummary["execution"]["latencies"], string])[] = [
  ["intentToPlan", "intent -> plan"],
  ["planToPermit", "plan -> permit"],
  ["permitToOrder", "permit -> order"],
  ["orderToResult", "order -> result"],
  ["planToResult", "plan -> result"],
  ["fillToLedger", "fill -> ledger"],
];

export function executionSection(summaries: readonly RunSummary[], screen: Screen): string[] {
  const latencyRows: Row[] = LATENCIES.filter(([id]) =>
    summaries.some((summary) => summary.execution.latencies[id].n > 0),
  ).map(([id, label]) => ({
    cells: [
      `  ${label}`,
      ...summaries.flatMap((summary) => quantileCells(summary.execution.latencies[id], durationText)),
    ],
  }));
  const slippageRows: Row[] = summaries.some((summary) => summary.execution.slippage.n > 0)
    ? [
        {
          cells: [
            "  slippage bp",
            ...summaries.flatMap((summary) =>
              quantileCells(summary.execution.slippage, (value) => numberText(value, 3)),
            ),
          ],
        },
      ]
    : [];
  const exitRows: Row[] = summaries.some((summary) => summary.exits.blockedEpisodes > 0)
    ? [
        {
          cells: [
            "  exit blocked for",
            ...summaries.flatMap((summary) => quantileCells(summary.exits.blockedTime, durationText)),
          ],
        },
      ]
    : [];
  const rows = [...latencyRows, ...slippageRows, ...exitRows];
  if (rows.length === 0) return [];
  const lines = renderTable(variantColumns("EXECUTION", ["n", "p50", "p95", "max"], summaries, screen), rows, screen);
  for (const summary of summaries) {
    const { blockedTime, blockedEpisodes, releasedEpisodes } = summary.exits;
    if (blockedTime.censored === 0) continue;
    const whose = summaries.length === 1 ? "" : `${screen.nameOf(summary)}: `;
    const text = `${whose}${blockedEpisodes - releasedEpisodes} of ${blockedEpisodes} blocked exits never got through${longestText(summary)}.`;
    lines.push(screen.paint("warn", truncate(`  !! ${text}`, screen.width)));
  }
  return lines;
}

function longestText(summary: RunSummary): string {
  const longest = summary.exits.longest.find((each) => each.isCensored);
  return longest === undefined ? "" : `, longest ${formatDurationMs(longest.durationMs)} so far`;
}

function quantileCells(distribution: Distribution, show: (value: number) => string): string[] {
  const cell = (value: number | null) => (value === null ? "-" : show(value));
  // `3+2`: three measured, two that had not ended.
  const n = distribution.censored > 0 ? `${distribution.n}+${distribution.censored}` : grouped(distribution.n);
  return [n, cell(distribution.p50), cell(distribution.p95), cell(distribution.max)];
}

function durationText(durationMs: number): string {
  return durationMs < 60_000 && durationMs >= 1000
    ? `${(durationMs / 1000).toFixed(1)}s`
    : formatDurationMs(durationMs);
}

const RECONCILIATION_ROWS = 10;

export function reconciliationSection(summaries: readonly RunSummary[], screen: Screen): string[] {
  const isSingle = summaries.length === 1;
  const rows: Row[] = summaries.flatMap((summary) =>
    summary.reconciliation.symbols.map((row): Row => {
      const isExplained = /^-?0(\.0*)?( lots)?$/.test(row.unexplainedQty);
      const isTrouble = row.isDiffering || !isExplained;
      const verdict = row.isDiffering ? "!! differs" : isExplained ? "ok" : "!! unexplained";
      return {
        cells: [
          `  ${row.symbol}`,
          row.exchangeQty,
          row.ledgerQty ?? "none",
          row.ownFillsQty,
          row.unexplainedQty,
          isSingle ? verdict : `${verdict} ${screen.nameOf(summary)}`,
        ],
        ...(isTrouble ? { style: "fail" as const } : {}),
      };
    }),
  );
  if (rows.length === 0) return [];
  const columns: Column[] = [
    { header: "RECONCILIATION", align: "left", dropOrder: 0, widthMin: 14 },
    { header: "exchange", align: "right", dropOrder: 0 },
    { header: "ledger", align: "right", dropOrder: 0 },
    { header: "own fills", align: "right", dropOrder: 2 },
    { header: "unexplained", align: "right", dropOrder: 1 },
    { header: "", align: "left", dropOrder: 0 },
  ];
  const lines = renderTable(columns, rows.slice(0, RECONCILIATION_ROWS), screen);
  const omitted =
    rows.length - RECONCILIATION_ROWS + summaries.reduce((sum, { reconciliation }) => sum + reconciliation.omitted, 0);
  if (omitted > 0) lines.push(screen.paint("dim", `  and ${omitted} more symbols (summary.json)`));
  return lines;
}

export function coverageSection(summaries: readonly RunSummary[], screen: Screen): string[] {
  if (summaries.every(({ coverage }) => coverage.cycles === 0)) return [];
  const row = (label: string, read: (coverage: RunSummary["coverage"]) => string): Row => ({
    cells: [`  ${label}`, ...summaries.map((summary) => read(summary.coverage))],
  });
  const rows = [
    row("ranker", (coverage) => coverage.ranker ?? "-"),
    row("cycles", (coverage) => grouped(coverage.cycles)),
    row("needed and fresh", (coverage) => shareText(coverage.neededFresh, neededOf(coverage))),
    row("needed and stale", (coverage) => shareText(coverage.neededStale, neededOf(coverage))),
    row("needed, never ranked", (coverage) => shareText(coverage.neverRanked, neededOf(coverage))),
    row("open positions covered", (coverage) => estimateText(coverage.openPositions, percentText)),
    row("cycle cost p50 / max", (coverage) =>
      coverage.cycleCost.p50 === null || coverage.cycleCost.max === null
        ? "-"
        : `${formatDurationMs(coverage.cycleCost.p50)} / ${formatDurationMs(coverage.cycleCost.max)}`,
    ),
  ];
  return renderTable(variantColumns("COVERAGE", [""], summaries, screen), rows, screen);
}

function neededOf(coverage: RunSummary["coverage"]): number {
  return coverage.neededFresh + coverage.neededStale + coverage.neverRanked;
}

function shareText(part: number, whole: number): string {
  return whole === 0 ? "0" : `${grouped(part)} (${percentText(part / whole)})`;
}

/** The value, or `-` with its reason: an undefined number is never shown as 0. */
export function estimateText(estimate: Estimate, show: (value: number) => string): string {
  return typeof estimate.value === "number" ? show(estimate.value) : `- (${estimate.reason ?? "undefined"})`;
}

export function governorSection(summaries: readonly RunSummary[], screen: Screen): string[] {
  const isSingle = summaries.length === 1;
  const rows: Row[] = summaries.flatMap((summary) =>
    summary.governor.map((group): Row => {
      const blocked = group.byOutcome.find(({ outcome }) => outcome === "BLOCKED")?.count ?? 0;
      return {
        cells: [
          `  ${group.governor} ${group.evalType}`,
          grouped(group.evaluations),
          grouped(blocked),
          rangeText(group.value),
          rangeText(group.cutoff),
          group.fragile === 0 ? "" : `${group.fragile} on the cutoff`,
          isSingle ? "" : screen.nameOf(summary),
        ],
      };
    }),
  );
  if (rows.length === 0) return [];
  const columns: Column[] = [
    { header: "GOVERNOR", align: "left", dropOrder: 0, widthMin: 24 },
    { header: "evaluations", align: "right", dropOrder: 0 },
    { header: "blocked", align: "right", dropOrder: 0 },
    { header: "value min/median/max", align: "right", dropOrder: 0 },
    { header: "cutoff min/median/max", align: "right", dropOrder: 1 },
    { header: "", align: "left", dropOrder: 3 },
    { header: isSingle ? "" : "variant", align: "left", dropOrder: 2, widthMin: 8 },
  ];
  return renderTable(columns, rows, screen);
}

function rangeText({ min, p50, max }: Distribution): string {
  if (min === null || p50 === null || max === null) return "-";
  if (min === max) return min.toFixed(3);
  return `${min.toFixed(3)}/${p50.toFixed(3)}/${max.toFixed(3)}`;
}
