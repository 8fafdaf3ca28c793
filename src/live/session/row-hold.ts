import type { FeedRow } from "../ports.ts";

/**
 * Keeps the newest row of each symbol and kind while rows cannot be written: memory is bounded by the universe, and the
 * price that counts afterwards is the last one. Of trades that are skipped the quantity is lost with them.
 */
export class RowHold {
  readonly #newest = new Map<string, FeedRow>();
  #dropped = 0;

  hold(row: FeedRow): void {
    const key = `${row.kind}:${row.symbolIndex}`;
    // Taken out first, so that rows come out in the order of their last arrival.
    if (this.#newest.delete(key)) this.#dropped += 1;
    this.#newest.set(key, row);
  }

  /** Gives back what is held, and says how many rows were skipped for it. */
  release(onDropped: (dropped: number) => void): readonly FeedRow[] {
    if (this.#newest.size === 0) return [];
    const rows = [...this.#newest.values()];
    onDropped(this.#dropped);
    this.#newest.clear();
    this.#dropped = 0;
    return rows;
  }
}
