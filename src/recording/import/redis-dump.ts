import type { Problem } from "../../diagnostics/user-error.ts";
import { carriedProblem } from "./carried-json.ts";
import { redisCliLines } from "./redis-cli-text.ts";
import { timeProblem } from "./source-file.ts";
import { type SourceLine, sourceLines } from "./source-lines.ts";

const ID = /^(\d{1,16})-(\d{1,20})$/;
const PROBLEMS_PER_FILE_MAX = 5;

/** One stream entry of a dump. */
export interface RedisEntry {
  /** Name in Redis; `null` when the dump does not say it (`XRANGE` prints none). */
  readonly redisStream: string | null;
  /** `<milliseconds>-<number>`, as it came. */
  readonly id: string;
  readonly timeMs: number;
  /** Number after the dash: 64 bits in Redis. */
  readonly number: bigint;
  readonly fields: Readonly<Record<string, string>>;
  /** Further keys of an NDJSON line (consumer group, delivery order), carried. */
  readonly extra: Readonly<Record<string, unknown>>;
  readonly line: number;
}

/**
 * Reads a dump of Redis streams: NDJSON `{"stream","id","fields"}`, told by a first line that begins with `{`, or what
 * `redis-cli XRANGE` and `XREVRANGE` print, plain (`--raw`, or into a file) or numbered and quoted.
 *
 * @returns entries in the order of the file, or the first problems with their lines.
 */
export function readRedisDump(bytes: Buffer, file: string): { entries: RedisEntry[] } | { problems: Problem[] } {
  const lines = [...sourceLines(bytes)];
  const isJson = lines.find(({ text }) => text !== "")?.text?.startsWith("{") ?? false;
  const problems: Problem[] = [];
  const entries: RedisEntry[] = [];
  const refuse = (line: number, what: string, hint?: string): void => {
    const text = `Cannot import the stream entry: ${what}`;
    problems.push({ file, line, text, ...(hint === undefined ? {} : { hint }) });
  };
  if (isJson) {
    for (const line of lines) {
      if (line.text === "") continue;
      const entry = jsonEntry(line);
      if (typeof entry === "string") refuse(line.line, entry);
      else entries.push(entry);
      if (problems.length === PROBLEMS_PER_FILE_MAX) break;
    }
  } else {
    // Lines depend on the ones before them: after the first bad one nothing can be told from a guess.
    const bad = readText(lines, entries);
    if (bad !== null) refuse(bad.line, bad.what, bad.hint);
  }
  return problems.length > 0 ? { problems } : { entries };
}

function jsonEntry({ line, text }: SourceLine): RedisEntry | string {
  if (text === null) return "the line is no UTF-8, text in UTF-8 is needed";
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return `the line is no JSON (${error instanceof Error ? error.message : String(error)}), one object a line is needed`;
  }
  if (!isObject(value)) return "the line is no JSON object, one object a line is needed";
  const problem = carriedProblem(value);
  if (problem !== null) return problem;
  const { stream, id, fields, ...extra } = value;
  if (typeof stream !== "string" || stream === "") return `stream is ${shown(stream)}, a stream name is needed`;
  if (typeof id !== "string") return `id is ${shown(id)}, a text such as "1770253357846-0" is needed`;
  const time = idTime(id);
  if (typeof time === "string") return time;
  if (!isObject(fields)) return `fields is ${shown(fields)}, an object of texts is needed`;
  for (const [name, field] of Object.entries(fields)) {
    if (typeof field !== "string") return `field "${name}" is ${shown(field)}, a text is needed (Redis has no other)`;
  }
  return { redisStream: stream, id, ...time, fields: fields as Record<string, string>, extra, line };
}

interface BadLine {
  readonly line: number;
  readonly what: string;
  readonly hint?: string;
}

/** Id, then alternating names and values, until the next line that is an id where a name could be. */
function readText(lines: readonly SourceLine[], entries: RedisEntry[]): BadLine | null {
  const read = redisCliLines(lines);
  if ("what" in read) return read;
  const { tokens } = read;
  let at = 0;
  while (at < tokens.length) {
    const { line, text: id } = tokens[at++]!;
    const time = idTime(id);
    if (typeof time === "string") return { line, what: time };
    const fields = new Map<string, string>();
    while (at < tokens.length && !ID.test(tokens[at]!.text)) {
      const name = tokens[at++]!;
      if (!/^[^\s"{}[\]]+$/.test(name.text)) {
        const what = `a field name is needed, the line is ${shown(name.text.slice(0, 80))}`;
        return { line: name.line, what, hint: 'was there a value with a line break? dump with "redis-cli --no-raw"' };
      }
      if (fields.has(name.text))
        return { line: name.line, what: `field "${name.text}" is there twice, once is needed` };
      const value = tokens[at++];
      if (value === undefined) {
        const what = `field "${name.text}" has no value, the dump ends there (is it cut off?)`;
        return { line: name.line, what };
      }
      fields.set(name.text, value.text);
    }
    if (fields.size === 0) return { line, what: `entry ${id} has no fields, one at least is needed (is it cut off?)` };
    entries.push({ redisStream: null, id, ...time, fields: Object.fromEntries(fields), extra: {}, line });
  }
  return null;
}

function idTime(id: string): { timeMs: number; number: bigint } | string {
  const match = ID.exec(id);
  if (match === null) return `the id is ${shown(id.slice(0, 80))}, one such as "1770253357846-0" is needed`;
  const timeMs = Number(match[1]);
  const problem = timeProblem(timeMs);
  return problem === null ? { timeMs, number: BigInt(match[2]!) } : `the time of id "${id}" is no such: ${problem}`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  return value === undefined ? "missing" : JSON.stringify(value);
}
