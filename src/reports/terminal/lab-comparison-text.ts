import { formatDurationMs } from "../../engine/domain/duration.ts";
import type { LabCandidate, LabComparison, LabMetric } from "../comparison/lab-comparison.ts";
import { durationText, grouped, numberText, percentText, timeText } from "../format.ts";
import { visibleText } from "../visible-text.ts";
import { foldWords } from "./display-width.ts";
import type { Screen } from "./run-report.ts";
import { type Column, type Row, renderTable, type Style } from "./table.ts";

/** With more candidates than this each gets one row, not a section. */
export const SECTIONS_MAX = 3;
/** Rows of a table over candidates; the document has all of them. */
const ROWS_MAX = 16;

function shownOf<Row>(
  rows: readonly Row[],
  screen: Screen,
): { readonly rows: readonly Row[]; readonly more: string[] } {
  const left = rows.length - ROWS_MAX;
  return { rows: rows.slice(0, ROWS_MAX), more: left > 0 ? told(`and ${grouped(left)} more in the file`, screen) : [] };
}

/** Decisions that changed, differences with verdicts, and what the number of trials does to them. */
export function labSections(comparison: LabComparison, screen: Screen): string[][] {
  const isMany = comparison.candidates.length > SECTIONS_MAX;
  return [
    decisionSection(comparison, screen),
    ...(isMany
      ? [manySection(comparison, screen)]
      : comparison.candidates.map((each) => metricSection(comparison, each, screen))),
    trialSection(comparison, screen),
  ];
}

/** Folded text under a heading. */
export function told(text: string, { width }: Screen, indent = 2): string[] {
  const lead = " ".repeat(indent);
  return foldWords(visibleText(text), Math.min(width, 160) - indent - 2).map((line, index) =>
    index === 0 ? `${lead}${line}` : `${lead}  ${line}`,
  );
}

function decisionSection({ baseline, candidates }: LabComparison, screen: Screen): string[] {
  const columns: Column[] = [
    { header: "", align: "left", dropOrder: 0, widthMin: 12 },
    { header: "same", align: "right", dropOrder: 0 },
    { header: "changed", align: "right", dropOrder: 0 },
    { header: "in episodes", align: "right", dropOrder: 2 },
    { header: "now executed", align: "right", dropOrder: 0 },
    { header: "now not", align: "right", dropOrder: 0 },
    { header: "otherwise", align: "right", dropOrder: 1 },
    { header: "exits of one only", align: "right", dropOrder: 3 },
  ];
  const sum = ({ ENTRY, EXIT, UNKNOWN }: LabCandidate["decisions"]["nowExecuted"]) => grouped(ENTRY + EXIT + UNKNOWN);
  const rows = candidates.map(({ candidate, decisions, episodes }): Row => {
    const only = decisions.exitsOnlyInBaseline + decisions.exitsOnlyInCandidate;
    return {
      cells: [
        `  ${candidate}`,
        ...[decisions.same, decisions.changed, episodes.count].map(grouped),
        ...[decisions.nowExecuted, decisions.nowBlocked, decisions.otherwise].map(sum),
        grouped(only),
      ],
    };
  });
  const firsts = candidates
    .slice(0, SECTIONS_MAX)
    .flatMap(({ candidate, decisions: { first } }) =>
      first === null
        ? []
        : told(
            `first of ${candidate}: ${timeText(first.tsMs)} ${first.symbol} ${first.evalType} ${first.from.state} -> ${first.to.state}  ${first.from.reason === first.to.reason ? first.from.reason : `${first.from.reason} -> ${first.to.reason}`}`,
            screen,
          ),
    );
  const shown = shownOf(rows, screen);
  return [
    screen.paint("heading", `DECISIONS THAT CHANGED  from ${visibleText(baseline)}`),
    ...renderTable(columns, shown.rows, { ...screen, headerStyle: "dim" }),
    ...shown.more,
    ...firsts,
  ];
}

