import { basename } from "node:path";
import { EXIT, type Problem, UserError } from "../../diagnostics/user-error.ts";
import { streamRank } from "../stream-rank.ts";
import { createRecordingWriter, type SealedRecording } from "../writer.ts";
import { carriedProblem } from "./carried-json.ts";
import { badSource, readSource, type SourceFile, timeProblem } from "./source-file.ts";
import { invalidUtf8, sourceLines } from "./source-lines.ts";
import { timeOfMagnitude } from "./time-unit.ts";

const PROBLEMS_PER_FILE_MAX = 5;
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)$/;

export interface RecordsImportOptions {
  readonly files: readonly string[];
  /** Stream of the recording for all records; never one that prices or gaps have. */
  readonly stream: string;
  /** Where each record has its time: names joined by dots, e.g. `Item.Ok.time_received`. */
  readonly time: string;
  /** Directory of the new recording. */
  readonly out: string;
  readonly id?: string;
  readonly createdBy?: string;
}

interface TimedRecord {
  readonly rxMs: number;
  readonly record: Readonly<Record<string, unknown>>;
}

/** Streams a reader of recordings gives a meaning of its own. */
const RESERVED: readonly string[] = ["mark", "book", "trade", "depth", "gap", "funding", "finding"];

/**
 * Imports JSON records of any shape (NDJSON, or one list) as inputs of one stream: whole, in the order of their times.
 * Times are ISO 8601 with a zone, or a number of seconds, milliseconds, microseconds or nanoseconds. A record without
 * the time field takes the time of the record before it, and a note says how many did.
 *
 * @throws {UserError} with all problems of the files at once.
 */
export function importRecords(options: RecordsImportOptions): SealedRecording {
  const { files, stream, time, out, id = basename(out), createdBy = "rehearsal import" } = options;
  if (files.length === 0) {
    throw new UserError([{ text: "Cannot import records: no file is named, one at least is needed" }], EXIT.usage);
  }
  if (stream === "" || RESERVED.includes(stream) || streamRank(stream) === streamRank("mark")) {
    const text = `Cannot import records: their stream is "${stream}", a name without a meaning of its own is needed`;
    throw new UserError([{ text, hint: 'choose another, e.g. "--stream trades.closed"' }], EXIT.usage);
  }
  const problems: Problem[] = [];
  const records: TimedRecord[] = [];
  let untimed = 0;
  const sources = files.map((path) => readSource(path, "records"));
  for (const source of sources) {
    const read = readRecords(source, time.split("."));
    if (Array.isArray(read)) problems.push(...read);
    else {
      for (const record of read.records) records.push(record);
      untimed += read.untimed;
    }
  }
  if (problems.length > 0) throw badSource(problems);
  // Array.prototype.sort is stable: records of one time stay in the order of the files.
  records.sort((left, right) => left.rxMs - right.rxMs);
  const notes = [`records of "${stream}", received at their ${time}`, "the recording has no prices"];
  if (untimed > 0) notes.push(`records without ${time}, at the time of the record before them: ${untimed}`);
  const inputs = sources.map(({ input }) => input);
  const writer = createRecordingWriter({ dir: out, id, createdBy, symbols: [], fidelity: "mark", notes, inputs });
  try {
    for (const { rxMs, record } of records) writer.input({ rxMs, stream, payload: { record } });
  } catch (error) {
    writer.abort();
    throw error;
  }
  return writer.seal();
}

function readRecords(
  source: SourceFile,
  path: readonly string[],
): { records: TimedRecord[]; untimed: number } | Problem[] {
  const problems: Problem[] = [];
  const records: TimedRecord[] = [];
  let untimed = 0;
  for (const { line, value, problem } of valuesOf(source)) {
    const read = problem ?? (isObject(value) ? timeOf(value, path) : "it is no object, one is needed");
    if (typeof read === "object" && read !== null) problems.push(read);
    else if (typeof read === "string") {
      problems.push({ file: source.path, line, text: `Cannot import the record: ${read}` });
    } else {
      const rxMs = read ?? records.at(-1)?.rxMs;
      if (rxMs === undefined) {
        const text = `Cannot import the record: it has no ${path.join(".")}, the first of a file needs one`;
        problems.push({ file: source.path, line, text });
      } else records.push({ rxMs, record: value as Record<string, unknown> });
      if (read === null) untimed++;
    }
    if (problems.length === PROBLEMS_PER_FILE_MAX) break;
  }
  if (problems.length > 0) return problems;
  if (records.length > 0) return { records, untimed };
  return [{ file: source.path, text: "Cannot import records: the file has none, one at least is needed" }];
}

interface Value {
  readonly line: number;
  readonly value: unknown;
  readonly problem: Problem | string | null;
}

/** Entries of a list, or one value a line. */
function* valuesOf({ path, bytes }: SourceFile): Generator<Value> {
  if (/^\s*\[/.test(bytes.toString("utf8", 0, 64))) {
    const list = parsed(bytes.toString("utf8"));
    if (list.problem !== null) yield { line: 1, ...list };
    else for (const value of list.value as unknown[]) yield { line: 1, value, problem: null };
    return;
  }
  for (const { line, text, start, end } of sourceLines(bytes)) {
    if (text === "") continue;
    if (text === null) {
      yield { line, value: null, problem: invalidUtf8(path, line, bytes.subarray(start, end), "the record") };
    } else yield { line, ...parsed(text) };
  }
}

function parsed(text: string): { value: unknown; problem: string | null } {
  try {
    const value: unknown = JSON.parse(text);
    return { value, problem: carriedProblem(value) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { value: null, problem: `it is no JSON (${reason}), one object a line or one list is needed` };
  }
}

/** `null` when the record has no such field; what is wrong when it has one that is no time. */
function timeOf(record: Readonly<Record<string, unknown>>, path: readonly string[]): number | null | string {
  let value: unknown = record;
  for (const name of path) value = isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  if (value === undefined || value === null) return null;
  const said = `${path.join(".")} is ${String(JSON.stringify(value)).slice(0, 60)}`;
  if (typeof value === "string" && ISO.test(value)) {
    const timeMs = Date.parse(value);
    const problem = timeProblem(timeMs);
    return problem === null ? timeMs : `${said}: ${problem}`;
  }
  const text = typeof value === "number" || typeof value === "string" ? String(value) : "";
  // Seconds have ten digits and may have a fraction.
  const time = /^\d{10}(?:\.\d+)?$/.test(text) ? Math.floor(Number(text) * 1_000) : timeOfMagnitude(text);
  if (typeof time === "number") return time;
  return typeof time === "string" ? `${said}: a time with a zone, or a number of ms, us or ns is needed` : time.timeMs;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
