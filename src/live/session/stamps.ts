import type { Clock, InputPlace } from "../ports.ts";

/** Where a session stands: what it has taken in, and a time that never decreases. */
export class Stamps {
  readonly #clock: Clock;
  #lastMs: number;
  /** Market rows applied. */
  rows: number;
  /** Envelopes and funding. */
  inputs: number;

  /** @param from of a session that goes on */
  constructor(clock: Clock, from?: { readonly rows: number; readonly inputs: number; readonly stampMs: number }) {
    this.#clock = clock;
    this.#lastMs = from?.stampMs ?? 0;
    this.rows = from?.rows ?? 0;
    this.inputs = from?.inputs ?? 0;
  }

  get lastMs(): number {
    return this.#lastMs;
  }

  /** Time of what happens now: the clock's, unless that went back. */
  now(): number {
    return this.#take(this.#clock.nowMs());
  }

  /** Time of something that was known before, if the clock has not passed it. */
  history(tsMs: number): number {
    return this.#take(Math.min(tsMs, this.#clock.nowMs()));
  }

  place(seq: number): InputPlace {
    return { order: this.inputs, rowsBefore: this.rows, seq };
  }

  #take(tsMs: number): number {
    this.#lastMs = Math.max(this.#lastMs, tsMs);
    return this.#lastMs;
  }
}
