import fc from "fast-check";

export const START_TS_MS = 1_769_904_000_000;
export const INTERVAL_MS = 60_000;

/** Rows of prices, one per look, one column per symbol: random walks with steps of up to 2 %. */
export function walks(symbolCount: number, length: number): fc.Arbitrary<number[][]> {
  const step = fc.double({ min: -0.02, max: 0.02, noNaN: true });
  const row = fc.array(step, { minLength: symbolCount, maxLength: symbolCount });
  return fc.array(row, { minLength: length, maxLength: length }).map((rows) => {
    let prices = Array.from({ length: symbolCount }, (_, symbol) => 100 * (symbol + 1));
    return rows.map((steps) => {
      prices = prices.map((price, symbol) => price * (1 + steps[symbol]!));
      return prices;
    });
  });
}
