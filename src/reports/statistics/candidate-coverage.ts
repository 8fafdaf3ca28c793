import { known, type Measured, requireFinite, requireSameLength, unknown } from "./measured.ts";
import { exactSum } from "./sum.ts";
import type { Delay } from "./survival.ts";

/** One tick of a ranker: what was needed (an intent or an open position) and what was chosen, best first. */
export interface RankedTick {
  readonly tsMs: number;
  readonly needed: ReadonlySet<string>;
  readonly candidates: readonly string[];
}

export interface CandidateCoverage {
  readonly ticks: number;
  readonly needed: number;
  readonly hits: number;
  /** Hits over needs of all ticks. */
  readonly microRecall: Measured;
  /** Mean recall of the ticks that needed anything. */
  readonly macroRecall: Measured;
  /** Hits over the most that K places allow: the share of the oracle's ceiling. */
  readonly cappedRecall: Measured;
  /** The oracle's micro recall: no ranker can have more. */
  readonly ceiling: Measured;
  /** Hits over K places of every tick; what is missing is wasted calls. */
  readonly precision: Measured;
  /** Mean of 1 - Jaccard of neighbouring ticks' choices. */
  readonly churn: Measured;
  /** Longest time a symbol was needed at every tick and chosen at none, with the symbol first in order among equals. */
  readonly longestStarvation: { readonly symbol: string; readonly ms: number } | null;
}

/** Coverage of the first K candidates (reports.md 3.6). Symbols the venue does not list must not be among the needed. */
export function candidateCoverage(ticks: readonly RankedTick[], k: number): CandidateCoverage {
  let needed = 0;
  let hits = 0;
  let possible = 0;
  const recalls: number[] = [];
  const distances: number[] = [];
  let before: ReadonlySet<string> | null = null;
  for (const tick of ticks) {
    const chosen = new Set(tick.candidates.slice(0, k));
    const hit = [...tick.needed].filter((symbol) => chosen.has(symbol)).length;
    needed += tick.needed.size;
    hits += hit;
    possible += Math.min(tick.needed.size, k);
    if (tick.needed.size > 0) recalls.push(hit / tick.needed.size);
    if (before !== null) distances.push(jaccardDistance(before, chosen));
    before = chosen;
  }
  const nothing = unknown("nothing_needed");
  return {
    ticks: ticks.length,
    needed,
    hits,
    microRecall: needed === 0 ? nothing : known(hits / needed),
    macroRecall: recalls.length === 0 ? nothing : known(exactSum(recalls) / recalls.length),
    cappedRecall: possible === 0 ? nothing : known(hits / possible),
    ceiling: needed === 0 ? nothing : known(possible / needed),
    precision: ticks.length * k === 0 ? unknown("no_tick") : known(hits / (ticks.length * k)),
    churn: distances.length === 0 ? unknown("no_tick") : known(exactSum(distances) / distances.length),
    longestStarvation: longestStarvation(ticks, k),
  };
}

function jaccardDistance(left: ReadonlySet<string>, right: ReadonlySet<string>): number {
  const shared = [...left].filter((symbol) => right.has(symbol)).length;
  const union = left.size + right.size - shared;
  return union === 0 ? 0 : 1 - shared / union;
}

function longestStarvation(ticks: readonly RankedTick[], k: number): CandidateCoverage["longestStarvation"] {
  let longest: { symbol: string; ms: number } | null = null;
  for (const [symbol, ms] of starvationBySymbol(ticks, k)) {
    if (longest === null || ms > longest.ms || (ms === longest.ms && symbol < longest.symbol)) longest = { symbol, ms };
  }
  return longest;
}

/** Longest time each symbol was needed at every tick and chosen at none; symbols that never had to wait are absent. */
export function starvationBySymbol(ticks: readonly RankedTick[], k: number): ReadonlyMap<string, number> {
  const sinceTsMs = new Map<string, number>();
  const longest = new Map<string, number>();
  for (const { tsMs, needed, candidates } of ticks) {
    const chosen = new Set(candidates.slice(0, k));
    for (const symbol of [...sinceTsMs.keys()]) {
      if (!needed.has(symbol) || chosen.has(symbol)) sinceTsMs.delete(symbol);
    }
    for (const symbol of needed) {
      if (chosen.has(symbol)) continue;
      const since = sinceTsMs.get(symbol) ?? tsMs;
      sinceTsMs.set(symbol, since);
      longest.set(symbol, Math.max(longest.get(symbol) ?? 0, tsMs - since));
    }
  }
  return longest;
}

/**
 * Time from the tick at which a symbol was first needed to the one at which it was chosen, one delay a need; censored
 * when the need or the recording ended first. Feed it to `kaplanMeier`: needs that were never covered are the slowest.
 */
export function firstCoverDelays(ticks: readonly RankedTick[], k: number): Delay[] {
  const open = new Map<string, number>();
  const covered = new Set<string>();
  const delays: Delay[] = [];
  const close = (symbol: string, tsMs: number, isCensored: boolean): void => {
    delays.push({ seconds: (tsMs - open.get(symbol)!) / 1000, isCensored });
    open.delete(symbol);
  };
  for (const { tsMs, needed, candidates } of ticks) {
    const chosen = new Set(candidates.slice(0, k));
    for (const symbol of [...covered]) if (!needed.has(symbol)) covered.delete(symbol);
    for (const symbol of [...open.keys()]) if (!needed.has(symbol)) close(symbol, tsMs, true);
    for (const symbol of [...needed].sort()) {
      if (covered.has(symbol)) continue;
      if (!open.has(symbol)) open.set(symbol, tsMs);
      if (!chosen.has(symbol)) continue;
      close(symbol, tsMs, false);
      covered.add(symbol);
    }
  }
  const endTsMs = ticks.at(-1)?.tsMs ?? 0;
  for (const symbol of [...open.keys()]) close(symbol, endTsMs, true);
  return delays;
}

/**
 * Normalised discounted cumulative gain (Jarvelin and Kekalainen 2002) with linear gain: relevance (intents or notional
 * of the next window) of symbols ordered by score, discounted by log2(rank + 1), over the best order. Equal scores
 * share the mean discount, so their order does not matter (McSherry and Najork 2008).
 */
export function ndcg(relevance: readonly number[], scores: readonly number[], k = relevance.length): Measured {
  requireSameLength(relevance, scores, "relevance and scores");
  requireFinite(relevance, "relevance");
  requireFinite(scores, "scores");
  const order = scores.map((_, index) => index).sort((left, right) => scores[right]! - scores[left]! || left - right);
  const gains: number[] = [];
  for (let index = 0; index < order.length; ) {
    let next = index;
    while (next < order.length && scores[order[next]!] === scores[order[index]!]) next += 1;
    const tied = order.slice(index, next).map((each) => relevance[each]!);
    const mean = exactSum(tied) / tied.length;
    for (; index < next; index += 1) gains.push(mean);
  }
  const best = discounted(
    [...relevance].sort((left, right) => right - left),
    k,
  );
  return best <= 0 ? unknown("nothing_relevant") : known(discounted(gains, k) / best);
}

function discounted(gains: readonly number[], k: number): number {
  return exactSum(gains.slice(0, k).map((gain, index) => gain / Math.log2(index + 2)));
}
