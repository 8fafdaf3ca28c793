/** Prices as the exchange knows them, one column per fact and one row per symbol; shared by all variants. */
export interface ExchangePrices {
  /** Mark price, or the last price where the recording has no mark; NaN before the first. */
  readonly price: Float64Array;
  /** Best bid and ask; NaN where the recording has none. */
  readonly bid: Float64Array;
  readonly ask: Float64Array;
  readonly lastTsMs: Float64Array;
  /** Base quantity of the last row that reported one: what an order is large or small against. */
  readonly lastQty: Float64Array;
}

export function createExchangePrices(symbolCount: number): ExchangePrices {
  return {
    price: new Float64Array(symbolCount).fill(Number.NaN),
    bid: new Float64Array(symbolCount).fill(Number.NaN),
    ask: new Float64Array(symbolCount).fill(Number.NaN),
    lastTsMs: new Float64Array(symbolCount),
    lastQty: new Float64Array(symbolCount),
  };
}
