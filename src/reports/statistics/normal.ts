const SQRT_2 = Math.SQRT2;
const SQRT_PI = Math.sqrt(Math.PI);
const SQRT_2_PI = Math.sqrt(2 * Math.PI);

/** Euler-Mascheroni constant, the mean of a standard Gumbel. */
export const EULER_GAMMA = 0.5772156649015329;

/**
 * P(Z <= z) of the standard normal, to about 1e-15 relative in the lower tail as well: `normalCdf(-13)` is 6.1e-39, not
 * 0. Series of Abramowitz and Stegun 7.1.6 near zero, continued fraction 7.1.14 beyond.
 */
export function normalCdf(z: number): number {
  return 0.5 * erfc(-z / SQRT_2);
}

export function normalPdf(z: number): number {
  return Math.exp(-0.5 * z * z) / SQRT_2_PI;
}

/** Two-sided p-value of a z-score. */
export function twoSidedNormalP(z: number): number {
  return Math.min(1, erfc(Math.abs(z) / SQRT_2));
}

/**
 * The z with `normalCdf(z) = p`; -Infinity at 0 and Infinity at 1. Starts from a rational guess (Abramowitz and Stegun
 * 26.2.23) and corrects it by Halley's rule against our own `normalCdf`, so the two invert each other.
 */
export function normalQuantile(p: number): number {
  if (!(p >= 0 && p <= 1)) throw new RangeError(`Cannot invert the normal at ${p}: a probability is needed`);
  if (p === 0) return Number.NEGATIVE_INFINITY;
  if (p === 1) return Number.POSITIVE_INFINITY;
  if (p === 0.5) return 0;
  // 1 - p is exact from 0.5 up, so the upper half loses nothing by going through the lower tail.
  return p < 0.5 ? lowerQuantile(p) : -lowerQuantile(1 - p);
}

function lowerQuantile(p: number): number {
  const t = Math.sqrt(-2 * Math.log(p));
  const top = 2.515517 + t * (0.802853 + t * 0.010328);
  const bottom = 1 + t * (1.432788 + t * (0.189269 + t * 0.001308));
  let z = top / bottom - t;
  for (let step = 0; step < 6; step += 1) {
    const error = (normalCdf(z) - p) / normalPdf(z);
    const correction = error / (1 + (z * error) / 2);
    z -= correction;
    if (Math.abs(correction) <= 1e-16 * Math.abs(z)) break;
  }
  return z;
}

/** Complementary error function for any real x. */
export function erfc(x: number): number {
  if (x < 0) return 2 - erfc(-x);
  return x < 2 ? 1 - erfSeries(x) : erfcFraction(x);
}

/** erf(x) = 2/sqrt(pi) e^(-x^2) sum 2^n x^(2n+1)/(2n+1)!!: all terms positive, so nothing cancels. */
function erfSeries(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; term > sum * 1e-17; n += 1) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / SQRT_PI) * Math.exp(-x * x) * sum;
}

/** Evaluated from the tail; from x = 2 sixty levels settle the last bit. */
function erfcFraction(x: number): number {
  let tail = 0;
  for (let level = 120; level > 0; level -= 1) tail = level / 2 / (x + tail);
  return Math.exp(-x * x) / (SQRT_PI * (x + tail));
}
