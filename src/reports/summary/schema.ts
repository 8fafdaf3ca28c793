import { z } from "zod";

/**
 * `sim.summary/1`: everything a report shows about one variant of one run. Numbers are finite numbers, money is decimal
 * text in quote currency, and what is undefined is `null` with a reason beside it (there is no NaN in JSON, and no
 * sentinel can be averaged or thresholded honestly).
 */
export const SUMMARY_SCHEMA = "sim.summary/1";

const count = z.int().min(0);
const money = z.string().regex(/^-?\d+(\.\d{1,8})?$/);
const reason = z.string().nullable();
const evalType = z.enum(["ENTRY", "EXIT", "UNKNOWN"]);

export const TERMINAL_STATES = [
  "FILLED",
  "PARTIAL",
  "BLOCKED_POLICY",
  "BLOCKED_INFRA",
  "REJECTED_VENUE",
  "REJECTED_INPUT",
  "SKIPPED",
  "EXPIRED",
  "ERROR",
  "IN_FLIGHT",
] as const;

const reasonCount = z.strictObject({
  reason: z.string(),
  count,
  /** The most frequent symbols, at most five; `symbolCount` says how many there are. */
  symbols: z.array(z.string()),
  symbolCount: count,
});

const byReason = z.array(reasonCount);

const distribution = z.strictObject({
  unit: z.string(),
  n: count,
  min: z.number().nullable(),
  p50: z.number().nullable(),
  p90: z.number().nullable(),
  p95: z.number().nullable(),
  p99: z.number().nullable(),
  max: z.number().nullable(),
  /** `false` beyond the cap of exact values: quantiles are then within 0.4 %. */
  isExact: z.boolean(),
  /** Observations that only say "at least this long". */
  censored: count,
  reason,
});

const terminalCount = z.strictObject({ state: z.enum(TERMINAL_STATES), count, byReason });
const layerCount = z.strictObject({ evalType, outcome: z.string(), count, byReason });

const funnelColumn = z.strictObject({
  evalType,
  intents: count,
  /** Episodes of plans nobody sent an intent for: the exits the harvest asked for. */
  requests: count,
  evaluations: count,
  episodes: count,
  blockedEvaluations: count,
  blockedEpisodes: count,
  /** Symbols of blocked evaluations, most frequent first, at most five. */
  blockedSymbols: z.array(z.string()),
  blockedSymbolCount: count,
  /** Terminal states of intents and requests. */
  terminals: z.array(terminalCount),
  /** Intents and requests that ended in no state. */
  unaccounted: z.strictObject({ count, byReason }),
  /** Publications with an end of their own: a refused plan asked again under its id counts again. */
  plans: count,
  /** Publications of a plan id seen before. */
  republished: count,
  /** Terminal states of plans. */
  planTerminals: z.array(terminalCount),
  planUnaccounted: z.strictObject({ count, byReason }),
  /** UNKNOWN evaluations that can only be exits, because a position was held or the plan reduces. */
  inferredExits: count,
});

const stage = z.strictObject({
  evalType,
  stage: z.enum(["decision", "permit", "order", "fill"]),
  in: count,
  out: count,
  byReason,
});

const estimate = z.strictObject({
  unit: z.string(),
  value: z.union([z.number(), money]).nullable(),
  n: count.nullable(),
  ci: z.tuple([z.number(), z.number()]).nullable(),
  reason,
  distribution: distribution.nullable(),
});

const findingGroup = z.strictObject({
  code: z.string(),
  severity: z.enum(["info", "warn", "error"]),
  count,
  firstTsMs: z.number(),
  lastTsMs: z.number(),
  text: z.string(),
  symbols: z.array(z.string()),
  symbolCount: count,
  evidence: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
});

const numberOrNull = z.number().nullable();
const moneyOrNull = money.nullable();

const moneyBlock = z.strictObject({
  isAnythingClosed: z.boolean(),
  startWalletQuote: moneyOrNull,
  endWalletQuote: moneyOrNull,
  /** Wallet by the exchange's last snapshot minus ours; `null` when no snapshot came after the last booking. */
  walletDifferenceQuote: moneyOrNull,
  realizedPnlQuote: money,
  /** Average-cost result recomputed from the fills: must equal the exchange's up to truncation. */
  recomputedPnlQuote: money,
  feesQuote: money,
  fundingQuote: money,
  /** realized - fees + funding (funding received is positive). */
  netPnlQuote: money,
  tradedNotionalQuote: money,
  turnoverPerDay: estimate,
  fills: count,
  makerFills: count,
  trades: count,
  wins: count,
  losses: count,
  breakeven: count,
  openAtEnd: count,
  /** Reduce-only fills of a position nobody here opened: no entry price, so no trade. */
  closesWithoutOpening: count,
  winRate: estimate,
  profitFactor: estimate,
  expectancy: estimate,
  holdTime: distribution,
  totalReturn: estimate,
  cagr: estimate,
  sharpe: estimate,
  volatility: estimate,
  maxDrawdown: estimate,
  maxDrawdownQuote: money,
  markedSamples: count,
  maxDrawdownMarked: estimate,
  maxDrawdownMarkedQuote: moneyOrNull,
});

