import { basename } from "node:path";
import { EXIT, type Problem, UserError } from "../../diagnostics/user-error.ts";
import { plainDecimal } from "../decimal.ts";
import type { MarketRow } from "../record.ts";
import { createRecordingWriter, type SealedRecording } from "../writer.ts";
import { columnOf, type RowProblem } from "./candle-columns.ts";
import { kindHint } from "./file-kind.ts";
import { badSource, readSource, type SourceFile, timeProblem } from "./source-file.ts";
import { invalidUtf8, sourceLines } from "./source-lines.ts";
import { readVenueFiles, type VenueOptions } from "./venue-files.ts";
import { middle } from "./ws-frame.ts";

const PROBLEMS_PER_FILE_MAX = 5;
const MARKS = "symbol,open_time_ms,open,high,low,close";
const QUOTES = "open_time_ms,bid_open,bid_high,bid_low,bid_close,bid_size,ask_open,ask_high,ask_low,ask_close,ask_size";

export interface BarsImportOptions extends VenueOptions {
  readonly files: readonly string[];
  /** Directory of the new recording. */
  readonly out: string;
  /** Name of the directory when absent. */
  readonly id?: string;
  readonly createdBy?: string;
}

type Form = "marks" | "quotes";

interface Bar {
  readonly symbol: string;
  readonly openMs: number;
  /** Columns by name, as decimals without exponents. */
  readonly columns: ReadonlyMap<string, string>;
}

/**
 * Imports bars that are no trades: mark-price candles of any interval (one file of several symbols) and minute bars of
 * bid and ask. Of each bar the open is shown at its open time and the close one millisecond before it ends; between
 * them nobody knows the order of high and low (of bid and ask), so they are carried beside the close.
 *
 * @throws {UserError} with all problems of the files at once.
 */
export function importBars(options: BarsImportOptions): SealedRecording {
  const { files, out, id = basename(out), createdBy = "rehearsal import" } = options;
  if (files.length === 0) {
    throw new UserError([{ text: "Cannot import bars: no file is named, one at least is needed" }], EXIT.usage);
  }
  const venue = readVenueFiles(options);
  const problems: Problem[] = [];
  const read: { source: SourceFile; form: Form; bars: readonly Bar[]; intervalMs: number }[] = [];
  for (const path of files) {
    const source = readSource(path, "bars");
    const found = readBars(source);
    if (Array.isArray(found)) problems.push(...found);
    else read.push({ source, ...found });
  }
  if (problems.length > 0) throw badSource(problems);
  const symbols = [...new Set(read.flatMap(({ bars }) => bars.map(({ symbol }) => symbol)))].sort();
  const rows = read.flatMap(({ form, bars, intervalMs }) =>
    bars.flatMap((bar) => rowsOf(bar, form, intervalMs, symbols)),
  );
  // Array.prototype.sort is stable: two rows of a symbol at one time stay in the order of the files.
  rows.sort((left, right) => left.rxMs - right.rxMs || left.symbol - right.symbol);
  const notes = read.map(
    ({ source, form, bars, intervalMs }) =>
      `${source.input.file}: ${bars.length} bars of ${form === "marks" ? "mark prices" : "bid and ask"}, ` +
      `${intervalMs / 60_000} minutes each: open at +0, close at the end, high and low beside it`,
  );
  const fidelity = read.some(({ form }) => form === "quotes") ? "book" : "mark";
  const inputs = [...read.map(({ source }) => source.input), ...venue.inputs];
  const writer = createRecordingWriter({ dir: out, id, createdBy, symbols, fidelity, notes, inputs });
  try {
    venue.write(writer);
    for (const row of rows) writer.market(row);
  } catch (error) {
    writer.abort();
    throw error;
  }
  return writer.seal();
}

function readBars(source: SourceFile): { form: Form; bars: Bar[]; intervalMs: number } | Problem[] {
  const { path, bytes } = source;
  const problems: Problem[] = [];
  const bars: Bar[] = [];
  const lastMs = new Map<string, number>();
  let form: Form | null = null;
  for (const { line, text, start, end } of sourceLines(bytes)) {
    if (form === null) {
      form = text === MARKS ? "marks" : text === QUOTES ? "quotes" : null;
      if (form !== null) continue;
      const what = `the header begins ${JSON.stringify((text ?? "").slice(0, 80))}, "${MARKS}" or "${QUOTES}" is needed`;
      return [{ file: path, line, text: `Cannot import bars: ${what}`, ...kindHint(bytes, "sim import bars") }];
    }
    if (text === null) problems.push(invalidUtf8(path, line, bytes.subarray(start, end), "the bar"));
    else {
      const fields = text.split(",");
      const bar = toBar(fields, form, path, lastMs);
      if ("openMs" in bar) bars.push(bar);
      else {
        const column = bar.field === undefined ? {} : { column: columnOf(fields, bar.field) };
        problems.push({ file: path, line, ...column, text: `Cannot import the bar: ${bar.what}` });
      }
    }
    if (problems.length === PROBLEMS_PER_FILE_MAX) break;
  }
  if (problems.length > 0) return problems;
  const intervalMs = form === "quotes" ? 60_000 : shortestMs(bars);
  if (form === null || bars.length === 0 || intervalMs === null) {
    return [
      { file: path, text: "Cannot import bars: they do not tell their interval, two of a symbol at least are needed" },
    ];
  }
  return { form, bars, intervalMs };
}

