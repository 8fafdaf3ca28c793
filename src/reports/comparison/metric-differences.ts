import { formatMoney, parseMoney } from "../../engine/domain/money.ts";
import { metricById } from "../metrics.ts";
import type { Estimate, RunSummary } from "../summary/schema.ts";

export interface MetricDifference {
  readonly metric: string;
  readonly aggregation: string;
  readonly unit: string;
  readonly baseline: number | string | null;
  readonly candidate: number | string | null;
  /** Candidate minus baseline; money is exact decimal text. */
  readonly difference: number | string | null;
  readonly reason: string | null;
}

/** The main numbers, in the order they are shown. */
const COMPARED: readonly (readonly [metric: string, aggregation: "value" | "p95"])[] = [
  ["money.net_pnl", "value"],
  ["money.fees", "value"],
  ["money.funding", "value"],
  ["money.max_drawdown_abs", "value"],
  ["trades.count", "value"],
  ["trades.win_rate", "value"],
  ["entry.fill_rate", "value"],
  ["entry.block_rate", "value"],
  ["exit.block_rate", "value"],
  ["exit.blocked_episode.count", "value"],
  ["exit.blocked_episode.time", "p95"],
  ["orders.filled", "value"],
  ["coverage.open_positions", "value"],
  ["taint.rate", "value"],
];

/** The main numbers of two runs and by how much they differ; no interval, they are totals. */
export function metricDifferences(baseline: RunSummary, candidate: RunSummary): MetricDifference[] {
  return COMPARED.map(([metric, aggregation]) => differenceOf(metric, aggregation, baseline, candidate));
}

function differenceOf(
  metric: string,
  aggregation: "value" | "p95",
  baseline: RunSummary,
  candidate: RunSummary,
): MetricDifference {
  const [before, after] = [baseline.metrics[metric]!, candidate.metrics[metric]!];
  const [from, to] = [pick(before, aggregation), pick(after, aggregation)];
  const shared = { metric, aggregation, unit: metricById(metric)!.unit, baseline: from, candidate: to };
  if (from === null || to === null) {
    return { ...shared, difference: null, reason: (from === null ? before.reason : after.reason) ?? "undefined" };
  }
  const difference =
    typeof from === "string" || typeof to === "string"
      ? formatMoney(parseMoney(String(to)) - parseMoney(String(from)))
      : to - from;
  return { ...shared, difference, reason: null };
}

function pick(estimate: Estimate, aggregation: "value" | "p95"): number | string | null {
  return aggregation === "p95" ? (estimate.distribution?.p95 ?? null) : estimate.value;
}
