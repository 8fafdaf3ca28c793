import { RedisRefusal, type Reply } from "../redis/link.ts";
import { namedFields, numberOf, numberOrNull, textOf } from "../redis/stream-info.ts";

export type Ask = (command: string, ...args: (string | number)[]) => Promise<Reply>;

/** Where a consumer group of a stream is. */
export interface GroupPlace {
  readonly lastDeliveredId: string;
  /** Entries delivered to the group so far, by its own count; `null` when it does not know (before Redis 7, or set by hand). */
  readonly entriesRead: number | null;
  /** Entries not delivered to it yet. */
  readonly lag: number | null;
  readonly pending: number;
}

/** `null` when there is no such group, or no such stream. */
export async function groupPlace(ask: Ask, stream: string, group: string): Promise<GroupPlace | null> {
  let answer: Reply;
  try {
    answer = await ask("XINFO", "GROUPS", stream);
  } catch (error) {
    if (error instanceof RedisRefusal && /no such key/i.test(error.message)) return null;
    throw error;
  }
  for (const row of Array.isArray(answer) ? (answer as readonly Reply[]) : []) {
    const fields = namedFields(row);
    if (textOf(fields.get("name")) !== group) continue;
    return {
      lastDeliveredId: textOf(fields.get("last-delivered-id")),
      entriesRead: numberOrNull(fields.get("entries-read")),
      lag: numberOrNull(fields.get("lag")),
      pending: numberOf(fields.get("pending")),
    };
  }
  return null;
}

export interface OtherConsumer {
  readonly name: string;
  readonly idleMs: number;
  readonly pending: number;
}

/** Consumers of the group beside ours that were heard of lately. */
export async function aliveOthers(
  ask: Ask,
  { stream, group, consumer }: { readonly stream: string; readonly group: string; readonly consumer: string },
  withinMs: number,
): Promise<readonly OtherConsumer[]> {
  const answer = await ask("XINFO", "CONSUMERS", stream, group);
  return (Array.isArray(answer) ? (answer as readonly Reply[]) : [])
    .map((row) => namedFields(row))
    .map((fields) => ({
      name: textOf(fields.get("name")),
      idleMs: numberOf(fields.get("idle")),
      pending: numberOf(fields.get("pending")),
    }))
    .filter(({ name, idleMs }) => name !== consumer && idleMs < withinMs);
}

/** Id of the oldest entry that was delivered and not acknowledged. */
export async function oldestPending(ask: Ask, stream: string, group: string): Promise<string | null> {
  const answer = await ask("XPENDING", stream, group);
  return Array.isArray(answer) && answer[1] !== null ? textOf(answer[1]) : null;
}
