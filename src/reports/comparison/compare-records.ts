import { UserError } from "../../diagnostics/user-error.ts";
import {
  agreementOf,
  type Evidence,
  evidenceOf,
  exactSum,
  fragileDecisions,
  holm,
  REPLICATIONS,
  seedSpread,
  type Verdict,
  verdictOf,
} from "../statistics/index.ts";
import { known, type Measured, unknown } from "../statistics/measured.ts";
import type { VariantRecord } from "../variants/variant-record.ts";
import {
  COMPARISON_METRICS,
  type ComparisonMetricId,
  comparisonMetric,
  DEFAULT_METRICS,
  METRICS_MAX,
} from "./comparison-metric.ts";
import { countChanges, type DecisionChange, intentsByDelivery } from "./decision-changes.ts";
import {
  LAB_COMPARISON_SCHEMA,
  type LabAgreement,
  type LabCandidate,
  type LabComparison,
  type LabMetric,
} from "./lab-comparison.ts";
import { overfittingOf, superiorByBuckets, superiorByBursts } from "./many-variants.ts";
import { matchedRate, type OutcomeOf } from "./matched-rate.ts";
import { metricDifferences } from "./metric-differences.ts";
import { type GateEpisode, type MeasureOptions, type MetricMeasure, measureMetric } from "./metric-measures.ts";
import { burstDifferences, endQuoteOf, type Pair, pairOf, startQuoteOf } from "./pair.ts";
import { groupRecords, type RecordGroups } from "./record-groups.ts";
import { SHARPE_BUCKET_MS, sharpeSignificance } from "./sharpe-facts.ts";
import { NO_LEDGER, type TrialFacts } from "./trials.ts";

const HOUR_MS = 3_600_000;
const CHANGES_LISTED = 200;
const EPISODES_LISTED = 5;
const FRAGILE_LISTED = 20;

export interface CompareOptions {
  /** Name of the baseline; the first record's variant unless told. */
  readonly baseline?: string;
  /** Declared metrics, three at most. */
  readonly metrics?: readonly ComparisonMetricId[];
  /** Smallest difference that matters, in the unit of each metric; 0 when absent. */
  readonly margins?: Partial<Readonly<Record<ComparisonMetricId, number>>>;
  /** Whether variants, metrics and margins stood in the scenario before anyone saw a result; badge E3 needs it. */
  readonly isDeclaredBefore?: boolean;
  /** Execution profile of a record, when the same variants ran under several; the first is the one reported. */
  readonly profileOf?: (record: VariantRecord) => string;
  readonly trials?: TrialFacts;
  /** Net shadow value of what a variant blocked, for `gate_value`. */
  readonly gateEpisodes?: (record: VariantRecord) => readonly GateEpisode[] | null;
  /** Shadow outcome of an entry, for the comparison at matched block rate; its round trip when absent. */
  readonly outcomeOf?: OutcomeOf;
  /** Resamples of every bootstrap; 1 999 unless told. */
  readonly replications?: number;
}

/**
 * Compares every variant with the baseline: exact changes of decisions first, then paired differences with intervals and
 * verdicts as far as the evidence goes, then what trying many variants does to them. Equal records give an equal
 * comparison, whatever their order or the machine.
 *
 * @throws {UserError} exit 14 for different recordings, exit 2 for what cannot be paired (see `groupRecords`)
 */
export function compareRecords(records: readonly VariantRecord[], options: CompareOptions = {}): LabComparison {
  const metrics = options.metrics ?? DEFAULT_METRICS;
  requireMetrics(metrics);
  const groups = groupRecords(records, {
    ...(options.baseline === undefined ? {} : { baseline: options.baseline }),
    profileOf: options.profileOf ?? (() => ""),
  });
  const trials = options.trials ?? NO_LEDGER;
  const replications = options.replications ?? REPLICATIONS.quick;
  const [profile] = groups.profiles as [string];
  const pairs = groups.candidates.flatMap((candidate) =>
    groups.seeds.map((seed) => pairOf(groups, { candidate, seed, profile })),
  );
  const first = pairs[0]!;
  return {
    schema: LAB_COMPARISON_SCHEMA,
    baseline: groups.baseline,
    engineVersions: [...new Set(records.map(({ engineVersion }) => engineVersion))].sort(),
    recordings: first.parts.map(({ recordingHash, baseline: { recording, summary } }) => ({
      name: recording,
      hash: recordingHash,
      startTsMs: summary.run.startTsMs,
      endTsMs: summary.run.endTsMs,
    })),
    seeds: [...groups.seeds],
    profiles: groups.profiles.length === 1 && profile === "" ? [] : [...groups.profiles],
    spanMs: first.spanMs,
    isDeclaredBefore: options.isDeclaredBefore === true,
    metrics: [...metrics],
    variants: variantsOf(groups, trials, first.days),
    sharpeBucketMs: SHARPE_BUCKET_MS,
    candidates: groups.candidates.map((candidate) =>
      compareCandidate(groups, {
        pairs: pairs.filter((pair) => pair.candidate === candidate),
        metrics,
        options,
        measure: {
          replications,
          ...(options.gateEpisodes === undefined ? {} : { gateEpisodes: options.gateEpisodes }),
        },
      }),
    ),
    many: {
      trials: trials.trials,
      bursts: superiorByBursts(groups, pairs, { replications }),
      buckets: superiorByBuckets(groups, pairs, { replications }),
      overfitting: overfittingOf(groups),
    },
    notes: notesOf(groups, records),
  };
}

