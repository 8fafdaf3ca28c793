import type { CompareOptions } from "./compare-records.ts";
import { COMPARISON_METRICS, type ComparisonMetricId, parseMargin } from "./comparison-metric.ts";

/** `compare:` of a scenario, its margins as people write them. */
export interface DeclaredComparison {
  readonly baseline?: string | undefined;
  readonly metrics?: readonly ComparisonMetricId[] | undefined;
  readonly margins: { readonly [Metric in ComparisonMetricId]?: string | undefined };
}

/** What was declared before anyone saw a result; a baseline that did not run (`--variant`) is left out. */
export function declaredOptions(
  { baseline, metrics, margins: texts }: DeclaredComparison,
  variants: readonly string[],
): CompareOptions {
  const margins: Partial<Record<ComparisonMetricId, number>> = {};
  for (const metric of COMPARISON_METRICS) {
    const margin = parseMargin(metric, texts[metric] ?? "");
    if (margin !== null) margins[metric] = margin;
  }
  return {
    margins,
    isDeclaredBefore: true,
    ...(baseline === undefined || !variants.includes(baseline) ? {} : { baseline }),
    ...(metrics === undefined ? {} : { metrics }),
  };
}
