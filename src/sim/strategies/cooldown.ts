/** Per-symbol pause between signals: a crossing that flickers is one signal. */
export class Cooldown {
  readonly #durationMs: number;
  readonly #lastTsMs: Float64Array;

  constructor(symbolCount: number, durationMs: number) {
    this.#durationMs = durationMs;
    this.#lastTsMs = new Float64Array(symbolCount).fill(Number.NEGATIVE_INFINITY);
  }

  /** When each symbol last signalled, for checkpoints. */
  get lastTsMs(): Float64Array {
    return this.#lastTsMs;
  }

  /** `true` when the symbol may signal now, and then it has. */
  take(symbol: number, tsMs: number): boolean {
    if (tsMs - this.#lastTsMs[symbol]! < this.#durationMs) return false;
    this.#lastTsMs[symbol] = tsMs;
    return true;
  }
}
