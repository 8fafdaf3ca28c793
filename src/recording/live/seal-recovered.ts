import { EXIT, UserError } from "../../diagnostics/user-error.ts";
import { MARKET_KEYS, type MarketRow } from "../record.ts";
import type { MarketStream } from "../stream-rank.ts";
import { createRecordingWriter, type RecordingWriter, type SealedRecording } from "../writer.ts";
import type { LiveGapPayload } from "./live-types.ts";
import { type RecoveredSegment, readUnsealed, recordLines, type UnsealedReport } from "./recover-recording.ts";

type Line = Readonly<Record<string, unknown>>;

const MARKET_KEY_SET: ReadonlySet<string> = new Set(MARKET_KEYS);

/**
 * Writes a new sealed recording from what can be verified in an unsealed one, which is only read. Records keep their
 * order and get new numbers; where numbers were missing a `torn` record says how many, and the manifest's corrections
 * say what the recording was made from. An unsealed recording that lacks nothing gives the hash `seal` would give.
 *
 * @throws {UserError} when a recorder is still writing, or `out` is not a new or empty folder.
 */
export function sealRecovered(dir: string, out: string, createdBy: string): SealedRecording {
  const { head, report, segments } = readUnsealed(dir);
  if (report.recorder === "running") {
    throw new UserError(
      [
        {
          file: dir,
          text: `Cannot seal the unsealed recording: process ${report.recorderPid} is recording into it, a stopped recorder is needed`,
          hint: "stop it first: it seals the recording itself",
        },
      ],
      EXIT.recordingUnusable,
    );
  }
  const writer = createRecordingWriter({
    dir: out,
    id: head.id,
    symbols: report.symbols,
    fidelity: head.fidelity,
    createdBy,
    ...(head.createdAt === undefined ? {} : { createdAt: head.createdAt }),
    notes: head.notes,
    corrections: [correctionOf(report)],
    carried: { recorders: head.recorders },
  });
  try {
    new Copy(writer, report).run(segments);
    return writer.seal();
  } catch (error) {
    writer.abort();
    throw error;
  }
}

function correctionOf({ verified, unverifiedRecords, missingSeqs, missing, setAside, restarts }: UnsealedReport) {
  return {
    kind: "sealed from the verifiable part of an unsealed recording",
    records: verified.records,
    leftOut: { unverifiedRecords, missingSeqs, setAside },
    restarts,
    missing,
    because: "the recorder did not seal it",
  };
}

class Copy {
  readonly #writer: RecordingWriter;
  readonly #report: UnsealedReport;
  readonly #symbols: ReadonlyMap<string, number>;
  #seq = 0;
  #rxMs: number | null = null;
  /** Numbers missing since the last `torn` record. */
  #missing = 0;

  constructor(writer: RecordingWriter, report: UnsealedReport) {
    this.#writer = writer;
    this.#report = report;
    this.#symbols = new Map(report.symbols.map((symbol, index) => [symbol, index]));
  }

  run(segments: readonly RecoveredSegment[]): void {
    const of = (group: RecoveredSegment["group"]) => recordsOf(segments.filter((segment) => segment.group === group));
    for (const { s, data } of of("exchange")) this.#writer.staticRecord(s as string, data);
    const market = of("market");
    const inputs = of("inputs");
    let price = market.next();
    let input = inputs.next();
    while (!(price.done && input.done)) {
      if (input.done || (!price.done && seqOf(price.value) < seqOf(input.value))) {
        this.#reach(price.value as Line);
        this.#price(price.value as Line);
        price = market.next();
      } else {
        this.#reach(input.value);
        const { seq, rx, ts = rx, s, ...payload } = input.value;
        this.#writer.input({ rxMs: rx as number, tsMs: ts as number, stream: s as string, payload });
        input = inputs.next();
      }
    }
    this.#end();
  }

  /** A hole is told as soon as the order has a place for it: before the first record of a later millisecond. */
  #reach(record: Line): void {
    const { seq, rx } = record as { seq: number; rx: number };
    this.#missing += seq - this.#seq - 1;
    this.#seq = seq;
    if (this.#missing > 0 && (this.#rxMs === null || rx > this.#rxMs)) {
      this.#torn(rx, this.#rxMs ?? rx, rx, this.#missing);
      this.#missing = 0;
    }
    this.#rxMs = rx;
  }

  /** Nothing is known of the time after the last record, so its end gets the next millisecond. */
  #end(): void {
    const { recorder, lastKnownSeq } = this.#report;
    const missing = this.#missing + lastKnownSeq - this.#seq;
    if (missing === 0 && recorder === "closed") return;
    const last = this.#rxMs ?? 0;
    this.#torn(last + 1, last, last + 1, recorder === "closed" ? missing : null);
  }

  #torn(rxMs: number, startTsMs: number, endTsMs: number, missing: number | null): void {
    const cause =
      missing === null ? this.#report.missing.join("; ") : "no checkpoint vouches for records that had been numbered";
    const payload: LiveGapPayload = { stream: "*", startTsMs, endTsMs, missing, cause };
    this.#writer.input({ rxMs, stream: "torn", payload: { ...payload } });
  }

  #price(record: Line): void {
    const { rx, ts = rx, s, sym, p, b, a, q } = record;
    const extra = Object.fromEntries(Object.entries(record).filter(([key]) => !MARKET_KEY_SET.has(key)));
    const row: MarketRow = {
      rxMs: rx as number,
      tsMs: ts as number,
      kind: s as MarketStream,
      symbol: this.#symbols.get(sym as string)!,
      price: p as string,
      ...(b === undefined ? {} : { bid: b as string }),
      ...(a === undefined ? {} : { ask: a as string }),
      ...(q === undefined ? {} : { qty: q as string }),
      ...(Object.keys(extra).length === 0 ? {} : { extra }),
    };
    this.#writer.market(row);
  }
}

function* recordsOf(segments: readonly RecoveredSegment[]): Generator<Line> {
  for (const { read } of segments) {
    for (const line of recordLines(read())) yield JSON.parse(line.toString("utf8")) as Line;
  }
}

function seqOf(record: Line): number {
  return record["seq"] as number;
}
