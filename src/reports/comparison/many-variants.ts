import {
  type BurstContender,
  backtestOverfitting,
  blockFor,
  type Contender,
  type Resampled,
  resampleBursts,
  resampleContenders,
  stepM,
  superiorityTest,
} from "../statistics/index.ts";
import { known, type Measured, unknown } from "../statistics/measured.ts";
import { burstNames } from "./discordant-episodes.ts";
import { coarsen, stepsOf, withStart } from "./equity-steps.ts";
import type { LabComparison } from "./lab-comparison.ts";
import { differenceSteps } from "./metric-measures.ts";
import { burstGapMs, type Pair, startQuoteOf } from "./pair.ts";
import type { RecordGroups } from "./record-groups.ts";
import { createSeededRandom } from "./seeded-random.ts";

type Superiority = LabComparison["many"]["bursts"];
type OverfittingFacts = LabComparison["many"]["overfitting"];

const OVERFITTING_BUCKET_MS = 300_000;
/** Rows a block of cross-validation needs (reports.md 2.8). */
const ROWS_A_BLOCK_MIN = 10;

export interface ManyOptions {
  readonly replications: number;
}

/**
 * Which candidates beat the baseline in net result, given how many were tried: signs of whole bursts. Pairs of one
 * candidate over several seeds count with their mean, so a seed is no further evidence.
 */
export function superiorByBursts(
  groups: RecordGroups,
  pairs: readonly Pair[],
  { replications }: ManyOptions,
): Superiority {
  const names = namesOfBursts(pairs);
  const contenders = byCandidate(pairs).map(([name, seeds]): BurstContender => {
    const totals = new Map<string, number>();
    for (const { parts } of seeds) {
      for (const part of parts) {
        for (const { firstTsMs, differenceQuote } of part.episodes) {
          const trigger = `${part.recordingHash} ${names.get(part.recordingHash)!.get(firstTsMs)!}`;
          totals.set(trigger, (totals.get(trigger) ?? 0) + differenceQuote / seeds.length);
        }
      }
    }
    return { name, differenceByTrigger: totals };
  });
  const random = createSeededRandom(...groups.recordingHashes, "many bursts", groups.baseline);
  return judge(resampleBursts(contenders, { random, replications }));
}

/** The second opinion: stationary bootstrap of the differences per bucket, the longest block any candidate asks for. */
export function superiorByBuckets(
  groups: RecordGroups,
  pairs: readonly Pair[],
  { replications }: ManyOptions,
): Superiority {
  const contenders = byCandidate(pairs).map(([name, seeds]): Contender => {
    const series = seeds.map((pair) => differenceSteps(pair).differences);
    return {
      name,
      differences: series[0]!.map((_, index) => series.reduce((sum, each) => sum + each[index]!, 0) / series.length),
    };
  });
  const blocks = contenders.flatMap(({ differences }) => blockFor(differences).value ?? []);
  if (blocks.length === 0) return unknown(contenders.length === 0 ? "no_variant" : "identical");
  const random = createSeededRandom(...groups.recordingHashes, "many buckets", groups.baseline);
  return judge(resampleContenders(contenders, { block: Math.max(...blocks), random, replications }));
}

function judge(resampled: Measured<Resampled>): Superiority {
  if (resampled.value === null) return resampled;
  return known({ ...superiorityTest(resampled.value), better: [...stepM(resampled.value)] });
}

/** Seeds of one candidate together, candidates by name: their order must not move a draw. */
function byCandidate(pairs: readonly Pair[]): [name: string, seeds: Pair[]][] {
  const groups = new Map<string, Pair[]>();
  for (const pair of pairs) groups.set(pair.candidate, [...(groups.get(pair.candidate) ?? []), pair]);
  return [...groups].sort(([left], [right]) => (left < right ? -1 : 1));
}

/** Bursts of all candidates and seeds together, so that a burst has one name in all of them. */
function namesOfBursts(pairs: readonly Pair[]): Map<string, Map<number, string>> {
  const starts = new Map<string, { gapMs: number; startsTsMs: number[] }>();
  for (const { parts } of pairs) {
    for (const part of parts) {
      const known = starts.get(part.recordingHash) ?? { gapMs: burstGapMs(part), startsTsMs: [] };
      for (const { firstTsMs } of part.episodes) known.startsTsMs.push(firstTsMs);
      starts.set(part.recordingHash, known);
    }
  }
  return new Map([...starts].map(([hash, { gapMs, startsTsMs }]) => [hash, burstNames(startsTsMs, gapMs)]));
}

/**
 * Probability of backtest overfitting over the variants of one table, each scored on the full stream and cut afterwards.
 * Variants that never differ count once: twins would share every rank.
 */
export function overfittingOf(groups: RecordGroups): OverfittingFacts {
  const [seed, profile] = [groups.seeds[0]!, groups.profiles[0]!];
  const columns = new Map<string, number[]>();
  for (const name of [groups.baseline, ...groups.candidates].sort()) {
    const column = groups.recordingHashes.flatMap((hash) => {
      const record = groups.cell(hash, seed, profile).byVariant.get(name)!;
      const factor = Math.max(1, Math.round(OVERFITTING_BUCKET_MS / record.buckets.widthMs));
      return stepsOf(withStart(startQuoteOf(record), coarsen(record.buckets, factor)));
    });
    columns.set(column.join(), column);
  }
  const series = [...columns.values()];
  const rows = series[0]?.length ?? 0;
  const blocks = rows >= 16 * ROWS_A_BLOCK_MIN ? 16 : 8;
  if (series.length < 5) return unknown(`too_few: ${series.length} different variants, 5 needed`);
  if (rows < blocks * ROWS_A_BLOCK_MIN) return unknown(`too_few: ${rows} buckets, ${blocks * ROWS_A_BLOCK_MIN} needed`);
  const sharpe = backtestOverfitting(series, { blocks, score: "sharpe" });
  const score = sharpe.value === null && sharpe.reason === "zero_variance" ? "mean" : "sharpe";
  const measured = score === "mean" ? backtestOverfitting(series, { blocks, score }) : sharpe;
  if (measured.value === null) return measured;
  const { probability, lossProbability, splits } = measured.value;
  return known({ probability, lossProbability, blocks, splits, variants: series.length, score });
}
