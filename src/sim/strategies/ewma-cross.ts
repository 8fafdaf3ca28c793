import { z } from "zod";
import { durationSchema } from "../../engine/domain/duration.ts";
import { Cooldown } from "./cooldown.ts";
import { intervalSchema, isObserved } from "./observation.ts";
import { confidenceOf, type Strategy, type StrategySignal } from "./strategy.ts";

export const ewmaCrossParams = z
  .strictObject({
    interval: intervalSchema.prefault("60s").meta({ description: "one observation per symbol each interval" }),
    fast: z.number().int().min(1).default(20).meta({ description: "half-life of the fast mean, in observations" }),
    slow: z.number().int().min(2).default(90).meta({ description: "half-life of the slow mean, in observations" }),
    band: z
      .number()
      .min(0)
      .default(0.0005)
      .meta({ description: "relative distance the means must have to count as crossed" }),
    cooldown: durationSchema.prefault("15m").meta({ description: "per symbol, between two signals" }),
  })
  .refine(({ fast, slow }) => fast < slow, {
    path: ["fast"],
    error: "Cannot cross means: fast is not below slow, a fast half-life is the shorter one",
  });

type Params = z.infer<typeof ewmaCrossParams>;

/** Trend following: BUY when the fast mean rises above the slow one by the band, SELL when it falls below. */
export function createEwmaCross(params: Params, symbolCount: number): Strategy {
  const fast = new Float64Array(symbolCount).fill(Number.NaN);
  const slow = new Float64Array(symbolCount).fill(Number.NaN);
  const observations = new Int32Array(symbolCount);
  const stance = new Int8Array(symbolCount);
  const cooldown = new Cooldown(symbolCount, params.cooldown);
  const fastWeight = 1 - Math.exp(-Math.LN2 / params.fast);
  const slowWeight = 1 - Math.exp(-Math.LN2 / params.slow);
  return {
    intervalMs: params.interval,
    memory: { fast, slow, observations, stance, lastSignalTsMs: cooldown.lastTsMs },
    evaluate(tsMs, prices) {
      const signals: StrategySignal[] = [];
      for (let symbol = 0; symbol < symbolCount; symbol++) {
        const price = prices[symbol]!;
        if (!isObserved(price)) continue;
        if (observations[symbol] === 0) {
          fast[symbol] = price;
          slow[symbol] = price;
        }
        fast[symbol]! += fastWeight * (price - fast[symbol]!);
        slow[symbol]! += slowWeight * (price - slow[symbol]!);
        observations[symbol]! += 1;
        if (observations[symbol]! < params.slow) continue;
        const distance = fast[symbol]! / slow[symbol]! - 1;
        const now = distance > params.band ? 1 : distance < -params.band ? -1 : 0;
        if (now === 0 || now === stance[symbol]) continue;
        if (!cooldown.take(symbol, tsMs)) continue;
        stance[symbol] = now;
        signals.push({
          symbol,
          side: now > 0 ? "BUY" : "SELL",
          confidence: confidenceOf(distance * 20),
          entryPrice: price,
        });
      }
      return signals;
    },
  };
}
