import { wilson } from "../summary/rate.ts";
import { known, type Measured, requireFinite, requireSameLength, unknown } from "./measured.ts";

export interface Confusion {
  /** Blocked and bad. */
  readonly truePositive: number;
  /** Blocked and good. */
  readonly falsePositive: number;
  /** Executed and bad. */
  readonly falseNegative: number;
  /** Executed and good. */
  readonly trueNegative: number;
}

export interface Rate {
  readonly share: number;
  /** 95 % Wilson interval. */
  readonly low: number;
  readonly high: number;
}

export interface ClassifierMeasures {
  readonly baseRate: Measured<Rate>;
  /** `no_block` when nothing was blocked: a gate that does nothing has no precision, neither 0 nor 1. */
  readonly precision: Measured<Rate>;
  readonly recall: Measured<Rate>;
  readonly falsePositiveRate: Measured<Rate>;
  /** Matthews correlation; null when any margin is empty. */
  readonly matthews: Measured;
}

/**
 * Blocks as a classifier of episodes whose shadow would have lost more than the limit. The same shadow rule for blocked
 * and executed ones; using the real fill for the executed makes the classes incomparable.
 */
export function classify(confusion: Confusion): ClassifierMeasures {
  const { truePositive: tp, falsePositive: fp, falseNegative: fn, trueNegative: tn } = confusion;
  const margins = Math.sqrt(tp + fp) * Math.sqrt(tp + fn) * Math.sqrt(tn + fp) * Math.sqrt(tn + fn);
  return {
    baseRate: rate(tp + fn, tp + fp + fn + tn, "no_episode"),
    precision: rate(tp, tp + fp, "no_block"),
    recall: rate(tp, tp + fn, "no_bad_episode"),
    falsePositiveRate: rate(fp, fp + tn, "no_good_episode"),
    matthews: margins === 0 ? unknown("empty_margin") : known((tp * tn - fp * fn) / margins),
  };
}

function rate(hits: number, n: number, reason: string): Measured<Rate> {
  if (n === 0) return unknown(reason);
  const [low, high] = wilson(hits, n);
  return known({ share: hits / n, low, high });
}

/** Episodes with a score of at least `cutoff` count as blocked. */
export function confusionAt(scores: readonly number[], bad: readonly boolean[], cutoff: number): Confusion {
  requireSameLength(scores, bad, "scores and outcomes");
  const counts = { truePositive: 0, falsePositive: 0, falseNegative: 0, trueNegative: 0 };
  scores.forEach((score, index) => {
    if (score >= cutoff) counts[bad[index] === true ? "truePositive" : "falsePositive"] += 1;
    else counts[bad[index] === true ? "falseNegative" : "trueNegative"] += 1;
  });
  return counts;
}

/** One point a distinct score, from the strictest cutoff down; counts at that cutoff. */
export interface CurvePoint extends Confusion {
  readonly cutoff: number;
  readonly truePositiveRate: number;
  readonly falsePositiveRate: number;
  readonly precision: number;
}

export interface Curves {
  readonly points: readonly CurvePoint[];
  /** P(score of a bad one > score of a good one) + half the ties (Hanley and McNeil 1982). */
  readonly rocArea: number;
  /** Sum of precision over the gains of recall, no interpolation. Compare with the base rate, not with 0.5. */
  readonly averagePrecision: number;
  /** Cutoff with the largest recall minus false positive rate; the strictest of equals. */
  readonly youdenCutoff: number;
}

/** ROC and precision-recall curve of a score. `one_class` when every episode was bad, or none. */
export function curvesOf(scores: readonly number[], bad: readonly boolean[]): Measured<Curves> {
  requireSameLength(scores, bad, "scores and outcomes");
  requireFinite(scores, "scores");
  const positives = bad.filter((isBad) => isBad).length;
  const negatives = bad.length - positives;
  if (bad.length === 0) return unknown("no_episode");
  if (positives === 0 || negatives === 0) return unknown("one_class");
  const order = scores.map((_, index) => index).sort((left, right) => scores[right]! - scores[left]! || left - right);
  const points: CurvePoint[] = [];
  let truePositive = 0;
  let falsePositive = 0;
  let area = 0;
  let averagePrecision = 0;
  for (let index = 0; index < order.length; ) {
    const cutoff = scores[order[index]!]!;
    const [positiveBefore, negativeBefore] = [truePositive, falsePositive];
    for (; index < order.length && scores[order[index]!] === cutoff; index += 1) {
      if (bad[order[index]!] === true) truePositive += 1;
      else falsePositive += 1;
    }
    const precision = truePositive / (truePositive + falsePositive);
    area += (falsePositive - negativeBefore) * (positiveBefore + (truePositive - positiveBefore) / 2);
    averagePrecision += ((truePositive - positiveBefore) / positives) * precision;
    points.push({
      cutoff,
      truePositive,
      falsePositive,
      falseNegative: positives - truePositive,
      trueNegative: negatives - falsePositive,
      truePositiveRate: truePositive / positives,
      falsePositiveRate: falsePositive / negatives,
      precision,
    });
  }
  let best = points[0]!;
  for (const point of points) {
    if (youden(point) > youden(best)) best = point;
  }
  return known({ points, rocArea: area / (positives * negatives), averagePrecision, youdenCutoff: best.cutoff });
}

function youden({ truePositiveRate, falsePositiveRate }: CurvePoint): number {
  return truePositiveRate - falsePositiveRate;
}
