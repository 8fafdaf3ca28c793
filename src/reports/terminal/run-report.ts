import { formatDurationMs } from "../../engine/domain/duration.ts";
import type { LabComparison } from "../comparison/lab-comparison.ts";
import type { RunComparison } from "../comparison.ts";
import { type Finding, notedFindings } from "../findings/index.ts";
import { clockText, grouped, timeText } from "../format.ts";
import type { RunSummary, RunWarning } from "../summary/schema.ts";
import { visibleText } from "../visible-text.ts";
import { changeSection } from "./change-section.ts";
import { displayWidth, foldWords, truncate } from "./display-width.ts";
import { findingSection } from "./finding-section.ts";
import { funnelSection } from "./funnel-section.ts";
import { labSections } from "./lab-comparison-text.ts";
import { moneySection } from "./money-section.ts";
import { coverageSection, executionSection, governorSection, reconciliationSection } from "./operations-section.ts";
import { type Paint, plainPaint } from "./table.ts";
import { thresholdSection } from "./threshold-section.ts";
import { variantSection } from "./variant-section.ts";

export interface ReportOptions {
  /** Columns of the terminal; at least 80 are used. */
  readonly width: number;
  /** Plain letters instead of lines and signs outside ASCII. */
  readonly ascii: boolean;
  /** No column is dropped and no text cut, however wide the lines get. */
  readonly wide: boolean;
  readonly paint: Paint;
  /** Where the files of this run are, as the user would type it; adds the next commands. */
  readonly outDir?: string;
  /** The comparison with verdicts, shown instead of the quick one. */
  readonly lab?: LabComparison | null;
  /** Of each summary's variant; what the run noted itself when absent. */
  readonly findings?: readonly (readonly Finding[])[];
  /** The HTML report of the run, when there is one. */
  readonly reportFile?: string | null;
}

/** What every section gets. */
export interface Screen {
  readonly width: number;
  readonly ascii: boolean;
  readonly paint: Paint;
  /** Name of a variant, visible and short enough for a column head. */
  readonly nameOf: (summary: RunSummary) => string;
}

const WIDTH_MIN = 80;
const WIDTH_WIDE = 100_000;
const NAME_WIDTH = 16;

export function screenOf(options: Partial<ReportOptions>): Screen {
  return {
    width: options.wide === true ? WIDTH_WIDE : Math.max(WIDTH_MIN, options.width ?? WIDTH_MIN),
    ascii: options.ascii ?? false,
    paint: options.paint ?? plainPaint,
    nameOf: (summary) => truncate(visibleText(summary.run.variant), NAME_WIDTH),
  };
}

/**
 * The terminal report of one run with one or several variants (reports.md 4.3): identity first, then what happened to
 * every intent, what must not be misread, and only then numbers. Ends with a line feed; every line is visible text.
 */
