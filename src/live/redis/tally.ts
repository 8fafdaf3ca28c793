/** Values by nearest rank. Percentiles are exact below 4096 and within 1 in 1000 above; `min` and `max` are exact. */
export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
  readonly min: number;
  readonly max: number;
  readonly samples: number;
}

const EXACT_BELOW = 4096;

/** Counts whole numbers of any sign in bounded memory: at most some ten thousand different values are kept apart. */
export class Tally {
  readonly #counts = new Map<number, number>();
  #samples = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;

  add(value: number): void {
    const kept = coarse(value);
    this.#counts.set(kept, (this.#counts.get(kept) ?? 0) + 1);
    this.#samples++;
    this.#min = Math.min(this.#min, value);
    this.#max = Math.max(this.#max, value);
  }

  /** `null` without values. */
  percentiles(): Percentiles | null {
    if (this.#samples === 0) return null;
    const values = [...this.#counts].sort(([left], [right]) => left - right);
    const at = (share: number): number => {
      const rank = Math.ceil(share * this.#samples);
      let seen = 0;
      for (const [value, count] of values) {
        seen += count;
        if (seen >= rank) return Math.min(this.#max, Math.max(this.#min, value));
      }
      return this.#max;
    };
    return { p50: at(0.5), p99: at(0.99), min: this.#min, max: this.#max, samples: this.#samples };
  }
}

function coarse(value: number): number {
  const size = Math.abs(value);
  if (size < EXACT_BELOW) return value;
  return Math.sign(value) * Number(size.toPrecision(4));
}
