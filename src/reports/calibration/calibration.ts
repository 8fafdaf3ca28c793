import type { MarkAt } from "../drift/drift.ts";
import type { Execution } from "../drift/executions.ts";

/** Fills below which nothing is fitted: a quantile of fewer says little. */
export const FILLS_MIN = 30;

/** What one session measured; milliseconds and basis points, in the order of the orders. */
export interface Measured {
  /** Decision to match on the exchange. */
  readonly orderMs: readonly number[];
  /** Match to the engine's knowledge of it. */
  readonly answerMs: readonly number[];
  /** Cost of a fill against the mark at its moment; positive is a loss. */
  readonly slippageBps: readonly number[];
  /** Fills whose times contradict each other: clocks that disagree by more than the way takes. */
  readonly impossible: number;
}

/** A fit and how well it tells what another session measured. */
export interface HoldOut {
  readonly what: "order" | "answer" | "slippage";
  readonly fitted: number;
  readonly tested: number;
  /** Largest distance of the two empirical distributions, 0 to 1. */
  readonly ksDistance: number;
  /** Distance that two samples of one distribution stay below in 95 % of cases. */
  readonly ksCritical: number;
  /** Share of the tested at or below the fitted 95th percentile; 0.95 when the fit is right. */
  readonly coverageP95: number;
  readonly isPredictive: boolean;
}

export interface Calibration {
  readonly orderTableMs: readonly number[];
  readonly answerTableMs: readonly number[];
  /** Mean cost beyond the half spread of the scenario, at least 0. */
  readonly slippageBps: number;
}

/** Measures the fills of a session. */
export function measureFills(
  executions: readonly Execution[],
  markAt: MarkAt,
  priceOf: (execution: Execution, priceTicks: number) => number,
): Measured {
  const orderMs: number[] = [];
  const answerMs: number[] = [];
  const slippageBps: number[] = [];
  let impossible = 0;
  for (const execution of executions) {
    for (const { exchangeTsMs, learntTsMs, priceTicks } of execution.fills) {
      const there = exchangeTsMs - execution.decidedTsMs;
      const back = learntTsMs - exchangeTsMs;
      if (there < 0 || back < 0) impossible += 1;
      else {
        orderMs.push(there);
        answerMs.push(back);
      }
      const mark = markAt(execution.symbol, exchangeTsMs);
      if (mark === null || !(mark > 0)) continue;
      const sign = execution.side === "BUY" ? 1 : -1;
      slippageBps.push((sign * (priceOf(execution, priceTicks) - mark) * 10_000) / mark);
    }
  }
  return { orderMs, answerMs, slippageBps, impossible };
}

/** @param halfSpreadBps of the scenario: only what is lost beyond it is slippage */
export function calibrate(measured: Measured, halfSpreadBps: number): Calibration {
  const mean = measured.slippageBps.reduce((sum, bps) => sum + bps, 0) / Math.max(1, measured.slippageBps.length);
  return {
    orderTableMs: tableOf(measured.orderMs),
    answerTableMs: tableOf(measured.answerMs),
    slippageBps: Math.max(0, Math.round((mean - halfSpreadBps) * 1000) / 1000),
  };
}

/** How well one session tells another: the two-sample Kolmogorov-Smirnov distance and the coverage of the 95th percentile. */
export function holdOut(fitted: Measured, tested: Measured): HoldOut[] {
  return (
    [
      ["order", fitted.orderMs, tested.orderMs],
      ["answer", fitted.answerMs, tested.answerMs],
      ["slippage", fitted.slippageBps, tested.slippageBps],
    ] as const
  ).map(([what, ours, theirs]): HoldOut => {
    const ksDistance = kolmogorovSmirnov(ours, theirs);
    // 1.358 is the 95 % point of the Kolmogorov distribution.
    const ksCritical = 1.358 * Math.sqrt((ours.length + theirs.length) / Math.max(1, ours.length * theirs.length));
    const p95 = quantileOf(
      [...ours].sort((left, right) => left - right),
      0.95,
    );
    const coverageP95 = theirs.filter((each) => each <= p95).length / Math.max(1, theirs.length);
    const isPredictive = ksDistance <= ksCritical;
    return { what, fitted: ours.length, tested: theirs.length, ksDistance, ksCritical, coverageP95, isPredictive };
  });
}

/** Largest distance of two empirical distribution functions; 0 for equal samples, 1 for disjoint ones. */
export function kolmogorovSmirnov(left: readonly number[], right: readonly number[]): number {
  const ours = [...left].sort((a, b) => a - b);
  const theirs = [...right].sort((a, b) => a - b);
  if (ours.length === 0 || theirs.length === 0) return 1;
  let distance = 0;
  let place = 0;
  let other = 0;
  while (place < ours.length && other < theirs.length) {
    const value = Math.min(ours[place]!, theirs[other]!);
    while (place < ours.length && ours[place]! <= value) place += 1;
    while (other < theirs.length && theirs[other]! <= value) other += 1;
    distance = Math.max(distance, Math.abs(place / ours.length - other / theirs.length));
  }
  return distance;
}

/** Points of a table less one. */
const POINTS = 100;

/** Quantiles 0, 0.01, ..., 1, or all values when there are fewer. */
function tableOf(values: readonly number[]): number[] {
  const sorted = [...values].sort((left, right) => left - right);
  if (sorted.length <= POINTS + 1) return sorted;
  return Array.from({ length: POINTS + 1 }, (_, point) => quantileOf(sorted, point / POINTS));
}

function quantileOf(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.round((sorted.length - 1) * share))] ?? Number.NaN;
}
