import { z } from "zod";
import { durationSchema } from "../../engine/domain/duration.ts";

/**
 * How often a strategy looks. Whole seconds of at least one: an interval of 0 would look for ever at the same instant,
 * and entry ids count in whole milliseconds.
 */
export const intervalSchema = durationSchema.refine(
  (intervalMs) => intervalMs >= 1000 && Number.isInteger(intervalMs),
  {
    error: (issue) =>
      `Cannot look every ${String(issue.input)} ms: a strategy's interval is at least "1s", in whole milliseconds`,
  },
);

/** Longest memory of a strategy, in observations per symbol: 69 days of minutes. */
const LOOKBACK_MAX = 100_000;

/** Observations a strategy keeps per symbol. Memory is taken at the start, so a slip of the keyboard must not be GBs. */
export const lookbackSchema = z
  .number()
  .int()
  .min(2)
  .refine((lookback) => lookback <= LOOKBACK_MAX, {
    error: (issue) => `Cannot keep ${String(issue.input)} observations per symbol: at most ${LOOKBACK_MAX} are kept`,
  });

/** A price that was seen: NaN is a symbol without one, and nothing else a feed may hold is a price. */
export function isObserved(price: number): boolean {
  return price > 0 && price < Number.POSITIVE_INFINITY;
}
