import { known, type Measured, requireFinite, requireSameLength, unknown } from "./measured.ts";
import { meanOf } from "./moments.ts";
import { ascending } from "./quantile.ts";
import { fastSum } from "./sum.ts";

export interface Overfitting {
  readonly splits: number;
  /** Share of splits in which the best variant in sample is at or below the middle out of sample. About 0.5 in noise. */
  readonly probability: number;
  /** Share of splits in which the chosen variant loses out of sample. */
  readonly lossProbability: number;
  /** Line of out-of-sample on in-sample score of the chosen variant; `null` when all in-sample scores are equal. */
  readonly slope: number | null;
  readonly intercept: number | null;
  readonly rSquared: number | null;
  /** ln(w / (1 - w)) of the relative rank, one per split, splits in lexicographic order of their blocks. */
  readonly logits: readonly number[];
  /** Whether choosing in sample is at least as good as choosing at random at every level (first order), or on average
   * up to every level (second order). */
  readonly dominance: { readonly isFirstOrder: boolean; readonly isSecondOrder: boolean };
}

export interface OverfittingOptions {
  /** Even number of blocks; 8 gives 70 splits, 16 gives 12 870. */
  readonly blocks?: number;
  /** Mean over sample deviation, or the mean when variants may stand still for a whole half. */
  readonly score?: "sharpe" | "mean";
}

const VARIANTS_MIN = 5;
const BUCKETS_PER_BLOCK_MIN = 10;

/**
 * Probability of backtest overfitting by combinatorially symmetric cross-validation (Bailey, Borwein, Lopez de Prado
 * and Zhu 2017). `columns`: per variant its PnL per bucket, scored on the full stream first, because a governor carries
 * state over a cut. The first rows beyond a multiple of `blocks` are dropped. `too_few` under 5 variants or 10 buckets
 * a block; `zero_variance` when a variant stands still for a whole half and the score is a ratio.
 */
export function backtestOverfitting(
  columns: readonly (readonly number[])[],
  { blocks = 16, score = "sharpe" }: OverfittingOptions = {},
): Measured<Overfitting> {
  if (!Number.isInteger(blocks) || blocks < 2 || blocks % 2 !== 0 || blocks > 20) {
    throw new RangeError(`Cannot split into ${blocks} blocks: an even number from 2 to 20 is needed`);
  }
  const first = columns[0];
  if (first === undefined || columns.length < VARIANTS_MIN) return unknown("too_few");
  for (const column of columns) {
    requireFinite(column, "a variant");
    requireSameLength(column, first, "variants");
  }
  const rows = Math.floor(first.length / blocks);
  if (rows < BUCKETS_PER_BLOCK_MIN) return unknown("too_few");
  const tallies = columns.map((column) => tallyBlocks(column, blocks, rows));
  const inSample: number[] = [];
  const outOfSample: number[] = [];
  const allOutOfSample: number[] = [];
  const logits: number[] = [];
  for (const chosen of combinations(blocks, blocks / 2)) {
    const scores = tallies.map((tally) => scoreHalves(tally, chosen, score));
    if (scores.some(({ inside, outside }) => !Number.isFinite(inside) || !Number.isFinite(outside))) {
      return unknown("zero_variance");
    }
    let best = 0;
    for (let variant = 1; variant < scores.length; variant += 1) {
      if (scores[variant]!.inside > scores[best]!.inside) best = variant;
    }
    const share =
      averageRank(
        scores.map(({ outside }) => outside),
        best,
      ) /
      (columns.length + 1);
    logits.push(Math.log(share / (1 - share)));
    inSample.push(scores[best]!.inside);
    outOfSample.push(scores[best]!.outside);
    for (const { outside } of scores) allOutOfSample.push(outside);
  }
  const line = fitLine(inSample, outOfSample);
  return known({
    splits: logits.length,
    probability: shareOf(logits, (logit) => logit <= 0),
    lossProbability: shareOf(outOfSample, (value) => value < 0),
    slope: line?.slope ?? null,
    intercept: line?.intercept ?? null,
    rSquared: line?.rSquared ?? null,
    logits,
    dominance: dominanceOf(ascending(outOfSample), ascending(allOutOfSample)),
  });
}

