import { isUtf8 } from "node:buffer";

const NEWLINE = 0x0a;
const RETURN = 0x0d;

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
export function* sourceLines(bytes: Buffer): Generator<SourceLine> {
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
