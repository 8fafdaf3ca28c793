import type { JournalEntry } from "../../../engine/domain/journal.ts";
import type { Delay } from "../../statistics/survival.ts";
import { createEpisodeTracker, EPISODE_GAP_MS } from "../../summary/episodes.ts";

/**
 * How long each blocked exit waited for its first EXECUTE; censored at what was last known of it when none came. The same
 * episodes as the summary's, one by one, for the curve.
 */
export class ExitWaitLog {
  readonly #waits: Delay[] = [];
  readonly #warmupUntilTsMs: number;
  readonly #tracker = createEpisodeTracker(EPISODE_GAP_MS, (episode) => {
    if (!episode.isExit || episode.end === null || episode.outcome !== "BLOCKED") return;
    const seconds = (episode.end.tsMs - episode.firstTsMs) / 1000;
    this.#waits.push({ seconds, isCensored: episode.end.cause !== "released" });
  });

  constructor(warmupUntilTsMs: number) {
    this.#warmupUntilTsMs = warmupUntilTsMs;
  }

  observe({ envelope: { tsMs }, decisions }: JournalEntry): void {
    this.#tracker.expire(tsMs);
    if (tsMs < this.#warmupUntilTsMs) return;
    for (const decision of decisions) {
      if (decision.type === "plan.published") this.#tracker.evaluate(decision.plan, tsMs);
    }
  }

  finish(endTsMs: number): readonly Delay[] {
    this.#tracker.finish(endTsMs);
    return this.#waits;
  }
}
