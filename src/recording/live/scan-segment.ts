import { isUtf8 } from "node:buffer";
import { crc32 } from "node:zlib";
import type { PartGroup } from "../manifest.ts";
import { streamRank } from "../stream-rank.ts";
import { CHECKPOINT_START, CONTROL_START, type ControlLine, checkpointLast, checkpointText } from "./segment-lines.ts";
import { SegmentTally } from "./segment-tally.ts";

const NEWLINE = 0x0a;

export type JsonRecord = Readonly<Record<string, unknown>>;

/** The last record of a group: what comes next must not go before it. */
export interface LastRecord {
  readonly seq: number;
  readonly rxMs: number;
  readonly rank: number;
}

/** What a segment holds, as far as its checkpoints vouch for it, and what lies behind that. */
export interface SegmentScan {
  /** Bytes up to and with the last good checkpoint: everything in them is as it was written. */
  readonly verifiedBytes: number;
  readonly checkpoints: number;
  readonly records: number;
  readonly contentBytes: number;
  readonly contentCrc: number;
  readonly tally: SegmentTally;
  readonly lastRecord: LastRecord | null;
  /** Largest `seq` of the whole recording that a good checkpoint names. */
  readonly last: number;
  /** The symbol table as this segment knows it. */
  readonly symbols: readonly string[];
  /** Number of the last restart this segment saw, 0 without one. */
  readonly restarts: number;
  /** The recorder closed it, and nothing follows. */
  readonly isClosed: boolean;
  /** Whole records behind the last good checkpoint that continue the order, and the last `seq` of them. */
  readonly unverified: { readonly records: number; readonly lastSeq: number };
  /** Bytes behind the last good checkpoint; those that are no such record. */
  readonly restBytes: number;
  readonly tornBytes: number;
  /** Why the verified part ends before the file does, null when it does not. */
  readonly problem: string | null;
}

/** Called with each verified record; its bytes end in the newline. */
export type OnRecord = (record: JsonRecord, line: Buffer) => void;

/**
 * Reads a live segment up to the last checkpoint that holds. A block between two checkpoints counts whole or not at
 * all, and a block that is there twice is not taken twice: a checkpoint names its number and its place in the file.
 */
export function scanSegment(bytes: Buffer, group: PartGroup, number: number, onRecord?: OnRecord): SegmentScan {
  const scan = new Scanner(bytes, group, number, onRecord);
  return scan.run();
}

class Scanner {
  readonly #bytes: Buffer;
  readonly #group: PartGroup;
  readonly #number: number;
  readonly #onRecord: OnRecord | undefined;
  readonly #tally = new SegmentTally();
  readonly #symbols: string[] = [];
  #verifiedBytes = 0;
  #checkpoints = 0;
  #records = 0;
  #contentBytes = 0;
  #contentCrc = 0;
  #lastRecord: LastRecord | null = null;
  #last = 0;
  #restarts = 0;
  #isClosed = false;

  constructor(bytes: Buffer, group: PartGroup, number: number, onRecord: OnRecord | undefined) {
    this.#bytes = bytes;
    this.#group = group;
    this.#number = number;
    this.#onRecord = onRecord;
  }

  run(): SegmentScan {
    const bytes = this.#bytes;
    let problem: string | null = null;
    let records: Buffer[] = [];
    let controls: Buffer[] = [];
    for (let at = 0; at < bytes.length && problem === null; ) {
      const end = bytes.indexOf(NEWLINE, at);
      if (end < 0) {
        problem = `the line that begins at byte ${at} is cut off`;
        break;
      }
      const line = bytes.subarray(at, end + 1);
      if (startsWith(line, CHECKPOINT_START)) {
        problem = this.#checkpoint(line, at, records, controls);
        records = [];
        controls = [];
      } else if (startsWith(line, CONTROL_START)) controls.push(line);
      else records.push(line);
      at = end + 1;
    }
    if (problem === null && this.#verifiedBytes < bytes.length) {
      problem = `no checkpoint follows byte ${this.#verifiedBytes}`;
    }
    if (problem === null && bytes.length === 0) problem = "the file is empty";
    return {
      verifiedBytes: this.#verifiedBytes,
      checkpoints: this.#checkpoints,
      records: this.#records,
      contentBytes: this.#contentBytes,
      contentCrc: this.#contentCrc,
      tally: this.#tally,
      lastRecord: this.#lastRecord,
      last: this.#last,
      symbols: this.#symbols,
      restarts: this.#restarts,
      isClosed: this.#isClosed && problem === null,
      ...this.#rest(),
      problem,
    };
  }

