import { closeSync, openSync, readSync } from "node:fs";
import { basename } from "node:path";
import type { Problem } from "../../diagnostics/user-error.ts";
import { plainDecimal } from "../decimal.ts";
import type { InputFile } from "../manifest.ts";
import { CandleColumns, columnOf, MINUTE_MS } from "./candle-columns.ts";
import { kindHint } from "./file-kind.ts";
import { readBytes, readSource, type SourceFile } from "./source-file.ts";
import { invalidUtf8, sourceLines } from "./source-lines.ts";
import type { TimeUnit } from "./time-unit.ts";

export { MINUTE_MS } from "./candle-columns.ts";

/** Enough to see the pattern of a broken file; the rest is only counted. */
const PROBLEMS_PER_FILE_MAX = 5;
const ARROW_MAGIC = "ARROW1";

export const CANDLE_NUMBERS = 5;

export interface Candle {
  readonly open: string;
  readonly high: string;
  readonly low: string;
  readonly close: string;
  readonly volume: string;
  /** Further columns, as they came. */
  readonly extra?: Readonly<Record<string, string>>;
}

/** One symbol's minute candles, checked. */
export interface CandleFile {
  readonly symbol: string;
  readonly path: string;
  /** One per source file of the symbol, in the order of their times. */
  readonly inputs: readonly InputFile[];
  readonly unit: TimeUnit;
  /** `archive` is the twelve-column form of the public archive. */
  readonly form: "csv" | "archive" | "feather";
  /** Open time of each candle, strictly increasing, whole minutes. */
  readonly openTimesMs: Float64Array;
  /** Open, high, low, close and volume of each candle, one after the other: `CANDLE_NUMBERS` a candle. */
  readonly numbers: Float64Array;
  /** Decimals of the candle at that place, as the file has them (without exponents). */
  candle(index: number): Candle;
}

/** Rows of an Arrow file as lines of CSV: header first, then `open_time_ms,open,high,low,close,volume` and what else there is. */
export type ArrowLines = (bytes: Uint8Array) => { readonly lines: readonly string[] } | { readonly what: string };

/**
 * Reads one symbol's candles: CSV with the header `open_time_ms,open,high,low,close,volume` (`open_time` is taken too,
 * further columns are carried), klines of the public archive with or without a header, either as they are, in gzip or
 * in zip, or a feather file. The symbol is the file name up to `-1m`.
 *
 * @returns the file, or its problems: no such header, no number, high below low or not the extreme, a time in another
 * unit, off the minute, twice or out of order, candles of a longer interval.
 * @throws {UserError} when the file cannot be read or unpacked.
 */
export function readCandleFile(
  path: string,
  arrowLines?: ArrowLines,
): { file: CandleFile } | { problems: readonly Problem[] } {
  const isFeather = isArrowFile(path);
  const source = isFeather ? readBytes(path, "candles") : readSource(path, "candles");
  if (!isFeather) return readLines(source, sourceLines(source.bytes), "csv");
  const read =
    arrowLines === undefined ? { what: "it is a feather file, CSV is needed here" } : arrowLines(source.bytes);
  if ("what" in read) return { problems: [{ file: path, text: `Cannot import candles: ${read.what}` }] };
  return readLines(
    source,
    read.lines.map((text, index) => ({ line: index + 1, text })),
    "feather",
  );
}

/** Whether the file begins as Arrow files do; a file that cannot be read is none, and whoever reads it says why. */
export function isArrowFile(path: string): boolean {
  let file: number | null = null;
  try {
    file = openSync(path, "r");
    const head = Buffer.alloc(ARROW_MAGIC.length);
    readSync(file, head, 0, head.length, 0);
    return head.toString("latin1") === ARROW_MAGIC;
  } catch {
    return false;
  } finally {
    if (file !== null) closeSync(file);
  }
}

type Lines = Iterable<{
  readonly line: number;
  readonly text: string | null;
  readonly start?: number;
  readonly end?: number;
}>;

