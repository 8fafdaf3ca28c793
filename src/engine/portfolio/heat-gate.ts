/** What heats a portfolio, in USD except churn; each is measured against its target (pipeline.md 1.6, P2.6a). */
export interface HeatInputs {
  readonly grossExposureUsd: number;
  readonly drawdownEwmaUsd: number;
  readonly lossBurstEwmaUsd: number;
  readonly feeBurdenEwmaUsd: number;
  readonly churnEwma: number;
}

/** At its target a component counts in full. */
const TARGETS: HeatInputs = {
  grossExposureUsd: 5000,
  drawdownEwmaUsd: 250,
  lossBurstEwmaUsd: 250,
  feeBurdenEwmaUsd: 50,
  churnEwma: 1,
};

const WARM = 0.45;
const HOT = 0.7;
/** Older inputs fail closed. */
const AGE_MS_MAX = 600_000;
/** Below this score a hot full close may be held in the shadow instead, where that is enabled. */
const SHADOW_SCORE_MAX = 0.3;

export type HeatLevel = "cold" | "warm" | "hot" | "unknown";

/**
 * `(1 e + 1 d + 1 b + 0.5 f + 0.5 c) / 4`, each component clamped to 0..1 of its target (pipeline.md 1.6, P2.6a).
 * Exposure alone reaches 0.25, which is never warm.
 */
export function heatScore(inputs: HeatInputs): number {
  const share = (input: keyof HeatInputs): number => Math.min(1, Math.max(0, inputs[input] / TARGETS[input]));
  const sum =
    share("grossExposureUsd") +
    share("drawdownEwmaUsd") +
    share("lossBurstEwmaUsd") +
    0.5 * share("feeBurdenEwmaUsd") +
    0.5 * share("churnEwma");
  return sum / 4;
}

export function heatLevel(score: number): Exclude<HeatLevel, "unknown"> {
  if (score < WARM) return "cold";
  return score < HOT ? "warm" : "hot";
}

export interface HeatGateInput {
  /** The plan's action word; `null` when the entry has no such field. */
  readonly action: string | null;
  /** `null` when the portfolio state is absent. */
  readonly inputs: HeatInputs | null;
  /** Time of the portfolio state; `null` when it says none. */
  readonly asOfTsMs: number | null;
  readonly tsMs: number;
  readonly killScore: number | null;
  /** Holds a hot full close with a low kill score instead of reducing it. */
  readonly isShadowHoldEnabled: boolean;
}

export interface HeatGateOutcome {
  readonly inAction: string;
  readonly outAction: string;
  readonly level: HeatLevel;
  readonly score: number | null;
  /** Share of the position the gate recommends to close; `null` when it recommends nothing. */
  readonly recommendedPartial: number | null;
  /** `missing_action` when the word was not there: the origin said nothing, and UNKNOWN circulated from then on. */
  readonly reason: string;
}

/**
 * Moderates full closes by heat: cold passes, warm becomes half, hot a quarter; every other word passes unchanged
 * (pipeline.md 1.6, P2.6a). Without usable inputs it fails closed: action NOOP, reason `FAIL-CLOSED(<why>)`.
 */
export function moderateByHeat(input: HeatGateInput): HeatGateOutcome {
  const inAction = input.action ?? "UNKNOWN";
  const failure = unusable(input);
  if (failure !== null || input.inputs === null) {
    return {
      inAction,
      outAction: "NOOP",
      level: "unknown",
      score: null,
      recommendedPartial: null,
      reason: `FAIL-CLOSED(${failure})`,
    };
  }
  const score = heatScore(input.inputs);
  const level = heatLevel(score);
  const pass = { inAction, outAction: inAction, level, score, recommendedPartial: null };
  if (input.action === null) return { ...pass, reason: "missing_action" };
  if (inAction !== "FULL_CLOSE_PROPOSED") return { ...pass, reason: "not_a_full_close" };
  switch (level) {
    case "cold":
      return { ...pass, reason: "heat_cold" };
    case "warm":
      return { ...pass, outAction: "PARTIAL_50_PROPOSED", recommendedPartial: 0.5, reason: "heat_warm" };
    case "hot":
      if (input.isShadowHoldEnabled && input.killScore !== null && input.killScore < SHADOW_SCORE_MAX) {
        return { ...pass, outAction: "HOLD_CLOSE_SHADOW", reason: "heat_hot_low_score" };
      }
      return { ...pass, outAction: "PARTIAL_25_PROPOSED", recommendedPartial: 0.25, reason: "heat_hot" };
  }
}

function unusable(input: HeatGateInput): string | null {
  if (input.inputs === null) return "missing_inputs";
  if (input.asOfTsMs === null) return "missing_ts";
  if (!Number.isFinite(input.asOfTsMs)) return "invalid_ts";
  const ageMs = input.tsMs - input.asOfTsMs;
  if (ageMs > AGE_MS_MAX || ageMs < 0) return "stale_inputs";
  return Number.isFinite(heatScore(input.inputs)) ? null : "compute_error:not_a_number";
}
