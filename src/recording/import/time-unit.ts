import { timeProblem } from "./source-file.ts";

const UNITS: ReadonlyMap<number, TimeUnit> = new Map([
  [13, "ms"],
  [16, "us"],
  [19, "ns"],
]);

export type TimeUnit = "ms" | "us" | "ns";

/**
 * A UTC time in milliseconds, microseconds or nanoseconds, told by its magnitude (from 2009 to 2100 each has a number
 * of digits of its own), as whole milliseconds, rounded down: `"1680652700423575000"` is 1680652700423.
 *
 * @returns what is wrong with the text when it is no such time.
 */
export function timeOfMagnitude(digits: string): { timeMs: number; unit: TimeUnit } | string {
  const unit = /^\d+$/.test(digits) ? UNITS.get(digits.length) : undefined;
  const timeMs = unit === undefined ? Number(digits || Number.NaN) : Number(digits.slice(0, 13));
  const problem = timeProblem(timeMs);
  if (problem !== null) return problem;
  return { timeMs, unit: unit ?? "ms" };
}
