import {
  ascending,
  blockFor,
  bootstrapMean,
  bootstrapStatistic,
  burstTotals,
  episodeInterval,
  guardedInterval,
  kaplanMeier,
  medianOf,
  minimumDetectable,
  quantile,
  type Random,
  survivalQuantile,
} from "../statistics/index.ts";
import { known, type Measured, unknown } from "../statistics/measured.ts";
import type { VariantRecord } from "../variants/variant-record.ts";
import type { ComparisonMetricId } from "./comparison-metric.ts";
import { burstNames } from "./discordant-episodes.ts";
import { coarsen, factorFor, stepsOf, withStart } from "./equity-steps.ts";
import { type ExitWait, exitWaits } from "./exit-waits.ts";
import { burstDifferences, burstGapMs, endQuoteOf, type Pair, startQuoteOf } from "./pair.ts";
import { createSeededRandom } from "./seeded-random.ts";

/** Buckets that are resampled: more would cost time by the bucket and show nothing new of a burst. */
const BUCKETS_MAX = 1_500;
/** Fewest bursts of blocked exits whose p95 is resampled: as many as badge E2 asks for. */
const WAIT_BURSTS_MIN = 10;

/** Net shadow value of one blocked entry of a variant, by who judges the gate. */
export interface GateEpisode {
  readonly symbol: string;
  readonly firstTsMs: number;
  readonly valueQuote: number;
}

export interface MeasureOptions {
  readonly replications: number;
  /** What each block of a variant was worth; `null` when nobody computed it. */
  readonly gateEpisodes?: (record: VariantRecord) => readonly GateEpisode[] | null;
}

export interface SecondOpinion {
  readonly interval: readonly [number, number];
  readonly percentile: readonly [number, number];
  readonly p: number;
  readonly blockBuckets: number;
  readonly bucketMs: number;
  readonly effectiveBlocks: number;
  readonly isTrusted: boolean;
}

/** One metric of one pair under one seed and profile, all in the unit of the metric. */
export interface MetricMeasure {
  readonly baseline: Measured;
  readonly candidate: Measured;
  readonly difference: Measured;
  readonly interval: Measured<readonly [number, number]>;
  readonly p: Measured;
  readonly pieces: number;
  readonly detectable: Measured;
  readonly second: Measured<SecondOpinion>;
}

export function measureMetric(id: ComparisonMetricId, pair: Pair, options: MeasureOptions): MetricMeasure {
  switch (id) {
    case "net_pnl":
      return measureNetPnl(pair, options);
    case "max_drawdown":
      return measureDrawdown(pair, options);
    case "exit_delay":
      return measureExitDelay(pair, options);
    case "gate_value":
      return measureGateValue(pair, options);
  }
}

/** One stream per recordings, metric and pair, whatever else is compared, on whatever machine. */
function diceOf(metric: string, { parts, baseline, candidate, seed, profile }: Pair): Random {
  return createSeededRandom(...parts.map((part) => part.recordingHash), metric, baseline, candidate, seed, profile);
}

function changeOf(record: VariantRecord): number {
  return endQuoteOf(record) - startQuoteOf(record);
}

function measureNetPnl(pair: Pair, { replications }: MeasureOptions): MetricMeasure {
  const { parts, days } = pair;
  const baseline = parts.reduce((sum, part) => sum + changeOf(part.baseline), 0) / days;
  const candidate = parts.reduce((sum, part) => sum + changeOf(part.candidate), 0) / days;
  const difference = candidate - baseline;
  return {
    baseline: known(baseline),
    candidate: known(candidate),
    difference: known(difference),
    ...clustered(burstTotals(burstDifferences(pair)), difference, days),
    second: bucketOpinion(pair, replications),
  };
}

/** The primary interval, around the difference itself: what no round trip explains moves it, not its width. */
function clustered(
  totals: readonly number[],
  differencePerDay: number,
  days: number,
): Pick<MetricMeasure, "interval" | "p" | "pieces" | "detectable"> {
  // A burst without a difference in money is no evidence on money, only one more degree of freedom.
  const differing = totals.filter((total) => total !== 0);
  const pieces = differing.length;
  const measured = episodeInterval(differing, { days });
  if (measured.value === null) {
    const none = unknown(measured.reason);
    return { interval: none, p: none, pieces, detectable: none };
  }
  const { perDay, se, pTwoSided } = measured.value;
  const [low, high] = guardedInterval(measured.value);
  const shift = differencePerDay - perDay;
  return {
    interval: known([low / days + shift, high / days + shift] as const),
    p: known(pTwoSided),
    pieces,
    detectable: known(minimumDetectable(se) / days),
  };
}

/** Steps of both equities over the same buckets, all recordings one after the other. */
function pairedSteps({ parts }: Pair): { baseline: number[]; candidate: number[]; widthMs: number } {
  const buckets = parts.reduce((sum, part) => sum + part.baseline.buckets.equityQuote.length, 0);
  const factor = factorFor(buckets, BUCKETS_MAX);
  const all = (pick: "baseline" | "candidate") =>
    parts.flatMap((part) =>
      part[pick].buckets.equityQuote.length === 0
        ? []
        : stepsOf(withStart(startQuoteOf(part[pick]), coarsen(part[pick].buckets, factor))),
    );
  const widthMs = (parts[0]?.baseline.buckets.widthMs ?? 1) * factor;
  return { baseline: all("baseline"), candidate: all("candidate"), widthMs };
}

