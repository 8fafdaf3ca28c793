import { exactSum, fragileDecisions, seedSpread } from "../statistics/index.ts";
import { known } from "../statistics/measured.ts";
import { countChanges, type DecisionChange, intentsByDelivery } from "./decision-changes.ts";
import type { LabCandidate } from "./lab-comparison.ts";
import { burstDifferences, endQuoteOf, type Pair, startQuoteOf } from "./pair.ts";

const HOUR_MS = 3_600_000;
const CHANGES_LISTED = 200;
const EPISODES_LISTED = 5;
const FRAGILE_LISTED = 20;

/** Different hours of these times. */
export function hoursOf(timesTsMs: readonly number[]): number {
  return new Set(timesTsMs.map((tsMs) => Math.floor(tsMs / HOUR_MS))).size;
}

/** Exact changes over all recordings of a pair. */
export function decisionsOf({ parts }: Pair): LabCandidate["decisions"] {
  const changes = parts.flatMap(({ baseline, decisions }) =>
    decisions.changes.map((change) => ({ recording: baseline.recording, ...change })),
  );
  const sum = (pick: (part: Pair["parts"][number]) => number) => parts.reduce((total, part) => total + pick(part), 0);
  const counts = countChanges(changes as readonly DecisionChange[]);
  return {
    same: sum(({ decisions }) => decisions.same),
    changed: changes.length,
    nowExecuted: { ...counts.nowExecuted },
    nowBlocked: { ...counts.nowBlocked },
    otherwise: { ...counts.otherwise },
    exitsOnlyInBaseline: sum(({ decisions }) => decisions.exitsOnlyInBaseline),
    exitsOnlyInCandidate: sum(({ decisions }) => decisions.exitsOnlyInCandidate),
    first: changes[0] ?? null,
    changes: changes.slice(0, CHANGES_LISTED),
  };
}

/** Where the difference of final equity comes from. */
export function episodesOf(pair: Pair): LabCandidate["episodes"] {
  const all = pair.parts.flatMap(({ baseline, episodes }) =>
    episodes.map((episode) => ({ recording: baseline.recording, ...episode })),
  );
  const totalQuote = exactSum(all.map(({ differenceQuote }) => differenceQuote));
  const difference = exactSum(
    pair.parts.flatMap(({ baseline, candidate }) => [
      endQuoteOf(candidate) - startQuoteOf(candidate),
      startQuoteOf(baseline) - endQuoteOf(baseline),
    ]),
  );
  return {
    count: all.length,
    bursts: new Set(burstDifferences(pair).map(({ trigger }) => trigger)).size,
    hours: pair.parts.reduce((sum, { episodes }) => sum + hoursOf(episodes.map(({ firstTsMs }) => firstTsMs)), 0),
    totalQuote,
    unattributedQuote: difference - totalQuote,
    largest: [...all]
      .sort(
        (left, right) =>
          Math.abs(right.differenceQuote) - Math.abs(left.differenceQuote) ||
          left.firstTsMs - right.firstTsMs ||
          (left.symbol < right.symbol ? -1 : 1),
      )
      .slice(0, EPISODES_LISTED),
  };
}

/** How much the seed decides, and which decisions depend on it. */
export function seedsOf(pairs: readonly Pair[]): LabCandidate["seeds"] {
  const spread = seedSpread(
    pairs.map(({ parts }) => parts.flatMap(({ episodes }) => episodes.map(({ differenceQuote }) => differenceQuote))),
  );
  if (spread.value === null) return spread;
  const states = pairs.map(
    ({ parts }) =>
      new Map(
        parts.flatMap(({ candidate, recordingHash }) =>
          [...intentsByDelivery(candidate.intents)].map(
            ([key, { state }]) => [`${recordingHash.slice(0, 8)} ${key}`, state ?? "UNACCOUNTED"] as const,
          ),
        ),
      ),
  );
  const fragile = fragileDecisions(states);
  return known({ ...spread.value, fragile: fragile.length, fragileKeys: fragile.slice(0, FRAGILE_LISTED) });
}
