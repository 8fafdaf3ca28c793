import type { Problem } from "../../diagnostics/user-error.ts";
import { plainDecimal } from "../decimal.ts";
import type { InputFile } from "../manifest.ts";
import type { InputRow } from "../record.ts";
import { columnOf, type RowProblem } from "./candle-columns.ts";
import { kindHint } from "./file-kind.ts";
import { badSource, readSource, timeProblem } from "./source-file.ts";
import { invalidUtf8, sourceLines } from "./source-lines.ts";
import { symbolOfTradesFile } from "./trade-columns.ts";

const HEADER = "symbol,funding_time_ms,funding_rate";
/** The public archive's, where the file name says the symbol. */
const ARCHIVE_HEADER = "calc_time,funding_interval_hours,last_funding_rate";
const PROBLEMS_MAX = 5;

export interface FundingRate {
  readonly symbol: string;
  /** Real offsets of some milliseconds after the hour are kept. */
  readonly tsMs: number;
  /** Share of position notional a long pays a short; may be negative. */
  readonly rate: string;
}

/**
 * Reads a funding CSV with the header `symbol,funding_time_ms,funding_rate`, or one of the public archive (gzip and zip
 * too); times increase per symbol.
 *
 * @throws {UserError} with the lines that are no funding record, the first five.
 */
export function readFundingFile(path: string): { rates: readonly FundingRate[]; input: InputFile } {
  const { bytes, input } = readSource(path, "funding");
  const problems: Problem[] = [];
  const rates: FundingRate[] = [];
  const lastBySymbol = new Map<string, number>();
  let archiveSymbol: string | null = null;
  for (const { line, text, start, end } of sourceLines(bytes)) {
    if (line === 1) {
      const header = (text ?? "").replace(/^\ufeff/, "");
      if (header.startsWith(HEADER)) continue;
      archiveSymbol = header.startsWith(ARCHIVE_HEADER) ? symbolOfTradesFile(path) : null;
      if (archiveSymbol !== null) continue;
      const what = `the header is ${JSON.stringify(header.slice(0, 80))}, "${HEADER}" is needed`;
      const hint = header.startsWith(ARCHIVE_HEADER)
        ? { hint: "name the file after its symbol" }
        : kindHint(bytes, "sim import funding");
      throw badSource([{ file: path, line, text: `Cannot import funding: ${what}`, ...hint }]);
    }
    if (text === null) problems.push(invalidUtf8(path, line, bytes.subarray(start, end), "the funding record"));
    else {
      const fields = archiveSymbol === null ? text.split(",") : archiveFields(archiveSymbol, text);
      const rate = toRate(fields, text, lastBySymbol);
      if ("rate" in rate) rates.push(rate);
      else {
        const isPlaced = rate.field !== undefined && archiveSymbol === null;
        const column = isPlaced ? { column: columnOf(fields, rate.field!) } : {};
        problems.push({ file: path, line, ...column, text: `Cannot import the funding record: ${rate.what}` });
      }
    }
    if (problems.length === PROBLEMS_MAX) break;
  }
  if (problems.length > 0) throw badSource(problems);
  return { rates, input };
}

function archiveFields(symbol: string, text: string): string[] {
  const [time, , rate, ...rest] = text.split(",");
  return rate === undefined ? [] : [symbol, time!, rate, ...rest];
}

/** Records for the symbols and the span of a recording, in replay order, and how many were left out. */
export function fundingRows(
  rates: readonly FundingRate[],
  symbols: readonly string[],
  firstMs: number,
  lastMs: number,
): { rows: InputRow[]; outsideSpan: number; otherSymbols: number } {
  const order = new Map(symbols.map((symbol, index) => [symbol, index]));
  const known = rates.filter(({ symbol }) => order.has(symbol));
  const inside = known.filter(({ tsMs }) => tsMs >= firstMs && tsMs <= lastMs);
  const rows = inside
    .sort((left, right) => left.tsMs - right.tsMs || order.get(left.symbol)! - order.get(right.symbol)!)
    .map(({ symbol, tsMs, rate }) => ({ rxMs: tsMs, stream: "funding", payload: { sym: symbol, rate } }));
  return { rows, outsideSpan: known.length - inside.length, otherSymbols: rates.length - known.length };
}

/** The sentence for the manifest's notes, or `null` when everything was taken. */
export function fundingNote(counts: { outsideSpan: number; otherSymbols: number }): string | null {
  const { outsideSpan, otherSymbols } = counts;
  if (outsideSpan + otherSymbols === 0) return null;
  return `funding left out: ${otherSymbols} records of symbols without prices, ${outsideSpan} outside the span of prices`;
}

function toRate(fields: readonly string[], text: string, lastBySymbol: Map<string, number>): FundingRate | RowProblem {
  const [symbol, time, rateText] = fields;
  if (fields.length < 3 || symbol === "") {
    return { what: `the line is ${JSON.stringify(text.slice(0, 80))}, ${HEADER} is needed` };
  }
  const tsMs = /^\d+$/.test(time!) ? Number(time) : Number.NaN;
  const unit = timeProblem(tsMs);
  if (unit !== null) return { what: `time is ${JSON.stringify(time!.slice(0, 40))}: ${unit}`, field: 1 };
  const rate = plainDecimal(rateText!);
  if (rate === null || !Number.isFinite(Number(rate))) {
    return { what: `rate is ${JSON.stringify(rateText!.slice(0, 40))}, a decimal number is needed`, field: 2 };
  }
  const last = lastBySymbol.get(symbol!);
  if (last !== undefined && tsMs <= last) {
    const what = tsMs === last ? "is there twice" : `comes after ${last}`;
    return { what: `time ${tsMs} of ${symbol} ${what}, times must increase per symbol`, field: 1 };
  }
  lastBySymbol.set(symbol!, tsMs);
  return { symbol: symbol!, tsMs, rate };
}