interface BlockTally {
  readonly rows: number;
  readonly mean: number;
  readonly sums: readonly number[];
  readonly squares: readonly number[];
}

/** Sums about the column's mean: a half is then scored from a few numbers, without losing digits to the level. */
function tallyBlocks(column: readonly number[], blocks: number, rows: number): BlockTally {
  const kept = column.slice(column.length - blocks * rows);
  const mean = meanOf(kept);
  const parts = Array.from({ length: blocks }, (_, block) =>
    kept.slice(block * rows, (block + 1) * rows).map((value) => value - mean),
  );
  return {
    rows,
    mean,
    sums: parts.map((part) => fastSum(part)),
    squares: parts.map((part) => fastSum(part.map((value) => value * value))),
  };
}

function scoreHalves(
  tally: BlockTally,
  chosen: ReadonlySet<number>,
  score: "sharpe" | "mean",
): { readonly inside: number; readonly outside: number } {
  const n = (tally.sums.length / 2) * tally.rows;
  const half = (isInside: boolean): number => {
    let sum = 0;
    let square = 0;
    for (let block = 0; block < tally.sums.length; block += 1) {
      if (chosen.has(block) !== isInside) continue;
      sum += tally.sums[block]!;
      square += tally.squares[block]!;
    }
    const mean = tally.mean + sum / n;
    if (score === "mean") return mean;
    const variance = (square - (sum * sum) / n) / (n - 1);
    return variance > 1e-24 * Math.max(1, mean * mean) ? mean / Math.sqrt(variance) : Number.NaN;
  };
  return { inside: half(true), outside: half(false) };
}

/** Subsets of 0..n-1 of one size, in lexicographic order. */
export function* combinations(n: number, size: number): Generator<ReadonlySet<number>> {
  const picked = Array.from({ length: size }, (_, index) => index);
  for (;;) {
    yield new Set(picked);
    let position = size - 1;
    while (position >= 0 && picked[position] === n - size + position) position -= 1;
    if (position < 0) return;
    picked[position]! += 1;
    for (let next = position + 1; next < size; next += 1) picked[next] = picked[next - 1]! + 1;
  }
}

/** Rank from 1, ascending, ties share the mean of their ranks. */
function averageRank(values: readonly number[], index: number): number {
  let below = 0;
  let equal = 0;
  for (const value of values) {
    if (value < values[index]!) below += 1;
    else if (value === values[index]) equal += 1;
  }
  return below + (equal + 1) / 2;
}

function shareOf(values: readonly number[], isCounted: (value: number) => boolean): number {
  return values.filter(isCounted).length / values.length;
}

function fitLine(
  x: readonly number[],
  y: readonly number[],
): { readonly slope: number; readonly intercept: number; readonly rSquared: number } | null {
  const [meanX, meanY] = [meanOf(x), meanOf(y)];
  const xx = fastSum(x.map((value) => (value - meanX) ** 2));
  const yy = fastSum(y.map((value) => (value - meanY) ** 2));
  const xy = fastSum(x.map((value, index) => (value - meanX) * (y[index]! - meanY)));
  if (xx === 0) return null;
  const slope = xy / xx;
  return { slope, intercept: meanY - slope * meanX, rSquared: yy === 0 ? 1 : (xy * xy) / (xx * yy) };
}

/** Both ascending. First order: the chosen ones' distribution is nowhere above the other; second: its integral is not. */
function dominanceOf(chosen: readonly number[], all: readonly number[]): Overfitting["dominance"] {
  let isFirstOrder = true;
  let isSecondOrder = true;
  let integral = 0;
  let chosenSeen = 0;
  let previous = all[0]!;
  for (let index = 0; index < all.length; index += 1) {
    const level = all[index]!;
    integral += (chosenSeen / chosen.length - index / all.length) * (level - previous);
    if (integral > 1e-12) isSecondOrder = false;
    if (index + 1 < all.length && all[index + 1] === level) {
      previous = level;
      continue;
    }
    while (chosenSeen < chosen.length && chosen[chosenSeen]! <= level) chosenSeen += 1;
    if (chosenSeen / chosen.length > (index + 1) / all.length + 1e-12) isFirstOrder = false;
    previous = level;
  }
  return { isFirstOrder, isSecondOrder };
}
