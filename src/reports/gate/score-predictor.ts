import { curvesOf } from "../statistics/classification.ts";
import { known, type Measured, unknown } from "../statistics/measured.ts";
import { brierTerms, isotonicReliability, type ReliabilityPoint, scoreGap } from "../statistics/reliability.ts";
import type { ShadowedEntry } from "./entry-value.ts";
import type { ScorePredictor } from "./schema.ts";
import { thin } from "./thin.ts";

const CURVE_POINTS_MAX = 100;

/**
 * The kill score as a predictor of an entry that loses (reports.md 3.5), over refused and allowed entries that had a
 * score. It is a score and no probability: read the bins and the curve, not the Brier score alone.
 */
export function scorePredictor(entries: readonly ShadowedEntry[]): ScorePredictor {
  const scored = entries.filter(({ episode }) => episode.killScore !== null);
  const scores = scored.map(({ episode }) => episode.killScore!);
  const bad = scored.map(({ outcome }) => outcome.pnlQuote < 0n);
  const outcomes = bad.map((isBad): 0 | 1 => (isBad ? 1 : 0));
  const brier = brierTerms({ scores, outcomes });
  const curves = curvesOf(scores, bad);
  const isotonic = isotonicReliability({ scores, outcomes });
  const gap = scoreGap(scores);
  const ofCurve = (read: (value: NonNullable<typeof curves.value>) => number): Measured =>
    curves.value === null ? curves : known(read(curves.value));
  return {
    n: scored.length,
    bad: bad.filter((isBad) => isBad).length,
    brier:
      brier.value === null
        ? brier
        : known({ ...brier.value, identityRest: identityRest(brier.value), bins: [...brier.value.bins] }),
    isotonic: isotonic.value === null ? isotonic : known(steps(isotonic.value)),
    rocArea: ofCurve(({ rocArea }) => rocArea),
    averagePrecision: ofCurve(({ averagePrecision }) => averagePrecision),
    youdenCutoff: ofCurve(({ youdenCutoff }) => youdenCutoff),
    curve: thin(curves.value?.points ?? [], CURVE_POINTS_MAX).map(
      ({ cutoff, truePositiveRate, falsePositiveRate, precision }) => ({
        cutoff,
        truePositiveRate,
        falsePositiveRate,
        precision,
      }),
    ),
    components: componentAreas(scored),
    gap,
    cutoffsInGap: gap === null ? [] : cutoffsOf(scored).filter((cutoff) => cutoff > gap.from && cutoff <= gap.to),
  };
}

function identityRest(terms: {
  readonly brier: number;
  readonly reliability: number;
  readonly resolution: number;
  readonly uncertainty: number;
  readonly withinBinVariance: number;
  readonly withinBinCovariance: number;
}): number {
  const { brier, reliability, resolution, uncertainty, withinBinVariance, withinBinCovariance } = terms;
  return brier - (reliability - resolution + uncertainty + withinBinVariance - withinBinCovariance);
}

/** Ends of every level of the isotonic curve: between them it is flat. */
function steps(points: readonly ReliabilityPoint[]): ReliabilityPoint[] {
  return thin(
    points.filter(
      ({ frequency }, index) =>
        points[index - 1]?.frequency !== frequency || points[index + 1]?.frequency !== frequency,
    ),
    CURVE_POINTS_MAX,
  );
}

function componentAreas(scored: readonly ShadowedEntry[]): ScorePredictor["components"] {
  const names = [...new Set(scored.flatMap(({ episode }) => Object.keys(episode.components)))].sort();
  return names.map((name) => {
    const own = scored.filter(({ episode }) => episode.components[name] !== undefined);
    const values = own.map(({ episode }) => episode.components[name]!);
    if (values.every((value) => value === values[0])) return { name, rocArea: unknown("constant") };
    const curves = curvesOf(
      values,
      own.map(({ outcome }) => outcome.pnlQuote < 0n),
    );
    return { name, rocArea: curves.value === null ? curves : known(curves.value.rocArea) };
  });
}

/** Cutoffs of verdicts that compared the score itself, ascending. */
function cutoffsOf(scored: readonly ShadowedEntry[]): number[] {
  const cutoffs = new Set<number>();
  for (const { episode } of scored) {
    if (episode.verdictCutoff !== null && episode.verdictValue === episode.killScore)
      cutoffs.add(episode.verdictCutoff);
  }
  return [...cutoffs].sort((left, right) => left - right);
}
