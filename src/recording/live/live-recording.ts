import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { InvariantError } from "../../diagnostics/invariant-error.ts";
import { UserError } from "../../diagnostics/user-error.ts";
import { sha256Hex } from "../gzip.ts";
import { withholdDeep } from "../inspect/secrets.ts";
import { MANIFEST_FILE, type ManifestRecorder, PART_GROUPS, type PartGroup } from "../manifest.ts";
import {
  checkInput,
  checkSymbolTable,
  type InputRow,
  inputRecord,
  type MarketRow,
  marketRecord,
  staticLine,
} from "../record.ts";
import { INTERRUPTIONS, MARKET_RANK, streamRank } from "../stream-rank.ts";
import type { SealedRecording } from "../writer.ts";
import { ArrivalOrder, MILLISECOND_BYTES_MAX } from "./arrival-order.ts";
import { cannotRecord, isSystemError, UNFINISHED } from "./durable-file.ts";
import { hasHead, LIVE_SCHEMA, type LiveHead, readHead, withRecorder, writeHead } from "./live-head.ts";
import type { LiveGap, LiveRecording, LiveRecordingOptions, LiveStats } from "./live-types.ts";
import { type EndedSegment, type PackedNote, packSegment } from "./pack-segment.ts";
import { dropLock, LOCK_FILE, recorderOf, takeLock } from "./recorder-lock.ts";
import { type Resumed, resumeSegments } from "./resume-segments.ts";
import { sealParts } from "./seal-parts.ts";
import { SEGMENT_BUFFER_BYTES, SegmentWriter } from "./segment-writer.ts";

export type { LiveGap, LiveGapPayload, LiveRecording, LiveRecordingOptions, LiveStats } from "./live-types.ts";

/**
 * Bytes of records a live recording holds in memory, beside the record it is given: one millisecond that waits for its
 * end, and what each of the three groups has not written yet.
 */
export const BUFFERED_BYTES_MAX = MILLISECOND_BYTES_MAX + PART_GROUPS.length * SEGMENT_BUFFER_BYTES;

const ROTATION_BYTES_MAX = 64 * 1024 * 1024;
const ROTATION_AGE_MS_MAX = 15 * 60 * 1000;
const FSYNC_INTERVAL_MS = 1000;
const SEQ_BYTES_MAX = '{"seq":9007199254740991'.length;

/**
 * Records what arrives into plain segments that can be verified after a crash at any byte; `seal` makes them the
 * recording that `createRecordingWriter` makes of the same rows.
 *
 * Writes are synchronous: a slow disk holds the caller back, and a full or broken one throws a `UserError` that names
 * what is safe, from this call and every later one. Nothing is dropped. A folder with an unsealed recording of the same
 * id is resumed: a torn tail is set aside as `*.torn`, and a `restart` record goes before the first new one.
 *
 * @throws {UserError} when the folder holds something else, is being recorded into, or cannot be written.
 * @throws {InvariantError} for rows that a reader would refuse; the recording goes on without them.
 */
export function createLiveRecording(options: LiveRecordingOptions): LiveRecording {
  return new LiveWriter(options);
}

type State = "open" | "sealing" | "sealed" | "closed" | "failed";

class LiveWriter implements LiveRecording {
  readonly dir: string;
  readonly #options: LiveRecordingOptions;
  readonly #head: LiveHead;
  readonly #nowMs: () => number;
  readonly #bytesMax: number;
  readonly #ageMsMax: number;
  readonly #fsyncIntervalMs: number;
  readonly #order: ArrivalOrder;
  readonly #symbols: string[] = [];
  readonly #symbolIndex = new Map<string, number>();
  readonly #quotedSymbols: string[] = [];
  readonly #segments: Map<PartGroup, SegmentWriter>;
  readonly #packed: PackedNote[];
  readonly #resumed: Resumed;
  #restartCause: string | null;
  #packing: Promise<void> = Promise.resolve();
  #isPackingStopped = false;
  #failure: UserError | null = null;
  #state: State = "open";
  #seq: number;
  #syncedSeq: number;
  #syncedRecords: number;
  #writtenAtMs: number;
  #records: number;
  #bytes: number;

