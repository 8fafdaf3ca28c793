import type { EvalType } from "../../../src/engine/domain/intent.ts";
import type { IntentOutcome } from "../../../src/reports/summary/funnel.ts";
import { summarize } from "../../../src/reports/summary/run-summary.ts";
import type { TerminalState } from "../../../src/reports/summary/schema.ts";
import type { JudgedEpisode, RoundTrip, VariantRecord } from "../../../src/reports/variants/variant-record.ts";
import { header, journal, START_TS_MS } from "../journal-builder.ts";

export const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/** One entry of a variant: what it became, and what its round trip made when it filled. */
export interface MadeEntry {
  /** Offset from the start of the run. */
  readonly atMs: number;
  readonly symbol?: string;
  /** `null`: blocked. */
  readonly pnl: number | null;
  readonly holdMs?: number;
  readonly value?: number;
  readonly cutoff?: number;
}

export interface MadeRecord {
  readonly variant: string;
  readonly entries?: readonly MadeEntry[];
  readonly waits?: readonly { readonly atMs: number; readonly waitMs: number }[];
  readonly hours?: number;
  readonly seed?: string;
  readonly recordingHash?: string;
  readonly wallet?: number;
}

/** A record whose every number can be checked by hand: each entry trades alone, its result lands when it closes. */
export function recordOf(made: MadeRecord): VariantRecord {
  const {
    variant,
    entries = [],
    waits = [],
    hours = 24,
    seed = "1",
    recordingHash = "9bd00000",
    wallet = 10_000,
  } = made;
  const head = header({ variant, seed, recordingHash });
  const built = journal(String(wallet)).end(hours * HOUR_MS);
  const intents = entries.map(intentOf);
  const summary = summarize(head, built.entries);
  const roundTrips = entries.flatMap(tripOf);
  const buckets = Math.floor((hours * HOUR_MS) / MINUTE_MS) + 1;
  const fromTsMs = Math.floor(START_TS_MS / MINUTE_MS) * MINUTE_MS;
  const equityQuote = Array.from({ length: buckets }, () => wallet);
  for (const { closedTsMs, netPnlQuote } of roundTrips) {
    for (let bucket = Math.floor((closedTsMs! - fromTsMs) / MINUTE_MS); bucket < buckets; bucket += 1) {
      equityQuote[bucket]! += netPnlQuote;
    }
  }
  return {
    schema: "rehearsal.variant/1",
    ...{ variant, seed, recordingHash, settings: {}, summary, intents, roundTrips },
    scenario: head.scenario,
    scenarioHash: head.scenarioHash,
    recording: head.recording,
    engineVersion: head.engineVersion,
    journalSha256: variant.padEnd(64, "0"),
    exits: [],
    buckets: { fromTsMs, widthMs: MINUTE_MS, equityQuote },
    judgements: [...entries.map(judgementOf), ...waits.flatMap(waitOf)].sort(
      (left, right) => left.firstTsMs - right.firstTsMs,
    ),
  };
}

function intentOf({ atMs, symbol = "BTCUSDT", pnl }: MadeEntry): IntentOutcome {
  const tsMs = START_TS_MS + atMs;
  const state: TerminalState = pnl === null ? "BLOCKED_POLICY" : "FILLED";
  const reason = pnl === null ? "kill_score" : "none";
  return { entryId: `${tsMs}-0`, symbol, evalType: "ENTRY", tsMs, state, reason, planId: `p-${symbol}-${atMs}` };
}

function tripOf({ atMs, symbol = "BTCUSDT", pnl, holdMs = MINUTE_MS }: MadeEntry): RoundTrip[] {
  if (pnl === null) return [];
  const openedTsMs = START_TS_MS + atMs;
  return [
    {
      ...{ symbol, side: "BUY", openedTsMs, closedTsMs: openedTsMs + holdMs },
      ...{ maxQty: 1, entryPrice: 100, exitPrice: 100 + pnl, netPnlQuote: pnl },
    },
  ];
}

function judged(key: string, symbol: string, evalType: EvalType, tsMs: number): JudgedEpisode {
  return {
    ...{ key, symbol, evalType, isExit: evalType === "EXIT", side: "BUY", decision: "EXECUTE", reason: "none" },
    ...{ firstPlanId: `${key}-${tsMs}`, firstTsMs: tsMs, lastTsMs: tsMs, evaluations: 1, qty: 1, referencePrice: 100 },
    ...{ killScore: null, terms: {}, regime: "unknown", components: {}, verdictValue: null, verdictCutoff: null },
    ...{ stopPrice: null, takeProfitPrice: null },
  };
}

function judgementOf({ atMs, symbol = "BTCUSDT", pnl, value, cutoff }: MadeEntry): JudgedEpisode {
  return {
    ...judged(`intent:${symbol}`, symbol, "ENTRY", START_TS_MS + atMs),
    firstPlanId: `p-${symbol}-${atMs}`,
    decision: pnl === null ? "BLOCKED" : "EXECUTE",
    verdictValue: value ?? null,
    verdictCutoff: cutoff ?? null,
  };
}

/** Blocked once a minute until it is let through. */
function waitOf({ atMs, waitMs }: { readonly atMs: number; readonly waitMs: number }): JudgedEpisode[] {
  const tsMs = START_TS_MS + atMs;
  const blocked = judged("position:BTCUSDT", "BTCUSDT", "EXIT", tsMs);
  return [
    { ...blocked, decision: "BLOCKED", reason: "kill_score", lastTsMs: tsMs + waitMs - 1 },
    judged("position:BTCUSDT", "BTCUSDT", "EXIT", tsMs + waitMs),
  ];
}
