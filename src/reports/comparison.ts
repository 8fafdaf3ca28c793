import { formatMoney, parseMoney } from "../engine/domain/money.ts";
import { metricById } from "./metrics.ts";
import type { Episode } from "./summary/episodes.ts";
import { type Badge, badgeOf } from "./summary/evidence.ts";
import type { IntentOutcome } from "./summary/funnel.ts";
import type { Estimate, RunSummary, TerminalState } from "./summary/schema.ts";

const HOUR_MS = 3_600_000;
const CHANGES_LISTED = 200;

/** What one exit episode became. */
export interface ExitOutcome {
  readonly episodeKey: string;
  readonly evalType: IntentOutcome["evalType"];
  readonly symbol: string;
  readonly firstTsMs: number;
  readonly lastTsMs: number;
  readonly state: TerminalState | null;
  readonly reason: string;
  readonly planId: string;
}

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

export interface Ending {
  readonly state: TerminalState | "UNACCOUNTED" | "ABSENT";
  readonly reason: string;
  readonly planId: string | null;
}

export interface DecisionChange {
  readonly kind: "intent" | "exit";
  readonly tsMs: number;
  readonly symbol: string;
  readonly evalType: IntentOutcome["evalType"];
  /** Entry id of the intent, or episode key of the exit. */
  readonly key: string;
  readonly from: Ending;
  readonly to: Ending;
}

export interface MetricDifference {
  readonly metric: string;
  readonly aggregation: string;
  readonly unit: string;
  readonly baseline: number | string | null;
  readonly candidate: number | string | null;
  /** Candidate minus baseline; money is exact decimal text. */
  readonly difference: number | string | null;
  readonly reason: string | null;
}

export interface VariantComparison {
  readonly baseline: string;
  readonly candidate: string;
  /** Intents and exit episodes both variants had. */
  readonly same: number;
  readonly changed: number;
  readonly nowExecuted: Readonly<Record<IntentOutcome["evalType"], number>>;
  readonly nowBlocked: Readonly<Record<IntentOutcome["evalType"], number>>;
  /** Neither executed, but it ended elsewhere; or filled against filled in part. */
  readonly otherwise: Readonly<Record<IntentOutcome["evalType"], number>>;
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
  const intents = pairIntents(baseline.outcomes, candidate.outcomes);
  const exits = pairExits(baseline.outcomes.exits, candidate.outcomes.exits);
  const changes = [...intents.changes, ...exits.changes].sort(inTimeOrder);
  const counts = { nowExecuted: zeroes(), nowBlocked: zeroes(), otherwise: zeroes() };
  for (const change of changes) counts[kindOf(change)][change.evalType] += 1;
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
    same: intents.same + exits.same,
    changed: changes.length,
    ...counts,
    exitsOnlyInBaseline: exits.onlyInBaseline,
    exitsOnlyInCandidate: exits.onlyInCandidate,
    first: changes[0] ?? null,
    changes: changes.slice(0, CHANGES_LISTED),
    differences: COMPARED.map(([metric, aggregation]) =>
      differenceOf(metric, aggregation, baseline.summary, candidate.summary),
    ),
    badge,
    evidence: [
      ...(badge === "E0" ? facts.reasons : []),
      `no interval: one recording, ${badge}; the changes are facts about it, the differences are its totals`,
    ],
  };
}

function zeroes(): Record<IntentOutcome["evalType"], number> {
  return { ENTRY: 0, EXIT: 0, UNKNOWN: 0 };
}

function isExecuted(ending: Ending): boolean {
  return ending.state === "FILLED" || ending.state === "PARTIAL";
}

function kindOf({ from, to }: DecisionChange): "nowExecuted" | "nowBlocked" | "otherwise" {
  if (!isExecuted(from) && isExecuted(to)) return "nowExecuted";
  return isExecuted(from) && !isExecuted(to) ? "nowBlocked" : "otherwise";
}

