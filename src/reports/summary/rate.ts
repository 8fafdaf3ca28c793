import type { Estimate } from "./schema.ts";

/** 97.5 % point of the standard normal. */
const Z = 1.959963984540054;

/**
 * Share of `hits` among `n` with its 95 % Wilson interval (Wilson 1927); `null` with the reason when `n` is 0.
 * `rateOf(5, 10)` is 0.5 in [0.2366, 0.7634].
 */
export function rateOf(hits: number, n: number, reasonWhenEmpty: string): Estimate {
  if (n === 0) return { unit: "share", value: null, n: 0, ci: null, reason: reasonWhenEmpty, distribution: null };
  return { unit: "share", value: hits / n, n, ci: wilson(hits, n), reason: null, distribution: null };
}

export function wilson(hits: number, n: number): [number, number] {
  const share = hits / n;
  const denominator = 1 + (Z * Z) / n;
  const middle = (share + (Z * Z) / (2 * n)) / denominator;
  const half = (Z * Math.sqrt((share * (1 - share)) / n + (Z * Z) / (4 * n * n))) / denominator;
  // At the edges the formula gives exactly 0 and 1; binary rounding would print 1e-17.
  return [hits === 0 ? 0 : middle - half, hits === n ? 1 : middle + half];
}

export function estimateOf(unit: string, value: number | string, n: number | null = null): Estimate {
  return { unit, value, n, ci: null, reason: null, distribution: null };
}

export function undefinedOf(unit: string, reason: string, n: number | null = null): Estimate {
  return { unit, value: null, n, ci: null, reason, distribution: null };
}