  /** Takes the block that a checkpoint vouches for; otherwise says what is wrong with it. */
  #checkpoint(line: Buffer, at: number, records: readonly Buffer[], controls: readonly Buffer[]): string | null {
    const text = line.toString("latin1");
    const last = checkpointLast(text.slice(0, -1));
    if (last === null) return `the checkpoint at byte ${at} is damaged`;
    const parsed: Block | string = this.#block(records, controls, at);
    if (typeof parsed === "string") return parsed;
    const { rows, lines } = parsed;
    const seq = rows.at(-1)?.place?.seq ?? this.#lastRecord?.seq ?? 0;
    const place = { number: this.#checkpoints + 1, at, n: records.length, seq, last };
    const expected = checkpointText(place, crc32(this.#bytes.subarray(this.#verifiedBytes, at)));
    if (text !== expected) return `the checkpoint at byte ${at} does not fit the bytes before it`;
    for (const control of lines) this.#control(control);
    for (const row of rows) this.#take(row);
    if (rows.length > 0 || lines.length > 0) this.#isClosed = lines.at(-1)?.live === "close";
    this.#last = Math.max(this.#last, last);
    this.#checkpoints++;
    this.#verifiedBytes = at + line.length;
    return null;
  }

  #block(records: readonly Buffer[], controls: readonly Buffer[], at: number): Block | string {
    const lines: ControlLine[] = [];
    for (const control of controls) {
      const value = parseObject(control);
      if (value === null) return `a line before the checkpoint at byte ${at} is damaged`;
      lines.push(value as unknown as ControlLine);
    }
    if (this.#checkpoints === 0) {
      const head = lines[0];
      if (head?.live !== "segment" || head.group !== this.#group || head.number !== this.#number) {
        return "its first line does not say that it is this segment";
      }
    }
    const rows: Row[] = [];
    let before = this.#lastRecord;
    for (const line of records) {
      const record = parseObject(line);
      const row = record === null ? null : rowOf(record, line, this.#group);
      if (row === null) return `a record before the checkpoint at byte ${at} is damaged`;
      if (row.place !== null) {
        if (!follows(row.place, before)) return `records before the checkpoint at byte ${at} are out of order`;
        before = row.place;
      }
      rows.push(row);
    }
    return { rows, lines };
  }

  #take({ record, line, place, tsMs }: Row): void {
    this.#records++;
    this.#contentBytes += line.length;
    this.#contentCrc = crc32(line, this.#contentCrc);
    const stream = record["s"] as string;
    if (place === null) this.#tally.staticRecord(stream);
    else {
      this.#lastRecord = place;
      const at = { seq: place.seq, rxMs: place.rxMs, tsMs };
      if (this.#group === "market") {
        const { sym, p, b, a, q } = record as Readonly<Record<"sym" | "p" | "b" | "a" | "q", string>>;
        this.#tally.market(stream, at, { symbol: sym, price: p, bid: b, ask: a, qty: q });
      } else this.#tally.input(stream, at, record);
    }
    this.#onRecord?.(record, line);
  }

  #control(line: ControlLine): void {
    switch (line.live) {
      case "segment":
        this.#symbols.push(...line.symbols);
        break;
      case "symbol":
        this.#symbols[line.index] = line.symbol;
        break;
      case "resume":
        this.#restarts = line.restart;
        break;
      case "close":
        break;
    }
  }

  /** Counts what lies behind the last good checkpoint; nothing of it is used. */
  #rest(): Pick<SegmentScan, "unverified" | "restBytes" | "tornBytes"> {
    const rest = this.#bytes.subarray(this.#verifiedBytes);
    let records = 0;
    let before = this.#lastRecord;
    let tornBytes = rest.length;
    for (let at = 0; at < rest.length; ) {
      const end = rest.indexOf(NEWLINE, at);
      if (end < 0) break;
      const line = rest.subarray(at, end + 1);
      at = end + 1;
      if (startsWith(line, CONTROL_START)) {
        if (parseObject(line) !== null) tornBytes -= line.length;
        continue;
      }
      const record = parseObject(line);
      const row = record === null ? null : rowOf(record, line, this.#group);
      if (row === null || (row.place !== null && !follows(row.place, before))) continue;
      before = row.place ?? before;
      records++;
      tornBytes -= line.length;
    }
    return { unverified: { records, lastSeq: before?.seq ?? 0 }, restBytes: rest.length, tornBytes };
  }
}

interface Row {
  readonly record: JsonRecord;
  readonly line: Buffer;
  /** Null in static data, which has no place in the order. */
  readonly place: LastRecord | null;
  readonly tsMs: number;
}

interface Block {
  readonly rows: readonly Row[];
  readonly lines: readonly ControlLine[];
}

function rowOf(record: JsonRecord, line: Buffer, group: PartGroup): Row | null {
  const { seq, rx, ts = rx, s: stream } = record;
  if (typeof stream !== "string") return null;
  if (group === "exchange") return { record, line, place: null, tsMs: 0 };
  if (!(Number.isSafeInteger(seq) && Number.isSafeInteger(rx) && Number.isSafeInteger(ts))) return null;
  if (group === "market" && !(typeof record["sym"] === "string" && typeof record["p"] === "string")) return null;
  const place = { seq: seq as number, rxMs: rx as number, rank: streamRank(stream) };
  return { record, line, place, tsMs: ts as number };
}

function follows(place: LastRecord, before: LastRecord | null): boolean {
  return place.seq > (before?.seq ?? 0) && (before === null || place.rxMs >= before.rxMs);
}

function startsWith(line: Buffer, text: string): boolean {
  return line.length >= text.length && line.toString("latin1", 0, text.length) === text;
}

function parseObject(line: Buffer): JsonRecord | null {
  if (!isUtf8(line)) return null;
  try {
    const value: unknown = JSON.parse(line.toString("utf8"));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonRecord) : null;
  } catch {
    // Damage is what the caller counts.
    return null;
  }
}
