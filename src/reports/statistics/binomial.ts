import { known, type Measured, unknown } from "./measured.ts";
import { incompleteBetaInverse } from "./student-t.ts";

export { wilson } from "../summary/rate.ts";

/**
 * Exact interval of a share (Clopper and Pearson 1934): never covers less than it says, usually more. For small counts
 * that decide something; `wilson` is the everyday one.
 */
export function clopperPearson(hits: number, n: number, level = 0.95): Measured<readonly [low: number, high: number]> {
  if (n === 0) return unknown("no_trial");
  const half = (1 - level) / 2;
  const low = hits === 0 ? 0 : incompleteBetaInverse(half, hits, n - hits + 1);
  const high = hits === n ? 1 : incompleteBetaInverse(1 - half, hits + 1, n - hits);
  return known([low, high]);
}

/** Upper 95 % bound of a share nobody has seen happen in n trials: 3/n (Hanley and Lippman-Hand 1983), at most 1. */
export function ruleOfThree(n: number): Measured {
  return n === 0 ? unknown("no_trial") : known(Math.min(1, 3 / n));
}

/** C(n, k) as a double; exact up to 2^53. */
export function binomialCoefficient(n: number, k: number): number {
  let product = 1;
  for (let index = 1; index <= Math.min(k, n - k); index += 1) {
    product = Math.round((product * (n - Math.min(k, n - k) + index)) / index);
  }
  return k < 0 || k > n ? 0 : product;
}

/** P(X <= k) of a binomial, by adding terms that are products of ratios: exact enough for the few hundred trials here. */
export function binomialCdf(k: number, n: number, share: number): number {
  if (k < 0) return 0;
  if (k >= n) return 1;
  if (share <= 0) return 1;
  if (share >= 1) return 0;
  let logTerm = n * Math.log1p(-share);
  let sum = Math.exp(logTerm);
  for (let index = 1; index <= k; index += 1) {
    logTerm += Math.log((n - index + 1) / index) + Math.log(share) - Math.log1p(-share);
    sum += Math.exp(logTerm);
  }
  return Math.min(1, sum);
}

/**
 * Exact two-sided McNemar test of paired yes/no outcomes (McNemar 1947, exact binomial form). `onlyFirst` and
 * `onlySecond` count the episodes, never the evaluations, in which one variant said yes and the other no; agreement
 * carries no information. `mcnemar(1, 9)` is 0.0215.
 */
export function mcnemar(onlyFirst: number, onlySecond: number): Measured {
  const discordant = onlyFirst + onlySecond;
  if (discordant === 0) return unknown("no_discordant_pair");
  return known(Math.min(1, 2 * binomialCdf(Math.min(onlyFirst, onlySecond), discordant, 0.5)));
}
