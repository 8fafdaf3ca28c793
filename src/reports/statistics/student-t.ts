/**
 * log Gamma(x) for x > 0, by Stirling's series after shifting the argument to 15 (Abramowitz and Stegun 6.1.41);
 * relative error about 1e-15.
 */
export function logGamma(x: number): number {
  if (!(x > 0)) throw new RangeError(`Cannot take the logarithm of Gamma at ${x}: a positive number is needed`);
  let shift = 1;
  let z = x;
  while (z < 15) {
    shift *= z;
    z += 1;
  }
  const r = 1 / (z * z);
  const series = (1 / 12 - r * (1 / 360 - r * (1 / 1260 - r * (1 / 1680 - r * (1 / 1188 - (r * 691) / 360_360))))) / z;
  return (z - 0.5) * Math.log(z) - z + 0.5 * Math.log(2 * Math.PI) + series - Math.log(shift);
}

/**
 * Regularised incomplete beta I_x(a, b): the share of a Beta(a, b) below x, for a, b > 0 and x in [0, 1]. Continued
 * fraction of NIST DLMF 8.17.22, evaluated forwards with both ratios kept (modified Lentz, Thompson and Barnett 1986).
 */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  // The fraction converges fast only below the mean; above it the mirrored one does.
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const logFactor = a * Math.log(x) + b * Math.log1p(-x) + logGamma(a + b) - logGamma(a) - logGamma(b);
  return (Math.exp(logFactor) / a) * betaFraction(x, a, b);
}

const TINY = 1e-300;

function betaFraction(x: number, a: number, b: number): number {
  const guard = (value: number): number => (Math.abs(value) < TINY ? TINY : value);
  let c = 1;
  let d = 1 / guard(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let m = 1; m <= 500; m += 1) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / guard(1 + even * d);
    c = guard(1 + even / c);
    fraction *= c * d;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / guard(1 + odd * d);
    c = guard(1 + odd / c);
    const change = c * d;
    fraction *= change;
    if (Math.abs(change - 1) < 1e-16) break;
  }
  return fraction;
}

/** The x with I_x(a, b) = p, by bisection to the last bit: slow, monotone and without a bad start. */
export function incompleteBetaInverse(p: number, a: number, b: number): number {
  if (p <= 0) return 0;
  if (p >= 1) return 1;
  let low = 0;
  let high = 1;
  for (let step = 0; step < 1100; step += 1) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) break;
    if (incompleteBeta(middle, a, b) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** P(T <= t) of Student's t with `degrees` > 0 degrees of freedom (Abramowitz and Stegun 26.7.1). */
export function studentCdf(t: number, degrees: number): number {
  if (!(degrees > 0)) throw new RangeError(`Cannot evaluate Student's t: ${degrees} degrees, more than 0 are needed`);
  const tail = 0.5 * incompleteBeta(degrees / (degrees + t * t), degrees / 2, 0.5);
  return t < 0 ? tail : 1 - tail;
}

/** The t with `studentCdf(t, degrees) = p`: `studentQuantile(0.975, 9)` is 2.262157. */
export function studentQuantile(p: number, degrees: number): number {
  if (!(p > 0 && p < 1)) throw new RangeError(`Cannot invert Student's t at ${p}: a share between 0 and 1 is needed`);
  if (p === 0.5) return 0;
  const tail = p < 0.5 ? p : 1 - p;
  // 2 tail = I_{v/(v+t^2)}(v/2, 1/2); near the middle the mirrored form keeps the digits of a small t.
  const y = 1 - 2 * tail;
  const share = incompleteBetaInverse(y, 0.5, degrees / 2);
  const t =
    share < 0.5
      ? Math.sqrt((degrees * share) / (1 - share))
      : tailQuantile(incompleteBetaInverse(2 * tail, degrees / 2, 0.5), degrees);
  return p < 0.5 ? -t : t;
}

function tailQuantile(share: number, degrees: number): number {
  return Math.sqrt((degrees * (1 - share)) / share);
}
