import { basename } from "node:path";
import { InvariantError } from "../../diagnostics/invariant-error.ts";
import { EXIT, type Problem, UserError } from "../../diagnostics/user-error.ts";
import type { RecordSink } from "../record.ts";
import { MARKET_RANK, streamRank } from "../stream-rank.ts";
import { createRecordingWriter, type SealedRecording } from "../writer.ts";
import { ClockSkew } from "./clock-skew.ts";
import { ReceivedOrder } from "./received-order.ts";
import { SameTimeBuffer } from "./same-time-buffer.ts";
import { badSource, readSource, type SourceFile } from "./source-file.ts";
import { sourceLines } from "./source-lines.ts";
import { symbolOfTradesFile, TradeColumns, type TradeRow } from "./trade-columns.ts";
import { TradeIds } from "./trade-ids.ts";
import { readVenueFiles, type VenueOptions } from "./venue-files.ts";

const PROBLEMS_PER_FILE_MAX = 5;
/** Trades that are no price: rows of price 0, trades beside the market, ids that were there before. */
const CARRIED_STREAM = "csv.trade";

export interface TradesImportOptions extends VenueOptions {
  readonly files: readonly string[];
  /** Directory of the new recording. */
  readonly out: string;
  /** Symbol of all files; told by the name of each file when absent. */
  readonly symbol?: string;
  /** Name of the directory when absent. */
  readonly id?: string;
  readonly createdBy?: string;
}

interface TradesFile {
  readonly source: SourceFile;
  readonly symbol: string;
  readonly columns: TradeColumns;
}

/**
 * Imports trades or aggregated trades (CSV or CSV.gz with a header). Times may be in milliseconds, microseconds or
 * nanoseconds, told by magnitude. Holes in the trade ids become `gap` records.
 *
 * @throws {UserError} with all problems of the files at once.
 */
export function importTrades(options: TradesImportOptions): SealedRecording {
  const { files: paths, out, id = basename(out), createdBy = "rehearsal import" } = options;
  if (paths.length === 0) {
    throw new UserError([{ text: "Cannot import trades: no file is named, one at least is needed" }], EXIT.usage);
  }
  const venue = readVenueFiles(options);
  const { files, order } = survey(paths, options.symbol);
  const symbols = [...new Set(files.map(({ symbol }) => symbol))].sort();
  const notes = files.map(({ source, symbol, columns }) => {
    const received = columns.hasReceived ? "" : ", no time received: taken as received at exchange time";
    return `${source.input.file}: trades of ${symbol}, times in ${columns.unit}${received}`;
  });
  const stepped = order.note("trades");
  if (stepped !== null) notes.push(stepped);
  const inputs = [...files.map(({ source }) => source.input), ...venue.inputs];
  const writer = createRecordingWriter({ dir: out, id, createdBy, symbols, fidelity: "trades", notes, inputs });
  try {
    venue.write(writer);
    for (const note of writeTrades(files, order, symbols, writer)) writer.note(note);
  } catch (error) {
    writer.abort();
    throw error;
  }
  return writer.seal();
}

function survey(paths: readonly string[], named: string | undefined): { files: TradesFile[]; order: ReceivedOrder } {
  const problems: Problem[] = [];
  const order = new ReceivedOrder();
  const files: TradesFile[] = [];
  for (const path of paths) {
    const source = readSource(path, "trades");
    const symbol = named ?? symbolOfTradesFile(path);
    if (symbol === null || symbol === "") {
      const text = "Cannot import the trades: the file name does not tell the symbol, one is needed";
      problems.push({ file: path, text, hint: 'add "--symbol BTCUSDT", or whichever it is' });
      continue;
    }
    const read = surveyFile(source, files.length, order);
    if (read instanceof TradeColumns) files.push({ source, symbol, columns: read });
    else problems.push(...read);
  }
  if (problems.length > 0) throw badSource(problems);
  return { files, order };
}

function surveyFile(source: SourceFile, file: number, order: ReceivedOrder): TradeColumns | Problem[] {
  const problems: Problem[] = [];
  let columns: TradeColumns | null = null;
  for (const { line, text, start, end } of sourceLines(source.bytes)) {
    if (columns === null) {
      const read =
        text === null ? "it is no text in UTF-8, CSV is needed (unpack a zip first)" : TradeColumns.ofHeader(text);
      if (typeof read === "string") return [{ file: source.path, line, text: `Cannot import trades: ${read}` }];
      columns = read;
      continue;
    }
    const row = text === null ? "the line is no UTF-8, text in UTF-8 is needed" : columns.read(text);
    if (typeof row === "string") problems.push({ file: source.path, line, text: `Cannot import the trade: ${row}` });
    else order.add(row.rxMs, row.restNs, { file, line, start, end });
    if (problems.length === PROBLEMS_PER_FILE_MAX) break;
  }
  if (problems.length > 0) return problems;
  return columns ?? [{ file: source.path, text: "Cannot import trades: the file is empty, a header is needed" }];
}

/** Writes everything and returns the notes. */
function writeTrades(
  files: readonly TradesFile[],
  order: ReceivedOrder,
  symbols: readonly string[],
  sink: RecordSink,
): string[] {
  const buffer = new SameTimeBuffer();
  const ids = new TradeIds();
  const skew = new ClockSkew();
  const unpriced = new Map<string, number>();
  for (const { file, start, end } of order.inOrder()) {
    const { source, symbol, columns } = files[file]!;
    const row = columns.read(source.bytes.subarray(start, end).toString("utf8"));
    if (typeof row === "string") throw new InvariantError(`Cannot import a trade that was read before: ${row}`);
    const { rxMs, tsMs, reason } = row;
    if (columns.hasReceived) skew.add(rxMs, tsMs);
    const found = ids.next(symbol, row.id, tsMs);
    if (typeof found !== "string") {
      const gap = { rxMs, tsMs, stream: "gap", payload: { ...found } };
      buffer.add(rxMs, streamRank("gap"), () => sink.input(gap));
    }
    if (reason !== null) unpriced.set(reason, (unpriced.get(reason) ?? 0) + 1);
    if (reason !== null || found === "repeated") {
      const carried = { rxMs, tsMs, stream: CARRIED_STREAM, payload: { sym: symbol, row: row.all } };
      buffer.add(rxMs, streamRank(CARRIED_STREAM), () => sink.input(carried));
    } else {
      const index = symbols.indexOf(symbol);
      buffer.add(rxMs, MARKET_RANK, () => sink.market(marketRow(row, index)));
    }
  }
  buffer.flush();
  const skewed = skew.note();
  const reasons = [...unpriced].sort(([left], [right]) => (left < right ? -1 : 1));
  return [
    ...(skewed === null ? [] : [skewed]),
    ...reasons.map(([reason, count]) => `no price, carried as it came: ${reason}: ${count}`),
    ...ids.notes(),
  ];
}

function marketRow({ rxMs, tsMs, price, qty, native }: TradeRow, symbol: number) {
  return { rxMs, tsMs, symbol, kind: "trade" as const, price, qty, extra: { x: native } };
}
