import { z } from "zod";
import { COMPARISON_METRICS } from "./comparison-metric.ts";

/**
 * `sim.lab-comparison/1`: what a comparison of variants may claim, and what it rests on. Plain JSON; what is undefined
 * is `null` with a reason beside it.
 */
export const LAB_COMPARISON_SCHEMA = "sim.lab-comparison/1";

const count = z.int().min(0);
const byType = z.strictObject({ ENTRY: count, EXIT: count, UNKNOWN: count });
const reason = z.string().nullable();
const measured = <Value extends z.ZodType>(value: Value) =>
  z.union([z.strictObject({ value, reason: z.null() }), z.strictObject({ value: z.null(), reason: z.string() })]);
const estimate = measured(z.number());
const interval = z.tuple([z.number(), z.number()]);
const verdict = z.enum(["better", "worse", "equal within margin", "inconclusive", "not estimable"]);

const ending = z.strictObject({ state: z.string(), reason: z.string(), planId: z.string().nullable() });

const change = z.strictObject({
  recording: z.string(),
  kind: z.enum(["intent", "exit"]),
  tsMs: z.number(),
  symbol: z.string(),
  evalType: z.enum(["ENTRY", "EXIT", "UNKNOWN"]),
  key: z.string(),
  from: ending,
  to: ending,
});

const secondOpinion = z.strictObject({
  interval,
  percentile: interval,
  p: z.number(),
  /** Mean length of a block, and buckets over it; below 20 of those it is too narrow and not trusted. */
  blockBuckets: z.number(),
  bucketMs: z.number(),
  effectiveBlocks: z.number(),
  isTrusted: z.boolean(),
  verdict,
});

/** Verdict by case; a verdict that changes with the case is none. */
const agreement = z.strictObject({
  verdict,
  isFlipping: z.boolean(),
  cases: z.array(z.strictObject({ name: z.string(), verdict, difference: estimate })),
});

const comparedMetric = z.strictObject({
  metric: z.enum(COMPARISON_METRICS),
  label: z.string(),
  unit: z.enum(["quote/day", "share", "ms"]),
  isHigherBetter: z.boolean(),
  method: z.string(),
  /** Smallest difference that matters, in the unit. */
  margin: z.number().min(0),
  baseline: estimate,
  candidate: estimate,
  difference: estimate,
  /** Of the difference at 95 %; over several seeds the widest that any of them allows. */
  interval: measured(interval),
  /** Of no difference, two-sided; over several seeds the largest. */
  p: estimate,
  /** The same after Holm over the declared metrics. */
  pHolm: estimate,
  /** Independent pieces it rests on: bursts, or buckets over the block. */
  pieces: z.number(),
  /** Smallest difference this data could have shown at 80 % power. */
  detectable: estimate,
  second: measured(secondOpinion),
  verdict,
  /** Why the verdict is not better than it looks; `null` when the interval alone decides. */
  verdictReason: reason,
  bySeed: agreement,
  byProfile: agreement,
});

const otherDifference = z.strictObject({
  recording: z.string(),
  metric: z.string(),
  aggregation: z.string(),
  unit: z.string(),
  baseline: z.union([z.number(), z.string()]).nullable(),
  candidate: z.union([z.number(), z.string()]).nullable(),
  difference: z.union([z.number(), z.string()]).nullable(),
  reason,
});

const candidate = z.strictObject({
  candidate: z.string(),
  badge: z.enum(["E0", "E1", "E2", "E3"]),
  evidence: z.array(z.string()),
  /** Words a report may use with this badge. */
  wording: z.string(),
  /** Of the first seed and profile. */
  decisions: z.strictObject({
    same: count,
    changed: count,
    nowExecuted: byType,
    nowBlocked: byType,
    otherwise: byType,
    exitsOnlyInBaseline: count,
    exitsOnlyInCandidate: count,
    first: change.nullable(),
    /** In time order, the first 200. */
    changes: z.array(change),
  }),
  episodes: z.strictObject({
    count,
    bursts: count,
    hours: count,
    totalQuote: z.number(),
    /** Difference of final equity that no round trip explains: positions held from the start. */
    unattributedQuote: z.number(),
    /** The five largest by size of difference. */
    largest: z.array(
      z.strictObject({
        recording: z.string(),
        symbol: z.string(),
        firstTsMs: z.number(),
        lastTsMs: z.number(),
        changes: count,
        differenceQuote: z.number(),
      }),
    ),
  }),
  metrics: z.array(comparedMetric),
  /** Totals without interval, for orientation; of the first seed and profile. */
  others: z.array(otherDifference),
  matchedBlockRate: measured(
    z.strictObject({
      blockRate: z.number(),
      baseline: z.number(),
      candidate: z.number(),
      difference: z.number(),
      episodes: count,
      withoutOutcome: count,
    }),
  ),
  seeds: measured(
    z.strictObject({
      seeds: count,
      mean: z.number(),
      std: z.number(),
      isInsensitive: z.boolean(),
      betweenOverWithin: estimate,
      /** Decisions of the candidate whose end depends on the seed, and the first 20 of them. */
      fragile: count,
      fragileKeys: z.array(z.string()),
    }),
  ),
});

const superiority = measured(
  z.strictObject({
    statistic: z.number(),
    pLower: z.number(),
    pConsistent: z.number(),
    pUpper: z.number(),
    /** Variants better than the baseline, the chance of any false one at most 2.5 %. */
    better: z.array(z.string()),
  }),
);

export const labComparisonSchema = z.strictObject({
  schema: z.literal(LAB_COMPARISON_SCHEMA),
  baseline: z.string(),
  engineVersions: z.array(z.string()),
  recordings: z.array(
    z.strictObject({ name: z.string(), hash: z.string(), startTsMs: z.number(), endTsMs: z.number() }),
  ),
  seeds: z.array(z.string()),
  profiles: z.array(z.string()),
  spanMs: z.number(),
  isDeclaredBefore: z.boolean(),
  metrics: z.array(z.enum(COMPARISON_METRICS)),
  variants: z.array(
    z.strictObject({
      variant: z.string(),
      scenario: z.string(),
      scenarioHash: z.string(),
      netPnlPerDayQuote: z.number(),
      /** Per bucket of `sharpeBucketMs`, not annualised. */
      sharpe: estimate,
      psr: estimate,
      dsr: estimate,
    }),
  ),
  sharpeBucketMs: z.number(),
  candidates: z.array(candidate),
  many: z.strictObject({
    /** Distinct variants ever scored on these recordings, by the trial ledger. */
    trials: estimate,
    /** Signs of whole bursts; the primary one. */
    bursts: superiority,
    /** Stationary bootstrap over buckets, studentised (Hansen 2005); the second opinion. */
    buckets: superiority,
    overfitting: measured(
      z.strictObject({
        probability: z.number(),
        lossProbability: z.number(),
        blocks: count,
        splits: count,
        variants: count,
        score: z.enum(["sharpe", "mean"]),
      }),
    ),
  }),
  notes: z.array(z.string()),
});

export type LabComparison = z.infer<typeof labComparisonSchema>;
export type LabCandidate = LabComparison["candidates"][number];
export type LabMetric = LabCandidate["metrics"][number];
export type LabAgreement = LabMetric["bySeed"];

/** Bytes of `schemas/comparison.schema.json`. */
export function labComparisonJsonSchemaText(): string {
  return `${JSON.stringify(z.toJSONSchema(labComparisonSchema, { target: "draft-7" }), null, 2)}\n`;
}
