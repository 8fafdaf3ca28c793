import { compareIds, FIRST_ID } from "./entry-id.ts";
import type { StreamInfo } from "./stream-info.ts";

/** Entries of a stream that cannot be read any more, with their place beside the batch that was looked at. */
export interface Loss {
  readonly place: "before" | "after";
  /** `null` when the server's counts do not tell. */
  readonly missing: number | null;
  readonly cause: string;
}

const RECENT_IDS = 4096;

/**
 * How far a stream was read, and what of it is gone.
 *
 * Redis counts the entries ever added to a stream. Reading adds up the same number from the other side: entries read,
 * and entries known to be missing. Where the two differ, entries were trimmed or deleted before they were read, and
 * the difference is their exact number.
 */
export class StreamCursor {
  readonly redisStream: string;
  #lastId: string;
  /** Entries ever added up to `lastId`, read or missing; `null` until an answer of the server tells. */
  #accounted: number | null;
  #isThere: boolean;
  /** Where somebody chose to begin: the stream may be older than that, and may never have had an entry there. */
  readonly #chosenId: string | null;
  readonly #recent: string[] = [];
  #recentAt = 0;

  private constructor(redisStream: string, chosenId: string | null, info: StreamInfo | null) {
    this.redisStream = redisStream;
    this.#isThere = info !== null;
    this.#lastId = chosenId ?? info?.lastGeneratedId ?? FIRST_ID;
    this.#chosenId = chosenId === FIRST_ID ? null : chosenId;
    if (this.#chosenId !== null) this.#accounted = null;
    else if (info === null) this.#accounted = 0;
    else if (info.entriesAdded === null) this.#accounted = null;
    else this.#accounted = chosenId === null ? info.entriesAdded : info.entriesAdded - info.length;
    if (chosenId === null) this.#remember(this.#lastId);
  }

  /**
   * Begins after `fromId`, or after the newest entry there is (`null`). `info` is `null` for a stream that does not
   * exist yet: it will be read from its first entry. What was trimmed before the beginning is not missing.
   */
  static begin(redisStream: string, info: StreamInfo | null, fromId: string | null): StreamCursor {
    return new StreamCursor(redisStream, fromId, info);
  }

  /** Read up to here, this entry included. */
  get lastId(): string {
    return this.#lastId;
  }

  get isThere(): boolean {
    return this.#isThere;
  }

  /** Entries that were added and not read when `info` was given; `null` when the counts do not tell. */
  unread({ entriesAdded }: StreamInfo): number | null {
    return entriesAdded === null || this.#accounted === null ? null : Math.max(0, entriesAdded - this.#accounted);
  }

  /**
   * Moves past a batch (none is fine) and compares counts with `info`, which was asked for after the batch was read;
   * `null` when there was no answer: then a later call compares.
   */
  pass(ids: readonly string[], info: StreamInfo | null): Loss | null {
    const before = this.#lastId;
    for (const id of ids) this.#remember(id);
    if (ids.length > 0) {
      this.#lastId = ids.at(-1)!;
      this.#isThere = true;
    }
    if (info === null) {
      if (this.#accounted !== null) this.#accounted += ids.length;
      return null;
    }
    this.#isThere = true;
    if (compareIds(info.lastGeneratedId, this.#lastId) < 0) {
      if (this.#lastId !== this.#chosenId) return this.#backwards(info);
      return null;
    }
    return this.#compare(before, ids, info);
  }

  /** The key is there no more, or holds no stream: whatever comes next is read from its first entry. */
  gone(): Loss | null {
    if (!this.#isThere) return null;
    const cause = `the stream is gone from the server, it was read up to ${this.#lastId}; what was added after that cannot be counted`;
    this.#isThere = false;
    this.#lastId = FIRST_ID;
    this.#accounted = 0;
    return { place: "after", missing: null, cause };
  }

  #compare(before: string, ids: readonly string[], info: StreamInfo): Loss | null {
    const { firstId, entriesAdded, length, lastGeneratedId } = info;
    const isTrimmedBeyond = firstId !== null && compareIds(firstId, before) > 0 && firstId !== ids[0];
    const until = firstId === null ? lastGeneratedId : firstId;
    const left = stillUnread(before, this.#lastId, ids, info);
    if (entriesAdded === null) {
      if (!isTrimmedBeyond || ids.length > 0) return null;
      const cause = `entries after ${before} and before ${until} may be gone: this server does not count entries (Redis 7 does)`;
      return { place: "after", missing: null, cause };
    }
    if (left === null) {
      if (this.#accounted !== null) this.#accounted += ids.length;
      return null;
    }
    const accounted = entriesAdded - left;
    const known = this.#accounted;
    this.#accounted = accounted;
    if (known === null) {
      // Entries between an id somebody chose and the first one still there may never have been.
      if (firstId === null || compareIds(firstId, before) <= 0 || entriesAdded === length) return null;
      const cause = `entries after ${before} and before ${ids[0] ?? until} may be gone: how many were added before ${before} is not known`;
      return { place: "before", missing: null, cause };
    }
    const missing = accounted - known - ids.length;
    if (missing === 0) return null;
    if (missing < 0) {
      const cause = `the stream was made anew: it counts ${entriesAdded} entries ever added, ${known + ids.length} were counted up to ${this.#lastId}; what the old one had after ${before} cannot be counted`;
      return { place: "before", missing: null, cause };
    }
    // Trimming takes the oldest: what is gone lies before the batch, unless the server has already passed the batch.
    const isAfter = ids.length === 0 || (firstId !== null && compareIds(firstId, this.#lastId) > 0);
    const end = isAfter
      ? firstId === null
        ? `up to ${lastGeneratedId}`
        : `before ${firstId}`
      : `before ${ids.at(-1)}`;
    const cause = `trimmed or deleted before they were read: entries after ${before} and ${end}`;
    return { place: isAfter ? "after" : "before", missing, cause };
  }

  /** The newest id of the server is older than what was read. */
  #backwards(info: StreamInfo): Loss {
    const { lastGeneratedId, entriesAdded, length } = info;
    const read = this.#lastId;
    if (this.#recent.includes(lastGeneratedId)) {
      this.#lastId = lastGeneratedId;
      this.#accounted = entriesAdded;
      const cause = `ids run backwards: ${read} was read, the newest of the server is ${lastGeneratedId}; the entries in between are recorded and lost on the server, what was added after ${read} and lost cannot be counted`;
      return { place: "after", missing: null, cause };
    }
    this.#lastId = FIRST_ID;
    this.#accounted = entriesAdded === null ? null : entriesAdded - length;
    const cause = `ids run backwards: ${read} was read, the newest of the server is ${lastGeneratedId}, which was not; the stream is read from its first entry`;
    return { place: "after", missing: null, cause };
  }

  #remember(id: string): void {
    this.#recent[this.#recentAt] = id;
    this.#recentAt = (this.#recentAt + 1) % RECENT_IDS;
  }
}

/** Entries after `last` that are still on the server; `null` when the answer does not tell. */
function stillUnread(before: string, last: string, ids: readonly string[], info: StreamInfo): number | null {
  const { firstId, lastEntryId, length, maxDeletedId } = info;
  if (firstId === null || lastEntryId === null || compareIds(last, lastEntryId) >= 0) return 0;
  if (compareIds(firstId, last) > 0) return length;
  if (compareIds(firstId, before) <= 0) return null;
  // The oldest is in the batch: the rest of the batch is there too, unless entries are deleted one by one.
  if (maxDeletedId === null || compareIds(maxDeletedId, before) > 0) return null;
  return length - ids.filter((id) => compareIds(id, firstId) >= 0).length;
}
