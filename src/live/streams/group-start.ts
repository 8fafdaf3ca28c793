import { UserError } from "../../diagnostics/user-error.ts";
import type { IntentBacklog, IntentStart } from "../ports.ts";
import { compareIds, FIRST_ID, normalId } from "../redis/entry-id.ts";
import { RedisRefusal, type Reply } from "../redis/link.ts";
import { askStreamInfo } from "../redis/open-source.ts";
import { type Loss, StreamCursor } from "../redis/stream-cursor.ts";
import { type StreamInfo, textOf } from "../redis/stream-info.ts";
import { type Ask, aliveOthers, type GroupPlace, groupPlace, oldestPending } from "./group-place.ts";

export interface GroupNames {
  readonly stream: string;
  readonly group: string;
  readonly consumer: string;
}

export interface StartedGroup {
  readonly cursor: StreamCursor;
  readonly backlog: IntentBacklog;
  /** Entries that were trimmed while nobody read. */
  readonly loss: Loss | null;
}

/** A consumer was heard of so lately that it is surely running. */
const ALIVE_MS = 3000;
const PASSED_OVER_AT_ONCE = 1000;

/**
 * Puts the consumer group where the session is to begin. Only `resume` takes over what an earlier session left; the
 * others pass over everything before their beginning, also entries that were delivered and never acknowledged, because
 * somebody said that it is not wanted.
 *
 * @throws {UserError} when the key holds no stream, a group to resume is not there, the id is none or lies ahead, or
 * another consumer of the group is running
 */
export async function startGroup(ask: Ask, names: GroupNames, start: IntentStart): Promise<StartedGroup> {
  const info = await streamInfo(ask, names);
  const place = info === null ? null : await groupPlace(ask, names.stream, names.group);
  return start.kind === "resume" ? resume(ask, names, info, place) : begin(ask, names, { start, info, place });
}

/** `null` when there is no such key. @throws {UserError} when it holds something else */
export async function streamInfo(ask: Ask, { stream }: GroupNames): Promise<StreamInfo | null> {
  const info = await askStreamInfo({ ask: ask as never }, stream);
  if (info !== "no stream") return info;
  const type = textOf(await ask("TYPE", stream));
  throw refusal(
    subject(stream),
    `the key holds a ${type}, a stream is needed`,
    `"redis-cli TYPE ${stream}" shows it; name the key of the stream`,
  );
}

async function resume(
  ask: Ask,
  { stream, group }: GroupNames,
  info: StreamInfo | null,
  place: GroupPlace | null,
): Promise<StartedGroup> {
  if (info === null || place === null) {
    const what = info === null ? "there is no such stream" : `the stream has no group "${group}"`;
    const hint = 'begin with "new", "beginning" or an entry id, or name the group of the session to resume';
    throw refusal(subject(stream), `${what}, a group that read before is needed to resume`, hint);
  }
  const cursor = StreamCursor.begin(stream, info, place.lastDeliveredId);
  const loss = trimmedMeanwhile(cursor, info, place);
  const oldest = await oldestPending(ask, stream, group);
  const unread = place.lag ?? (await unreadAfter(ask, stream, info, place.lastDeliveredId));
  const backlog = {
    pending: place.pending,
    unread,
    oldestEntryId: oldest ?? (await firstAfter(ask, stream, place.lastDeliveredId)),
  };
  return { cursor, backlog, loss };
}

/** What the group counts as delivered and what was ever added differ by more than what is there. */
function trimmedMeanwhile(cursor: StreamCursor, info: StreamInfo, place: GroupPlace): Loss | null {
  const loss = cursor.pass([], info);
  if (loss === null || place.entriesRead === null || info.entriesAdded === null) return loss;
  const missing = info.entriesAdded - info.length - place.entriesRead;
  if (missing <= 0) return null;
  const until = info.firstId === null ? `up to ${info.lastGeneratedId}` : `before ${info.firstId}`;
  const cause = `trimmed or deleted while nobody read: entries after ${place.lastDeliveredId} and ${until}, by the count of the group`;
  return { place: "before", missing, cause };
}

