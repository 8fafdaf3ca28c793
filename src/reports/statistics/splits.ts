import { combinations } from "./backtest-overfitting.ts";
import { binomialCoefficient } from "./binomial.ts";
import { known, type Measured, unknown } from "./measured.ts";

/** Half-open: `fromTsMs` is inside, `toTsMs` is not. */
export interface Span {
  readonly fromTsMs: number;
  readonly toTsMs: number;
}

export interface Fold {
  readonly train: Span;
  readonly test: Span;
}

/**
 * Walk-forward folds: fit on train, score on the test that begins `embargoMs` after it, roll by one test length. Only
 * the stitched tests may be reported. An `isExpanding` train keeps its start. Tests never overlap, and a last piece
 * shorter than `testMs` is left out.
 */
export function walkForward(options: {
  readonly span: Span;
  readonly trainMs: number;
  readonly testMs: number;
  /** At least the longest label horizon and the longest exit delay. */
  readonly embargoMs: number;
  readonly isExpanding?: boolean;
}): Measured<readonly Fold[]> {
  const { span, trainMs, testMs, embargoMs, isExpanding = false } = options;
  if (!(trainMs > 0 && testMs > 0 && embargoMs >= 0)) {
    throw new RangeError(
      `Cannot walk forward with train ${trainMs} ms, test ${testMs} ms, embargo ${embargoMs} ms: lengths are needed`,
    );
  }
  const folds: Fold[] = [];
  for (let trainFromTsMs = span.fromTsMs; ; trainFromTsMs += testMs) {
    const trainToTsMs = trainFromTsMs + trainMs;
    const testFromTsMs = trainToTsMs + embargoMs;
    if (testFromTsMs + testMs > span.toTsMs) break;
    folds.push({
      train: { fromTsMs: isExpanding ? span.fromTsMs : trainFromTsMs, toTsMs: trainToTsMs },
      test: { fromTsMs: testFromTsMs, toTsMs: testFromTsMs + testMs },
    });
  }
  return folds.length === 0 ? unknown("short_span") : known(folds);
}

/** Out-of-sample per day over in-sample per day; `no_edge_in_sample` unless there was something to lose. */
export function walkForwardEfficiency(
  inSample: { readonly total: number; readonly days: number },
  outOfSample: { readonly total: number; readonly days: number },
): Measured {
  if (!(inSample.days > 0 && outOfSample.days > 0)) return unknown("short_span");
  if (!(inSample.total > 0)) return unknown("no_edge_in_sample");
  return known(outOfSample.total / outOfSample.days / (inSample.total / inSample.days));
}

/** A decision with the time until which its label looks: [decision, end of horizon]. */
export interface Labelled {
  readonly decisionTsMs: number;
  readonly labelEndTsMs: number;
}

/**
 * Which items may train when `tests` are held out: none whose label interval meets a test (purging), none decided
 * within `embargoMs` after a test ends (Lopez de Prado 2018, chapter 7).
 */
export function trainable(items: readonly Labelled[], tests: readonly Span[], embargoMs: number): boolean[] {
  return items.map(({ decisionTsMs, labelEndTsMs }) =>
    tests.every(
      ({ fromTsMs, toTsMs }) =>
        labelEndTsMs < fromTsMs || (decisionTsMs >= toTsMs && decisionTsMs >= toTsMs + embargoMs),
    ),
  );
}

/** Test groups of every split of combinatorial purged cross-validation, in lexicographic order. */
export function combinatorialSplits(groups: number, testGroups: number): number[][] {
  return [...combinations(groups, testGroups)].map((split) => [...split]);
}

/** C(N, k) splits make k/N C(N, k) whole paths: 15 and 5 for 6 groups with 2 held out. */
export function combinatorialCounts(groups: number, testGroups: number): { splits: number; paths: number } {
  const splits = binomialCoefficient(groups, testGroups);
  return { splits, paths: Math.round((splits * testGroups) / groups) };
}

/**
 * Evaluations until a start value has less than `share` of the weight of an exponential average: 90 for alpha 0.05 and
 * 1 %. Decisions before that are left out of scores.
 */
export function warmUpEvaluations(alpha: number, share: number): number {
  if (!(alpha > 0 && alpha <= 1 && share > 0 && share < 1)) {
    throw new RangeError(`Cannot warm up with alpha ${alpha} to ${share}: shares between 0 and 1 are needed`);
  }
  return alpha === 1 ? 1 : Math.ceil(Math.log(share) / Math.log1p(-alpha));
}
