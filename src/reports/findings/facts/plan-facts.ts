import type { EvalType } from "../../../engine/domain/intent.ts";
import type { KillScoreWeights, PlanDecision } from "../../../engine/domain/plan.ts";
import { EPISODE_GAP_MS } from "../../summary/episodes.ts";
import { Count, need } from "./count.ts";

/** One evaluation, whichever service wrote it. */
export interface PlanFact {
  readonly planId: string;
  readonly tsMs: number;
  readonly symbol: string;
  readonly lane: "bridge" | "harvest";
  readonly evalType: EvalType;
  /** The writer's own word. */
  readonly action: string;
  readonly side: "BUY" | "SELL" | null;
  readonly decision: PlanDecision;
  readonly reason: string;
  readonly isReduceOnly: boolean;
  readonly score: number | null;
  readonly regimeFlip: number | null;
  readonly agePenalty: number | null;
  readonly weights: KillScoreWeights | null;
  readonly cutoff: number | null;
  /** Score from which the same gate stops known closes too; `null` when it never does. */
  readonly closeCutoff: number | null;
  /** A score asked for this plan. */
  readonly isAskedByScore: boolean;
  readonly taints: readonly string[];
  readonly episodeKey: string;
  /** `null` where the source does not say what was held. */
  readonly isPositionHeld: boolean | null;
  readonly stalestInput: { readonly name: string; readonly ageMs: number } | null;
  /** Who judged it and what they said; `null` where the source does not say. */
  readonly judgement: { readonly gate: string; readonly isRefused: boolean } | null;
}

/** Verdicts of one gate over one kind of evaluation. */
export interface GateFacts {
  readonly gate: string;
  readonly evalType: EvalType;
  judged: number;
  refused: number;
  readonly symbols: Count;
  readonly planId: string;
}

/** Evaluations of one symbol by the harvest lane. */
export interface HarvestFacts {
  plans: number;
  blocked: number;
  executed: number;
  /** Plans whose action is no word of the kernel. */
  unknown: number;
  unknownLongestGapMs: number;
  unknownLastTsMs: number;
  unknownBlocked: number;
  /** Plans on a position that exists nowhere. */
  synthetic: number;
  scoreMin: number;
  scoreMax: number;
  scored: number;
  flipped: number;
  askedAndRefused: number;
  /** Longest row of plans with one and the same age of the position, which is not 0 or 1. */
  age: { penalty: number; plans: number; fromTsMs: number; toTsMs: number };
  readonly reasons: Count;
  firstTsMs: number;
  lastTsMs: number;
  first: PlanFact;
  lastUnknown: PlanFact | null;
  lastRefusedClose: PlanFact | null;
}

/** Words of the kernel and of the services behind it (pipeline.md 2.11, those the Apply Layer accepts). */
const KNOWN_ACTIONS: ReadonlySet<string> = new Set(
  "ENTRY ENTRY_PROPOSED FULL_CLOSE_PROPOSED PARTIAL_75 PARTIAL_50 PARTIAL_25 UPDATE_SL HOLD NONE".split(" "),
);

export class PlanFacts {
  readonly byOutcome = new Map<PlanDecision, number>();
  readonly bySide = new Map<string, number>();
  readonly harvest = new Map<string, HarvestFacts>();
  readonly gates = new Map<string, GateFacts>();
  readonly foreignActions = new Count();
  readonly taints = new Map<string, { count: number; readonly symbols: Count; planId: string }>();
  readonly missingTypes = { count: 0, planId: "" };
  readonly staleInputs = { count: 0, ageMaxMs: 0, name: "", planId: "" };
  readonly scores = { judged: 0, flipped: 0, flippedBlocked: 0, calmBlocked: 0 };
  /** The last plan whose score is known with its weights and its cutoff. */
  scored: PlanFact | null = null;
  readonly symbolsByReason = new Map<string, Count>();
  readonly #episodes = new Map<string, { decision: PlanDecision; lastTsMs: number }>();
  readonly episodes = new Map<PlanDecision, number>();
  entryEpisodes = 0;
  total = 0;
  bridged = 0;

