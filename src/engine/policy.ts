import { z } from "zod";
import { durationSchema } from "./domain/duration.ts";
import { parseMoney } from "./domain/money.ts";
import { governorSchema } from "./governors/index.ts";
import { QUIRK_NAMES } from "./quirks.ts";
import { rankerSchema } from "./rankers/index.ts";

/** Money in a scenario is decimal text, so that nothing is rounded on the way in. */
export const moneySchema = z
  .string()
  .regex(/^\d+(\.\d{1,8})?$/, 'money is decimal text with at most 8 decimals, such as "10000" or "0.5"')
  .transform((text) => parseMoney(text))
  .meta({ description: "Decimal text in quote currency, at most 8 decimals" });

const fraction = z.number().min(0).max(1);
const symbol = z.string().min(1);

const bridgeSchema = z.strictObject({
  allowlist: z.array(symbol).nullable().default(null).meta({ description: "null: the whole universe" }),
  intentAgeMax: durationSchema.prefault("60s").meta({ description: "older intents are stale_intent" }),
  exposureMax: z
    .number()
    .positive()
    .default(0.8)
    .meta({ description: "gross notional / equity above which entries are refused" }),
  frozenPriceAfter: durationSchema
    .prefault("15m")
    .meta({ description: "a price that has not moved for so long quarantines its symbol" }),
  seenTtl: durationSchema.prefault("24h"),
  isShortAllowed: z.boolean().default(true),
});

/** Weights and references of the kill score, defaults of the kernel (pipeline.md section 3). */
export const killScoreSchema = z.strictObject({
  weights: z
    .strictObject({
      regimeFlip: z.number().min(0).default(1),
      sigmaSpike: z.number().min(0).default(0.5),
      tsDrop: z.number().min(0).default(0.5),
      agePenalty: z.number().min(0).default(0.3),
    })
    .prefault({}),
  trendMin: fraction.default(0.3),
  fallbackMin: fraction.default(0.5).meta({ description: "p_chop + p_mr must exceed this for a flip" }),
  sigmaRef: z.number().positive().default(0.01),
  sigmaSpikeMax: z.number().positive().default(2),
  tsRef: z.number().min(0).default(0.3),
  tsDropMax: z.number().positive().default(0.5),
  ageMax: durationSchema.prefault("24h"),
});

const harvestSchema = z.strictObject({
  interval: durationSchema.prefault("10s").meta({ description: "positions are evaluated this often" }),
  republishAfter: durationSchema.prefault("60s").meta({ description: "an unchanged proposal is published again" }),
  symbols: z
    .array(symbol)
    .default(["BTCUSDT", "ETHUSDT"])
    .meta({ description: "symbols the phantom-position quirk invents positions for" }),
  ladder: z
    .strictObject({
      partial25R: z.number().default(2),
      partial50R: z.number().default(4),
      partial75R: z.number().default(6),
    })
    .prefault({}),
  lockR: z.number().default(1.5),
  lockBreakevenPct: z
    .number()
    .min(0)
    .default(0.002)
    .meta({ description: "profit lock puts the stop at entry plus this" }),
  costRate: z.number().min(0).default(0.001).meta({ description: "round-trip cost as a fraction of entry price" }),
  stopDistanceDefaultPct: z.number().positive().default(0.02),
  heatGate: z
    .enum(["off", "enforce"])
    .default("off")
    .meta({ description: "P2.6b: a cold book turns full closes into partial ones" }),
  killThreshold: fraction.default(0.6).meta({ description: "a score at or above it asks for a full close" }),
});

const limitsSchema = z.strictObject({
  openPositionsMax: z.number().int().min(0).default(10),
  notionalPerTradeMaxQuote: moneySchema.prefault("250"),
  notionalTotalMaxQuote: moneySchema.prefault("2000"),
  symbolCooldown: durationSchema.prefault("60s").meta({ description: "between two executed entries of one symbol" }),
  drawdownMax: fraction.default(0.25).meta({ description: "above it no new risk" }),
  killSwitch: z.enum(["off", "entries", "all"]).default("off"),
});

