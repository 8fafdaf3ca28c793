import { z } from "zod";
import { durationSchema } from "../../engine/domain/duration.ts";
import { plugInMissing, plugInShape } from "../../engine/plug-in-choice.ts";
import { breakoutParams, createBreakout } from "./breakout.ts";
import { createEwmaCross, ewmaCrossParams } from "./ewma-cross.ts";
import { createMeanReversion, meanReversionParams } from "./mean-reversion.ts";
import type { Strategy, StrategyDefinition } from "./strategy.ts";

const shape = {
  sizeUsd: z.number().positive().default(200).meta({ description: "notional of one intent" }),
  leverage: z.number().int().min(1).max(125).default(10),
  stopLossPct: z.number().gt(0).lt(1).default(0.02),
  takeProfitPct: z.number().gt(0).default(0.04),
};

/** One given intent of the `replay` strategy. */
const givenIntentSchema = z.strictObject({
  at: durationSchema.meta({ description: "from the first record of the run" }),
  id: z
    .string()
    .regex(/^\d+-\d+$/, 'an entry id is "ms-seq"')
    .optional(),
  symbol: z.string().min(1),
  side: z
    .string()
    .min(1)
    .meta({ description: "BUY or SELL; anything else is sent as it is and refused by the bridge" }),
  confidence: z.number().min(0).max(1).optional(),
  entryPrice: z.number().positive().optional(),
  sizeUsd: z.number().positive().optional(),
  qty: z.number().optional(),
  stopLoss: z.number().positive().optional(),
  takeProfit: z.number().positive().optional(),
  reduceOnly: z.boolean().optional(),
  count: z.number().int().min(1).max(100_000).default(1).meta({ description: "send it so many times" }),
  every: durationSchema.prefault("60s").meta({ description: "pause between the repetitions" }),
});

/** `strategy:` of a scenario. */
export const strategySchema = z.discriminatedUnion("name", [
  z.strictObject({ name: z.literal("ewma-cross"), params: ewmaCrossParams.prefault({}), ...shape }),
  z.strictObject({ name: z.literal("breakout"), params: breakoutParams.prefault({}), ...shape }),
  z.strictObject({ name: z.literal("mean-reversion"), params: meanReversionParams.prefault({}), ...shape }),
  z.strictObject({ name: z.literal("replay"), intents: z.array(givenIntentSchema).min(1) }),
  z.strictObject({ ...plugInShape, ...shape }),
]);

/** Strategies that come with the program. */
export const strategyNames: readonly StrategyChoice["name"][] = ["ewma-cross", "breakout", "mean-reversion", "replay"];

export type StrategyChoice = z.infer<typeof strategySchema>;

/**
 * Strategies that look at prices; `replay` is a list and has its own feed.
 *
 * @param plugIn the definition of a choice that is a plug-in
 */
export function createStrategy(
  choice: Exclude<StrategyChoice, { name: "replay" }>,
  symbolCount: number,
  plugIn?: (name: string) => StrategyDefinition | undefined,
): Strategy {
  switch (choice.name) {
    case "plugin": {
      const definition = plugIn?.(choice.use);
      if (definition === undefined) throw plugInMissing("strategy", choice.use);
      return definition.create(choice.params, symbolCount);
    }
    case "ewma-cross":
      return createEwmaCross(choice.params, symbolCount);
    case "breakout":
      return createBreakout(choice.params, symbolCount);
    case "mean-reversion":
      return createMeanReversion(choice.params, symbolCount);
  }
}
