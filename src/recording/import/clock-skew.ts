/** Time received minus exchange time, over all records that have both. */
export class ClockSkew {
  readonly #values: number[] = [];
  #early = 0;

  add(rxMs: number, tsMs: number): void {
    this.#values.push(rxMs - tsMs);
    if (rxMs < tsMs) this.#early++;
  }

  /** Percentiles by nearest rank; `null` without values. Negative values are normal: real clocks are off by seconds. */
  note(): string | null {
    const sorted = Float64Array.from(this.#values).sort();
    if (sorted.length === 0) return null;
    const at = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
    const parts = ([0, 0.01, 0.5, 0.99, 1] as const).map((share) => at(share));
    const [min, p1, median, p99, max] = parts;
    return (
      `received minus exchange time in ms: min ${min}, p1 ${p1}, median ${median}, p99 ${p99}, max ${max}; ` +
      `received earlier than exchange time: ${this.#early} of ${sorted.length} (clocks differ, nothing was corrected)`
    );
  }
}
