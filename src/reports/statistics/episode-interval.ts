import { known, type Measured, requireFinite, unknown } from "./measured.ts";
import { normalQuantile } from "./normal.ts";
import { studentCdf, studentQuantile } from "./student-t.ts";
import { exactSum } from "./sum.ts";

/** PnL difference of one discordant episode under full replays, candidate minus baseline. */
export interface EpisodeDifference {
  /** What set it off (a regime flip, a stale-feed window); episodes of one trigger are one burst. */
  readonly trigger: string;
  readonly differenceQuote: number;
}

export interface EpisodeInterval {
  readonly total: number;
  readonly se: number;
  readonly t: number;
  readonly interval: readonly [low: number, high: number];
  /**
   * The same with Hall's correction for skewness (1992): when rare large losses meet many small gains, the plain
   * interval is too high. A verdict asks both.
   */
  readonly skewCorrected: readonly [low: number, high: number];
  /** Sum of cubes over se^3, -1 to 1: how lopsided the total is. */
  readonly lopsidedness: number;
  readonly perDay: number;
  readonly perDayInterval: readonly [low: number, high: number];
  /** Of no difference, two-sided, the larger of the plain and the skew-corrected one; what Holm is fed with. */
  readonly pTwoSided: number;
  /** Independent pieces the interval rests on: bursts when triggers are shared. Printed next to the interval. */
  readonly pieces: number;
}

/**
 * Interval of the total difference of two variants, the primary one (reports.md 2.1). How many episodes there are is
 * chance too, so the variance of the total is that of a compound Poisson sum: se = sqrt(sum x^2), interval
 * total +- t_{k-1} se. `differences` one per independent piece, see `burstTotals`; `no_discordant_episode` for none,
 * `too_few` for one.
 *
 * Ten differences that sum to 13.9 over 2.5 days give [-6.5, 34.3], 5.56 a day.
 */
export function episodeInterval(
  differences: readonly number[],
  options: { readonly days: number; readonly level?: number },
): Measured<EpisodeInterval> {
  requireFinite(differences, "episode differences");
  const { days, level = 0.95 } = options;
  if (!(days > 0)) throw new RangeError(`Cannot spread a difference over ${days} days: more than 0 are needed`);
  const pieces = differences.length;
  if (pieces === 0) return unknown("no_discordant_episode");
  if (pieces === 1) return unknown("too_few");
  const total = exactSum(differences);
  const se = Math.sqrt(exactSum(differences.map((value) => value * value)));
  if (se === 0) return unknown("identical");
  const t = studentQuantile(1 - (1 - level) / 2, pieces - 1);
  const [low, high] = [total - t * se, total + t * se];
  const lopsidedness = exactSum(differences.map((value) => (value / se) ** 3));
  return known({
    total,
    se,
    t,
    interval: [low, high],
    skewCorrected: [total - se * straighten(t, lopsidedness), total - se * straighten(-t, lopsidedness)],
    lopsidedness,
    perDay: total / days,
    perDayInterval: [low / days, high / days],
    pTwoSided: Math.max(
      2 * studentCdf(-Math.abs(total) / se, pieces - 1),
      2 * studentCdf(-Math.abs(removeSkewness(total / se, lopsidedness)), pieces - 1),
    ),
    pieces,
  });
}

/**
 * The studentised total at which Hall's cubic g(T) = T + c T^2/3 + c^2 T^3/27 + c/6 reaches `t`: g takes the skewness c
 * out of T, is monotone, and so can be solved in closed form ("On the removal of skewness by transformation", 1992).
 * A compound Poisson total over sqrt(sum x^2) has the same first correction as a studentised mean.
 */
function straighten(t: number, skewness: number): number {
  // Near zero the closed form is 0/0; its limit is t.
  if (Math.abs(skewness) < 1e-8) return t;
  return (3 / skewness) * (Math.cbrt(1 + skewness * (t - skewness / 6)) - 1);
}

/** Hall's cubic itself: a studentised total with its first-order skewness taken out; 0 skewness leaves it as it is. */
export function removeSkewness(t: number, skewness: number): number {
  return t + (skewness * t * t) / 3 + (skewness ** 2 * t ** 3) / 27 + skewness / 6;
}

/** The widest that both intervals of a total allow: what a verdict is read from, because either alone may be wrong. */
export function guardedInterval({ interval, skewCorrected }: EpisodeInterval): readonly [low: number, high: number] {
  return [Math.min(interval[0], skewCorrected[0]), Math.max(interval[1], skewCorrected[1])];
}

/** One number per trigger, in order of trigger name: episodes that one event caused are not independent evidence. */
export function burstTotals(episodes: readonly EpisodeDifference[]): number[] {
  const byTrigger = new Map<string, number[]>();
  for (const { trigger, differenceQuote } of episodes) {
    const values = byTrigger.get(trigger);
    if (values === undefined) byTrigger.set(trigger, [differenceQuote]);
    else values.push(differenceQuote);
  }
  return [...byTrigger]
    .sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0))
    .map(([, values]) => exactSum(values));
}

export interface PowerOptions {
  /** Share of real effects that should be found; 0.8 by default. */
  readonly power?: number;
  /** Two-sided error of the test; 0.05 by default. */
  readonly alpha?: number;
}

function reach({ power = 0.8, alpha = 0.05 }: PowerOptions): number {
  return normalQuantile(1 - alpha / 2) + normalQuantile(power);
}

/** Episodes needed to find a mean difference of `deltaOverSigma` deviations: 32 for half a deviation. */
export function episodesNeeded(deltaOverSigma: number, options: PowerOptions = {}): Measured {
  if (deltaOverSigma === 0) return unknown("no_effect");
  return known(Math.ceil((reach(options) / Math.abs(deltaOverSigma)) ** 2));
}

/**
 * Smallest total difference this recording could have shown: (1.96 + 0.84) se at 80 % power. What an "inconclusive"
 * must say, or it reads as "equal".
 */
export function minimumDetectable(se: number, options: PowerOptions = {}): number {
  return reach(options) * se;
}
