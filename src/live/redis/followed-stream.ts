import type { Reply } from "./link.ts";
import type { StreamCursor } from "./stream-cursor.ts";
import { textOf } from "./stream-info.ts";

/** A stream as the recorder follows it. */
export interface FollowedStream {
  readonly cursor: StreamCursor;
  /** How large entries are lately; decides how many are asked for. */
  entryBytes: number;
  /** Everything there was at the last look had been read: what comes next is fresh. */
  isCaughtUp: boolean;
  /** The key holds something else for now; a read that names it would fail for all. */
  isNoStream: boolean;
  stream: string;
  entries: number;
}

/** An entry as it came, names and values alternating. */
export interface Delivered {
  readonly id: string;
  readonly raw: readonly Buffer[];
}

/** One stream of a reply of `XREAD`, entries in the order of the reply. */
export function deliveredOf(
  row: Reply,
  streams: ReadonlyMap<string, FollowedStream>,
): { stream: FollowedStream; entries: Delivered[] } {
  const [name, rows] = row as readonly [Reply, readonly Reply[]];
  const entries = rows.map((entry) => {
    const [id, raw] = entry as readonly [Reply, readonly Buffer[] | null];
    return { id: textOf(id), raw: raw ?? [] };
  });
  return { stream: streams.get(textOf(name))!, entries };
}
