import type { Decision, IntentRejected, ResultRecorded } from "../../engine/domain/decision.ts";
import type { IntentReceived } from "../../engine/domain/event.ts";
import type { EvalType } from "../../engine/domain/intent.ts";
import type { JournalEntry } from "../../engine/domain/journal.ts";
import type { Plan, PlanDecision } from "../../engine/domain/plan.ts";
import { createEpisodeTracker, type Episode, isInferredExitPlan, reasonOf } from "./episodes.ts";
import { createFunnelTally, type FunnelTally } from "./funnel-tally.ts";
import { createRecentMap } from "./recent-map.ts";
import type { TerminalState } from "./schema.ts";
import { stateOfBlock, stateOfRejection } from "./terminal-state.ts";

/** A blocked plan may still get its result from the executor; after this long the verdict itself is its end. */
const BLOCKED_CONFIRM_MS = 60_000;
/** A plan told to execute that has no result after this long is unaccounted. */
const RESULT_PATIENCE_MS = 3_600_000;
/** An intent without plan and rejection after this long is unaccounted; near the end of the run it is in flight. */
const ANSWER_PATIENCE_MS = 600_000;
const IN_FLIGHT_WINDOW_MS = 60_000;
const RECENT_PLANS = 65_536;

/** What one intent became; emitted once, when it is known. */
export interface IntentOutcome {
  readonly entryId: string;
  readonly symbol: string;
  readonly evalType: EvalType;
  readonly tsMs: number;
  /** `null`: unaccounted. */
  readonly state: TerminalState | null;
  readonly reason: string;
  readonly planId: string | null;
}

export interface FunnelOptions {
  readonly episodeGapMs: number;
  readonly warmupUntilTsMs: number;
  readonly onIntent?: (outcome: IntentOutcome) => void;
  readonly onEpisode?: (episode: Episode) => void;
}

export interface Funnel {
  observe(entry: JournalEntry): void;
  /** `isPartial`: the journal stops in the middle, so what is open is in flight and not lost. */
  finish(endTsMs: number, isPartial: boolean): FunnelTally;
}

interface Delivery {
  readonly entryId: string;
  readonly symbol: string;
  readonly tsMs: number;
  readonly isWarmup: boolean;
  evalType: EvalType;
  planId: string | null;
}

interface OpenPlan {
  readonly planId: string;
  readonly evalType: EvalType;
  readonly symbol: string;
  readonly tsMs: number;
  readonly decision: PlanDecision;
  readonly reason: string;
  readonly intent: Delivery | null;
  readonly episode: Episode | null;
}