function requireMetrics(metrics: readonly ComparisonMetricId[]): void {
  const problem =
    metrics.length === 0 || metrics.length > METRICS_MAX
      ? `there are ${metrics.length} metrics, 1 to ${METRICS_MAX} are needed`
      : new Set(metrics).size < metrics.length
        ? `a metric is declared twice, each once is needed`
        : metrics.some((metric) => !COMPARISON_METRICS.includes(metric))
          ? `"${metrics.find((metric) => !COMPARISON_METRICS.includes(metric))}" is no metric, some of ${COMPARISON_METRICS.join(", ")} are needed`
          : null;
  if (problem !== null) throw new UserError([{ text: `Cannot compare variants: ${problem}` }]);
}

function variantsOf(groups: RecordGroups, trials: TrialFacts, days: number): LabComparison["variants"] {
  const [seed, profile] = [groups.seeds[0]!, groups.profiles[0]!];
  return [groups.baseline, ...groups.candidates].map((variant) => {
    const records = groups.recordingHashes.map((hash) => groups.cell(hash, seed, profile).byVariant.get(variant)!);
    const change = exactSum(records.map((record) => endQuoteOf(record) - startQuoteOf(record)));
    return {
      variant,
      scenario: records[0]!.scenario,
      scenarioHash: records[0]!.scenarioHash,
      netPnlPerDayQuote: change / days,
      ...sharpeSignificance(records, trials),
    };
  });
}

interface CandidateWork {
  /** One a seed, under the first profile. */
  readonly pairs: readonly Pair[];
  readonly metrics: readonly ComparisonMetricId[];
  readonly options: CompareOptions;
  readonly measure: MeasureOptions;
}

function compareCandidate(groups: RecordGroups, work: CandidateWork): LabCandidate {
  const { pairs, options } = work;
  const pair = pairs[0]!;
  const evidence = weakest(pairs.map((each) => evidenceOfPair(each, options.isDeclaredBefore === true)));
  return {
    candidate: pair.candidate,
    badge: evidence.badge,
    evidence: [...evidence.reasons],
    wording: evidence.wording,
    decisions: decisionsOf(pair),
    episodes: episodesOf(pair),
    metrics: metricsOf(groups, work, evidence),
    others: pair.parts.flatMap(({ baseline, candidate }) =>
      metricDifferences(baseline.summary, candidate.summary).map((each) => ({
        recording: baseline.recording,
        ...each,
      })),
    ),
    matchedBlockRate: matchedRate(pair, options.outcomeOf),
    seeds: seedsOf(pairs),
  };
}

function evidenceOfPair({ parts, spanMs }: Pair, isDeclaredBefore: boolean): Evidence {
  const hours = parts.reduce((sum, { episodes }) => sum + hoursOf(episodes.map(({ firstTsMs }) => firstTsMs)), 0);
  return evidenceOf({
    spanMs,
    episodes: parts.reduce((sum, { episodes }) => sum + episodes.length, 0),
    hours,
    recordings: parts.length,
    regimes: 1,
    isDeclaredBefore,
  });
}

function hoursOf(timesTsMs: readonly number[]): number {
  return new Set(timesTsMs.map((tsMs) => Math.floor(tsMs / HOUR_MS))).size;
}

/** A badge that one seed does not reach is not reached. */
function weakest(all: readonly Evidence[]): Evidence {
  return all.reduce((least, each) => (each.badge < least.badge ? each : least));
}

function decisionsOf({ parts }: Pair): LabCandidate["decisions"] {
  const changes = parts.flatMap(({ baseline, decisions }) =>
    decisions.changes.map((change) => ({ recording: baseline.recording, ...change })),
  );
  const sum = (pick: (part: Pair["parts"][number]) => number) => parts.reduce((total, part) => total + pick(part), 0);
  const counts = countChanges(changes as readonly DecisionChange[]);
  return {
    same: sum(({ decisions }) => decisions.same),
    changed: changes.length,
    nowExecuted: { ...counts.nowExecuted },
    nowBlocked: { ...counts.nowBlocked },
    otherwise: { ...counts.otherwise },
    exitsOnlyInBaseline: sum(({ decisions }) => decisions.exitsOnlyInBaseline),
    exitsOnlyInCandidate: sum(({ decisions }) => decisions.exitsOnlyInCandidate),
    first: changes[0] ?? null,
    changes: changes.slice(0, CHANGES_LISTED),
  };
}