  constructor(options: LiveRecordingOptions) {
    const { dir, rotation } = options;
    this.dir = dir;
    this.#options = options;
    this.#nowMs = options.nowMs ?? (() => performance.now());
    this.#bytesMax = rotation?.bytesMax ?? ROTATION_BYTES_MAX;
    this.#ageMsMax = rotation?.ageMsMax ?? ROTATION_AGE_MS_MAX;
    this.#fsyncIntervalMs = options.fsyncIntervalMs ?? FSYNC_INTERVAL_MS;
    checkSymbolTable(options.symbols ?? []);
    const isResumed = prepareFolder(dir, options);
    let resumed: Resumed | null = null;
    try {
      takeLock(dir);
      this.#head = this.#writeHead(isResumed ? readHead(dir) : null, 1);
      resumed = resumeSegments(dir, this.#head.symbols);
      if (isResumed) this.#head = this.#writeHead(this.#head, resumed.lastSeq + 1, true);
    } catch (error) {
      dropLock(dir);
      throw isSystemError(error) ? cannotRecord(dir, error, "nothing of it was recorded") : error;
    }
    this.#resumed = resumed;
    this.#seq = resumed.lastSeq;
    this.#syncedSeq = resumed.lastSeq;
    this.#records = resumed.records;
    this.#syncedRecords = resumed.records;
    this.#bytes = resumed.bytes;
    this.#packed = [...resumed.packed];
    this.#order = new ArrivalOrder(
      resumed.lastRecord?.rxMs ?? Number.NEGATIVE_INFINITY,
      resumed.lastRecord?.rank ?? Number.NEGATIVE_INFINITY,
    );
    this.#restartCause = isResumed ? resumed.cause : null;
    this.#writtenAtMs = this.#nowMs();
    this.#segments = new Map();
    for (const symbol of resumed.symbols) this.#know(symbol);
    try {
      this.#guard(() => this.#begin(isResumed));
    } catch (error) {
      this.close();
      throw error;
    }
  }