export function renderRunReport(
  summaries: readonly RunSummary[],
  comparison: RunComparison | null,
  options: Partial<ReportOptions> = {},
): string {
  const [first] = summaries;
  if (first === undefined) throw new RangeError("Cannot report a run: it has no variant, at least one is needed");
  const screen = screenOf(options);
  const sections = [
    identitySection(summaries, screen),
    variantSection(summaries, screen),
    funnelSection(summaries, screen),
    warningSection(summaries, screen),
    executionSection(summaries, screen),
    reconciliationSection(summaries, screen),
    coverageSection(summaries, screen),
    moneySection(summaries, screen),
    governorSection(summaries, screen),
    ...(options.lab != null
      ? labSections(options.lab, screen)
      : comparison === null
        ? []
        : [changeSection(comparison, screen)]),
    findingSection(summaries, options.findings ?? summaries.map(notedFindings), screen),
    thresholdSection(summaries, screen),
    nextSection(summaries, options, screen),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n")}\n`;
}

function identitySection(summaries: readonly RunSummary[], screen: Screen): string[] {
  const { run, evidence } = summaries[0]!;
  const quirks = [...new Set(summaries.flatMap((summary) => summary.run.quirks))].sort();
  const lines = [
    `run ${run.id}  scenario ${run.scenario} @${run.scenarioHash.slice(0, 8)}  recording ${run.recording} @${run.recordingHash.slice(0, 8)}  engine ${run.engine}  seeds ${run.seeds.join(",")}`,
    `from ${timeText(run.startTsMs)}  span ${formatDurationMs(run.spanMs)} virtual  warm-up ${warmupText(run)}  symbols ${run.symbols}  universe ${run.universeSize}`,
    `evidence ${evidence.badge}  ${counted(evidence.episodes, "episode")} in ${counted(evidence.bursts, "burst")}${evidence.reasons.length === 0 ? "" : ` (${evidence.reasons.join("; ")})`}`,
  ];
  if (summaries.length > 1) {
    lines.push(`variants ${summaries.map((summary) => summary.run.variant).join(", ")} (the first is the baseline)`);
  }
  if (quirks.length > 0) lines.push(`quirks ${quirks.join(", ")}`);
  // Folded between facts, never inside one; a fact that goes on is indented under its line.
  const texts = lines.flatMap((line) => {
    const text = visibleText(line);
    if (displayWidth(text) <= screen.width) return [text];
    return foldWords(text, screen.width - 2, "  ").map((each, index) => (index === 0 ? each : `  ${each}`));
  });
  // Variants may differ in profile; each way of matching is named once, whole.
  for (const text of new Set(summaries.flatMap(({ run: { matching } }) => matching?.text ?? []))) {
    texts.push(
      ...foldWords(visibleText(text), screen.width - 2).map((each, index) => (index === 0 ? each : `  ${each}`)),
    );
  }
  return texts.map((text, index) => (index === 0 ? screen.paint("strong", text) : text));
}

function counted(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? "" : "s"}`;
}

function warmupText(run: RunSummary["run"]): string {
  if (run.warmupMs === 0) return "0";
  return `${formatDurationMs(run.warmupMs)} (${grouped(run.warmupIntents)} intents, ${grouped(run.warmupEvaluations)} evaluations left out)`;
}

/** The sentences against misreading, one paragraph each; wrapped lines keep their indent, so that nothing is cut. */
function warningSection(summaries: readonly RunSummary[], screen: Screen): string[] {
  const seen = new Map<string, { warning: RunWarning; names: string[] }>();
  for (const summary of summaries) {
    for (const warning of summary.warnings) {
      const known = seen.get(warning.text);
      if (known === undefined) seen.set(warning.text, { warning, names: [screen.nameOf(summary)] });
      else known.names.push(screen.nameOf(summary));
    }
  }
  return [...seen.values()].flatMap(({ warning, names }) => {
    const whose = summaries.length === 1 || names.length === summaries.length ? "" : ` [${names.join(", ")}]`;
    const text = visibleText(`${warning.text}${whose}`);
    return foldWords(text, Math.min(screen.width, 160) - 5).map((line, index) =>
      screen.paint("warn", index === 0 ? `  !! ${line}` : `     ${line}`),
    );
  });
}

function nextSection(
  summaries: readonly RunSummary[],
  { outDir, reportFile }: Pick<Partial<ReportOptions>, "outDir" | "reportFile">,
  screen: Screen,
): string[] {
  if (outDir === undefined) return [];
  const example = exampleId(summaries);
  const commands = [`files  ${outDir}`];
  if (reportFile != null) commands.push(`report ${reportFile}`);
  if (example !== null) commands.push(`next   sim explain ${example.planId} --run ${outDir}`);
  if (example !== null) {
    commands.push(
      `       sim explain --symbol ${example.symbol} --at ${clockText(example.tsMs).slice(0, 8)} --run ${outDir}`,
    );
  }
  return commands.map((line) => screen.paint("dim", truncate(visibleText(line), screen.width)));
}

/** The plan most worth explaining: the longest blocked exit. */
function exampleId(summaries: readonly RunSummary[]): { planId: string; symbol: string; tsMs: number } | null {
  for (const summary of summaries) {
    const longest = summary.exits.longest[0];
    if (longest !== undefined) return { planId: longest.planId, symbol: longest.symbol, tsMs: longest.firstTsMs };
  }
  return null;
}
