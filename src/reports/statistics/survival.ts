import { known, type Measured, requireFinite, unknown } from "./measured.ts";

/** A delay that ended, or one that had not when it was last seen (an exit that never filled). */
export interface Delay {
  readonly seconds: number;
  readonly isCensored: boolean;
}

export interface SurvivalStep {
  readonly seconds: number;
  /** Share still waiting after this time. */
  readonly survival: number;
  readonly atRisk: number;
  readonly ended: number;
  /** Greenwood's standard error (1926). */
  readonly se: number;
}

export interface Survival {
  readonly steps: readonly SurvivalStep[];
  readonly ended: number;
  readonly censored: number;
  /** First time at which at most half still wait; `null` when the curve never gets that low. */
  readonly median: Measured;
  /** Mean delay up to `restrictedToSeconds`. The mean of those that ended forgets the slowest. */
  readonly restrictedMean: number;
  readonly restrictedToSeconds: number;
}

/**
 * Kaplan-Meier estimate (1958) of a delay some of which never ended; ends come before censorings of the same time.
 * Five exits of 5, 8, 12+, 20 and 30+ seconds wait 17.6 s up to 30 s on average, not the 11 s of the filled ones.
 *
 * `restrictedToSeconds` defaults to the longest delay seen. `no_delay` for none.
 */
export function kaplanMeier(delays: readonly Delay[], restrictedToSeconds?: number): Measured<Survival> {
  requireFinite(
    delays.map(({ seconds }) => seconds),
    "delays",
  );
  if (delays.length === 0) return unknown("no_delay");
  const ended = delays.filter(({ isCensored }) => !isCensored).length;
  const sorted = [...delays].sort(
    (left, right) => left.seconds - right.seconds || Number(left.isCensored) - Number(right.isCensored),
  );
  const steps: SurvivalStep[] = [];
  let survival = 1;
  let greenwood = 0;
  for (let index = 0; index < sorted.length; ) {
    const { seconds, isCensored } = sorted[index]!;
    let next = index;
    while (next < sorted.length && sorted[next]!.seconds === seconds && sorted[next]!.isCensored === isCensored)
      next += 1;
    const atRisk = sorted.length - index;
    if (!isCensored) {
      const endedNow = next - index;
      survival *= 1 - endedNow / atRisk;
      greenwood += atRisk === endedNow ? 0 : endedNow / (atRisk * (atRisk - endedNow));
      steps.push({ seconds, survival, atRisk, ended: endedNow, se: survival * Math.sqrt(greenwood) });
    }
    index = next;
  }
  const limit = restrictedToSeconds ?? sorted.at(-1)!.seconds;
  return known({
    steps,
    ended,
    censored: delays.length - ended,
    median: survivalQuantile(steps, 0.5),
    restrictedMean: areaUnder(steps, limit),
    restrictedToSeconds: limit,
  });
}

/** First time by which `share` had ended; `not_reached` when too many are censored, never the largest value seen. */
export function survivalQuantile(steps: readonly SurvivalStep[], share: number): Measured {
  const step = steps.find(({ survival }) => survival <= 1 - share + 1e-12);
  return step === undefined ? unknown("not_reached") : known(step.seconds);
}

function areaUnder(steps: readonly SurvivalStep[], limit: number): number {
  let area = 0;
  let from = 0;
  let survival = 1;
  for (const step of steps) {
    if (step.seconds >= limit) break;
    area += survival * (step.seconds - from);
    from = step.seconds;
    survival = step.survival;
  }
  return area + survival * (limit - from);
}
