import { crc32 } from "node:zlib";
import type { PartGroup } from "../manifest.ts";

/**
 * Lines of a live segment that are no records. All begin with the key `live`, which no record has in front (prices and
 * inputs begin with `seq`, static data with `s`), and none of them gets into a sealed part.
 */
export const CONTROL_START = '{"live":';

/** First line of a segment: which it is, and the symbol table when it began. */
export interface SegmentLine {
  readonly live: "segment";
  readonly group: PartGroup;
  readonly number: number;
  readonly symbols: readonly string[];
}

/** The symbol table grew. */
export interface SymbolLine {
  readonly live: "symbol";
  readonly index: number;
  readonly symbol: string;
}

/** A later session goes on here; `setAside` is the bytes it moved to `*.torn` in all segments. */
export interface ResumeLine {
  readonly live: "resume";
  readonly restart: number;
  readonly setAsideBytes: number;
}

/** The recorder stopped of its own will: what comes before is all it had. */
export interface CloseLine {
  readonly live: "close";
}

export type ControlLine = SegmentLine | SymbolLine | ResumeLine | CloseLine;

export function controlText(line: ControlLine): string {
  return `${JSON.stringify(line)}\n`;
}

export const CHECKPOINT_START = '{"live":"checkpoint"';

/** What a checkpoint vouches for: all bytes since the one before. */
export interface Checkpoint {
  /** 1 for the first of the segment. */
  readonly number: number;
  /** Byte of the segment at which this line begins. */
  readonly at: number;
  /** Records since the checkpoint before. */
  readonly n: number;
  /** Last `seq` of the segment, 0 without one. */
  readonly seq: number;
  /** Last `seq` of the whole recording: what a torn neighbour should have had. */
  readonly last: number;
}

/**
 * `{"live":"checkpoint","number":2,"at":180,"n":3,"seq":7,"last":9,"crc":"0a1b2c3d"}`: `crc` is the CRC-32 of the bytes
 * since the checkpoint before and of this line up to `,"crc"`, so that a damaged checkpoint does not vouch for itself.
 */
export function checkpointText(of: Checkpoint, crcOfBytes: number): string {
  const { number, at, n, seq, last } = of;
  const head = `${CHECKPOINT_START},"number":${number},"at":${at},"n":${n},"seq":${seq},"last":${last}`;
  const crc = crc32(head, crcOfBytes).toString(16).padStart(8, "0");
  return `${head},"crc":"${crc}"}\n`;
}

const CHECKPOINT = /^\{"live":"checkpoint","number":\d+,"at":\d+,"n":\d+,"seq":\d+,"last":(\d+),"crc":"[0-9a-f]{8}"\}$/;

/** `last` of a checkpoint line, null when the line is none in the writer's form. The caller compares the rest. */
export function checkpointLast(line: string): number | null {
  const found = CHECKPOINT.exec(line);
  const last = found === null ? Number.NaN : Number(found[1]);
  return Number.isSafeInteger(last) ? last : null;
}

/** `market.0001.ndjson.part` */
export function segmentFile(group: PartGroup, number: number): string {
  return `${segmentStem(group, number)}.ndjson.part`;
}

/** What the segment becomes: `market.0001.ndjson.gz`. */
export function packedFile(group: PartGroup, number: number): string {
  return `${segmentStem(group, number)}.ndjson.gz`;
}

/** What is known of a packed segment until the manifest says it: `market.0001.packed.json`. */
export function packedNoteFile(group: PartGroup, number: number): string {
  return `${segmentStem(group, number)}.packed.json`;
}

function segmentStem(group: PartGroup, number: number): string {
  return `${group}.${String(number).padStart(4, "0")}`;
}

const SEGMENT = /^(market|inputs|exchange)\.(\d{4,})\.(ndjson\.part|packed\.json)$/;

export interface SegmentName {
  readonly group: PartGroup;
  readonly number: number;
  readonly isPacked: boolean;
}

/** What a file of an unsealed recording is, null when it is no segment. */
export function segmentName(file: string): SegmentName | null {
  const found = SEGMENT.exec(file);
  if (found === null) return null;
  return { group: found[1] as PartGroup, number: Number(found[2]), isPacked: found[3] === "packed.json" };
}
