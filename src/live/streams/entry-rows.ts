import type { Reply } from "../redis/link.ts";
import { bytesOf, textOf } from "../redis/stream-info.ts";

/** One entry of an answer; `raw` is `null` when the entry is pending and gone from the stream. */
export interface EntryRow {
  readonly id: string;
  readonly raw: readonly Buffer[] | null;
  readonly bytes: number;
}

/** Entries of one stream, as `XRANGE`, `XAUTOCLAIM` and the inside of `XREADGROUP` give them. */
export function entryRows(reply: Reply | undefined): EntryRow[] {
  const rows: EntryRow[] = [];
  for (const row of Array.isArray(reply) ? (reply as readonly Reply[]) : []) {
    // Before Redis 7 an entry that was claimed and is gone has no id either.
    if (!Array.isArray(row)) continue;
    const [id, raw] = row as readonly Reply[];
    const values = Array.isArray(raw) ? (raw as readonly Buffer[]) : null;
    rows.push({ id: textOf(id), raw: values, bytes: values === null ? 0 : bytesOf(values) });
  }
  return rows;
}

/** Entries of the only stream that was asked for. */
export function readRows(reply: Reply): EntryRow[] {
  const [stream] = Array.isArray(reply) ? (reply as readonly Reply[]) : [];
  return Array.isArray(stream) ? entryRows((stream as readonly Reply[])[1]) : [];
}
