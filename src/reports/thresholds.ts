import { z } from "zod";
import { nearMisses } from "../diagnostics/near-miss.ts";
import { EXIT, type ExitCode, type Problem } from "../diagnostics/user-error.ts";
import { formatDurationMs, parseDurationMs } from "../engine/domain/duration.ts";
import { METRICS, type Metric, type MetricType, metricById } from "./metrics.ts";
import type { RunSummary, ThresholdResult } from "./summary/schema.ts";
import { visibleText } from "./visible-text.ts";

const thresholdSchema = z.strictObject({
  expr: z.string().min(1).meta({ description: 'such as "rate >= 0.95", "p95 < 120s", "count == 0"' }),
  level: z
    .enum(["error", "warn", "off"])
    .default("error")
    .meta({ description: "error fails the run (exit 10), warn only says so, off is not evaluated" }),
  min_n: z.int().min(1).optional().meta({ description: "fewer observations are NO DATA" }),
  allow_no_data: z.boolean().default(false).meta({ description: "NO DATA passes instead of exit 12" }),
});

/** `thresholds:` of a scenario: metric id to expression. Ids and expressions are checked by `checkThresholds`. */
export const thresholdsSchema = z
  .record(z.string(), thresholdSchema)
  .meta({ description: "metric id to the expression it must meet (docs: sim metrics)" });

export type Thresholds = z.infer<typeof thresholdsSchema>;
export type Threshold = Thresholds[string];

const AGGREGATIONS: Readonly<Record<MetricType, readonly string[]>> = {
  rate: ["rate", "ci_low", "ci_high", "count"],
  count: ["count"],
  value: ["value", "ci_low", "ci_high"],
  money: ["value"],
  duration: ["min", "p50", "p90", "p95", "p99", "max", "count"],
  distribution: ["min", "p50", "p90", "p95", "p99", "max", "count"],
};

const OPERATORS = ["<=", ">=", "==", "!=", "<", ">"] as const;
type Operator = (typeof OPERATORS)[number];

const EXPRESSION = /^\s*([a-z_0-9]+)\s*(<=|>=|==|!=|<|>)\s*(-?\d+(?:\.\d+)?)\s*([a-zA-Z%]*)\s*$/;

/** `bound` is in the metric's own unit: a share, milliseconds, basis points, quote. */
export interface ThresholdExpression {
  readonly aggregation: string;
  readonly operator: Operator;
  readonly bound: number;
}

/** What is wrong with an expression for a metric, as words to follow "Cannot use ...: ". */
export function parseExpression(metric: Metric, expr: string): ThresholdExpression | { readonly problem: string } {
  const match = EXPRESSION.exec(expr);
  if (match === null) {
    return {
      problem: `it is no comparison, "<aggregation> <operator> <number>" such as "${exampleOf(metric)}" is needed`,
    };
  }
  const [, aggregation, operator, digits, unit] = match as unknown as [string, string, Operator, string, string];
  const known = AGGREGATIONS[metric.type];
  if (!known.includes(aggregation)) {
    return {
      problem: `${metric.id} is a ${metric.type} and has no "${aggregation}", one of ${known.join(", ")} is needed`,
    };
  }
  const bound = boundOf(metric, aggregation, digits, unit);
  return typeof bound === "number" ? { aggregation, operator, bound } : bound;
}

function boundOf(metric: Metric, aggregation: string, digits: string, unit: string): number | { problem: string } {
  const value = Number(digits);
  if (aggregation === "count") {
    return unit === "" ? value : { problem: `a count has no unit, but "${digits}${unit}" has one` };
  }
  if (metric.type === "duration") {
    const durationMs = parseDurationMs(`${digits}${unit}`);
    if (durationMs !== null) return durationMs;
    return {
      problem: `${metric.id} is a duration and "${digits}${unit}" is none, a unit of ms, s, m, h or d is needed`,
    };
  }
  const isShare = metric.unit === "share";
  if (unit === "%")
    return isShare ? value / 100 : { problem: `${metric.id} is in ${metric.unit}, a percentage does not fit` };
  if (unit === "" || unit === metric.unit) return value;
  return { problem: `${metric.id} is in ${metric.unit}, the unit "${visibleText(unit)}" does not fit` };
}

function exampleOf(metric: Metric): string {
  switch (metric.type) {
    case "rate":
      return "rate >= 0.95";
    case "count":
      return "count == 0";
    case "duration":
      return "p95 < 120s";
    case "distribution":
      return "p95 < 5";
    case "value":
    case "money":
      return "value > -50";
  }
}

export type Position = Pick<Problem, "file" | "line" | "column">;

/**
 * Everything wrong with the thresholds of a scenario, before anything runs: unknown metrics with near misses, an
 * aggregation its type does not have, a unit that does not fit. `at` gets the path of keys below the document's root.
 */
