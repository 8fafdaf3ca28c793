import { formatDurationMs } from "../../engine/domain/duration.ts";
import type { DecisionChange, MetricDifference, RunComparison, VariantComparison } from "../comparison.ts";
import { grouped, moneyText, numberText, percentText, timeText } from "../format.ts";
import { visibleText } from "../visible-text.ts";
import { truncate } from "./display-width.ts";
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
  const lines = [
    paint("heading", clip(`WHAT CHANGED  ${candidate.baseline} -> ${candidate.candidate}`)),
    clip(
      `  same ${grouped(candidate.same)}   changed ${grouped(candidate.changed)}${candidate.first === null ? "" : `   first ${changeText(candidate.first)}`}`,
    ),
  ];
  if (candidate.changed > 0) lines.push(...countsTable(candidate, screen), ...changeList(candidate, clip));
  const only = candidate.exitsOnlyInBaseline + candidate.exitsOnlyInCandidate;
  if (only > 0) {
    lines.push(
      clip(
        `  exits only one variant asked for: ${candidate.exitsOnlyInBaseline} of ${candidate.baseline}, ${candidate.exitsOnlyInCandidate} of ${candidate.candidate} (other positions, so they follow from earlier changes)`,
      ),
    );
  }
  lines.push(...differenceTable(candidate, screen));
  lines.push(paint("dim", clip(`  evidence ${candidate.badge}: ${candidate.evidence.join("; ")}`)));
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

function changeList(candidate: VariantComparison, clip: (text: string) => string): string[] {
  const lines = candidate.changes.slice(0, CHANGES_SHOWN).map((change) => clip(`  ${changeText(change)}`));
  const more = candidate.changed - CHANGES_SHOWN;
  return more > 0
    ? [...lines, clip(`  and ${grouped(more)} more (comparison.json lists the first ${candidate.changes.length})`)]
    : lines;
}

function changeText({ tsMs, symbol, evalType, from, to }: DecisionChange): string {
  return `${timeText(tsMs)} ${symbol} ${evalType} ${from.state} ${from.reason} -> ${to.state} ${to.reason}`;
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
  const text = plainText(each, value);
  return isSigned && !text.startsWith("-") && Number(value) !== 0 ? `+${text}` : text;
}

function plainText(each: MetricDifference, value: number | string): string {
  if (typeof value === "string") return moneyText(value);
  if (each.unit === "share") return percentText(value);
  if (each.unit === "ms") return value < 0 ? `-${formatDurationMs(-value)}` : formatDurationMs(value);
  return numberText(value, 6);
}
