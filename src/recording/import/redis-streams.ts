import { INTERRUPTIONS, MARKET_STREAMS } from "../stream-rank.ts";

export const REDIS_PREFIX = "quantum:stream:";

export interface NameRow {
  /** Since when the Redis stream means this, by the time part of its entries' ids. */
  readonly sinceMs: number;
  /** Stream of the recording. */
  readonly stream: string;
}

/** Names in the inventories and documents of the origin system, by the date of the first that lists them. */
const INVENTORIES: readonly (readonly [date: string, names: string])[] = [
  [
    "2025-12-24",
    `ai.decision.made ai.signal_generated exchange.normalized exchange.raw execution.result
     learning.retraining.completed learning.retraining.failed learning.retraining.started market_data market.klines
     market.tick meta.regime model.retrain policy.updated portfolio.exposure_updated portfolio.snapshot_updated
     rl_v3.training.completed rl_v3.training.started sizing.decided trade.closed trade.intent`,
  ],
  [
    "2026-02-01",
    `marketstate apply.plan apply.plan.manual apply.result harvest.proposal harvest.calibrated portfolio.gate
     reconcile.close reconcile.events risk.events budget.violation governor.events`,
  ],
  [
    "2026-02-17",
    `account.balance ai.exit.decision allocation.decision apply.heat.observed bsc.events clm.intent exitbrain.pnl
     features harvest.intent policy.audit policy.update portfolio.cluster_state portfolio.state position.snapshot
     rl_rewards signal.score trade.execution.res utf`,
  ],
];

/** Rows of a name by date; so far no name has changed its meaning, so each has one. */
const TABLE: ReadonlyMap<string, readonly NameRow[]> = new Map(
  INVENTORIES.flatMap(([date, names]) =>
    names
      .trim()
      .split(/\s+/)
      .map((name): [string, NameRow[]] => [REDIS_PREFIX + name, [{ sinceMs: Date.parse(date), stream: name }]]),
  ),
);

/** Streams a reader of recordings gives a meaning that a Redis stream of that bare name does not have. */
const RESERVED: readonly string[] = [...MARKET_STREAMS, ...INTERRUPTIONS, "gap", "funding"];

/**
 * Stream of the recording for a Redis stream, and whether the table knows it.
 *
 * The row in force is the last one that begins at or before `timeMs`. An inventory dates the first sighting of a name,
 * not its birth, so earlier entries use the first row. An unknown stream keeps its whole name; only where a
 * reader gives that name a meaning of its own it gets `redis:` in front.
 */
export function recordingStream(
  redisStream: string,
  timeMs: number,
  table: ReadonlyMap<string, readonly NameRow[]> = TABLE,
): { stream: string; isKnown: boolean; sinceMs: number | null } {
  const rows = table.get(redisStream) ?? table.get(REDIS_PREFIX + redisStream);
  if (rows === undefined) {
    const stream = RESERVED.includes(redisStream) ? `redis:${redisStream}` : redisStream;
    return { stream, isKnown: false, sinceMs: null };
  }
  const row = rows.filter(({ sinceMs }) => sinceMs <= timeMs).at(-1) ?? rows[0]!;
  return { stream: row.stream, isKnown: true, sinceMs: row.sinceMs };
}
