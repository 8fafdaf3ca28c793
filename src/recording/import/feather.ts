import { CompressionType, setCompressionCodec, type Table, tableFromIPC } from "@uwdata/flechette";
import * as lz4 from "lz4js";
import { arrowProblem } from "./arrow-check.ts";
import type { ArrowLines } from "./candle-file.ts";
import { SOURCE_LIMITS } from "./source-limits.ts";

/** Names of the time column, as pandas and freqtrade write it, and as our CSV has it. */
const TIME_NAMES = ["date", "open_time_ms", "open_time", "timestamp"];
const PRICE_NAMES = ["open", "high", "low", "close", "volume"];
const LZ4_FRAME_MAGIC = 0x184d2204;
/** One byte of LZ4 unpacks to 255 at most. */
const LZ4_RATIO_MAX = 255;
const ROWS_MAX = 20_000_000;

/**
 * Rows of an Arrow IPC file (feather 2) with columns date, open, high, low, close and volume as lines of CSV. Times may
 * be timestamps of any unit or whole numbers of milliseconds, microseconds or nanoseconds. Buffers may be packed as LZ4
 * frames; Zstandard is refused, because Node 20 cannot unpack it.
 *
 * @returns what is wrong with the file otherwise.
 */
export const arrowLines: ArrowLines = (bytes) => {
  const damage = arrowProblem(bytes);
  if (damage !== null) return { what: `it is no whole Arrow file of plain columns (${damage}), one is needed` };
  setCompressionCodec(CompressionType.LZ4_FRAME, { encode: refuseToPack, decode: unpack });
  let table: Table;
  try {
    table = tableFromIPC(bytes, { useBigInt: true, useDate: false });
    return linesOf(table);
  } catch (error) {
    // The library throws whatever a damaged file makes it stumble over; any of it means the same.
    const reason = error instanceof Error ? error.message : String(error);
    if (/ZSTD/i.test(reason)) {
      return {
        what: 'it is packed with Zstandard, LZ4 or none is needed (pandas: to_feather(..., compression="lz4"))',
      };
    }
    return { what: `it is no whole Arrow file (${reason.slice(0, 120)}), one is needed` };
  }
};

function linesOf(table: Table): { lines: string[] } | { what: string } {
  const names: string[] = table.schema.fields.map(({ name }) => String(name));
  const time = TIME_NAMES.find((name) => names.includes(name));
  const missing = time === undefined ? TIME_NAMES[0]! : PRICE_NAMES.find((name) => !names.includes(name));
  if (time === undefined || missing !== undefined) {
    return { what: `its columns are ${names.slice(0, 12).join(", ")}, a column "${missing}" is needed` };
  }
  if (table.numRows > ROWS_MAX) return { what: `it has ${table.numRows} rows, at most ${ROWS_MAX} are needed` };
  const rest = names.filter((name) => name !== time && !PRICE_NAMES.includes(name) && name !== "__index_level_0__");
  const ordered = [time, ...PRICE_NAMES, ...rest];
  if (new Set(ordered).size !== ordered.length)
    return { what: "two of its columns have one name, each its own is needed" };
  const columns = ordered.map((name) => table.getChild(name)!.toArray() as ArrayLike<unknown>);
  const lines = [["open_time", ...ordered.slice(1)].join(",")];
  for (let row = 0; row < table.numRows; row++) lines.push(columns.map((column) => fieldText(column[row])).join(","));
  return { lines };
}

/** A comma or line break in a text would shift the fields behind it. */
function fieldText(value: unknown): string {
  if (value === null || value === undefined) return "";
  return String(value).replace(/[,\r\n]/g, " ");
}

function refuseToPack(): Uint8Array {
  throw new Error("packing is not needed");
}

function unpack(frame: Uint8Array, length: number): Uint8Array {
  const isPossible = Number.isSafeInteger(length) && length >= 0 && length <= SOURCE_LIMITS.unpackedBytesMax;
  if (!isPossible || length > frame.length * LZ4_RATIO_MAX) {
    throw new Error(`a buffer of ${frame.length} bytes says it unpacks to ${length}`);
  }
  checkFrame(frame);
  const target = new Uint8Array(length);
  const unpacked = lz4.decompressFrame(frame, target);
  if (unpacked !== length) throw new Error(`a buffer unpacks to ${unpacked} bytes and says ${length}`);
  return target;
}

/** Walks the blocks of a frame: the library would run far beyond the end of a torn one (LZ4 frame format 1.6.3). */
function checkFrame(frame: Uint8Array): void {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (frame.length < 11 || view.getUint32(0, true) !== LZ4_FRAME_MAGIC) throw new Error("a buffer is no LZ4 frame");
  const flags = view.getUint8(4);
  if ((flags & 0x10) !== 0) throw new Error("an LZ4 frame has block checksums");
  if ((flags & 0x01) !== 0) throw new Error("an LZ4 frame needs a dictionary");
  let at = 7 + ((flags & 0x08) === 0 ? 0 : 8);
  for (;;) {
    if (at + 4 > frame.length) throw new Error("an LZ4 frame is cut off");
    const size = view.getUint32(at, true) & 0x7fffffff;
    at += 4;
    if (size === 0) return;
    at += size;
  }
}