const permitsSchema = z.strictObject({
  allowlist: z.array(symbol).nullable().default(null).meta({ description: "null: the whole universe" }),
  snapshotAgeMax: durationSchema.prefault("10s"),
  permitTtl: durationSchema.prefault("60s"),
  executionCooldown: durationSchema
    .prefault("15s")
    .meta({ description: "in-flight guard after an execution of the symbol" }),
  qtyToleranceMin: z.number().min(0).default(0.001),
  qtyTolerancePct: z.number().min(0).default(0.01),
  positionEpsilon: z.number().min(0).default(0.0001),
  addOnMaxQuote: moneySchema.prefault("250").meta({ description: "most notional a symbol may reach through add-ons" }),
  wait: durationSchema.prefault("8s").meta({ description: "how long the executor waits for a permit" }),
  isOnDemandAllowed: z.boolean().default(true).meta({ description: "fetch a missing snapshot for a waiting plan" }),
});

const snapshotsSchema = z.strictObject({
  ranker: rankerSchema.prefault({ name: "tiered" }),
  interval: durationSchema.prefault("5s"),
  method: z.enum(["per-symbol", "one-call-for-all"]).default("one-call-for-all"),
  budgetCalls: z.number().int().min(1).default(60).meta({ description: "most exchange calls of one cycle" }),
  cycleTarget: durationSchema.prefault("3s").meta({ description: "serial time one cycle should take" }),
  minTopK: z.number().int().min(1).default(20),
  callLatencyStart: durationSchema.prefault("100ms"),
  allowlist: z.array(symbol).default([]),
  needWindow: durationSchema.prefault("60s").meta({ description: "an intent needs coverage this long" }),
});

const executorSchema = z.strictObject({
  allowlist: z.array(symbol).nullable().default(null),
  orderType: z.enum(["MARKET", "LIMIT_IOC"]).default("MARKET"),
  limitOffsetBps: z.number().min(0).default(5),
  isUpsizeAllowed: z
    .boolean()
    .default(false)
    .meta({ description: "raise an entry to the venue's minimum notional instead of refusing it" }),
  orderTimeout: durationSchema
    .prefault("5s")
    .meta({ description: "without an answer the order is unknown and queried" }),
  queryAttemptsMax: z.number().int().min(1).default(5),
  queryInterval: durationSchema.prefault("2s"),
  doneTtl: durationSchema.prefault("24h"),
});

const ledgerSchema = z.strictObject({
  lag: durationSchema.prefault("500ms").meta({ description: "result to ledger commit" }),
});

const trackersSchema = z.strictObject({
  marketStateInterval: durationSchema.prefault("60s"),
  featureWindowBars: z.number().int().min(64).max(2000).default(300),
  featurePointsMin: z.number().int().min(32).default(257),
  volatilityRegimeBounds: z
    .tuple([z.number(), z.number(), z.number()])
    .default([0.6, 1.4, 2.5])
    .meta({ description: "short over long volatility: below the first low, then normal, high, extreme" }),
  statisticsInterval: durationSchema.prefault("15m"),
  accountInterval: durationSchema.prefault("5m").meta({ description: "equity at the marks is sampled this often" }),
});

/**
 * What-if: refusals that are passed instead, to measure what they did. Absent in every pipeline that means what it says;
 * the kill switch is never passed.
 */
const governorOffSchema = z.strictObject({
  evalTypes: z
    .array(z.enum(["ENTRY", "EXIT", "UNKNOWN"]))
    .default([])
    .meta({ description: "verdicts of the governor on these are passed; limits still bind" }),
  reasons: z
    .array(z.string().min(1))
    .default([])
    .meta({ description: "refusals with these codes are passed, of the governor or of a limit" }),
});

/** `pipeline:` of a scenario: everything the core is configured by. Defaults are the strict behaviour. */
export const pipelineSchema = z.strictObject({
  bridge: bridgeSchema.prefault({}),
  trackers: trackersSchema.prefault({}),
  killScore: killScoreSchema.prefault({}),
  harvest: harvestSchema.prefault({}),
  governor: governorSchema.prefault({ name: "z-score" }),
  governorOff: governorOffSchema
    .optional()
    .meta({ description: "what-if: refusals that are passed, for `sim gate --ablate`" }),
  limits: limitsSchema.prefault({}),
  permits: permitsSchema.prefault({}),
  snapshots: snapshotsSchema.prefault({}),
  executor: executorSchema.prefault({}),
  ledger: ledgerSchema.prefault({}),
  quirks: z.array(z.enum(QUIRK_NAMES)).default([]),
});

/** Validated `pipeline:`; durations are milliseconds, money is bigint. */
export type Policy = z.infer<typeof pipelineSchema>;
export type PolicyInput = z.input<typeof pipelineSchema>;
export type KillScoreParams = z.infer<typeof killScoreSchema>;
