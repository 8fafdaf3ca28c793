import type { ResultRecorded } from "../../engine/domain/decision.ts";
import type { EvalType } from "../../engine/domain/intent.ts";
import type { Plan, PlanDecision } from "../../engine/domain/plan.ts";
import { createDistribution } from "./distribution.ts";
import type { Episode } from "./episodes.ts";
import type { IntentOutcome } from "./funnel.ts";
import { createReasonTally, mostFrequent, type ReasonTally } from "./reason-tally.ts";
import type { Distribution, FunnelColumn, LayerCount, TerminalCount, TerminalState } from "./schema.ts";
import { TERMINAL_STATES } from "./schema.ts";

export const EVAL_TYPES: readonly EvalType[] = ["ENTRY", "EXIT", "UNKNOWN"];

const UNACCOUNTED = "UNACCOUNTED";

interface Column {
  intents: number;
  requests: number;
  evaluations: number;
  episodes: number;
  blockedEvaluations: number;
  blockedEpisodes: number;
  plans: number;
  republished: number;
  inferredExits: number;
  readonly blockedSymbols: Map<string, number>;
  readonly subjects: Map<string, ReasonTally>;
  readonly planEnds: Map<string, ReasonTally>;
  readonly decisions: Map<string, ReasonTally>;
  readonly results: Map<string, ReasonTally>;
}

/** Plain counters of the funnel, separate from the rules that decide what is counted. */
export interface FunnelTally {
  received(isWarmup: boolean): void;
  intentToPlan(delayMs: number): void;
  warmupEvaluation(): void;
  evaluation(plan: Plan, reason: string, isInferredExit: boolean): void;
  planPublished(evalType: EvalType): void;
  republished(evalType: EvalType): void;
  secondPlan(): void;
  planEnded(evalType: EvalType, symbol: string, state: TerminalState | null, reason: string): void;
  result(result: ResultRecorded, verdict: PlanDecision): void;
  strayResult(isDuplicate: boolean): void;
  intent(outcome: IntentOutcome): void;
  episode(episode: Episode): void;
  columns(): FunnelColumn[];
  decisionLayer(): LayerCount[];
  executionLayer(): LayerCount[];
  intentToPlanLatency(): Distribution;
  readonly warmupIntents: number;
  readonly warmupEvaluations: number;
  readonly duplicateResults: number;
  readonly orphanResults: number;
  readonly secondPlansOfIntent: number;
  readonly executedAgainstVerdict: number;
}

