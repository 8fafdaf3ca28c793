import { closeSync, openSync, readSync } from "node:fs";
import { EXIT, type Problem, UserError } from "../diagnostics/user-error.ts";
import type { Severity } from "../engine/domain/decision.ts";
import type { JournalEntry, JournalHeader } from "../engine/domain/journal.ts";
import { decodeJournalLine, encodeJournalLine } from "./journal-codec.ts";
import { visibleText } from "./visible-text.ts";

export const JOURNAL_SCHEMA = "rehearsal.journal/1";

export interface JournalWriter {
  /** One entry; the signature of the engine's journal port. */
  append(entry: JournalEntry): void;
  /** Hands over what is still buffered. */
  flush(): void;
  readonly entryCount: number;
}

/** Characters gathered before the sink is called: large enough that hashing and writing are not the cost. */
const CHUNK_LENGTH = 65_536;

/**
 * Writes a journal as NDJSON: the header line, then one line per entry, each ended by a line feed.
 *
 * The sink gets text chunks (whole lines each) and may stream them to disk, hash them, or both.
 *
 * @throws {TypeError} naming the field, when a number is NaN or infinite.
 */
export function createJournalWriter(header: JournalHeader, sink: (chunk: string) => void): JournalWriter {
  let buffer = `${encodeJournalLine(header)}\n`;
  let entryCount = 0;
  const flush = () => {
    if (buffer === "") return;
    const chunk = buffer;
    buffer = "";
    sink(chunk);
  };
  return {
    append(entry) {
      buffer += `${encodeJournalLine(entry)}\n`;
      entryCount += 1;
      if (buffer.length >= CHUNK_LENGTH) flush();
    },
    flush,
    get entryCount() {
      return entryCount;
    },
  };
}

/** What the reading itself found; a journal cut short is still worth a report. */
export interface JournalFinding {
  readonly code: "journal_cut_short";
  readonly severity: Severity;
  readonly text: string;
  /** 1-based line the finding is about. */
  readonly line: number;
}

export interface JournalReader {
  readonly header: JournalHeader;
  /** Streams the entries once; a second call needs a new reader. */
  entries(): Generator<JournalEntry, void, undefined>;
  /** Complete after `entries()` has ended. */
  readonly findings: readonly JournalFinding[];
}

/** Reads a journal file line by line. See `readJournal`. */
export function openJournal(file: string): JournalReader {
  return readJournal(fileChunks(file), file);
}

/**
 * Reads a journal from chunks of bytes or text.
 *
 * Memory is one line. A torn last line, or an end without `run.ended`, is a finding `journal_cut_short`; damage
 * anywhere else is a `UserError` (exit 14) naming `file:line`.
 */
export function readJournal(chunks: Iterable<Uint8Array | string>, file: string): JournalReader {
  const lines = splitLines(chunks);
  const findings: JournalFinding[] = [];
  const first = lines.next();
  if (first.done === true)
    throw unusable({ file, text: "Cannot read the journal: the file is empty, a header line is needed" });
  let header: JournalHeader;
  try {
    header = decodeHeader(first.value, file);
  } catch (error) {
    // Ends the generator, which closes the file.
    lines.return();
    throw error;
  }

  function* entries(): Generator<JournalEntry, void, undefined> {
    let seq = 0;
    let tsMs = Number.NEGATIVE_INFINITY;
    let lastType = "";
    let lineNumber = 1;
    for (const line of lines) {
      lineNumber += 1;
      const entry = decodeEntry(line);
      if (typeof entry === "string") {
        if (line.isTerminated) throw unusable({ file, line: lineNumber, text: entry });
        findings.push(
          cutShort(lineNumber, `the last line is torn after ${line.text.length} characters and was left out`),
        );
        return;
      }
      const { envelope } = entry;
      // Routine entries are left out of journals, so numbers may be missing; they never repeat or go back.
      if (envelope.seq <= seq) {
        throw unusable({
          file,
          line: lineNumber,
          text: `Cannot read the journal: seq is ${envelope.seq} after ${seq}, a larger one is needed`,
        });
      }
      if (envelope.tsMs < tsMs) {
        throw unusable({
          file,
          line: lineNumber,
          text: `Cannot read the journal: time goes back from ${tsMs} to ${envelope.tsMs} ms, it must never decrease`,
        });
      }
      seq = envelope.seq;
      tsMs = envelope.tsMs;
      lastType = envelope.event.type;
      yield entry;
    }
    if (lastType !== "run.ended") findings.push(cutShort(lineNumber, "the journal ends without run.ended"));
  }

  return { header, entries, findings };
}

function cutShort(line: number, what: string): JournalFinding {
  return {
    code: "journal_cut_short",
    severity: "warn",
    text: `cut short: ${what}; what was still open then is counted as in flight`,
    line,
  };
}

