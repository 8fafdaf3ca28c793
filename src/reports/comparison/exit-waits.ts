import type { JudgedEpisode, VariantRecord } from "../variants/variant-record.ts";

/** How long a blocked exit waited for its EXECUTE, or at least waited when that never came. */
export interface ExitWait {
  readonly symbol: string;
  readonly firstTsMs: number;
  readonly waitMs: number;
  readonly isCensored: boolean;
}

/** Waits of all blocked exit episodes, in order of their start: the same that `exit.blocked_episode.time` counts. */
export function exitWaits({ judgements, summary }: VariantRecord): ExitWait[] {
  const { endTsMs } = summary.run;
  const { episodeGapMs } = summary.evidence;
  const next = new Map<string, JudgedEpisode>();
  const waits: ExitWait[] = [];
  for (const episode of [...judgements].reverse()) {
    if (!episode.isExit) continue;
    const id = `${episode.evalType} ${episode.key}`;
    const after = next.get(id);
    next.set(id, episode);
    if (episode.decision !== "BLOCKED") continue;
    const { symbol, firstTsMs, lastTsMs } = episode;
    const isFollowed = after !== undefined && after.firstTsMs - lastTsMs <= episodeGapMs;
    const isCensored = !(isFollowed && after.decision === "EXECUTE");
    const untilTsMs = isFollowed ? after.firstTsMs : endTsMs - lastTsMs <= episodeGapMs ? endTsMs : lastTsMs;
    waits.push({ symbol, firstTsMs, waitMs: untilTsMs - firstTsMs, isCensored });
  }
  return waits.reverse();
}
