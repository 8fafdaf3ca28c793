/**
 * The correctly rounded sum: the same double for every order of the values, and 0 for an empty list. Keeps partial sums
 * that do not overlap (Shewchuk, "Adaptive Precision Floating-Point Arithmetic", Discrete Comput. Geom. 18, 1997), so
 * `exactSum([1e16, 1, -1e16])` is 1 where a running sum gives 0.
 *
 * For totals whose order is an accident (variants, symbols, episodes); `fastSum` is for long series in time order.
 */
export function exactSum(values: Iterable<number>): number {
  const partials: number[] = [];
  for (const value of values) {
    let rest = value;
    let kept = 0;
    for (const partial of partials) {
      const [large, small] = Math.abs(rest) < Math.abs(partial) ? [partial, rest] : [rest, partial];
      const high = large + small;
      const low = small - (high - large);
      if (low !== 0) partials[kept++] = low;
      rest = high;
    }
    partials.length = kept;
    partials.push(rest);
  }
  return roundPartials(partials);
}

/** Adds from the largest down until something is lost, then corrects the one case where half an ulp rounds wrongly. */
function roundPartials(partials: readonly number[]): number {
  let index = partials.length - 1;
  let high = partials[index] ?? 0;
  let low = 0;
  while (index > 0) {
    const before = high;
    index -= 1;
    const partial = partials[index]!;
    high = before + partial;
    low = partial - (high - before);
    if (low !== 0) break;
  }
  const next = partials[index - 1] ?? 0;
  if (index > 0 && ((low < 0 && next < 0) || (low > 0 && next > 0))) {
    const doubled = low * 2;
    const moved = high + doubled;
    if (doubled === moved - high) high = moved;
  }
  return high;
}

/**
 * Compensated sum (Neumaier 1974): error independent of the length, in the order given. About four additions a value,
 * which is what a bootstrap can afford.
 */
export function fastSum(values: ArrayLike<number>): number {
  let sum = 0;
  let lost = 0;
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index]!;
    const next = sum + value;
    lost += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
    sum = next;
  }
  return sum + lost;
}
