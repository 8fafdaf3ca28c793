import { z } from "zod";

export const GATE_SCHEMA = "rehearsal.gate/1";

const money = z.string().regex(/^-?\d+(\.\d{1,8})?$/);
const evalType = z.enum(["ENTRY", "EXIT", "UNKNOWN"]);
const count = z.int().min(0);

function measured<T extends z.ZodType>(value: T) {
  return z.union([
    z.strictObject({ value, reason: z.null() }),
    z.strictObject({ value: z.null(), reason: z.string() }),
  ]);
}

const number = measured(z.number());
const rate = measured(z.strictObject({ share: z.number(), low: z.number(), high: z.number() }));
const spread = measured(z.strictObject({ n: count, p05: z.number(), p50: z.number(), p95: z.number() }));

/** Money that refusals avoided and gave up; whole units of 1e-8, so that rows add up to their total exactly. */
const valueRow = z.strictObject({
  name: z.string(),
  blocked: count,
  /** Evaluations inside the blocked episodes: shown small, never a unit of count. */
  evaluations: count,
  lossAvoidedQuote: money,
  profitForgoneQuote: money,
  netValueQuote: money,
});

const horizonValue = z.strictObject({
  horizon: z.string(),
  /** Episodes with a shadow, refused and allowed. */
  n: count,
  blocked: count,
  censored: count,
  lossAvoidedQuote: money,
  profitForgoneQuote: money,
  netValueQuote: money,
  netValueInterval: measured(z.strictObject({ low: z.number(), high: z.number(), pieces: count })),
  efficiency: number,
  blockRate: number,
  randomNetValue: z.number(),
  oracleNetValue: z.number(),
  blockAllNetValue: z.number(),
  skill: number,
  pShift: number,
  tail: z.strictObject({
    cvar95All: number,
    cvar95Allowed: number,
    /** Positive: the worst 5 % of what was allowed lost less than the worst 5 % of everything. */
    cvar95Cut: number,
    maxDrawdownAllQuote: money,
    maxDrawdownAllowedQuote: money,
    /** What the cover costs a day; only a gate with a negative net value has one. */
    premiumPerDay: number,
  }),
  /** Worst and best mark after a refusal, as shares of price, before costs. */
  blockedMae: spread,
  blockedMfe: spread,
});

const gridCell = z.strictObject({
  horizon: z.string(),
  /** The shadow lost more than this: a share of the entry's notional, or one R. */
  loss: z.string(),
  truePositive: count,
  falsePositive: count,
  falseNegative: count,
  trueNegative: count,
  baseRate: rate,
  precision: rate,
  recall: rate,
  falsePositiveRate: rate,
  matthews: number,
});

const predictor = z.strictObject({
  n: count,
  bad: count,
  brier: measured(
    z.strictObject({
      brier: z.number(),
      reliability: z.number(),
      resolution: z.number(),
      uncertainty: z.number(),
      withinBinVariance: z.number(),
      withinBinCovariance: z.number(),
      /** brier - (REL - RES + UNC + WBV - WBC): rounding only. */
      identityRest: z.number(),
      expectedCalibrationError: z.number(),
      bins: z.array(z.strictObject({ index: count, n: count, meanScore: z.number(), observedShare: z.number() })),
    }),
  ),
  isotonic: measured(z.array(z.strictObject({ score: z.number(), n: count, frequency: z.number() }))),
  rocArea: number,
  averagePrecision: number,
  youdenCutoff: number,
  curve: z.array(
    z.strictObject({
      cutoff: z.number(),
      truePositiveRate: z.number(),
      falsePositiveRate: z.number(),
      precision: z.number(),
    }),
  ),
  /** Area under the ROC of each component alone: which one earns its weight. */
  components: z.array(z.strictObject({ name: z.string(), rocArea: number })),
  gap: z.strictObject({ from: z.number(), to: z.number(), shareBelow: z.number() }).nullable(),
  /** Cutoffs of the verdicts that lie inside the gap: they switch between two clusters. */
  cutoffsInGap: z.array(z.number()),
});

const entrySection = z.strictObject({
  episodes: count,
  evaluations: count,
  /** Refused by the governor: what is judged. */
  blocked: count,
  /** Let through by the governor and refused by a limit: counted with the allowed, shown apart. */
  limited: count,
  executed: count,
  skipped: count,
  /** Episodes without a shadow at the first horizon, by reason. */
  unpriced: z.array(z.strictObject({ reason: z.string(), episodes: count })),
  horizons: z.array(horizonValue),
  /** The first horizon's value, the governor's and the limits' refusals apart. */
  total: valueRow,
  limits: valueRow,
  byReason: z.array(valueRow.extend({ stage: z.enum(["governor", "limit"]) })),
  byRegime: z.array(valueRow),
  bySymbol: z.array(valueRow),
  grid: z.array(gridCell),
  gridConclusion: z.enum(["better than chance", "worse than chance", "flips", "not estimable"]),
  gridFlips: z.array(z.string()),
  riskCoverage: measured(
    z.array(
      z.strictObject({
        coverage: z.number(),
        cutoff: z.number(),
        meanPnl: z.number(),
        cvar95: z.number(),
        netValue: z.number(),
      }),
    ),
  ),
  /** Net value of the bare kill score when it blocks as often as the governor did. */
  scoreAtBlockRate: number,
  predictor,
  largeOrders: z.strictObject({ aboveOnePercent: count, unknownVolume: count }),
});

