import type { JournalHeader } from "../../engine/domain/journal.ts";

/** Lots and ticks as decimal text, exact to the step of the symbol. */
export class Units {
  readonly #steps: ReadonlyMap<string, string>;
  readonly #ticks: ReadonlyMap<string, string>;

  constructor({ symbols, stepSizes, tickSizes }: JournalHeader) {
    this.#steps = new Map(symbols.map((symbol, place) => [symbol, stepSizes[place] ?? "1"]));
    this.#ticks = new Map(symbols.map((symbol, place) => [symbol, tickSizes[place] ?? "1"]));
  }

  qty(symbol: string, lots: number): string {
    return scaled(lots, this.#steps.get(symbol) ?? "1");
  }

  price(symbol: string, ticks: number): string {
    return scaled(ticks, this.#ticks.get(symbol) ?? "1");
  }
}

/** @param size of one, such as "0.001" or "0.50" */
function scaled(count: number, size: string): string {
  const decimals = size.split(".")[1]?.length ?? 0;
  return (count * Number(size)).toFixed(decimals);
}
