import { sideSign } from "../../engine/domain/intent.ts";
import type { JournalEntry } from "../../engine/domain/journal.ts";
import {
  candidateCoverage,
  firstCoverDelays,
  type RankedTick,
  starvationBySymbol,
} from "../statistics/candidate-coverage.ts";
import { known, type Measured, unknown } from "../statistics/measured.ts";
import { kaplanMeier, survivalQuantile } from "../statistics/survival.ts";
import type { CoverageSection } from "./schema.ts";

const MINUTE_MS = 60_000;
const STARVED_LISTED = 10;

export interface CandidateLog {
  observe(entry: JournalEntry): void;
  /** How well the ranker covered what was needed; `one_call_for_all` when nothing was ranked. */
  finish(): Measured<CoverageSection>;
}

/**
 * Needs and choices of every ranking cycle of a journal (reports.md 3.6). Needed are open positions and symbols with an
 * intent in the last `needWindowMs`. A journal holds a ranking when it differs from the one before: the repeats in
 * between count as often as they happened, with the needs of the ranking in force.
 */
export function createCandidateLog(options: {
  readonly needWindowMs: number;
  readonly warmupUntilTsMs: number;
  /** Symbols the venue does not list: they leave the denominators and are named apart. */
  readonly unlisted: ReadonlySet<string>;
}): CandidateLog {
  const { needWindowMs, warmupUntilTsMs, unlisted } = options;
  const ticks: RankedTick[] = [];
  const positions = new Map<string, number>();
  const intentTsMs = new Map<string, number>();
  const neededUnlisted = new Set<string>();
  let budget = 0;
  let hasRanking = false;
  let hasCycle = false;

  function needs(tsMs: number, named: readonly string[]): ReadonlySet<string> {
    const needed = new Set<string>(named);
    for (const [symbol, qtyLots] of positions) if (qtyLots !== 0) needed.add(symbol);
    for (const [symbol, lastTsMs] of intentTsMs) if (tsMs - lastTsMs <= needWindowMs) needed.add(symbol);
    for (const symbol of [...needed]) {
      if (!unlisted.has(symbol)) continue;
      needed.delete(symbol);
      neededUnlisted.add(symbol);
    }
    return needed;
  }

  return {
    observe({ envelope: { tsMs, event }, decisions }) {
      if (event.type === "exchange.order-filled") {
        const signed = sideSign(event.side) * event.qtyLots;
        positions.set(event.symbol, (positions.get(event.symbol) ?? 0) + signed);
      } else if (event.type === "exchange.snapshot-received" && event.status === "ok") {
        // What the account came with is no fill of ours.
        for (const { symbol, qtyLots } of event.positions) if (!positions.has(symbol)) positions.set(symbol, qtyLots);
      }
      for (const decision of decisions) {
        if (decision.type === "plan.published" && decision.plan.origin === "bridge") {
          intentTsMs.set(decision.plan.symbol, tsMs);
        }
        if (decision.type !== "candidates.ranked" || tsMs < warmupUntilTsMs) continue;
        hasCycle = true;
        if (decision.ranker === "one-call-for-all") continue;
        hasRanking = true;
        budget = Math.max(budget, decision.budgetCalls);
        const before = ticks.at(-1);
        if (before !== undefined) {
          const step = (tsMs - before.tsMs) / (decision.repeatedCycles + 1);
          for (let repeat = 1; repeat <= decision.repeatedCycles; repeat += 1) {
            ticks.push({ ...before, tsMs: before.tsMs + repeat * step });
          }
        }
        const needed = needs(tsMs, [...decision.neededStale, ...decision.neededNeverRanked]);
        ticks.push({ tsMs, needed, candidates: decision.symbols });
      }
    },
    finish() {
      if (!hasRanking) return unknown(hasCycle ? "one_call_for_all" : "no_cycle");
      const measures = candidateCoverage(ticks, budget);
      const delays = firstCoverDelays(ticks, budget);
      const survival = kaplanMeier(delays);
      const quantileOf = (share: number): Measured =>
        survival.value === null ? unknown("nothing_needed") : survivalQuantile(survival.value.steps, share);
      const spanMs = ticks.at(-1)!.tsMs - ticks[0]!.tsMs;
      const calls = ticks.reduce((sum, { candidates }) => sum + candidates.length, 0);
      const { needed, hits, microRecall, macroRecall, cappedRecall, ceiling, precision, churn } = measures;
      return known({
        budget,
        ticks: ticks.length,
        ...{ needed, hits, microRecall, macroRecall, cappedRecall, ceiling, precision, churn },
        starvation: [...starvationBySymbol(ticks, budget)]
          .map(([symbol, longestMs]) => ({ symbol, longestMs }))
          .sort((left, right) => right.longestMs - left.longestMs || (left.symbol < right.symbol ? -1 : 1))
          .slice(0, STARVED_LISTED),
        firstCoverSeconds: {
          n: delays.length,
          censored: delays.filter(({ isCensored }) => isCensored).length,
          p50: quantileOf(0.5),
          p95: quantileOf(0.95),
        },
        callsPerMinute: spanMs > 0 ? known(calls / (spanMs / MINUTE_MS)) : unknown("one_tick"),
        // allow(sort): the symbols of a Set are unique
        unlisted: [...neededUnlisted].sort(),
      });
    },
  };
}
