import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RedisLink } from "../../src/live/redis/link.ts";
import { openSource } from "../../src/live/redis/open-source.ts";
import type { RecordIntervals, RecordProgress, RecordResult } from "../../src/live/redis/record-options.ts";
import { recordStreams } from "../../src/live/redis/record-streams.ts";
import { parseRedisUrl } from "../../src/live/redis/redis-target.ts";
import type { InputRecord } from "../../src/recording/batch.ts";
import { createLiveRecording } from "../../src/recording/live/live-recording.ts";
import { openRecording } from "../../src/recording/reader.ts";
import { INTERRUPTIONS } from "../../src/recording/stream-rank.ts";
import { verifyRecording } from "../../src/recording/verify.ts";

export interface Recorded {
  readonly result: RecordResult;
  readonly records: readonly InputRecord[];
  readonly dir: string;
  /** Entries of a Redis stream in the order they were recorded. */
  entries(stream: string): Readonly<Record<string, unknown>>[];
  ids(stream: string): unknown[];
  /** Interruptions, as `stream of the record`, `stream that is meant`, `missing`. */
  interruptions(): {
    kind: string;
    stream: unknown;
    missing: unknown;
    cause: string;
    startTsMs: number;
    endTsMs: number;
  }[];
}

export interface RunningRecorder {
  /** Waits for a state that must come. */
  until(isReached: (progress: RecordProgress) => boolean): Promise<void>;
  /** Waits for a number of entries, over all streams. */
  entries(count: number): Promise<void>;
  /** Waits until a Redis stream was read up to this entry. */
  reached(redisStream: string, id: string): Promise<void>;
  /** Seals, verifies, reads back. */
  finish(): Promise<Recorded>;
}

export interface RecorderOptions {
  readonly url: string;
  readonly streams: readonly string[];
  readonly from?: string;
  readonly groups?: readonly string[];
  readonly keys?: readonly string[];
  readonly batchEntriesMax?: number;
  readonly intervals?: Partial<RecordIntervals>;
  /** The first connection with something added, e.g. a failure at a certain question. */
  readonly wrap?: (link: RedisLink) => RedisLink;
  readonly nowMs?: () => number;
}

const folders: string[] = [];

/** Records inside the test, into a folder that `removeRecordings` removes. */
export async function startRecorder(options: RecorderOptions): Promise<RunningRecorder> {
  const { url, streams, from = "now", groups = [], keys = [], batchEntriesMax, intervals, wrap, nowMs } = options;
  const base = mkdtempSync(join(tmpdir(), "record-"));
  folders.push(base);
  const target = parseRedisUrl(url);
  const opened = await openSource({ target, streams, keys, from, isMissingAllowed: true });
  const source = wrap === undefined ? opened : { ...opened, link: wrap(opened.link) };
  const dir = join(base, "r");
  const recording = createLiveRecording({ dir, id: "r", createdBy: "test", fidelity: "mark" });
  let isStopped = false;
  let failure: unknown = null;
  let progress: RecordProgress | null = null;
  const work = recordStreams(source, {
    recording,
    groups,
    keys,
    ...(nowMs === undefined ? {} : { nowMs }),
    ...(batchEntriesMax === undefined ? {} : { batchEntriesMax }),
    intervals: { block: 40, look: 60, group: 100, silence: 5000, ...intervals },
    shouldStop: () => isStopped,
    onProgress: (state) => {
      progress = state;
    },
  }).catch((error: unknown) => {
    failure = error;
    recording.close();
    return null;
  });
  const until = async (isReached: (state: RecordProgress) => boolean): Promise<void> => {
    while (progress === null || !isReached(progress)) {
      if (failure !== null) throw failure;
      await pause(10);
    }
  };
  return {
    until,
    reached: (redisStream, id) => {
      const read = source.streams.find(({ cursor }) => cursor.redisStream === redisStream)!.cursor;
      return until(() => read.lastId === id);
    },
    entries: (count) => until(({ entries }) => entries >= count),
    async finish() {
      isStopped = true;
      const result = await work;
      if (result === null) throw failure;
      await recording.seal();
      return recordedOf(dir, result);
    },
  };
}

function recordedOf(dir: string, result: RecordResult): Recorded {
  const recording = openRecording(dir);
  verifyRecording(recording);
  const records = [...recording.inputs()];
  const entries = (stream: string) =>
    records.filter((record) => record.stream === stream).map(({ payload }) => payload);
  return {
    result,
    records,
    dir,
    entries,
    ids: (stream) => entries(stream).map((payload) => payload["id"]),
    interruptions: () =>
      records
        .filter(({ stream }) => (INTERRUPTIONS as readonly string[]).includes(stream))
        .map(({ stream, payload }) => ({ ...(payload as ReturnType<Recorded["interruptions"]>[0]), kind: stream })),
  };
}

export function removeRecordings(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

export function pause(durationMs: number): Promise<void> {
  return new Promise((done) => setTimeout(done, durationMs));
}
