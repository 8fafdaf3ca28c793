/** The integer generator of the vectors (Numerical Recipes): exact everywhere, state from 0 to 2^32 - 1. */
export function lcg(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
    return state / 4294967296;
  };
}

export interface Ar1Options {
  readonly seed: number;
  readonly n: number;
  readonly rho?: number;
  readonly scale?: number;
  readonly mu?: number;
}

/** y = rho y + (u - 0.5), the first 50 thrown away; gives mu + scale y. */
export function ar1({ seed, n, rho = 0, scale = 1, mu = 0 }: Ar1Options): number[] {
  const random = lcg(seed);
  const series: number[] = [];
  let y = 0;
  for (let t = 0; t < n + 50; t += 1) {
    y = rho * y + (random() - 0.5);
    if (t >= 50) series.push(mu + scale * y);
  }
  return series;
}
