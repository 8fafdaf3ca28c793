import type { Reply } from "./link.ts";

/** What the server says about a stream, in one answer and therefore of one moment. */
export interface StreamInfo {
  readonly length: number;
  /** Id of the newest entry ever added; it stays when that entry is deleted. */
  readonly lastGeneratedId: string;
  /** Id of the oldest entry still there, `null` when there is none. */
  readonly firstId: string | null;
  /** Id of the newest entry still there. */
  readonly lastEntryId: string | null;
  /** Entries ever added; `null` before Redis 7, which does not count them. */
  readonly entriesAdded: number | null;
  /** Largest id ever deleted one by one (`XDEL`), not by trimming; `null` before Redis 7. */
  readonly maxDeletedId: string | null;
  /** Bytes of the newest entry. */
  readonly lastEntryBytes: number;
}

/** Reads the answer of `XINFO STREAM`. */
export function parseStreamInfo(reply: Reply): StreamInfo {
  const fields = namedFields(reply);
  const first = fields.get("first-entry");
  const last = fields.get("last-entry");
  const added = fields.get("entries-added");
  const maxDeleted = fields.get("max-deleted-entry-id");
  return {
    length: numberOf(fields.get("length")),
    lastGeneratedId: textOf(fields.get("last-generated-id")),
    firstId: Array.isArray(first) ? textOf(first[0]) : null,
    lastEntryId: Array.isArray(last) ? textOf(last[0]) : null,
    entriesAdded: added === undefined ? null : numberOf(added),
    maxDeletedId: maxDeleted === undefined ? null : textOf(maxDeleted),
    lastEntryBytes: Array.isArray(last) && Array.isArray(last[1]) ? bytesOf(last[1]) : 0,
  };
}

/** A flat reply of alternating names and values, as a map. */
export function namedFields(reply: Reply | undefined): Map<string, Reply> {
  const fields = new Map<string, Reply>();
  if (!Array.isArray(reply)) return fields;
  for (let at = 0; at + 1 < reply.length; at += 2) fields.set(textOf(reply[at]), reply[at + 1]!);
  return fields;
}

export function textOf(reply: Reply | undefined): string {
  return Buffer.isBuffer(reply) ? reply.toString() : String(reply ?? "");
}

export function numberOf(reply: Reply | undefined): number {
  return typeof reply === "number" ? reply : Number(textOf(reply));
}

/** `null` stays `null`: a group whose position is unknown has no lag. */
export function numberOrNull(reply: Reply | undefined): number | null {
  return reply === null || reply === undefined ? null : numberOf(reply);
}

export function bytesOf(values: readonly Reply[]): number {
  let bytes = 0;
  for (const value of values) if (Buffer.isBuffer(value)) bytes += value.length;
  return bytes;
}
