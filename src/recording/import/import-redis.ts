import { basename } from "node:path";
import { EXIT, type Problem, UserError } from "../../diagnostics/user-error.ts";
import { nameSome } from "../exchange-info.ts";
import type { InputFile } from "../manifest.ts";
import { streamRank } from "../stream-rank.ts";
import { createRecordingWriter, type SealedRecording } from "../writer.ts";
import { kindHint } from "./file-kind.ts";
import type { UsedMapper } from "./mappers.ts";
import { type RedisEntry, readRedisDump } from "./redis-dump.ts";
import { entrySymbol, redisRecord } from "./redis-record.ts";
import { isRedisStats, type RedisStat, readRedisStats } from "./redis-stats.ts";
import { REDIS_PREFIX, recordingStream } from "./redis-streams.ts";
import { badSource, readSource } from "./source-file.ts";
import { readVenueFiles, type VenueOptions } from "./venue-files.ts";

export interface RedisImportOptions extends VenueOptions {
  readonly files: readonly string[];
  /** Directory of the new recording. */
  readonly out: string;
  /** Redis name of the stream of text dumps, which do not say it; told by `event_type` when absent. */
  readonly stream?: string;
  /** Name of the directory when absent. */
  readonly id?: string;
  readonly createdBy?: string;
}

/** Answers of XINFO: no entries of a stream, but what was said about all of them. */
const STATS_STREAM = "redis.stats";

interface Placed {
  readonly entry: RedisEntry;
  readonly redisStream: string;
  readonly stream: string;
  readonly isKnown: boolean;
  /** Row of the name table in force; `null` when the table does not know the stream. */
  readonly sinceMs: number | null;
  readonly rank: number;
  readonly file: string;
}

/**
 * Imports dumps of Redis streams. A record is received at the time part of its entry id; records are ordered by that
 * time, stream rank, the number of the id and the stream. An entry that is there twice becomes one record and a note.
 *
 * @throws {UserError} with all problems of the files at once: lines that are no entry, a text dump of an unknown
 * stream, one id with two different contents.
 */
export function importRedis(options: RedisImportOptions): SealedRecording {
  const { files, out, id = basename(out), createdBy = "rehearsal import" } = options;
  if (files.length === 0) {
    throw new UserError([{ text: "Cannot import streams: no file is named, one dump at least is needed" }], EXIT.usage);
  }
  const notes: string[] = ["entries of Redis streams: the time received is the time part of the entry id"];
  const venue = readVenueFiles(options);
  const { placed, inputs, stats } = readFiles(files, options.stream, notes);
  const { records, repeated } = withoutRepeats(placed);
  notes.push(...findings(records, repeated), ...statNotes(stats));
  const writer = createRecordingWriter({
    dir: out,
    id,
    createdBy,
    symbols: symbolsOf(records),
    // No price comes with it; of the words there are, this one claims least about an order book.
    fidelity: "mark",
    notes: [...notes, "the recording has no prices"],
    inputs: [...inputs, ...venue.inputs],
    carried: { mappers: mappersOf(records) },
  });
  try {
    venue.write(writer);
    // A probe says the state of the streams after the last entry that it saw; its own time it does not say.
    const probedMs = stats.reduce(
      (latest, { lastMs }) => Math.max(latest, lastMs ?? 0),
      records.at(-1)?.entry.timeMs ?? 0,
    );
    for (const { entry, redisStream } of records) {
      const { stream, payload } = redisRecord(redisStream, entry);
      writer.input({ rxMs: entry.timeMs, stream, payload });
    }
    for (const { row } of stats) writer.input({ rxMs: probedMs, stream: STATS_STREAM, payload: { row } });
  } catch (error) {
    writer.abort();
    throw error;
  }
  return writer.seal();
}

function readFiles(
  files: readonly string[],
  named: string | undefined,
  notes: string[],
): { placed: Placed[]; inputs: InputFile[]; stats: RedisStat[] } {
  const problems: Problem[] = [];
  const placed: Placed[] = [];
  const inputs: InputFile[] = [];
  const stats: RedisStat[] = [];
  for (const file of files) {
    const { bytes, input } = readSource(file, "redis-dump");
    inputs.push(input);
    if (isRedisStats(bytes)) {
      const probe = readRedisStats(bytes, file);
      if ("problems" in probe) problems.push(...probe.problems);
      else stats.push(...probe.stats);
      continue;
    }
    const read = readRedisDump(bytes, file);
    if ("problems" in read) {
      const [first, ...rest] = read.problems as [Problem, ...Problem[]];
      problems.push({ ...first, ...(first.hint === undefined ? kindHint(bytes, "sim import redis") : {}) }, ...rest);
      continue;
    }
    const needsName = read.entries.some(({ redisStream }) => redisStream === null);
    const name = needsName ? (named ?? nameByEventType(read.entries)) : null;
    if (needsName && name === null) {
      const text = "Cannot import the stream entries: the dump does not say of which stream they are, a name is needed";
      problems.push({ file, text, hint: `add "--stream ${REDIS_PREFIX}trade.intent", or whichever it was` });
      continue;
    }
    if (needsName && named === undefined)
      notes.push(`${basename(file)} names no stream, its event_type says "${name}"`);
    for (const entry of read.entries) {
      const redisStream = entry.redisStream ?? name!;
      const { stream, isKnown, sinceMs } = recordingStream(redisStream, entry.timeMs);
      placed.push({ entry, redisStream, stream, isKnown, sinceMs, rank: streamRank(stream), file });
    }
  }
  if (problems.length > 0) throw badSource(problems);
  return { placed, inputs, stats };
}

