import { nearMisses } from "../../diagnostics/near-miss.ts";
import { type Problem, UserError } from "../../diagnostics/user-error.ts";
import { REDIS_PREFIX, recordingStream } from "../../recording/import/redis-streams.ts";
import { compareIds, FIRST_ID, normalId } from "./entry-id.ts";
import { openLink, type RedisLink, RedisRefusal } from "./link.ts";
import type { RedisTarget } from "./redis-target.ts";
import { startProblem } from "./start-problem.ts";
import { StreamCursor } from "./stream-cursor.ts";
import { parseStreamInfo, type StreamInfo, textOf } from "./stream-info.ts";

export interface SourceOptions {
  readonly target: RedisTarget;
  /** As people say them: `trade.intent` also means `quantum:stream:trade.intent`. */
  readonly streams: readonly string[];
  /** Keys to be looked at, to see that they may be. */
  readonly keys?: readonly string[];
  /** `now`, `start`, or an entry id to begin after. */
  readonly from: string;
  /** Streams that do not exist yet are waited for, however alike others are. */
  readonly isMissingAllowed: boolean;
  readonly connectTimeoutMs?: number;
}

export interface SourceStream {
  readonly cursor: StreamCursor;
  /** Bytes of the newest entry at the beginning, 0 when there is none. */
  readonly entryBytes: number;
  /** Nothing that is there already will be read. */
  readonly isCaughtUp: boolean;
}

/** A server with the streams to be read, each with the id to begin after: nothing later can be lost. */
export interface RedisSource {
  readonly target: RedisTarget;
  readonly link: RedisLink;
  readonly streams: readonly SourceStream[];
  readonly warnings: readonly string[];
}

const CONNECT_TIMEOUT_MS = 5000;
const SCANS_MAX = 100;

/**
 * Connects and fixes where each stream is read from.
 *
 * @throws {UserError} with all problems of the streams at once: no server, no rights, keys that are no streams, names
 * that are missing and close to one that exists, an id that is none.
 */
export async function openSource(options: SourceOptions): Promise<RedisSource> {
  const { target } = options;
  const fromId = fromIdOf(options.from);
  let link: RedisLink | null = null;
  try {
    link = await openLink(target, options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS);
    return await resolveStreams(link, options, fromId);
  } catch (error) {
    link?.close();
    throw startProblem(error, target);
  }
}

function fromIdOf(from: string): string | null {
  if (from === "now") return null;
  if (from === "start") return FIRST_ID;
  const id = normalId(from);
  if (id !== null) return id;
  const text = `Cannot begin at "${from}": it is no entry id, "now", "start" or an id such as 1770253357846-0 is needed`;
  throw new UserError([{ text, hint: '"sim record --help" shows them' }]);
}

async function resolveStreams(link: RedisLink, options: SourceOptions, fromId: string | null): Promise<RedisSource> {
  const { target, isMissingAllowed } = options;
  const problems: Problem[] = [];
  const warnings: string[] = [];
  const streams = new Map<string, SourceStream>();
  let known: string[] | null = null;
  for (const name of options.streams) {
    const found = await findStream(link, name);
    if (found === "no stream") {
      const text = `Cannot record "${name}": the key holds no stream, a key made by XADD is needed`;
      problems.push({ text, hint: `"redis-cli TYPE ${name}" says what it is; --keys records keys that hold texts` });
      continue;
    }
    const { redisStream, info } = found;
    if (info === null) {
      known ??= await streamKeys(link);
      const near = nearStreams(name, known);
      const there = near.map((other) => `"${other}"`).join(" or ");
      if (near.length > 0 && !isMissingAllowed) {
        const text = `Cannot record "${name}": the server has no such stream, one that exists is needed`;
        problems.push({ text, hint: `did you mean ${there}? "--allow-missing" waits for a stream to come` });
        continue;
      }
      warnings.push(`stream "${redisStream}" does not exist yet, it is recorded from its first entry when it comes`);
    } else if (fromId !== null && compareIds(fromId, info.lastGeneratedId) > 0) {
      warnings.push(
        `the newest entry of "${redisStream}" is ${info.lastGeneratedId}; it is recorded once ids pass ${fromId}`,
      );
    }
    streams.set(redisStream, {
      cursor: StreamCursor.begin(redisStream, info, fromId),
      isCaughtUp: info === null || fromId === null,
      entryBytes: info?.lastEntryBytes ?? 0,
    });
  }
  if (problems.length > 0) throw new UserError(problems);
  await tryRights(link, [...streams.keys()], options.keys ?? []);
  return { target, link, streams: [...streams.values()], warnings };
}

/** Whoever may ask about a stream may still not read it: better told now than in an empty recording. */
async function tryRights(link: RedisLink, streams: readonly string[], keys: readonly string[]): Promise<void> {
  const newest = streams.map(() => "$");
  if (streams.length > 0) await link.ask("XREAD", "COUNT", 1, "STREAMS", ...streams, ...newest);
  const [key] = keys;
  if (key === undefined) return;
  await link.ask("PTTL", key);
  await link.ask("GET", key).catch((error: unknown) => {
    if (!(error instanceof RedisRefusal && error.code === "WRONGTYPE")) throw error;
  });
}

/** The name itself comes first; without one of that name, the one the origin system would give it. */
async function findStream(
  link: RedisLink,
  name: string,
): Promise<{ redisStream: string; info: StreamInfo | null } | "no stream"> {
  const isKnown = recordingStream(name, 0).isKnown && !name.startsWith(REDIS_PREFIX);
  for (const redisStream of isKnown ? [name, REDIS_PREFIX + name] : [name]) {
    const info = await askStreamInfo(link, redisStream);
    if (info === "no stream") return info;
    if (info !== null) return { redisStream, info };
  }
  return { redisStream: isKnown ? REDIS_PREFIX + name : name, info: null };
}

/** `null` when there is no such key, `"no stream"` when it holds something else. */
export async function askStreamInfo(
  link: Pick<RedisLink, "ask">,
  redisStream: string,
): Promise<StreamInfo | null | "no stream"> {
  try {
    return parseStreamInfo(await link.ask("XINFO", "STREAM", redisStream));
  } catch (error) {
    if (!(error instanceof RedisRefusal)) throw error;
    if (/no such key/i.test(error.message)) return null;
    if (error.code === "WRONGTYPE") return "no stream";
    throw error;
  }
}

function nearStreams(name: string, known: readonly string[]): string[] {
  const short = (key: string): string => (key.startsWith(REDIS_PREFIX) ? key.slice(REDIS_PREFIX.length) : key);
  const near = nearMisses(short(name), known.map(short));
  return known.filter((key) => near.includes(short(key)));
}

/** Names of the streams there are; empty when the user may not list them, for it only serves a suggestion. */
async function streamKeys(link: RedisLink): Promise<string[]> {
  const keys = new Set<string>();
  let cursor = "0";
  try {
    for (let scans = 0; scans < SCANS_MAX; scans++) {
      const reply = await link.ask("SCAN", cursor, "COUNT", 1000, "TYPE", "stream");
      if (!Array.isArray(reply) || !Array.isArray(reply[1])) break;
      cursor = textOf(reply[0]);
      for (const key of reply[1]) keys.add(textOf(key));
      if (cursor === "0") break;
    }
  } catch (error) {
    if (!(error instanceof RedisRefusal)) throw error;
  }
  return [...keys].sort();
}
