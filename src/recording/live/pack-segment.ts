import { createHash } from "node:crypto";
import { renameSync, rmSync } from "node:fs";
import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { crc32, gzip } from "node:zlib";
import type { UserError } from "../../diagnostics/user-error.ts";
import { type ManifestPart, type PartGroup, unusable } from "../manifest.ts";
import { replaceDurably, syncDirectory, UNFINISHED } from "./durable-file.ts";
import { CONTROL_START, packedFile, packedNoteFile, segmentFile } from "./segment-lines.ts";
import type { TallySnapshot } from "./segment-tally.ts";

/** Content of one gzip member, which is also the memory packing takes, about four times. */
const MEMBER_BYTES = 1024 * 1024;
const NEWLINE = 0x0a;
const CONTROL = Buffer.from(CONTROL_START);
const CONTROL_AFTER_LINE = Buffer.from(`\n${CONTROL_START}`);
const OS_BYTE_OFFSET = 9;
const OS_UNKNOWN = 255;
const compress = promisify(gzip);

/** A segment that gets no more records. */
export interface EndedSegment {
  readonly group: PartGroup;
  readonly number: number;
  /** The symbol table when it ended. */
  readonly symbols: readonly string[];
  readonly tally: TallySnapshot;
  readonly contentBytes: number;
  readonly contentCrc: number;
}

/** What `*.packed.json` holds until the manifest is written. */
export interface PackedNote {
  readonly part: ManifestPart;
  readonly symbols: readonly string[];
  readonly tally: TallySnapshot;
}

/**
 * Turns an ended segment into a gzip part without its control lines, then removes the segment. Reading, compressing
 * and writing happen in the threads of Node's pool; between two steps the recorder runs.
 *
 * Whenever it stops, the segment or the part with its note is there, whole. `shouldStop` is asked between steps.
 *
 * @throws {UserError} when the segment does not hold what its writer wrote; the system's error when the disk is full
 * or broken. The segment stays in both cases.
 */
export async function packSegment(
  dir: string,
  of: EndedSegment,
  shouldStop: () => boolean,
): Promise<PackedNote | null> {
  const source = join(dir, segmentFile(of.group, of.number));
  const file = packedFile(of.group, of.number);
  const unfinished = join(dir, `${file}${UNFINISHED}`);
  const packedHash = createHash("sha256");
  const contentHash = createHash("sha256");
  let packedBytes = 0;
  let contentBytes = 0;
  let contentCrc = 0;
  const cutOff = () => {
    throw damaged(dir, of, "its last line is cut off");
  };
  const from = await open(source, "r");
  try {
    const to = await open(unfinished, "w");
    try {
      for await (const content of recordsOf(from, cutOff)) {
        if (shouldStop()) return null;
        const member = (await compress(content, { level: 6 })) as Buffer;
        member[OS_BYTE_OFFSET] = OS_UNKNOWN;
        contentHash.update(content);
        packedHash.update(member);
        contentCrc = crc32(content, contentCrc);
        contentBytes += content.length;
        packedBytes += member.length;
        for (let written = 0; written < member.length; ) {
          written += (await to.write(member, written)).bytesWritten;
        }
      }
      await to.sync();
    } finally {
      await to.close();
    }
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  } finally {
    await from.close();
  }
  if (shouldStop()) return null;
  if (contentBytes !== of.contentBytes || contentCrc !== of.contentCrc) {
    rmSync(unfinished, { force: true });
    throw damaged(
      dir,
      of,
      `it holds ${contentBytes} bytes of records with CRC-32 ${contentCrc}, ${of.contentBytes} bytes with CRC-32 ${of.contentCrc} were written`,
    );
  }
  const note: PackedNote = {
    part: {
      file,
      group: of.group,
      ...of.tally.extent,
      bytes: packedBytes,
      sha256: packedHash.digest("hex"),
      contentBytes,
      contentSha256: contentHash.digest("hex"),
    },
    symbols: of.symbols,
    tally: of.tally,
  };
  // One step without a pause: a recorder that was closed meanwhile may be followed by another in the same folder.
  renameSync(unfinished, join(dir, file));
  syncDirectory(dir);
  replaceDurably(join(dir, packedNoteFile(of.group, of.number)), `${JSON.stringify(note)}\n`);
  rmSync(source);
  return note;
}

function damaged(dir: string, { group, number }: EndedSegment, what: string): UserError {
  const file = `${dir.replace(/\/+$/, "")}/${segmentFile(group, number)}`;
  const text = `Cannot pack the segment: ${what}, a segment as it was written is needed`;
  return unusable([{ file, text, hint: `the disk changed it: "sim inspect ${dir}" says what is left` }]);
}

type FileHandle = Awaited<ReturnType<typeof open>>;

/** Whole records of a segment in pieces of about `MEMBER_BYTES`, control lines left out. */
async function* recordsOf(file: FileHandle, onCutOff: () => never): AsyncGenerator<Buffer> {
  let rest = Buffer.alloc(0);
  let pieces: Buffer[] = [];
  let bytes = 0;
  for (let at = 0; ; ) {
    const chunk = Buffer.allocUnsafe(MEMBER_BYTES);
    const { bytesRead } = await file.read(chunk, 0, MEMBER_BYTES, at);
    if (bytesRead === 0) break;
    at += bytesRead;
    const read = chunk.subarray(0, bytesRead);
    const data = rest.length === 0 ? read : Buffer.concat([rest, read]);
    const end = data.lastIndexOf(NEWLINE) + 1;
    rest = data.subarray(end);
    for (const piece of withoutControlLines(data.subarray(0, end))) {
      pieces.push(piece);
      bytes += piece.length;
    }
    if (bytes >= MEMBER_BYTES) {
      yield Buffer.concat(pieces);
      pieces = [];
      bytes = 0;
    }
  }
  if (rest.length > 0) onCutOff();
  if (bytes > 0) yield Buffer.concat(pieces);
}

function* withoutControlLines(lines: Buffer): Generator<Buffer> {
  let start = 0;
  let control = lines.subarray(0, CONTROL.length).equals(CONTROL) ? 0 : next(lines, 0);
  while (control >= 0) {
    if (control > start) yield lines.subarray(start, control);
    start = lines.indexOf(NEWLINE, control) + 1;
    control = lines.subarray(start, start + CONTROL.length).equals(CONTROL) ? start : next(lines, start);
  }
  if (start < lines.length) yield lines.subarray(start);
}

/** Start of the next control line that has a line before it, -1 when there is none. */
function next(lines: Buffer, from: number): number {
  const found = lines.indexOf(CONTROL_AFTER_LINE, from);
  return found < 0 ? -1 : found + 1;
}
