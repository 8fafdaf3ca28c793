import type { RandomStream, RandomStreams } from "../time/random-streams.ts";
import type { Regime } from "./regime-chain.ts";
import type { SymbolModel } from "./symbol-model.ts";

export const FUNDING_INTERVAL_MS: number = 8 * 3_600_000;

/** Rate when nobody leans to either side. */
const CALM_RATE = 0.00006;
/** Added after eight hours of rise, taken away after eight hours of fall. */
const LEAN_RATE = 0.00014;
const NOISE_RATE = 0.00003;

/**
 * Funding rates that follow the market: longs crowd in and pay while it rises, shorts pay while it falls.
 * Around 0.01 % every eight hours; each symbol has noise of its own.
 */
export class FundingRates {
  readonly #noise: readonly RandomStream[];
  #minutes = 0;
  #leanMinutes = 0;

  constructor(models: readonly SymbolModel[], streams: RandomStreams) {
    this.#noise = models.map(({ symbol }) => streams.stream(`funding/${symbol}`));
  }

  observe(regime: Regime): void {
    this.#minutes++;
    if (regime === "trend-up") this.#leanMinutes++;
    if (regime === "trend-down") this.#leanMinutes--;
  }

  /** Rates of the interval that ends now, one per symbol, 8 decimals; the next interval begins. */
  settle(): string[] {
    const lean = this.#minutes === 0 ? 0 : this.#leanMinutes / this.#minutes;
    this.#minutes = 0;
    this.#leanMinutes = 0;
    return this.#noise.map((random) => (CALM_RATE + LEAN_RATE * lean + NOISE_RATE * random.normal()).toFixed(8));
  }
}
