import { basename } from "node:path";
import { EXIT, UserError } from "../../diagnostics/user-error.ts";
import type { InputRecord } from "../batch.ts";
import { manifestSchema } from "../manifest.ts";
import { type JsonObject, readObjects } from "../part-reader.ts";
import { type OpenRecording, openRecording, partsOf, readStaticRecords } from "../reader.ts";
import { type InputRow, MARKET_KEYS } from "../record.ts";
import { MARKET_RANK, type MarketStream, streamRank } from "../stream-rank.ts";
import { verifyRecording } from "../verify.ts";
import { createRecordingWriter, type RecordingWriter, type SealedRecording } from "../writer.ts";
import { readBracketsFile } from "./brackets.ts";
import { readExchangeInfoFile } from "./exchange-info.ts";
import { fundingNote, fundingRows, readFundingFile } from "./funding.ts";

export interface ExtendOptions {
  /** Sealed recording to start from; it is not changed. */
  readonly from: string;
  /** Directory of the new recording. */
  readonly out: string;
  readonly funding?: string;
  /** Takes the place of an exchangeInfo already recorded, as brackets do. */
  readonly exchangeInfo?: string;
  readonly brackets?: string;
  readonly id?: string;
  readonly createdBy?: string;
}

/**
 * Writes a new recording: an existing one with an addition. Records are numbered anew, because `seq` is the order of
 * the whole; everything else of them is carried, fields unknown to this version too.
 *
 * @throws {UserError} when the recording is unusable (it is verified whole before anything is written), the addition
 * is, or funding is recorded already at the same time for the same symbol.
 */
export function extendRecording(options: ExtendOptions): SealedRecording {
  const source = openRecording(options.from);
  const firstMs = source.firstTsMs;
  verifyRecording(source);
  const recorded = recordedFunding(source);
  const funding = options.funding === undefined ? null : readFundingFile(options.funding);
  const exchangeInfo = options.exchangeInfo === undefined ? null : readExchangeInfoFile(options.exchangeInfo);
  const brackets = options.brackets === undefined ? null : readBracketsFile(options.brackets);
  const settled = fundingRows(funding?.rates ?? [], source.symbols, firstMs, source.lastTsMs);
  refuseDoubleFunding(settled.rows, recorded, options.funding ?? "");

  const { manifest } = source;
  const added = [funding?.input, exchangeInfo?.input, brackets?.input].filter((input) => input !== undefined);
  const note = fundingNote(settled);
  const writer = createRecordingWriter({
    dir: options.out,
    id: options.id ?? basename(options.out),
    createdBy: options.createdBy ?? "rehearsal import",
    symbols: source.symbols,
    fidelity: source.fidelity,
    notes: [...manifest.notes, `extends recording "${manifest.id}" ${manifest.hash}`, ...(note === null ? [] : [note])],
    inputs: [...manifest.inputs, ...added],
    corrections: manifest.corrections,
    redactions: manifest.redactions,
    ...(manifest.generator === undefined ? {} : { generator: manifest.generator }),
    carried: unknownFields(manifest),
  });
  try {
    copyStatics(source, writer, { exchangeInfo: exchangeInfo !== null, brackets: brackets !== null });
    if (exchangeInfo !== null) writer.exchangeInfo(exchangeInfo.raw);
    if (brackets !== null) writer.leverageBrackets(brackets.raw);
    copyRecords(source, settled.rows, writer);
  } catch (error) {
    writer.abort();
    throw error;
  }
  return writer.seal();
}

/** Symbol and time of each funding record, as one key. */
function recordedFunding(source: OpenRecording): ReadonlySet<string> {
  const recorded = new Set<string>();
  for (const input of source.inputs()) {
    if (input.stream === "funding") recorded.add(`${input.payload["sym"]} ${input.rxMs}`);
  }
  return recorded;
}

