import type { Fidelity } from "../manifest.ts";
import type { InputRow, MarketRow } from "../record.ts";
import type { Interruption } from "../stream-rank.ts";
import type { SealedRecording } from "../writer.ts";

export type FsyncPolicy = "always" | "interval" | "never";

export interface LiveRecordingOptions {
  /** Appears as a directory at once; it is sealed when it has a `manifest.json`. */
  readonly dir: string;
  readonly id: string;
  /** Program that records, with its version. */
  readonly createdBy: string;
  readonly createdAt?: string;
  readonly fidelity: Fidelity;
  /** Symbols known before the first row; the table grows while recording. */
  readonly symbols?: readonly string[];
  readonly notes?: readonly string[];
  /** Recorded with its hash; texts that look like secrets are withheld first. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly codeHash?: string;
  /** A segment ends at this size (64 MB when absent) or age (15 min when absent), whichever comes first. */
  readonly rotation?: { readonly bytesMax?: number; readonly ageMsMax?: number };
  /**
   * When records reach the disk: after each millisecond of records (`always`), every `fsyncIntervalMs` (`interval`,
   * which is the default), or when the system likes (`never`). `flush` syncs under each of them.
   */
  readonly fsync?: FsyncPolicy;
  /** 1000 when absent. Under `never` it is how often records are handed to the system. */
  readonly fsyncIntervalMs?: number;
  /** Clock for rotation and fsync only, milliseconds; a monotonic one when absent. */
  readonly nowMs?: () => number;
}

/** Something that happened to the recording itself; it gets a place in the order, before the prices of its millisecond. */
export interface LiveGap extends LiveGapPayload {
  readonly rxMs: number;
  readonly kind: Interruption;
}

/** Payload of the streams named in `INTERRUPTIONS`. */
export interface LiveGapPayload {
  /** What was interrupted, in the source's own words; `*` is the whole recording. */
  readonly stream: string;
  /** Last instant before, and first instant after; both the recorder's clock. */
  readonly startTsMs: number;
  readonly endTsMs: number;
  /** Records known to be missing, null when nobody can know. */
  readonly missing: number | null;
  readonly cause: string;
}

export interface LiveStats {
  /** Records and bytes accepted, those of resumed sessions included. */
  readonly records: number;
  readonly bytes: number;
  /** Bytes held in memory, never above `BUFFERED_BYTES_MAX` and one record. */
  readonly bufferedBytes: number;
}

export interface LiveRecording {
  readonly dir: string;
  /** Index of a symbol, which is new to the table or known. */
  symbolIndex(symbol: string): number;
  /** Rows may come in any order of rank within a millisecond; `rxMs` running backwards is held and recorded. */
  market(row: MarketRow): void;
  input(row: InputRow): void;
  exchangeInfo(raw: unknown): void;
  leverageBrackets(raw: unknown): void;
  gap(row: LiveGap): void;
  /** Call now and then: rotation by age and fsync by interval, even when nothing arrives. */
  tick(): void;
  /** Everything accepted so far is written, checkpointed and synced when it returns. */
  flush(): void;
  /** Packs the rest, reads every part back, writes the manifest last. */
  seal(): Promise<SealedRecording>;
  /** Leaves an unsealed recording that says it was closed. Without effect after `seal`. */
  close(): void;
  readonly stats: LiveStats;
}
