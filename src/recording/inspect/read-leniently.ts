import { isUtf8 } from "node:buffer";
import { UserError } from "../../diagnostics/user-error.ts";
import type { ManifestPart } from "../manifest.ts";
import { type JsonObject, partPath, RECORD_BYTES_MAX, readPart } from "../part-reader.ts";

export interface Damage {
  readonly file: string;
  readonly line: number | null;
  readonly text: string;
}

export interface RawRecord {
  readonly line: number;
  readonly text: string;
  readonly record: JsonObject;
}

/**
 * Every readable record of a part; what is not readable goes to `report` with its place. Messages never quote the
 * record: it may hold a secret.
 */
export function* readLeniently(
  dir: string,
  part: ManifestPart,
  report: (damage: Damage) => void,
  onContent: (content: Buffer) => void,
): Generator<RawRecord> {
  const file = partPath(dir, part);
  let content: Buffer;
  try {
    content = readPart(dir, part);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    for (const problem of error.problems) report({ file, line: null, text: problem.text });
    return;
  }
  onContent(content);
  let line = 0;
  for (let start = 0; start < content.length; ) {
    line++;
    const newline = content.indexOf(0x0a, start);
    const bytes = content.subarray(start, newline < 0 ? content.length : newline);
    start = newline < 0 ? content.length : newline + 1;
    const bad = (what: string) => report({ file, line, text: `Cannot read the record: ${what}` });
    if (newline < 0) bad("it is cut off, a record ends in a newline");
    else if (bytes.length > RECORD_BYTES_MAX) {
      bad(`it has ${bytes.length} bytes, at most ${RECORD_BYTES_MAX} are needed`);
    } else if (!isUtf8(bytes)) bad("it holds bytes that are no UTF-8, text in UTF-8 is needed");
    else {
      const text = bytes.toString("utf8");
      const record = parseObject(text);
      if (record === null) bad("it is no JSON object, one object a line is needed");
      else yield { line, text, record };
    }
  }
  if (line !== part.records) {
    const text = `Cannot use the part of the recording: it has ${line} records, the manifest says ${part.records}`;
    report({ file, line: null, text });
  }
}

function parseObject(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : null;
  } catch {
    // The caller reports the place; the parser's message would quote the text.
    return null;
  }
}
