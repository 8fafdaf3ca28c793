import type { IntentOutcome } from "../summary/funnel.ts";
import type { TerminalState } from "../summary/schema.ts";

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

/** What became of everything asked for in one run. */
export interface Outcomes {
  /** By entry id and delivery: a second delivery of the same entry is `id#2`. */
  readonly intents: ReadonlyMap<string, IntentOutcome>;
  readonly exits: readonly ExitOutcome[];
}

export type CountsByType = Record<IntentOutcome["evalType"], number>;

export interface ChangeCounts {
  readonly nowExecuted: Readonly<CountsByType>;
  readonly nowBlocked: Readonly<CountsByType>;
  /** Neither executed, but it ended elsewhere; or filled against filled in part. */
  readonly otherwise: Readonly<CountsByType>;
}

export interface DecisionChanges {
  /** Intents and exit episodes both had, with the same end. */
  readonly same: number;
  /** In time order. */
  readonly changes: readonly DecisionChange[];
  /** Exits only one of them asked for: its positions differ, so these follow from earlier changes. */
  readonly exitsOnlyInBaseline: number;
  readonly exitsOnlyInCandidate: number;
}

/** Which intents and exits ended otherwise. Exact: facts about this recording. */
export function changesBetween(baseline: Outcomes, candidate: Outcomes): DecisionChanges {
  const intents = pairIntents(baseline, candidate);
  const exits = pairExits(baseline.exits, candidate.exits);
  return {
    same: intents.same + exits.same,
    changes: [...intents.changes, ...exits.changes].sort(inTimeOrder),
    exitsOnlyInBaseline: exits.onlyInBaseline,
    exitsOnlyInCandidate: exits.onlyInCandidate,
  };
}

/** Counts per evalType, never mixed: an entry let through and an exit let through are opposite things. */
export function countChanges(changes: readonly DecisionChange[]): ChangeCounts {
  const counts = { nowExecuted: zeroes(), nowBlocked: zeroes(), otherwise: zeroes() };
  for (const change of changes) counts[kindOf(change)][change.evalType] += 1;
  return counts;
}

/** Names each delivery of an entry: the first by the entry's id, the second `id#2`. */
export function intentsByDelivery(intents: Iterable<IntentOutcome>): Map<string, IntentOutcome> {
  const named = new Map<string, IntentOutcome>();
  const deliveries = new Map<string, number>();
  for (const outcome of intents) {
    const delivery = (deliveries.get(outcome.entryId) ?? 0) + 1;
    deliveries.set(outcome.entryId, delivery);
    named.set(delivery === 1 ? outcome.entryId : `${outcome.entryId}#${delivery}`, outcome);
  }
  return named;
}

function zeroes(): CountsByType {
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

function endingOf(outcome: { state: TerminalState | null; reason: string; planId: string | null }): Ending {
  return { state: outcome.state ?? "UNACCOUNTED", reason: outcome.reason, planId: outcome.planId };
}

const ABSENT: Ending = { state: "ABSENT", reason: "not received", planId: null };

function pairIntents(baseline: Outcomes, candidate: Outcomes): { same: number; changes: DecisionChange[] } {
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