  get stats(): LiveStats {
    let bufferedBytes = this.#order.waitingBytes;
    for (const segment of this.#segments.values()) bufferedBytes += segment.bufferedBytes;
    const { waiting, waitingBytes } = this.#order;
    return { records: this.#records + waiting, bytes: this.#bytes + waitingBytes, bufferedBytes };
  }

  symbolIndex(symbol: string): number {
    const known = this.#symbolIndex.get(symbol);
    if (known !== undefined) return known;
    this.#expectOpen();
    if (symbol === "" || Buffer.from(symbol).toString() !== symbol || this.#symbols.length >= 65_536) {
      throw new InvariantError(
        `Cannot record symbol "${symbol}": the table needs non-empty, well-formed names, at most 65536`,
      );
    }
    const index = this.#know(symbol);
    this.#segment("market").control({ live: "symbol", index, symbol });
    return index;
  }

  market(row: MarketRow): void {
    this.#expectOpen();
    const quoted = this.#quotedSymbols[row.symbol];
    if (quoted === undefined) {
      throw new InvariantError(
        `Cannot record a market row: symbol index is ${row.symbol}, the table has ${this.#symbols.length} symbols`,
      );
    }
    checkTimes(row);
    const draftSeq = this.#seq + 1;
    // A draft first: a row that would be refused must not end a millisecond or tell a step of the clock.
    marketRecord(row, draftSeq, quoted);
    this.#guard(() => {
      const place = this.#place(row, MARKET_RANK);
      const record = marketRecord({ ...row, ...place }, draftSeq, quoted);
      const { stream, tsMs } = record;
      const symbol = this.#symbols[row.symbol]!;
      const { price, bid, ask, qty } = row;
      this.#arrive("market", MARKET_RANK, record.line, draftSeq, (segment, seq) =>
        segment.tally.market(stream, { seq, rxMs: place.rxMs, tsMs }, { symbol, price, bid, ask, qty }),
      );
    });
  }

  input(row: InputRow): void {
    if ((INTERRUPTIONS as readonly string[]).includes(row.stream)) {
      throw new InvariantError(`Cannot record an input of stream "${row.stream}": interruptions go through gap()`);
    }
    this.#expectOpen();
    if (row.stream === "funding" || row.stream === "gap") {
      const symbol = row.payload["sym"];
      if (typeof symbol !== "string") {
        throw new InvariantError(`Cannot record an input of stream "${row.stream}": its payload names no symbol "sym"`);
      }
      this.symbolIndex(symbol);
    }
    this.#input(row);
  }

  gap({ rxMs, kind, stream, startTsMs, endTsMs, missing, cause }: LiveGap): void {
    this.#expectOpen();
    this.#input({ rxMs, stream: kind, payload: { stream, startTsMs, endTsMs, missing, cause } });
  }

  exchangeInfo(raw: unknown): void {
    this.#static("exchangeInfo", raw);
  }

  leverageBrackets(raw: unknown): void {
    this.#static("leverageBrackets", raw);
  }

  tick(): void {
    this.#expectOpen();
    this.#guard(() => {
      this.#order.drain();
      this.#writeWhenDue();
      for (const segment of [...this.#segments.values()]) this.#rotateWhenDue(segment);
    });
  }

  flush(): void {
    this.#expectOpen();
    this.#guard(() => {
      this.#order.drain();
      this.#write(true);
    });
  }

  async seal(): Promise<SealedRecording> {
    this.#expectOpen();
    this.#guard(() => {
      this.#tellRestart(null);
      this.#order.drain();
      this.#write(true);
    });
    this.#state = "sealing";
    for (const segment of this.#segments.values()) {
      segment.release();
      if (segment.records > 0) this.#pack(this.#ended(segment));
    }
    this.#segments.clear();
    await this.#packing;
    if (this.#failure !== null) {
      dropLock(this.dir);
      throw this.#failure;
    }
    try {
      const sealed = await sealParts({
        dir: this.dir,
        head: this.#head,
        symbols: this.#symbols,
        packed: this.#packed,
        notes: this.#notes(),
      });
      this.#state = "sealed";
      dropLock(this.dir);
      return sealed;
    } catch (error) {
      this.#state = "failed";
      dropLock(this.dir);
      throw isSystemError(error) ? this.#fail(error) : error;
    }
  }

  close(): void {
    if (this.#state === "open") {
      this.#guard(() => {
        this.#order.drain();
        for (const segment of this.#segments.values()) segment.control({ live: "close" });
        this.#write(true);
      });
    }
    if (this.#state === "open" || this.#state === "failed") {
      this.#isPackingStopped = true;
      for (const segment of this.#segments.values()) segment.release();
      this.#segments.clear();
      dropLock(this.dir);
      this.#state = "closed";
    }
  }

  #begin(isResumed: boolean): void {
    for (const group of PART_GROUPS) this.#segments.set(group, this.#openSegment(group));
    if (isResumed) {
      const { restarts, setAsideBytes, ended } = this.#resumed;
      const line = { live: "resume", restart: restarts + 1, setAsideBytes } as const;
      for (const segment of this.#segments.values()) segment.control(line);
      for (const segment of ended) this.#pack(segment);
    }
    for (const symbol of this.#options.symbols ?? []) this.symbolIndex(symbol);
    this.#write(true);
  }

  #input(row: InputRow): void {
    checkTimes(row);
    checkInput(row);
    const draftSeq = this.#seq + 1;
    inputRecord(row, draftSeq);
    this.#guard(() => {
      const rank = streamRank(row.stream);
      const place = this.#place(row, rank);
      this.#arriveInput({ ...row, ...place }, rank, draftSeq);
    });
  }

  #arriveInput(row: InputRow, rank: number, draftSeq: number): void {
    const record = inputRecord(row, draftSeq);
    const { stream, tsMs, rxMs, payload } = record;
    this.#arrive("inputs", rank, record.line, draftSeq, (segment, seq) =>
      segment.tally.input(stream, { seq, rxMs, tsMs }, payload),
    );
  }

  #static(stream: string, data: unknown): void {
    this.#expectOpen();
    const line = Buffer.from(staticLine(stream, data));
    this.#guard(() => {
      const segment = this.#segment("exchange");
      this.#append(segment, line, null);
      segment.tally.staticRecord(stream);
    });
  }

  /** Times of a record in the recording; `ts` keeps what the clock said when `rx` had to be another. */
  #place(row: { readonly rxMs: number; readonly tsMs?: number }, rank: number): { rxMs: number; tsMs: number } {
    this.#tellRestart(row.rxMs);
    const step = this.#order.clock(row.rxMs);
    if (step !== null) {
      this.#interrupt(step.fromMs, "clock-step", {
        stream: "*",
        startTsMs: step.fromMs,
        endTsMs: step.toMs,
        missing: 0,
        cause: `the recorder's clock went back ${step.fromMs - step.toMs} ms`,
      });
    }
    return { rxMs: this.#order.place(row.rxMs, rank), tsMs: row.tsMs ?? row.rxMs };
  }

  /** Puts the record of a restart before the first record after it, or at the end when there is none. */
  #tellRestart(rxMs: number | null): void {
    const cause = this.#restartCause;
    if (cause === null) return;
    this.#restartCause = null;
    const { lastRecord, missing } = this.#resumed;
    const startTsMs = lastRecord?.rxMs ?? rxMs ?? 0;
    const endTsMs = rxMs ?? startTsMs;
    this.#interrupt(Math.max(startTsMs, endTsMs), "restart", { stream: "*", startTsMs, endTsMs, missing, cause });
  }

  #interrupt(clockMs: number, stream: string, payload: Readonly<Record<string, unknown>>): void {
    const rank = streamRank(stream);
    const rxMs = this.#order.place(clockMs, rank);
    this.#arriveInput({ rxMs, tsMs: rxMs, stream, payload }, rank, this.#seq + 1);
  }

  #arrive(
    group: PartGroup,
    rank: number,
    draft: string,
    draftSeq: number,
    tally: (segment: SegmentWriter, seq: number) => void,
  ): void {
    const rest = draft.slice(`{"seq":${draftSeq}`.length);
    // As long as the line can get: a number has at most 16 digits.
    const bytes = Buffer.byteLength(rest) + SEQ_BYTES_MAX;
    const write = () => {
      const seq = this.#seq + 1;
      const segment = this.#segment(group);
      this.#append(segment, Buffer.from(`{"seq":${seq}${rest}`), seq);
      tally(this.#segment(group), seq);
    };
    this.#order.add({ rank, bytes, write });
    if (this.#options.fsync === "always") {
      this.#order.drain();
      this.#write(true);
    } else this.#writeWhenDue();
  }

  #append(before: SegmentWriter, line: Buffer, seq: number | null): void {
    let segment = before;
    if (segment.bufferedBytes > 0 && segment.bufferedBytes + line.length > SEGMENT_BUFFER_BYTES) this.#writeSegments();
    if (segment.records > 0 && segment.bytes + line.length > this.#bytesMax) segment = this.#rotate(segment);
    if (seq !== null) this.#seq = seq;
    segment.append(line, seq);
    segment.firstRecordAtMs ??= this.#nowMs();
    this.#records++;
    this.#bytes += line.length;
    if (segment.bufferedBytes > SEGMENT_BUFFER_BYTES) this.#writeSegments();
  }

  /** Inputs go first: a price never reaches the disk before the restart or the gap that was told ahead of it. */
  #writeSegments(): void {
    this.#segments.get("inputs")?.write(this.#seq);
    for (const segment of this.#segments.values()) segment.write(this.#seq);
  }

  /** Writes all groups with their checkpoints. */
  #write(isSynced: boolean): void {
    this.#writeSegments();
    if (isSynced) {
      for (const segment of this.#segments.values()) segment.sync();
      this.#syncedSeq = this.#seq;
      this.#syncedRecords = this.#records;
    }
    this.#writtenAtMs = this.#nowMs();
  }

  #writeWhenDue(): void {
    if (this.#nowMs() - this.#writtenAtMs >= this.#fsyncIntervalMs) this.#write(this.#options.fsync !== "never");
  }

  #rotateWhenDue(segment: SegmentWriter): void {
    const { firstRecordAtMs } = segment;
    if (firstRecordAtMs !== null && this.#nowMs() - firstRecordAtMs >= this.#ageMsMax) this.#rotate(segment);
  }

  /** The next segment is on the disk before the old one is packed: there is always one that can be appended to. */
  #rotate(segment: SegmentWriter): SegmentWriter {
    this.#writeSegments();
    segment.sync();
    const { group, number } = segment;
    const following = SegmentWriter.create(this.dir, group, number + 1, this.#symbols, this.#seq);
    this.#segments.set(group, following);
    segment.release();
    this.#pack(this.#ended(segment));
    return following;
  }

  #ended({ group, number, tally, contentBytes, contentCrc }: SegmentWriter): EndedSegment {
    return { group, number, symbols: [...this.#symbols], tally: tally.snapshot(), contentBytes, contentCrc };
  }

  #pack(ended: EndedSegment): void {
    this.#packing = this.#packing.then(async () => {
      if (this.#isPackingStopped || this.#failure !== null) return;
      try {
        const note = await packSegment(this.dir, ended, () => this.#isPackingStopped);
        if (note !== null) this.#packed.push(note);
      } catch (error) {
        // The next call of the recorder throws it: nobody waits for this promise before `seal`.
        this.#fail(error);
      }
    });
  }

  #openSegment(group: PartGroup): SegmentWriter {
    const open = this.#resumed.open.get(group);
    if (open?.end !== undefined) return SegmentWriter.resume(this.dir, group, open.number, open.end);
    return SegmentWriter.create(this.dir, group, open?.number ?? 1, this.#symbols, this.#seq);
  }

  #segment(group: PartGroup): SegmentWriter {
    return this.#segments.get(group)!;
  }

  #know(symbol: string): number {
    const index = this.#symbols.length;
    this.#symbols.push(symbol);
    this.#quotedSymbols.push(JSON.stringify(symbol));
    this.#symbolIndex.set(symbol, index);
    return index;
  }

  #notes(): string[] {
    const { moved } = this.#order;
    if (moved === 0) return [...this.#head.notes];
    const text = `${moved} records have a later rx than the recorder's clock said, to keep their order; ts keeps the clock where the source gave no time`;
    return [...this.#head.notes, text];
  }

  #writeHead(known: LiveHead | null, firstSeq: number, isFinal = known === null): LiveHead {
    const { id, createdBy, createdAt, fidelity, symbols = [], notes = [], codeHash } = this.#options;
    const config = withholdDeep({ ...this.#options.config });
    const recorder: ManifestRecorder = {
      createdBy,
      firstSeq,
      config,
      configSha256: sha256Hex(JSON.stringify(config)),
      ...(codeHash === undefined ? {} : { codeHash }),
    };
    if (known !== null) {
      if (known.id !== id || known.fidelity !== fidelity) {
        const what = `it holds an unsealed recording "${known.id}" of fidelity ${known.fidelity}`;
        throw cannotUse(this.dir, `${what}, one of "${id}" and ${fidelity} can be resumed`, "choose another folder");
      }
      if (!isFinal) return known;
      const recorders = withRecorder(known.recorders, recorder);
      const added = notes.filter((note) => !known.notes.includes(note));
      if (recorders.length === known.recorders.length && added.length === 0) return known;
      const head = { ...known, recorders, notes: [...known.notes, ...added] };
      writeHead(this.dir, head);
      return head;
    }
    const head: LiveHead = {
      schema: LIVE_SCHEMA,
      id,
      createdBy,
      ...(createdAt === undefined ? {} : { createdAt }),
      fidelity,
      symbols: [...symbols],
      notes: [...notes],
      recorders: [recorder],
    };
    writeHead(this.dir, head);
    return head;
  }

  #expectOpen(): void {
    if (this.#failure !== null) throw this.#failure;
    if (this.#state !== "open") {
      throw new InvariantError(
        `Cannot write recording "${this.#options.id}": it is ${this.#state}, an open one is needed`,
      );
    }
  }

  #guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      throw isSystemError(error) ? this.#fail(error) : error;
    }
  }

  #fail(error: unknown): UserError {
    if (this.#failure === null) {
      const lost = this.stats.records - this.#syncedRecords;
      const safe = `${this.#syncedRecords} records, to seq ${this.#syncedSeq}, are safe on the disk; ${lost} accepted after them may be lost`;
      this.#failure = error instanceof UserError ? error : cannotRecord(this.dir, error, safe);
      // `close` has still to release the files.
      if (this.#state === "open" || this.#state === "sealing") this.#state = "failed";
    }
    return this.#failure;
  }
}

