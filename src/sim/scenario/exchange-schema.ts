import { z } from "zod";
import { durationSchema } from "../../engine/domain/duration.ts";

/** A delay of the simulated world: fixed when `sigma` is 0, else log-normal with this median. */
export interface Latency {
  readonly medianMs: number;
  /** Standard deviation of the logarithm; 0.5 puts the 95th percentile at 2.3 medians. */
  readonly sigma: number;
}

const latencySchema = z
  .union([durationSchema, z.strictObject({ median: durationSchema, sigma: z.number().min(0).max(3).default(0) })])
  .transform((value): Latency => {
    return typeof value === "number" ? { medianMs: value, sigma: 0 } : { medianMs: value.median, sigma: value.sigma };
  })
  .meta({ description: 'Delay: a duration ("80ms") or { median: "80ms", sigma: 0.4 } for a log-normal one' });

const feeRateSchema = z
  .string()
  .regex(/^-?\d+(\.\d{1,8})?$/, 'a fee rate is decimal text with at most 8 decimals, such as "0.0005"')
  .refine((text) => Math.abs(Number(text)) < 0.1, 'a fee rate is a fraction of notional below 0.1, such as "0.0005"')
  .meta({ description: "Fraction of notional as decimal text; negative is a rebate" });

const bps = z.number().min(0).max(10_000);

/** `exchange:` of a scenario: the simulated venue. Defaults are the regular USD-M fees and a nearby client. */
export const exchangeSchema = z.strictObject({
  latency: z
    .strictObject({
      feed: latencySchema
        .prefault("0ms")
        .meta({ description: "market event to the pipeline; the same for every variant" }),
      order: latencySchema.prefault("80ms").meta({ description: "order leaves to order arrives" }),
      answer: latencySchema.prefault("40ms").meta({ description: "match to the pipeline learns of it" }),
      snapshot: latencySchema.prefault("100ms").meta({ description: "request to answer of a position snapshot" }),
    })
    .prefault({}),
  fees: z.strictObject({ maker: feeRateSchema.default("0.0002"), taker: feeRateSchema.default("0.0005") }).prefault({}),
  fill: z
    .strictObject({
      halfSpreadBps: bps.default(1).meta({ description: "used where the recording has no bid and ask" }),
      slippageBps: bps.default(0).meta({ description: "further loss of every taker fill" }),
      impactBps: bps.default(0).meta({
        description: "further loss of an order as large as the last reported volume, in proportion below and above",
      }),
      profile: z.enum(["optimistic", "neutral", "adverse"]).default("neutral").meta({
        description:
          "what is assumed where the recording leaves room: optimistic drops slippage and impact and fills a resting order that is touched, adverse doubles them and fills it only when traded through",
      }),
    })
    .prefault({}),
  missing: z
    .array(z.string().min(1))
    .default([])
    .meta({ description: "symbols of the universe that this venue does not list" }),
});

/** Validated `exchange:`; latencies are in milliseconds, fee rates stay exact decimal text. */
export type ExchangeConfig = z.infer<typeof exchangeSchema>;
