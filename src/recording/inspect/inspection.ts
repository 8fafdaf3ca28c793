import { z } from "zod";

export const INSPECTION_SCHEMA = "sim.inspect/1";

const count = z.number().int().nonnegative();
const share = z.number().min(0).max(1);
const percentiles = z.object({
  p1: z.number(),
  p50: z.number(),
  p99: z.number(),
  min: z.number(),
  max: z.number(),
  /** Records received earlier than their exchange time, of all: normal where clocks differ. */
  early: count,
  records: count,
});
const fieldShare = z.object({ name: z.string(), share });
const place = { file: z.string(), line: count };
const tallyEntry = z.object({ name: z.string(), records: count });

/** What is known of a recording after reading all of it; times in milliseconds since 1970, shares from 0 to 1. */
export const inspectionSchema = z.object({
  schema: z.literal(INSPECTION_SCHEMA),
  recording: z.object({
    dir: z.string(),
    id: z.string(),
    hash: z.string(),
    createdBy: z.string(),
    fidelity: z.string(),
    /** JSON text of the generator's settings, cut to 200 characters; `null` when nothing was generated. */
    generator: z.string().nullable(),
    inputs: z.array(z.object({ file: z.string(), role: z.string(), bytes: count, sha256: z.string() })),
    corrections: z.array(z.string()),
    redactions: count,
  }),
  /** Damage in the order of the parts; at most 100 places are listed, `damageCount` counts all. */
  damage: z.array(z.object({ file: z.string(), line: count.nullable(), text: z.string() })),
  damageCount: count,
  parts: z.array(
    z.object({ file: z.string(), records: count, read: count, state: z.enum(["ok", "damaged", "missing"]) }),
  ),
  streams: z.array(
    z.object({
      stream: z.string(),
      records: count,
      /** Redis entry ids; `null` where records have none. */
      firstId: z.string().nullable(),
      lastId: z.string().nullable(),
      firstRxMs: z.number(),
      lastRxMs: z.number(),
      /** Records a second over first to last; `null` when they are at one instant. */
      perSecond: z.number().nullable(),
      longestSilenceMs: count,
      /** Exchange times earlier than one that came before. */
      outOfOrder: count,
      /** Entry ids smaller than one that came before (market state: of the same symbol). */
      idsOutOfOrder: count,
      /** Entry ids seen before, at least among the last 65,536 of the stream. */
      duplicates: count,
      /** Records that say exactly what an earlier one said, whatever its id; at least the last 65,536 are looked at. */
      repeatedContents: count,
      /** Fields nobody has described, with the share of records that have them; `payload.` is inside the payload. */
      unknownFields: z.array(fieldShare),
      /** Described fields with the share of entries that lack them: needed ones, and those some entries have. */
      absentFields: z.array(fieldShare),
      clockSkewMs: percentiles.nullable(),
    }),
  ),
  /** Time received minus exchange time, in ms; `null` without records. */
  clockSkewMs: percentiles.nullable(),
  market: z.object({
    symbols: count,
    symbolsWithRows: count,
    events: count,
    /** Most frequent distance of two rows of a symbol. */
    gridMs: z.number().nullable(),
    /** Share of all distances that are the most frequent one. */
    gridShare: share.nullable(),
    /** A silence of one symbol longer than this is a gap: 5 s, or four steps of the grid. */
    gapMs: count,
    gaps: count,
    isGapPolicyNeeded: z.boolean(),
    longestGap: z.object({ symbol: z.string(), startRxMs: z.number(), lengthMs: count }).nullable(),
    frozen: z.array(z.object({ symbol: z.string(), startRxMs: z.number(), lengthMs: count, rows: count })),
    quoteShare: share.nullable(),
    /** Ask minus bid over their middle, in basis points; `null` without quotes. */
    spreadBps: z.object({ p1: z.number(), p50: z.number(), p99: z.number(), max: z.number() }).nullable(),
    /** Quotes whose bid is over the ask; they are in no percentile. */
    crossedQuotes: count,
  }),
  /** What the recording says about its own holes, and what an import suspected. */
  interruptions: z.array(
    z.object({
      kind: z.string(),
      records: count,
      /** Records said to be missing, and interruptions of which nobody knows how many. */
      missing: count,
      unknown: count,
      longestMs: count,
      firstRxMs: z.number(),
    }),
  ),
  joins: z.object({
    /** Only pairs of which both streams are recorded; each id counts once. */
    pairs: z.array(
      z.object({
        name: z.string(),
        records: count,
        joined: count,
        share,
        firstOrphan: z.object({ id: z.string(), ...place }).nullable(),
      }),
    ),
    /** Ids without their other half, over all pairs. */
    orphans: count,
    /** Intents the bridge would refuse: they make no plan. */
    unusableIntents: count,
    /** Ids of one stream that are one letter away from another; at most 100 are listed. */
    nearIds: z.array(z.object({ id: z.string(), near: z.string(), ...place })),
    nearIdCount: count,
    /** Ids beyond the million that is held of each kind. */
    idsLeftOut: count,
  }),
  results: z.object({
    records: count,
    /** What the writers wrote, and the word the pipeline counts for it. */
    vocabulary: z.array(
      z.object({
        writer: z.enum(["executor", "apply-layer"]),
        raw: z.string(),
        normalised: z.string(),
        records: count,
      }),
    ),
    problems: z.array(tallyEntry),
    plansWithTwoVerdicts: count,
    executedWithNothingFilled: count,
  }),
  /** Recorded kill scores; `null` when no recorded plan or proposal has one. */
  governor: z
    .object({
      stream: z.string(),
      records: count,
      /** Entries whose score is no number from 0 to 1. */
      unusable: count,
      killScore: z.object({ min: share, p10: share, p50: share, p90: share, max: share }),
      /** 50 bins of 0.02; `from` is the lower end, which belongs to the bin. */
      histogram: z.array(z.object({ from: share, records: count })),
      /** Every threshold over `over` and up to `upTo` blocks the same records; `null` with fewer than two scores. */
      widestInterval: z
        .object({
          over: share,
          upTo: share,
          blockedShare: share,
          /** 0.05 or wider, with 5 % of the scores or more on either side. */
          isBimodal: z.boolean(),
          /** Below it regime_flip is always 0, above it always 1. */
          isSplitByRegimeFlip: z.boolean(),
        })
        .nullable(),
      /** Share of the records whose score is at or over the threshold. */
      blockedShare: z.array(z.object({ threshold: share, share })),
      decisions: z.array(tallyEntry),
    })
    .nullable(),
  intents: z.object({
    records: count,
    bySymbol: z.array(tallyEntry),
    bySide: z.array(tallyEntry),
    byConfidence: z.array(tallyEntry),
    problems: z.array(z.object({ name: z.string(), records: count, firstLine: count, file: z.string() })),
    unknownSymbols: z.array(z.object({ symbol: z.string(), near: z.array(z.string()) })),
  }),
  /** Symbols of the table or of intents that the recorded exchangeInfo does not list; `null` without exchangeInfo. */
  notOnVenue: z.array(z.string()).nullable(),
  usableFor: z.array(z.object({ use: z.string(), ok: z.boolean(), reason: z.string() })),
  /** Places and kinds only: the value of a secret is never part of this document. */
  secrets: z.array(z.object({ file: z.string(), line: count, kind: z.string() })),
  secretCount: count,
});

export type Inspection = z.infer<typeof inspectionSchema>;
