import { z } from "zod";
import { durationSchema } from "../../engine/domain/duration.ts";
import { type FittableLatency, tableOf } from "../exchange/fit-latency.ts";
import type { LatencyQuantile } from "../exchange/latency.ts";
import { faultSchema } from "./fault-schema.ts";

/** A delay of the simulated world, in milliseconds. */
export type Latency = FittableLatency;

const latencyFormSchema = z
  .strictObject({
    median: durationSchema.optional(),
    sigma: z
      .number()
      .min(0)
      .max(3)
      .optional()
      .meta({ description: "of the logarithm; 0, always the median, when absent" }),
    table: z
      .array(durationSchema)
      .min(1)
      .max(10_000)
      .optional()
      .meta({ description: "delays that were seen, equally likely" }),
    quantiles: z
      .record(z.string(), durationSchema)
      .superRefine((quantiles, context) => {
        const problem = quantilesProblem(quantiles);
        if (problem !== null) context.addIssue({ code: "custom", message: problem });
      })
      .optional()
      .meta({ description: 'delay by percentile, such as { p50: "40ms", p99: "250ms" }' }),
    fit: z.literal("recording").optional().meta({ description: "the delays the recording itself measured" }),
  })
  // Asked for whatever else is wrong: a misspelt key is a missing one too.
  .refine((form) => (form?.median ?? form?.table ?? form?.quantiles ?? form?.fit) !== undefined, {
    path: ["median"],
    message: "one of median, table, quantiles and fit is needed",
    when: () => true,
  })
  .refine(
    ({ median, table, quantiles, fit }) =>
      [median, table, quantiles, fit].filter((form) => form !== undefined).length <= 1,
    "it says several things, one of median, table, quantiles and fit is needed",
  )
  .refine(({ median, sigma }) => sigma === undefined || median !== undefined, {
    path: ["sigma"],
    message: "it spreads a median, a key median beside it is needed",
  });

const latencySchema = z
  .union([durationSchema, latencyFormSchema])
  .transform((value): Latency => {
    if (typeof value === "number") return { medianMs: value, sigma: 0 };
    if (value.table !== undefined) return tableOf(value.table);
    if (value.quantiles !== undefined) {
      const quantiles = quantilesOf(value.quantiles);
      return { medianMs: quantiles[0]![1], sigma: 0, quantiles };
    }
    if (value.fit !== undefined) return { medianMs: 0, sigma: 0, fit: value.fit };
    return { medianMs: value.median!, sigma: value.sigma ?? 0 };
  })
  .meta({
    description:
      'Delay: a duration ("80ms"), { median: "80ms", sigma: 0.4 } for a log-normal one, { table: ["20ms", "35ms"] } or { quantiles: { p50: "40ms", p99: "250ms" } } for a measured one, { fit: recording }',
  });

const PERCENTILE = /^p(\d{1,2}(\.\d{1,3})?|100)$/;

function quantilesOf(quantiles: Readonly<Record<string, number>>): LatencyQuantile[] {
  // allow(unordered): sorted by their unique shares
  const points = Object.entries(quantiles).map(([name, ms]): LatencyQuantile => [Number(name.slice(1)) / 100, ms]);
  // allow(sort): shares are unique, two equal ones are refused below
  return points.sort(([left], [right]) => left - right);
}

function quantilesProblem(quantiles: Readonly<Record<string, number>>): string | null {
  // allow(unordered): the first of these in the file is named
  const names = Object.keys(quantiles);
  if (names.length === 0) return "at least one percentile is needed";
  const odd = names.find((name) => !PERCENTILE.test(name));
  if (odd !== undefined) return `"${odd}" is no percentile, p0 to p100 is needed`;
  const points = quantilesOf(quantiles);
  const falls = points.some(([share, ms], index) => {
    const before = points[index - 1];
    return before !== undefined && (share === before[0] || ms < before[1]);
  });
  return falls
    ? "the delays fall or a percentile is there twice, a higher percentile needs a delay at least as long"
    : null;
}

const feeRateSchema = z
  .string()
  .regex(/^-?\d+(\.\d{1,8})?$/, 'a fee rate is decimal text with at most 8 decimals, such as "0.0005"')
  .refine((text) => Math.abs(Number(text)) < 0.1, 'a fee rate is a fraction of notional below 0.1, such as "0.0005"')
  .meta({ description: "Fraction of notional as decimal text; negative is a rebate" });

const share = z.number().min(0).max(1);
const bps = z.number().min(0).max(10_000);

/** `exchange:` of a scenario: the simulated venue. Defaults are the regular USD-M fees and a nearby client. */
export const exchangeSchema = z.strictObject({
  latency: z
    .strictObject({
      feed: latencySchema
        .prefault("0ms")
        .meta({ description: "market event to the pipeline; the same for every variant" }),
      order: latencySchema.prefault("80ms").meta({ description: "order leaves to order arrives" }),
      query: latencySchema
        .optional()
        .meta({ description: "query or cancel leaves to it arrives; as orders when absent" }),
      answer: latencySchema.prefault("40ms").meta({ description: "match to the pipeline learns of it" }),
      user: latencySchema
        .optional()
        .meta({ description: "match to the user stream's event; in one line with answers when absent" }),
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
  rejects: z
    .strictObject({
      rate: share.meta({ description: "share of new orders" }),
      code: z.number().int().max(-1).default(-1001).meta({ description: "Binance's error code" }),
    })
    .optional()
    .meta({ description: "orders refused for a technical reason" }),
  unknown: z
    .strictObject({
      rate: share.meta({ description: "share of new orders" }),
      arrives: share.default(0.5).meta({ description: "share of those that the exchange accepted nevertheless" }),
    })
    .optional()
    .meta({ description: "orders whose answer does not say what became of them" }),
  faults: z.array(faultSchema).optional().meta({ description: "trouble at a time, docs/faults.md" }),
});

/** Validated `exchange:`; latencies are in milliseconds, fee rates stay exact decimal text. */
export type ExchangeConfig = z.infer<typeof exchangeSchema>;