function episodesOf(pair: Pair): LabCandidate["episodes"] {
  const all = pair.parts.flatMap(({ baseline, episodes }) =>
    episodes.map((episode) => ({ recording: baseline.recording, ...episode })),
  );
  const totalQuote = exactSum(all.map(({ differenceQuote }) => differenceQuote));
  const difference = exactSum(
    pair.parts.flatMap(({ baseline, candidate }) => [
      endQuoteOf(candidate) - startQuoteOf(candidate),
      startQuoteOf(baseline) - endQuoteOf(baseline),
    ]),
  );
  return {
    count: all.length,
    bursts: new Set(burstDifferences(pair).map(({ trigger }) => trigger)).size,
    hours: pair.parts.reduce((sum, { episodes }) => sum + hoursOf(episodes.map(({ firstTsMs }) => firstTsMs)), 0),
    totalQuote,
    unattributedQuote: difference - totalQuote,
    largest: [...all]
      .sort(
        (left, right) =>
          Math.abs(right.differenceQuote) - Math.abs(left.differenceQuote) ||
          left.firstTsMs - right.firstTsMs ||
          (left.symbol < right.symbol ? -1 : 1),
      )
      .slice(0, EPISODES_LISTED),
  };
}

/** One metric over all seeds of one profile. */
interface Pooled extends Omit<MetricMeasure, "second"> {
  readonly second: LabMetric["second"];
  readonly bySeed: LabAgreement;
  /** From the pooled interval, before Holm. */
  readonly verdict: Verdict;
}

function metricsOf(groups: RecordGroups, work: CandidateWork, evidence: Evidence): LabMetric[] {
  const { metrics, options, pairs, measure } = work;
  const { candidate } = pairs[0]!;
  const pooledOf = (id: ComparisonMetricId, profile: string): Pooled => {
    const pairsOfProfile =
      profile === pairs[0]!.profile ? pairs : groups.seeds.map((seed) => pairOf(groups, { candidate, seed, profile }));
    const marginOf = { margin: options.margins?.[id] ?? 0, isHigherBetter: comparisonMetric(id).isHigherBetter };
    return pool(
      pairsOfProfile.map((pair) => ({ name: pair.seed, ...measureMetric(id, pair, measure) })),
      { ...marginOf, badge: evidence.badge },
    );
  };
  const byProfile = metrics.map((id) => groups.profiles.map((profile) => ({ profile, ...pooledOf(id, profile) })));
  const holmOf = (place: number) => holm(byProfile.map((profiles) => profiles[place]!.p.value ?? 1));
  const corrections = groups.profiles.map((_, place) => holmOf(place));
  return metrics.map((id, index): LabMetric => {
    const profiles = byProfile[index]!.map((pooled, place) => ({
      ...pooled,
      ...afterHolm(pooled, corrections[place]!, { index, metrics: metrics.length }),
    }));
    const { bySeed, profile: _profile, ...first } = profiles[0]!;
    const across = labAgreement(
      profiles.map(({ profile, verdict, difference }) => ({ name: profile, verdict, difference })),
    );
    const isFlipping = across.isFlipping || bySeed.isFlipping;
    const { label, unit, isHigherBetter, method } = comparisonMetric(id);
    return {
      ...{ metric: id, label, unit, isHigherBetter, method, margin: options.margins?.[id] ?? 0 },
      ...first,
      interval: pairOrReason(first.interval),
      pHolm: first.p.value === null ? first.p : known(corrections[0]!.adjusted[index]!),
      verdict: isFlipping ? "inconclusive" : first.verdict,
      verdictReason: isFlipping
        ? `flips over ${across.isFlipping ? "execution profiles" : "seeds"}: ${flipText(across.isFlipping ? across : bySeed)}`
        : first.verdictReason,
      bySeed,
      byProfile: across,
    };
  });
}

/**
 * Seeds are no further evidence on the market: the difference is their mean, the interval the widest that any of them
 * allows, so that one seed never decides.
 */