async function begin(
  ask: Ask,
  { stream, group, consumer }: GroupNames,
  found: {
    readonly start: Exclude<IntentStart, { kind: "resume" }>;
    readonly info: StreamInfo | null;
    readonly place: GroupPlace | null;
  },
): Promise<StartedGroup> {
  const { start, info, place } = found;
  const fromId = beginningOf(start, stream, info);
  if (place === null) {
    await ask("XGROUP", "CREATE", stream, group, fromId, "MKSTREAM");
  } else {
    await refuseBesideOthers(ask, { stream, group, consumer });
    await ask("XGROUP", "SETID", stream, group, fromId);
    await passOver(ask, { stream, group, consumer }, fromId);
  }
  const now = await groupPlace(ask, stream, group);
  const chosen = start.kind === "new" ? null : start.kind === "beginning" ? FIRST_ID : fromId;
  return {
    cursor: StreamCursor.begin(stream, info, chosen),
    backlog: {
      pending: now?.pending ?? 0,
      unread: start.kind === "new" ? 0 : info === null ? 0 : await unreadAfter(ask, stream, info, fromId),
      oldestEntryId: start.kind === "new" ? null : await firstAfter(ask, stream, fromId),
    },
    loss: null,
  };
}

function beginningOf(start: Exclude<IntentStart, { kind: "resume" }>, stream: string, info: StreamInfo | null): string {
  if (start.kind === "beginning") return FIRST_ID;
  // An id instead of "$": what is added from now on belongs to the session.
  if (start.kind === "new") return info?.lastGeneratedId ?? FIRST_ID;
  const id = normalId(start.entryId);
  if (id === null) {
    const shown = JSON.stringify(start.entryId.slice(0, 40));
    throw refusal(
      subject(stream),
      `${shown} is no entry id, one such as "1769991684661-0" is needed`,
      'or begin with "new"',
    );
  }
  if (info === null || compareIds(id, info.lastGeneratedId) > 0) {
    const newest = info === null ? "there is no such stream" : `the newest entry is ${info.lastGeneratedId}`;
    throw refusal(
      subject(stream),
      `${id} lies ahead (${newest}), the id of an entry that was added is needed`,
      'or begin with "new"',
    );
  }
  return id;
}

/** Moving a group under a running session would take its entries away. */
async function refuseBesideOthers(ask: Ask, group: GroupNames): Promise<void> {
  const others = await aliveOthers(ask, group, ALIVE_MS);
  if (others.length === 0) return;
  const said = others
    .map(({ name, idleMs, pending }) => `"${name}" read ${idleMs} ms ago and holds ${pending}`)
    .join(", ");
  throw refusal(
    subject(group.stream),
    `group "${group.group}" is in use (${said}), a group of its own is needed`,
    "stop that session, give this one another group, or begin with resume",
  );
}

async function passOver(ask: Ask, { stream, group }: GroupNames, untilId: string): Promise<void> {
  if (untilId === FIRST_ID) return;
  for (;;) {
    const rows = await ask("XPENDING", stream, group, "-", untilId, PASSED_OVER_AT_ONCE);
    const ids = (Array.isArray(rows) ? (rows as readonly Reply[]) : []).map((row) =>
      textOf((row as readonly Reply[])[0]),
    );
    if (ids.length > 0) await ask("XACK", stream, group, ...ids);
    if (ids.length < PASSED_OVER_AT_ONCE) return;
  }
}

async function unreadAfter(ask: Ask, stream: string, info: StreamInfo, id: string): Promise<number | null> {
  if (info.firstId === null) return 0;
  if (compareIds(info.firstId, id) > 0) return info.length;
  return (await firstAfter(ask, stream, id)) === null ? 0 : null;
}

async function firstAfter(ask: Ask, stream: string, id: string): Promise<string | null> {
  try {
    const rows = await ask("XRANGE", stream, id === FIRST_ID ? "-" : `(${id}`, "+", "COUNT", 1);
    const [first] = Array.isArray(rows) ? (rows as readonly Reply[]) : [];
    return Array.isArray(first) ? textOf(first[0]) : null;
  } catch (error) {
    // It only serves a number for a person; the user may not be allowed to look.
    if (error instanceof RedisRefusal) return null;
    throw error;
  }
}

function subject(stream: string): string {
  return `Cannot read intents from "${stream}"`;
}

function refusal(what: string, is: string, hint: string): UserError {
  return new UserError([{ text: `${what}: ${is}`, hint }]);
}
