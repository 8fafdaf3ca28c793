import type { Problem } from "../../diagnostics/user-error.ts";
import { plainDecimal } from "../decimal.ts";
import type { InputFile } from "../manifest.ts";
import type { InputRow } from "../record.ts";
import { csvLines } from "./csv-lines.ts";
import { badSource, readSource, timeProblem } from "./source-file.ts";

const HEADER = "symbol,funding_time_ms,funding_rate";
const PROBLEMS_MAX = 5;

export interface FundingRate {
  readonly symbol: string;
  /** Real offsets of some milliseconds after the hour are kept. */
  readonly tsMs: number;
  /** Share of position notional a long pays a short; may be negative. */
  readonly rate: string;
}

/**
 * Reads a funding CSV with the header `symbol,funding_time_ms,funding_rate`; times increase per symbol.
 *
 * @throws {UserError} with the lines that are no funding record, the first five.
 */
export function readFundingFile(path: string): { rates: readonly FundingRate[]; input: InputFile } {
  const { bytes, input } = readSource(path, "funding");
  const problems: Problem[] = [];
  const rates: FundingRate[] = [];
  const lastBySymbol = new Map<string, number>();
  for (const { line, text } of csvLines(bytes.toString("utf8"))) {
    if (line === 1) {
      if (text.startsWith(HEADER)) continue;
      const what = `the header is "${text.slice(0, 80)}", "${HEADER}" is needed`;
      throw badSource([{ file: path, line, text: `Cannot import funding: ${what}` }]);
    }
    const rate = toRate(text, lastBySymbol);
    if (typeof rate === "string")
      problems.push({ file: path, line, text: `Cannot import the funding record: ${rate}` });
    else rates.push(rate);
    if (problems.length === PROBLEMS_MAX) break;
  }
  if (problems.length > 0) throw badSource(problems);
  return { rates, input };
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

function toRate(text: string, lastBySymbol: Map<string, number>): FundingRate | string {
  const fields = text.split(",");
  const [symbol, time, rateText] = fields;
  if (fields.length < 3 || symbol === "") return `the line is "${text.slice(0, 80)}", ${HEADER} is needed`;
  const tsMs = /^\d+$/.test(time!) ? Number(time) : Number.NaN;
  const unit = timeProblem(tsMs);
  if (unit !== null) return `time is "${time}": ${unit}`;
  const rate = plainDecimal(rateText!);
  if (rate === null) return `rate is "${rateText}", a decimal number is needed`;
  const last = lastBySymbol.get(symbol!);
  if (last !== undefined && tsMs <= last) {
    const what = tsMs === last ? "is there twice" : `comes after ${last}`;
    return `time ${tsMs} of ${symbol} ${what}, times must increase per symbol`;
  }
  lastBySymbol.set(symbol!, tsMs);
  return { symbol: symbol!, tsMs, rate };
}
