import { formatDurationMs } from "../../engine/domain/duration.ts";
import type { LabComparison } from "../comparison/lab-comparison.ts";
import { labSections, told } from "./lab-comparison-text.ts";
import { type ReportOptions, type Screen, screenOf } from "./run-report.ts";

export interface LabComparisonOptions extends Partial<ReportOptions> {
  /** Where the whole comparison is, as the user would type it. */
  readonly file?: string;
}

/**
 * A comparison on the terminal (reports.md 4.4): what was compared, the decisions that changed, and only then
 * differences with intervals, verdicts and what the number of trials does to them. Ends with a line feed.
 */
export function renderLabComparison(comparison: LabComparison, options: LabComparisonOptions = {}): string {
  const screen = screenOf(options);
  const sections = [
    identity(comparison, screen),
    ...labSections(comparison, screen),
    closing(comparison, options.file, screen),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n")}\n`;
}

function identity(comparison: LabComparison, screen: Screen): string[] {
  const { baseline, recordings, seeds, profiles, spanMs, engineVersions, candidates } = comparison;
  const names = recordings.map(({ name, hash }) => `${name} @${hash.slice(0, 8)}`).join(", ");
  return [
    ...told(
      `compare  baseline ${baseline}  candidates ${candidates.map(({ candidate }) => candidate).join(", ")}`,
      screen,
      0,
    ),
    ...told(
      `recording ${names}  span ${formatDurationMs(spanMs)} virtual  seeds ${seeds.join(",")}  engine ${engineVersions.join(", ")}`,
      screen,
      0,
    ),
    ...(profiles.length === 0 ? [] : told(`profiles ${profiles.join(", ")} (the first is shown)`, screen, 0)),
  ].map((line, index) => (index === 0 ? screen.paint("strong", line) : line));
}

function closing({ notes, isDeclaredBefore }: LabComparison, file: string | undefined, screen: Screen): string[] {
  return [
    ...notes,
    ...(isDeclaredBefore ? [] : ["metrics and margins were not declared in a scenario: no E3"]),
    ...(file === undefined ? [] : [`file  ${file}`]),
  ].flatMap((text) => told(text, screen, 0).map((line) => screen.paint("dim", line)));
}