export function createFunnelTally(): FunnelTally {
  const columns = new Map<EvalType, Column>(EVAL_TYPES.map((evalType) => [evalType, createColumn()]));
  const column = (evalType: EvalType) => columns.get(evalType) ?? columns.get("UNKNOWN")!;
  const latency = createDistribution();
  const totals = {
    warmupIntents: 0,
    warmupEvaluations: 0,
    duplicateResults: 0,
    orphanResults: 0,
    secondPlansOfIntent: 0,
    executedAgainstVerdict: 0,
  };

  return {
    received(isWarmup) {
      if (isWarmup) totals.warmupIntents += 1;
    },
    intentToPlan: (delayMs) => latency.add(delayMs),
    warmupEvaluation() {
      totals.warmupEvaluations += 1;
    },
    evaluation(plan, reason, isInferredExit) {
      const counts = column(plan.evalType);
      counts.evaluations += 1;
      if (isInferredExit) counts.inferredExits += 1;
      add(counts.decisions, plan.decision, reason, plan.symbol);
      if (plan.decision !== "BLOCKED") return;
      counts.blockedEvaluations += 1;
      counts.blockedSymbols.set(plan.symbol, (counts.blockedSymbols.get(plan.symbol) ?? 0) + 1);
    },
    planPublished(evalType) {
      column(evalType).plans += 1;
    },
    republished(evalType) {
      column(evalType).republished += 1;
    },
    secondPlan() {
      totals.secondPlansOfIntent += 1;
    },
    planEnded(evalType, symbol, state, reason) {
      add(column(evalType).planEnds, state ?? UNACCOUNTED, reason, symbol);
    },
    result(result, verdict) {
      add(column(result.evalType).results, result.status, result.reason, result.symbol);
      if (verdict !== "EXECUTE" && result.isExecuted) totals.executedAgainstVerdict += 1;
    },
    strayResult(isDuplicate) {
      if (isDuplicate) totals.duplicateResults += 1;
      else totals.orphanResults += 1;
    },
    intent(outcome) {
      const counts = column(outcome.evalType);
      counts.intents += 1;
      add(counts.subjects, outcome.state ?? UNACCOUNTED, outcome.reason, outcome.symbol);
    },
    episode(episode) {
      const counts = column(episode.evalType);
      counts.episodes += 1;
      if (episode.outcome === "BLOCKED") counts.blockedEpisodes += 1;
      if (!episode.isRequest) return;
      counts.requests += 1;
      const reason = episode.state === null ? "no_result" : episode.stateReason;
      add(counts.subjects, episode.state ?? UNACCOUNTED, reason, episode.symbol);
    },
    columns: () => EVAL_TYPES.map((evalType) => finishColumn(evalType, columns.get(evalType)!)),
    decisionLayer: () => layer(columns, (counts) => counts.decisions),
    executionLayer: () => layer(columns, (counts) => counts.results),
    intentToPlanLatency: () => latency.finish("ms", "no intent became a plan"),
    get warmupIntents() {
      return totals.warmupIntents;
    },
    get warmupEvaluations() {
      return totals.warmupEvaluations;
    },
    get duplicateResults() {
      return totals.duplicateResults;
    },
    get orphanResults() {
      return totals.orphanResults;
    },
    get secondPlansOfIntent() {
      return totals.secondPlansOfIntent;
    },
    get executedAgainstVerdict() {
      return totals.executedAgainstVerdict;
    },
  };
}

function createColumn(): Column {
  return {
    intents: 0,
    requests: 0,
    evaluations: 0,
    episodes: 0,
    blockedEvaluations: 0,
    blockedEpisodes: 0,
    plans: 0,
    republished: 0,
    inferredExits: 0,
    blockedSymbols: new Map(),
    subjects: new Map(),
    planEnds: new Map(),
    decisions: new Map(),
    results: new Map(),
  };
}

function add(tallies: Map<string, ReasonTally>, outcome: string, reason: string, symbol: string): void {
  let tally = tallies.get(outcome);
  if (tally === undefined) {
    tally = createReasonTally();
    tallies.set(outcome, tally);
  }
  tally.add(reason, symbol);
}

function finishColumn(evalType: EvalType, counts: Column): FunnelColumn {
  const { blockedSymbols, subjects, planEnds, decisions: _decisions, results: _results, ...numbers } = counts;
  return {
    evalType,
    ...numbers,
    blockedSymbols: mostFrequent(blockedSymbols, 5),
    blockedSymbolCount: blockedSymbols.size,
    terminals: terminalsOf(subjects),
    unaccounted: unaccountedOf(subjects),
    planTerminals: terminalsOf(planEnds),
    planUnaccounted: unaccountedOf(planEnds),
  };
}

function terminalsOf(tallies: ReadonlyMap<string, ReasonTally>): TerminalCount[] {
  return TERMINAL_STATES.map((state) => {
    const tally = tallies.get(state);
    return { state, count: tally?.total ?? 0, byReason: tally?.list() ?? [] };
  });
}

function unaccountedOf(tallies: ReadonlyMap<string, ReasonTally>): FunnelColumn["unaccounted"] {
  const tally = tallies.get(UNACCOUNTED);
  return { count: tally?.total ?? 0, byReason: tally?.list() ?? [] };
}

function layer(
  columns: ReadonlyMap<EvalType, Column>,
  pick: (counts: Column) => ReadonlyMap<string, ReasonTally>,
): LayerCount[] {
  return EVAL_TYPES.flatMap((evalType) =>
    [...pick(columns.get(evalType)!)]
      .sort((left, right) => (left[0] < right[0] ? -1 : 1))
      .map(([outcome, tally]) => ({ evalType, outcome, count: tally.total, byReason: tally.list() })),
  );
}
