import type { LabComparison } from "../comparison/lab-comparison.ts";
import type { StudyFacts } from "./facts/facts.ts";

/**
 * What the comparison of a run says of the search its best variant came from; `null` for every other variant, and without
 * a comparison. How many parameters were free it does not say: 0 stands for unknown.
 */
export function studyOfRun(lab: LabComparison | null, variant: string): StudyFacts | null {
  const trials = lab?.many.trials.value;
  if (lab == null || trials == null) return null;
  const judged = lab.variants.flatMap(({ variant: name, sharpe }) =>
    sharpe.value === null ? [] : [{ name, sharpe: sharpe.value }],
  );
  const best = judged.sort((left, right) => right.sharpe - left.sharpe || (left.name < right.name ? -1 : 1))[0];
  if (best?.name !== variant) return null;
  const periods = Math.floor(lab.spanMs / lab.sharpeBucketMs);
  return { trials, parameters: 0, ...(periods < 1 ? {} : { bestSharpe: best.sharpe, periods }) };
}
