import { basename } from "node:path";
import type { Problem } from "../../diagnostics/user-error.ts";
import { plainDecimal } from "../decimal.ts";
import type { InputFile } from "../manifest.ts";
import { csvLines } from "./csv-lines.ts";
import { readSource, timeProblem } from "./source-file.ts";

export const MINUTE_MS = 60_000;
const COLUMNS = ["open_time_ms", "open", "high", "low", "close", "volume"] as const;
/** Enough to see the pattern of a broken file; the rest is only counted. */
const PROBLEMS_PER_FILE_MAX = 5;

export interface Candle {
  readonly open: string;
  readonly high: string;
  readonly low: string;
  readonly close: string;
  readonly volume: string;
}

/** One symbol's minute candles, checked. */
export interface CandleFile {
  readonly symbol: string;
  readonly path: string;
  readonly input: InputFile;
  /** Open time of each candle, strictly increasing, whole minutes. */
  readonly openTimesMs: Float64Array;
  /** Decimals of the candle at that place, as the file has them (without exponents). */
  candle(index: number): Candle;
}

/**
 * Reads one CSV or CSV.gz with the header `open_time_ms,open,high,low,close,volume` (`open_time` is taken too, further
 * columns are ignored). The symbol is the file name up to `-1m`.
 *
 * @returns the file, or its problems: no such header, no number, high below low or not the extreme, a time in another
 * unit, off the minute, twice or out of order, candles of a longer interval.
 * @throws {UserError} when the file cannot be read or unpacked.
 */
export function readCandleFile(path: string): { file: CandleFile } | { problems: readonly Problem[] } {
  const source = readSource(path, "candles");
  const text = source.bytes.toString("utf8");
  const problems: Problem[] = [];
  const refuse = (line: number, what: string): void => {
    problems.push({ file: path, line, text: `Cannot import the candle: ${what}` });
  };
  const times: number[] = [];
  const rows: string[] = [];
  for (const { line, text: row } of csvLines(text)) {
    if (line === 1) {
      const problem = headerProblem(row);
      if (problem === null) continue;
      return { problems: [{ file: path, line, text: `Cannot import candles: ${problem}` }] };
    }
    const problem = rowProblem(row, times.at(-1) ?? null);
    if (problem !== null) refuse(line, problem);
    else {
      times.push(Number(row.slice(0, row.indexOf(","))));
      rows.push(row);
    }
    if (problems.length === PROBLEMS_PER_FILE_MAX) break;
  }
  if (problems.length > 0) return { problems };
  const interval = longerInterval(times);
  if (interval !== null) {
    const what = `their times are ${interval} minutes apart, one-minute candles are needed`;
    return { problems: [{ file: path, text: `Cannot import candles: ${what}` }] };
  }
  if (times.length === 0) {
    return { problems: [{ file: path, text: "Cannot import candles: the file has none, one at least is needed" }] };
  }
  const openTimesMs = Float64Array.from(times);
  const candle = (index: number): Candle => toCandle(rows[index]!);
  return { file: { symbol: symbolOfFile(path), path, input: source.input, openTimesMs, candle } };
}

/** `symbolOfFile("data/BTCUSDT-1m.csv.gz")` is `"BTCUSDT"`. */
export function symbolOfFile(path: string): string {
  const name = basename(path)
    .replace(/\.gz$/, "")
    .replace(/\.csv$/, "");
  return name.replace(/-1m(?:-[\d-]+)?$/, "").normalize("NFC");
}

function headerProblem(header: string): string | null {
  const names = header
    .replace(/^\ufeff/, "")
    .split(",")
    .slice(0, COLUMNS.length);
  const isKnown = COLUMNS.every((name, index) => names[index] === name || (index === 0 && names[0] === "open_time"));
  if (isKnown) return null;
  return `the header begins "${header.slice(0, 80)}", "${COLUMNS.join(",")}" is needed`;
}

function rowProblem(row: string, previousMs: number | null): string | null {
  const fields = row.split(",");
  if (fields.length < COLUMNS.length) {
    return `the line has ${fields.length} fields, ${COLUMNS.length} at least are needed (is the file cut off?)`;
  }
  const timeMs = /^\d+$/.test(fields[0]!) ? Number(fields[0]) : Number.NaN;
  const unit = timeProblem(timeMs);
  if (unit !== null) return `open time is "${fields[0]}": ${unit}`;
  if (timeMs % MINUTE_MS !== 0) return `open time ${timeMs} is off the minute, whole minutes are needed`;
  if (previousMs !== null && timeMs <= previousMs) {
    const what = timeMs === previousMs ? "is there twice" : `comes after ${previousMs}`;
    return `open time ${timeMs} ${what}, times must increase`;
  }
  const values: number[] = [];
  for (const [index, name] of COLUMNS.entries()) {
    if (index === 0) continue;
    const value = plainDecimal(fields[index]!) === null ? Number.NaN : Number(fields[index]);
    if (!Number.isFinite(value)) return `${name} is "${fields[index]}", a decimal number is needed`;
    if (name === "volume" ? value < 0 : value <= 0) {
      return `${name} is ${fields[index]}, ${name === "volume" ? "0 or more" : "more than 0"} is needed`;
    }
    values.push(value);
  }
  const [open, high, low, close] = values as [number, number, number, number];
  if (high < low) return `high ${fields[2]} is below low ${fields[3]}, the highest price of the minute is needed`;
  if (open > high || close > high) return `high ${fields[2]} is below open or close, the highest price is needed`;
  if (open < low || close < low) return `low ${fields[3]} is above open or close, the lowest price is needed`;
  return null;
}

function toCandle(row: string): Candle {
  const [, open, high, low, close, volume] = row.split(",").map((field) => plainDecimal(field) ?? field);
  return { open: open!, high: high!, low: low!, close: close!, volume: volume! };
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
