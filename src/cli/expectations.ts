import type { RunSummary, ThresholdResult } from "../reports/summary/schema.ts";
import { evaluateThresholds } from "../reports/thresholds.ts";
import type { Scenario } from "../sim/scenario/schema.ts";

/** One assertion of an incident scenario, with what was found. */
export interface ExpectationResult {
  readonly variant: string;
  readonly what: string;
  readonly isMet: boolean;
  readonly found: string;
}

/**
 * What the scenario's `expect:` says of one variant. An expected finding that is absent, a forbidden one that is
 * present, and a metric without data all fail: an incident that is not reproduced is not explained.
 */
export function checkExpectations(expect: Scenario["expect"], summary: RunSummary): ExpectationResult[] {
  const { variant } = summary.run;
  const findings = expect.findings
    .filter((expected) => expected.variant === undefined || expected.variant === variant)
    .map(({ code, present, min }): ExpectationResult => {
      const count = summary.findings
        .filter((finding) => finding.code === code)
        .reduce((sum, finding) => sum + finding.count, 0);
      return {
        variant,
        what: present ? `finding ${code} at least ${min}x` : `no finding ${code}`,
        isMet: present ? count >= min : count === 0,
        found: `${count}x`,
      };
    });
  const metrics = evaluateThresholds(expect.metrics ?? {}, summary).map(
    (result): ExpectationResult => ({
      variant,
      what: `${result.metric} ${result.expr}`,
      isMet: isMetricMet(result, expect.metrics?.[result.metric]?.allow_no_data === true),
      found: result.text,
    }),
  );
  return [...findings, ...metrics];
}

function isMetricMet({ level, status }: ThresholdResult, isNoDataAllowed: boolean): boolean {
  if (level !== "error" || status === "ok" || status === "skipped") return true;
  return status === "no_data" && isNoDataAllowed;
}
