import { ascending, quantile } from "../../statistics/quantile.ts";

/** Arrivals closer than this belong to one beat: a producer sends a list at once. */
const BURST_MS = 1000;
const GAPS_KEPT = 4096;
const GAPS_NEEDED = 4;

/** How regularly a producer speaks, and its longest silence. Holds the first 4,096 distances. */
export class Beat {
  readonly #gapsMs: number[] = [];
  #longest: { readonly fromTsMs: number; readonly gapMs: number } | null = null;
  count = 0;
  firstTsMs: number | null = null;
  lastTsMs: number | null = null;

  add(tsMs: number): void {
    this.count += 1;
    this.firstTsMs ??= tsMs;
    if (this.lastTsMs !== null) {
      const gapMs = tsMs - this.lastTsMs;
      if (gapMs > BURST_MS) {
        if (this.#gapsMs.length < GAPS_KEPT) this.#gapsMs.push(gapMs);
        if (this.#longest === null || gapMs > this.#longest.gapMs) this.#longest = { fromTsMs: this.lastTsMs, gapMs };
      }
    }
    this.lastTsMs = Math.max(this.lastTsMs ?? tsMs, tsMs);
  }

  /** Distances of beats in ms, smallest and largest; `null` with none. */
  get range(): { readonly minMs: number; readonly maxMs: number } | null {
    if (this.#gapsMs.length === 0) return null;
    let [minMs, maxMs] = [this.#gapsMs[0]!, this.#gapsMs[0]!];
    for (const gapMs of this.#gapsMs) {
      minMs = Math.min(minMs, gapMs);
      maxMs = Math.max(maxMs, gapMs);
    }
    return { minMs, maxMs };
  }

  get longest(): { readonly fromTsMs: number; readonly gapMs: number } | null {
    return this.#longest;
  }

  /** The usual distance of two beats; `null` unless three of four distances are within half of it, of at least four. */
  get periodMs(): number | null {
    if (this.#gapsMs.length < GAPS_NEEDED) return null;
    const sorted = ascending(this.#gapsMs);
    const median = quantile(sorted, 0.5);
    const upper = quantile(sorted, 0.75);
    return upper <= 1.5 * median && quantile(sorted, 0.25) >= 0.5 * median ? median : null;
  }
}
