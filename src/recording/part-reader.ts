import { isUtf8 } from "node:buffer";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipStrict, sha256Hex } from "./gzip.ts";
import { type ManifestPart, unusable } from "./manifest.ts";

/** A longer line is no record: the largest real ones, an exchangeInfo of all symbols, have some megabytes. */
export const RECORD_BYTES_MAX: number = 64 * 1024 * 1024;

const RESTORE = "restore the file from where it came, or import the recording again";

/**
 * Content of one part, after its checks: size and hash of the file as the manifest says, a whole gzip stream, the
 * unpacked size. Holds the part in memory, nothing else.
 *
 * @throws {UserError} naming the file and which of these failed.
 */
export function readPart(dir: string, part: ManifestPart): Buffer {
  const file = partPath(dir, part);
  const packed = readPacked(dir, part);
  let content: Buffer;
  try {
    content = gunzipStrict(packed, part.contentBytes);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw refusal(
      file,
      `it does not unpack (${reason}), a whole gzip file of ${part.contentBytes} bytes is needed`,
      error,
    );
  }
  if (content.length !== part.contentBytes) {
    throw refusal(file, `it unpacks to ${content.length} bytes, the manifest says ${part.contentBytes} bytes`);
  }
  return content;
}

/**
 * The file of a part is there and is the one the manifest lists; its content is not read.
 *
 * @throws {UserError} as `readPart` does for a file that is missing, cut off or replaced.
 */
export function checkPart(dir: string, part: ManifestPart): void {
  readPacked(dir, part);
}

function readPacked(dir: string, part: ManifestPart): Buffer {
  const file = partPath(dir, part);
  let packed: Buffer;
  try {
    packed = readFileSync(join(dir, part.file));
  } catch (error) {
    const code = (error as { code?: string }).code ?? String(error);
    const what = code === "ENOENT" ? "the file is missing" : `the system answers ${code}`;
    throw refusal(file, `${what}, the manifest lists it with ${part.records} records`, error);
  }
  if (packed.length !== part.bytes) {
    const isTorn = packed.length < part.bytes;
    const what = isTorn ? `it is cut off at byte ${packed.length}` : `it has ${packed.length} bytes`;
    throw refusal(file, `${what}, the manifest says ${part.bytes} bytes`);
  }
  const hash = sha256Hex(packed);
  if (hash !== part.sha256) throw refusal(file, `its SHA-256 is ${hash}, the manifest says ${part.sha256}`);
  return packed;
}

/** The part as the person would type it. */
export function partPath(dir: string, part: ManifestPart): string {
  return `${dir.replace(/\/+$/, "")}/${part.file}`;
}

/**
 * Lines of a part as JSON objects with their 1-based line numbers.
 *
 * @throws {UserError} on a line that is cut off, no UTF-8, or no JSON object, and when the number of records differs
 * from the manifest.
 */
export function* readObjects(dir: string, part: ManifestPart): Generator<{ line: number; record: JsonObject }> {
  const content = readPart(dir, part);
  const file = partPath(dir, part);
  let line = 0;
  for (let start = 0; start < content.length; ) {
    line++;
    const end = content.indexOf(0x0a, start);
    if (end < 0) throw badRecord(file, line, "it is cut off, a record ends in a newline");
    checkLength(file, line, end - start);
    const bytes = content.subarray(start, end);
    if (!isUtf8(bytes)) throw badRecord(file, line, "it holds bytes that are no UTF-8, text in UTF-8 is needed");
    yield { line, record: parseObject(bytes.toString("utf8"), file, line) };
    start = end + 1;
  }
  checkCount(file, part, line);
}

export type JsonObject = Readonly<Record<string, unknown>>;

/** A part whose lines were all read must have as many as the manifest says. */
export function checkCount(file: string, part: ManifestPart, records: number): void {
  if (records === part.records) return;
  throw refusal(file, `it has ${records} records, the manifest says ${part.records}`);
}

/** @throws {UserError} for a line that is too long to be a record. */
export function checkLength(file: string, line: number, bytes: number): void {
  if (bytes <= RECORD_BYTES_MAX) return;
  throw badRecord(file, line, `it has ${bytes} bytes, at most ${RECORD_BYTES_MAX} are needed`);
}

export function badRecord(file: string, line: number, what: string, cause?: unknown): Error {
  const text = `Cannot read the record: ${what}`;
  return unusable([{ file, line, text, hint: "import the recording again from its source" }], cause);
}

function parseObject(text: string, file: string, line: number): JsonObject {
  let record: unknown;
  try {
    record = JSON.parse(text);
  } catch (error) {
    throw badRecord(file, line, `it is no JSON (${error instanceof Error ? error.message : String(error)})`, error);
  }
  if (typeof record !== "object" || record === null || Array.isArray(record)) {
    throw badRecord(file, line, "it is no JSON object, one object a line is needed");
  }
  return record as JsonObject;
}

function refusal(file: string, what: string, cause?: unknown): Error {
  return unusable([{ file, text: `Cannot use the part of the recording: ${what}`, hint: RESTORE }], cause);
}
