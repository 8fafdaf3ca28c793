import { episodeId, type ShadowExit } from "../../reports/gate/shadow.ts";
import type { JudgedEpisode, RoundTrip } from "../../reports/variants/variant-record.ts";

/** An entry that is passed fills within this time of its judgement, or the position is another's. */
const FILL_WITHIN_MS = 60_000;

/**
 * When the pipeline's exit rule closes the position of each entry: asked of a replay in which the gate refuses nothing,
 * for refused and allowed entries alike, so that both are judged by one rule. An entry that adds to a position is closed
 * with it. Entries that open nothing there, because a limit or the venue refused them or an opposite position was held,
 * are left out.
 */
export function shadowExits(
  judgements: readonly JudgedEpisode[],
  ungoverned: readonly RoundTrip[],
): Map<string, ShadowExit> {
  const bySymbol = new Map<string, RoundTrip[]>();
  for (const trip of ungoverned) {
    const own = bySymbol.get(trip.symbol);
    if (own === undefined) bySymbol.set(trip.symbol, [trip]);
    else own.push(trip);
  }
  const exits = new Map<string, ShadowExit>();
  for (const episode of judgements) {
    if (episode.isExit) continue;
    const trip = bySymbol.get(episode.symbol)?.find((each) => isItsPosition(each, episode));
    if (trip === undefined) continue;
    const { closedTsMs } = trip;
    exits.set(episodeId(episode), {
      closes: closedTsMs === null ? [] : [{ tsMs: closedTsMs, share: 1, cause: "exit_rule" }],
    });
  }
  return exits;
}

function isItsPosition({ side, openedTsMs, closedTsMs }: RoundTrip, episode: JudgedEpisode): boolean {
  if (side !== episode.side) return false;
  const isOpenThen = openedTsMs <= episode.firstTsMs + FILL_WITHIN_MS;
  return isOpenThen && (closedTsMs === null || closedTsMs > episode.firstTsMs);
}
