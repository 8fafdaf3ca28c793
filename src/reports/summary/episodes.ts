import type { EvalType } from "../../engine/domain/intent.ts";
import type { Plan, PlanDecision } from "../../engine/domain/plan.ts";
import type { TerminalState } from "./schema.ts";
import { betterState } from "./terminal-state.ts";

/** Two evaluations further apart than this are two episodes. Exits are re-evaluated every 10 s and republished every 60 s. */
export const EPISODE_GAP_MS = 300_000;

/** Maximal run of evaluations with the same (episodeKey, evalType, outcome) without a gap above the limit. */
export interface Episode {
  readonly key: string;
  readonly evalType: EvalType;
  readonly outcome: PlanDecision;
  readonly symbol: string;
  /** First reason of the first evaluation. */
  readonly reason: string;
  readonly isExit: boolean;
  /** The stream did not say EXIT; a held position or a reducing plan did. */
  readonly isInferredExit: boolean;
  readonly firstPlanId: string;
  readonly firstTsMs: number;
  lastTsMs: number;
  evaluations: number;
  /** `true` once a plan without an intent belongs to it: the episode itself is then what was asked for. */
  isRequest: boolean;
  /** Plans of this episode whose terminal state is not known yet. */
  openPlans: number;
  state: TerminalState | null;
  stateReason: string;
  end: EpisodeEnd | null;
}

export interface EpisodeEnd {
  readonly cause: "released" | "outcome_changed" | "silence" | "run_ended";
  readonly tsMs: number;
}

export interface EpisodeTracker {
  evaluate(plan: Plan, tsMs: number): Episode;
  settle(episode: Episode, state: TerminalState | null, reason: string): void;
  expire(tsMs: number): void;
  finish(endTsMs: number): void;
}

/** `onDone` gets each episode once, when it has ended and every plan of it has its terminal state. */
export function createEpisodeTracker(gapMs: number, onDone: (episode: Episode) => void): EpisodeTracker {
  const current = new Map<string, Episode>();
  const waiting = new Set<Episode>();
  let nextSweepTsMs = Number.NEGATIVE_INFINITY;

  function close(id: string, episode: Episode, end: EpisodeEnd): void {
    episode.end = end;
    current.delete(id);
    if (episode.openPlans === 0) onDone(episode);
    else waiting.add(episode);
  }

  return {
    evaluate(plan, tsMs) {
      const id = `${plan.evalType} ${plan.episodeKey}`;
      const running = current.get(id);
      if (running !== undefined) {
        const isSilent = tsMs - running.lastTsMs > gapMs;
        if (!isSilent && running.outcome === plan.decision) {
          running.lastTsMs = tsMs;
          running.evaluations += 1;
          running.isRequest ||= plan.intentEntryId === null;
          return running;
        }
        close(
          id,
          running,
          isSilent
            ? { cause: "silence", tsMs: running.lastTsMs }
            : { cause: plan.decision === "EXECUTE" ? "released" : "outcome_changed", tsMs },
        );
      }
      const started = startEpisode(plan, tsMs);
      current.set(id, started);
      return started;
    },
    settle(episode, state, reason) {
      episode.openPlans -= 1;
      if (state !== null) {
        const better = episode.state === null ? state : betterState(episode.state, state);
        if (better !== episode.state) {
          episode.state = better;
          episode.stateReason = reason;
        }
      }
      if (episode.openPlans === 0 && waiting.delete(episode)) onDone(episode);
    },
    expire(tsMs) {
      if (tsMs < nextSweepTsMs) return;
      nextSweepTsMs = tsMs + gapMs;
      for (const [id, episode] of current) {
        if (tsMs - episode.lastTsMs > gapMs) close(id, episode, { cause: "silence", tsMs: episode.lastTsMs });
      }
    },
    finish(endTsMs) {
      for (const [id, episode] of current) {
        const isSilent = endTsMs - episode.lastTsMs > gapMs;
        close(
          id,
          episode,
          isSilent ? { cause: "silence", tsMs: episode.lastTsMs } : { cause: "run_ended", tsMs: endTsMs },
        );
      }
      for (const episode of waiting) onDone(episode);
      waiting.clear();
    },
  };
}

function startEpisode(plan: Plan, tsMs: number): Episode {
  const isInferredExit = isInferredExitPlan(plan);
  return {
    key: plan.episodeKey,
    evalType: plan.evalType,
    outcome: plan.decision,
    symbol: plan.symbol,
    reason: reasonOf(plan),
    isExit: plan.evalType === "EXIT" || isInferredExit,
    isInferredExit,
    firstPlanId: plan.planId,
    firstTsMs: tsMs,
    lastTsMs: tsMs,
    evaluations: 1,
    isRequest: plan.intentEntryId === null,
    openPlans: 0,
    state: null,
    stateReason: "",
    end: null,
  };
}

/** A plan of unknown kind that can only be an exit: it came from the harvest, reduces, or was judged on a position. */
export function isInferredExitPlan(plan: Plan): boolean {
  return plan.evalType === "UNKNOWN" && (plan.origin === "harvest" || plan.isReduceOnly || plan.positionQtyLots !== 0);
}

export function reasonOf(plan: Plan): string {
  return plan.reasonCodes[0] ?? plan.verdict?.reasonCode ?? "none";
}
