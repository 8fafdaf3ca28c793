import type { RandomStream } from "../time/random-streams.ts";

/** A first-order autoregression of log volatility: how wide it swings and how fast it forgets. */
export interface VolatilityComponent {
  /** Stationary variance. */
  readonly variance: number;
  readonly halfLifeMinutes: number;
}

/** Shared by all symbols: a shock, an hour of excitement, the mood of the day. */
export const COMMON_VOLATILITY: readonly VolatilityComponent[] = [
  { variance: 0.065, halfLifeMinutes: 2.5 },
  { variance: 0.05, halfLifeMinutes: 45 },
  { variance: 0.05, halfLifeMinutes: 480 },
];

/** Of each symbol alone. */
export const OWN_VOLATILITY: readonly VolatilityComponent[] = [
  { variance: 0.03, halfLifeMinutes: 2.5 },
  { variance: 0.04, halfLifeMinutes: 240 },
];

/** Log volatility as a sum of autoregressions, mean 0; it starts from its stationary distribution. */
export class LogVolatility {
  readonly #levels: Float64Array;
  readonly #persistences: Float64Array;
  readonly #shocks: Float64Array;
  readonly #random: RandomStream;

  constructor(components: readonly VolatilityComponent[], random: RandomStream) {
    this.#random = random;
    this.#persistences = Float64Array.from(components, ({ halfLifeMinutes }) => Math.exp(-Math.LN2 / halfLifeMinutes));
    this.#shocks = Float64Array.from(components, ({ variance }, place) =>
      Math.sqrt(variance * (1 - this.#persistences[place]! * this.#persistences[place]!)),
    );
    this.#levels = Float64Array.from(components, ({ variance }) => Math.sqrt(variance) * random.normal());
  }

  /** Advances by one minute and returns the new level. */
  step(): number {
    let sum = 0;
    for (let place = 0; place < this.#levels.length; place++) {
      const level = this.#persistences[place]! * this.#levels[place]! + this.#shocks[place]! * this.#random.normal();
      this.#levels[place] = level;
      sum += level;
    }
    return sum;
  }
}

export function totalVariance(components: readonly VolatilityComponent[]): number {
  return components.reduce((sum, { variance }) => sum + variance, 0);
}

/**
 * Log of the daily pattern at a minute of the UTC day: humps near 00, 08 and 14-16 h, lows near 05 and 20 h.
 *
 * Three harmonics read off the mean absolute return by hour of the real May 2025 set, which goes from 0.81 of its mean
 * (05 h) to 1.31 (00 h).
 */
export function dayPatternLog(minuteOfDay: number): number {
  const hour = minuteOfDay / 60;
  return wave(hour, 8, 0.5, 0.1) + wave(hour, 12, 0.8, 0.1) + wave(hour, 24, 19.5, 0.05);
}

function wave(hour: number, periodHours: number, peakHour: number, height: number): number {
  // allow(arithmetic): shapes a recording that is made once; runs read its digits from disk
  return height * Math.cos((2 * Math.PI * (hour - peakHour)) / periodHours);
}
