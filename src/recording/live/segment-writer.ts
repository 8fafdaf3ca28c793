import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";

import type { PartGroup } from "../manifest.ts";
import { syncDirectory } from "./durable-file.ts";
import { type ControlLine, checkpointText, controlText, segmentFile } from "./segment-lines.ts";
import { SegmentTally } from "./segment-tally.ts";

/** Records of a segment wait for the next write up to this size. */
export const SEGMENT_BUFFER_BYTES = 256 * 1024;

/** Where an existing segment ends, after its torn tail was set aside. */
export interface SegmentEnd {
  readonly bytes: number;
  readonly checkpoints: number;
  readonly records: number;
  readonly lastSeq: number;
  readonly contentBytes: number;
  readonly contentCrc: number;
  readonly tally: SegmentTally;
}

/**
 * Appends the records of one group to one file. Bytes only get there together with the checkpoint that vouches for
 * them, in one write.
 *
 * Every method may throw the system's error of a full or broken disk; then the file ends in a torn tail and the
 * writer must not be used again.
 */
export class SegmentWriter {
  readonly group: PartGroup;
  readonly number: number;
  readonly file: string;
  readonly tally: SegmentTally;
  readonly #descriptor: number;
  #pending: Buffer[] = [];
  #bufferedBytes = 0;
  #crc = 0;
  #checkpoints: number;
  #bytes: number;
  #recordsSinceCheckpoint = 0;
  #lastSeq: number;
  #isSynced = true;
  /** Records and bytes of records in the file and the buffer, and CRC-32 of the latter. */
  records: number;
  contentBytes: number;
  contentCrc: number;
  /** `nowMs` of the recorder when the first record came, null before. */
  firstRecordAtMs: number | null = null;

  private constructor(dir: string, group: PartGroup, number: number, flags: "wx" | "a", end: SegmentEnd) {
    this.group = group;
    this.number = number;
    this.file = segmentFile(group, number);
    this.tally = end.tally;
    this.#checkpoints = end.checkpoints;
    this.#bytes = end.bytes;
    this.#lastSeq = end.lastSeq;
    this.records = end.records;
    this.contentBytes = end.contentBytes;
    this.contentCrc = end.contentCrc;
    this.#descriptor = openSync(join(dir, this.file), flags);
  }

  /** Makes the file; its first line and first checkpoint are on the disk when this returns. */
  static create(
    dir: string,
    group: PartGroup,
    number: number,
    symbols: readonly string[],
    last: number,
  ): SegmentWriter {
    const segment = new SegmentWriter(dir, group, number, "wx", EMPTY());
    segment.control({ live: "segment", group, number, symbols });
    segment.write(last);
    segment.sync();
    syncDirectory(dir);
    return segment;
  }

  static resume(dir: string, group: PartGroup, number: number, end: SegmentEnd): SegmentWriter {
    return new SegmentWriter(dir, group, number, "a", end);
  }

  /** Size of the file once everything pending is written. */
  get bytes(): number {
    return this.#bytes + this.#bufferedBytes;
  }

  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  /** `seq` is null for static data. */
  append(line: Buffer, seq: number | null): void {
    this.#push(line);
    this.records++;
    this.#recordsSinceCheckpoint++;
    this.contentBytes += line.length;
    this.contentCrc = crc32(line, this.contentCrc);
    if (seq !== null) this.#lastSeq = seq;
  }

  control(line: ControlLine): void {
    this.#push(Buffer.from(controlText(line)));
  }

  /** Writes what is pending with its checkpoint; `last` is the last `seq` of the whole recording. */
  write(last: number): void {
    if (this.#pending.length === 0) return;
    const at = this.#bytes + this.#bufferedBytes;
    const place = { number: this.#checkpoints + 1, at, n: this.#recordsSinceCheckpoint, seq: this.#lastSeq, last };
    const bytes = Buffer.concat([...this.#pending, Buffer.from(checkpointText(place, this.#crc))]);
    for (let written = 0; written < bytes.length; ) written += writeSync(this.#descriptor, bytes, written);
    this.#bytes += bytes.length;
    this.#checkpoints++;
    this.#pending = [];
    this.#bufferedBytes = 0;
    this.#crc = 0;
    this.#recordsSinceCheckpoint = 0;
    this.#isSynced = false;
  }

  /** What was written is on the disk when this returns. */
  sync(): void {
    if (this.#isSynced) return;
    fdatasyncSync(this.#descriptor);
    this.#isSynced = true;
  }

  /** Closes the file without writing what is pending. */
  release(): void {
    closeSync(this.#descriptor);
  }

  #push(line: Buffer): void {
    this.#pending.push(line);
    this.#bufferedBytes += line.length;
    this.#crc = crc32(line, this.#crc);
  }
}

const EMPTY = (): SegmentEnd => ({
  bytes: 0,
  checkpoints: 0,
  records: 0,
  lastSeq: 0,
  contentBytes: 0,
  contentCrc: 0,
  tally: new SegmentTally(),
});
