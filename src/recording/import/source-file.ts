import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { EXIT, type Problem, UserError } from "../../diagnostics/user-error.ts";
import { gunzipStrict, sha256Hex } from "../gzip.ts";
import type { InputFile } from "../manifest.ts";

/** What one source file may unpack to: far above real archives, far below what would exhaust a machine. */
const UNPACKED_BYTES_MAX = 2 ** 30;

export interface SourceFile {
  /** Path as the person typed it. */
  readonly path: string;
  readonly bytes: Buffer;
  /** Entry of the manifest: base name, size and hash of the file as it lies on the disk. */
  readonly input: InputFile;
}

/**
 * Reads a file, unpacked when it begins like gzip.
 *
 * @throws {UserError} when it cannot be read (exit 2) or is torn (exit 14).
 */
export function readSource(path: string, role: string): SourceFile {
  let packed: Buffer;
  try {
    packed = readFileSync(path);
  } catch (error) {
    const code = (error as { code?: string }).code ?? String(error);
    const what = code === "ENOENT" ? "there is no such file" : `the system answers ${code}`;
    const problem = { file: path, text: `Cannot import the ${role} file: ${what}, a readable one is needed` };
    throw new UserError([problem], EXIT.usage, { cause: error });
  }
  const input = { file: basename(path), role, bytes: packed.length, sha256: sha256Hex(packed) };
  const isGzip = packed[0] === 0x1f && packed[1] === 0x8b;
  if (!isGzip) return { path, bytes: packed, input };
  try {
    return { path, bytes: gunzipStrict(packed, UNPACKED_BYTES_MAX), input };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const text = `Cannot import the ${role} file: it does not unpack (${reason}), a whole gzip file is needed`;
    throw badSource([{ file: path, text, hint: "download it again" }], error);
  }
}

/** @throws {UserError} naming the place, when the file is no JSON. */
export function readJsonSource(path: string, role: string): { value: unknown; input: InputFile } {
  const { bytes, input } = readSource(path, role);
  const text = bytes.toString("utf8");
  try {
    return { value: JSON.parse(text), input };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw badSource(
      [{ file: path, text: `Cannot import the ${role} file: it is no JSON (${reason}), JSON is needed` }],
      error,
    );
  }
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