/** Follows every intent and plan to its one terminal state. Memory is what is open, not what has been. */
export function createFunnel(options: FunnelOptions): Funnel {
  const tally = createFunnelTally();
  const unanswered = new Map<string, Delivery[]>();
  const answeredIntents = createRecentMap<true>(RECENT_PLANS);
  const running = new Map<string, OpenPlan>();
  const judged = new Map<string, OpenPlan>();
  const closedPlans = createRecentMap<true>(RECENT_PLANS);
  const episodes = createEpisodeTracker(options.episodeGapMs, (episode) => {
    tally.episode(episode);
    options.onEpisode?.(episode);
  });

  function endIntent(delivery: Delivery, state: TerminalState | null, reason: string): void {
    if (delivery.isWarmup) return;
    const { entryId, symbol, evalType, tsMs, planId } = delivery;
    const outcome: IntentOutcome = { entryId, symbol, evalType, tsMs, state, reason, planId };
    tally.intent(outcome);
    options.onIntent?.(outcome);
  }

  function endPlan(plan: OpenPlan, state: TerminalState | null, reason: string): void {
    closedPlans.set(plan.planId, true);
    if (plan.episode === null) {
      if (plan.intent !== null) endIntent(plan.intent, state, reason);
      return;
    }
    tally.planEnded(plan.evalType, plan.symbol, state, reason);
    if (plan.intent !== null) endIntent(plan.intent, state, reason);
    episodes.settle(plan.episode, state, reason);
  }

  function endByVerdict(plan: OpenPlan): void {
    endPlan(plan, plan.decision === "SKIP" ? "SKIPPED" : stateOfBlock(plan.reason), plan.reason);
  }

  function takeUnanswered(entryId: string): Delivery | null {
    const queue = unanswered.get(entryId);
    const delivery = queue?.shift() ?? null;
    if (queue !== undefined && queue.length === 0) unanswered.delete(entryId);
    return delivery;
  }

  function receive(event: IntentReceived, tsMs: number): void {
    const isWarmup = tsMs < options.warmupUntilTsMs;
    const delivery: Delivery = {
      entryId: event.entryId,
      symbol: symbolOf(event.fields),
      tsMs,
      isWarmup,
      evalType: "ENTRY",
      planId: null,
    };
    const queue = unanswered.get(event.entryId);
    if (queue === undefined) unanswered.set(event.entryId, [delivery]);
    else queue.push(delivery);
    tally.received(isWarmup);
  }

  function reject(decision: IntentRejected): void {
    const delivery = takeUnanswered(decision.entryId);
    if (delivery === null) return;
    const symbol = decision.symbol ?? delivery.symbol;
    endIntent({ ...delivery, symbol }, stateOfRejection(decision.reason), decision.reason);
  }

  function publish(plan: Plan, tsMs: number): void {
    const isWarmup = tsMs < options.warmupUntilTsMs;
    const reason = reasonOf(plan);
    const intent = plan.intentEntryId === null ? null : takeUnanswered(plan.intentEntryId);
    if (intent !== null) {
      intent.evalType = plan.evalType;
      intent.planId = plan.planId;
      answeredIntents.set(intent.entryId, true);
      if (!intent.isWarmup) tally.intentToPlan(tsMs - intent.tsMs);
    }
    const isKnown = running.has(plan.planId) || judged.has(plan.planId) || closedPlans.has(plan.planId);
    if (isWarmup) {
      tally.warmupEvaluation();
      track({ ...openPlan(plan, tsMs, reason, intent), episode: null });
      return;
    }
    const episode = episodes.evaluate(plan, tsMs);
    tally.evaluation(plan, reason, isInferredExitPlan(plan));
    if (isKnown) tally.republished(plan.evalType);
    if (plan.decision === "EXECUTE" && running.has(plan.planId)) {
      // Told to execute again while it still does: the first publication stands for both, and an intent delivered
      // twice shares its end.
      if (intent !== null) endIntent(intent, "SKIPPED", "plan_already_published");
      return;
    }
    tally.planPublished(plan.evalType);
    if (intent === null && plan.intentEntryId !== null) {
      if (answeredIntents.has(plan.intentEntryId)) tally.secondPlan();
      else episode.isRequest = true;
    }
    episode.openPlans += 1;
    track({ ...openPlan(plan, tsMs, reason, intent), episode });
  }

  function track(plan: OpenPlan): void {
    const open = plan.decision === "EXECUTE" ? running : judged;
    const earlier = open.get(plan.planId);
    // A refused plan may be asked again under its id: the earlier asking ends with its own verdict.
    if (earlier !== undefined) {
      open.delete(plan.planId);
      endByVerdict(earlier);
    }
    open.set(plan.planId, plan);
  }

  function record(result: ResultRecorded): void {
    const [ran, refused] = [running.get(result.planId), judged.get(result.planId)];
    // One id may be running and be refused as its own duplicate: what filled is the running one.
    const plan = result.isExecuted ? (ran ?? refused) : (refused ?? ran);
    if (plan === undefined) {
      tally.strayResult(closedPlans.has(result.planId));
      return;
    }
    (plan === ran ? running : judged).delete(plan.planId);
    if (plan.episode !== null) tally.result(result, plan.decision);
    endPlan(plan, result.status, result.reason);
  }

  function decide(decision: Decision, tsMs: number): void {
    if (decision.type === "plan.published") publish(decision.plan, tsMs);
    else if (decision.type === "intent.rejected") reject(decision);
    else if (decision.type === "result.recorded") record(decision);
  }

  /** Insertion order is time order, so the first young one ends the search. */
  function expire(tsMs: number): void {
    for (const [id, plan] of judged) {
      if (tsMs - plan.tsMs <= BLOCKED_CONFIRM_MS) break;
      judged.delete(id);
      endByVerdict(plan);
    }
    for (const [id, plan] of running) {
      if (tsMs - plan.tsMs <= RESULT_PATIENCE_MS) break;
      running.delete(id);
      endPlan(plan, null, "no_result");
    }
    for (const [id, queue] of unanswered) {
      if (tsMs - queue[0]!.tsMs <= ANSWER_PATIENCE_MS) break;
      unanswered.delete(id);
      for (const delivery of queue) endIntent(delivery, null, "no_plan_and_no_rejection");
    }
    episodes.expire(tsMs);
  }

  return {
    observe(entry) {
      const { tsMs, event } = entry.envelope;
      expire(tsMs);
      if (event.type === "intent.received") receive(event, tsMs);
      for (const decision of entry.decisions) decide(decision, tsMs);
    },
    finish(endTsMs, isPartial) {
      for (const plan of judged.values()) endByVerdict(plan);
      for (const plan of running.values()) {
        if (isPartial) endPlan(plan, "IN_FLIGHT", "journal_cut_short");
        else endPlan(plan, null, "no_result");
      }
      for (const queue of unanswered.values()) {
        for (const delivery of queue) {
          const isYoung = isPartial || endTsMs - delivery.tsMs <= IN_FLIGHT_WINDOW_MS;
          if (isYoung) endIntent(delivery, "IN_FLIGHT", "no_plan_yet");
          else endIntent(delivery, null, "no_plan_and_no_rejection");
        }
      }
      judged.clear();
      running.clear();
      unanswered.clear();
      episodes.finish(endTsMs);
      return tally;
    },
  };
}

function openPlan(plan: Plan, tsMs: number, reason: string, intent: Delivery | null): Omit<OpenPlan, "episode"> {
  const { planId, evalType, symbol, decision } = plan;
  return { planId, evalType, symbol, tsMs, decision, reason, intent };
}

/** Symbol of a raw intent, for a line about an intent nobody parsed: flat field, or inside the JSON of `payload`. */
function symbolOf(fields: Readonly<Record<string, string>>): string {
  const flat = fields["symbol"];
  if (typeof flat === "string" && flat !== "") return flat;
  const payload = fields["payload"] ?? fields["data"];
  if (typeof payload === "string") {
    const match = /"symbol"\s*:\s*"([^"\\]{1,40})"/.exec(payload);
    if (match !== null) return match[1]!;
  }
  return "(no symbol)";
}
