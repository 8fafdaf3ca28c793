/** Bytes of records that wait for their millisecond to end. */
export const MILLISECOND_BYTES_MAX = 1024 * 1024;

/** The clock of the recorder went back. */
export interface ClockStep {
  readonly fromMs: number;
  readonly toMs: number;
}

/** A record that waits for its number: only the end of its millisecond tells what goes before it. */
export interface Arrival {
  readonly rank: number;
  readonly bytes: number;
  readonly write: () => void;
}

/**
 * Puts records into replay order as they arrive: `rx` never decreases, and records of one millisecond go by rank, then
 * as they came.
 *
 * A record whose place has passed (the clock went back, or its millisecond was written already) gets the first `rx`
 * that is still open; `moved` counts them. Holds one millisecond, and no more than `MILLISECOND_BYTES_MAX` and one
 * record of it.
 */
export class ArrivalOrder {
  #waiting: Arrival[] = [];
  #waitingBytes = 0;
  #rxMs: number;
  /** Rank up to which the current millisecond is written. */
  #writtenRank: number;
  #clockMs: number;
  moved = 0;

  /** Begins after what is written: nothing (`-Infinity`), or the last record of an earlier session. */
  constructor(lastRxMs: number, lastRank: number) {
    this.#rxMs = lastRxMs;
    this.#writtenRank = lastRank;
    this.#clockMs = lastRxMs;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Looks at the clock of the next record; a step back is told once, by the record that shows it. */
  clock(rxMs: number): ClockStep | null {
    const fromMs = this.#clockMs;
    this.#clockMs = rxMs;
    return rxMs < fromMs ? { fromMs, toMs: rxMs } : null;
  }

  /** The `rx` a record will have. Writes the millisecond before when the record ends it. */
  place(rxMs: number, rank: number): number {
    if (rxMs > this.#rxMs) this.#open(rxMs);
    else if (rank < this.#writtenRank) this.#open(this.#rxMs + 1);
    if (this.#rxMs !== rxMs) this.moved++;
    return this.#rxMs;
  }

  /** Takes a record that `place` has given its `rx`. */
  add(arrival: Arrival): void {
    this.#waiting.push(arrival);
    this.#waitingBytes += arrival.bytes;
    if (this.#waitingBytes > MILLISECOND_BYTES_MAX) this.drain();
  }

  /** Writes what waits. The millisecond stays open for records of the same or a higher rank. */
  drain(): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    this.#waitingBytes = 0;
    // Array.prototype.sort is stable, so equal ranks keep the order of arrival.
    waiting.sort((left, right) => left.rank - right.rank);
    this.#writtenRank = Math.max(this.#writtenRank, waiting.at(-1)!.rank);
    for (const { write } of waiting) write();
  }

  #open(rxMs: number): void {
    this.drain();
    this.#rxMs = rxMs;
    this.#writtenRank = Number.NEGATIVE_INFINITY;
  }
}
