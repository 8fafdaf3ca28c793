import { createDistribution } from "./distribution.ts";
import type { Episode } from "./episodes.ts";
import type { RunSummary } from "./schema.ts";

const LONGEST_SHOWN = 10;

type LongExit = RunSummary["exits"]["longest"][number];

/**
 * How long exits stayed blocked. A blocked exit that never got its EXECUTE is censored at what was last known of it;
 * dropping those would make the worst governor look like the fastest.
 */
export function createExits(): { observe(episode: Episode): void; finish(): RunSummary["exits"] } {
  const blockedTime = createDistribution();
  const counts = { episodes: 0, inferredEpisodes: 0, blockedEpisodes: 0, releasedEpisodes: 0 };
  let longest: LongExit[] = [];
  return {
    observe(episode) {
      if (!episode.isExit || episode.end === null) return;
      counts.episodes += 1;
      if (episode.isInferredExit) counts.inferredEpisodes += 1;
      if (episode.outcome !== "BLOCKED") return;
      counts.blockedEpisodes += 1;
      const durationMs = episode.end.tsMs - episode.firstTsMs;
      const isCensored = episode.end.cause !== "released";
      if (isCensored) blockedTime.addCensored(durationMs);
      else {
        counts.releasedEpisodes += 1;
        blockedTime.add(durationMs);
      }
      longest = keepLongest(longest, {
        symbol: episode.symbol,
        episodeKey: episode.key,
        evalType: episode.evalType,
        reason: episode.reason,
        firstTsMs: episode.firstTsMs,
        durationMs,
        evaluations: episode.evaluations,
        isCensored,
        planId: episode.firstPlanId,
      });
    },
    finish: () => {
      const open = counts.blockedEpisodes - counts.releasedEpisodes;
      const reason =
        counts.blockedEpisodes === 0 ? "no exit was blocked" : `no finished exit episode (${open} censored)`;
      return { ...counts, blockedTime: blockedTime.finish("ms", reason), longest };
    },
  };
}

function keepLongest(longest: readonly LongExit[], candidate: LongExit): LongExit[] {
  return [...longest, candidate]
    .sort(
      (left, right) =>
        right.durationMs - left.durationMs ||
        left.firstTsMs - right.firstTsMs ||
        (left.planId < right.planId ? -1 : left.planId > right.planId ? 1 : 0),
    )
    .slice(0, LONGEST_SHOWN);
}