function pool(
  seeds: readonly (MetricMeasure & { readonly name: string })[],
  judged: { readonly margin: number; readonly isHigherBetter: boolean; readonly badge: Evidence["badge"] },
): Pooled {
  const all = <Value>(pick: (seed: MetricMeasure) => Measured<Value>): Measured<Value[]> => {
    const values: Value[] = [];
    for (const seed of seeds) {
      const measured = pick(seed);
      if (measured.reason !== null) return unknown(measured.reason);
      values.push(measured.value);
    }
    return known(values);
  };
  const reduce = (pick: (seed: MetricMeasure) => Measured, how: (values: readonly number[]) => number): Measured => {
    const values = all(pick);
    return values.value === null ? values : known(how(values.value));
  };
  const mean = (values: readonly number[]) => exactSum(values) / values.length;
  const intervals = all(({ interval }) => interval);
  const interval =
    intervals.value === null
      ? intervals
      : known([
          Math.min(...intervals.value.map(([low]) => low)),
          Math.max(...intervals.value.map(([, high]) => high)),
        ] as const);
  const verdict = (each: readonly [number, number] | null) => verdictOf({ interval: each, ...judged });
  const { second } = seeds[0]!;
  return {
    baseline: reduce((seed) => seed.baseline, mean),
    candidate: reduce((seed) => seed.candidate, mean),
    difference: reduce((seed) => seed.difference, mean),
    interval,
    p: reduce(
      (seed) => seed.p,
      (values) => Math.max(...values),
    ),
    pieces: Math.min(...seeds.map(({ pieces }) => pieces)),
    detectable: reduce(
      (seed) => seed.detectable,
      (values) => Math.max(...values),
    ),
    second:
      second.value === null
        ? second
        : known({
            ...second.value,
            interval: [...second.value.interval],
            percentile: [...second.value.percentile],
            verdict: second.value.isTrusted ? verdict(second.value.interval) : "not estimable",
          }),
    bySeed: labAgreement(
      seeds.map(({ name, interval: each, difference }) => ({ name, verdict: verdict(each.value), difference })),
    ),
    verdict: verdict(interval.value),
  };
}

/** A difference is called only when the family of declared metrics still rejects chance. */
function afterHolm(
  { verdict, p, interval }: Pooled,
  corrected: ReturnType<typeof holm>,
  { index, metrics }: { readonly index: number; readonly metrics: number },
): { readonly verdict: Verdict; readonly verdictReason: string | null } {
  if (interval.value === null) return { verdict, verdictReason: interval.reason };
  if (verdict === "not estimable") return { verdict, verdictReason: "evidence below E2" };
  if ((verdict !== "better" && verdict !== "worse") || corrected.rejected[index] === true) {
    return { verdict, verdictReason: null };
  }
  const [before, after] = [p.value ?? 1, corrected.adjusted[index]!].map((value) => value.toPrecision(2));
  return { verdict: "inconclusive", verdictReason: `Holm over ${metrics} metrics: p ${before} becomes ${after}` };
}

function labAgreement(
  cases: readonly { readonly name: string; readonly verdict: Verdict; readonly difference: Measured }[],
): LabAgreement {
  const { verdict, isFlipping } = agreementOf(cases);
  return { verdict, isFlipping, cases: [...cases] };
}

function flipText({ cases }: LabAgreement): string {
  const byVerdict = new Map<string, string[]>();
  for (const { name, verdict } of cases) byVerdict.set(verdict, [...(byVerdict.get(verdict) ?? []), name]);
  return [...byVerdict].map(([verdict, names]) => `${verdict} under ${names.join(", ")}`).join("; ");
}

function pairOrReason(interval: Measured<readonly [number, number]>): LabMetric["interval"] {
  return interval.value === null ? interval : known([interval.value[0], interval.value[1]]);
}

function seedsOf(pairs: readonly Pair[]): LabCandidate["seeds"] {
  const spread = seedSpread(
    pairs.map(({ parts }) => parts.flatMap(({ episodes }) => episodes.map(({ differenceQuote }) => differenceQuote))),
  );
  if (spread.value === null) return spread;
  const states = pairs.map(
    ({ parts }) =>
      new Map(
        parts.flatMap(({ candidate, recordingHash }) =>
          [...intentsByDelivery(candidate.intents)].map(
            ([key, { state }]) => [`${recordingHash.slice(0, 8)} ${key}`, state ?? "UNACCOUNTED"] as const,
          ),
        ),
      ),
  );
  const fragile = fragileDecisions(states);
  return known({ ...spread.value, fragile: fragile.length, fragileKeys: fragile.slice(0, FRAGILE_LISTED) });
}

function notesOf(groups: RecordGroups, records: readonly VariantRecord[]): string[] {
  const notes: string[] = [];
  const versions = new Set(records.map(({ engineVersion }) => engineVersion));
  if (versions.size > 1) notes.push(`engine versions differ: ${[...versions].sort().join(", ")}`);
  const partial = records.filter(({ summary }) => summary.run.partial).map(({ variant }) => variant);
  if (partial.length > 0) notes.push(`partial runs: ${[...new Set(partial)].sort().join(", ")}`);
  const seeds = groups.seeds.length;
  if (seeds === 1)
    notes.push("one seed: latency and faults could have fallen otherwise, --seeds 1..5 shows by how much");
  return notes;
}
