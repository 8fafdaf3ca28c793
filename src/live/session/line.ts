import type { Clock } from "../ports.ts";
import { Fifo } from "./fifo.ts";

/**
 * A way that takes everything equally long: what goes on it arrives in the order in which it left. Timers alone do not
 * promise that, two that are due within a millisecond may fire in either order.
 */
export class Line {
  readonly #clock: Clock;
  readonly #takesMs: number;
  readonly #underWay = new Fifo<() => void>();

  constructor(clock: Clock, takesMs: number) {
    this.#clock = clock;
    this.#takesMs = takesMs;
  }

  send(arrive: () => void): void {
    this.#underWay.push(arrive);
    // Whichever timer fires first, the one that left first has been under way for at least as long.
    this.#clock.schedule(this.#clock.nowMs() + this.#takesMs, () => this.#underWay.shift()?.());
  }
}
