import { InvariantError } from "../../diagnostics/invariant-error.ts";

/**
 * Puts records received in the same millisecond in the order of their rank; within a rank they stay as they came.
 * Holds one millisecond at a time.
 */
export class SameTimeBuffer {
  #rxMs = Number.NEGATIVE_INFINITY;
  #pending: { readonly rank: number; readonly write: () => void }[] = [];

  /** @throws {InvariantError} when the time goes backwards: callers sort before. */
  add(rxMs: number, rank: number, write: () => void): void {
    if (rxMs < this.#rxMs) throw new InvariantError(`Cannot order a record: rx ${rxMs} comes after ${this.#rxMs}`);
    if (rxMs > this.#rxMs) this.flush();
    this.#rxMs = rxMs;
    this.#pending.push({ rank, write });
  }

  flush(): void {
    // Array.prototype.sort is stable, so equal ranks keep the order of arrival.
    for (const { write } of this.#pending.sort((left, right) => left.rank - right.rank)) write();
    this.#pending = [];
  }
}
