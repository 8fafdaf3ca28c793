import { performance } from "node:perf_hooks";
import { redisRecord } from "../../recording/import/redis-record.ts";
import { ClockWatch } from "./clock-watch.ts";
import { entryFields } from "./entry-fields.ts";
import { FIRST_ID, idTimeMs } from "./entry-id.ts";
import { type Delivered, deliveredOf, type FollowedStream } from "./followed-stream.ts";
import { LinkLost, RedisRefusal, type Reply } from "./link.ts";
import { LossBook } from "./loss-book.ts";
import { askStreamInfo, type RedisSource } from "./open-source.ts";
import { PatientLink } from "./patient-link.ts";
import type { RecordIntervals, RecordOptions, RecordProgress, RecordResult } from "./record-options.ts";
import { SideLooks } from "./side-looks.ts";
import { bytesOf, type StreamInfo } from "./stream-info.ts";
import { Tally } from "./tally.ts";

const INTERVALS: RecordIntervals = {
  block: 250,
  look: 1000,
  group: 5000,
  lag: 60_000,
  silence: 1000,
  giveUp: 15_000,
};
const BATCH_ENTRIES_MAX = 1000;
/** A reply is asked to stay below this; one entry may always come, and entries may grow within a reply. */
const REPLY_BYTES = 4 * 1024 * 1024;
const ENTRY_BYTES_MIN = 256;
const SYMBOLS_MAX = 65_536;

/**
 * Reads streams into a recording until it is told to stop. Only looks at the server: `XREAD` without groups, `XINFO`,
 * and `GET`, `PTTL`, `XPENDING` where keys or groups are asked for.
 *
 * Nothing is read while the recording writes, and a reply is bounded, so memory is. Every reply is in the recording, or
 * not counted as read: a lost connection is followed by reading on after the last entry that was recorded.
 *
 * @throws {UserError} of the recording when the disk is full or broken.
 */
export async function recordStreams(source: RedisSource, options: RecordOptions): Promise<RecordResult> {
  const recorder = new StreamRecorder(source, options);
  return recorder.run();
}

class StreamRecorder {
  readonly #options: RecordOptions;
  readonly #intervals: RecordIntervals;
  readonly #nowMs: () => number;
  readonly #streams: Map<string, FollowedStream>;
  readonly #link: PatientLink;
  readonly #losses: LossBook;
  readonly #looks: SideLooks;
  readonly #symbols = new Set<string>();
  readonly #lagMs = new Tally();
  readonly #unread = new Tally();
  readonly #clockSkewMs = new Tally();
  readonly #clock: ClockWatch;
  readonly #beganMs = performance.now();
  #newestLagMs: number | null = null;
  #lookedMs = 0;
  #toldLagMs = performance.now();