export function differenceSteps(pair: Pair): { readonly differences: readonly number[]; readonly widthMs: number } {
  const { baseline, candidate, widthMs } = pairedSteps(pair);
  return { differences: candidate.map((step, index) => step - baseline[index]!), widthMs };
}

/** Block of the bootstrap: automatic, and at least the median length of a discordant episode. */
export function blockOf(pair: Pair, differences: readonly number[], widthMs: number): Measured {
  const lengths = pair.parts.flatMap(({ episodes }) =>
    episodes.map(({ firstTsMs, lastTsMs }) => (lastTsMs - firstTsMs) / widthMs),
  );
  const longest = differences.length / 3;
  const median = lengths.length === 0 ? 1 : Math.min(longest, medianOf(lengths));
  return blockFor(differences, Math.max(1, median));
}

function bucketOpinion(pair: Pair, replications: number): Measured<SecondOpinion> {
  const { differences, widthMs } = differenceSteps(pair);
  const block = blockOf(pair, differences, widthMs);
  if (block.value === null) return block;
  const dice = diceOf("net_pnl", pair);
  const measured = bootstrapMean(differences, { block: block.value, random: dice, replications });
  if (measured.value === null) return measured;
  const { basic, percentile, pTwoSided, effectiveBlocks, isTrusted } = measured.value;
  const perDay = (value: number) => (value * differences.length) / pair.days;
  return known({
    interval: [perDay(basic[0]), perDay(basic[1])] as const,
    percentile: [perDay(percentile[0]), perDay(percentile[1])] as const,
    p: pTwoSided,
    blockBuckets: block.value,
    bucketMs: widthMs,
    effectiveBlocks,
    isTrusted,
  });
}

const NO_SECOND = unknown("one_method_only");

/** Deepest fall as a share, 0 or negative; `null` when equity does not start above 0. */
function deepestFall(start: number, steps: (index: number) => number, n: number): number {
  let level = start;
  let peak = start;
  let deepest = 0;
  for (let index = 0; index < n; index += 1) {
    level += steps(index);
    if (level > peak) peak = level;
    const fall = level / peak - 1;
    if (fall < deepest) deepest = fall;
  }
  return deepest;
}

/** Falls of one account that went through all recordings in order, at the buckets' full resolution. */
function fallOf(records: readonly VariantRecord[]): number {
  const steps = records.flatMap((record) =>
    record.buckets.equityQuote.length === 0 ? [] : stepsOf(withStart(startQuoteOf(record), record.buckets)),
  );
  return deepestFall(startQuoteOf(records[0]!), (index) => steps[index]!, steps.length);
}

function measureDrawdown(pair: Pair, { replications }: MeasureOptions): MetricMeasure {
  const start = startQuoteOf(pair.parts[0]!.baseline);
  if (!(start > 0)) return nothing("bad_start");
  const fine = {
    baseline: fallOf(pair.parts.map((part) => part.baseline)),
    candidate: fallOf(pair.parts.map((part) => part.candidate)),
  };
  const difference = fine.candidate - fine.baseline;
  const { baseline, candidate, widthMs } = pairedSteps(pair);
  const n = baseline.length;
  const values = { baseline: known(fine.baseline), candidate: known(fine.candidate), difference: known(difference) };
  const differences = candidate.map((step, index) => step - baseline[index]!);
  const block = blockOf(pair, differences, widthMs);
  if (block.value === null) return { ...nothing(block.reason), ...values };
  const statistic = (at: (place: number) => number) =>
    deepestFall(start, (place) => candidate[at(place)]!, n) - deepestFall(start, (place) => baseline[at(place)]!, n);
  const coarse = statistic((place) => place);
  const measured = bootstrapStatistic(n, (indices) => statistic((place) => indices[place]!), coarse, {
    block: block.value,
    random: diceOf("max_drawdown", pair),
    replications,
  });
  if (measured.value === null) return { ...nothing(measured.reason), ...values };
  const { basic, percentile, pTwoSided, effectiveBlocks, bootSe, isTrusted } = measured.value;
  if (!isTrusted)
    return { ...nothing(`too_few: ${Math.floor(effectiveBlocks)} effective blocks, 20 needed`), ...values };
  const shift = difference - coarse;
  return {
    ...values,
    interval: known([Math.min(basic[0], percentile[0]) + shift, Math.max(basic[1], percentile[1]) + shift] as const),
    p: known(pTwoSided),
    pieces: Math.floor(effectiveBlocks),
    detectable: known(minimumDetectable(bootSe)),
    second: NO_SECOND,
  };
}

