import type { RandomStream } from "../time/random-streams.ts";

export const REGIMES = ["trend-up", "trend-down", "mean-reversion", "chop"] as const;
export type Regime = (typeof REGIMES)[number];

/** One uninterrupted stay of the whole market in a regime. */
export interface RegimeEpisode {
  readonly regime: Regime;
  /** First minute of the episode, counted from the start of the market. */
  readonly startMinute: number;
  readonly minutes: number;
  /** Drift of the common factor per minute, in its own standard deviations; 0 outside trends. */
  readonly drift: number;
}

/** Who follows whom. A regime never follows itself: that would be the same episode. */
const NEXT: Readonly<Record<Regime, readonly (readonly [Regime, number])[]>> = {
  "trend-up": [
    ["trend-down", 0.3],
    ["mean-reversion", 0.35],
    ["chop", 0.35],
  ],
  "trend-down": [
    ["trend-up", 0.3],
    ["mean-reversion", 0.35],
    ["chop", 0.35],
  ],
  "mean-reversion": [
    ["trend-up", 0.35],
    ["trend-down", 0.35],
    ["chop", 0.3],
  ],
  chop: [
    ["trend-up", 0.35],
    ["trend-down", 0.35],
    ["mean-reversion", 0.3],
  ],
};

/** Shortest stay and mean of the exponential rest, minutes: hours of persistence, several flips a day. */
const STAY: Readonly<Record<Regime, { readonly least: number; readonly rest: number }>> = {
  "trend-up": { least: 120, rest: 150 },
  "trend-down": { least: 120, rest: 150 },
  "mean-reversion": { least: 90, rest: 120 },
  chop: { least: 90, rest: 150 },
};

const DRIFT_LEAST = 0.045;
const DRIFT_REST = 0.065;

/** The market's regimes, one after the other without end; all chance comes from the stream. */
export function* regimeEpisodes(random: RandomStream): Generator<RegimeEpisode, never> {
  let regime: Regime = REGIMES[Math.floor(random.next() * REGIMES.length)]!;
  let startMinute = 0;
  for (;;) {
    const { least, rest } = STAY[regime];
    // 1 - next() is never 0, so the logarithm is finite.
    const minutes = least + Math.floor(-rest * Math.log(1 - random.next()));
    const strength = DRIFT_LEAST + DRIFT_REST * random.next();
    const drift = regime === "trend-up" ? strength : regime === "trend-down" ? -strength : 0;
    yield { regime, startMinute, minutes, drift };
    startMinute += minutes;
    regime = follow(regime, random.next());
  }
}

function follow(regime: Regime, draw: number): Regime {
  let left = draw;
  const choices = NEXT[regime];
  for (const [next, probability] of choices) {
    if (left < probability) return next;
    left -= probability;
  }
  return choices[choices.length - 1]![0];
}
