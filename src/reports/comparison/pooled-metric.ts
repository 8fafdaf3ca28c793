import { agreementOf, type Evidence, exactSum, type Verdict, verdictOf } from "../statistics/index.ts";
import { known, type Measured, unknown } from "../statistics/measured.ts";
import type { LabAgreement, LabMetric } from "./lab-comparison.ts";
import type { MetricMeasure } from "./metric-measures.ts";

/** One metric over all seeds of one profile. */
export interface Pooled extends Omit<MetricMeasure, "second"> {
  readonly second: LabMetric["second"];
  readonly bySeed: LabAgreement;
  /** From the pooled interval, before Holm. */
  readonly verdict: Verdict;
}

/**
 * Seeds are no further evidence on the market: the difference is their mean, the interval the widest that any of them
 * allows, so that one seed never decides.
 */
export function pool(
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

/** Verdict by case; several that differ are none. */
export function labAgreement(
  cases: readonly { readonly name: string; readonly verdict: Verdict; readonly difference: Measured }[],
): LabAgreement {
  const { verdict, isFlipping } = agreementOf(cases);
  return { verdict, isFlipping, cases: [...cases] };
}

/** Which cases say what. */
export function flipText({ cases }: LabAgreement): string {
  const byVerdict = new Map<string, string[]>();
  for (const { name, verdict } of cases) byVerdict.set(verdict, [...(byVerdict.get(verdict) ?? []), name]);
  return [...byVerdict].map(([verdict, names]) => `${verdict} under ${names.join(", ")}`).join("; ");
}
