import type { Inspection } from "./inspection.ts";
import { nearestRank } from "./nearest-rank.ts";

type Spread = NonNullable<Inspection["market"]["spreadBps"]>;

export interface Quote {
  readonly bid: number;
  readonly ask: number;
}

/** Spreads are counted in hundredths of a basis point, those over 10 % as 10 %. */
const STEPS_PER_BPS = 100;
const STEPS_MAX = 1_000 * STEPS_PER_BPS;

/** Ask minus bid over their middle, in basis points. */
export class SpreadTally {
  readonly #counts = new Map<number, number>();
  #records = 0;
  /** Quotes whose bid is over the ask. */
  crossed = 0;

  add({ bid, ask }: Quote): void {
    if (!(bid > 0 && ask > 0)) return;
    if (bid > ask) {
      this.crossed++;
      return;
    }
    const bps = ((ask - bid) / ((ask + bid) / 2)) * 10_000;
    const step = Math.min(STEPS_MAX, Math.round(bps * STEPS_PER_BPS));
    this.#counts.set(step, (this.#counts.get(step) ?? 0) + 1);
    this.#records++;
  }

  /** By nearest rank; `null` without quotes. */
  percentiles(): Spread | null {
    if (this.#records === 0) return null;
    const sorted = [...this.#counts].sort(([left], [right]) => left - right);
    const at = (share: number) => nearestRank(sorted, share) / STEPS_PER_BPS;
    return { p1: at(0.01), p50: at(0.5), p99: at(0.99), max: sorted.at(-1)![0] / STEPS_PER_BPS };
  }
}
