import { crossCovariances } from "./autocovariance.ts";
import { known, type Measured, requireFinite, requireSameLength, unknown } from "./measured.ts";
import { correlationOf, hasZeroVariance, meanOf, populationStd } from "./moments.ts";
import { twoSidedNormalP } from "./normal.ts";
import { ascending, quantile } from "./quantile.ts";
import { BUCKETS_MIN, type Random, REPLICATIONS } from "./stationary-bootstrap.ts";
import { fastSum } from "./sum.ts";

export interface SharpeDifference {
  /** Sharpe of a minus Sharpe of b, per bucket, with population deviations. */
  readonly difference: number;
  /** Jobson and Korkie (1981) with Memmel's correction (2003): normal returns without autocorrelation. */
  readonly seJobsonKorkie: number;
  readonly pJobsonKorkie: number;
  /** Ledoit and Wolf (2008) with a Bartlett kernel. */
  readonly seLedoitWolf: number;
  readonly pLedoitWolf: number;
}

/** Difference of two Sharpe ratios of the same buckets with its standard errors. `too_few` under 60 buckets. */
export function sharpeDifference(a: readonly number[], b: readonly number[], lags: number): Measured<SharpeDifference> {
  const refusal = refuse(a, b);
  if (refusal !== null) return unknown(refusal);
  const n = a.length;
  const [ratioA, ratioB] = [meanOf(a) / populationStd(a), meanOf(b) / populationStd(b)];
  const correlation = correlationOf(a, b).value!;
  const difference = ratioA - ratioB;
  const normal = 0.5 * (ratioA ** 2 + ratioB ** 2 - 2 * ratioA * ratioB * correlation ** 2);
  const seJobsonKorkie = Math.sqrt((2 - 2 * correlation + normal) / n);
  const seLedoitWolf = ledoitWolfSe(a, b, lags);
  if (!(seJobsonKorkie > 0 && seLedoitWolf > 0)) return unknown("identical");
  return known({
    difference,
    seJobsonKorkie,
    pJobsonKorkie: twoSidedNormalP(difference / seJobsonKorkie),
    seLedoitWolf,
    pLedoitWolf: twoSidedNormalP(difference / seLedoitWolf),
  });
}

function refuse(a: readonly number[], b: readonly number[]): string | null {
  requireSameLength(a, b, "Sharpe ratios");
  requireFinite(a, "a Sharpe difference");
  requireFinite(b, "a Sharpe difference");
  if (a.length < BUCKETS_MIN) return "too_few";
  return hasZeroVariance(a) || hasZeroVariance(b) ? "zero_variance" : null;
}

/** How much each row moves the difference: gradient of the ratio difference over (mean a, mean b, E a^2, E b^2). */
function influences(a: readonly number[], b: readonly number[]): number[] {
  const [meanA, meanB] = [meanOf(a), meanOf(b)];
  const [squareA, squareB] = [meanOf(a.map((value) => value * value)), meanOf(b.map((value) => value * value))];
  const [spreadA, spreadB] = [(squareA - meanA ** 2) ** 1.5, (squareB - meanB ** 2) ** 1.5];
  return a.map((value, index) => {
    const other = b[index]!;
    const first = (squareA / spreadA) * (value - meanA) - (meanA / 2 / spreadA) * (value * value - squareA);
    const second = (squareB / spreadB) * (other - meanB) - (meanB / 2 / spreadB) * (other * other - squareB);
    return first - second;
  });
}

/** grad' Psi grad is the long-run variance of the influences, so one series replaces a four by four matrix. */
function ledoitWolfSe(a: readonly number[], b: readonly number[], lags: number): number {
  const rows = influences(a, b);
  const gammas = crossCovariances(rows, rows, lags);
  const longRun = gammas.map((gamma, lag) => (lag === 0 ? gamma : 2 * (1 - lag / (lags + 1)) * gamma));
  return Math.sqrt(fastSum(longRun) / a.length);
}

export interface StudentisedInterval {
  readonly difference: number;
  readonly interval: readonly [low: number, high: number];
  readonly pTwoSided: number;
}

/**
 * The preferred interval of Ledoit and Wolf (2008): circular blocks, each resampled difference divided by its own block
 * standard error, symmetric. `block` whole buckets; resamples without variance are drawn again at most ten times.
 */
export function studentisedSharpeDifference(
  a: readonly number[],
  b: readonly number[],
  options: {
    readonly block: number;
    readonly random: Random;
    readonly replications?: number;
    readonly level?: number;
  },
): Measured<StudentisedInterval> {
  const refusal = refuse(a, b);
  if (refusal !== null) return unknown(refusal);
  const { block, random, replications = REPLICATIONS.quick, level = 0.95 } = options;
  const n = a.length;
  const blocks = Math.floor(n / block);
  if (!Number.isInteger(block) || block < 1 || blocks < 2) return unknown("too_few_blocks");
  const difference = ratioDifference(a, b);
  const se = ledoitWolfSe(a, b, block - 1);
  if (!(se > 0)) return unknown("identical");
  const centred: number[] = [];
  for (let tries = 0; centred.length < replications; tries += 1) {
    if (tries > replications * 10) return unknown("undefined_in_resample");
    const [sampleA, sampleB] = circularResample(a, b, { block, blocks, random });
    if (hasZeroVariance(sampleA) || hasZeroVariance(sampleB)) continue;
    const sampleSe = blockSe(sampleA, sampleB, block);
    if (sampleSe > 0) centred.push(Math.abs(ratioDifference(sampleA, sampleB) - difference) / sampleSe);
  }
  const critical = quantile(ascending(centred), level);
  const above = centred.filter((value) => value >= Math.abs(difference) / se).length;
  return known({
    difference,
    interval: [difference - critical * se, difference + critical * se],
    pTwoSided: (1 + above) / (replications + 1),
  });
}

function ratioDifference(a: readonly number[], b: readonly number[]): number {
  return meanOf(a) / populationStd(a) - meanOf(b) / populationStd(b);
}

function circularResample(
  a: readonly number[],
  b: readonly number[],
  { block, blocks, random }: { readonly block: number; readonly blocks: number; readonly random: Random },
): [number[], number[]] {
  const [sampleA, sampleB]: [number[], number[]] = [[], []];
  for (let index = 0; index < blocks; index += 1) {
    const start = Math.floor(random() * a.length);
    for (let offset = 0; offset < block; offset += 1) {
      sampleA.push(a[(start + offset) % a.length]!);
      sampleB.push(b[(start + offset) % a.length]!);
    }
  }
  return [sampleA, sampleB];
}

/** Blocks of a resample are independent by construction: the variance of block sums is the natural one. */
function blockSe(a: readonly number[], b: readonly number[], block: number): number {
  const rows = influences(a, b);
  const squares: number[] = [];
  for (let start = 0; start < rows.length; start += block) {
    squares.push((fastSum(rows.slice(start, start + block)) / Math.sqrt(block)) ** 2);
  }
  return Math.sqrt(fastSum(squares) / squares.length / rows.length);
}