function readLines(source: SourceFile, lines: Lines, kind: "csv" | "feather"): ReturnType<typeof readCandleFile> {
  const { path } = source;
  const problems: Problem[] = [];
  const times: number[] = [];
  const numbers: number[] = [];
  const rows: string[] = [];
  let columns: CandleColumns | null = null;
  let isHeaded = true;
  for (const { line, text, start = 0, end = 0 } of lines) {
    if (text === null) {
      problems.push(invalidUtf8(path, line, source.bytes.subarray(start, end), "the candle"));
    } else {
      if (columns === null) {
        const read = CandleColumns.ofFirstLine(text);
        if ("what" in read) {
          const hint = kindHint(source.bytes, "sim import candles");
          return { problems: [{ file: path, line, text: `Cannot import candles: ${read.what}`, ...hint }] };
        }
        ({ columns } = read);
        isHeaded = read.isHeader;
        if (isHeaded) continue;
      }
      const fields = text.split(",");
      const read = columns.read(fields, times.at(-1) ?? null);
      if ("numbers" in read) {
        times.push(read.timeMs);
        numbers.push(...read.numbers);
        rows.push(text);
        continue;
      }
      const column = kind === "feather" || read.field === undefined ? {} : { column: columnOf(fields, read.field) };
      problems.push({ file: path, line, ...column, text: `Cannot import the candle: ${read.what}` });
    }
    if (problems.length === PROBLEMS_PER_FILE_MAX) break;
  }
  if (problems.length > 0) return { problems };
  const interval = longerInterval(times);
  if (interval !== null) {
    const what = `their times are ${interval} minutes apart, one-minute candles are needed`;
    return { problems: [{ file: path, text: `Cannot import candles: ${what}` }] };
  }
  if (columns === null || times.length === 0) {
    return { problems: [{ file: path, text: "Cannot import candles: the file has none, one at least is needed" }] };
  }
  const { names } = columns;
  const file: CandleFile = {
    symbol: symbolOfFile(path),
    path,
    inputs: [source.input],
    unit: columns.unit ?? "ms",
    form: kind === "feather" ? "feather" : names.includes("close_time") ? "archive" : "csv",
    openTimesMs: Float64Array.from(times),
    numbers: Float64Array.from(numbers),
    candle: (index) => toCandle(rows[index]!, names),
  };
  return { file };
}

/**
 * `symbolOfFile("data/BTCUSDT-1m.csv.gz")` is `"BTCUSDT"`, as is that of freqtrade's `BTC_USDT_USDT-1m-futures.feather`
 * and `BTC_USDT-1m.feather`.
 */
export function symbolOfFile(path: string): string {
  const name = basename(path).replace(/\.gz$/, "");
  const pair = /^([^_-]+)_([^_-]+)(?:_[^_-]+)?-1m(?:-futures)?\.feather$/.exec(name);
  if (pair !== null) return `${pair[1]}${pair[2]}`.normalize("NFC");
  return name
    .replace(/\.(?:csv|zip|feather|arrow|ipc)$/, "")
    .replace(/-1m(?:-futures)?(?:-[\d-]+)?$/, "")
    .normalize("NFC");
}

/**
 * Files of one symbol (days or months of an archive) as one, in the order of their times.
 *
 * @returns what is wrong when two of them hold the same time.
 */
export function joinCandleFiles(files: readonly CandleFile[]): CandleFile | Problem {
  const parts = [...files].sort(
    (left, right) => left.openTimesMs[0]! - right.openTimesMs[0]! || (left.path < right.path ? -1 : 1),
  );
  const [first] = parts as [CandleFile];
  if (parts.length === 1) return first;
  for (const [index, part] of parts.entries()) {
    const before = parts[index - 1];
    if (before === undefined || before.openTimesMs.at(-1)! < part.openTimesMs[0]!) continue;
    const text =
      `Cannot import candles of "${part.symbol}": ${before.path} has them too from ` +
      `${new Date(part.openTimesMs[0]!).toISOString()}, each minute once is needed`;
    return { file: part.path, text };
  }
  const starts: number[] = [];
  let length = 0;
  for (const { openTimesMs } of parts) {
    starts.push(length);
    length += openTimesMs.length;
  }
  const openTimesMs = new Float64Array(length);
  const numbers = new Float64Array(length * CANDLE_NUMBERS);
  for (const [index, part] of parts.entries()) {
    openTimesMs.set(part.openTimesMs, starts[index]!);
    numbers.set(part.numbers, starts[index]! * CANDLE_NUMBERS);
  }
  return {
    ...first,
    inputs: parts.flatMap(({ inputs }) => inputs),
    openTimesMs,
    numbers,
    candle: (at) => {
      let part = parts.length - 1;
      while (starts[part]! > at) part--;
      return parts[part]!.candle(at - starts[part]!);
    },
  };
}

function toCandle(row: string, names: readonly string[]): Candle {
  const fields = row.split(",");
  const [, open, high, low, close, volume] = fields.slice(0, 6).map((field) => plainDecimal(field) ?? field);
  const rest = names.slice(6).map((name, index): [string, string] => [name, fields[index + 6]!]);
  const extra = rest.length === 0 ? {} : { extra: Object.fromEntries(rest) };
  return { open: open!, high: high!, low: low!, close: close!, volume: volume!, ...extra };
}

/** Minutes between candles when every distance is a multiple of the same number above one; `null` for minute candles. */
function longerInterval(times: readonly number[]): number | null {
  let divisor = 0;
  for (let index = 1; index < times.length; index++) {
    divisor = greatestCommonDivisor(divisor, (times[index]! - times[index - 1]!) / MINUTE_MS);
    if (divisor === 1) return null;
  }
  // Two candles with a hole between them say nothing about the interval.
  return divisor > 1 && times.length > 2 ? divisor : null;
}

function greatestCommonDivisor(left: number, right: number): number {
  let [a, b] = [left, right];
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}
