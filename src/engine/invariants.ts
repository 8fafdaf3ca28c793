import type { Decision, FindingNoted } from "./domain/decision.ts";
import type { Envelope } from "./domain/event.ts";
import { sideSign } from "./domain/intent.ts";
import type { JournalEntry } from "./domain/journal.ts";
import type { KillScore } from "./domain/plan.ts";
import { killScoreMax } from "./formulas/kill-score.ts";
import type { MarketFeatures } from "./market/features.ts";
import type { KillScoreParams } from "./policy.ts";

/** The ten promises of the vectors file; each is checked on every entry of every run. */
export const INVARIANTS = {
  "intent-conservation": "every trade.intent entry ends in exactly one plan or one named rejection",
  "plan-conservation": "every published plan ends in exactly one result",
  "permit-before-order": "no order without an unexpired permit for the same plan",
  "reduce-only-never-increases": "a reduce-only order never increases the absolute position",
  "position-explained": "the exchange's position equals what own fills explain",
  "monotone-stop": "a protective stop never loosens",
  "kill-range": "the kill score is at least 0.5 and at most what its weights can reach",
  softmax: "the regime probabilities sum to 1",
  "single-executor": "one order per plan id",
  "fresh-inputs": "a decision on synthetic or default input is tainted",
} as const;

export type Invariant = keyof typeof INVARIANTS;

const PROBABILITY_TOLERANCE = 1e-9;
const SCORE_TOLERANCE = 1e-9;

export interface InvariantOptions {
  readonly killScore: KillScoreParams;
  featuresOf(symbol: string): MarketFeatures | null;
}

/** Watches one run. `check` returns the violations of one entry as findings `invariant.<name>`. */
export interface InvariantChecker {
  check(entry: JournalEntry): FindingNoted[];
  /** What it remembers, plain data and not a copy. */
  save(): InvariantMemory;
}

export interface InvariantMemory {
  readonly openPlans: Map<string, number>;
  readonly permits: Map<string, number>;
  readonly ordersByPlan: Map<string, string>;
  readonly reduceOnlyOrders: Set<string>;
  readonly positions: Map<string, PositionFact>;
}

interface PositionFact {
  qtyLots: number;
  stopPrice: number | null;
}

