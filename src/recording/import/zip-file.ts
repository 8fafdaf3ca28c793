import { crc32 } from "node:zlib";
import { Inflate } from "fflate";
import { isPackedTooWell, SOURCE_LIMITS } from "./source-limits.ts";

const END_SIGNATURE = 0x06054b50;
const DIRECTORY_SIGNATURE = 0x02014b50;
const LOCAL_SIGNATURE = 0x04034b50;
const END_BYTES = 22;
/** The comment at the end of a zip has at most this many bytes. */
const COMMENT_BYTES_MAX = 0xffff;
/** In these fields it means "see the zip64 part". */
const ZIP64 = 0xffffffff;
const STORED = 0;
const DEFLATED = 8;
const IS_ENCRYPTED = 1;
const PIECE_BYTES = 64 * 1024;

export interface ZippedFile {
  readonly name: string;
  readonly bytes: Buffer;
}

interface DirectoryEntry {
  readonly name: string;
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  readonly packedBytes: number;
  readonly unpackedBytes: number;
  readonly offset: number;
}

/** Whether a file begins like a zip; an empty one begins with its end. */
export function isZip(bytes: Uint8Array): boolean {
  const isPk = bytes[0] === 0x50 && bytes[1] === 0x4b;
  return isPk && ((bytes[2] === 3 && bytes[3] === 4) || (bytes[2] === 5 && bytes[3] === 6));
}

/**
 * The one file of a zip, as the public archive ships them (format: PKWARE APPNOTE 6.3.10, sections 4.3.6 to 4.3.16).
 * It is unpacked in pieces of 64 KiB, and given up as soon as it grows beyond what it said, or beyond the limits.
 *
 * @returns what is wrong with the zip otherwise: torn, encrypted, several files, another size or CRC than it says.
 */
export function unzipOne(zip: Buffer): ZippedFile | { readonly what: string } | { readonly bombBytes: number } {
  const entries = directoryOf(zip);
  if (typeof entries === "string") return { what: entries };
  const files = entries.filter(({ name }) => !name.endsWith("/"));
  const [entry] = files;
  if (entry === undefined || files.length > 1) {
    const names = files.slice(0, 3).map(({ name }) => JSON.stringify(name.slice(0, 80)));
    return { what: `it holds ${files.length} files${names.length > 0 ? ` (${names.join(", ")})` : ""}, one is needed` };
  }
  if ((entry.flags & IS_ENCRYPTED) !== 0) return { what: "it is encrypted, a plain one is needed" };
  if (entry.method !== STORED && entry.method !== DEFLATED) {
    return { what: `it is packed by method ${entry.method}, deflate (8) or none (0) is needed` };
  }
  if (entry.unpackedBytes > SOURCE_LIMITS.unpackedBytesMax || isPackedTooWell(zip.length, entry.unpackedBytes)) {
    return { bombBytes: entry.unpackedBytes };
  }
  const packed = packedBytes(zip, entry);
  if (typeof packed === "string") return { what: packed };
  const bytes = entry.method === STORED ? packed : inflate(packed, entry.unpackedBytes);
  if (typeof bytes === "string") return { what: bytes };
  if (bytes.length !== entry.unpackedBytes) {
    return { what: `${bytes.length} bytes came out, its directory says ${entry.unpackedBytes} (is it cut off?)` };
  }
  if (crc32(bytes) !== entry.crc) return { what: "its CRC-32 does not match, an undamaged file is needed" };
  return { name: entry.name, bytes };
}

function directoryOf(zip: Buffer): DirectoryEntry[] | string {
  const end = endOf(zip);
  if (end < 0) return "its directory at the end is missing (is it cut off?), a whole zip is needed";
  const count = zip.readUInt16LE(end + 10);
  const start = zip.readUInt32LE(end + 16);
  if (start === ZIP64 || count === 0xffff) return "it is a zip64, one below 4 GiB is needed";
  const entries: DirectoryEntry[] = [];
  for (let at = start, index = 0; index < count; index++) {
    if (at + 46 > end || zip.readUInt32LE(at) !== DIRECTORY_SIGNATURE) return "its directory is damaged";
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((offset) => zip.readUInt16LE(at + offset));
    const next = at + 46 + nameBytes! + extraBytes! + commentBytes!;
    if (next > end) return "its directory is damaged";
    const entry = {
      name: zip.toString("utf8", at + 46, at + 46 + nameBytes!),
      flags: zip.readUInt16LE(at + 8),
      method: zip.readUInt16LE(at + 10),
      crc: zip.readUInt32LE(at + 16),
      packedBytes: zip.readUInt32LE(at + 20),
      unpackedBytes: zip.readUInt32LE(at + 24),
      offset: zip.readUInt32LE(at + 42),
    };
    if ([entry.packedBytes, entry.unpackedBytes, entry.offset].includes(ZIP64)) {
      return "it is a zip64, one below 4 GiB is needed";
    }
    entries.push(entry);
    at = next;
  }
  return entries;
}

function endOf(zip: Buffer): number {
  const lowest = Math.max(0, zip.length - END_BYTES - COMMENT_BYTES_MAX);
  for (let at = zip.length - END_BYTES; at >= lowest; at--) {
    if (zip.readUInt32LE(at) === END_SIGNATURE && at + END_BYTES + zip.readUInt16LE(at + 20) === zip.length) return at;
  }
  return -1;
}

function packedBytes(zip: Buffer, { offset, packedBytes: size }: DirectoryEntry): Buffer | string {
  if (offset + 30 > zip.length || zip.readUInt32LE(offset) !== LOCAL_SIGNATURE)
    return "the head of its file is damaged";
  const start = offset + 30 + zip.readUInt16LE(offset + 26) + zip.readUInt16LE(offset + 28);
  if (start + size > zip.length) return "its file is cut off, a whole zip is needed";
  return zip.subarray(start, start + size);
}

function inflate(packed: Buffer, unpackedBytes: number): Buffer | string {
  const pieces: Uint8Array[] = [];
  let length = 0;
  const inflater = new Inflate((piece) => {
    // Handed out as it comes; a view of the inflater's window would change under us.
    pieces.push(piece.slice());
    length += piece.length;
  });
  try {
    for (let start = 0; start < packed.length; start += PIECE_BYTES) {
      inflater.push(packed.subarray(start, start + PIECE_BYTES), start + PIECE_BYTES >= packed.length);
      if (length > unpackedBytes) return `more than the ${unpackedBytes} bytes of its directory came out`;
    }
  } catch (error) {
    return `it does not unpack (${error instanceof Error ? error.message : String(error)}), an undamaged file is needed`;
  }
  return Buffer.concat(pieces);
}
