import { type Evidence, holm, type Verdict } from "../statistics/index.ts";
import { known, type Measured } from "../statistics/measured.ts";
import type { CompareOptions } from "./compare-records.ts";
import { type ComparisonMetricId, comparisonMetric } from "./comparison-metric.ts";
import type { LabMetric } from "./lab-comparison.ts";
import { type MeasureOptions, measureMetric } from "./metric-measures.ts";
import { type Pair, pairOf } from "./pair.ts";
import { flipText, labAgreement, type Pooled, pool } from "./pooled-metric.ts";
import type { RecordGroups } from "./record-groups.ts";

/** What a candidate is judged on. */
export interface CandidateWork {
  /** One a seed, under the first profile. */
  readonly pairs: readonly Pair[];
  readonly metrics: readonly ComparisonMetricId[];
  readonly options: CompareOptions;
  readonly measure: MeasureOptions;
}

/** Every declared metric with its verdict: pooled over seeds, corrected for the family, checked over profiles. */
export function metricsOf(groups: RecordGroups, work: CandidateWork, evidence: Evidence): LabMetric[] {
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

function pairOrReason(interval: Measured<readonly [number, number]>): LabMetric["interval"] {
  return interval.value === null ? interval : known([interval.value[0], interval.value[1]]);
}
