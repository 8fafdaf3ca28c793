/** First, least, greatest and last value of one stretch of time, with their times: what a pixel column must show. */
export interface Stretch {
  readonly firstTsMs: number;
  readonly first: number;
  readonly minTsMs: number;
  readonly min: number;
  readonly maxTsMs: number;
  readonly max: number;
  readonly lastTsMs: number;
  readonly last: number;
}

/**
 * A series of any length in bounded memory. Four values per stretch of time are kept, so no spike is ever lost (a drawn
 * curve of them looks like the whole one, reports.md 5.3); stretches double in width when there are too many.
 */
export class ThinnedSeries {
  readonly #stretchesMax: number;
  #widthMs = 1;
  #startTsMs = Number.NaN;
  readonly #stretches = new Map<number, Stretch>();

  /** @param stretchesMax how many are kept at least half full; a chart has some 1200 pixel columns */
  constructor(stretchesMax = 1200) {
    this.#stretchesMax = stretchesMax;
  }

  get isEmpty(): boolean {
    return this.#stretches.size === 0;
  }

  /** @param tsMs must not decrease from call to call */
  add(tsMs: number, value: number): void {
    if (!Number.isFinite(value)) return;
    if (Number.isNaN(this.#startTsMs)) this.#startTsMs = tsMs;
    const place = Math.floor((tsMs - this.#startTsMs) / this.#widthMs);
    const known = this.#stretches.get(place);
    this.#stretches.set(place, known === undefined ? alone(tsMs, value) : widened(known, alone(tsMs, value)));
    if (this.#stretches.size > this.#stretchesMax) this.#halve();
  }

  /** The kept points in time order, each once. */
  points(): { readonly tsMs: number; readonly value: number }[] {
    const points: { tsMs: number; value: number }[] = [];
    for (const stretch of this.#stretches.values()) {
      const four = [
        { tsMs: stretch.firstTsMs, value: stretch.first },
        { tsMs: stretch.minTsMs, value: stretch.min },
        { tsMs: stretch.maxTsMs, value: stretch.max },
        { tsMs: stretch.lastTsMs, value: stretch.last },
      ];
      // The least and the greatest come in the order in which they happened.
      if (stretch.maxTsMs < stretch.minTsMs) [four[1], four[2]] = [four[2]!, four[1]!];
      for (const point of four) {
        const before = points.at(-1);
        if (before === undefined || before.tsMs !== point.tsMs || before.value !== point.value) points.push(point);
      }
    }
    return points;
  }

  #halve(): void {
    this.#widthMs *= 2;
    const before = [...this.#stretches.values()];
    this.#stretches.clear();
    for (const stretch of before) {
      const place = Math.floor((stretch.firstTsMs - this.#startTsMs) / this.#widthMs);
      const known = this.#stretches.get(place);
      this.#stretches.set(place, known === undefined ? stretch : widened(known, stretch));
    }
    if (this.#stretches.size > this.#stretchesMax) this.#halve();
  }
}

function alone(tsMs: number, value: number): Stretch {
  return {
    firstTsMs: tsMs,
    first: value,
    minTsMs: tsMs,
    min: value,
    maxTsMs: tsMs,
    max: value,
    lastTsMs: tsMs,
    last: value,
  };
}

function widened(before: Stretch, after: Stretch): Stretch {
  const isLower = after.min < before.min;
  const isHigher = after.max > before.max;
  return {
    firstTsMs: before.firstTsMs,
    first: before.first,
    minTsMs: isLower ? after.minTsMs : before.minTsMs,
    min: isLower ? after.min : before.min,
    maxTsMs: isHigher ? after.maxTsMs : before.maxTsMs,
    max: isHigher ? after.max : before.max,
    lastTsMs: after.lastTsMs,
    last: after.last,
  };
}
