import { z } from "zod";
import { durationSchema } from "../../engine/domain/duration.ts";
import { Cooldown } from "./cooldown.ts";
import { intervalSchema, isObserved, lookbackSchema } from "./observation.ts";
import { confidenceOf, type Strategy, type StrategySignal } from "./strategy.ts";

export const breakoutParams = z.strictObject({
  interval: intervalSchema.prefault("60s"),
  lookback: lookbackSchema.default(120).meta({ description: "observations whose extremes must be broken" }),
  buffer: z.number().min(0).default(0.0005).meta({ description: "relative distance beyond the extreme" }),
  cooldown: durationSchema.prefault("30m"),
});

type Params = z.infer<typeof breakoutParams>;

/** BUY above the highest, SELL below the lowest price of the lookback; the price that breaks it is not part of it. */
export function createBreakout(params: Params, symbolCount: number): Strategy {
  const { lookback } = params;
  const ring = new Float64Array(symbolCount * lookback);
  const observations = new Int32Array(symbolCount);
  const cooldown = new Cooldown(symbolCount, params.cooldown);
  return {
    intervalMs: params.interval,
    memory: { ring, observations, lastSignalTsMs: cooldown.lastTsMs },
    evaluate(tsMs, prices) {
      const signals: StrategySignal[] = [];
      for (let symbol = 0; symbol < symbolCount; symbol++) {
        const price = prices[symbol]!;
        if (!isObserved(price)) continue;
        const base = symbol * lookback;
        const count = observations[symbol]!;
        if (count >= lookback) {
          let low = Number.POSITIVE_INFINITY;
          let high = 0;
          for (let slot = base; slot < base + lookback; slot++) {
            const value = ring[slot]!;
            if (value < low) low = value;
            if (value > high) high = value;
          }
          const above = price / high - 1;
          const below = 1 - price / low;
          const size = Math.max(above, below);
          if (size > params.buffer && cooldown.take(symbol, tsMs)) {
            signals.push({
              symbol,
              side: above > below ? "BUY" : "SELL",
              confidence: confidenceOf(size * 20),
              entryPrice: price,
            });
          }
        }
        ring[base + (count % lookback)] = price;
        observations[symbol] = count + 1;
      }
      return signals;
    },
  };
}