export function checkThresholds(thresholds: Thresholds, at: (path: readonly string[]) => Position): Problem[] {
  const problems: Problem[] = [];
  for (const [id, threshold] of Object.entries(thresholds)) {
    const metric = metricById(id);
    if (metric === null) {
      const path = ["thresholds", id];
      problems.push({
        ...at(path),
        path: pathText(path),
        text: `Cannot use metric "${visibleText(id)}" in thresholds: it is unknown, one of the ${METRICS.length} metrics is needed`,
        hint: hintFor(id),
      });
      continue;
    }
    const parsed = parseExpression(metric, threshold.expr);
    if ("problem" in parsed) {
      const path = ["thresholds", id, "expr"];
      problems.push({
        ...at(path),
        path: pathText(path),
        text: `Cannot use "${visibleText(threshold.expr)}" as a threshold: ${parsed.problem}`,
      });
    }
  }
  return problems;
}

function hintFor(id: string): string {
  const close = nearMisses(
    id,
    METRICS.map((metric) => metric.id),
  );
  const family = METRICS.filter((metric) => metric.id.startsWith(`${id.split(".")[0]}.`)).map((metric) => metric.id);
  const offered = close.length > 0 ? close : family.slice(0, 3);
  return offered.length > 0
    ? `did you mean ${offered.map((each) => `"${each}"`).join(", ")}?`
    : "`sim metrics` lists them";
}

function pathText(path: readonly string[]): string {
  return path
    .map((key, index) => (index === 0 ? key : key.includes(".") ? `["${visibleText(key)}"]` : `.${key}`))
    .join("");
}

/** Verdict of each threshold on a finished run, in the order of the scenario. Thresholds must have been checked. */
export function evaluateThresholds(thresholds: Thresholds, summary: RunSummary): ThresholdResult[] {
  return Object.entries(thresholds).map(([id, threshold]) => evaluateOne(id, threshold, summary));
}

function evaluateOne(id: string, threshold: Threshold, summary: RunSummary): ThresholdResult {
  const { expr, level } = threshold;
  const metric = metricById(id);
  if (metric === null)
    throw new RangeError(`Cannot evaluate threshold "${id}": no such metric, checkThresholds comes first`);
  const parsed = parseExpression(metric, expr);
  if ("problem" in parsed) throw new RangeError(`Cannot evaluate threshold "${id}": ${parsed.problem}`);
  const shared = { metric: id, expr, level };
  if (level === "off") return { ...shared, status: "skipped", value: null, n: null, text: "level is off" };
  const { value, n, reason } = observe(metric, parsed.aggregation, summary);
  if (value === null) return { ...shared, status: "no_data", value, n, text: reason ?? "no observation" };
  if (threshold.min_n !== undefined && (n ?? 0) < threshold.min_n) {
    return { ...shared, status: "no_data", value, n, text: `${n ?? 0} observations, ${threshold.min_n} needed` };
  }
  const isMet = compare(Number(value), parsed.operator, parsed.bound);
  return { ...shared, status: isMet ? "ok" : "fail", value, n, text: showValue(metric, parsed.aggregation, value) };
}

interface Observation {
  readonly value: number | string | null;
  readonly n: number | null;
  readonly reason: string | null;
}

function observe(metric: Metric, aggregation: string, summary: RunSummary): Observation {
  const { value, n, ci, reason, distribution } = metric.read(summary);
  if (metric.type === "duration" || metric.type === "distribution") {
    if (distribution === null) return { value: null, n, reason };
    if (aggregation === "count") return { value: distribution.n, n: distribution.n, reason: null };
    const quantile = distribution[aggregation as "min" | "p50" | "p90" | "p95" | "p99" | "max"];
    return { value: quantile, n: distribution.n, reason: distribution.reason };
  }
  if (metric.type === "rate" && aggregation === "count") return { value: n ?? 0, n, reason: null };
  if (aggregation === "ci_low") return { value: ci?.[0] ?? null, n, reason: reason ?? "no interval" };
  if (aggregation === "ci_high") return { value: ci?.[1] ?? null, n, reason: reason ?? "no interval" };
  return { value, n, reason };
}

function compare(value: number, operator: Operator, bound: number): boolean {
  switch (operator) {
    case "<":
      return value < bound;
    case "<=":
      return value <= bound;
    case ">":
      return value > bound;
    case ">=":
      return value >= bound;
    case "==":
      return value === bound;
    case "!=":
      return value !== bound;
  }
}

function showValue(metric: Metric, aggregation: string, value: number | string): string {
  if (typeof value === "string") return value;
  if (aggregation === "count") return String(value);
  if (metric.type === "duration") return formatDurationMs(value);
  return String(Number(value.toPrecision(6)));
}

/**
 * Exit code of threshold results: 10 when an error-level one failed, 12 when an error-level one has no data and may
 * not lack it, 0 otherwise.
 */
export function thresholdExitCode(thresholds: Thresholds, results: readonly ThresholdResult[]): ExitCode {
  const strict = results.filter((result) => result.level === "error");
  if (strict.some((result) => result.status === "fail")) return EXIT.thresholdFailed;
  const isMissing = (result: ThresholdResult) =>
    result.status === "no_data" && thresholds[result.metric]?.allow_no_data !== true;
  return strict.some(isMissing) ? EXIT.evidenceIncomplete : EXIT.ok;
}
