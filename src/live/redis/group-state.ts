import { RedisRefusal, type Reply } from "./link.ts";
import { namedFields, numberOf, numberOrNull, textOf } from "./stream-info.ts";

export const GROUP_STREAM = "redis.group";

type Ask = (command: string, ...args: string[]) => Promise<Reply>;

/**
 * State of consumer groups of one stream, as payloads of records: what was delivered, what waits for an
 * acknowledgement and of whom. A group that is not there gives one too, with `exists` false: a consumer that never
 * came must be visible.
 *
 * Only looks: entries are neither taken nor acknowledged.
 */
export async function groupStates(
  ask: Ask,
  redisStream: string,
  groups: readonly string[],
): Promise<Readonly<Record<string, unknown>>[]> {
  const answer = await ask("XINFO", "GROUPS", redisStream).catch((error: unknown) => {
    // A stream that does not exist (yet) has no groups.
    if (error instanceof RedisRefusal && /no such key/i.test(error.message)) return [];
    throw error;
  });
  const known = new Map<string, Map<string, Reply>>();
  for (const group of Array.isArray(answer) ? answer : []) {
    const fields = namedFields(group);
    known.set(textOf(fields.get("name")), fields);
  }
  const states: Readonly<Record<string, unknown>>[] = [];
  for (const group of groups) {
    const fields = known.get(group);
    if (fields === undefined) {
      states.push({ redisStream, group, exists: false });
      continue;
    }
    const pending = numberOf(fields.get("pending"));
    states.push({
      redisStream,
      group,
      exists: true,
      consumers: numberOf(fields.get("consumers")),
      lastDeliveredId: textOf(fields.get("last-delivered-id")),
      // Redis 7 counts them; before, and after deletions in the middle of a stream, nobody knows.
      entriesRead: numberOrNull(fields.get("entries-read")),
      lag: numberOrNull(fields.get("lag")),
      pending,
      ...(pending === 0 ? {} : await pendingState(ask, redisStream, group)),
    });
  }
  return states;
}

async function pendingState(ask: Ask, redisStream: string, group: string): Promise<Readonly<Record<string, unknown>>> {
  let answer: Reply;
  try {
    answer = await ask("XPENDING", redisStream, group);
  } catch (error) {
    // A user may be allowed less than this, and a group may go between two questions; the number is known already.
    if (error instanceof RedisRefusal) return {};
    throw error;
  }
  if (!Array.isArray(answer) || answer[1] === null) return {};
  const [, first, last, consumers] = answer as readonly Reply[];
  const pendingBy = (Array.isArray(consumers) ? consumers : [])
    .map((row) => (Array.isArray(row) ? { consumer: textOf(row[0]), pending: numberOf(row[1]) } : null))
    .filter((row) => row !== null);
  return { pendingFirstId: textOf(first), pendingLastId: textOf(last), pendingBy };
}
