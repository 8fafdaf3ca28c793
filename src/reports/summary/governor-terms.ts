import type { EvalType } from "../../engine/domain/intent.ts";
import type { JournalEntry } from "../../engine/domain/journal.ts";
import type { Plan } from "../../engine/domain/plan.ts";
import { createDistribution, type DistributionSketch } from "./distribution.ts";
import { reasonOf } from "./episodes.ts";
import { createReasonTally, type ReasonTally } from "./reason-tally.ts";
import type { RunSummary } from "./schema.ts";

/** Closer to the cutoff than this, another Node version may decide otherwise (reports.md 3.7). */
const FRAGILE_EPSILON = 1e-9;
const TERMS_MAX = 40;

interface Group {
  readonly governor: string;
  readonly evalType: EvalType;
  evaluations: number;
  fragile: number;
  readonly outcomes: Map<string, ReasonTally>;
  readonly value: DistributionSketch;
  readonly cutoff: DistributionSketch;
  readonly margin: DistributionSketch;
  readonly terms: Map<string, DistributionSketch>;
}

export interface GovernorTerms {
  observe(entry: JournalEntry): void;
  finish(): RunSummary["governor"];
}

/** What governors compared with what, by governor and evalType: values, cutoffs, margins and every named term. */
export function createGovernorTerms(warmupUntilTsMs: number): GovernorTerms {
  const groups = new Map<string, Group>();

  function observePlan(plan: Plan): void {
    const { verdict } = plan;
    if (verdict === null) return;
    const id = `${verdict.governor} ${plan.evalType}`;
    let group = groups.get(id);
    if (group === undefined) {
      group = createGroup(verdict.governor, plan.evalType);
      groups.set(id, group);
    }
    group.evaluations += 1;
    let outcome = group.outcomes.get(verdict.decision);
    if (outcome === undefined) {
      outcome = createReasonTally();
      group.outcomes.set(verdict.decision, outcome);
    }
    outcome.add(verdict.reasonCode === "" ? reasonOf(plan) : verdict.reasonCode, plan.symbol);
    if (verdict.value !== null) group.value.add(verdict.value);
    if (verdict.cutoff !== null) group.cutoff.add(verdict.cutoff);
    if (verdict.margin !== null) {
      group.margin.add(verdict.margin);
      if (Math.abs(verdict.margin) < FRAGILE_EPSILON) group.fragile += 1;
    }
    for (const [name, value] of Object.entries(verdict.terms)) {
      if (value === null) continue;
      let term = group.terms.get(name);
      if (term === undefined) {
        if (group.terms.size >= TERMS_MAX) continue;
        term = createDistribution();
        group.terms.set(name, term);
      }
      term.add(value);
    }
  }

  return {
    observe({ envelope, decisions }) {
      if (envelope.tsMs < warmupUntilTsMs) return;
      for (const decision of decisions) if (decision.type === "plan.published") observePlan(decision.plan);
    },
    finish: () =>
      [...groups]
        .sort((left, right) => (left[0] < right[0] ? -1 : 1))
        .map(([, group]) => ({
          governor: group.governor,
          evalType: group.evalType,
          evaluations: group.evaluations,
          byOutcome: [...group.outcomes]
            .sort((left, right) => (left[0] < right[0] ? -1 : 1))
            .map(([outcome, tally]) => ({ outcome, count: tally.total, byReason: tally.list() })),
          value: group.value.finish("score", "the rule compared no value"),
          cutoff: group.cutoff.finish("score", "the rule compared with no cutoff"),
          margin: group.margin.finish("score", "the rule compared nothing"),
          fragile: group.fragile,
          terms: [...group.terms].map(([name, sketch]) => {
            const { n, min, p50, max } = sketch.finish("score");
            return { name, n, min, median: p50, max };
          }),
        })),
  };
}

function createGroup(governor: string, evalType: EvalType): Group {
  return {
    governor,
    evalType,
    evaluations: 0,
    fragile: 0,
    outcomes: new Map(),
    value: createDistribution(),
    cutoff: createDistribution(),
    margin: createDistribution(),
    terms: new Map(),
  };
}
