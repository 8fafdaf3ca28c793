import { drawdownsOf } from "./drawdown.ts";
import { finite, known, type Measured, requireFinite, unknown } from "./measured.ts";
import { hasZeroVariance, meanOf, sampleStd } from "./moments.ts";
import { ascending, quantile } from "./quantile.ts";
import { fastSum } from "./sum.ts";

/** Buckets per year of a calendar that never closes (24/7): 365 days, 8 760 hours. Never the 252 of an exchange. */
export const BUCKETS_A_YEAR = { day: 365, hour: 8_760, fiveMinutes: 105_120 } as const;

const DAY_MS = 86_400_000;
const YEAR_DAYS = 365;
const RATIO_BUCKETS_MIN = 20;
const TAIL_BUCKETS_MIN = 60;
const CAGR_DAYS_MIN = 90;
const RATIO_DAYS_MIN = 30;

export interface ReturnOptions {
  /** Buckets per year; leave out for the ratio per bucket, which is what significance formulas want. */
  readonly bucketsPerYear?: number;
  /** Fewest buckets for a ratio; 20 by default (reports.md 1.2). */
  readonly bucketsMin?: number;
  /** Fewest days of buckets for a yearly ratio; 30 by default, no matter for a ratio per bucket. */
  readonly daysMin?: number;
  /** Return per bucket that is not earned by risk. */
  readonly riskFree?: number;
}

/**
 * Sharpe ratio: mean over sample deviation (n-1) of per-bucket returns, times the root of the buckets per year. Every
 * bucket of the run must be present, those without a trade as 0: leaving them out multiplies the ratio by
 * sqrt(all / active). `too_few`, `zero_variance`; `short_span` for a yearly ratio of less than 30 days.
 */
export function sharpeOf(returns: readonly number[], options: ReturnOptions = {}): Measured {
  requireFinite(returns, "a Sharpe ratio");
  const { bucketsPerYear = 1, bucketsMin = RATIO_BUCKETS_MIN, riskFree = 0 } = options;
  if (returns.length < Math.max(2, bucketsMin)) return unknown("too_few");
  if (isShortSpan(returns.length, options)) return unknown("short_span");
  if (hasZeroVariance(returns)) return unknown("zero_variance");
  return finite(((meanOf(returns) - riskFree) / sampleStd(returns)) * Math.sqrt(bucketsPerYear));
}

function isShortSpan(buckets: number, { bucketsPerYear = 1, daysMin = RATIO_DAYS_MIN }: ReturnOptions): boolean {
  // The quotient of whole days may end a hair below them.
  return bucketsPerYear !== 1 && (buckets / bucketsPerYear) * YEAR_DAYS < daysMin - 1e-9;
}

/** Root mean square of what falls short of `required`, over ALL buckets, per bucket (Sortino and van der Meer 1991). */
export function downsideOf(returns: readonly number[], required = 0): Measured {
  requireFinite(returns, "downside risk");
  if (returns.length === 0) return unknown("too_few");
  return known(Math.sqrt(fastSum(returns.map((value) => Math.min(value - required, 0) ** 2)) / returns.length));
}

/** Sortino ratio: excess over `required` by downside risk. `no_downside` when no bucket fell short. */
export function sortinoOf(returns: readonly number[], options: ReturnOptions & { required?: number } = {}): Measured {
  const { bucketsPerYear = 1, bucketsMin = RATIO_BUCKETS_MIN, required = 0 } = options;
  if (returns.length < Math.max(2, bucketsMin)) return unknown("too_few");
  if (isShortSpan(returns.length, options)) return unknown("short_span");
  const downside = downsideOf(returns, required);
  if (downside.value === null) return downside;
  if (downside.value === 0) return unknown("no_downside");
  return finite(((meanOf(returns) - required) / downside.value) * Math.sqrt(bucketsPerYear));
}

/** Sample deviation of per-bucket returns times the root of the buckets per year. */
export function volatilityOf(returns: readonly number[], bucketsPerYear = 1): Measured {
  requireFinite(returns, "volatility");
  return returns.length < 2 ? unknown("too_few") : finite(sampleStd(returns) * Math.sqrt(bucketsPerYear));
}

/** Gains over losses around `threshold` per bucket (Keating and Shadwick 2002); `no_loss` when nothing is below it. */
export function omegaOf(returns: readonly number[], threshold = 0): Measured {
  requireFinite(returns, "omega");
  if (returns.length === 0) return unknown("too_few");
  const losses = fastSum(returns.map((value) => Math.max(threshold - value, 0)));
  if (losses === 0) return unknown("no_loss");
  return finite(fastSum(returns.map((value) => Math.max(value - threshold, 0))) / losses);
}

/** Equity from 1: one more point than returns, the start included. */
export function equityOf(returns: readonly number[]): number[] {
  const equity = [1];
  let level = 1;
  for (const value of returns) {
    level *= 1 + value;
    equity.push(level);
  }
  return equity;
}

/** E_n / E_0 - 1. `bad_start` when the start is not positive. */
export function totalReturnOf(equity: readonly number[]): Measured {
  const [first, last] = [equity[0], equity.at(-1)];
  if (first === undefined || last === undefined || first <= 0) return unknown("bad_start");
  return finite(last / first - 1);
}

/**
 * Yearly growth (E_n/E_0)^(365/days) - 1 of a span in virtual time. `short_span` under 90 days unless `daysMin` says
 * otherwise, because the exponent turns a good week into thousands of percent; `blown` when nothing is left: a loss
 * of 100 % or more has no growth rate, and abs() would show it as a gain.
 */
export function cagrOf(options: {
  readonly startEquity: number;
  readonly endEquity: number;
  readonly spanMs: number;
  readonly daysMin?: number;
}): Measured {
  const { startEquity, endEquity, spanMs, daysMin = CAGR_DAYS_MIN } = options;
  if (!(startEquity > 0)) return unknown("bad_start");
  if (endEquity <= 0) return unknown("blown");
  const days = spanMs / DAY_MS;
  if (days <= 0 || days < daysMin) return unknown("short_span");
  return finite((endEquity / startEquity) ** (YEAR_DAYS / days) - 1);
}

/** Historical 5 % quantile (type 7) and the mean of what is at or below it. `too_few` under 60 buckets. */
export function tailOf(
  returns: readonly number[],
  bucketsMin = TAIL_BUCKETS_MIN,
): Measured<{ readonly var95: number; readonly cvar95: number }> {
  requireFinite(returns, "a tail");
  if (returns.length < Math.max(1, bucketsMin)) return unknown("too_few");
  const sorted = ascending(returns);
  const var95 = quantile(sorted, 0.05);
  return known({ var95, cvar95: meanOf(sorted.filter((value) => value <= var95)) });
}

/** Yearly growth over the deepest drawdown; `no_drawdown` when equity never fell. */
export function calmarOf(cagr: Measured, equity: readonly number[]): Measured {
  if (cagr.value === null) return cagr;
  const drawdowns = drawdownsOf(equity);
  if (drawdowns.value === null) return drawdowns;
  const { maxDrawdown } = drawdowns.value;
  return maxDrawdown === 0 ? unknown("no_drawdown") : finite(cagr.value / Math.abs(maxDrawdown));
}
