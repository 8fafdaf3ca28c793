import { defineStrategy, z } from "rehearsal";

/** BUY after a rise and SELL after a fall of `move` within one interval; each symbol rests for `rest` intervals. */
export default defineStrategy({
  name: "momentum",
  summary: "follows a move within one interval",
  params: z.strictObject({
    intervalSec: z.number().int().min(1).default(300),
    move: z.number().positive().default(0.004),
    rest: z.number().int().min(0).default(6),
  }),

  create({ intervalSec, move, rest }, symbolCount) {
    const before = new Float64Array(symbolCount).fill(Number.NaN);
    const resting = new Int32Array(symbolCount);
    return {
      intervalMs: intervalSec * 1000,
      // Everything it remembers, by name: a checkpoint writes it down.
      memory: { before, resting },
      evaluate(_tsMs, prices) {
        const signals = [];
        for (let symbol = 0; symbol < symbolCount; symbol++) {
          const price = prices[symbol];
          const change = price / before[symbol] - 1;
          before[symbol] = price;
          if (resting[symbol] > 0) resting[symbol] -= 1;
          else if (Math.abs(change) >= move) {
            resting[symbol] = rest;
            const confidence = Math.min(0.8, 0.5 + 10 * Math.abs(change));
            signals.push({ symbol, side: change > 0 ? "BUY" : "SELL", confidence, entryPrice: price });
          }
        }
        return signals;
      },
    };
  },
});
