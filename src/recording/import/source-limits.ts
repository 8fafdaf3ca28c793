import { EXIT, UserError } from "../../diagnostics/user-error.ts";

const MIB = 2 ** 20;

/**
 * What one source file may hold. A file is in memory unpacked while it is imported, so these numbers bound the memory
 * of an import: far above a day of the public archive, far below what would exhaust a machine.
 */
export const SOURCE_LIMITS = {
  unpackedBytesMax: 1024 * MIB,
  /** A line longer than this is no record of anything that is imported here. */
  lineBytesMax: 16 * MIB,
  /** exchangeInfo and brackets are one JSON text: the largest real ones have some megabytes. */
  jsonBytesMax: 64 * MIB,
  /** Market data in text packs 3 to 30 times; a file beyond this ratio is made to unpack, not to be read. */
  ratioMax: 200,
  /** Below this size the ratio says nothing: an archive of one quiet symbol packs well. */
  ratioAppliesAboveBytes: 64 * MIB,
} as const;

/** Above this size lines are looked at before the file is held. */
export const PROBE_ABOVE_BYTES: number = 64 * MIB;

const NEWLINE = 0x0a;

/** Follows a file in pieces and refuses the first line that is too long, without holding any of it. */
export class LineProbe {
  readonly #path: string;
  #line = 1;
  #lineBytes = 0;
  #bytes = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** @throws {UserError} at the first line above `lineBytesMax`, or when the whole is above `unpackedBytesMax`. */
  push(piece: Uint8Array): void {
    this.#bytes += piece.length;
    let start = 0;
    for (;;) {
      const found = piece.indexOf(NEWLINE, start);
      this.#lineBytes += (found < 0 ? piece.length : found) - start;
      if (this.#lineBytes > SOURCE_LIMITS.lineBytesMax) throw longLine(this.#path, this.#line);
      if (found < 0) break;
      this.#line++;
      this.#lineBytes = 0;
      start = found + 1;
    }
    if (this.#bytes > SOURCE_LIMITS.unpackedBytesMax) throw tooLarge(this.#path, `more than ${this.#bytes - 1} bytes`);
  }
}

function longLine(file: string, line: number): UserError {
  const text =
    `Cannot import the file: its line ${line} is longer than ${SOURCE_LIMITS.lineBytesMax} bytes, ` +
    "lines up to that length are needed";
  return new UserError(
    [{ file, line, text, hint: 'is it text with one record a line? try "head -c 300"' }],
    EXIT.recordingUnusable,
  );
}

export function tooLarge(file: string, size: string): UserError {
  const text =
    `Cannot import the file: unpacked it has ${size}, at most ${SOURCE_LIMITS.unpackedBytesMax} are needed ` +
    "(a file is held in memory while it is imported)";
  return new UserError(
    [{ file, text, hint: "split it, e.g. by day, and name all parts in one import" }],
    EXIT.recordingUnusable,
  );
}

export function packedTooWell(file: string, packedBytes: number, unpackedBytes: number): UserError {
  const text =
    `Cannot import the file: ${packedBytes} bytes unpack to ${unpackedBytes} or more, ` +
    `at most ${SOURCE_LIMITS.ratioMax} times as many are needed (a zip bomb looks like this)`;
  return new UserError([{ file, text, hint: "download it again from where it comes from" }], EXIT.recordingUnusable);
}

/** Whether a file unpacks to suspiciously much. */
export function isPackedTooWell(packedBytes: number, unpackedBytes: number): boolean {
  return unpackedBytes > SOURCE_LIMITS.ratioAppliesAboveBytes && unpackedBytes > packedBytes * SOURCE_LIMITS.ratioMax;
}
