import { type Instrument, notionalQuote, priceToTicks, ticksToPrice } from "../../engine/domain/instrument.ts";
import type { Money } from "../../engine/domain/money.ts";

/**
 * Value of a symbol's lots at a price. It is worked out again only when price or lots changed: every check of an order
 * asks for all symbols, and between two orders hardly any of them moves.
 */
export class Worth {
  readonly #instrument: Instrument;
  readonly #ticksAt: (instrument: Instrument, price: number) => number;
  #price = Number.NaN;
  #lots = 0;
  #quote: Money = 0n;

  /** @param ticksAt how a price becomes whole ticks */
  constructor(instrument: Instrument, ticksAt: (instrument: Instrument, price: number) => number) {
    this.#instrument = instrument;
    this.#ticksAt = ticksAt;
  }

  quote(price: number, lots: number): Money {
    if (price !== this.#price || lots !== this.#lots) {
      this.#quote = notionalQuote(this.#instrument, this.#ticksAt(this.#instrument, price), lots);
      this.#price = price;
      this.#lots = lots;
    }
    return this.#quote;
  }
}

/** Limits are held against the price rounded up. */
export function ticksAbove(instrument: Instrument, price: number): number {
  const ticks = priceToTicks(instrument, price);
  return ticksToPrice(instrument, ticks) < price ? ticks + 1 : ticks;
}
