import { closeSync, fstatSync, openSync, readFileSync, readSync } from "node:fs";
import { basename } from "node:path";
import { Gunzip } from "fflate";
import { EXIT, type Problem, UserError } from "../../diagnostics/user-error.ts";
import { gunzipStrict, sha256Hex } from "../gzip.ts";
import type { InputFile } from "../manifest.ts";
import { carriedProblem } from "./carried-json.ts";
import {
  isPackedTooWell,
  LineProbe,
  PROBE_ABOVE_BYTES,
  packedTooWell,
  SOURCE_LIMITS,
  tooLarge,
} from "./source-limits.ts";
import { isZip, unzipOne } from "./zip-file.ts";

const PIECE_BYTES = 1024 * 1024;
/** Small, because each is unpacked whole before its lines are looked at. */
const PACKED_PIECE_BYTES = 16 * 1024;

export interface SourceFile {
  /** Path as the person typed it. */
  readonly path: string;
  /** Unpacked. */
  readonly bytes: Buffer;
  /** Name of the file inside a zip, the base name otherwise. */
  readonly name: string;
  /** Entry of the manifest: base name, size and hash of the file as it lies on the disk. */
  readonly input: InputFile;
}

/**
 * Reads a file of lines, unpacked when it begins like gzip or zip. What is held is bounded by `SOURCE_LIMITS`: a file
 * that would be beyond them is refused before it is in memory.
 *
 * @throws {UserError} when it cannot be read (exit 2), is torn, or beyond a limit (exit 14).
 */
export function readSource(path: string, role: string): SourceFile {
  const source = readBytes(path, role);
  checkLines(source);
  return source;
}

/** The same for a file that is not made of lines (Arrow). */
export function readBytes(path: string, role: string): SourceFile {
  const onDisk = readWhole(path, role);
  const name = basename(path);
  const input = { file: name, role, bytes: onDisk.length, sha256: sha256Hex(onDisk) };
  if (isZip(onDisk)) {
    const read = unzipOne(onDisk);
    if ("bytes" in read) return { path, bytes: read.bytes, name: read.name, input };
    if ("bombBytes" in read) throw packedTooWell(path, onDisk.length, read.bombBytes);
    const text = `Cannot import the ${role} file: ${read.what}`;
    throw badSource([{ file: path, text, hint: "download it again, or unpack it yourself" }]);
  }
  const isGzip = onDisk[0] === 0x1f && onDisk[1] === 0x8b;
  return { path, bytes: isGzip ? gunzip(onDisk, path, role) : onDisk, name, input };
}

function readWhole(path: string, role: string): Buffer {
  let file: number | null = null;
  try {
    file = openSync(path, "r");
    const stat = fstatSync(file);
    if (stat.isFile() && stat.size > PROBE_ABOVE_BYTES) probeFile(file, path);
    return readFileSync(file);
  } catch (error) {
    if (error instanceof UserError) throw error;
    const code = (error as { code?: string }).code ?? String(error);
    const what =
      code === "ENOENT" ? "there is no such file" : code === "EISDIR" ? "it is a folder" : `the system answers ${code}`;
    const problem = { file: path, text: `Cannot import the ${role} file: ${what}, a readable file is needed` };
    throw new UserError([problem], EXIT.usage, { cause: error });
  } finally {
    if (file !== null) closeSync(file);
  }
}

/** Looks at a large file piece by piece. Packed bytes have lines of any length; they are looked at when unpacked. */
function probeFile(file: number, path: string): void {
  const piece = Buffer.alloc(PIECE_BYTES);
  const probe = new LineProbe(path);
  for (let position = 0; ; ) {
    const length = readSync(file, piece, 0, piece.length, position);
    if (length === 0) return;
    const isPacked = position === 0 && (isZip(piece) || (piece[0] === 0x1f && piece[1] === 0x8b));
    if (isPacked) {
      const { size } = fstatSync(file);
      if (size > SOURCE_LIMITS.unpackedBytesMax) throw tooLarge(path, `more than ${size} bytes`);
      return;
    }
    probe.push(piece.subarray(0, length));
    position += length;
  }
}

