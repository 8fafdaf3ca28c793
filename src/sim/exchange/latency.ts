import type { RandomStream } from "../time/random-streams.ts";

/** A point of an empirical distribution: this share of all delays is at most so long. */
export type LatencyQuantile = readonly [share: number, ms: number];

/**
 * A delay: measured (`tableMs` or `quantiles`), else fixed when `sigma` is 0, else log-normal with this median.
 */
export interface LatencyModel {
  readonly medianMs: number;
  /** Standard deviation of the logarithm. */
  readonly sigma: number;
  /** Delays that were seen, in ms, each as likely as any other. */
  readonly tableMs?: readonly number[];
  /** Rising in both; between two points the delay is interpolated, outside of them it is that of the nearest. */
  readonly quantiles?: readonly LatencyQuantile[];
}

/** Every way between the pipeline and the exchange has a model of its own; those that are absent follow another. */
export interface LatencyModels {
  readonly order: LatencyModel;
  readonly answer: LatencyModel;
  readonly snapshot: LatencyModel;
  /** Query leaves to query arrives; that of `order`, from its stream, when absent. */
  readonly query?: LatencyModel | undefined;
  /** Match to the user stream's event; that of `answer`, in one line with answers, when absent. */
  readonly user?: LatencyModel | undefined;
}

/** Draws delays in whole milliseconds, at least 0. A fixed delay draws nothing from its stream. */
export class Latency {
  readonly #medianMs: number;
  readonly #sigma: number;
  readonly #tableMs: readonly number[] | null;
  readonly #quantiles: readonly LatencyQuantile[] | null;
  readonly #stream: RandomStream;

  constructor(model: LatencyModel, stream: RandomStream) {
    this.#medianMs = model.medianMs;
    this.#sigma = model.sigma;
    this.#tableMs = model.tableMs ?? null;
    this.#quantiles = model.quantiles ?? null;
    this.#stream = stream;
  }

  sampleMs(): number {
    if (this.#tableMs !== null) {
      return Math.round(this.#tableMs[Math.floor(this.#stream.next() * this.#tableMs.length)]!);
    }
    if (this.#quantiles !== null) return Math.round(delayAt(this.#quantiles, this.#stream.next()));
    if (this.#sigma === 0 || this.#medianMs === 0) return Math.round(this.#medianMs);
    return Math.round(this.#stream.lognormal(this.#medianMs, this.#sigma));
  }
}

/** No delay whatever is drawn. */
export function isNoLatency({ medianMs, tableMs, quantiles }: LatencyModel): boolean {
  return medianMs === 0 && tableMs === undefined && quantiles === undefined;
}

function delayAt(quantiles: readonly LatencyQuantile[], share: number): number {
  let [beforeShare, beforeMs] = quantiles[0]!;
  if (share <= beforeShare) return beforeMs;
  for (const [nextShare, nextMs] of quantiles) {
    if (share < nextShare) return beforeMs + ((nextMs - beforeMs) * (share - beforeShare)) / (nextShare - beforeShare);
    [beforeShare, beforeMs] = [nextShare, nextMs];
  }
  return beforeMs;
}
