import type { RandomStream } from "../time/random-streams.ts";

/** A delay: fixed when `sigma` is 0, else log-normal with this median. */
export interface LatencyModel {
  readonly medianMs: number;
  readonly sigma: number;
}

/** Draws delays in whole milliseconds, at least 0. A fixed delay draws nothing from its stream. */
export class Latency {
  readonly #medianMs: number;
  readonly #sigma: number;
  readonly #stream: RandomStream;

  constructor(model: LatencyModel, stream: RandomStream) {
    this.#medianMs = model.medianMs;
    this.#sigma = model.sigma;
    this.#stream = stream;
  }

  sampleMs(): number {
    if (this.#sigma === 0 || this.#medianMs === 0) return Math.round(this.#medianMs);
    return Math.round(this.#stream.lognormal(this.#medianMs, this.#sigma));
  }
}
