/** Values a formula can take, both ends included. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

export const TRUTH: Range = { low: 0, high: 1 };

export function includes({ low, high }: Range, value: number): boolean {
  return low <= value && value <= high;
}

export function hull(ranges: readonly Range[]): Range {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const range of ranges) {
    low = Math.min(low, range.low);
    high = Math.max(high, range.high);
  }
  return { low, high };
}

export function sum(left: Range, right: Range): Range {
  return { low: ended(left.low + right.low, -1), high: ended(left.high + right.high, 1) };
}

export function negative({ low, high }: Range): Range {
  return { low: 0 - high, high: 0 - low };
}

export function product(left: Range, right: Range): Range {
  const corners = [
    times(left.low, right.low),
    times(left.low, right.high),
    times(left.high, right.low),
    times(left.high, right.high),
  ];
  return { low: Math.min(...corners), high: Math.max(...corners) };
}

/** The divisor must not include 0. */
export function quotient(left: Range, right: Range): Range {
  return product(left, { low: 1 / right.high, high: 1 / right.low });
}

/** Range of a function that never falls. */
export function rising({ low, high }: Range, apply: (value: number) => number): Range {
  return { low: apply(low), high: apply(high) };
}

export function absolute({ low, high }: Range): Range {
  const ends = [Math.abs(low), Math.abs(high)] as const;
  return { low: low <= 0 && high >= 0 ? 0 : Math.min(...ends), high: Math.max(...ends) };
}

/** A range whose end has no end multiplied by nothing is nothing: the driver itself is finite. */
function times(left: number, right: number): number {
  return left === 0 || right === 0 ? 0 : left * right;
}

/** Infinity less infinity says nothing: the end lies as far out as it can. */
function ended(value: number, direction: 1 | -1): number {
  return Number.isNaN(value) ? direction * Number.POSITIVE_INFINITY : value;
}

/** `0.5 to 0.9276`, `0 or more`. */
export function rangeText({ low, high }: Range): string {
  const text = (value: number): string => String(Number(value.toPrecision(4)));
  if (low === high) return text(low);
  if (Number.isFinite(low) && Number.isFinite(high)) return `${text(low)} to ${text(high)}`;
  if (Number.isFinite(low)) return `${text(low)} or more`;
  return Number.isFinite(high) ? `${text(high)} or less` : "any number";
}