function decodeHeader(line: Line, file: string): JournalHeader {
  const value = decode(line.text);
  if (!isRecord(value) || typeof value["schema"] !== "string") {
    throw unusable({
      file,
      line: 1,
      text: `Cannot read the journal: the first line is no header, an object with schema "${JOURNAL_SCHEMA}" is needed`,
    });
  }
  if (value["schema"] !== JOURNAL_SCHEMA) {
    throw unusable({
      file,
      line: 1,
      text: `Cannot read the journal: its schema is "${visibleText(value["schema"])}", "${JOURNAL_SCHEMA}" is needed`,
      hint: "run the scenario again with this version",
    });
  }
  for (const field of [
    "runId",
    "variant",
    "scenario",
    "scenarioHash",
    "recording",
    "recordingHash",
    "engineVersion",
    "seed",
  ]) {
    if (typeof value[field] !== "string") throw headerField(file, field, "text");
  }
  for (const field of ["startTsMs", "warmupUntilTsMs", "universeSize"]) {
    if (typeof value[field] !== "number") throw headerField(file, field, "a number");
  }
  for (const field of ["symbols", "stepSizes", "tickSizes", "quirks"]) {
    const list = value[field];
    if (!Array.isArray(list) || list.some((item) => typeof item !== "string"))
      throw headerField(file, field, "a list of texts");
  }
  if (value["matching"] !== undefined) {
    const { fidelity, profile, text } = (value["matching"] ?? {}) as Record<string, unknown>;
    if ([fidelity, profile, text].some((item) => typeof item !== "string"))
      throw headerField(file, "matching", "fidelity, profile and text as texts");
  }
  const { symbols, stepSizes, tickSizes } = value as unknown as JournalHeader;
  if (symbols.length !== stepSizes.length || symbols.length !== tickSizes.length) {
    throw unusable({
      file,
      line: 1,
      text: `Cannot read the journal: ${symbols.length} symbols, ${stepSizes.length} step sizes and ${tickSizes.length} tick sizes, equal numbers are needed`,
    });
  }
  return value as unknown as JournalHeader;
}

function headerField(file: string, field: string, needed: string): UserError {
  return unusable({
    file,
    line: 1,
    path: field,
    text: `Cannot read the journal: its header needs ${field} as ${needed}`,
  });
}

/** The entry, or the sentence that says what is wrong with the line. */
function decodeEntry(line: Line): JournalEntry | string {
  const value = decode(line.text);
  const refuse = (is: string, needed: string) => `Cannot read the journal: ${is}, ${needed} is needed`;
  if (value instanceof Error)
    return refuse(`the line does not decode (${visibleText(value.message)})`, "one JSON object a line");
  if (!isRecord(value)) return refuse("the line is no object", "an envelope with decisions");
  const { envelope, decisions } = value;
  if (!isRecord(envelope) || !isRecord(envelope["event"]) || typeof envelope["event"]["type"] !== "string") {
    return refuse("the line has no event", "an envelope with an event");
  }
  if (!Number.isSafeInteger(envelope["seq"]) || !Number.isFinite(envelope["tsMs"])) {
    return refuse("the envelope has no seq or tsMs", "an integer seq and a finite tsMs");
  }
  if (!Array.isArray(decisions) || decisions.some((each) => !isRecord(each) || typeof each["type"] !== "string")) {
    return refuse("the decisions are no list of typed objects", "a list of decisions");
  }
  if (value["stateHash"] !== undefined && typeof value["stateHash"] !== "string") {
    return refuse("the stateHash is no text", "a text or nothing");
  }
  return value as unknown as JournalEntry;
}

function decode(text: string): unknown {
  try {
    return decodeJournalLine(text);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function unusable(problem: Problem): UserError {
  return new UserError([problem], EXIT.recordingUnusable);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

interface Line {
  readonly text: string;
  /** `false` only for a last line without its line feed. */
  readonly isTerminated: boolean;
}

function* splitLines(chunks: Iterable<Uint8Array | string>): Generator<Line, void, undefined> {
  const decoder = new TextDecoder("utf-8");
  let rest = "";
  for (const chunk of chunks) {
    const text = typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true });
    let start = 0;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", start)) {
      yield { text: rest + text.slice(start, end), isTerminated: true };
      rest = "";
      start = end + 1;
    }
    rest += text.slice(start);
  }
  rest += decoder.decode();
  if (rest !== "") yield { text: rest, isTerminated: false };
}

function* fileChunks(file: string): Generator<Uint8Array, void, undefined> {
  let handle: number;
  try {
    handle = openSync(file, "r");
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "unknown";
    throw new UserError(
      [{ file, text: `Cannot read the journal: opening it failed with ${code}, a readable file is needed` }],
      EXIT.usage,
      { cause },
    );
  }
  try {
    for (;;) {
      const chunk = Buffer.allocUnsafe(262_144);
      const length = readSync(handle, chunk, 0, chunk.length, null);
      if (length === 0) return;
      yield chunk.subarray(0, length);
    }
  } finally {
    closeSync(handle);
  }
}