function metricSection({ baseline }: LabComparison, candidate: LabCandidate, screen: Screen): string[] {
  const columns: Column[] = [
    { header: "", align: "left", dropOrder: 0 },
    { header: "baseline", align: "right", dropOrder: 5 },
    { header: "candidate", align: "right", dropOrder: 4 },
    { header: "difference", align: "right", dropOrder: 0 },
    { header: "95 %", align: "right", dropOrder: 0 },
    { header: "p Holm", align: "right", dropOrder: 3 },
    { header: "verdict", align: "left", dropOrder: 0 },
  ];
  const rows = candidate.metrics.map((metric): Row => {
    const style = styleOf(metric.verdict);
    return {
      cells: [
        `  ${metric.label}`,
        valueText(metric, metric.baseline.value, false),
        valueText(metric, metric.candidate.value, false),
        valueText(metric, metric.difference.value, true),
        intervalText(metric, metric.interval.value),
        metric.pHolm.value === null ? "-" : numberText(metric.pHolm.value, 2),
        verdictText(metric),
      ],
      ...(style === undefined ? {} : { style }),
    };
  });
  const reasons = candidate.metrics.flatMap((metric) => [
    ...(metric.verdictReason === null ? [] : told(`${metric.label}: ${reasonText(metric.verdictReason)}`, screen)),
    ...told(`${metric.label}: ${backgroundText(metric)}`, screen),
  ]);
  const { episodes, matchedBlockRate, seeds } = candidate;
  return [
    screen.paint(
      "heading",
      visibleText(`${baseline} -> ${candidate.candidate}  evidence ${candidate.badge}  ${candidate.wording}`),
    ),
    ...renderTable(columns, rows, { ...screen, headerStyle: "dim" }),
    ...reasons,
    ...told(
      `${grouped(episodes.count)} episodes in ${grouped(episodes.bursts)} bursts over ${grouped(episodes.hours)} hours; ${candidate.evidence.join("; ")}`,
      screen,
    ),
    ...(matchedBlockRate.value === null
      ? []
      : told(
          `at the same block rate of ${percentText(matchedBlockRate.value.blockRate)}: ${signed(matchedBlockRate.value.difference, numberText(matchedBlockRate.value.difference))} quote`,
          screen,
        )),
    ...(seeds.value === null
      ? []
      : told(
          `seeds ${seeds.value.seeds}: mean ${numberText(seeds.value.mean)}, deviation ${numberText(seeds.value.std)} quote${seeds.value.isInsensitive ? ", seed-insensitive" : ""}, ${grouped(seeds.value.fragile)} fragile decisions`,
          screen,
        )),
  ];
}

/** What the data could have shown, and the second opinion. */
function backgroundText(metric: LabMetric): string {
  const { detectable, second } = metric;
  const shown =
    detectable.value === null
      ? `smallest difference it could have shown: none, ${reasonText(detectable.reason)}`
      : `could have shown ${valueText(metric, detectable.value, false)} at 80 % power`;
  if (second.value === null) return `${shown}; no second opinion, ${reasonText(second.reason)}`;
  const { blockBuckets, bucketMs, effectiveBlocks, isTrusted, interval, verdict } = second.value;
  const blocks = `blocks of ${formatDurationMs(Math.round((blockBuckets * bucketMs) / 60_000) * 60_000)}`;
  const trust = isTrusted ? "" : `, not trusted: ${numberText(effectiveBlocks, 3)} blocks, 20 are needed`;
  return `${shown}; second opinion by ${blocks} ${intervalText(metric, interval)} ${verdict}${trust}`;
}

/** One row a variant: with many of them a reader looks for the few that stand out. */
function manySection({ candidates, metrics, variants }: LabComparison, screen: Screen): string[] {
  const columns: Column[] = [
    { header: "", align: "left", dropOrder: 0, widthMin: 12 },
    { header: "ev.", name: "evidence", align: "left", dropOrder: 0 },
    ...metrics.flatMap((metric, index): Column[] => {
      const label = candidates[0]!.metrics[index]!.label;
      return [
        { header: "diff", align: "right", group: label, dropOrder: 2 + 3 * index },
        { header: "95 %", align: "right", group: label, dropOrder: 3 + 3 * index },
        {
          header: index === 0 ? "verdict" : metric,
          align: "left",
          group: label,
          dropOrder: index === 0 ? 0 : 1 + 3 * index,
        },
      ];
    }),
    { header: "DSR", align: "right", dropOrder: 1 },
  ];
  const rows = candidates.map(({ candidate, badge, metrics: compared }): Row => {
    const dsr = variants.find(({ variant }) => variant === candidate)!.dsr;
    const style = styleOf(compared[0]!.verdict);
    return {
      cells: [
        `  ${candidate}`,
        badge,
        ...compared.flatMap((metric) => [
          valueText(metric, metric.difference.value, true),
          intervalText(metric, metric.interval.value),
          verdictText(metric),
        ]),
        dsr.value === null ? "-" : numberText(dsr.value, 2),
      ],
      ...(style === undefined ? {} : { style }),
    };
  });
  const flips = candidates.flatMap(({ candidate, metrics: compared }) =>
    compared
      .filter(({ bySeed, byProfile }) => bySeed.isFlipping || byProfile.isFlipping)
      .flatMap(({ label, verdictReason }) => told(`${candidate}, ${label}: ${verdictReason}`, screen)),
  );
  const shown = shownOf(rows, screen);
  return [
    screen.paint("heading", "DIFFERENCES  candidate minus baseline, at 95 %"),
    ...renderTable(columns, shown.rows, { ...screen, headerStyle: "dim" }),
    ...shown.more,
    ...flips.slice(0, ROWS_MAX),
  ];
}

