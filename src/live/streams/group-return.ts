import { compareIds, FIRST_ID } from "../redis/entry-id.ts";
import { LinkLost, RedisRefusal } from "../redis/link.ts";
import { type Loss, StreamCursor } from "../redis/stream-cursor.ts";
import type { StreamInfo } from "../redis/stream-info.ts";
import type { EntryRow } from "./entry-rows.ts";
import { type Ask, aliveOthers, groupPlace } from "./group-place.ts";
import type { GroupNames } from "./group-start.ts";

const OTHERS_ALIVE_MS = 3000;

export interface ReturnedGroup {
  readonly cursor: StreamCursor;
  readonly losses: readonly Pick<Loss, "missing" | "cause">[];
}

/**
 * Compares what was read with what the server has now, after it was away or said that the group is not there, and
 * makes the group anew where it is gone: behind what was read, or from the first entry of a stream that is another one.
 *
 * @param info `null` when there is no such stream
 */
export async function returnToGroup(
  ask: Ask,
  { stream, group }: GroupNames,
  known: StreamCursor,
  info: StreamInfo | null,
): Promise<ReturnedGroup> {
  const loss = info === null ? known.gone() : known.pass([], info);
  const losses = loss === null ? [] : [loss];
  const place = info === null ? null : await groupPlace(ask, stream, group);
  if (place !== null) {
    // The group went back with the stream: what it delivers next is the truth, whatever was counted before.
    const cursor = loss === null ? known : StreamCursor.begin(stream, info, place.lastDeliveredId);
    return { cursor, losses };
  }
  const from = known.lastId;
  await ask("XGROUP", "CREATE", stream, group, from, "MKSTREAM").catch((error: unknown) => {
    if (!(error instanceof RedisRefusal && error.code === "BUSYGROUP")) throw error;
  });
  const after = from === FIRST_ID ? "from the first entry" : `after ${from}`;
  const cause = `the consumer group "${group}" was gone from the server and is made anew, to read ${after}; what other consumers had pending is not known`;
  return { cursor: known, losses: [...losses, { missing: loss === null ? 0 : null, cause }] };
}

/** Moves past entries that the group gave as new ones. A group that went back gives older ones: counts begin anew. */
export function passRows(
  cursor: StreamCursor,
  rows: readonly EntryRow[],
  info: StreamInfo | null,
): { readonly cursor: StreamCursor; readonly loss: Loss | null } {
  const before = cursor.lastId;
  const first = rows[0];
  if (first === undefined || compareIds(first.id, before) > 0) {
    const ids = rows.map(({ id }) => id);
    return { cursor, loss: cursor.pass(ids, info) };
  }
  const cause = `ids run backwards: ${before} was read and the group delivers ${first.id} now; what was added after ${before} and lost cannot be counted`;
  return {
    cursor: StreamCursor.begin(cursor.redisStream, info, rows.at(-1)!.id),
    loss: { place: "before", missing: null, cause },
  };
}

/** Counts do not tell who read: where another consumer of the group runs, it may have what seems to be missing. */
export async function amongOthers(
  ask: Ask,
  names: GroupNames,
  loss: Loss,
): Promise<{ readonly loss: Loss; readonly takenBy: string | null }> {
  const others = await aliveOthers(ask, names, OTHERS_ALIVE_MS).catch((error: unknown) => {
    if (error instanceof RedisRefusal || error instanceof LinkLost) return [];
    throw error;
  });
  if (others.length === 0) return { loss, takenBy: null };
  const takenBy = others.map(({ name }) => `"${name}"`).join(", ");
  return { loss: { ...loss, missing: null, cause: `${loss.cause}; or read by ${takenBy} of the same group` }, takenBy };
}