function measureExitDelay(pair: Pair, { replications }: MeasureOptions): MetricMeasure {
  const units = waitBursts(pair);
  const all = (pick: "baseline" | "candidate") => units.flatMap((unit) => unit[pick]);
  const [baseline, candidate] = [waitP95(all("baseline")), waitP95(all("candidate"))];
  const values = { baseline, candidate };
  if (baseline.value === null || candidate.value === null) {
    return { ...nothing(baseline.reason ?? candidate.reason ?? "undefined"), ...values };
  }
  const difference = candidate.value - baseline.value;
  const pieces = units.length;
  const shown = { ...values, difference: known(difference) };
  if (units.every((unit) => JSON.stringify(unit.baseline) === JSON.stringify(unit.candidate))) {
    return { ...nothing("identical"), ...shown, pieces };
  }
  if (pieces < WAIT_BURSTS_MIN) {
    return { ...nothing(`too_few: ${pieces} bursts of blocked exits, ${WAIT_BURSTS_MIN} needed`), ...shown, pieces };
  }
  const random = diceOf("exit_delay", pair);
  const resampled: number[] = [];
  for (let replication = 0; replication < replications; replication += 1) {
    const picked = units.map(() => units[Math.floor(random() * pieces)]!);
    const left = waitP95(picked.flatMap((unit) => unit.baseline));
    const right = waitP95(picked.flatMap((unit) => unit.candidate));
    if (left.value === null || right.value === null) return { ...nothing("undefined_in_resample"), ...shown, pieces };
    resampled.push(right.value - left.value);
  }
  const sorted = ascending(resampled);
  const [low, high] = [quantile(sorted, 0.025), quantile(sorted, 0.975)];
  const above = resampled.filter((value) => value - difference >= difference).length;
  const below = resampled.filter((value) => value - difference <= difference).length;
  const mean = resampled.reduce((sum, value) => sum + value, 0) / replications;
  const se = Math.sqrt(resampled.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (replications - 1));
  return {
    ...shown,
    interval: known([Math.min(low, 2 * difference - high), Math.max(high, 2 * difference - low)] as const),
    p: known(Math.min(1, (2 * (1 + Math.min(above, below))) / (replications + 1))),
    pieces,
    detectable: known(minimumDetectable(se)),
    second: NO_SECOND,
  };
}

interface WaitBurst {
  readonly baseline: ExitWait[];
  readonly candidate: ExitWait[];
}

/** Blocked exits of both, joined by burst: what one event set off is drawn together, on both sides. */
function waitBursts(pair: Pair): WaitBurst[] {
  return pair.parts.flatMap((part) => {
    const waits = { baseline: exitWaits(part.baseline), candidate: exitWaits(part.candidate) };
    const starts = [...waits.baseline, ...waits.candidate].map(({ firstTsMs }) => firstTsMs);
    const names = burstNames(starts, burstGapMs(part));
    const units = new Map<string, WaitBurst>(
      [...new Set(names.values())].map((name) => [name, { baseline: [], candidate: [] }]),
    );
    for (const side of ["baseline", "candidate"] as const) {
      for (const wait of waits[side]) units.get(names.get(wait.firstTsMs)!)![side].push(wait);
    }
    return [...units.values()];
  });
}

function waitP95(waits: readonly ExitWait[]): Measured {
  const survival = kaplanMeier(waits.map(({ waitMs, isCensored }) => ({ seconds: waitMs / 1000, isCensored })));
  if (survival.value === null) return unknown("no_blocked_exit");
  const p95 = survivalQuantile(survival.value.steps, 0.95);
  return p95.value === null ? p95 : known(p95.value * 1000);
}

function measureGateValue(pair: Pair, { gateEpisodes }: MeasureOptions): MetricMeasure {
  const { parts, days } = pair;
  const differences: { trigger: string; differenceQuote: number }[] = [];
  const totals = { baseline: 0, candidate: 0 };
  for (const part of parts) {
    const sides = { baseline: gateEpisodes?.(part.baseline), candidate: gateEpisodes?.(part.candidate) };
    if (sides.baseline == null || sides.candidate == null) return nothing("no_shadow_outcome");
    const all = [...sides.baseline, ...sides.candidate];
    const names = burstNames(
      all.map(({ firstTsMs }) => firstTsMs),
      burstGapMs(part),
    );
    for (const side of ["baseline", "candidate"] as const) {
      for (const { firstTsMs, valueQuote } of sides[side]!) {
        totals[side] += valueQuote;
        const trigger = `${part.recordingHash} ${names.get(firstTsMs)!}`;
        differences.push({ trigger, differenceQuote: side === "candidate" ? valueQuote : -valueQuote });
      }
    }
  }
  const difference = (totals.candidate - totals.baseline) / days;
  return {
    baseline: known(totals.baseline / days),
    candidate: known(totals.candidate / days),
    difference: known(difference),
    ...clustered(burstTotals(differences), difference, days),
    second: NO_SECOND,
  };
}

function nothing(reason: string): MetricMeasure {
  const none = unknown(reason);
  return {
    baseline: none,
    candidate: none,
    difference: none,
    interval: none,
    p: none,
    pieces: 0,
    detectable: none,
    second: NO_SECOND,
  };
}
