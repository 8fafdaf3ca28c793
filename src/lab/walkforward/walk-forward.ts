import { z } from "zod";
import { mcnemar } from "../../reports/statistics/binomial.ts";
import { known, type Measured, unknown } from "../../reports/statistics/measured.ts";
import { type Fold, walkForwardEfficiency } from "../../reports/statistics/splits.ts";
import type { VariantRecord } from "../../reports/variants/variant-record.ts";

const span = z.strictObject({ fromTsMs: z.number(), toTsMs: z.number() });
const measured = z.union([
  z.strictObject({ value: z.number(), reason: z.null() }),
  z.strictObject({ value: z.null(), reason: z.string() }),
]);

const foldSchema = z.strictObject({
  train: span,
  test: span,
  /** The variant with the highest net result a day in training; equal ones by name. */
  chosen: z.string(),
  /** Quote a day, open positions at their mark. */
  chosenTrainPerDay: z.number(),
  chosenTestPerDay: z.number(),
  baselineTestPerDay: z.number(),
  /** What the best of the test would have made: nobody could have known it. */
  oracle: z.string(),
  oracleTestPerDay: z.number(),
  /** Spearman's correlation of all variants' training and test results. */
  rankCorrelation: measured,
  journals: z.array(z.strictObject({ variant: z.string(), train: z.string(), test: z.string() })),
});

/** `rehearsal.walk-forward/1`: what choosing on the past was worth afterwards. */
export const walkForwardSchema = z.strictObject({
  schema: z.literal("rehearsal.walk-forward/1"),
  scenario: z.string(),
  scenarioHash: z.string(),
  recording: z.string(),
  recordingHash: z.string(),
  engineVersion: z.string(),
  seed: z.string(),
  baseline: z.string(),
  variants: z.array(z.string()),
  embargoMs: z.number(),
  /** Training keeps its length; otherwise it grows from the start. */
  isRolling: z.boolean(),
  folds: z.array(foldSchema),
  /** Means over the folds, weighted by the length of their tests. */
  chosenTestPerDay: z.number(),
  baselineTestPerDay: z.number(),
  /** Test over training of what was chosen; `null` when there was no edge in training. */
  efficiency: measured,
  /** Share of folds in which the choice beat the baseline, and its two-sided sign test. */
  wins: z.int(),
  signP: measured,
});

export type WalkForward = z.infer<typeof walkForwardSchema>;
export type WalkForwardFold = z.infer<typeof foldSchema>;

/** Records of all variants in one span, in the order of the scenario. */
export interface FoldRecords {
  readonly train: readonly VariantRecord[];
  readonly test: readonly VariantRecord[];
}

const DAY_MS = 86_400_000;

/** What the choice of each training span made in its test, beside the baseline and an oracle. */
export function judgeFold({ train, test }: Fold, records: FoldRecords, baseline: string): WalkForwardFold {
  const trained = new Map(records.train.map((record) => [record.variant, perDay(record)]));
  const tested = new Map(records.test.map((record) => [record.variant, perDay(record)]));
  const bestOf = (values: ReadonlyMap<string, number>): string =>
    [...values].reduce((best, each) =>
      each[1] > best[1] || (each[1] === best[1] && each[0] < best[0]) ? each : best,
    )[0];
  const [chosen, oracle] = [bestOf(trained), bestOf(tested)];
  const names = [...trained.keys()];
  const journalOf = (list: readonly VariantRecord[], name: string): string =>
    list.find(({ variant }) => variant === name)!.journalSha256;
  return {
    train: { ...train },
    test: { ...test },
    chosen,
    chosenTrainPerDay: trained.get(chosen)!,
    chosenTestPerDay: tested.get(chosen)!,
    baselineTestPerDay: tested.get(baseline)!,
    oracle,
    oracleTestPerDay: tested.get(oracle)!,
    rankCorrelation: spearman(
      names.map((name) => trained.get(name)!),
      names.map((name) => tested.get(name)!),
    ),
    journals: names.map((variant) => ({
      variant,
      train: journalOf(records.train, variant),
      test: journalOf(records.test, variant),
    })),
  };
}

/** Means and tests over the folds. */
export function totalsOf(
  folds: readonly WalkForwardFold[],
): Pick<WalkForward, "chosenTestPerDay" | "baselineTestPerDay" | "efficiency" | "wins" | "signP"> {
  const weights = folds.map(({ test }) => test.toTsMs - test.fromTsMs);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const mean = (read: (fold: WalkForwardFold) => number): number =>
    folds.reduce((sum, fold, place) => sum + read(fold) * weights[place]!, 0) / total;
  const [tested, trained] = [mean((fold) => fold.chosenTestPerDay), mean((fold) => fold.chosenTrainPerDay)];
  const differences = folds.map((fold) => fold.chosenTestPerDay - fold.baselineTestPerDay);
  const wins = differences.filter((difference) => difference > 0).length;
  const losses = differences.filter((difference) => difference < 0).length;
  return {
    chosenTestPerDay: tested,
    baselineTestPerDay: mean((fold) => fold.baselineTestPerDay),
    efficiency: walkForwardEfficiency({ total: trained, days: 1 }, { total: tested, days: 1 }),
    wins,
    // Over folds the exact McNemar test is the sign test; ties carry no information.
    signP: mcnemar(wins, losses),
  };
}

/** Spearman's rank correlation with mean ranks of ties. */
export function spearman(left: readonly number[], right: readonly number[]): Measured {
  if (left.length < 3) return unknown("too_few_variants");
  const [x, y] = [ranksOf(left), ranksOf(right)];
  const middle = (left.length + 1) / 2;
  let [product, xx, yy] = [0, 0, 0];
  for (let place = 0; place < x.length; place++) {
    const [dx, dy] = [x[place]! - middle, y[place]! - middle];
    product += dx * dy;
    xx += dx * dx;
    yy += dy * dy;
  }
  return xx > 0 && yy > 0 ? known(product / Math.sqrt(xx * yy)) : unknown("all_equal");
}

function ranksOf(values: readonly number[]): number[] {
  return values.map((value) => {
    const below = values.filter((other) => other < value).length;
    const equal = values.filter((other) => other === value).length;
    return below + (equal + 1) / 2;
  });
}

/** Of the equity, open positions included: a span that ends in the middle of a trade must not hide it. */
function perDay({ variant, buckets, summary }: VariantRecord): number {
  const [first, last] = [buckets.equityQuote[0], buckets.equityQuote.at(-1)];
  if (first === undefined || last === undefined) throw new RangeError(`Cannot judge ${variant}: it has no equity`);
  const start = Number(summary.money.startWalletQuote ?? first);
  return ((last - start) / (summary.run.endTsMs - summary.run.startTsMs)) * DAY_MS;
}

/** Bytes of `schemas/walk-forward.schema.json`. */
export function walkForwardJsonSchemaText(): string {
  return `${JSON.stringify(z.toJSONSchema(walkForwardSchema, { target: "draft-7" }), null, 2)}\n`;
}
