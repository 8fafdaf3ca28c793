/**
 * A result, or `null` with the reason why there is none. Never a sentinel: 0, -100, Infinity and NaN can be averaged,
 * ranked and compared with a threshold, and each of the ten libraries of reports.md 1.3 has a bug that came from it.
 */
export type Measured<T = number> =
  | { readonly value: T; readonly reason: null }
  | { readonly value: null; readonly reason: string };

export function known<T>(value: T): Measured<T> {
  return { value, reason: null };
}

export function unknown(reason: string): { readonly value: null; readonly reason: string } {
  return { value: null, reason };
}

/** A known number, or `overflow` when the arithmetic left the finite numbers. */
export function finite(value: number): Measured {
  return Number.isFinite(value) ? known(value) : unknown("overflow");
}

/** The series as it must be before any formula sees it; names the first bad value. */
export function requireFinite(series: readonly number[], what: string): void {
  for (let index = 0; index < series.length; index += 1) {
    if (!Number.isFinite(series[index])) {
      throw new RangeError(`Cannot measure ${what}: value ${index} is ${series[index]}, finite numbers are needed`);
    }
  }
}

export function requireSameLength(left: readonly unknown[], right: readonly unknown[], what: string): void {
  if (left.length !== right.length) {
    throw new RangeError(`Cannot pair ${what}: ${left.length} and ${right.length} values, equally many are needed`);
  }
}