  constructor(source: RedisSource, options: RecordOptions) {
    this.#options = options;
    this.#intervals = { ...INTERVALS, ...options.intervals };
    this.#nowMs = options.nowMs ?? Date.now;
    this.#clock = new ClockWatch(this.#nowMs(), performance.now());
    this.#losses = new LossBook(options.recording);
    this.#streams = new Map(
      source.streams.map(({ cursor, entryBytes, isCaughtUp }) => {
        const stream = redisRecord(cursor.redisStream, { id: FIRST_ID, timeMs: this.#nowMs(), fields: {}, extra: {} });
        const begun = { stream: stream.stream, entries: 0, isNoStream: false };
        return [cursor.redisStream, { cursor, entryBytes, isCaughtUp, ...begun }];
      }),
    );
    this.#link = new PatientLink(source.link, {
      target: source.target,
      nowMs: this.#nowMs,
      silenceMs: this.#intervals.silence,
      giveUpMs: this.#intervals.giveUp,
      onSilence: (away) => this.#losses.away("silence", away),
      onLost: (away) => this.#losses.away("disconnect", away),
    });
    this.#looks = new SideLooks({
      recording: options.recording,
      nowMs: this.#nowMs,
      streams: [...this.#streams.keys()],
      groups: options.groups ?? [],
      keys: options.keys ?? [],
      groupIntervalMs: this.#intervals.group,
      ask: (command, ...args) => this.#link.ask(0, command, ...args),
    });
  }

  async run(): Promise<RecordResult> {
    const progress = setInterval(() => {
      if (this.#options.shouldStop()) this.#link.stop();
      this.#options.onProgress?.(this.#progress());
    }, 50);
    try {
      while (!this.#options.shouldStop()) await this.#step();
    } finally {
      clearInterval(progress);
      this.#link.close();
    }
    const { unheard } = this.#link;
    if (unheard !== null) this.#losses.stillAway(unheard, this.#nowMs());
    this.#tellLag();
    return this.#result();
  }

  async #step(): Promise<void> {
    const jump = this.#clock.look(this.#nowMs(), performance.now());
    if (jump !== null) this.#losses.jumped(jump);
    try {
      if (this.#link.state === "away") {
        await this.#comeBack();
      } else {
        await this.#read();
        if (performance.now() - this.#lookedMs >= this.#intervals.look) await this.#look();
      }
    } catch (error) {
      if (error instanceof RedisRefusal) await this.#refused(error);
      else if (!(error instanceof LinkLost)) throw error;
    }
    if (performance.now() - this.#toldLagMs >= this.#intervals.lag) this.#tellLag();
    this.#options.recording.tick();
  }

  async #comeBack(): Promise<void> {
    const seen = new Map<FollowedStream, Awaited<ReturnType<typeof askStreamInfo>>>();
    const away = await this.#link.reconnect(async (link) => {
      for (const [redisStream, stream] of this.#streams) seen.set(stream, await askStreamInfo(link, redisStream));
    });
    if (away === null) return;
    this.#losses.away("reconnect", away);
    for (const [stream, info] of seen) this.#compare(stream, info);
  }

  async #read(): Promise<void> {
    const streams = [...this.#streams.values()].filter(({ isNoStream }) => !isNoStream);
    const { block } = this.#intervals;
    if (streams.length === 0) {
      await new Promise((done) => setTimeout(done, block));
      return;
    }
    const names = streams.map(({ cursor }) => cursor.redisStream);
    const ids = streams.map(({ cursor }) => cursor.lastId);
    const count = this.#batchEntries(streams);
    const reply = await this.#link.ask(block, "XREAD", "COUNT", count, "BLOCK", block, "STREAMS", ...names, ...ids);
    if (!Array.isArray(reply)) return;
    const rxMs = this.#nowMs();
    this.#losses.hold();
    const batches = (reply as readonly Reply[]).map((row) => deliveredOf(row, this.#streams));
    const infos = await Promise.allSettled(
      batches.map(({ stream }) => askStreamInfo(this.#askable, stream.cursor.redisStream)),
    );
    // What was read is written even when the questions about it were not answered.
    for (const [at, { stream, entries }] of batches.entries()) {
      const info = infos[at]!.status === "fulfilled" ? infos[at]!.value : null;
      this.#write(stream, entries, info === "no stream" ? null : info, rxMs);
    }
    this.#losses.release();
    for (const info of infos) if (info.status === "rejected") throw info.reason;
  }

  #write(stream: FollowedStream, entries: readonly Delivered[], info: StreamInfo | null, rxMs: number): void {
    const { cursor } = stream;
    const ids = entries.map(({ id }) => id);
    const loss = cursor.pass(ids, info);
    if (loss?.place === "before") this.#losses.loss(cursor.redisStream, loss, rxMs);
    let bytes = 0;
    for (const entry of entries) {
      bytes += bytesOf(entry.raw);
      this.#entry(stream, entry, rxMs);
    }
    if (loss?.place === "after") this.#losses.loss(cursor.redisStream, loss, rxMs);
    this.#losses.heard(cursor.redisStream, rxMs);
    stream.entryBytes = Math.max(bytes / entries.length, info?.lastEntryBytes ?? 0, stream.entryBytes * 0.9);
    this.#measure(ids.at(-1)!, stream, info, rxMs);
  }

  #entry(stream: FollowedStream, { id, raw }: Delivered, rxMs: number): void {
    const { recording } = this.#options;
    const timeMs = idTimeMs(id) ?? rxMs;
    const { fields, fieldsBase64 } = entryFields(raw);
    const extra = fieldsBase64 === null ? {} : { fieldsBase64 };
    const record = redisRecord(stream.cursor.redisStream, { id, timeMs, fields, extra });
    if (record.symbol !== null && !this.#symbols.has(record.symbol) && this.#symbols.size < SYMBOLS_MAX) {
      this.#symbols.add(record.symbol);
      recording.symbolIndex(record.symbol);
    }
    recording.input({ rxMs, tsMs: timeMs, stream: record.stream, payload: record.payload });
    stream.stream = record.stream;
    stream.entries++;
  }

  #measure(newestId: string, stream: FollowedStream, info: StreamInfo | null, rxMs: number): void {
    const wasCaughtUp = stream.isCaughtUp;
    stream.isCaughtUp = info?.lastGeneratedId === newestId;
    const timeMs = idTimeMs(newestId);
    if (timeMs !== null) {
      this.#newestLagMs = rxMs - timeMs;
      this.#lagMs.add(this.#newestLagMs);
      if (wasCaughtUp && stream.isCaughtUp) this.#clockSkewMs.add(this.#newestLagMs);
    }
    const unread = info === null ? null : stream.cursor.unread(info);
    if (unread !== null) this.#unread.add(unread);
  }

  async #look(): Promise<void> {
    this.#lookedMs = performance.now();
    for (const [redisStream, stream] of this.#streams) {
      this.#compare(stream, await askStreamInfo(this.#askable, redisStream));
    }
    await this.#looks.look();
  }

  #compare(stream: FollowedStream, info: StreamInfo | null | "no stream"): void {
    const { cursor } = stream;
    stream.isNoStream = info === "no stream";
    const loss = info === null || info === "no stream" ? cursor.gone() : cursor.pass([], info);
    stream.isCaughtUp = info === null || info === "no stream" || info.lastGeneratedId === cursor.lastId;
    if (loss !== null) this.#losses.loss(cursor.redisStream, loss, this.#nowMs());
  }

  /** One key that turned into something else makes a read fail for all: looking at each finds it. */
  async #refused(error: RedisRefusal): Promise<void> {
    if (error.code !== "WRONGTYPE") this.#losses.refused(error.message, this.#nowMs());
    await new Promise((done) => setTimeout(done, this.#intervals.block));
    try {
      if (this.#link.state !== "away") await this.#look();
    } catch (again) {
      if (!(again instanceof RedisRefusal || again instanceof LinkLost)) throw again;
    }
  }

  get #askable(): { ask: (command: string, ...args: (string | number | Buffer)[]) => Promise<Reply> } {
    return { ask: (command, ...args) => this.#link.ask(0, command, ...(args as string[])) };
  }

  #batchEntries(streams: readonly FollowedStream[]): number {
    const largest = Math.max(ENTRY_BYTES_MIN, ...streams.map(({ entryBytes }) => entryBytes));
    const fitting = Math.floor(REPLY_BYTES / (streams.length * largest));
    return Math.max(1, Math.min(this.#options.batchEntriesMax ?? BATCH_ENTRIES_MAX, fitting));
  }

  #tellLag(): void {
    this.#toldLagMs = performance.now();
    const lagMs = this.#lagMs.percentiles();
    if (lagMs === null) return;
    const payload = { lagMs, unread: this.#unread.percentiles(), clockSkewMs: this.#clockSkewMs.percentiles() };
    this.#options.recording.input({ rxMs: this.#nowMs(), stream: "redis.lag", payload });
  }

  #progress(): RecordProgress {
    let entries = 0;
    for (const stream of this.#streams.values()) entries += stream.entries;
    const elapsedMs = performance.now() - this.#beganMs;
    return {
      elapsedMs,
      entries,
      state: this.#link.state,
      lagMs: this.#newestLagMs,
      gaps: this.#losses.gaps,
      keyRecords: this.#looks.keyRecords,
    };
  }

  #result(): RecordResult {
    const streams = [...this.#streams].map(([redisStream, { stream, entries, cursor }]) => {
      return { redisStream, stream, entries, lastId: cursor.lastId };
    });
    return {
      elapsedMs: Math.round(performance.now() - this.#beganMs),
      streams,
      keyRecords: this.#looks.keyRecords,
      groupRecords: this.#looks.groupRecords,
      gaps: this.#losses.gaps,
      missing: this.#losses.missing,
      lagMs: this.#lagMs.percentiles(),
      unread: this.#unread.percentiles(),
      clockSkewMs: this.#clockSkewMs.percentiles(),
    };
  }
}
