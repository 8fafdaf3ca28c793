import { closeSync, openSync, readSync } from "node:fs";

const CHUNK_BYTES = 1 << 16;
const NEWLINE = 0x0a;

export interface FileLine {
  readonly text: string;
  /** Offset behind its line feed. */
  readonly endByte: number;
}

/** Whole lines of a file; what follows the last line feed is torn and left out. Memory is one line and one chunk. */
export function* fileLines(file: string): Generator<FileLine, void, undefined> {
  const descriptor = openSync(file, "r");
  try {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    let rest: Buffer[] = [];
    let position = 0;
    for (;;) {
      const bytes = readSync(descriptor, chunk, 0, CHUNK_BYTES, position);
      if (bytes === 0) return;
      let start = 0;
      for (let end = chunk.indexOf(NEWLINE, start); end >= 0 && end < bytes; end = chunk.indexOf(NEWLINE, start)) {
        const line = chunk.subarray(start, end);
        const text = rest.length === 0 ? line.toString("utf8") : Buffer.concat([...rest, line]).toString("utf8");
        rest = [];
        start = end + 1;
        yield { text, endByte: position + start };
      }
      if (start < bytes) rest.push(Buffer.from(chunk.subarray(start, bytes)));
      position += bytes;
    }
  } finally {
    closeSync(descriptor);
  }
}