export const runSummarySchema = z.strictObject({
  schema: z.literal(SUMMARY_SCHEMA),
  run: z.strictObject({
    id: z.string(),
    variant: z.string(),
    scenario: z.string(),
    scenarioHash: z.string(),
    recording: z.string(),
    recordingHash: z.string(),
    engine: z.string(),
    seeds: z.array(z.string()),
    quirks: z.array(z.string()),
    symbols: count,
    universeSize: count,
    /** How a simulated exchange matched; absent for a live run and for journals of older versions. */
    matching: z.strictObject({ fidelity: z.string(), profile: z.string(), text: z.string() }).optional(),
    startTsMs: z.number(),
    endTsMs: z.number(),
    spanMs: z.number(),
    warmupMs: z.number(),
    /** Intents and evaluations before the end of the warm-up, left out of every count below. */
    warmupIntents: count,
    warmupEvaluations: count,
    /** `true` when the run was interrupted or its journal is cut short. */
    partial: z.boolean(),
    endCause: z.string(),
    entries: count,
    decisions: count,
  }),
  evidence: z.strictObject({
    badge: z.enum(["E0", "E1", "E2", "E3"]),
    episodes: count,
    bursts: count,
    hours: count,
    spanMs: z.number(),
    episodeGapMs: z.number(),
    reasons: z.array(z.string()),
  }),
  funnel: z.array(funnelColumn),
  stages: z.array(stage),
  decisionLayer: z.array(layerCount),
  executionLayer: z.array(layerCount),
  execution: z.strictObject({
    executePlans: count,
    ordersSubmitted: count,
    ordersFilled: count,
    ordersRejected: count,
    orderQueries: count,
    duplicateResults: count,
    orphanResults: count,
    secondPlansOfIntent: count,
    /** Plans judged BLOCKED or SKIP whose result says something filled. */
    executedAgainstVerdict: count,
    latencies: z.strictObject({
      intentToPlan: distribution,
      planToPermit: distribution,
      permitToOrder: distribution,
      orderToResult: distribution,
      planToResult: distribution,
      fillToLedger: distribution,
    }),
    slippage: distribution,
  }),
  exits: z.strictObject({
    episodes: count,
    inferredEpisodes: count,
    blockedEpisodes: count,
    releasedEpisodes: count,
    /** First block to the first EXECUTE of the same position; unreleased ones are censored (Kaplan-Meier). */
    blockedTime: distribution,
    longest: z.array(
      z.strictObject({
        symbol: z.string(),
        episodeKey: z.string(),
        evalType,
        reason: z.string(),
        firstTsMs: z.number(),
        durationMs: z.number(),
        evaluations: count,
        isCensored: z.boolean(),
        planId: z.string(),
      }),
    ),
  }),
  reconciliation: z.strictObject({
    differing: count,
    unexplained: count,
    symbols: z.array(
      z.strictObject({
        symbol: z.string(),
        tsMs: z.number(),
        exchangeQty: z.string(),
        ledgerQty: z.string().nullable(),
        ownFillsQty: z.string(),
        unexplainedQty: z.string(),
        isDiffering: z.boolean(),
      }),
    ),
    omitted: count,
  }),
  coverage: z.strictObject({
    ranker: z.string().nullable(),
    cycles: count,
    neededFresh: count,
    neededStale: count,
    neverRanked: count,
    openPositions: estimate,
    tierCounts: z.array(z.strictObject({ tier: z.string(), count })),
    cycleCost: distribution,
    starved: z.array(reasonCount),
  }),
  money: moneyBlock,
  governor: z.array(
    z.strictObject({
      governor: z.string(),
      evalType,
      evaluations: count,
      byOutcome: z.array(z.strictObject({ outcome: z.string(), count, byReason })),
      value: distribution,
      cutoff: distribution,
      margin: distribution,
      /** Evaluations within 1e-9 of the cutoff: the first to flip under another Node version. */
      fragile: count,
      terms: z.array(
        z.strictObject({ name: z.string(), n: count, min: numberOrNull, median: numberOrNull, max: numberOrNull }),
      ),
    }),
  ),
  taints: z.strictObject({ plans: count, tainted: count, byTaint: byReason }),
  findings: z.array(findingGroup),
  metrics: z.record(z.string(), estimate),
  thresholds: z.array(
    z.strictObject({
      metric: z.string(),
      expr: z.string(),
      level: z.enum(["error", "warn", "off"]),
      status: z.enum(["ok", "fail", "no_data", "skipped"]),
      value: z.union([z.number(), money]).nullable(),
      n: count.nullable(),
      text: z.string(),
    }),
  ),
  /** What makes these numbers easy to misread, as sentences; shown before them. */
  warnings: z.array(z.strictObject({ code: z.string(), text: z.string(), count, evidence: z.array(z.string()) })),
});

/** Bytes of `schemas/summary.schema.json`. */
export function summaryJsonSchemaText(): string {
  const title = "Everything a report shows about one variant of one run";
  return `${JSON.stringify({ title, ...z.toJSONSchema(runSummarySchema, { target: "draft-7" }) }, null, 2)}\n`;
}

export type RunSummary = z.infer<typeof runSummarySchema>;
export type FunnelColumn = z.infer<typeof funnelColumn>;
export type TerminalCount = z.infer<typeof terminalCount>;
export type ReasonCount = z.infer<typeof reasonCount>;
export type Distribution = z.infer<typeof distribution>;
export type Estimate = z.infer<typeof estimate>;
export type StageCount = z.infer<typeof stage>;
export type LayerCount = z.infer<typeof layerCount>;
export type MoneyBlock = z.infer<typeof moneyBlock>;
export type FindingGroup = z.infer<typeof findingGroup>;
export type ThresholdResult = RunSummary["thresholds"][number];
export type RunWarning = RunSummary["warnings"][number];
export type TerminalState = (typeof TERMINAL_STATES)[number];