function checkTimes({ rxMs, tsMs = rxMs }: { readonly rxMs: number; readonly tsMs?: number }): void {
  if (Number.isSafeInteger(rxMs) && Number.isSafeInteger(tsMs)) return;
  throw new InvariantError(`Cannot record a row: rx is ${rxMs}, ts is ${tsMs}, whole milliseconds are needed`);
}

/** Makes the folder when it is missing; true when it holds an unsealed recording. */
function prepareFolder(dir: string, { id }: LiveRecordingOptions): boolean {
  let entries: string[];
  try {
    mkdirSync(dir, { recursive: true });
    entries = readdirSync(dir);
  } catch (error) {
    throw cannotRecord(dir, error, "nothing was recorded");
  }
  if (existsSync(join(dir, MANIFEST_FILE))) {
    throw cannotUse(dir, "it holds a sealed recording, which is immutable", "choose another folder");
  }
  const recorder = recorderOf(dir);
  if (recorder !== null) {
    throw cannotUse(
      dir,
      `process ${recorder} records "${id}" into it, one recorder at a time is needed`,
      "stop it first",
    );
  }
  if (hasHead(dir)) return true;
  const others = entries.filter((name) => name !== LOCK_FILE && !name.endsWith(UNFINISHED));
  if (others.length === 0) return false;
  throw cannotUse(
    dir,
    `it holds ${others.length} other entries, a new or empty folder is needed`,
    "choose another folder",
  );
}

function cannotUse(dir: string, what: string, hint: string): UserError {
  return new UserError([{ file: dir, text: `Cannot record into the folder: ${what}`, hint }]);
}
