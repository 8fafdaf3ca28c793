import { parseDurationMs } from "../../engine/domain/duration.ts";

export const COMPARISON_METRICS = ["net_pnl", "max_drawdown", "exit_delay", "gate_value"] as const;

export type ComparisonMetricId = (typeof COMPARISON_METRICS)[number];

export interface ComparisonMetric {
  readonly id: ComparisonMetricId;
  readonly label: string;
  /** Unit of values and margins: quote a day, share, milliseconds. */
  readonly unit: "quote/day" | "share" | "ms";
  readonly isHigherBetter: boolean;
  /** What its interval rests on, in words. */
  readonly method: string;
  /** How people write its margin. */
  readonly marginExample: string;
}

const METRICS: Readonly<Record<ComparisonMetricId, ComparisonMetric>> = {
  net_pnl: {
    id: "net_pnl",
    label: "net pnl/day",
    unit: "quote/day",
    isHigherBetter: true,
    method:
      "clustered episodes: total over bursts, se = sqrt(sum x^2), the wider of the plain and the skew-corrected interval",
    marginExample: "25/day",
  },
  max_drawdown: {
    id: "max_drawdown",
    label: "max drawdown",
    unit: "share",
    isHigherBetter: true,
    method: "stationary block bootstrap of both equity paths with the same rows, the wider of basic and percentile",
    marginExample: "1%",
  },
  exit_delay: {
    id: "exit_delay",
    label: "exit delay p95",
    unit: "ms",
    isHigherBetter: false,
    method: "bootstrap of whole bursts of blocked exits, Kaplan-Meier p95, the wider of basic and percentile",
    marginExample: "60s",
  },
  gate_value: {
    id: "gate_value",
    label: "gate net value/day",
    unit: "quote/day",
    isHigherBetter: true,
    method: "clustered episodes: difference of shadow net value by burst, as net pnl/day",
    marginExample: "5/day",
  },
};

/** What is compared unless the scenario says otherwise; three at most, because each further one costs power. */
export const DEFAULT_METRICS: readonly ComparisonMetricId[] = ["net_pnl", "max_drawdown", "exit_delay"];
export const METRICS_MAX = 3;

export function comparisonMetric(id: ComparisonMetricId): ComparisonMetric {
  return METRICS[id];
}

/**
 * A margin in the unit of its metric: `25/day` is 25 quote a day, `1%` is 0.01, `60s` is 60 000 ms. `null` when the text
 * is no margin of that metric.
 */
export function parseMargin(id: ComparisonMetricId, text: string): number | null {
  switch (METRICS[id].unit) {
    case "quote/day": {
      const match = /^\s*(\d+(?:\.\d+)?)\s*\/\s*day\s*$/.exec(text);
      return match === null ? null : Number(match[1]);
    }
    case "share": {
      const match = /^\s*(\d+(?:\.\d+)?)\s*%\s*$/.exec(text);
      return match === null ? null : Number(match[1]) / 100;
    }
    case "ms":
      return parseDurationMs(text.trim());
  }
}
