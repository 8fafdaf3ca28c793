import { isUtf8 } from "node:buffer";
import { createHash } from "node:crypto";
import { orderOf, recordProblem } from "../inspect/record-check.ts";
import { type Manifest, PART_GROUPS, type PartGroup } from "../manifest.ts";
import { type JsonObject, partPath, RECORD_BYTES_MAX } from "../part-reader.ts";
import type { PartOrder } from "../part-writer.ts";
import { partsOf } from "../reader.ts";
import type { CorrectionLog, Place } from "./correction-log.ts";
import { DUPLICATE_RULE, Duplicates } from "./duplicates.ts";
import { parseObject } from "./part-lines.ts";
import { salvagePart } from "./salvage-part.ts";

const NEWLINE = 0x0a;

/** A record of the original that stays. */
export interface KeptRow {
  readonly group: PartGroup;
  readonly text: string;
  readonly record: JsonObject;
  readonly stream: string;
  /** `null` in static data. */
  readonly order: PartOrder | null;
  readonly place: Place;
}

/**
 * Reads what can be read of a recording, damaged or not, in the order of its files. The first reading of a
 * group is given a log for what is left out; reading again gives the same rows.
 */
export class RepairSource {
  readonly #dir: string;
  readonly #manifest: Manifest;
  readonly #symbols: ReadonlySet<string>;
  /** Lines that the first reading left out as duplicates, by part: looking for them again would cost as much again. */
  readonly #doubled = new Map<string, Set<number>>();

  constructor(dir: string, manifest: Manifest) {
    this.#dir = dir;
    this.#manifest = manifest;
    this.#symbols = new Set(manifest.symbols.map(({ symbol }) => symbol));
  }

  *rows(group: PartGroup, log: CorrectionLog | null): Generator<KeptRow> {
    const duplicates = new Duplicates();
    const hash = createHash("sha256");
    let isWhole = true;
    for (const [index, part] of partsOf(this.#manifest, group).entries()) {
      const file = partPath(this.#dir, part);
      const { content, problem, isVerified } = salvagePart(this.#dir, part);
      hash.update(content);
      // A manifest may list a file twice: its second reading is all duplicates, its first is not.
      const key = `${group} ${index}`;
      const doubled = this.#doubled.get(key) ?? new Set<number>();
      this.#doubled.set(key, doubled);
      let taken = 0;
      for (const { line, text } of this.#lines(content, file, log)) {
        const record = parseObject(text);
        const what = record === null ? "it is no JSON object" : recordProblem(group, record, this.#symbols);
        if (record === null || what !== null) {
          leaveOut(log, { file, line }, what ?? "it is no JSON object");
          continue;
        }
        taken++;
        if (log !== null && group !== "exchange" && duplicates.verdict(record, text) === "again") {
          doubled.add(line);
          log.add("duplicates left out", DUPLICATE_RULE, { file, line });
        }
        if (doubled.has(line)) continue;
        const order = group === "exchange" ? null : orderOf(record)!;
        yield { group, text, record, stream: record["s"] as string, order, place: { file, line } };
      }
      if (problem === null && isVerified) continue;
      isWhole = false;
      const rule = isVerified
        ? "the file is damaged, what it unpacks to is what the manifest lists: taken whole"
        : "taken as far as it can be read; no hash vouches for the records that were taken";
      const details = { problem, recordsListed: part.records, recordsTaken: taken, isVerified };
      log?.add(`damaged part ${part.file}`, rule, { file, line: null }, details);
    }
    if (!isWhole || hash.digest("hex") === this.#manifest.content[group]) return;
    const rule = "every part is the one the manifest lists, together they are not: the records were taken as they are";
    log?.add(`${group} parts with another hash`, rule, null);
  }

  #lines(content: Buffer, file: string, log: CorrectionLog | null): Iterable<{ line: number; text: string }> {
    return wholeLines(content, (line, what) => {
      if (what === "torn") log?.add("torn tail left out", "a record ends in a newline", { file, line });
      else leaveOut(log, { file, line }, what);
    });
  }
}

function leaveOut(log: CorrectionLog | null, place: Place, why: string): void {
  const what = "unreadable records left out";
  log?.add(what, "what no reader would take is left out, and nothing is put in its place", place);
  log?.bump(what, why);
}

function* wholeLines(
  content: Buffer,
  leave: (line: number, what: string) => void,
): Generator<{ line: number; text: string }> {
  let line = 0;
  for (let start = 0; start < content.length; ) {
    line++;
    const end = content.indexOf(NEWLINE, start);
    if (end < 0) {
      leave(line, "torn");
      return;
    }
    const bytes = content.subarray(start, end);
    start = end + 1;
    if (bytes.length > RECORD_BYTES_MAX) leave(line, "it is too long");
    else if (!isUtf8(bytes)) leave(line, "it holds bytes that are no UTF-8");
    else yield { line, text: bytes.toString("utf8") };
  }
}

/** Groups whose records have a place in the order. */
export const ORDERED_GROUPS = PART_GROUPS.filter((group): group is "market" | "inputs" => group !== "exchange");
