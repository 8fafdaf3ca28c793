import { type Money, moneyToNumber } from "../../engine/domain/money.ts";
import { estimateOf, undefinedOf } from "./rate.ts";
import type { Estimate } from "./schema.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const YEAR_MS = 365 * DAY_MS;
const BUCKETS_PER_YEAR = 8760;
/** Annualised figures below these spans say more about the formula than about the run (reports.md 1.2). */
const SHARPE_SPAN_MIN_MS = 30 * DAY_MS;
const CAGR_SPAN_MIN_MS = 90 * DAY_MS;
const BUCKETS_MIN = 20;

/** Largest fall from a running peak; the starting equity is the first peak. */
export interface Drawdown {
  observe(equity: Money): void;
  /** Fraction, 0 or negative; `null` before the first observation or when the peak was not positive. */
  readonly fraction: number | null;
  readonly absolute: Money;
}

export function createDrawdown(): Drawdown {
  let peak: Money | null = null;
  let absolute = 0n;
  let fraction: number | null = null;
  return {
    observe(equity) {
      if (peak === null || equity > peak) peak = equity;
      const fall = peak - equity;
      if (fall > absolute) absolute = fall;
      if (peak > 0n) {
        const share = fall === 0n ? 0 : -moneyToNumber(fall) / moneyToNumber(peak);
        if (fraction === null || share < fraction) fraction = share;
      }
    },
    get fraction() {
      return fraction;
    },
    get absolute() {
      return absolute;
    },
  };
}

/**
 * Returns over fixed hourly UTC buckets, every one present (an hour without a trade has return 0), kept as running
 * mean and variance; plus the time-weighted mean of equity.
 */
export interface EquityBuckets {
  observe(tsMs: number, equity: Money): void;
  finish(endTsMs: number): EquityFigures;
}

export interface EquityFigures {
  readonly totalReturn: Estimate;
  readonly cagr: Estimate;
  readonly volatility: Estimate;
  readonly sharpe: Estimate;
  /** Time-weighted; `null` when no time passed. */
  readonly meanEquity: number | null;
}

export function createEquityBuckets(startTsMs: number): EquityBuckets {
  let start: number | null = null;
  let last = 0;
  let lastTsMs = startTsMs;
  let weighted = 0;
  let bucketEnd = (Math.floor(startTsMs / HOUR_MS) + 1) * HOUR_MS;
  let bucketStartEquity = 0;
  let n = 0;
  let mean = 0;
  let squares = 0;
  let hasBlown = false;

  function closeBucket(): void {
    if (bucketStartEquity > 0) {
      const value = last / bucketStartEquity - 1;
      n += 1;
      const difference = value - mean;
      mean += difference / n;
      squares += difference * (value - mean);
    } else hasBlown = true;
    bucketStartEquity = last;
    bucketEnd += HOUR_MS;
  }

  function advance(tsMs: number): void {
    while (tsMs >= bucketEnd) closeBucket();
    if (tsMs > lastTsMs) {
      weighted += last * (tsMs - lastTsMs);
      lastTsMs = tsMs;
    }
  }

  return {
    observe(tsMs, equity) {
      const value = moneyToNumber(equity);
      if (start === null) {
        start = value;
        bucketStartEquity = value;
        last = value;
        lastTsMs = tsMs;
        bucketEnd = (Math.floor(tsMs / HOUR_MS) + 1) * HOUR_MS;
        return;
      }
      advance(tsMs);
      last = value;
    },
    finish(endTsMs) {
      if (start === null) {
        const none = (unit: string) => undefinedOf(unit, "no_wallet");
        return {
          totalReturn: none("share"),
          cagr: none("share"),
          volatility: none("share/hour"),
          sharpe: none("ratio"),
          meanEquity: null,
        };
      }
      advance(endTsMs);
      const spanMs = endTsMs - startTsMs;
      return {
        totalReturn: start > 0 ? estimateOf("share", last / start - 1) : undefinedOf("share", "bad_start"),
        cagr: cagrOf(start, last, spanMs),
        ...ratiosOf({ n, mean, squares, spanMs, hasBlown }),
        meanEquity: spanMs > 0 && lastTsMs > startTsMs ? weighted / spanMs : null,
      };
    },
  };
}

function cagrOf(start: number, end: number, spanMs: number): Estimate {
  if (!(start > 0)) return undefinedOf("share", "bad_start");
  if (!(end > 0)) return undefinedOf("share", "blown");
  if (spanMs < CAGR_SPAN_MIN_MS) return undefinedOf("share", "short_span: 90 d needed");
  return estimateOf("share", Math.exp(Math.log(end / start) * (YEAR_MS / spanMs)) - 1);
}

interface Moments {
  readonly n: number;
  readonly mean: number;
  readonly squares: number;
  readonly spanMs: number;
  readonly hasBlown: boolean;
}

/** Sample standard deviation of hourly returns, and mean/std annualised with 8760 hours, risk-free rate 0. */
function ratiosOf({ n, mean, squares, spanMs, hasBlown }: Moments): Pick<EquityFigures, "volatility" | "sharpe"> {
  if (hasBlown) return { volatility: undefinedOf("share/hour", "blown", n), sharpe: undefinedOf("ratio", "blown", n) };
  const deviation = n < 2 ? null : Math.sqrt(squares / (n - 1));
  const volatility =
    deviation === null ? undefinedOf("share/hour", "too_few", n) : estimateOf("share/hour", deviation, n);
  const sharpe = () => {
    if (deviation === null || n < BUCKETS_MIN) return undefinedOf("ratio", "too_few: 20 hours needed", n);
    if (deviation < 1e-12 * Math.max(1, Math.abs(mean))) return undefinedOf("ratio", "zero_variance", n);
    if (spanMs < SHARPE_SPAN_MIN_MS) return undefinedOf("ratio", "short_span: 30 d needed", n);
    return estimateOf("ratio", (mean / deviation) * Math.sqrt(BUCKETS_PER_YEAR), n);
  };
  return { volatility, sharpe: sharpe() };
}
