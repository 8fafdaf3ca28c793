/** A family of p-values after correction; `adjusted` in the order the p-values came in, each at most 1. */
export interface Adjusted {
  readonly adjusted: readonly number[];
  readonly rejected: readonly boolean[];
}

/**
 * Holm's step-down (1979): controls the chance of any false rejection. For the few metrics a scenario declares before
 * the run (at most three).
 */
export function holm(pValues: readonly number[], alpha = 0.05): Adjusted {
  return stepDown(pValues, alpha);
}

/** Bonferroni (Dunn 1961): p times m; never better than `holm`, kept as its reference. */
export function bonferroni(pValues: readonly number[], alpha = 0.05): Adjusted {
  const adjusted = checked(pValues).map((p) => Math.min(1, p * pValues.length));
  return { adjusted, rejected: adjusted.map((p) => p <= alpha) };
}

/**
 * Benjamini and Hochberg's step-up (1995): controls the share of false ones among the rejected. For exploratory tables
 * by symbol and reason, at 10 %, and marked as such.
 */
export function benjaminiHochberg(pValues: readonly number[], rate = 0.1): Adjusted {
  return stepUp(pValues, 1, rate);
}

/** Benjamini and Yekutieli (2001): the same under any dependence, at the price of a factor 1 + 1/2 + ... + 1/m. */
export function benjaminiYekutieli(pValues: readonly number[], rate = 0.1): Adjusted {
  let harmonic = 0;
  for (let rank = 1; rank <= pValues.length; rank += 1) harmonic += 1 / rank;
  return stepUp(pValues, harmonic, rate);
}

function checked(pValues: readonly number[]): readonly number[] {
  for (const p of pValues) {
    if (!(p >= 0 && p <= 1)) throw new RangeError(`Cannot adjust p-value ${p}: a probability is needed`);
  }
  return pValues;
}

/** Positions in ascending order of p, ties by position. */
function ranking(pValues: readonly number[]): number[] {
  return checked(pValues)
    .map((_, index) => index)
    .sort((left, right) => pValues[left]! - pValues[right]! || left - right);
}

function stepDown(pValues: readonly number[], alpha: number): Adjusted {
  const adjusted = new Array<number>(pValues.length).fill(1);
  let highest = 0;
  ranking(pValues).forEach((index, rank) => {
    highest = Math.max(highest, Math.min(1, pValues[index]! * (pValues.length - rank)));
    adjusted[index] = highest;
  });
  return { adjusted, rejected: adjusted.map((p) => p <= alpha) };
}

function stepUp(pValues: readonly number[], factor: number, rate: number): Adjusted {
  const adjusted = new Array<number>(pValues.length).fill(1);
  const order = ranking(pValues);
  let lowest = 1;
  for (let rank = order.length; rank > 0; rank -= 1) {
    const index = order[rank - 1]!;
    lowest = Math.min(lowest, (pValues[index]! * factor * pValues.length) / rank);
    adjusted[index] = lowest;
  }
  return { adjusted, rejected: adjusted.map((p) => p <= rate) };
}