/** The known stream that the one `event_type` of all entries names, or `null`. */
function nameByEventType(entries: readonly RedisEntry[]): string | null {
  const types = new Set(entries.map(({ fields }) => fields["event_type"]));
  const [type] = types;
  if (types.size !== 1 || type === undefined) return null;
  const name = REDIS_PREFIX + type;
  return recordingStream(name, entries[0]!.timeMs).isKnown ? name : null;
}

function withoutRepeats(placed: readonly Placed[]): { records: Placed[]; repeated: Placed[] } {
  const firstOf = new Map<string, Placed>();
  const repeated: Placed[] = [];
  const problems: Problem[] = [];
  for (const record of placed) {
    const key = `${record.entry.id} ${record.redisStream}`;
    const first = firstOf.get(key);
    if (first === undefined) firstOf.set(key, record);
    else if (content(first) === content(record)) repeated.push(record);
    else {
      const text =
        `Cannot import entry ${record.entry.id} of "${record.redisStream}": ` +
        `${first.file}:${first.entry.line} has the same id with other fields, one content for an id is needed`;
      problems.push({ file: record.file, line: record.entry.line, text, hint: "import dumps of one server at a time" });
    }
  }
  if (problems.length > 0) throw badSource(problems.slice(0, 5));
  return { records: [...firstOf.values()].sort(byOrder), repeated };
}

function content({ entry }: Placed): string {
  const names = Object.keys(entry.fields).sort();
  return JSON.stringify(names.map((name) => [name, entry.fields[name]]));
}

function byOrder(left: Placed, right: Placed): number {
  const [a, b] = [left.entry, right.entry];
  if (a.timeMs !== b.timeMs) return a.timeMs - b.timeMs;
  if (left.rank !== right.rank) return left.rank - right.rank;
  if (a.number !== b.number) return a.number < b.number ? -1 : 1;
  return left.redisStream < right.redisStream ? -1 : 1;
}

/** Symbols of the streams a replay reads, by name. */
function symbolsOf(records: readonly Placed[]): string[] {
  const symbols = new Set<string>();
  for (const { stream, entry } of records) {
    const symbol = entrySymbol(stream, entry.fields);
    if (symbol !== null) symbols.add(symbol);
  }
  return [...symbols].sort();
}

function mappersOf(records: readonly Placed[]): UsedMapper[] {
  const counts = new Map<string, number>();
  for (const { sinceMs } of records) {
    const mapper =
      sinceMs === null ? "redis.names/none" : `redis.names/${new Date(sinceMs).toISOString().slice(0, 10)}`;
    counts.set(mapper, (counts.get(mapper) ?? 0) + 1);
  }
  return [...counts]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([mapper, count]) => ({ source: "redis", mapper, records: count, unit: "ms" }));
}

function statNotes(stats: readonly RedisStat[]): string[] {
  if (stats.length === 0) return [];
  const trimmed = stats.filter(({ length, entriesAdded }) => entriesAdded > length);
  const lost = trimmed.reduce((sum, { length, entriesAdded }) => sum + entriesAdded - length, 0);
  return [
    `statistics of ${stats.length} streams, in stream "${STATS_STREAM}" after the last entry: ` +
      `${trimmed.length} were trimmed, ${lost} entries are gone`,
  ];
}

function findings(records: readonly Placed[], repeated: readonly Placed[]): string[] {
  const notes: string[] = [];
  if (repeated.length > 0) {
    const places = repeated.map(({ entry, file }) => `${entry.id} (${basename(file)}:${entry.line})`);
    notes.push(`entries there twice, kept once: ${nameSome(places)}`);
  }
  const unknown = [...new Set(records.filter(({ isKnown }) => !isKnown).map(({ redisStream }) => redisStream))].sort();
  if (unknown.length > 0)
    notes.push(`streams not in the name table, carried under their own name: ${nameSome(unknown)}`);
  return notes;
}