function trialSection({ many, variants }: LabComparison, screen: Screen): string[] {
  const { trials, bursts, buckets, overfitting } = many;
  const n =
    trials.value === null
      ? `N unknown (${reasonText(trials.reason)})`
      : `${grouped(trials.value)} variants ever tried on these recordings`;
  const superior = (name: string, test: LabComparison["many"]["bursts"]) =>
    test.value === null
      ? `${name}: none, ${reasonText(test.reason)}`
      : `${name}: p ${numberText(test.value.pConsistent, 3)} (${numberText(test.value.pLower, 3)} to ${numberText(test.value.pUpper, 3)}), better at family level: ${test.value.better.join(", ") || "none"}`;
  const columns: Column[] = [
    { header: "", align: "left", dropOrder: 0, widthMin: 12 },
    { header: "net pnl/day", align: "right", dropOrder: 0 },
    { header: "Sharpe/5m", align: "right", dropOrder: 1 },
    { header: "PSR", align: "right", dropOrder: 0 },
    { header: "DSR", align: "right", dropOrder: 0 },
    { header: "", name: "reason", align: "left", dropOrder: 2, widthMin: 12 },
  ];
  const cell = (value: number | null, digits: number) => (value === null ? "-" : numberText(value, digits));
  const rows = variants.map(
    ({ variant, netPnlPerDayQuote, sharpe, psr, dsr }): Row => ({
      cells: [
        `  ${variant}`,
        numberText(netPnlPerDayQuote),
        cell(sharpe.value, 3),
        cell(psr.value, 3),
        cell(dsr.value, 3),
        reasonText(sharpe.reason ?? psr.reason ?? dsr.reason ?? ""),
      ],
    }),
  );
  const shown = shownOf(rows, screen);
  return [
    screen.paint("heading", "MANY VARIANTS"),
    ...told(n, screen),
    ...renderTable(columns, shown.rows, { ...screen, headerStyle: "dim" }),
    ...shown.more,
    ...told(superior("StepM and SPA over bursts", bursts), screen),
    ...told(superior("StepM and SPA over buckets (second)", buckets), screen),
    ...told(
      overfitting.value === null
        ? `probability of backtest overfitting: none, ${reasonText(overfitting.reason)}`
        : `probability of backtest overfitting ${numberText(overfitting.value.probability, 2)} over ${grouped(overfitting.value.splits)} splits of ${overfitting.value.variants} variants (0.5 is chance)`,
      screen,
    ),
  ];
}

function verdictText({ verdict, bySeed, byProfile }: LabMetric): string {
  return bySeed.isFlipping || byProfile.isFlipping ? `${verdict} (flips)` : verdict;
}

function styleOf(verdict: LabMetric["verdict"]): Style | undefined {
  return verdict === "better" ? "ok" : verdict === "worse" ? "fail" : undefined;
}

function intervalText(metric: LabMetric, interval: readonly [number, number] | null): string {
  return interval === null ? "-" : `[${valueText(metric, interval[0], true)}, ${valueText(metric, interval[1], true)}]`;
}

/** A value in the unit of its metric; differences of shares are in points. */
export function valueText({ unit }: LabMetric, value: number | null, isSigned: boolean): string {
  if (value === null) return "-";
  if (unit === "share") {
    const text = percentText(value);
    return isSigned ? signed(value, text.replace(/ %$/, " pp")) : text;
  }
  if (unit === "ms") {
    const text = durationText(Math.abs(value));
    return value < 0 ? `-${text}` : isSigned ? signed(value, text) : text;
  }
  return isSigned ? signed(value, numberText(value)) : numberText(value);
}

function signed(value: number, text: string): string {
  return value > 0 && !text.startsWith("+") ? `+${text}` : text;
}

function reasonText(reason: string | null): string {
  return (reason ?? "").replaceAll("_", " ");
}
