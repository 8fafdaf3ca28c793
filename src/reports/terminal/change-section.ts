import type { DecisionChange, MetricDifference, RunComparison, VariantComparison } from "../comparison.ts";
import { durationText, grouped, moneyText, numberText, percentText, timeText } from "../format.ts";
import { visibleText } from "../visible-text.ts";
import { foldWords, truncate } from "./display-width.ts";
import type { Screen } from "./run-report.ts";
import { type Column, type Row, renderTable } from "./table.ts";

const CHANGES_SHOWN = 5;

/** WHAT CHANGED: decisions first, because they are exact facts; then the difference of the main numbers. */
export function changeSection(comparison: RunComparison, screen: Screen): string[] {
  return comparison.candidates.flatMap((candidate, index) => [
    ...(index === 0 ? [] : [""]),
    ...oneCandidate(candidate, screen),
  ]);
}

function oneCandidate(candidate: VariantComparison, screen: Screen): string[] {
  const { paint, width } = screen;
  const clip = (text: string) => truncate(visibleText(text), width);
  const told = (text: string) => foldWords(visibleText(text), Math.min(width, 160) - 2).map((line) => `  ${line}`);
  const lines = [
    paint("heading", clip(`WHAT CHANGED  ${candidate.baseline} -> ${candidate.candidate}`)),
    clip(`  same ${grouped(candidate.same)}   changed ${grouped(candidate.changed)}`),
  ];
  if (candidate.changed > 0) lines.push(...countsTable(candidate, screen), ...changeList(candidate, clip));
  const only = candidate.exitsOnlyInBaseline + candidate.exitsOnlyInCandidate;
  if (only > 0) {
    lines.push(
      ...told(
        `exits only one variant asked for: ${candidate.exitsOnlyInBaseline} of ${candidate.baseline}, ${candidate.exitsOnlyInCandidate} of ${candidate.candidate} (other positions, so they follow from earlier changes)`,
      ),
    );
  }
  lines.push(...differenceTable(candidate, screen));
  lines.push(
    ...told(`evidence ${candidate.badge}: ${candidate.evidence.join("; ")}`).map((line) => paint("dim", line)),
  );
  return lines;
}

function countsTable(candidate: VariantComparison, screen: Screen): string[] {
  const columns: Column[] = [
    { header: "", align: "left", dropOrder: 0 },
    { header: "ENTRY", align: "right", dropOrder: 0 },
    { header: "EXIT", align: "right", dropOrder: 0 },
    { header: "UNKNOWN", align: "right", dropOrder: 0 },
  ];
  const row = (label: string, counts: VariantComparison["nowExecuted"]): Row => ({
    cells: [`  ${label}`, grouped(counts.ENTRY), grouped(counts.EXIT), grouped(counts.UNKNOWN)],
  });
  return renderTable(
    columns,
    [
      row("now executed", candidate.nowExecuted),
      row("now not executed", candidate.nowBlocked),
      row("ended otherwise", candidate.otherwise),
    ],
    { ...screen, headerStyle: "dim" },
  );
}

/** The first change is the one to look at: what comes later may only follow from it. */
function changeList(candidate: VariantComparison, clip: (text: string) => string): string[] {
  const lines = candidate.changes
    .slice(0, CHANGES_SHOWN)
    .map((change, index) => clip(`  ${index === 0 ? "first" : "     "} ${changeText(change)}`));
  const more = candidate.changed - CHANGES_SHOWN;
  if (more <= 0) return lines;
  return [...lines, clip(`        and ${grouped(more)} more (comparison.json lists ${candidate.changes.length})`)];
}

function changeText({ tsMs, symbol, evalType, from, to }: DecisionChange): string {
  const reasons = from.reason === to.reason ? from.reason : `${from.reason} -> ${to.reason}`;
  return `${timeText(tsMs).slice(0, 19)}Z ${symbol} ${evalType} ${from.state} -> ${to.state}  ${reasons}`;
}

function differenceTable(candidate: VariantComparison, screen: Screen): string[] {
  const columns: Column[] = [
    { header: "", align: "left", dropOrder: 0 },
    { header: truncate(visibleText(candidate.baseline), 16), align: "right", dropOrder: 0 },
    { header: truncate(visibleText(candidate.candidate), 16), align: "right", dropOrder: 0 },
    { header: "difference", align: "right", dropOrder: 0 },
    { header: "", align: "left", dropOrder: 1, widthMin: 12 },
  ];
  const rows: Row[] = candidate.differences
    .filter((each) => each.baseline !== null || each.candidate !== null)
    .map((each) => ({
      cells: [
        `  ${each.metric}${each.aggregation === "value" ? "" : ` ${each.aggregation}`}`,
        valueText(each, each.baseline, false),
        valueText(each, each.candidate, false),
        valueText(each, each.difference, true),
        each.reason ?? "",
      ],
    }));
  return rows.length === 0 ? [] : renderTable(columns, rows, { ...screen, headerStyle: "dim" });
}

function valueText(each: MetricDifference, value: number | string | null, isSigned: boolean): string {
  if (value === null) return "-";
  // A difference of shares is in points: "+10 %" of a 20 % rate could mean 22 % or 30 %.
  const text = isSigned ? plainText(each, value).replace(/ %$/, " pp") : plainText(each, value);
  return isSigned && !text.startsWith("-") && Number(value) !== 0 ? `+${text}` : text;
}

function plainText(each: MetricDifference, value: number | string): string {
  if (typeof value === "string") return moneyText(value);
  if (each.unit === "share") return percentText(value);
  if (each.unit === "ms") return value < 0 ? `-${durationText(-value)}` : durationText(value);
  return numberText(value, 6);
}
