import type { GeneratedMarket } from "../../../src/sim/generate/generate-market.ts";
import type { MinuteBars } from "./market-facts.ts";

/** One-minute bars of the tradable symbols, aggregated from the events as any reader of the recording would. */
export function barsOf(market: GeneratedMarket): MinuteBars {
  const { minutes, startTsMs } = market.options;
  const columns = (): Float64Array[] => market.models.map(() => new Float64Array(minutes));
  const [closes, highs, lows, volumes] = [columns(), columns(), columns(), columns()];
  for (const batch of market.batches()) {
    for (let row = 0; row < batch.length; row++) {
      const symbol = batch.symbol[row]!;
      if (symbol >= market.models.length) continue;
      const minute = Math.floor((batch.tsMs[row]! - startTsMs) / 60_000);
      const price = batch.price[row]!;
      // The open is the close of the minute before, and belongs to the range.
      const isFirst = highs[symbol]![minute] === 0;
      const open = isFirst && minute > 0 ? closes[symbol]![minute - 1]! : price;
      highs[symbol]![minute] = Math.max(price, isFirst ? open : highs[symbol]![minute]!);
      lows[symbol]![minute] = Math.min(price, isFirst ? open : lows[symbol]![minute]!);
      closes[symbol]![minute] = price;
      volumes[symbol]![minute] = volumes[symbol]![minute]! + batch.qty[row]!;
    }
  }
  return { symbols: market.models.map(({ symbol }) => symbol), closes, highs, lows, volumes };
}