function gunzip(packed: Buffer, path: string, role: string): Buffer {
  try {
    return gunzipStrict(packed, PROBE_ABOVE_BYTES);
  } catch (error) {
    if ((error as { code?: string }).code !== "ERR_BUFFER_TOO_LARGE") throw torn(path, role, error);
  }
  probeGzip(packed, path, role);
  try {
    return gunzipStrict(packed, SOURCE_LIMITS.unpackedBytesMax);
  } catch (error) {
    throw torn(path, role, error);
  }
}

/** Unpacks a large file in small pieces that are dropped at once; the limits are those of what comes out. */
function probeGzip(packed: Buffer, path: string, role: string): void {
  const probe = new LineProbe(path);
  let unpackedBytes = 0;
  const gunzipper = new Gunzip((piece) => {
    probe.push(piece);
    unpackedBytes += piece.length;
    if (isPackedTooWell(packed.length, unpackedBytes)) throw packedTooWell(path, packed.length, unpackedBytes);
  });
  try {
    for (let start = 0; start < packed.length; start += PACKED_PIECE_BYTES) {
      const end = start + PACKED_PIECE_BYTES;
      gunzipper.push(packed.subarray(start, end), end >= packed.length);
    }
  } catch (error) {
    throw error instanceof UserError ? error : torn(path, role, error);
  }
}

function torn(path: string, role: string, error: unknown): UserError {
  const reason = error instanceof Error ? error.message : String(error);
  const text = `Cannot import the ${role} file: it does not unpack (${reason}), a whole gzip file is needed`;
  return badSource([{ file: path, text, hint: "download it again" }], error);
}

function checkLines({ path, bytes }: SourceFile): void {
  const probe = new LineProbe(path);
  for (let start = 0; start < bytes.length; start += PIECE_BYTES)
    probe.push(bytes.subarray(start, start + PIECE_BYTES));
}

/** @throws {UserError} naming the place, when the file is no JSON. */
export function readJsonSource(path: string, role: string): { value: unknown; input: InputFile } {
  const { bytes, input } = readBytes(path, role);
  if (bytes.length > SOURCE_LIMITS.jsonBytesMax) {
    const text = `Cannot import the ${role} file: it has ${bytes.length} bytes, at most ${SOURCE_LIMITS.jsonBytesMax} are needed`;
    throw badSource([{ file: path, text }]);
  }
  const text = bytes.toString("utf8");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw badSource(
      [{ file: path, text: `Cannot import the ${role} file: it is no JSON (${reason}), JSON is needed` }],
      error,
    );
  }
  const problem = carriedProblem(value);
  if (problem !== null) throw badSource([{ file: path, text: `Cannot import the ${role} file: ${problem}` }]);
  return { value, input };
}

export function badSource(problems: readonly Problem[], cause?: unknown): UserError {
  return new UserError(problems, EXIT.recordingUnusable, cause === undefined ? undefined : { cause });
}

const MS_MIN = Date.UTC(2009, 0, 1);
const MS_MAX = Date.UTC(2100, 0, 1);

/**
 * What is wrong with a time that should be UTC milliseconds, or `null`. The unit is told by magnitude: the public
 * archive's spot files moved to microseconds in 2025.
 */
export function timeProblem(value: number): string | null {
  if (!Number.isSafeInteger(value)) return "it is no whole number, UTC milliseconds are needed";
  if (value >= MS_MIN && value < MS_MAX) return null;
  const units = [
    ["seconds", 1000],
    ["microseconds", 1e-3],
    ["nanoseconds", 1e-6],
  ] as const;
  const unit = units.find(([, factor]) => value * factor >= MS_MIN && value * factor < MS_MAX);
  if (unit === undefined) return "it is no time between 2009 and 2100, UTC milliseconds are needed";
  return `it looks like ${unit[0]}, UTC milliseconds are needed`;
}
