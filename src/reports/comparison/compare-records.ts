import { UserError } from "../../diagnostics/user-error.ts";
import { type Evidence, evidenceOf, exactSum, REPLICATIONS } from "../statistics/index.ts";
import type { VariantRecord } from "../variants/variant-record.ts";
import { decisionsOf, episodesOf, hoursOf, seedsOf } from "./candidate-changes.ts";
import { type CandidateWork, metricsOf } from "./candidate-metrics.ts";
import { COMPARISON_METRICS, type ComparisonMetricId, DEFAULT_METRICS, METRICS_MAX } from "./comparison-metric.ts";
import { LAB_COMPARISON_SCHEMA, type LabCandidate, type LabComparison } from "./lab-comparison.ts";
import { overfittingOf, superiorByBuckets, superiorByBursts } from "./many-variants.ts";
import { matchedRate, type OutcomeOf } from "./matched-rate.ts";
import { metricDifferences } from "./metric-differences.ts";
import type { GateEpisode } from "./metric-measures.ts";
import { endQuoteOf, type Pair, pairOf, startQuoteOf } from "./pair.ts";
import { groupRecords, type RecordGroups } from "./record-groups.ts";
import { SHARPE_BUCKET_MS, sharpeSignificance } from "./sharpe-facts.ts";
import { NO_LEDGER, type TrialFacts } from "./trials.ts";

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

/** A badge that one seed does not reach is not reached. */
function weakest(all: readonly Evidence[]): Evidence {
  return all.reduce((least, each) => (each.badge < least.badge ? each : least));
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
