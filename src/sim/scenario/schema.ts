import { z } from "zod";
import { findingCodes, isFindingCode } from "../../diagnostics/finding-codes.ts";
import { nearMisses } from "../../diagnostics/near-miss.ts";
import type { Problem } from "../../diagnostics/user-error.ts";
import { durationSchema } from "../../engine/domain/duration.ts";
import { moneySchema, type Policy, pipelineSchema } from "../../engine/policy.ts";
import { QUIRK_NAMES, type Quirk } from "../../engine/quirks.ts";
import {
  COMPARISON_METRICS,
  comparisonMetric,
  METRICS_MAX,
  parseMargin,
} from "../../reports/comparison/comparison-metric.ts";
import { thresholdsSchema } from "../../reports/thresholds.ts";
import type { PlugIns } from "../plugins/plug-ins.ts";
import { strategySchema } from "../strategies/index.ts";
import { type ExchangeConfig, exchangeSchema } from "./exchange-schema.ts";
import { momentSchema } from "./moment.ts";
import { matrixSchema, sweepSchema } from "./sweep/sweep-schema.ts";

export const SCENARIO_SCHEMA = "rehearsal.scenario/1";

const symbol = z.string().min(1);
const positive = z.number().positive();
const slug = z.string().regex(/^[a-z0-9][a-z0-9-]*$/, "a name is made of a-z, 0-9 and -");
const findingCode = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_.-]*$/, "a finding code is made of a-z, 0-9, _ and -")
  .refine(isFindingCode, {
    error: ({ input }) => {
      const near = nearMisses(String(input), findingCodes());
      return `a code of docs/findings.md is needed${near.length === 0 ? "" : `, such as ${near.join(" or ")}`}`;
    },
  });

const profileSchema = z
  .enum(["strict", "origin"])
  .meta({ description: "strict: the intended pipeline; origin: with the defects of the incident's date" });

/** A quirk's name turns it on; with a leading minus it turns one of the profile's off. */
const quirkEntrySchema = z.enum([...QUIRK_NAMES, ...QUIRK_NAMES.map((name): `-${Quirk}` => `-${name}`)]);

/** `pipeline:` as people write it: any part may be missing, and quirks may be taken away. */
export const scenarioPipelineSchema = pipelineSchema.extend({
  quirks: z.array(quirkEntrySchema).default([]).meta({ description: '"name" turns a quirk on, "-name" off' }),
});

const universeSchema = z.strictObject({
  symbols: z.array(symbol).default([]).meta({ description: "further symbols beyond the recording's own" }),
  count: z
    .number()
    .int()
    .min(1)
    .max(20_000)
    .optional()
    .meta({ description: "size of the universe; what is missing is filled with made-up names" }),
});

const accountSchema = z.strictObject({
  wallet: moneySchema.prefault("10000"),
  leverage: z.number().int().min(1).max(125).default(5),
  positions: z
    .array(
      z.strictObject({
        symbol,
        qty: z.number().refine((qty) => qty !== 0, "a signed quantity other than 0 is needed, negative is short"),
        entryPrice: positive,
      }),
    )
    .default([]),
});

const operatorSchema = z.array(z.strictObject({ at: momentSchema, killSwitch: z.enum(["off", "entries", "all"]) }));

const externalSchema = z.array(
  z.strictObject({
    at: momentSchema,
    symbol,
    side: z.enum(["BUY", "SELL"]),
    qty: positive,
    price: positive.optional().meta({ description: "without it the trade fills at the market" }),
  }),
);

const initialSchema = z.strictObject({
  proposals: z
    .record(z.string(), z.strictObject({ action: z.string().min(1), ttl: durationSchema }))
    .default({})
    .meta({ description: "proposal keys of the origin that were alive at the start" }),
  marketFeatures: z
    .record(
      z.string(),
      z.strictObject({
        sigma: z.number().min(0),
        mu: z.number(),
        ts: z.number(),
        pTrend: z.number().min(0).max(1),
        pMr: z.number().min(0).max(1),
        pChop: z.number().min(0).max(1),
      }),
    )
    .default({})
    .meta({ description: "market state the origin's keys held at the start" }),
});

const expectSchema = z.strictObject({
  findings: z
    .array(
      z.strictObject({
        code: findingCode,
        present: z.boolean().default(true),
        variant: slug.optional().meta({ description: "only in this variant; without it in every one" }),
        min: z.number().int().min(1).default(1).meta({ description: "at least so many" }),
      }),
    )
    .default([]),
  metrics: thresholdsSchema.optional().meta({ description: "written as thresholds, failing as expectations" }),
});

function marginSchema(metric: (typeof COMPARISON_METRICS)[number]) {
  const example = comparisonMetric(metric).marginExample;
  return z
    .string()
    .refine((text) => parseMargin(metric, text) !== null, `a margin of ${metric} such as "${example}" is needed`)
    .optional()
    .meta({
      description: `smallest difference of ${comparisonMetric(metric).label} that matters, such as "${example}"`,
    });
}

