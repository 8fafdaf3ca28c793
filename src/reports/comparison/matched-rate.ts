import { compareAtBlockRate, type Measured } from "../statistics/index.ts";
import type { JudgedEpisode, RoundTrip, VariantRecord } from "../variants/variant-record.ts";
import type { Pair } from "./pair.ts";

/** As many as badge E2 asks for. */
const EPISODES_MIN = 10;
/** An entry fills within this time of its judgement, or the round trip is another's. */
const FILL_WITHIN_MS = 60_000;

export interface MatchedRate {
  readonly blockRate: number;
  readonly baseline: number;
  readonly candidate: number;
  readonly difference: number;
  readonly episodes: number;
  /** Entries both blocked, or that never filled: nobody knows what they would have made. */
  readonly withoutOutcome: number;
}

/** Result of an entry by its first plan, under the same rule for all; `null` when it is not known. */
export type OutcomeOf = (episode: JudgedEpisode, record: VariantRecord) => number | null;

/**
 * Net value of both governors when both block as often as the baseline did: the stricter one wins otherwise by doing
 * nothing. Entries are paired by their plan; each is scored with value minus cutoff, and worth what its round trip made
 * in a variant that let it through, unless `outcomeOf` knows better.
 */
export function matchedRate({ parts }: Pair, outcomeOf: OutcomeOf | undefined): Measured<MatchedRate> {
  const baselineScores: number[] = [];
  const candidateScores: number[] = [];
  const outcomes: number[] = [];
  let withoutOutcome = 0;
  let blocked = 0;
  for (const { baseline, candidate } of parts) {
    const others = new Map(entriesOf(candidate).map((episode) => [episode.firstPlanId, episode]));
    const [left, right] = [tripFinder(baseline), tripFinder(candidate)];
    for (const episode of entriesOf(baseline)) {
      const other = others.get(episode.firstPlanId);
      if (other === undefined) continue;
      const scores = [scoreOf(episode), scoreOf(other)] as const;
      if (scores[0] === null || scores[1] === null) continue;
      const outcome =
        outcomeOf === undefined
          ? meanOf([left(episode), right(other)])
          : (outcomeOf(episode, baseline) ?? outcomeOf(other, candidate));
      if (outcome === null) {
        withoutOutcome += 1;
        continue;
      }
      baselineScores.push(scores[0]);
      candidateScores.push(scores[1]);
      outcomes.push(outcome);
      if (episode.decision === "BLOCKED") blocked += 1;
    }
  }
  const episodes = outcomes.length;
  if (episodes < EPISODES_MIN)
    return { value: null, reason: `too_few: ${episodes} paired entries with an outcome, ${EPISODES_MIN} needed` };
  const compared = compareAtBlockRate({
    baselineScores,
    candidateScores,
    shadow: outcomes,
    blockRate: blocked / episodes,
  });
  return compared.value === null ? compared : { value: { ...compared.value, episodes, withoutOutcome }, reason: null };
}

function entriesOf({ judgements }: VariantRecord): JudgedEpisode[] {
  return judgements.filter(({ evalType, isExit }) => evalType === "ENTRY" && !isExit);
}

/** Distance to the cutoff, positive on the blocked side; scales may differ, only the order within a variant counts. */
function scoreOf({ verdictValue, verdictCutoff }: JudgedEpisode): number | null {
  return verdictValue === null || verdictCutoff === null ? null : verdictValue - verdictCutoff;
}

function tripFinder({ roundTrips }: VariantRecord): (episode: JudgedEpisode) => number | null {
  const bySymbol = new Map<string, RoundTrip[]>();
  for (const trip of roundTrips) {
    const trips = bySymbol.get(trip.symbol);
    if (trips === undefined) bySymbol.set(trip.symbol, [trip]);
    else trips.push(trip);
  }
  return ({ symbol, side, decision, firstTsMs, lastTsMs }) => {
    if (decision !== "EXECUTE") return null;
    const trip = bySymbol
      .get(symbol)
      ?.find(
        (each) => each.side === side && each.openedTsMs >= firstTsMs && each.openedTsMs <= lastTsMs + FILL_WITHIN_MS,
      );
    return trip?.netPnlQuote ?? null;
  };
}

function meanOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}
