import { isUtf8 } from "node:buffer";
import type { Problem } from "../../diagnostics/user-error.ts";

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const REPLACEMENT = "\ufffd";
const REPLACEMENT_BYTES = Buffer.from(REPLACEMENT);

export interface SourceLine {
  /** 1-based. */
  readonly line: number;
  /** Without its newline (and the `\r` before it); `null` when the bytes are no UTF-8. */
  readonly text: string | null;
  /** Place of the text in the file, so that it can be read again in another order. */
  readonly start: number;
  readonly end: number;
}

/** Lines of a file of any size: no string of the whole is made. A file's end without a newline ends its last line. */
export function* sourceLines(bytes: Buffer): Generator<SourceLine, undefined> {
  let line = 0;
  for (let start = 0; start < bytes.length; ) {
    line++;
    const found = bytes.indexOf(NEWLINE, start);
    const next = found < 0 ? bytes.length : found;
    const end = next > start && bytes[next - 1] === RETURN ? next - 1 : next;
    const part = bytes.subarray(start, end);
    yield { line, text: isUtf8(part) ? part.toString("utf8") : null, start, end };
    start = next + 1;
  }
}

/** The problem of a line that is no UTF-8, with the column of its first bad byte. */
export function invalidUtf8(file: string, line: number, part: Buffer, what: string): Problem {
  const text = part.toString("utf8");
  let at = text.indexOf(REPLACEMENT);
  // A replacement character may have been in the file as such; everything before it was decoded without loss.
  for (;;) {
    const offset = Buffer.byteLength(text.slice(0, at));
    const isBad = !part.subarray(offset, offset + REPLACEMENT_BYTES.length).equals(REPLACEMENT_BYTES);
    if (isBad) {
      const byte = part[offset]!.toString(16).padStart(2, "0");
      const said = `Cannot import ${what}: the line is no UTF-8 (byte 0x${byte}), text in UTF-8 is needed`;
      return { file, line, column: at + 1, text: said };
    }
    at = text.indexOf(REPLACEMENT, at + 1);
  }
}
