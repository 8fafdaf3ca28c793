import type { Instrument } from "../../engine/domain/instrument.ts";
import type { RedisTarget } from "../redis/redis-target.ts";

/** How long an answer may take, and how long a server that gives none is believed in. */
export interface StreamPatience {
  /** No answer for longer than this is told as a silence. 1000 when absent. */
  readonly silenceMs?: number;
  /** No answer for longer than this ends the connection, and a new one is tried with growing waits. 5000 when absent. */
  readonly giveUpMs?: number;
}

/** Something about the streams that is no gap and that somebody should know; the session goes on. */
export interface StreamProblem {
  /** Stable: `oversized_entry`, `refused`, `wrong_type`, `published_lost`, `foreign_writer`. */
  readonly code: string;
  /** Stream or key. */
  readonly name: string;
  readonly text: string;
}

export interface RedisIntentsOptions extends StreamPatience {
  readonly target: RedisTarget;
  /** Key of the stream, e.g. `quantum:stream:trade.intent`. */
  readonly stream: string;
  /** Consumer group of this session and of nobody else: what others of a group read, nobody else gets. */
  readonly group: string;
  /** Name inside the group; a restart under the same name gets its own pending entries at once. */
  readonly consumer: string;
  /** Entries of other consumers that were not acknowledged for so long are taken over. 60,000 when absent. */
  readonly claimIdleMs?: number;
  /** Most entries of one read. 128 when absent. */
  readonly batch?: number;
  /** How long one read waits for entries. 1000 when absent. */
  readonly blockMs?: number;
  /**
   * Largest value that is handed on, 65,536 bytes when absent (the engine looks at no longer payload). A larger one is
   * replaced by a text that names its size, so the intent is refused or judged without it, recorded and acknowledged.
   */
  readonly fieldBytesMax?: number;
  /** Most fields of one entry, 256 when absent; how many were left out stands in a field of its own. */
  readonly fieldsMax?: number;
  /** Clock for the spans of gaps, milliseconds since 1970. `Date.now` when absent. */
  readonly nowMs?: () => number;
  onProblem?(problem: StreamProblem): void;
}

/** How the intent stream does, for metrics, status line and `live doctor`. */
export interface RedisIntentsStatus {
  readonly state: "starting" | "reading" | "silent" | "away" | "paused" | "closed";
  /** Entries handed over, redeliveries included. */
  readonly delivered: number;
  readonly redelivered: number;
  /** Of those, taken over from other consumers. */
  readonly claimed: number;
  /** Handed over and not acknowledged by the session yet. */
  readonly outstanding: number;
  /** Acknowledged by the session and not by the server yet. */
  readonly acksWaiting: number;
  readonly acked: number;
  /** Values and fields that were left out for their size. */
  readonly oversized: number;
  readonly gaps: number;
  /** Entries known to be lost. */
  readonly missing: number;
  readonly lastEntryId: string;
  /** Entries of the stream that were not read yet, when it was looked at last; `null` when nobody can say. */
  readonly unread: number | null;
}

/** Names of what is published; `null` leaves that kind out. `{planId}` and `{symbol}` stand for themselves. */
export interface PublishedNames {
  readonly plan: string | null;
  readonly result: string | null;
  readonly governorPermit: string | null;
  readonly governorBlock: string | null;
  readonly positionPermit: string | null;
  readonly heatPermit: string | null;
  readonly ledger: string | null;
  readonly bridgeLedger: string | null;
  readonly snapshot: string | null;
}

/**
 * `origin`: byte for byte the fields of the users' services (pipeline.md section 2), so they can read it, and obey it:
 * an executor of theirs on the same stream would trade the same plan again.
 * `strict`: one shape for all plans and one for all results, with everything that is known, named as theirs where they
 * have a name; its `source` is `rehearsal`, which their executor refuses (`source_not_allowed`).
 */
export type FieldShape = "strict" | "origin";

export interface RedisPlansOptions extends StreamPatience {
  readonly target: RedisTarget;
  /** Of the session: what is published is counted under this name (`rehearsal:published:{session}`). */
  readonly session: string;
  readonly instruments: readonly Instrument[];
  readonly shape: FieldShape;
  /** Names that differ from `PUBLISHED_NAMES`. */
  readonly names?: Partial<PublishedNames>;
  /** Put before every name and before the mark, e.g. `paper:`. Empty when absent. */
  readonly prefix?: string;
  /** Both streams are kept at about this many entries. 10,000 when absent; 0 never trims. */
  readonly maxLen?: number;
  /** Leverage for snapshot and ledger keys; the field is left out where it gives `null`. */
  leverageOf?(symbol: string): number | null;
  readonly nowMs?: () => number;
  onProblem?(problem: StreamProblem): void;
}

export interface RedisPlansStatus {
  readonly state: "starting" | "writing" | "away" | "closed";
  /** Entries handed over and not known to be written. */
  readonly waiting: number;
  readonly publishedSeq: number;
  readonly commands: number;
  readonly transactions: number;
  readonly problems: number;
}

/**
 * What the kill key says. The words are those of the scopes: `off` (also `0`, `false`, empty, or no key), `entries`,
 * and `all` (also `1`, `true`, `on`: what operators of the users' pipeline write). Any other word counts as `all`.
 */
export interface RedisOperatorOptions extends StreamPatience {
  readonly target: RedisTarget;
  /** e.g. `quantum:kill`. */
  readonly key: string;
  /** How often the key is looked at. 500 when absent. */
  readonly pollMs?: number;
  /**
   * What it means when the server cannot be asked for `unknownAfterMs`: `keep` holds what was said last (the default),
   * `entries` refuses new risk until the key can be read again. It never means "off".
   */
  readonly whenUnknown?: "keep" | "entries";
  /** 5000 when absent. */
  readonly unknownAfterMs?: number;
  readonly nowMs?: () => number;
  onProblem?(problem: StreamProblem): void;
}

export interface RedisOperatorStatus {
  /** What the session was told last. */
  readonly scope: "off" | "entries" | "all";
  readonly isKnown: boolean;
  readonly sinceTsMs: number | null;
}