function inTimeOrder(left: DecisionChange, right: DecisionChange): number {
  if (left.tsMs !== right.tsMs) return left.tsMs - right.tsMs;
  if (left.kind !== right.kind) return left.kind < right.kind ? -1 : 1;
  return left.key < right.key ? -1 : left.key > right.key ? 1 : 0;
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

function endingOf(outcome: { state: TerminalState | null; reason: string; planId: string | null }): Ending {
  return { state: outcome.state ?? "UNACCOUNTED", reason: outcome.reason, planId: outcome.planId };
}

const ABSENT: Ending = { state: "ABSENT", reason: "not received", planId: null };

function pairIntents(baseline: OutcomeLog, candidate: OutcomeLog): { same: number; changes: DecisionChange[] } {
  const changes: DecisionChange[] = [];
  let same = 0;
  const compare = (key: string, before: IntentOutcome | undefined, after: IntentOutcome | undefined) => {
    const from = before === undefined ? ABSENT : endingOf(before);
    const to = after === undefined ? ABSENT : endingOf(after);
    if (from.state === to.state) {
      same += 1;
      return;
    }
    const { tsMs, symbol, evalType } = (before ?? after)!;
    changes.push({ kind: "intent", tsMs, symbol, evalType, key, from, to });
  };
  for (const [key, before] of baseline.intents) compare(key, before, candidate.intents.get(key));
  for (const [key, after] of candidate.intents) {
    if (!baseline.intents.has(key)) compare(key, undefined, after);
  }
  return { same, changes };
}

interface ExitPairs {
  readonly same: number;
  readonly onlyInBaseline: number;
  readonly onlyInCandidate: number;
  readonly changes: DecisionChange[];
}

/** Episodes of one symbol and evalType that overlap in time are the same exit asked under two governors. */
function pairExits(baseline: readonly ExitOutcome[], candidate: readonly ExitOutcome[]): ExitPairs {
  const byKey = groupByKey(candidate);
  const changes: DecisionChange[] = [];
  const counts = { same: 0, onlyInBaseline: 0, onlyInCandidate: 0 };
  const keys = groupByKey(baseline);
  for (const key of new Set([...keys.keys(), ...byKey.keys()])) {
    const before = keys.get(key) ?? [];
    const after = byKey.get(key) ?? [];
    let left = 0;
    let right = 0;
    while (left < before.length && right < after.length) {
      const [one, other] = [before[left]!, after[right]!];
      if (one.lastTsMs < other.firstTsMs) {
        counts.onlyInBaseline += 1;
        left += 1;
      } else if (other.lastTsMs < one.firstTsMs) {
        counts.onlyInCandidate += 1;
        right += 1;
      } else {
        if (one.state === other.state) counts.same += 1;
        else changes.push(exitChange(one, other));
        left += 1;
        right += 1;
      }
    }
    counts.onlyInBaseline += before.length - left;
    counts.onlyInCandidate += after.length - right;
  }
  return { ...counts, changes };
}

function exitChange(before: ExitOutcome, after: ExitOutcome): DecisionChange {
  return {
    kind: "exit",
    tsMs: Math.min(before.firstTsMs, after.firstTsMs),
    symbol: before.symbol,
    evalType: before.evalType,
    key: before.episodeKey,
    from: endingOf(before),
    to: endingOf(after),
  };
}

function groupByKey(exits: readonly ExitOutcome[]): Map<string, ExitOutcome[]> {
  const groups = new Map<string, ExitOutcome[]>();
  for (const exit of exits) {
    const key = `${exit.evalType} ${exit.symbol}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [exit]);
    else group.push(exit);
  }
  for (const group of groups.values()) {
    group.sort((left, right) => left.firstTsMs - right.firstTsMs || (left.planId < right.planId ? -1 : 1));
  }
  return groups;
}

/** The main numbers, in the order they are shown. */
const COMPARED: readonly (readonly [metric: string, aggregation: "value" | "p95"])[] = [
  ["money.net_pnl", "value"],
  ["money.fees", "value"],
  ["money.funding", "value"],
  ["money.max_drawdown_abs", "value"],
  ["trades.count", "value"],
  ["trades.win_rate", "value"],
  ["entry.fill_rate", "value"],
  ["entry.block_rate", "value"],
  ["exit.block_rate", "value"],
  ["exit.blocked_episode.count", "value"],
  ["exit.blocked_episode.time", "p95"],
  ["orders.filled", "value"],
  ["coverage.open_positions", "value"],
  ["taint.rate", "value"],
];

function differenceOf(
  metric: string,
  aggregation: "value" | "p95",
  baseline: RunSummary,
  candidate: RunSummary,
): MetricDifference {
  const [before, after] = [baseline.metrics[metric]!, candidate.metrics[metric]!];
  const [from, to] = [pick(before, aggregation), pick(after, aggregation)];
  const shared = { metric, aggregation, unit: metricById(metric)!.unit, baseline: from, candidate: to };
  if (from === null || to === null) {
    return { ...shared, difference: null, reason: (from === null ? before.reason : after.reason) ?? "undefined" };
  }
  const difference =
    typeof from === "string" || typeof to === "string"
      ? formatMoney(parseMoney(String(to)) - parseMoney(String(from)))
      : to - from;
  return { ...shared, difference, reason: null };
}

function pick(estimate: Estimate, aggregation: "value" | "p95"): number | string | null {
  return aggregation === "p95" ? (estimate.distribution?.p95 ?? null) : estimate.value;
}
