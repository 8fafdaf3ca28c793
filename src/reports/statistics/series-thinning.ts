/** One point of a series to draw; x ascending. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/**
 * Largest-triangle-three-buckets (Steinarsson 2013): indices of `count` points that keep the look of a line. First and
 * last are kept. Loses one of two neighbouring spikes: for kill scores and drawdowns use `extremeIndices`.
 */
export function triangleIndices(points: readonly Point[], count: number): number[] {
  if (count < 3) throw new RangeError(`Cannot thin to ${count} points: 3 or more are needed`);
  if (points.length <= count) return points.map((_, index) => index);
  const width = (points.length - 2) / (count - 2);
  const startOf = (bucket: number): number => Math.floor(bucket * width) + 1;
  const kept = [0];
  for (let bucket = 0; bucket < count - 2; bucket += 1) {
    const anchor = points[kept.at(-1)!]!;
    const next = points.slice(startOf(bucket + 1), Math.min(startOf(bucket + 2), points.length));
    const meanX = next.reduce((sum, { x }) => sum + x, 0) / next.length;
    const meanY = next.reduce((sum, { y }) => sum + y, 0) / next.length;
    let largest = -1;
    let chosen = startOf(bucket);
    for (let index = startOf(bucket); index < startOf(bucket + 1); index += 1) {
      const { x, y } = points[index]!;
      const area = Math.abs((anchor.x - meanX) * (y - anchor.y) - (anchor.x - x) * (meanY - anchor.y));
      if (area > largest) {
        largest = area;
        chosen = index;
      }
    }
    kept.push(chosen);
  }
  kept.push(points.length - 1);
  return kept;
}

/**
 * Indices of the first, lowest, highest and last point of each of `buckets` equal stretches (M4, Jugel et al. 2014), and
 * of all `forced` ones: no spike and no decision is ever lost. At most 4 a bucket plus the forced.
 */
export function extremeIndices(points: readonly Point[], buckets: number, forced: readonly number[] = []): number[] {
  if (buckets < 1) throw new RangeError(`Cannot thin to ${buckets} buckets: one or more are needed`);
  const kept = new Set<number>(forced.filter((index) => index >= 0 && index < points.length));
  for (let bucket = 0; bucket < buckets; bucket += 1) {
    const from = Math.floor((bucket * points.length) / buckets);
    const to = Math.floor(((bucket + 1) * points.length) / buckets);
    if (from >= to) continue;
    let low = from;
    let high = from;
    for (let index = from + 1; index < to; index += 1) {
      if (points[index]!.y < points[low]!.y) low = index;
      if (points[index]!.y > points[high]!.y) high = index;
    }
    for (const index of [from, low, high, to - 1]) kept.add(index);
  }
  return [...kept].sort((left, right) => left - right);
}
