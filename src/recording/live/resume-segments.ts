import { readdirSync, readFileSync, rmSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { PART_GROUPS, type PartGroup, unusable } from "../manifest.ts";
import { writeDurably } from "../part-writer.ts";
import { streamRank } from "../stream-rank.ts";
import { syncDirectory, UNFINISHED } from "./durable-file.ts";
import type { EndedSegment, PackedNote } from "./pack-segment.ts";
import { type LastRecord, type SegmentScan, scanSegment } from "./scan-segment.ts";
import { packedNoteFile, type SegmentName, segmentFile, segmentName } from "./segment-lines.ts";
import type { SegmentEnd } from "./segment-writer.ts";

export const TORN = ".torn";

/** Where a recorder that starts again goes on. */
export interface Resumed {
  readonly symbols: readonly string[];
  readonly packed: readonly PackedNote[];
  /** Segments that were ended but not packed. */
  readonly ended: readonly EndedSegment[];
  /** Segment to go on with; a new file of that number when there is no `end`. */
  readonly open: ReadonlyMap<PartGroup, { readonly number: number; readonly end?: SegmentEnd }>;
  /** Largest number given so far, to records that were lost too: no number is given twice. */
  readonly lastSeq: number;
  readonly lastRecord: LastRecord | null;
  readonly records: number;
  readonly bytes: number;
  readonly restarts: number;
  readonly setAsideBytes: number;
  /** 0 after a proper close, null when nobody can know. */
  readonly missing: 0 | null;
  readonly cause: string;
}

/**
 * Makes the segments of a folder ready to be appended to. What no checkpoint vouches for moves to `*.torn` first, so
 * that not one byte of an earlier session is thrown away.
 *
 * @throws {UserError} when a packed part is missing or damaged; the system's error when the disk refuses.
 */
export function resumeSegments(dir: string, headSymbols: readonly string[]): Resumed {
  const files = readdirSync(dir);
  for (const file of files.filter((name) => name.endsWith(UNFINISHED))) rmSync(join(dir, file));
  const symbols = new Set(headSymbols);
  const packed: PackedNote[] = [];
  const ended: EndedSegment[] = [];
  const open = new Map<PartGroup, { number: number; end?: SegmentEnd }>();
  const setAside: string[] = [];
  let setAsideBytes = 0;
  let lastSeq = 0;
  let lastRecord: LastRecord | null = null;
  let records = 0;
  let bytes = 0;
  let restarts = 0;
  let isClosed = true;
  const reached = (place: LastRecord) => {
    if (place.seq > (lastRecord?.seq ?? 0)) lastRecord = place;
    lastSeq = Math.max(lastSeq, place.seq);
  };
  for (const group of PART_GROUPS) {
    const named = segmentsOf(files, group);
    const notes = named.filter(({ isPacked }) => isPacked).map(({ number }) => readNote(dir, group, number));
    for (const note of notes) {
      const { part } = note;
      packed.push(note);
      for (const symbol of note.symbols) symbols.add(symbol);
      records += part.records;
      bytes += part.contentBytes;
      if (part.lastSeq !== null && part.lastRx !== null) {
        reached({ seq: part.lastSeq, rxMs: part.lastRx, rank: Math.max(...part.streams.map(streamRank)) });
      }
    }
    const packedNumbers = new Set(named.filter(({ isPacked }) => isPacked).map(({ number }) => number));
    const numbers = named.filter(({ isPacked }) => !isPacked).map(({ number }) => number);
    const lastNumber = Math.max(0, ...numbers, ...packedNumbers);
    for (const number of numbers) {
      const path = join(dir, segmentFile(group, number));
      if (packedNumbers.has(number)) {
        // The recorder ended between writing the note of a part and removing the segment it was made of.
        rmSync(path);
        continue;
      }
      const content = readFileSync(path);
      const scan = scanSegment(content, group, number);
      if (scan.restBytes > 0) {
        setAside.push(setTailAside(dir, segmentFile(group, number), content.subarray(scan.verifiedBytes)));
        setAsideBytes += scan.restBytes;
        truncateSync(path, scan.verifiedBytes);
      }
      for (const symbol of scan.symbols) symbols.add(symbol);
      if (scan.lastRecord !== null) reached(scan.lastRecord);
      lastSeq = Math.max(lastSeq, scan.last, scan.unverified.lastSeq);
      records += scan.records;
      bytes += scan.contentBytes;
      restarts = Math.max(restarts, scan.restarts);
      const isOpen = number === lastNumber;
      if (isOpen) isClosed &&= scan.isClosed;
      if (scan.verifiedBytes === 0) {
        rmSync(path);
        if (isOpen) open.set(group, { number });
      } else if (isOpen) open.set(group, { number, end: endOf(scan) });
      else ended.push(endedOf(scan, group, number, [...symbols]));
    }
    if (!open.has(group)) open.set(group, { number: lastNumber + 1 });
  }
  const isWhole = isClosed && setAside.length === 0;
  const tail =
    setAside.length === 0 ? "" : `; ${setAsideBytes} bytes without a checkpoint are in ${setAside.join(", ")}`;
  return {
    symbols: [...symbols],
    packed,
    ended,
    open,
    lastSeq,
    lastRecord,
    records,
    bytes,
    restarts,
    setAsideBytes,
    missing: isWhole ? 0 : null,
    cause: isWhole ? "the recorder was closed and started again" : `the recorder ended without closing${tail}`,
  };
}

/** Segments of a group by number; a packed one comes before the file it was made of. */
export function segmentsOf(files: readonly string[], group: PartGroup): SegmentName[] {
  return files
    .map(segmentName)
    .filter((name): name is SegmentName => name?.group === group)
    .sort((left, right) => left.number - right.number || Number(right.isPacked) - Number(left.isPacked));
}

/** @throws {UserError} when the note, or the part it is about, is not as the recorder left it. */
export function readNote(dir: string, group: PartGroup, number: number): PackedNote {
  const file = `${dir.replace(/\/+$/, "")}/${packedNoteFile(group, number)}`;
  let note: PackedNote;
  try {
    note = JSON.parse(readFileSync(file, "utf8")) as PackedNote;
  } catch (error) {
    throw unusable(
      [{ file, text: "Cannot use the packed segment: its note is no JSON, a whole one is needed" }],
      error,
    );
  }
  const size = statSync(join(dir, note.part.file), { throwIfNoEntry: false })?.size;
  if (size === note.part.bytes) return note;
  const what = size === undefined ? "is missing" : `has ${size} bytes`;
  const text = `Cannot use the packed segment: ${note.part.file} ${what}, its note says ${note.part.bytes} bytes`;
  throw unusable([{ file, text, hint: `"sim inspect ${dir}" says what is there` }]);
}

function setTailAside(dir: string, file: string, tail: Buffer): string {
  for (let attempt = 1; ; attempt++) {
    const name = `${file}.${attempt}${TORN}`;
    if (statSync(join(dir, name), { throwIfNoEntry: false }) !== undefined) continue;
    writeDurably(join(dir, name), tail);
    syncDirectory(dir);
    return name;
  }
}

function endOf(scan: SegmentScan): SegmentEnd {
  return {
    bytes: scan.verifiedBytes,
    checkpoints: scan.checkpoints,
    records: scan.records,
    lastSeq: scan.lastRecord?.seq ?? 0,
    contentBytes: scan.contentBytes,
    contentCrc: scan.contentCrc,
    tally: scan.tally,
  };
}

function endedOf(scan: SegmentScan, group: PartGroup, number: number, symbols: readonly string[]): EndedSegment {
  const { contentBytes, contentCrc } = scan;
  return { group, number, symbols, tally: scan.tally.snapshot(), contentBytes, contentCrc };
}
