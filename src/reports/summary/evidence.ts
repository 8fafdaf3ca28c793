import { formatDurationMs } from "../../engine/domain/duration.ts";
import type { RunSummary } from "./schema.ts";

const HOUR_MS = 3_600_000;

export type Badge = RunSummary["evidence"]["badge"];

export interface EvidenceFacts {
  readonly spanMs: number;
  /** Of one run all episodes, of a comparison the discordant ones. */
  readonly episodes: number;
  /** Different clock hours with an episode in them. */
  readonly hours: number;
  readonly recordings: number;
  /** E3 also wants the variants declared before anyone saw the result. */
  readonly isDeclaredBefore: boolean;
}

/**
 * Evidence badge with its reasons (reports.md 2.0). E0: under 5 episodes or 6 h, counts only. E1: counts and exact
 * differences. E2: from 10 episodes in 3 hours, intervals. E3: from 30 episodes over 3 recordings, declared before.
 */
export function badgeOf(facts: EvidenceFacts): { badge: Badge; reasons: string[] } {
  const { spanMs, episodes, hours, recordings, isDeclaredBefore } = facts;
  const reasons: string[] = [];
  if (spanMs < 6 * HOUR_MS) reasons.push(`span ${formatDurationMs(spanMs)}: 6h needed`);
  if (episodes < 5) reasons.push(`${episodes} episodes: 5 needed`);
  if (reasons.length > 0) return { badge: "E0", reasons: [...reasons, "counts only"] };
  if (episodes < 10) reasons.push(`${episodes} episodes: 10 needed for intervals`);
  if (hours < 3) reasons.push(`episodes in ${hours} hours: 3 needed for intervals`);
  if (reasons.length > 0) return { badge: "E1", reasons };
  if (episodes >= 30 && recordings >= 3 && isDeclaredBefore) return { badge: "E3", reasons: [] };
  return {
    badge: "E2",
    reasons: [recordings < 3 ? `${recordings} recording: true on this recording only` : "not declared before"],
  };
}

/** Counts hours and bursts (starts closer together than the gap) of episode starts, which arrive in any order. */
export function createEpisodeClock(gapMs: number): {
  observe(firstTsMs: number): void;
  finish(): { hours: number; bursts: number };
} {
  const hours = new Set<number>();
  // Bursts need starts in time order, episodes end in another: bins of the gap's width keep memory bounded by the span.
  const bins = new Map<number, { first: number; last: number }>();
  return {
    observe(firstTsMs) {
      hours.add(Math.floor(firstTsMs / HOUR_MS));
      const key = Math.floor(firstTsMs / gapMs);
      const bin = bins.get(key);
      if (bin === undefined) bins.set(key, { first: firstTsMs, last: firstTsMs });
      else {
        bin.first = Math.min(bin.first, firstTsMs);
        bin.last = Math.max(bin.last, firstTsMs);
      }
    },
    finish() {
      let bursts = 0;
      let lastTsMs = Number.NEGATIVE_INFINITY;
      for (const [, bin] of [...bins].sort((left, right) => left[0] - right[0])) {
        if (bin.first - lastTsMs > gapMs) bursts += 1;
        lastTsMs = bin.last;
      }
      return { hours: hours.size, bursts };
    },
  };
}
