import type { z } from "zod";
import type { EvalType } from "../domain/intent.ts";
import type { KillScore, PlanAction, Verdict } from "../domain/plan.ts";

/**
 * The numbers a governor may look at. Each is documented in docs/drivers.md; `null` means "not known at this moment"
 * and a governor has to say what it does then.
 */
export interface Drivers {
  /** Edge-collapse score of the symbol, 0.5 to 0.9206 with the default weights; higher is worse. */
  readonly killScore: number | null;
  /** Sum of |notional| times daily sigma over open positions, divided by equity (pipeline.md 1.6, P2.6b). */
  readonly portfolioHeat: number;
  /** 0 low, 0.33 normal, 0.67 high, 1 extreme (weights of pipeline.md 1.14, P2.8). */
  readonly volatilityRegime: number;
  /** Fall of equity from its peak, as a fraction of the peak, 0 or more. */
  readonly drawdown: number;
  /** Notional of executed but unfinished entries divided by equity. */
  readonly pendingExposure: number;
  /** Seconds since the position was opened; 0 when flat. */
  readonly positionAgeSec: number;
  /** Net result of the position in units of its initial risk; `null` when flat. */
  readonly rNet: number | null;
  /** Unrealized result of the position in percent of its entry notional; `null` when flat. */
  readonly pnlPct: number | null;
  /** Confidence of the intent, 0 to 1; `null` for exits. */
  readonly confidence: number | null;
  /** Loss to all stops divided by equity. */
  readonly openRisk: number;
  readonly openPositions: number;
  /** Sum of |notional| of open positions in quote. */
  readonly totalNotional: number;
  /** Notional of this plan at the mark, in quote; `null` without a mark. */
  readonly planNotional: number | null;
  readonly equity: number;
  /** Trend strength |mu|/sigma of the symbol; `null` before the window is filled. */
  readonly trendStrength: number | null;
  readonly sigma: number | null;
  readonly spreadBps: number | null;
  /** Last settled funding rate of the symbol, positive when longs pay; `null` before the first. */
  readonly fundingRate: number | null;
  /** Hours to the next full funding time, 00, 08 and 16 UTC; more than 0, at most 8. */
  readonly hoursToFunding: number;
  /** Seconds since the symbol's last market event; `null` before the first. */
  readonly markAgeSec: number | null;
}

/** The plan as the governor sees it: sized, scored, not yet judged. */
export interface PlanToJudge {
  readonly evalType: EvalType;
  readonly action: PlanAction;
  readonly symbol: string;
  /** `true` when executing it can only lower the absolute position. */
  readonly isRiskReducing: boolean;
  readonly killScore: KillScore | null;
}

export interface JudgeInput<Params, Memory> {
  readonly plan: PlanToJudge;
  readonly drivers: Drivers;
  readonly memory: Memory;
  readonly params: Params;
  /**
   * `true` under the quirk `close-self-veto`: the origin's releases vetoed closes by the score that asked for them.
   */
  readonly isCloseVetoAllowed: boolean;
}

/**
 * A governor is one file: a name, a zod schema of its parameters, one pure function, and optionally a memory that
 * `observe` advances once per evaluation, after the verdict. A memory is plain data (Map, Set, lists, numbers, text):
 * checkpoints write it down.
 */
export interface GovernorDefinition<Params = unknown, Memory = unknown> {
  readonly name: string;
  /** One sentence for `sim governors` and the README. */
  readonly summary: string;
  readonly params: z.ZodType<Params>;
  createMemory(params: Params): Memory;
  observe?(memory: Memory, evaluation: GovernorEvaluation, params: Params): void;
  judge(input: JudgeInput<Params, Memory>): Verdict;
  /** Work on the parameters that is done once and not at every plan; what it gives is used instead of the above. */
  withParams?(params: Params): Pick<GovernorDefinition<Params, Memory>, "judge" | "observe">;
}

export interface GovernorEvaluation {
  readonly symbol: string;
  readonly evalType: EvalType;
  readonly score: number;
  /** The whole score, and the drivers its verdict rested on. */
  readonly killScore: KillScore;
  readonly drivers: Drivers;
}

/** A governor with its parameters bound: what the pipeline calls. */
export interface BoundGovernor {
  readonly name: string;
  judge(plan: PlanToJudge, drivers: Drivers, isCloseVetoAllowed: boolean): Verdict;
  observe(evaluation: GovernorEvaluation): void;
  /** What it remembers, plain data: part of the engine's state hash and of checkpoints. `null` when nothing. */
  readonly memory: unknown;
}

export function defineGovernor<Params, Memory>(
  definition: GovernorDefinition<Params, Memory>,
): GovernorDefinition<Params, Memory> {
  return definition;
}

/** @param saved memory of a checkpoint, which the governor goes on with; a new one when absent */
export function bindGovernor<Params, Memory>(
  definition: GovernorDefinition<Params, Memory>,
  params: Params,
  saved?: Memory,
): BoundGovernor {
  const memory = saved === undefined ? definition.createMemory(params) : saved;
  const { judge, observe } = definition.withParams?.(params) ?? definition;
  return {
    name: definition.name,
    memory,
    judge: (plan, drivers, isCloseVetoAllowed) => judge({ plan, drivers, memory, params, isCloseVetoAllowed }),
    observe: (evaluation) => observe?.(memory, evaluation, params),
  };
}

interface VerdictParts {
  readonly governor: string;
  readonly reasonCode: string;
  readonly value?: number | null;
  readonly cutoff?: number | null;
  readonly terms?: Readonly<Record<string, number | null>>;
  readonly qtyScale?: number;
}

/** A verdict on an upper cutoff: EXECUTE below it, BLOCKED at or above it, with the margin to the other side. */
export function execute(parts: VerdictParts): Verdict {
  return verdict("EXECUTE", parts);
}

export function block(parts: VerdictParts): Verdict {
  return verdict("BLOCKED", parts);
}

function verdict(decision: "EXECUTE" | "BLOCKED", parts: VerdictParts): Verdict {
  const value = parts.value ?? null;
  const cutoff = parts.cutoff ?? null;
  return {
    governor: parts.governor,
    decision,
    reasonCode: parts.reasonCode,
    value,
    cutoff,
    margin: value === null || cutoff === null ? null : Math.abs(cutoff - value),
    terms: parts.terms ?? {},
    qtyScale: parts.qtyScale ?? 1,
  };
}

/** Actions that can only lower the position. */
export function isCloseAction(action: PlanAction): boolean {
  return (
    action === "FULL_CLOSE_PROPOSED" || action === "PARTIAL_75" || action === "PARTIAL_50" || action === "PARTIAL_25"
  );
}
