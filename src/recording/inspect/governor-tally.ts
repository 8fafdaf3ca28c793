import { numberOf, textOf } from "./entry-fields.ts";
import type { Inspection } from "./inspection.ts";
import { nearestRank } from "./nearest-rank.ts";

type Governor = NonNullable<Inspection["governor"]>;

/** Streams whose entries carry a kill score; the first one that is there is looked at (pipeline.md 2.3, 2.7). */
const STREAMS = ["apply.plan", "harvest.proposal", "harvest.calibrated", "portfolio.gate"] as const;
const SCORES_KEPT = 200_000;
const BIN = 0.02;
const BIN_COUNT = 50;
const DECISIONS_KEPT = 100;
/** Two heaps, not one with a hole: a gap this wide with at least this share of the scores on either side. */
const GAP_MIN = 0.05;
const SIDE_SHARE_MIN = 0.05;
/** The thresholds of the origin's governors, and the two the report names. */
const THRESHOLDS = [0.3, 0.6, 0.65, 0.7, 0.8, 0.85] as const;

interface Score {
  records: number;
  /** Of the records with `k_regime_flip`: how many have it at 1, and at 0. */
  flipped: number;
  unflipped: number;
}

/** Distribution of recorded kill scores, and what a threshold between them would block. */
export class GovernorTally {
  readonly #streams = new Map<string, Map<number, Score>>();
  readonly #decisions = new Map<string, Map<string, number>>();
  #unusable = 0;

  add(stream: string, fields: Readonly<Record<string, unknown>>): void {
    if (!(STREAMS as readonly string[]).includes(stream) || fields["kill_score"] === undefined) return;
    const score = numberOf(fields["kill_score"]);
    // A score is a sigmoid: anything else is no score (pipeline.md 3).
    if (!(score >= 0 && score <= 1)) {
      this.#unusable++;
      return;
    }
    const scores = this.#streams.get(stream) ?? new Map<number, Score>();
    this.#streams.set(stream, scores);
    const key = scores.size < SCORES_KEPT || scores.has(score) ? score : Math.round(score * 1e4) / 1e4;
    const entry = scores.get(key) ?? { records: 0, flipped: 0, unflipped: 0 };
    scores.set(key, entry);
    entry.records++;
    const flip = numberOf(fields["k_regime_flip"]);
    if (flip === 1) entry.flipped++;
    else if (flip === 0) entry.unflipped++;
    const decision = textOf(fields["decision"] ?? fields["final_action"] ?? fields["action"]);
    const decisions = this.#decisions.get(stream) ?? new Map<string, number>();
    this.#decisions.set(stream, decisions);
    if (decision !== "" && (decisions.has(decision) || decisions.size < DECISIONS_KEPT)) {
      decisions.set(decision, (decisions.get(decision) ?? 0) + 1);
    }
  }

  /** `null` when no entry has a score. */
  summary(): Governor | null {
    const stream = STREAMS.find((name) => this.#streams.has(name));
    if (stream === undefined) return null;
    const sorted = [...this.#streams.get(stream)!].sort(([left], [right]) => left - right);
    const records = sorted.reduce((sum, [, score]) => sum + score.records, 0);
    const byScore = sorted.map(([score, entry]): [number, number] => [score, entry.records]);
    const at = (share: number) => nearestRank(byScore, share);
    const histogram = Array.from({ length: BIN_COUNT }, (_, bin) => ({ from: bin / BIN_COUNT, records: 0 }));
    // 0.58 / 0.02 is a hair under 29: the half of a trillionth puts it where it belongs.
    for (const [score, entry] of sorted) {
      histogram[Math.min(BIN_COUNT - 1, Math.floor(score / BIN + 5e-13))]!.records += entry.records;
    }
    return {
      stream,
      records,
      unusable: this.#unusable,
      killScore: { min: sorted[0]![0], p10: at(0.1), p50: at(0.5), p90: at(0.9), max: sorted.at(-1)![0] },
      histogram,
      widestInterval: widestOf(sorted, records),
      blockedShare: THRESHOLDS.map((threshold) => ({ threshold, share: blockedShare(sorted, records, threshold) })),
      decisions: [...(this.#decisions.get(stream) ?? [])]
        .map(([name, count]) => ({ name, records: count }))
        .sort((left, right) => right.records - left.records || (left.name < right.name ? -1 : 1)),
    };
  }
}

type Sorted = readonly (readonly [number, Score])[];

/** Blocked is a score at or over the threshold. */
function blockedShare(sorted: Sorted, records: number, threshold: number): number {
  return sorted.reduce((sum, [score, entry]) => sum + (score >= threshold ? entry.records : 0), 0) / records;
}

/**
 * The widest interval between two neighbouring scores: every threshold over its lower end, up to its upper end, blocks
 * the same records. What is below the smallest score or above the largest blocks all or none and is left out.
 */
function widestOf(sorted: Sorted, records: number): Governor["widestInterval"] {
  let widest = 0;
  for (let at = 1; at + 1 < sorted.length; at++) {
    if (sorted[at + 1]![0] - sorted[at]![0] > sorted[widest + 1]![0] - sorted[widest]![0]) widest = at;
  }
  if (sorted.length < 2) return null;
  const [lower] = sorted[widest]!;
  const [upper] = sorted[widest + 1]!;
  const below = sorted.slice(0, widest + 1).map(([, score]) => score);
  const above = sorted.slice(widest + 1).map(([, score]) => score);
  const sum = (scores: readonly Score[], of: keyof Score) => scores.reduce((total, score) => total + score[of], 0);
  const share = sum(above, "records") / records;
  const isBimodal = upper - lower >= GAP_MIN && share >= SIDE_SHARE_MIN && share <= 1 - SIDE_SHARE_MIN;
  const isSplitByFlip =
    sum(below, "unflipped") === sum(below, "records") && sum(above, "flipped") === sum(above, "records");
  return { over: lower, upTo: upper, blockedShare: share, isBimodal, isSplitByRegimeFlip: isSplitByFlip };
}
