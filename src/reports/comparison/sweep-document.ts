import { z } from "zod";
import { quantileBounds } from "../statistics/seeds.ts";
import type { VariantRecord } from "../variants/variant-record.ts";
import { type LabComparison, labComparisonSchema } from "./lab-comparison.ts";

const setting = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const count = z.int().min(0);
const money = z.string().regex(/^-?\d+(\.\d{1,8})?$/);

const row = z.strictObject({
  variant: z.string(),
  /** What the sweep set; empty for a written variant. */
  settings: z.record(z.string(), setting),
  /** Of the first seed and profile. */
  entryIntents: count,
  entryFilled: count,
  entryBlocked: count,
  exitFilled: count,
  trades: count,
  netPnlQuote: money,
  maxDrawdownQuote: money.nullable(),
  /** Net result of every seed and profile, least first: order statistics, so that luck of one is seen. */
  netPnlOrdered: z.array(z.number()),
  /** Of the median over the seeds under the first profile, from two order statistics; null below six seeds. */
  netPnlMedianBounds: z.strictObject({ low: z.number(), high: z.number(), coverage: z.number() }).nullable(),
  journalSha256: z.string(),
  badge: z.string().nullable(),
  /** Of the first declared metric against the baseline; `null` for the baseline itself. */
  verdict: z.string().nullable(),
  isFlipping: z.boolean(),
});

const stopped = z.strictObject({ variant: z.string(), by: z.string(), untilTsMs: z.number(), netPnlQuote: money });
const failed = z.strictObject({
  variant: z.string(),
  seed: z.string(),
  profile: z.string().nullable(),
  reason: z.string(),
});

/** `rehearsal.sweep/1`: what became of every variant of a sweep. */
export const sweepDocumentSchema = z.strictObject({
  schema: z.literal("rehearsal.sweep/1"),
  scenario: z.string(),
  scenarioHash: z.string(),
  recording: z.string(),
  recordingHash: z.string(),
  engineVersion: z.string(),
  seeds: z.array(z.string()),
  profiles: z.array(z.string()),
  /** By net result of the first seed and profile, highest first; equal ones by name. */
  rows: z.array(row),
  failed: z.array(failed),
  /** With --stop-dominated only: the rule, and what it stopped. */
  stopping: z.strictObject({ rule: z.string(), share: z.number(), stopped: z.array(stopped) }).nullable(),
  /** `null` when there is nothing to compare. */
  comparison: labComparisonSchema.nullable(),
});

export type SweepDocument = z.infer<typeof sweepDocumentSchema>;
export type SweepRow = z.infer<typeof row>;
export type StoppedVariant = z.infer<typeof stopped>;

/** Bytes of `schemas/sweep.schema.json`. */
export function sweepJsonSchemaText(): string {
  return `${JSON.stringify(z.toJSONSchema(sweepDocumentSchema, { target: "draft-7" }), null, 2)}\n`;
}

/** Rows of the variants of `records`, which hold each under every seed and profile, the first ones first. */
export function sweepRows(records: readonly VariantRecord[], comparison: LabComparison | null): SweepRow[] {
  const byVariant = new Map<string, VariantRecord[]>();
  for (const record of records) byVariant.set(record.variant, [...(byVariant.get(record.variant) ?? []), record]);
  const rows = [...byVariant].map(([variant, own]): SweepRow => {
    const [first] = own as [VariantRecord];
    const { money: result, funnel } = first.summary;
    const column = (evalType: "ENTRY" | "EXIT") => funnel.find((each) => each.evalType === evalType);
    const ended = (evalType: "ENTRY" | "EXIT", state: string): number =>
      column(evalType)?.terminals.find((each) => each.state === state)?.count ?? 0;
    const judged = comparison?.candidates.find(({ candidate }) => candidate === variant);
    const [metric] = judged?.metrics ?? [];
    return {
      variant,
      settings: { ...first.settings },
      entryIntents: column("ENTRY")?.intents ?? 0,
      entryFilled: ended("ENTRY", "FILLED"),
      entryBlocked: ended("ENTRY", "BLOCKED_POLICY"),
      exitFilled: ended("EXIT", "FILLED"),
      trades: result.trades,
      netPnlQuote: result.netPnlQuote,
      maxDrawdownQuote: result.maxDrawdownMarkedQuote ?? result.maxDrawdownQuote,
      netPnlOrdered: own.map(({ summary }) => Number(summary.money.netPnlQuote)).sort((left, right) => left - right),
      netPnlMedianBounds: medianBounds(own),
      journalSha256: first.journalSha256,
      badge: judged?.badge ?? null,
      verdict: metric?.verdict ?? null,
      isFlipping: metric === undefined ? false : metric.bySeed.isFlipping || metric.byProfile.isFlipping,
    };
  });
  return rows.sort(
    (left, right) => Number(right.netPnlQuote) - Number(left.netPnlQuote) || (left.variant < right.variant ? -1 : 1),
  );
}

/** One value a seed; further profiles are no further evidence. */
function medianBounds(own: readonly VariantRecord[]): SweepRow["netPnlMedianBounds"] {
  const bySeed = new Map<string, number>();
  for (const { seed, summary } of own) if (!bySeed.has(seed)) bySeed.set(seed, Number(summary.money.netPnlQuote));
  const { value } = quantileBounds([...bySeed.values()]);
  return value === null ? null : { low: value.low, high: value.high, coverage: value.coverage };
}
