import type { Inspection } from "./inspection.ts";

type Skew = NonNullable<Inspection["clockSkewMs"]>;

const SKEW_LIMIT_MS = 10_000;

/** Exact to the millisecond within 10 s either way; beyond, percentiles are given as 10 s and the extremes stay exact. */
export class SkewTally {
  #counts: Float64Array | null = null;
  /** Streams without an exchange time of their own have one value; they need no table. */
  #only: number | null = null;
  #records = 0;
  #early = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;

  add(skewMs: number): void {
    if (this.#records === 0) this.#only = skewMs;
    else if (this.#only !== null && skewMs !== this.#only) {
      this.#count(this.#only, this.#records);
      this.#only = null;
    }
    this.#records++;
    if (skewMs < 0) this.#early++;
    this.#min = Math.min(this.#min, skewMs);
    this.#max = Math.max(this.#max, skewMs);
    if (this.#only === null) this.#count(skewMs, 1);
  }

  /** By nearest rank. */
  percentiles(): Skew | null {
    if (this.#records === 0) return null;
    const [p1, p50, p99] = [this.#at(0.01), this.#at(0.5), this.#at(0.99)];
    return { p1, p50, p99, min: this.#min, max: this.#max, early: this.#early, records: this.#records };
  }

  #count(skewMs: number, records: number): void {
    this.#counts ??= new Float64Array(2 * SKEW_LIMIT_MS + 1);
    const at = Math.max(-SKEW_LIMIT_MS, Math.min(SKEW_LIMIT_MS, skewMs)) + SKEW_LIMIT_MS;
    this.#counts[at] = this.#counts[at]! + records;
  }

  #at(share: number): number {
    if (this.#only !== null || this.#counts === null) return this.#only ?? 0;
    const rank = Math.ceil(share * this.#records);
    let seen = 0;
    for (let at = 0; at < this.#counts.length; at++) {
      seen += this.#counts[at]!;
      if (seen >= rank) return at - SKEW_LIMIT_MS;
    }
    return SKEW_LIMIT_MS;
  }
}
