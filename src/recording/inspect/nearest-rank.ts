/** Value at a share of all, by nearest rank; `counts` are values in ascending order, each with how often it is there. */
export function nearestRank(counts: readonly (readonly [value: number, count: number])[], share: number): number {
  const total = counts.reduce((sum, [, count]) => sum + count, 0);
  const rank = Math.max(1, Math.ceil(share * total));
  let seen = 0;
  for (const [value, count] of counts) {
    seen += count;
    if (seen >= rank) return value;
  }
  return Number.NaN;
}