/** @param memory of a checkpoint, which the checker goes on with */
export function createInvariantChecker(
  options: InvariantOptions,
  memory: InvariantMemory = emptyMemory(),
): InvariantChecker {
  const scoreMax = killScoreMax(options.killScore);
  const { openPlans, permits, ordersByPlan, reduceOnlyOrders, positions } = memory;
  let violations: FindingNoted[] = [];

  function violate(name: Invariant, symbol: string | null, text: string, evidence: FindingNoted["evidence"]): void {
    violations.push({ type: "finding.noted", code: `invariant.${name}`, severity: "error", symbol, text, evidence });
  }

  function checkIntent(envelope: Envelope, decisions: readonly Decision[]): void {
    const { event } = envelope;
    if (event.type !== "intent.received") return;
    let outcomes = 0;
    for (const decision of decisions) {
      if (decision.type === "intent.rejected" && decision.entryId === event.entryId) outcomes += 1;
      if (decision.type === "plan.published" && decision.plan.intentEntryId === event.entryId) outcomes += 1;
    }
    if (outcomes === 1) return;
    violate("intent-conservation", null, `Intent ${event.entryId} has ${outcomes} outcomes, exactly 1 is needed`, {
      entryId: event.entryId,
      outcomes,
    });
  }

  function checkFill(envelope: Envelope): void {
    const { event } = envelope;
    if (event.type !== "exchange.order-filled") return;
    const fact = positionOf(event.symbol);
    const before = fact.qtyLots;
    fact.qtyLots += sideSign(event.side) * event.qtyLots;
    if (fact.qtyLots === 0 || Math.sign(fact.qtyLots) !== Math.sign(before)) fact.stopPrice = null;
    if (!reduceOnlyOrders.has(event.clientOrderId)) return;
    if (event.isOrderComplete) reduceOnlyOrders.delete(event.clientOrderId);
    if (Math.abs(fact.qtyLots) <= Math.abs(before) && before * fact.qtyLots >= 0) return;
    violate(
      "reduce-only-never-increases",
      event.symbol,
      `Reduce-only order ${event.clientOrderId} moved the position from ${before} to ${fact.qtyLots} lots`,
      { clientOrderId: event.clientOrderId, beforeLots: before, afterLots: fact.qtyLots },
    );
  }

  function positionOf(symbol: string): PositionFact {
    let fact = positions.get(symbol);
    if (fact === undefined) {
      fact = { qtyLots: 0, stopPrice: null };
      positions.set(symbol, fact);
    }
    return fact;
  }

  function checkDecision(envelope: Envelope, decision: Decision): void {
    switch (decision.type) {
      case "plan.published": {
        const { plan } = decision;
        openPlans.set(plan.planId, (openPlans.get(plan.planId) ?? 0) + 1);
        checkScore(plan.planId, plan.symbol, plan.killScore);
        checkTaints(decision);
        checkFeatures(plan.symbol);
        return;
      }
      case "result.recorded": {
        const open = (openPlans.get(decision.planId) ?? 0) - 1;
        if (open < 0) {
          violate("plan-conservation", decision.symbol, `Plan ${decision.planId} has more results than publications`, {
            planId: decision.planId,
          });
        }
        if (open <= 0) openPlans.delete(decision.planId);
        else openPlans.set(decision.planId, open);
        permits.delete(decision.planId);
        if (decision.clientOrderId !== null) ordersByPlan.delete(decision.planId);
        // Its fills may be told after a report that has them in the position: they say nothing of what it did.
        if (decision.clientOrderId !== null && decision.reason === "order_outcome_unknown") {
          reduceOnlyOrders.delete(decision.clientOrderId);
        }
        return;
      }
      case "permit.granted":
        permits.set(decision.planId, decision.expiresTsMs);
        return;
      case "order.submitted": {
        const expiresTsMs = permits.get(decision.planId);
        if (expiresTsMs === undefined || expiresTsMs < envelope.tsMs) {
          violate("permit-before-order", decision.symbol, `Order ${decision.clientOrderId} has no valid permit`, {
            planId: decision.planId,
            clientOrderId: decision.clientOrderId,
          });
        }
        const first = ordersByPlan.get(decision.planId);
        if (first !== undefined) {
          violate("single-executor", decision.symbol, `Plan ${decision.planId} has a second order`, {
            planId: decision.planId,
            firstOrder: first,
            secondOrder: decision.clientOrderId,
          });
        }
        ordersByPlan.set(decision.planId, decision.clientOrderId);
        if (decision.isReduceOnly) reduceOnlyOrders.add(decision.clientOrderId);
        return;
      }
      case "position.reconciled": {
        const fact = positionOf(decision.symbol);
        const isAdoption = decision.ownFillsQtyLots === 0 && fact.qtyLots === 0;
        fact.qtyLots = decision.exchangeQtyLots;
        if (decision.unexplainedQtyLots === 0 || isAdoption) return;
        violate(
          "position-explained",
          decision.symbol,
          `${decision.symbol} differs by ${decision.unexplainedQtyLots} lots from what own fills explain`,
          { unexplainedLots: decision.unexplainedQtyLots, exchangeLots: decision.exchangeQtyLots },
        );
        return;
      }
      case "stop.moved": {
        const fact = positionOf(decision.symbol);
        const isLooser =
          fact.stopPrice !== null &&
          (fact.qtyLots > 0 ? decision.stopPrice < fact.stopPrice : decision.stopPrice > fact.stopPrice);
        if (isLooser) {
          violate("monotone-stop", decision.symbol, `The stop of ${decision.symbol} loosened`, {
            fromPrice: fact.stopPrice,
            toPrice: decision.stopPrice,
          });
        }
        fact.stopPrice = decision.stopPrice;
        return;
      }
      default:
        return;
    }
  }

  function checkScore(planId: string, symbol: string, score: KillScore | null): void {
    if (score === null) return;
    if (score.score >= 0.5 - SCORE_TOLERANCE && score.score <= scoreMax + SCORE_TOLERANCE) return;
    violate("kill-range", symbol, `Kill score ${score.score} of plan ${planId} is outside 0.5 to ${scoreMax}`, {
      planId,
      score: score.score,
    });
  }

  function checkFeatures(symbol: string): void {
    const features = options.featuresOf(symbol);
    if (features === null) return;
    const sum = features.pTrend + features.pMeanReversion + features.pChop;
    // Recorded features carry 6 decimals each, so three roundings may add up.
    if (Math.abs(sum - 1) <= PROBABILITY_TOLERANCE + 1.5e-6) return;
    violate("softmax", symbol, `Regime probabilities of ${symbol} sum to ${sum}`, { sum });
  }

  function checkTaints({ plan }: Extract<Decision, { type: "plan.published" }>): void {
    const isSynthetic = plan.origin === "harvest" && plan.positionQtyLots === 0;
    const isBlind = plan.killScore === null;
    if ((!isSynthetic || plan.taints.includes("position:synthetic")) && (!isBlind || plan.taints.length > 0)) return;
    violate(
      "fresh-inputs",
      plan.symbol,
      `Plan ${plan.planId} rests on synthetic or default input and does not say so`,
      {
        planId: plan.planId,
      },
    );
  }

  /** An order that cannot fill any more need not be remembered. */
  function forgetOrder({ event }: Envelope): void {
    if (event.type === "exchange.order-ended" || event.type === "exchange.order-rejected")
      reduceOnlyOrders.delete(event.clientOrderId);
  }

  return {
    save: () => memory,
    check(entry) {
      violations = [];
      checkFill(entry.envelope);
      forgetOrder(entry.envelope);
      for (const decision of entry.decisions) checkDecision(entry.envelope, decision);
      checkIntent(entry.envelope, entry.decisions);
      if (entry.envelope.event.type === "run.ended") {
        for (const planId of openPlans.keys()) {
          violate("plan-conservation", null, `Plan ${planId} has no result at the end of the run`, { planId });
        }
      }
      return violations;
    },
  };
}

function emptyMemory(): InvariantMemory {
  return {
    openPlans: new Map(),
    permits: new Map(),
    ordersByPlan: new Map(),
    reduceOnlyOrders: new Set(),
    positions: new Map(),
  };
}
