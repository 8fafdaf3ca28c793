import type { CandidatesRanked } from "../../engine/domain/decision.ts";
import type { JournalEntry } from "../../engine/domain/journal.ts";
import { createDistribution } from "./distribution.ts";
import { rateOf } from "./rate.ts";
import { createReasonTally } from "./reason-tally.ts";
import type { RunSummary } from "./schema.ts";

export interface Coverage {
  /** `openSymbols`: positions by our own fills before this entry; each is a symbol that must be covered. */
  observe(entry: JournalEntry, openSymbols: () => string[]): void;
  finish(): RunSummary["coverage"];
}

/**
 * Did the symbols that needed a snapshot have a fresh one: counted per ranking cycle, needed symbols only.
 *
 * A journal holds a ranking when it differs from the one before, with the number of repeats in between: each counts
 * as often as it was in force. Repeats after the last one are not in the journal and count as none. The cost of a
 * cycle and starved symbols are counted per change, because repeats say nothing new about them.
 */
export function createCoverage(warmupUntilTsMs: number): Coverage {
  const counts = { cycles: 0, neededFresh: 0, neededStale: 0, neverRanked: 0 };
  const tiers = new Map<string, number>();
  const starved = createReasonTally();
  const cycleCost = createDistribution();
  let ranker: string | null = null;
  let openNeeded = 0;
  let openCovered = 0;

  /** The ranking in force; journals repeat it only when it changes. */
  let current: { readonly cycle: CandidatesRanked; readonly openSymbols: readonly string[] } | null = null;

  function count(weight: number): void {
    if (current === null || weight === 0) return;
    const { cycle, openSymbols } = current;
    counts.cycles += weight;
    counts.neededFresh += weight * cycle.neededFresh;
    counts.neededStale += weight * cycle.neededStale.length;
    counts.neverRanked += weight * cycle.neededNeverRanked.length;
    for (const [tier, size] of Object.entries(cycle.tierCounts))
      tiers.set(tier, (tiers.get(tier) ?? 0) + weight * size);
    const uncovered = new Set([...cycle.neededStale, ...cycle.neededNeverRanked]);
    openNeeded += weight * openSymbols.length;
    openCovered += weight * openSymbols.filter((symbol) => !uncovered.has(symbol)).length;
  }

  function rank(cycle: CandidatesRanked, openSymbols: readonly string[]): void {
    count(cycle.repeatedCycles);
    current = { cycle, openSymbols };
    ranker = cycle.ranker;
    count(1);
    cycleCost.add(cycle.cycleCostMs);
    for (const symbol of cycle.neededStale) starved.add("stale", symbol);
    for (const symbol of cycle.neededNeverRanked) starved.add("never_ranked", symbol);
  }

  return {
    observe({ envelope: { tsMs }, decisions }, openSymbols) {
      if (tsMs < warmupUntilTsMs) return;
      for (const decision of decisions) {
        if (decision.type === "candidates.ranked") rank(decision, openSymbols());
      }
    },
    finish: () => ({
      ranker,
      ...counts,
      openPositions: rateOf(openCovered, openNeeded, "no position was open at a ranking"),
      tierCounts: [...tiers]
        .sort((left, right) => (left[0] < right[0] ? -1 : 1))
        .map(([tier, count]) => ({ tier, count })),
      cycleCost: cycleCost.finish("ms", "no ranking cycle"),
      starved: starved.list(),
    }),
  };
}