function refuseDoubleFunding(rows: readonly InputRow[], recorded: ReadonlySet<string>, file: string): void {
  const doubles = rows.filter(({ payload, rxMs }) => recorded.has(`${payload["sym"]} ${rxMs}`));
  if (doubles.length === 0) return;
  const first = `${doubles[0]!.payload["sym"]} at ${doubles[0]!.rxMs}`;
  const text =
    `Cannot add funding to the recording: ${doubles.length} of ${rows.length} records are in it already ` +
    `(the first is ${first}), funding that is not yet recorded is needed`;
  throw new UserError([{ file, text }], EXIT.usage);
}

function copyStatics(
  source: OpenRecording,
  writer: RecordingWriter,
  replaced: { exchangeInfo: boolean; brackets: boolean },
): void {
  for (const { stream, data } of readStaticRecords(source.dir, source.manifest)) {
    const isReplaced =
      (stream === "exchangeInfo" && replaced.exchangeInfo) || (stream === "leverageBrackets" && replaced.brackets);
    if (!isReplaced) writer.staticRecord(stream, data);
  }
}

interface Pending {
  readonly rxMs: number;
  readonly rank: number;
  /** Place among records of equal time and rank: recorded ones in their order, additions after them. */
  readonly seq: number;
  write(writer: RecordingWriter): void;
}

/** Merges the three sources by time received, rank and recorded order. */
function copyRecords(source: OpenRecording, additions: readonly InputRow[], writer: RecordingWriter): void {
  const iterators = [marketOf(source), inputsOf(source), additionsOf(additions)];
  const heads = iterators.map((iterator) => iterator.next());
  for (;;) {
    let earliest = -1;
    for (const [index, head] of heads.entries()) {
      if (head.done) continue;
      const best = earliest < 0 ? null : heads[earliest]!.value;
      if (best === null || isBefore(head.value, best as Pending)) earliest = index;
    }
    if (earliest < 0) return;
    (heads[earliest]!.value as Pending).write(writer);
    heads[earliest] = iterators[earliest]!.next();
  }
}

function isBefore(left: Pending, right: Pending): boolean {
  if (left.rxMs !== right.rxMs) return left.rxMs < right.rxMs;
  if (left.rank !== right.rank) return left.rank < right.rank;
  return left.seq < right.seq;
}

function* marketOf(source: OpenRecording): Generator<Pending, undefined> {
  const indexOf = new Map(source.symbols.map((symbol, index) => [symbol, index]));
  for (const part of partsOf(source.manifest, "market")) {
    for (const { record } of readObjects(source.dir, part)) yield marketPending(record, indexOf);
  }
}

function marketPending(record: JsonObject, indexOf: ReadonlyMap<string, number>): Pending {
  const { seq, rx, ts, s, sym, p, b, a, q } = record as Record<string, string & number>;
  const known: readonly string[] = MARKET_KEYS;
  const extra = Object.entries(record).filter(([key]) => !known.includes(key));
  return {
    rxMs: rx!,
    rank: MARKET_RANK,
    seq: seq!,
    write: (writer) =>
      writer.market({
        rxMs: rx!,
        tsMs: ts ?? rx!,
        symbol: indexOf.get(sym!)!,
        kind: s as unknown as MarketStream,
        price: p!,
        ...(b === undefined ? {} : { bid: b }),
        ...(a === undefined ? {} : { ask: a }),
        ...(q === undefined ? {} : { qty: q }),
        ...(extra.length === 0 ? {} : { extra: Object.fromEntries(extra) }),
      }),
  };
}

function* inputsOf(source: OpenRecording): Generator<Pending, undefined> {
  for (const input of source.inputs()) yield inputPending(input, input.seq);
}

function* additionsOf(rows: readonly InputRow[]): Generator<Pending, undefined> {
  for (const row of rows) yield inputPending(row, Number.POSITIVE_INFINITY);
}

function inputPending(row: InputRow | InputRecord, seq: number): Pending {
  return { rxMs: row.rxMs, rank: streamRank(row.stream), seq, write: (writer) => writer.input(row) };
}

function unknownFields(manifest: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const known = new Set(Object.keys(manifestSchema.shape));
  return Object.fromEntries(Object.entries(manifest).filter(([key]) => !known.has(key)));
}
