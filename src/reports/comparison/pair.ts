import type { VariantRecord } from "../variants/variant-record.ts";
import { changesBetween, type DecisionChanges, intentsByDelivery } from "./decision-changes.ts";
import { burstNames, type DiscordantEpisode, discordantEpisodes } from "./discordant-episodes.ts";
import type { RecordGroups } from "./record-groups.ts";

const DAY_MS = 86_400_000;

/** Two variants on one recording under one seed and one execution profile. */
export interface PairPart {
  readonly recordingHash: string;
  readonly baseline: VariantRecord;
  readonly candidate: VariantRecord;
  readonly decisions: DecisionChanges;
  readonly episodes: readonly DiscordantEpisode[];
}

/** The same over all recordings: what one seed says. */
export interface Pair {
  readonly baseline: string;
  readonly candidate: string;
  readonly seed: string;
  readonly profile: string;
  readonly parts: readonly PairPart[];
  readonly days: number;
  readonly spanMs: number;
}

export function pairOf(
  groups: RecordGroups,
  of: { readonly candidate: string; readonly seed: string; readonly profile: string },
): Pair {
  const parts = groups.recordingHashes.map((recordingHash): PairPart => {
    const { byVariant } = groups.cell(recordingHash, of.seed, of.profile);
    const [baseline, candidate] = [byVariant.get(groups.baseline)!, byVariant.get(of.candidate)!];
    const decisions = changesBetween(outcomesOf(baseline), outcomesOf(candidate));
    const { changes } = decisions;
    const gapMs = baseline.summary.evidence.episodeGapMs;
    return {
      ...{ recordingHash, baseline, candidate, decisions },
      episodes: discordantEpisodes(baseline, candidate, { changes, gapMs }),
    };
  });
  const spanMs = parts.reduce((sum, { baseline }) => sum + baseline.summary.run.spanMs, 0);
  // A window without any length has no days to spread a difference over.
  return { ...of, baseline: groups.baseline, parts, spanMs, days: Math.max(spanMs, 1) / DAY_MS };
}

function outcomesOf({ intents, exits }: VariantRecord): Parameters<typeof changesBetween>[0] {
  return { intents: intentsByDelivery(intents), exits };
}

/** Gap between starts that may have one cause: that of an episode. */
export function burstGapMs({ baseline }: PairPart): number {
  return baseline.summary.evidence.episodeGapMs;
}

/** Differences by burst over all recordings, the bursts without any left out; names tell recordings apart. */
export function burstDifferences(pair: Pair): { readonly trigger: string; readonly differenceQuote: number }[] {
  return pair.parts.flatMap((part) => {
    const names = burstNames(
      part.episodes.map(({ firstTsMs }) => firstTsMs),
      burstGapMs(part),
    );
    return part.episodes.map(({ firstTsMs, differenceQuote }) => ({
      trigger: `${part.recordingHash} ${names.get(firstTsMs)!}`,
      differenceQuote,
    }));
  });
}

/** Wallet the run started from, in quote; 0 when the journal does not say. */
export function startQuoteOf({ summary }: VariantRecord): number {
  return Number(summary.money.startWalletQuote ?? 0);
}

export function endQuoteOf(record: VariantRecord): number {
  return record.buckets.equityQuote.at(-1) ?? startQuoteOf(record);
}
