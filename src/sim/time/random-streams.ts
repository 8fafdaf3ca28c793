import seedrandom from "seedrandom";

/** Everything needed to go on with a stream where it stopped; plain JSON. */
export interface RandomStreamState {
  readonly generator: seedrandom.State.Alea;
  /** Second normal value of the last pair, kept for the next call; `null` when there is none. */
  readonly spareNormal: number | null;
}

export interface RandomStream {
  /** Uniform in [0, 1), 32 bits. */
  next(): number;
  /** Normal with mean 0 and deviation 1. */
  normal(): number;
  /** Log-normal: `median * exp(sigma * normal)`; half of all values are below the median. Draws one normal. */
  lognormal(median: number, sigma: number): number;
  state(): RandomStreamState;
}

export interface RandomStreams {
  /** The stream of that name, the same object each time: one name for each purpose. */
  stream(name: string): RandomStream;
  /** State of every stream used so far, for checkpoints. */
  states(): ReadonlyMap<string, RandomStreamState>;
}

/**
 * Named random streams from one root seed: `createRandomStreams("42").stream("latency").next()`.
 *
 * A stream is seeded with `<seed>/<name>`, so drawing from one, or adding another, never moves a third.
 *
 * @param saved states of a checkpoint; streams that are not in it start from the beginning
 */
export function createRandomStreams(seed: string, saved?: ReadonlyMap<string, RandomStreamState>): RandomStreams {
  const streams = new Map<string, RandomStream>();
  return {
    stream(name) {
      let known = streams.get(name);
      if (known === undefined) {
        known = new AleaStream(`${seed}/${name}`, saved?.get(name));
        streams.set(name, known);
      }
      return known;
    },
    states: () => new Map([...streams].map(([name, stream]) => [name, stream.state()])),
  };
}

class AleaStream implements RandomStream {
  readonly #generator: seedrandom.StatefulPRNG<seedrandom.State.Alea>;
  #spareNormal: number | null;

  constructor(seed: string, saved: RandomStreamState | undefined) {
    this.#generator = seedrandom.alea(seed, { state: saved?.generator ?? true });
    this.#spareNormal = saved?.spareNormal ?? null;
  }

  next(): number {
    return this.#generator();
  }

  /** Marsaglia's polar method: two normals from a point drawn evenly in the unit disc. */
  normal(): number {
    if (this.#spareNormal !== null) {
      const spare = this.#spareNormal;
      this.#spareNormal = null;
      return spare;
    }
    for (;;) {
      const x = 2 * this.#generator() - 1;
      const y = 2 * this.#generator() - 1;
      const square = x * x + y * y;
      if (square >= 1 || square === 0) continue;
      const factor = Math.sqrt((-2 * Math.log(square)) / square);
      this.#spareNormal = y * factor;
      return x * factor;
    }
  }

  lognormal(median: number, sigma: number): number {
    return median * Math.exp(sigma * this.normal());
  }

  state(): RandomStreamState {
    return { generator: { ...this.#generator.state() }, spareNormal: this.#spareNormal };
  }
}
