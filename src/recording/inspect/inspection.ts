import { z } from "zod";

export const INSPECTION_SCHEMA = "sim.inspect/1";

const count = z.number().int().nonnegative();
const share = z.number().min(0).max(1);
const percentiles = z.object({ p1: z.number(), p50: z.number(), p99: z.number(), min: z.number(), max: z.number() });
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
      firstRxMs: z.number(),
      lastRxMs: z.number(),
      /** Records a second over first to last; `null` when they are at one instant. */
      perSecond: z.number().nullable(),
      longestSilenceMs: count,
      /** Exchange times earlier than one that came before. */
      outOfOrder: count,
      /** Entry ids seen before within the last 65,536 of the stream. */
      duplicates: count,
      unknownFields: z.array(z.object({ name: z.string(), share })),
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
    /** A silence of one symbol longer than this is a gap: 5 s, or four steps of the grid. */
    gapMs: count,
    gaps: count,
    longestGap: z.object({ symbol: z.string(), startRxMs: z.number(), lengthMs: count }).nullable(),
    frozen: z.array(z.object({ symbol: z.string(), startRxMs: z.number(), lengthMs: count, rows: count })),
    quoteShare: share.nullable(),
  }),
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