const delayRow = z.strictObject({
  name: z.string(),
  blocked: count,
  evaluations: count,
  delayCostQuote: money,
  censored: count,
});

const exitSection = z.strictObject({
  episodes: count,
  executed: count,
  blocked: count,
  skipped: count,
  unpriced: z.array(z.strictObject({ reason: z.string(), episodes: count })),
  total: delayRow,
  fundingPaidQuote: money,
  worstOpenLossQuote: money,
  exposureQuoteSeconds: z.number(),
  byReason: z.array(delayRow),
  byRegime: z.array(delayRow),
  bySymbol: z.array(delayRow),
  waits: z.strictObject({
    n: count,
    executed: count,
    closed: count,
    atEnd: count,
    p50Seconds: number,
    p95Seconds: number,
    restrictedMeanSeconds: number,
    restrictedToSeconds: number,
    steps: z.array(z.strictObject({ seconds: z.number(), survival: z.number(), atRisk: count, ended: count })),
  }),
});

const coverageSection = z.strictObject({
  budget: count,
  ticks: count,
  needed: count,
  hits: count,
  microRecall: number,
  macroRecall: number,
  cappedRecall: number,
  ceiling: number,
  precision: number,
  churn: number,
  starvation: z.array(z.strictObject({ symbol: z.string(), longestMs: z.number() })),
  firstCoverSeconds: z.strictObject({ n: count, censored: count, p50: number, p95: number }),
  callsPerMinute: number,
  /** Needed symbols the venue does not list: in no denominator. */
  unlisted: z.array(z.string()),
});

export const gateReportSchema = z.strictObject({
  schema: z.literal(GATE_SCHEMA),
  variant: z.string(),
  scenario: z.string(),
  scenarioHash: z.string(),
  recording: z.string(),
  recordingHash: z.string(),
  engineVersion: z.string(),
  seed: z.string(),
  days: z.number(),
  entry: z.strictObject({ ENTRY: entrySection, UNKNOWN: entrySection }),
  exit: z.strictObject({ EXIT: exitSection, UNKNOWN: exitSection }),
  byEvalType: z.array(
    z.strictObject({
      evalType,
      kind: z.enum(["entry", "exit"]),
      blocked: count,
      netValueQuote: money,
    }),
  ),
  /** Net value of entries minus cost of delayed exits, shadows of the governor only. */
  netValueQuote: money,
  coverage: measured(coverageSection),
  assumptions: z.array(z.string()),
  /** What cannot be said, and why. */
  limits: z.array(z.string()),
  isReconciled: z.boolean(),
});

export type GateReport = z.infer<typeof gateReportSchema>;
export type EntrySection = z.infer<typeof entrySection>;
export type ExitSection = z.infer<typeof exitSection>;
export type CoverageSection = z.infer<typeof coverageSection>;
export type HorizonValue = z.infer<typeof horizonValue>;
export type ValueRow = z.infer<typeof valueRow>;
export type DelayRow = z.infer<typeof delayRow>;
export type GridCell = z.infer<typeof gridCell>;
export type ScorePredictor = z.infer<typeof predictor>;

const ruleEffect = z.strictObject({
  reason: z.string(),
  /** Evaluations it refused, those of the warm-up included: their replay passes them too. */
  refusals: count,
  effectQuote: money,
  /** Equity at the end with these refusals passed. */
  withoutQuote: money,
});

/** `actual - ungoverned = sum of effects + interaction`, to the unit (reports.md 3.4). */
const ablation = z.strictObject({
  actualQuote: money,
  ungovernedQuote: money,
  differenceQuote: money,
  effects: z.array(ruleEffect),
  interactionQuote: money,
  journals: z.array(z.strictObject({ passed: z.string(), journalSha256: z.string() })),
});

/** What `sim gate` writes: the judgement of one variant, and its replays with parts of the gate off. */
export const gateDocumentSchema = gateReportSchema.extend({ ablation });

export type Ablation = z.infer<typeof ablation>;
export type RuleEffect = z.infer<typeof ruleEffect>;
export type GateDocument = z.infer<typeof gateDocumentSchema>;

/** Bytes of `schemas/gate.schema.json`. */
export function gateJsonSchemaText(): string {
  return `${JSON.stringify(z.toJSONSchema(gateDocumentSchema, { target: "draft-7" }), null, 2)}\n`;
}
