import type { EvalType, Side } from "./intent.ts";

/**
 * The closed vocabulary of plan actions. The origin circulated some twenty words (pipeline.md 2.11); an import maps
 * them here and reports what it cannot map.
 */
export type PlanAction =
  | "ENTRY"
  | "FULL_CLOSE_PROPOSED"
  | "PARTIAL_75"
  | "PARTIAL_50"
  | "PARTIAL_25"
  | "UPDATE_SL"
  | "HOLD"
  | "UNKNOWN";

export type PlanDecision = "EXECUTE" | "BLOCKED" | "SKIP";

/** Where an input of a decision came from; the last two taint the decision. */
export type Provenance = "exchange" | "recording" | "computed" | "cache" | "synthetic" | "default";

/** An input a decision rested on. */
export interface InputProvenance {
  readonly input: "mark" | "features" | "position" | "snapshot";
  readonly provenance: Provenance;
  /** `null` when the input has no time: a default or an invention. */
  readonly ageMs: number | null;
}

/** The four components of the kill score and their weighted sum in logit units (pipeline.md section 3). */
export interface KillScore {
  readonly score: number;
  readonly logit: number;
  readonly regimeFlip: number;
  readonly sigmaSpike: number;
  readonly tsDrop: number;
  readonly agePenalty: number;
  readonly weights: KillScoreWeights;
}

export interface KillScoreWeights {
  readonly regimeFlip: number;
  readonly sigmaSpike: number;
  readonly tsDrop: number;
  readonly agePenalty: number;
}

/** What a governor said, with the numbers it said it on: enough to print the formula and what would have flipped it. */
export interface Verdict {
  readonly governor: string;
  readonly decision: PlanDecision;
  readonly reasonCode: string;
  /** The value that was compared, `null` when the rule compares nothing (or cannot: the reason says why). */
  readonly value: number | null;
  readonly cutoff: number | null;
  /** Distance to the other verdict, positive on the executed side, in the unit of `value`. */
  readonly margin: number | null;
  /** Name to number, in the order of the formula. */
  readonly terms: Readonly<Record<string, number | null>>;
  /** Factor in (0, 1] on the quantity of an executed plan. */
  readonly qtyScale: number;
}

export interface Plan {
  readonly planId: string;
  readonly origin: "bridge" | "harvest";
  readonly evalType: EvalType;
  readonly action: PlanAction;
  readonly symbol: string;
  readonly side: Side;
  /** Base units before rounding to lots; for exits the share of the position as last known. */
  readonly qty: number;
  readonly isReduceOnly: boolean;
  readonly createdTsMs: number;
  readonly intentEntryId: string | null;
  readonly confidence: number | null;
  /** Why the plan exists: `intent`, `stop_hit`, `kill_score_triggered`, `regime_flip`, `harvest_partial_25`, ... */
  readonly causes: readonly string[];
  readonly decision: PlanDecision;
  /** First code is the cause; the rest are annotations in the order they were added. */
  readonly reasonCodes: readonly string[];
  readonly killScore: KillScore | null;
  readonly rNet: number | null;
  /** The origin's figure, position-level profit over per-unit risk, which grows with quantity; for comparison only. */
  readonly rNetOrigin: number | null;
  /** Stop the plan carries along (profit lock), monotone per position. */
  readonly newStopPrice: number | null;
  readonly takeProfitPrice: number | null;
  readonly verdict: Verdict | null;
  /** Signed position in lots the plan was judged on. */
  readonly positionQtyLots: number;
  readonly markPrice: number | null;
  /** What the decision rested on, where it came from and how old it was. */
  readonly inputs: readonly InputProvenance[];
  /** Inputs that were synthetic, default, stale or frozen: a tainted decision says so. */
  readonly taints: readonly string[];
  /** Key of the episode: evaluations with the same key and outcome belong together. */
  readonly episodeKey: string;
}
