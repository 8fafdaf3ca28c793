import type { ResultRecorded, StatisticsPublished } from "../domain/decision.ts";
import type { Plan } from "../domain/plan.ts";
import { reasonHead } from "../domain/reason.ts";
import { decide, type Step, setTimer } from "./state.ts";

const MINUTE_MS = 60_000;
const MINUTES_KEPT = 60;

const WINDOWS = [
  { name: "1m", minutes: 1 },
  { name: "5m", minutes: 5 },
  { name: "15m", minutes: 15 },
  { name: "1h", minutes: 60 },
] as const satisfies readonly { readonly name: StatisticsPublished["window"]; readonly minutes: number }[];

interface Bucket {
  readonly minute: number;
  readonly decisionLayer: Map<string, number>;
  readonly executionLayer: Map<string, number>;
  readonly reasons: Map<string, number>;
}

/** Minute buckets of the last hour, oldest first. */
export interface Statistics {
  readonly buckets: Bucket[];
}

export function createStatistics(): Statistics {
  return { buckets: [] };
}

/**
 * Decision statistics (P3.5) with the layers kept apart: what governors decided and what the executor achieved are
 * never in one sum, and every key carries its evalType. The origin's mixture is what the incident document misread.
 */
export function countDecision(step: Step, plan: Plan): void {
  const bucket = bucketAt(step.state.statistics, step.tsMs);
  increment(bucket.decisionLayer, joined(plan.evalType, plan.decision));
  increment(bucket.reasons, joined("decision", plan.evalType, reasonHead(plan.reasonCodes[0] ?? "none")));
}

export function countResult(step: Step, result: ResultRecorded): void {
  const bucket = bucketAt(step.state.statistics, step.tsMs);
  increment(bucket.executionLayer, joined(result.evalType, result.status));
  increment(bucket.reasons, joined("execution", result.evalType, reasonHead(result.reason)));
}

/** Timer "statistics": the four windows as of now; a window without anything in it is not published. */
export function publishStatistics(step: Step): void {
  setTimer(step, "statistics", step.tsMs + step.state.policy.trackers.statisticsInterval);
  const { buckets } = step.state.statistics;
  const current = Math.floor(step.tsMs / MINUTE_MS);
  for (const window of WINDOWS) {
    const inside = buckets.filter((bucket) => bucket.minute > current - window.minutes);
    if (inside.length === 0) continue;
    decide(step, {
      type: "statistics.published",
      window: window.name,
      decisionLayer: sum(inside.map((bucket) => bucket.decisionLayer)),
      executionLayer: sum(inside.map((bucket) => bucket.executionLayer)),
      reasons: sum(inside.map((bucket) => bucket.reasons)),
    });
  }
}

function bucketAt(statistics: Statistics, tsMs: number): Bucket {
  const minute = Math.floor(tsMs / MINUTE_MS);
  const last = statistics.buckets[statistics.buckets.length - 1];
  if (last !== undefined && last.minute === minute) return last;
  const bucket: Bucket = { minute, decisionLayer: new Map(), executionLayer: new Map(), reasons: new Map() };
  statistics.buckets.push(bucket);
  while (statistics.buckets[0]!.minute <= minute - MINUTES_KEPT) statistics.buckets.shift();
  return bucket;
}

/** A key that has been made before is found by its parts: making and hashing a text costs more than counting. */
interface KeyNode {
  readonly text: string;
  readonly next: Map<string, KeyNode>;
}

// Remembers how keys are written, never what a run did.
const keyRoot: KeyNode = { text: "", next: new Map() };
/** Governors from outside may have any number of reasons; what is beyond this is written anew each time. */
const KEYS_KNOWN_MAX = 1000;

function joined(first: string, second: string, third?: string): string {
  const two = follow(follow(keyRoot, first), second);
  return third === undefined ? two.text : follow(two, third).text;
}

function follow(node: KeyNode, part: string): KeyNode {
  let known = node.next.get(part);
  if (known === undefined) {
    known = { text: node === keyRoot ? part : `${node.text}.${part}`, next: new Map() };
    if (node.next.size < KEYS_KNOWN_MAX) node.next.set(part, known);
  }
  return known;
}

function increment(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function sum(parts: readonly Map<string, number>[]): Record<string, number> {
  const total = new Map<string, number>();
  for (const part of parts) for (const [key, count] of part) total.set(key, (total.get(key) ?? 0) + count);
  // allow(sort): the keys of a Map are unique
  return Object.fromEntries([...total].sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0)));
}