const compareSchema = z.strictObject({
  baseline: slug.optional().meta({ description: "variant the others are compared with; the first unless told" }),
  metrics: z
    .array(z.enum(COMPARISON_METRICS))
    .min(1)
    .max(METRICS_MAX)
    .optional()
    .meta({
      description: `declared before anyone sees a result, at most ${METRICS_MAX}: each further one costs power`,
    }),
  margins: z
    .strictObject({
      net_pnl: marginSchema("net_pnl"),
      max_drawdown: marginSchema("max_drawdown"),
      exit_delay: marginSchema("exit_delay"),
      gate_value: marginSchema("gate_value"),
    })
    .default({}),
});

const variantSchema = z.strictObject({
  name: slug,
  description: z.string().optional(),
  profile: profileSchema.optional(),
  pipeline: scenarioPipelineSchema.optional(),
  exchange: exchangeSchema.optional(),
});

/** A scenario file. Unknown keys are errors everywhere: a typo must never pass for a default. */
export const scenarioSchema = z
  .strictObject({
    schema: z.literal(SCENARIO_SCHEMA).default(SCENARIO_SCHEMA),
    name: slug,
    title: z.string().optional(),
    description: z.string().optional(),
    recording: z.string().min(1).meta({ description: "folder of the recording, relative to this file" }),
    seed: z
      .union([z.string().min(1), z.int()])
      .transform((seed) => String(seed))
      .prefault("1")
      .meta({ description: "root of every random stream of the run" }),
    profile: profileSchema.default("strict"),
    warmup: durationSchema.prefault("0s").meta({ description: "decisions before it are left out of scores" }),
    window: z.strictObject({ from: momentSchema.optional(), to: momentSchema.optional() }).default({}),
    universe: universeSchema.prefault({}),
    account: accountSchema.prefault({}),
    intents: z
      .enum(["recording", "strategy", "none"])
      .optional()
      .meta({ description: "strategy when `strategy:` is given, else recording" }),
    strategy: strategySchema.optional(),
    exchange: exchangeSchema.prefault({}),
    operator: operatorSchema.default([]),
    external: externalSchema.default([]),
    initial: initialSchema.prefault({}),
    pipeline: scenarioPipelineSchema.prefault({}),
    variants: z.array(variantSchema).min(1).optional(),
    sweep: sweepSchema.optional().meta({ description: "variants made of one by changing parameters (docs/sweeps.md)" }),
    matrix: matrixSchema.optional(),
    compare: compareSchema.optional().meta({ description: "how variants are compared (docs/comparison.md)" }),
    thresholds: thresholdsSchema.default({}),
    expect: expectSchema.prefault({}),
  })
  .meta({ title: "Rehearsal scenario" });

export type ScenarioFile = z.output<typeof scenarioSchema>;

/**
 * A scenario with nothing left to decide: every default is in place, every variant is whole. Durations and times are
 * milliseconds, money is bigint. A `Moment` becomes a time when the recording is known (`momentTsMs`).
 */
export interface Scenario
  extends Required<Pick<ScenarioFile, "name" | "profile" | "account" | "operator" | "external" | "initial">> {
  readonly title: string;
  readonly description: string;
  /** Path of the file as the user typed it. */
  readonly file: string;
  /** SHA-256 over everything that can change a result except recording and seed; reports show the first 8 digits. */
  readonly hash: string;
  /** Folder of the recording, resolved against the scenario file. */
  readonly recordingPath: string;
  readonly seed: string;
  readonly warmupMs: number;
  readonly window: ScenarioFile["window"];
  readonly universe: ScenarioFile["universe"];
  readonly intents: "recording" | "strategy" | "none";
  readonly strategy: ScenarioFile["strategy"] | null;
  /** How its variants are compared; changes no decision, so it is outside of the hash. */
  readonly compare?: ScenarioFile["compare"];
  readonly thresholds: ScenarioFile["thresholds"];
  readonly expect: ScenarioFile["expect"];
  /** At least one; `base` when the file names none. */
  readonly variants: readonly ResolvedVariant[];
  /** Odd but runnable: shown, never fatal. */
  readonly warnings: readonly Problem[];
  /** Files of `--plugin` that its choices may name; none when absent. */
  readonly plugIns?: PlugIns;
}

export interface ResolvedVariant {
  readonly name: string;
  readonly description: string;
  readonly profile: "strict" | "origin";
  /** Base and variant merged; `quirks` holds those of the profile too, in the order of `QUIRK_NAMES`. */
  readonly policy: Policy;
  readonly exchange: ExchangeConfig;
  /** What `matrix:` and `sweep:` set: dotted path to its value, whole maps by name or JSON; absent of a written variant. */
  readonly settings?: Readonly<Record<string, string | number | boolean | null>>;
}
