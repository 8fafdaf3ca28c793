import type { Side } from "../../engine/domain/intent.ts";
import type { Contract } from "../../venue/contract.ts";
import { type ExchangePrices, minuteVolumeQty } from "./exchange-prices.ts";

/** What a taker loses against the best price of the other side, in basis points of price. */
export interface FillModelOptions {
  /** Used where the recording has no bid and ask: the quotes are then the price and this much on either side. */
  readonly halfSpreadBps: number;
  /** Loss of every taker fill. */
  readonly slippageBps: number;
  /** Further loss of an order as large as the last minute's volume; it grows in proportion to the order. */
  readonly impactBps: number;
}

/** At which price a quantity trades at once. */
export class FillModel {
  readonly #options: FillModelOptions;
  readonly #prices: ExchangePrices;

  constructor(options: FillModelOptions, prices: ExchangePrices) {
    this.#options = options;
    this.#prices = prices;
  }

  /**
   * Price in ticks that a taker pays or gets, slippage and impact included, rounded to the tick against the taker and
   * never below one tick. NaN when the market has no price yet.
   *
   * With a bid of 99.9, an ask of 100.1, 5 bps of slippage and a tick of 0.1 a buyer pays 100.2 (100.15005 rounded up).
   * A market whose volume is unknown is taken for one the order is as large as: the whole impact applies.
   */
  takerPriceTicks(contract: Contract, side: Side, qtyLots: number, tsMs: number): number {
    const { slippageBps, impactBps } = this.#options;
    const sign = side === "BUY" ? 1 : -1;
    const { index } = contract.instrument;
    const best = this.bestPrice(index, side);
    let lossBps = slippageBps;
    if (impactBps > 0) {
      const volume = minuteVolumeQty(this.#prices, index, tsMs);
      lossBps += volume > 0 ? (impactBps * qtyLots * contract.qtyPerLot) / volume : impactBps;
    }
    const price = best * (1 + (sign * lossBps) / 10_000);
    const exactTicks = price / contract.tickSize;
    const nearest = Math.round(exactTicks);
    // A quote is a whole number of ticks; only binary noise makes it look like more.
    if (Math.abs(exactTicks - nearest) < 1e-9 * Math.max(1, nearest)) return Math.max(1, nearest);
    const against = side === "BUY" ? Math.ceil(exactTicks) : Math.floor(exactTicks);
    return Number.isNaN(against) ? Number.NaN : Math.max(1, against);
  }

  /**
   * Best price a taker of that side meets: the ask for a buyer, the bid for a seller, and half a spread away from the
   * price where there is no quote. NaN when nothing is known.
   */
  bestPrice(symbolIndex: number, side: Side): number {
    const quote = (side === "BUY" ? this.#prices.ask : this.#prices.bid)[symbolIndex]!;
    if (quote > 0) return quote;
    const price = this.#prices.price[symbolIndex]!;
    if (!(price > 0)) return Number.NaN;
    return price * (1 + ((side === "BUY" ? 1 : -1) * this.#options.halfSpreadBps) / 10_000);
  }
}