  add(plan: PlanFact): void {
    this.total += 1;
    bump(this.byOutcome, plan.decision);
    if (plan.lane === "bridge") {
      this.bridged += 1;
      if (plan.side !== null) bump(this.bySide, plan.side);
    } else this.#harvest(plan);
    this.#episode(plan);
    this.#gate(plan);
    need(this.symbolsByReason, `${plan.decision} ${plan.reason}`, () => new Count()).add(plan.symbol, plan.planId);
    if (!KNOWN_ACTIONS.has(plan.action) && plan.action !== "") this.foreignActions.add(plan.action, plan.planId);
    if (plan.evalType === "UNKNOWN") {
      if (this.missingTypes.count === 0) this.missingTypes.planId = plan.planId;
      this.missingTypes.count += 1;
    }
    for (const taint of plan.taints) {
      const known = need(this.taints, taint, () => ({ count: 0, symbols: new Count(), planId: plan.planId }));
      known.count += 1;
      known.symbols.add(plan.symbol);
    }
    const { stalestInput } = plan;
    if (stalestInput !== null) {
      this.staleInputs.count += 1;
      if (stalestInput.ageMs > this.staleInputs.ageMaxMs) {
        const { name, ageMs } = stalestInput;
        Object.assign(this.staleInputs, { ageMaxMs: ageMs, name, planId: plan.planId });
      }
    }
    if (plan.score === null || plan.regimeFlip === null) return;
    this.scores.judged += 1;
    const isBlocked = plan.decision === "BLOCKED" && plan.reason.includes("kill_score");
    if (plan.regimeFlip === 1) {
      this.scores.flipped += 1;
      if (isBlocked) this.scores.flippedBlocked += 1;
    } else if (isBlocked) this.scores.calmBlocked += 1;
    if (plan.weights !== null && plan.cutoff !== null) this.scored = plan;
  }

  #harvest(plan: PlanFact): void {
    const facts = need(this.harvest, plan.symbol, () => startHarvest(plan));
    facts.plans += 1;
    facts.lastTsMs = plan.tsMs;
    facts.reasons.add(plan.reason, plan.planId);
    const isBlocked = plan.decision === "BLOCKED";
    if (isBlocked) facts.blocked += 1;
    if (plan.decision === "EXECUTE") facts.executed += 1;
    if (plan.taints.includes("position:synthetic") || plan.isPositionHeld === false) facts.synthetic += 1;
    this.#age(facts, plan);
    if (plan.score !== null) {
      facts.scored += 1;
      facts.scoreMin = Math.min(facts.scoreMin, plan.score);
      facts.scoreMax = Math.max(facts.scoreMax, plan.score);
      if (plan.regimeFlip === 1) facts.flipped += 1;
    }
    if (plan.action === "UNKNOWN") {
      if (facts.unknown > 0) {
        facts.unknownLongestGapMs = Math.max(facts.unknownLongestGapMs, plan.tsMs - facts.unknownLastTsMs);
      }
      facts.unknown += 1;
      facts.unknownLastTsMs = plan.tsMs;
      facts.lastUnknown = plan;
      if (isBlocked) facts.unknownBlocked += 1;
    } else if (isBlocked && plan.isAskedByScore && plan.score !== null && plan.reason.includes("kill_score")) {
      facts.askedAndRefused += 1;
      facts.lastRefusedClose = plan;
    }
  }

  #gate({ judgement, evalType, symbol, planId }: PlanFact): void {
    if (judgement === null) return;
    const { gate, isRefused } = judgement;
    const key = `${gate} ${evalType}`;
    const facts = need(this.gates, key, () => ({
      gate,
      evalType,
      judged: 0,
      refused: 0,
      symbols: new Count(),
      planId,
    }));
    facts.judged += 1;
    if (isRefused) facts.refused += 1;
    facts.symbols.add(symbol);
  }

  #age({ age }: HarvestFacts, { agePenalty, tsMs }: PlanFact): void {
    if (agePenalty === null) return;
    if (agePenalty === age.penalty) Object.assign(age, { plans: age.plans + 1, toTsMs: tsMs });
    else Object.assign(age, { penalty: agePenalty, plans: 1, fromTsMs: tsMs, toTsMs: tsMs });
  }

  #episode({ evalType, episodeKey, decision, tsMs }: PlanFact): void {
    const key = `${evalType} ${episodeKey}`;
    const known = this.#episodes.get(key);
    if (known !== undefined && known.decision === decision && tsMs - known.lastTsMs <= EPISODE_GAP_MS) {
      known.lastTsMs = tsMs;
      return;
    }
    this.#episodes.set(key, { decision, lastTsMs: tsMs });
    bump(this.episodes, decision);
    if (evalType === "ENTRY") this.entryEpisodes += 1;
  }
}

function startHarvest(first: PlanFact): HarvestFacts {
  return {
    plans: 0,
    blocked: 0,
    executed: 0,
    unknown: 0,
    unknownLongestGapMs: 0,
    unknownLastTsMs: 0,
    unknownBlocked: 0,
    synthetic: 0,
    scoreMin: Number.POSITIVE_INFINITY,
    scoreMax: Number.NEGATIVE_INFINITY,
    scored: 0,
    flipped: 0,
    askedAndRefused: 0,
    age: { penalty: Number.NaN, plans: 0, fromTsMs: first.tsMs, toTsMs: first.tsMs },
    reasons: new Count(),
    firstTsMs: first.tsMs,
    lastTsMs: first.tsMs,
    first,
    lastUnknown: null,
    lastRefusedClose: null,
  };
}

function bump<Key>(map: Map<Key, number>, key: Key): void {
  map.set(key, (map.get(key) ?? 0) + 1);
}
