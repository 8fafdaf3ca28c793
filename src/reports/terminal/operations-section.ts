import { durationText, grouped, numberText, percentText } from "../format.ts";
import type { Distribution, Estimate, RunSummary } from "../summary/schema.ts";
import { truncate } from "./display-width.ts";
import type { Screen } from "./run-report.ts";
import { type Column, type Row, renderTable } from "./table.ts";

/** Room for a number with its share; a longer reason for an undefined one is cut before a variant is dropped. */
const CELL_WIDTH_MIN = 18;

/** A title, then one column per variant; with one variant no variant is named. Later variants are dropped first. */
export function variantColumns(title: string, summaries: readonly RunSummary[], screen: Screen): Column[] {
  return [
    { header: title, align: "left", dropOrder: 0 },
    ...summaries.map(
      (summary, variant): Column => ({
        header: summaries.length === 1 ? "" : screen.nameOf(summary),
        align: "right",
        dropOrder: variant,
        ...(summaries.length === 1 ? {} : { widthMin: CELL_WIDTH_MIN }),
      }),
    ),
  ];
}

/** n, p50, p95 and max of each variant; the maxima leave before any variant does. */
function quantileColumns(title: string, summaries: readonly RunSummary[], screen: Screen): Column[] {
  return [
    { header: title, align: "left", dropOrder: 0 },
    ...summaries.flatMap((summary, variant) =>
      ["n", "p50", "p95", "max"].map(
        (header): Column => ({
          header,
          align: "right",
          dropOrder: header === "max" && summaries.length > 1 ? 1000 + variant : variant,
          ...(summaries.length === 1 ? {} : { group: screen.nameOf(summary) }),
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
  const lines = renderTable(quantileColumns("EXECUTION", summaries, screen), rows, screen);
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
  return longest === undefined ? "" : `, longest ${durationText(longest.durationMs)} so far`;
}

function quantileCells(distribution: Distribution, show: (value: number) => string): string[] {
  const cell = (value: number | null) => (value === null ? "-" : show(value));
  // `3+2`: three measured, two that had not ended.
  const n = distribution.censored > 0 ? `${distribution.n}+${distribution.censored}` : grouped(distribution.n);
  return [n, cell(distribution.p50), cell(distribution.p95), cell(distribution.max)];
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
        : `${durationText(coverage.cycleCost.p50)} / ${durationText(coverage.cycleCost.max)}`,
    ),
  ];
  return renderTable(variantColumns("COVERAGE", summaries, screen), rows, screen);
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
  const isAnyFragile = summaries.some((summary) => summary.governor.some((group) => group.fragile > 0));
  const rows: Row[] = summaries.flatMap((summary) =>
    summary.governor.map((group): Row => {
      const blocked = group.byOutcome.find(({ outcome }) => outcome === "BLOCKED")?.count ?? 0;
      const isNamed = summaries.length > 1 && summary.run.variant !== group.governor;
      return {
        cells: [
          `  ${isNamed ? `${screen.nameOf(summary)}: ` : ""}${group.governor} ${group.evalType}`,
          grouped(group.evaluations),
          grouped(blocked),
          rangeText(group.value),
          rangeText(group.cutoff),
          grouped(group.fragile),
        ],
      };
    }),
  );
  if (rows.length === 0) return [];
  const columns: Column[] = [
    { header: "GOVERNOR", align: "left", dropOrder: 0, widthMin: 20 },
    { header: "n", align: "right", dropOrder: 0 },
    { header: "blocked", align: "right", dropOrder: 0 },
    { header: "value min/p50/max", align: "right", dropOrder: 0 },
    { header: "cutoff min/p50/max", align: "right", dropOrder: 1 },
    ...(isAnyFragile ? [{ header: "on the cutoff", align: "right", dropOrder: 2 } as const] : []),
  ];
  return renderTable(columns, rows, screen);
}

function rangeText({ min, p50, max }: Distribution): string {
  if (min === null || p50 === null || max === null) return "-";
  const text = (value: number) => numberText(value, 3);
  return min === max ? text(min) : `${text(min)}/${text(p50)}/${text(max)}`;
}
