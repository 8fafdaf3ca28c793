import type { MarketBatch } from "../../recording/batch.ts";
import { MARKET_KIND } from "../../recording/batch.ts";
import { BATCH_ROWS, createColumns } from "../../recording/columns.ts";
import { createRandomStreams } from "../time/random-streams.ts";

export interface FastMarketOptions {
  readonly seed: string;
  readonly symbolCount: number;
  readonly seconds: number;
  readonly startTsMs: number;
}

const NORMALS = 16_384;
/** About ten basis points a minute, as one step a second. */
const SIGMA_SECOND = 0.00013;
const TICK_SHARE = 0.0001;

/**
 * Prices for benches: one mark event per symbol and second, a plain random walk without regimes or volumes of the real
 * kind, made as fast as columns can be filled. Prices are whole multiples of a ten-thousandth of the first price.
 *
 * The yielded batch is filled again for the next one: read it before asking on. Two calls give equal rows.
 */
export function* fastMarket(options: FastMarketOptions): Generator<MarketBatch> {
  const { symbolCount, seconds, startTsMs } = options;
  const random = createRandomStreams(options.seed).stream("fast-market");
  const steps = Float64Array.from({ length: NORMALS }, () => (SIGMA_SECOND / TICK_SHARE) * random.normal());
  const firstPrices = Float64Array.from({ length: symbolCount }, () => Math.round(1 + random.next() * 999));
  const levels = new Float64Array(symbolCount).fill(1 / TICK_SHARE);
  const shownTicks = Float64Array.from(levels);
  let word = (Math.floor(random.next() * 0xffff_fffe) + 1) | 0;

  const batch = createColumns(BATCH_ROWS);
  batch.kind.fill(MARKET_KIND.mark);
  const { seq: seqs, tsMs: times, rxMs, symbol: symbols, price: prices, bid: bids, ask: asks, qty: qtys } = batch;
  qtys.fill(1);
  let row = 0;
  let seq = 0;
  for (let second = 0; second < seconds; second++) {
    const tsMs = startTsMs + second * 1_000;
    for (let symbol = 0; symbol < symbolCount; symbol++) {
      // Marsaglia's 32-bit xorshift: the table holds the normals, this only picks one.
      word ^= word << 13;
      word ^= word >>> 17;
      word ^= word << 5;
      let level = levels[symbol]! + steps[word & (NORMALS - 1)]!;
      // Out of reach within a day; a bench of weeks is held above zero.
      if (level < 2_000) level = 2_000;
      levels[symbol] = level;
      const ticks = Math.round(level);
      const unit = firstPrices[symbol]!;
      const bidTicks = ticks > shownTicks[symbol]! ? ticks - 1 : ticks;
      shownTicks[symbol] = ticks;
      seqs[row] = ++seq;
      times[row] = tsMs;
      rxMs[row] = tsMs;
      symbols[row] = symbol;
      prices[row] = (ticks * unit) / 10_000;
      bids[row] = (bidTicks * unit) / 10_000;
      asks[row] = ((bidTicks + 1) * unit) / 10_000;
      if (++row === BATCH_ROWS) {
        batch.length = row;
        yield batch;
        row = 0;
      }
    }
  }
  batch.length = row;
  if (row > 0) yield batch;
}