function toBar(fields: readonly string[], form: Form, path: string, lastMs: Map<string, number>): Bar | RowProblem {
  const names = (form === "marks" ? MARKS : QUOTES).split(",");
  if (fields.length !== names.length) {
    return { what: `the line has ${fields.length} fields, ${names.length} are needed (is the file cut off?)` };
  }
  const timeAt = names.indexOf("open_time_ms");
  const symbol = form === "marks" ? fields[0]! : symbolOfQuotes(path);
  if (symbol === "") return { what: 'symbol is "", a name is needed', field: 0 };
  const openMs = /^\d+$/.test(fields[timeAt]!) ? Number(fields[timeAt]) : Number.NaN;
  const problem = timeProblem(openMs);
  if (problem !== null)
    return { what: `open time is ${JSON.stringify(fields[timeAt]!.slice(0, 40))}: ${problem}`, field: timeAt };
  const before = lastMs.get(symbol);
  if (before !== undefined && openMs <= before) {
    return { what: `open time ${openMs} of ${symbol} comes after ${before}, times must increase`, field: timeAt };
  }
  const columns = new Map<string, string>();
  for (const [field, name] of names.entries()) {
    if (field <= timeAt) continue;
    const value = plainDecimal(fields[field]!);
    const least = name.endsWith("_size") ? 0 : Number.MIN_VALUE;
    const isGood = value !== null && Number.isFinite(Number(value)) && Number(value) >= least;
    if (!isGood) {
      const needed = least === 0 ? "0 or more" : "more than 0";
      return {
        what: `${name} is ${JSON.stringify(fields[field]!.slice(0, 40))}, a decimal of ${needed} is needed`,
        field,
      };
    }
    columns.set(name, value);
  }
  lastMs.set(symbol, openMs);
  return { symbol, openMs, columns };
}

/** `symbolOfQuotes("ADAUSDT-1m-quotes.csv.gz")` is `"ADAUSDT"`. */
function symbolOfQuotes(path: string): string {
  return basename(path)
    .replace(/(?:\.csv)?(?:\.gz|\.zip)?$/, "")
    .replace(/-1m(?:-quotes)?$/, "")
    .normalize("NFC");
}

/** Interval of bars without one in their name: the shortest distance of two bars of a symbol. */
function shortestMs(bars: readonly Bar[]): number | null {
  const last = new Map<string, number>();
  let shortest: number | null = null;
  for (const { symbol, openMs } of bars) {
    const before = last.get(symbol);
    if (before !== undefined) shortest = Math.min(shortest ?? openMs - before, openMs - before);
    last.set(symbol, openMs);
  }
  return shortest;
}

function rowsOf(
  { symbol, openMs, columns }: Bar,
  form: Form,
  intervalMs: number,
  symbols: readonly string[],
): MarketRow[] {
  const at = (name: string): string => columns.get(name)!;
  const index = symbols.indexOf(symbol);
  const closeMs = openMs + intervalMs - 1;
  if (form === "marks") {
    const extra = { x: { high: at("high"), low: at("low") } };
    return [
      { rxMs: openMs, symbol: index, kind: "mark", price: at("open") },
      { rxMs: closeMs, symbol: index, kind: "mark", price: at("close"), extra },
    ];
  }
  const quote = (rxMs: number, moment: "open" | "close") => {
    const [bid, ask] = [at(`bid_${moment}`), at(`ask_${moment}`)];
    return { rxMs, symbol: index, kind: "book" as const, price: middle(bid, ask), bid, ask };
  };
  const shown = ["bid_open", "ask_open", "bid_close", "ask_close"];
  const rest = [...columns].filter(([name]) => !shown.includes(name));
  return [quote(openMs, "open"), { ...quote(closeMs, "close"), extra: { x: Object.fromEntries(rest) } }];
}
