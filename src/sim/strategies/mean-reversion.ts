import { z } from "zod";
import { durationSchema } from "../../engine/domain/duration.ts";
import { Cooldown } from "./cooldown.ts";
import { intervalSchema, isObserved } from "./observation.ts";
import { confidenceOf, type Strategy, type StrategySignal } from "./strategy.ts";

export const meanReversionParams = z.strictObject({
  interval: intervalSchema.prefault("60s"),
  halfLife: z.number().int().min(2).default(60).meta({ description: "of the mean and deviation, in observations" }),
  entryZ: z.number().positive().default(2.2).meta({ description: "deviations from the mean that call for its return" }),
  cooldown: durationSchema.prefault("30m"),
});

type Params = z.infer<typeof meanReversionParams>;

/** SELL what is far above its rolling mean, BUY what is far below, measured in rolling deviations. */
export function createMeanReversion(params: Params, symbolCount: number): Strategy {
  const mean = new Float64Array(symbolCount);
  const variance = new Float64Array(symbolCount);
  const observations = new Int32Array(symbolCount);
  const cooldown = new Cooldown(symbolCount, params.cooldown);
  const weight = 1 - Math.exp(-Math.LN2 / params.halfLife);
  return {
    intervalMs: params.interval,
    memory: { mean, variance, observations, lastSignalTsMs: cooldown.lastTsMs },
    evaluate(tsMs, prices) {
      const signals: StrategySignal[] = [];
      for (let symbol = 0; symbol < symbolCount; symbol++) {
        const price = prices[symbol]!;
        if (!isObserved(price)) continue;
        const count = observations[symbol]!;
        observations[symbol] = count + 1;
        if (count === 0) {
          mean[symbol] = price;
          continue;
        }
        const deviation = Math.sqrt(variance[symbol]!);
        const z = deviation > 0 ? (price - mean[symbol]!) / deviation : 0;
        const difference = price - mean[symbol]!;
        mean[symbol]! += weight * difference;
        variance[symbol] = (1 - weight) * (variance[symbol]! + weight * difference * difference);
        if (count < 2 * params.halfLife || Math.abs(z) < params.entryZ) continue;
        if (!cooldown.take(symbol, tsMs)) continue;
        signals.push({
          symbol,
          side: z > 0 ? "SELL" : "BUY",
          confidence: confidenceOf((Math.abs(z) - params.entryZ) / 10),
          entryPrice: price,
        });
      }
      return signals;
    },
  };
}
