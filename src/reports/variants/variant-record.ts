import type { EvalType, Side } from "../../engine/domain/intent.ts";
import type { ExitOutcome } from "../comparison.ts";
import type { IntentOutcome } from "../summary/funnel.ts";
import type { RunSummary } from "../summary/schema.ts";

export const VARIANT_RECORD_SCHEMA = "rehearsal.variant/1";

/** What a variant differs in from its siblings: a dotted path of the scenario, and its value there. */
export type VariantSettings = Readonly<Record<string, string | number | boolean | null>>;

/** Where a variant's journal came from: enough to refuse a comparison of two that do not belong together. */
export interface VariantIdentity {
  readonly variant: string;
  readonly scenario: string;
  readonly scenarioHash: string;
  readonly recording: string;
  readonly recordingHash: string;
  readonly engineVersion: string;
  readonly seed: string;
  readonly settings: VariantSettings;
}

/**
 * Everything comparisons, verdicts and tables need of one variant, as plain JSON: what a worker sends home instead of
 * the journal itself. Equal journals give equal records.
 */
export interface VariantRecord extends VariantIdentity {
  readonly schema: typeof VARIANT_RECORD_SCHEMA;
  /** SHA-256 over the bytes of the journal: equal to that of the same variant run alone, whoever ran it. */
  readonly journalSha256: string;
  readonly summary: RunSummary;
  readonly intents: readonly IntentOutcome[];
  readonly exits: readonly ExitOutcome[];
  readonly buckets: EquitySeries;
  readonly roundTrips: readonly RoundTrip[];
  readonly judgements: readonly JudgedEpisode[];
}

/** Equity at the end of every bucket of fixed width, aligned to UTC, from the first to the last of the run. */
export interface EquitySeries {
  readonly fromTsMs: number;
  readonly widthMs: number;
  /** Quote, marked with the recorded mark price. */
  readonly equityQuote: readonly number[];
}

/** One position from flat to flat, or to the end of the run. */
export interface RoundTrip {
  readonly symbol: string;
  readonly side: Side;
  readonly openedTsMs: number;
  /** `null` while it is open at the end. */
  readonly closedTsMs: number | null;
  /** Largest size held, in base units. */
  readonly maxQty: number;
  readonly entryPrice: number;
  readonly exitPrice: number | null;
  /** After fees and funding, in quote; unrealised of an open one included. */
  readonly netPnlQuote: number;
}

/** One episode of the governor's judgement: evaluations of one intent or position with one outcome. */
export interface JudgedEpisode {
  readonly key: string;
  readonly symbol: string;
  readonly evalType: EvalType;
  readonly isExit: boolean;
  readonly side: Side;
  readonly decision: "EXECUTE" | "BLOCKED" | "SKIP";
  readonly reason: string;
  readonly firstPlanId: string;
  readonly firstTsMs: number;
  readonly lastTsMs: number;
  readonly evaluations: number;
  /** Base units asked for by the first evaluation, before the verdict scaled them down. */
  readonly qty: number;
  /** Mark price the engine saw at the first evaluation; `null` when it had none. */
  readonly referencePrice: number | null;
  readonly killScore: number | null;
  /** Terms of the verdict at the first evaluation, by name; non-finite ones are left out. */
  readonly terms: Readonly<Record<string, number>>;
  /** Word of the regime the score saw, such as `flip` or `calm`. */
  readonly regime: string;
  /** Components of the kill score at the first evaluation, by name; empty without a score. */
  readonly components: Readonly<Record<string, number>>;
  /** What the verdict compared, and with what: blocked at or above the cutoff; `null` when it compared nothing. */
  readonly verdictValue: number | null;
  readonly verdictCutoff: number | null;
  /** Stop and take profit the plan carried. */
  readonly stopPrice: number | null;
  readonly takeProfitPrice: number | null;
}
