import { createHash } from "node:crypto";
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { nearMisses } from "../diagnostics/near-miss.ts";
import { EXIT, UserError } from "../diagnostics/user-error.ts";
import { VariantsInterrupted } from "../lab/run/run-variants.ts";
import { type CompareOptions, compareRecords } from "../reports/comparison/compare-records.ts";
import {
  COMPARISON_METRICS,
  type ComparisonMetricId,
  comparisonMetric,
  parseMargin,
} from "../reports/comparison/comparison-metric.ts";
import { declaredOptions } from "../reports/comparison/declared-comparison.ts";
import type { LabComparison } from "../reports/comparison/lab-comparison.ts";
import { outcomeHashOf, trialFactsOf, trialsOfRecords } from "../reports/comparison/trials.ts";
import { appendTrials, readTrialLedger } from "../reports/statistics/trial-ledger-file.ts";
import { comparisonMarkdown } from "../reports/terminal/lab-comparison-markdown.ts";
import { renderLabComparison } from "../reports/terminal/lab-comparison-report.ts";
import type { VariantRecord } from "../reports/variants/variant-record.ts";
import { createPaint } from "./colour.ts";
import type { CompareCommandOptions } from "./commands/compare.ts";
import { type CompareInputs, profileDimension, readCompareInputs } from "./compare-inputs.ts";
import type { Shell } from "./shell.ts";

/** `sim compare`: decisions first, then differences as far as the evidence goes. The verdict is no exit code. */
export async function compareCommand(
  what: readonly string[],
  options: CompareCommandOptions,
  shell: Shell,
): Promise<void> {
  const metrics = parseMetrics(options.metric);
  const margins = parseMargins(options.margin);
  const interrupts = shell.catchInterrupts();
  let inputs: CompareInputs;
  try {
    inputs = await readCompareInputs(what, options, () => interrupts.shouldStop());
  } catch (error) {
    if (!(error instanceof VariantsInterrupted)) throw error;
    throw new UserError(
      [{ text: "Cannot compare: the runs were interrupted, whole ones are needed" }],
      EXIT.interrupted,
    );
  } finally {
    interrupts.release();
  }
  const { records } = inputs;
  const [declaring, ...others] = inputs.scenarios;
  // Several scenarios may declare different things; only a single one speaks for the comparison.
  const declared: CompareOptions =
    declaring?.compare === undefined || others.length > 0
      ? {}
      : declaredOptions(
          declaring.compare,
          records.map(({ variant }) => variant),
        );
  const compare = (trials?: Parameters<typeof trialFactsOf>[0]): LabComparison =>
    compareRecords(records, {
      ...declared,
      ...(options.baseline === undefined ? {} : { baseline: options.baseline }),
      ...(metrics === undefined ? {} : { metrics }),
      margins: { ...declared.margins, ...margins },
      isDeclaredBefore: declared.isDeclaredBefore === true && metrics === undefined && options.margin === undefined,
      profileOf: profileDimension(records),
      ...(trials === undefined
        ? {}
        : { trials: trialFactsOf(trials, [...new Set(records.map(({ recordingHash }) => recordingHash))]) }),
    });
  // Refused comparisons are no trials, so the ledger is written only when this one stands.
  compare();
  appendTrials(options.trials, newTrials(records, options.trials));
  const comparison = compare(readTrialLedger(options.trials));
  const file = writeComparison(comparison, records, options.out);
  shell.print(output({ comparison, file }, options, shell));
}

/** The same outcome under the same metric is in the ledger once. */
export function newTrials(records: readonly VariantRecord[], path: string): ReturnType<typeof trialsOfRecords> {
  const known = new Set(readTrialLedger(path).trials.map(({ recording, variant }) => `${recording} ${variant}`));
  const trials = trialsOfRecords(records, { variantHashOf: outcomeHashOf, tsMs: Date.now() });
  return trials.filter(({ recording, variant }) => {
    const key = `${recording} ${variant}`;
    if (known.has(key)) return false;
    known.add(key);
    return true;
  });
}

function writeComparison(comparison: LabComparison, records: readonly VariantRecord[], outDir: string): string {
  const { baseline, metrics, candidates } = comparison;
  const margins = candidates[0]!.metrics.map(({ margin }) => margin);
  const journals = records.map(({ variant, journalSha256 }) => [variant, journalSha256]);
  const identity = JSON.stringify([baseline, metrics, margins, journals]);
  const id = createHash("sha256").update(identity).digest("hex").slice(0, 8);
  const folder = join(outDir, "compare", `c-${id}`);
  const file = join(folder, "comparison.json");
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(`${file}.part`, `${JSON.stringify(comparison, null, 2)}\n`);
    renameSync(`${file}.part`, file);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "an error";
    const text = `Cannot write the comparison to ${folder}: writing failed with ${code}, a writable folder is needed`;
    throw new UserError([{ text, hint: "--out DIR chooses another" }], undefined, { cause });
  }
  return file;
}

function output(
  { comparison, file }: { readonly comparison: LabComparison; readonly file: string },
  options: CompareCommandOptions,
  shell: Shell,
): string {
  if (options.json === true) {
    const exit = { code: EXIT.ok, causes: [] };
    return JSON.stringify({ schema: "sim.compare/1", file, comparison, exit }, null, 2);
  }
  if (options.markdown === true) return comparisonMarkdown(comparison);
  return renderLabComparison(comparison, {
    width: shell.stdout.columns ?? 80,
    wide: options.wide === true,
    paint: createPaint(shell.stdout, !options.colour),
    file,
  });
}

function parseMetrics(names: readonly string[] | undefined): ComparisonMetricId[] | undefined {
  return names?.map((name) => metricNamed(name, "--metric"));
}

function parseMargins(texts: readonly string[] | undefined): Partial<Record<ComparisonMetricId, number>> {
  const margins: Partial<Record<ComparisonMetricId, number>> = {};
  for (const text of texts ?? []) {
    const at = text.indexOf("=");
    const metric = metricNamed(at < 0 ? text : text.slice(0, at), "--margin");
    const margin = at < 0 ? null : parseMargin(metric, text.slice(at + 1));
    if (margin === null) {
      const example = `${metric}=${comparisonMetric(metric).marginExample}`;
      throw new UserError([
        { text: `Cannot use --margin "${text}": it is no margin of ${metric}, ${example} is needed` },
      ]);
    }
    margins[metric] = margin;
  }
  return margins;
}

function metricNamed(name: string, option: string): ComparisonMetricId {
  const found = COMPARISON_METRICS.find((each) => each === name);
  if (found !== undefined) return found;
  const near = nearMisses(name, [...COMPARISON_METRICS]);
  throw new UserError([
    {
      text: `Cannot use ${option} "${name}": it is no metric, one of ${COMPARISON_METRICS.join(", ")} is needed`,
      ...(near.length === 0 ? {} : { hint: `did you mean ${near.join(" or ")}?` }),
    },
  ]);
}
