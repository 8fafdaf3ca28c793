import {
  type CountsByType,
  changesBetween,
  countChanges,
  type DecisionChange,
  type ExitOutcome,
} from "./comparison/decision-changes.ts";
import { type MetricDifference, metricDifferences } from "./comparison/metric-differences.ts";
import type { Episode } from "./summary/episodes.ts";
import { type Badge, badgeOf } from "./summary/evidence.ts";
import type { IntentOutcome } from "./summary/funnel.ts";
import type { RunSummary } from "./summary/schema.ts";

export type { DecisionChange, Ending, ExitOutcome } from "./comparison/decision-changes.ts";
export type { MetricDifference } from "./comparison/metric-differences.ts";

const HOUR_MS = 3_600_000;
const CHANGES_LISTED = 200;

/** Terminal states kept for a comparison; pass its callbacks to `createRunSummary`. Memory grows with intents. */
export interface OutcomeLog {
  readonly onIntent: (outcome: IntentOutcome) => void;
  readonly onEpisode: (episode: Episode) => void;
  /** By entry id and delivery: a second delivery of the same entry is `id#2`. */
  readonly intents: ReadonlyMap<string, IntentOutcome>;
  readonly exits: readonly ExitOutcome[];
}

export function createOutcomeLog(): OutcomeLog {
  const intents = new Map<string, IntentOutcome>();
  const deliveries = new Map<string, number>();
  const exits: ExitOutcome[] = [];
  return {
    intents,
    exits,
    onIntent(outcome) {
      const delivery = (deliveries.get(outcome.entryId) ?? 0) + 1;
      deliveries.set(outcome.entryId, delivery);
      intents.set(delivery === 1 ? outcome.entryId : `${outcome.entryId}#${delivery}`, outcome);
    },
    onEpisode(episode) {
      if (!episode.isExit) return;
      exits.push({
        episodeKey: episode.key,
        evalType: episode.evalType,
        symbol: episode.symbol,
        firstTsMs: episode.firstTsMs,
        lastTsMs: episode.lastTsMs,
        state: episode.state,
        reason: episode.state === null ? "no_result" : episode.stateReason,
        planId: episode.firstPlanId,
      });
    },
  };
}

export interface ComparedRun {
  readonly summary: RunSummary;
  readonly outcomes: OutcomeLog;
}

export interface VariantComparison {
  readonly baseline: string;
  readonly candidate: string;
  /** Intents and exit episodes both variants had. */
  readonly same: number;
  readonly changed: number;
  readonly nowExecuted: Readonly<CountsByType>;
  readonly nowBlocked: Readonly<CountsByType>;
  /** Neither executed, but it ended elsewhere; or filled against filled in part. */
  readonly otherwise: Readonly<CountsByType>;
  /** Exits only one variant asked for: its positions differ, so these follow from earlier changes. */
  readonly exitsOnlyInBaseline: number;
  readonly exitsOnlyInCandidate: number;
  readonly first: DecisionChange | null;
  /** In time order, the first 200; `changed` is the total. */
  readonly changes: readonly DecisionChange[];
  readonly differences: readonly MetricDifference[];
  readonly badge: Badge;
  readonly evidence: readonly string[];
}

export interface RunComparison {
  readonly schema: "sim.comparison/1";
  readonly baseline: string;
  readonly candidates: readonly VariantComparison[];
}

/**
 * Compares every variant with the first: which decisions changed, which one first, and by how much the main numbers
 * differ. The changes are exact facts about this recording; the differences carry no interval, because one recording
 * gives none (reports.md 2.0), and say so.
 */
export function compareVariants(runs: readonly ComparedRun[]): RunComparison {
  const [baseline, ...candidates] = runs;
  if (baseline === undefined) throw new RangeError("Cannot compare variants: there are none, at least one is needed");
  return {
    schema: "sim.comparison/1",
    baseline: baseline.summary.run.variant,
    candidates: candidates.map((candidate) => compareTwo(baseline, candidate)),
  };
}

function compareTwo(baseline: ComparedRun, candidate: ComparedRun): VariantComparison {
  const { same, changes, exitsOnlyInBaseline, exitsOnlyInCandidate } = changesBetween(
    baseline.outcomes,
    candidate.outcomes,
  );
  const facts = badgeOf({
    spanMs: candidate.summary.run.spanMs,
    episodes: discordantEpisodes(changes, candidate.summary.evidence.episodeGapMs),
    hours: new Set(changes.map((change) => Math.floor(change.tsMs / HOUR_MS))).size,
    recordings: 1,
    isDeclaredBefore: false,
  });
  // Exact differences are all that is stated here, so the badge never promises an interval.
  const badge: Badge = facts.badge === "E0" ? "E0" : "E1";
  return {
    baseline: baseline.summary.run.variant,
    candidate: candidate.summary.run.variant,
    same,
    changed: changes.length,
    ...countChanges(changes),
    exitsOnlyInBaseline,
    exitsOnlyInCandidate,
    first: changes[0] ?? null,
    changes: changes.slice(0, CHANGES_LISTED),
    differences: metricDifferences(baseline.summary, candidate.summary),
    badge,
    evidence: [
      ...(badge === "E0" ? facts.reasons : []),
      `no interval: one recording, ${badge}; the changes are facts about it, the differences are its totals`,
    ],
  };
}

/** Changes on one symbol closer together than the gap are one discordant episode. */
function discordantEpisodes(changes: readonly DecisionChange[], gapMs: number): number {
  const lastBySymbol = new Map<string, number>();
  let episodes = 0;
  for (const { symbol, tsMs } of changes) {
    const last = lastBySymbol.get(symbol);
    if (last === undefined || tsMs - last > gapMs) episodes += 1;
    lastBySymbol.set(symbol, tsMs);
  }
  return episodes;
}
