import { exactSum } from "../statistics/index.ts";
import type { RoundTrip, VariantRecord } from "../variants/variant-record.ts";
import type { DecisionChange } from "./decision-changes.ts";

/** A maximal group of changed decisions and differing round trips on one symbol, nothing further apart than the gap. */
export interface DiscordantEpisode {
  readonly symbol: string;
  readonly firstTsMs: number;
  readonly lastTsMs: number;
  readonly changes: number;
  /** Result of the candidate's round trips in it minus that of the baseline's, in quote. */
  readonly differenceQuote: number;
}

interface Piece {
  readonly symbol: string;
  readonly fromTsMs: number;
  readonly toTsMs: number;
  readonly changes: number;
  readonly quote: number;
}

export interface DiscordanceOptions {
  readonly changes: readonly DecisionChange[];
  /** Pieces on one symbol further apart than this are two episodes. */
  readonly gapMs: number;
}

/**
 * Where two variants parted, and what each parting was worth under a full replay (reports.md 2.0). Round trips both have
 * in every number cancel; what is left sums to the whole difference in result of all round trips, open ones included.
 */
export function discordantEpisodes(
  baseline: VariantRecord,
  candidate: VariantRecord,
  { changes, gapMs }: DiscordanceOptions,
): DiscordantEpisode[] {
  const endTsMs = Math.max(baseline.summary.run.endTsMs, candidate.summary.run.endTsMs);
  const pieces: Piece[] = changes.map(({ symbol, tsMs }) => ({
    symbol,
    fromTsMs: tsMs,
    toTsMs: tsMs,
    changes: 1,
    quote: 0,
  }));
  for (const [trip, sign] of differingTrips(baseline.roundTrips, candidate.roundTrips)) {
    const { symbol, openedTsMs, closedTsMs, netPnlQuote } = trip;
    const toTsMs = closedTsMs ?? endTsMs;
    pieces.push({ symbol, fromTsMs: openedTsMs, toTsMs, changes: 0, quote: sign * netPnlQuote });
  }
  pieces.sort((left, right) => left.fromTsMs - right.fromTsMs || left.toTsMs - right.toTsMs);
  const bySymbol = new Map<string, Piece[][]>();
  const reach = new Map<string, number>();
  for (const piece of pieces) {
    const groups = bySymbol.get(piece.symbol) ?? [];
    const last = reach.get(piece.symbol);
    if (last === undefined || piece.fromTsMs - last > gapMs) groups.push([piece]);
    else groups.at(-1)!.push(piece);
    bySymbol.set(piece.symbol, groups);
    reach.set(piece.symbol, Math.max(last ?? piece.toTsMs, piece.toTsMs));
  }
  return [...bySymbol.values()]
    .flatMap((groups) => groups.map(episodeOf))
    .sort((left, right) => left.firstTsMs - right.firstTsMs || (left.symbol < right.symbol ? -1 : 1));
}

function episodeOf(pieces: readonly Piece[]): DiscordantEpisode {
  return {
    symbol: pieces[0]!.symbol,
    firstTsMs: pieces[0]!.fromTsMs,
    lastTsMs: Math.max(...pieces.map(({ toTsMs }) => toTsMs)),
    changes: pieces.reduce((sum, piece) => sum + piece.changes, 0),
    differenceQuote: exactSum(pieces.map(({ quote }) => quote)),
  };
}

/** Round trips that only one of them has, with the sign they count with. */
function differingTrips(
  baseline: readonly RoundTrip[],
  candidate: readonly RoundTrip[],
): (readonly [trip: RoundTrip, sign: 1 | -1])[] {
  const known = new Map<string, RoundTrip[]>();
  for (const trip of baseline) {
    const key = keyOf(trip);
    const same = known.get(key);
    if (same === undefined) known.set(key, [trip]);
    else same.push(trip);
  }
  const differing: (readonly [RoundTrip, 1 | -1])[] = [];
  for (const trip of candidate) {
    if (known.get(keyOf(trip))?.pop() === undefined) differing.push([trip, 1]);
  }
  for (const trips of known.values()) for (const trip of trips) differing.push([trip, -1]);
  return differing;
}

function keyOf({
  symbol,
  side,
  openedTsMs,
  closedTsMs,
  maxQty,
  entryPrice,
  exitPrice,
  netPnlQuote,
}: RoundTrip): string {
  return [symbol, side, openedTsMs, closedTsMs, maxQty, entryPrice, exitPrice, netPnlQuote].join(" ");
}

/**
 * Names the burst of each start: a burst begins with a start and takes in all that follow within `gapMs` of its first,
 * on whatever symbol, because one regime flip or one stale feed moves many. Starts in any order; equal inputs give equal
 * names.
 */
export function burstNames(startsTsMs: Iterable<number>, gapMs: number): Map<number, string> {
  const names = new Map<number, string>();
  let first = Number.NEGATIVE_INFINITY;
  for (const start of [...new Set(startsTsMs)].sort((left, right) => left - right)) {
    if (start - first > gapMs) first = start;
    names.set(start, String(first));
  }
  return names;
}
