import { isUtf8 } from "node:buffer";
import { orderOf } from "../inspect/record-check.ts";
import type { ManifestPart } from "../manifest.ts";
import { badRecord, checkCount, checkLength, type JsonObject, partPath, readPart } from "../part-reader.ts";
import type { PartOrder } from "../part-writer.ts";

/** One record as it is written, with its place. */
export interface PartLine {
  /** 1-based. */
  readonly line: number;
  readonly text: string;
  readonly record: JsonObject;
  readonly stream: string;
  /** `null` in static data. */
  readonly order: PartOrder | null;
}

/** @throws {UserError} as readers do for everything that makes a part unusable. */
export function* partLines(dir: string, part: ManifestPart): Generator<PartLine> {
  const file = partPath(dir, part);
  const content = readPart(dir, part);
  let line = 0;
  for (let start = 0; start < content.length; ) {
    line++;
    const end = content.indexOf(0x0a, start);
    if (end < 0) throw badRecord(file, line, "it is cut off, a record ends in a newline");
    checkLength(file, line, end - start);
    const bytes = content.subarray(start, end);
    if (!isUtf8(bytes)) throw badRecord(file, line, "it holds bytes that are no UTF-8, text in UTF-8 is needed");
    const text = bytes.toString("utf8");
    const record = parseObject(text);
    if (record === null) throw badRecord(file, line, "it is no JSON object, one object a line is needed");
    const { s } = record;
    if (typeof s !== "string" || s === "") throw badRecord(file, line, "s names no stream, a stream name is needed");
    const order = part.group === "exchange" ? null : orderOf(record);
    if (order === undefined) throw badRecord(file, line, "seq, rx and ts must be whole numbers");
    yield { line, text, record, stream: s, order };
    start = end + 1;
  }
  checkCount(file, part, line);
}

export function parseObject(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : null;
  } catch {
    // The caller names the place; the parser's message would quote the text, which may hold a secret.
    return null;
  }
}
