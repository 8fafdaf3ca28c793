import type { LiveRecording } from "../../recording/live/live-recording.ts";
import type { LinkState } from "./patient-link.ts";
import type { Percentiles } from "./tally.ts";

export interface RecordOptions {
  readonly recording: LiveRecording;
  /** Consumer groups to look at on every stream. */
  readonly groups?: readonly string[];
  /** Keys to look at; one with `*`, `?` or `[` is a pattern. */
  readonly keys?: readonly string[];
  /** Asked between reads and every 50 ms. */
  readonly shouldStop: () => boolean;
  onProgress?(progress: RecordProgress): void;
  /** The recorder's clock, milliseconds since 1970. */
  readonly nowMs?: () => number;
  readonly intervals?: Partial<RecordIntervals>;
  /** Entries of one stream in one reply at most, 1000 when absent; fewer when they are large. */
  readonly batchEntriesMax?: number;
}

/** All in milliseconds. */
export interface RecordIntervals {
  /** A read waits this long for the next entry. */
  readonly block: number;
  /** Between looks at keys, and at streams nothing came from. */
  readonly look: number;
  readonly group: number;
  readonly lag: number;
  /** No answer for longer than this is a silence. */
  readonly silence: number;
  /** No answer for longer than this gives the connection up. */
  readonly giveUp: number;
}

export interface RecordedStream {
  readonly redisStream: string;
  /** Name in the recording. */
  readonly stream: string;
  readonly entries: number;
  readonly lastId: string;
}

export interface RecordProgress {
  readonly elapsedMs: number;
  readonly entries: number;
  readonly state: LinkState;
  /** Received minus entry time of the newest entry, `null` before the first. */
  readonly lagMs: number | null;
  readonly gaps: number;
  readonly keyRecords: number;
}

export interface RecordResult {
  readonly elapsedMs: number;
  readonly streams: readonly RecordedStream[];
  /** Records that say something of a key that is, or was, there. */
  readonly keyRecords: number;
  readonly groupRecords: number;
  /** Times the server was away or silent, and losses of streams. */
  readonly gaps: number;
  /** Entries known to be missing; `null` when some of the losses cannot be counted. */
  readonly missing: number | null;
  /** Received minus entry time of the newest entry of each reply. */
  readonly lagMs: Percentiles | null;
  /** Entries still on the server after each reply. */
  readonly unread: Percentiles | null;
  /** As `lagMs`, of entries that came while nothing was left to read: the two clocks and the way, without a backlog. */
  readonly clockSkewMs: Percentiles | null;
}
