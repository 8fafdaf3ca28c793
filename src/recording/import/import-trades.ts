import { basename } from "node:path";
import { InvariantError } from "../../diagnostics/invariant-error.ts";
import { EXIT, type Problem, UserError } from "../../diagnostics/user-error.ts";
import type { RecordSink } from "../record.ts";
import { MARKET_RANK, streamRank } from "../stream-rank.ts";
import { createRecordingWriter, type SealedRecording } from "../writer.ts";
import { columnOf, type RowProblem } from "./candle-columns.ts";
import { ClockSkew } from "./clock-skew.ts";
import { DepthChain } from "./depth-chain.ts";
import { DepthColumns, type DepthRow, depthOfRows } from "./depth-columns.ts";
import { depthPayload } from "./depth-event.ts";
import { DepthSurvey } from "./depth-survey.ts";
import { kindHint } from "./file-kind.ts";
import { MapperUse } from "./mappers.ts";
import { clockStep, ReceivedOrder } from "./received-order.ts";
import { SameTimeBuffer } from "./same-time-buffer.ts";
import { badSource, readSource, type SourceFile } from "./source-file.ts";
import { invalidUtf8, type SourceLine, sourceLines } from "./source-lines.ts";
import { symbolOfTradesFile, TradeColumns, type TradeRow } from "./trade-columns.ts";
import { TradeIds } from "./trade-ids.ts";
import { readVenueFiles, type VenueOptions } from "./venue-files.ts";

const PROBLEMS_PER_FILE_MAX = 5;
/** Trades that are no price: rows of price 0, trades beside the market, ids that were there before. */
const CARRIED_STREAM = "csv.trade";

export interface TradesImportOptions extends VenueOptions {
  readonly files: readonly string[];
  /** Recorded depth updates of the same symbols, one level a row. */
  readonly depth?: readonly string[];
  /** Directory of the new recording. */
  readonly out: string;
  /** Symbol of all files; told by the name of each file when absent. */
  readonly symbol?: string;
  /** Name of the directory when absent. */
  readonly id?: string;
  readonly createdBy?: string;
}

interface TickFile {
  readonly source: SourceFile;
  readonly symbol: string;
  readonly columns: TradeColumns | DepthColumns;
}

interface Survey {
  readonly files: readonly TickFile[];
  readonly order: ReceivedOrder;
  readonly depth: DepthSurvey;
  readonly mappers: MapperUse;
}

/**
 * Imports trades or aggregated trades: CSV with a header, or files of the public archive with or without one, as they
 * are, in gzip or in zip; and depth updates recorded beside them. Times may be in milliseconds, microseconds or
 * nanoseconds, told by magnitude, one unit a file. Holes in the trade ids and breaks of the depth become `gap` records.
 *
 * @throws {UserError} with all problems of the files at once.
 */
export function importTrades(options: TradesImportOptions): SealedRecording {
  const { files: paths, depth: depthPaths = [], out, id = basename(out), createdBy = "rehearsal import" } = options;
  if (paths.length === 0) {
    throw new UserError([{ text: "Cannot import trades: no file is named, one at least is needed" }], EXIT.usage);
  }
  const venue = readVenueFiles(options);
  const survey = surveyAll(paths, depthPaths, options.symbol);
  const { files, order, mappers } = survey;
  const symbols = [...new Set(files.map(({ symbol }) => symbol))].sort();
  const notes = files.map(fileNote);
  const stepped = order.note("trades");
  if (stepped !== null) notes.push(stepped);
  const { isWhole } = survey.depth.finish();
  const fidelity = symbols.every(isWhole) ? "depth" : "trades";
  const inputs = [...files.map(({ source }) => source.input), ...venue.inputs];
  const carried = { mappers: mappers.used() };
  const writer = createRecordingWriter({ dir: out, id, createdBy, symbols, fidelity, notes, inputs, carried });
  try {
    venue.write(writer);
    for (const note of new TickWriter(survey, symbols, writer).write()) writer.note(note);
  } catch (error) {
    writer.abort();
    throw error;
  }
  return writer.seal();
}

function fileNote({ source, symbol, columns }: TickFile): string {
  const inside = source.name === source.input.file ? "" : ` (${source.name})`;
  const what = columns instanceof DepthColumns ? "depth updates" : "trades";
  const isReceived = columns instanceof DepthColumns || columns.hasReceived;
  const received = isReceived ? "" : ", no time received: taken as received at exchange time";
  return `${source.input.file}${inside}: ${what} of ${symbol}, times in ${columns.unit}${received}`;
}

function surveyAll(paths: readonly string[], depthPaths: readonly string[], named: string | undefined): Survey {
  const problems: Problem[] = [];
  const files: TickFile[] = [];
  const survey = { files, order: new ReceivedOrder(), depth: new DepthSurvey(), mappers: new MapperUse() };
  for (const [index, path] of [...paths, ...depthPaths].entries()) {
    const isDepth = index >= paths.length;
    const source = readSource(path, isDepth ? "depth" : "trades");
    const symbol = named ?? symbolOfTradesFile(path);
    if (symbol === null || symbol === "") {
      const text = "Cannot import the trades: the file name does not tell the symbol, one is needed";
      problems.push({ file: path, text, hint: 'add "--symbol BTCUSDT", or whichever it is' });
      continue;
    }
    const read = isDepth ? surveyDepth(source, symbol, survey) : surveyTrades(source, survey);
    if (Array.isArray(read)) problems.push(...read);
    else files.push({ source, symbol, columns: read });
  }
  if (problems.length > 0) throw badSource(problems);
  return survey;
}

/** What is wrong with a file so far, five places at most. */
class FileProblems {
  readonly list: Problem[] = [];
  readonly #source: SourceFile;
  readonly #what: string;

  constructor(source: SourceFile, what: string) {
    this.#source = source;
    this.#what = what;
  }

  get isFull(): boolean {
    return this.list.length >= PROBLEMS_PER_FILE_MAX;
  }

  add({ line, text, start, end }: SourceLine, problem: RowProblem | null): void {
    const { path, bytes } = this.#source;
    if (text === null || problem === null) {
      this.list.push(invalidUtf8(path, line, bytes.subarray(start, end), this.#what));
      return;
    }
    const column = problem.field === undefined ? {} : { column: columnOf(text.split(","), problem.field) };
    this.list.push({ file: path, line, ...column, text: `Cannot import ${this.#what}: ${problem.what}` });
  }
}

function surveyTrades(source: SourceFile, { files, order, mappers }: Survey): TradeColumns | Problem[] {
  const problems = new FileProblems(source, "the trade");
  let columns: TradeColumns | null = null;
  for (const sourceLine of sourceLines(source.bytes)) {
    const { line, text, start, end } = sourceLine;
    if (columns === null && text !== null) {
      const first = TradeColumns.ofFirstLine(text);
      if (typeof first === "string") return [headProblem(source, `Cannot import trades: ${first}`)];
      columns = first.columns;
      if (first.isHeader) continue;
    }
    const row = text === null || columns === null ? null : columns.read(text);
    if (row === null || "what" in row) problems.add(sourceLine, row);
    else {
      order.add(row.rxMs, row.restNs, { file: files.length, line, start, end });
      mappers.add(columns!.source, row.tsMs, columns!.unit, null);
    }
    if (problems.isFull) break;
  }
  if (problems.list.length > 0) return problems.list;
  return columns ?? [{ file: source.path, text: "Cannot import trades: the file is empty, a header is needed" }];
}

function surveyDepth(source: SourceFile, symbol: string, survey: Survey): DepthColumns | Problem[] {
  const problems = new FileProblems(source, "the depth update");
  const file = survey.files.length;
  let columns: DepthColumns | null = null;
  let open: {
    rows: [DepthRow, ...DepthRow[]];
    place: { file: number; line: number; start: number; end: number };
  } | null = null;
  const close = (): void => {
    if (open === null) return;
    const { rows, place } = open;
    const { rxMs, restNs, tsMs } = rows[0];
    survey.order.add(rxMs, restNs, place);
    survey.depth.event({ rxMs, restNs, key: `${file}:${place.start}` }, symbol, depthOfRows(rows));
    survey.mappers.add("csv.depth", tsMs, columns!.unit, null);
  };
  for (const sourceLine of sourceLines(source.bytes)) {
    const { line, text, start, end } = sourceLine;
    if (columns === null && text !== null) {
      const read = DepthColumns.ofHeader(text);
      if (typeof read === "string") return [headProblem(source, `Cannot import depth updates: ${read}`)];
      columns = read;
      continue;
    }
    const row = text === null || columns === null ? null : columns.read(text);
    if (row === null || "what" in row) {
      problems.add(sourceLine, row);
      if (problems.isFull) break;
    } else if (open?.rows[0].key === row.key) {
      open.rows.push(row);
      open.place.end = end;
    } else {
      close();
      open = { rows: [row], place: { file, line, start, end } };
    }
  }
  close();
  if (problems.list.length > 0) return problems.list;
  return columns ?? [{ file: source.path, text: "Cannot import depth updates: the file is empty, a header is needed" }];
}

function headProblem(source: SourceFile, text: string): Problem {
  return { file: source.path, line: 1, text, ...kindHint(source.bytes, "sim import trades") };
}

class TickWriter {
  readonly #survey: Survey;
  readonly #symbols: readonly string[];
  readonly #sink: RecordSink;
  readonly #buffer = new SameTimeBuffer();
  readonly #ids = new TradeIds();
  readonly #depth = new DepthChain();
  readonly #skew = new ClockSkew();
  readonly #unpriced = new Map<string, number>();

  constructor(survey: Survey, symbols: readonly string[], sink: RecordSink) {
    this.#survey = survey;
    this.#symbols = symbols;
    this.#sink = sink;
  }

  /** Writes everything and returns the notes. */
  write(): string[] {
    const { files, order } = this.#survey;
    for (const place of order.inOrder()) {
      const { source, symbol, columns } = files[place.file]!;
      const part = source.bytes.subarray(place.start, place.end);
      if (place.stepBackMs !== null) this.#input(clockStep(place, source.input.file));
      if (columns instanceof DepthColumns) this.#update(part, symbol, columns);
      else this.#trade(readAgain(columns, part), symbol, columns.hasReceived);
    }
    this.#buffer.flush();
    const skewed = this.#skew.note();
    const reasons = [...this.#unpriced].sort(([left], [right]) => (left < right ? -1 : 1));
    return [
      ...(skewed === null ? [] : [skewed]),
      ...reasons.map(([reason, count]) => `no price, carried as it came: ${reason}: ${count}`),
      ...this.#ids.notes(),
      ...this.#depth.notes(),
    ];
  }

  #trade(row: TradeRow, symbol: string, hasReceived: boolean): void {
    const { rxMs, tsMs, reason } = row;
    if (hasReceived) this.#skew.add(rxMs, tsMs);
    const found = this.#ids.next(symbol, row.id, tsMs);
    if (typeof found !== "string") this.#input({ rxMs, tsMs, stream: "gap", payload: { ...found } });
    if (reason !== null) this.#unpriced.set(reason, (this.#unpriced.get(reason) ?? 0) + 1);
    if (reason !== null || found === "repeated") {
      const why = reason === null ? {} : { finding: "trade.not.a.price", cause: reason };
      this.#input({ rxMs, tsMs, stream: CARRIED_STREAM, payload: { sym: symbol, ...why, row: row.all } });
      return;
    }
    const index = this.#symbols.indexOf(symbol);
    this.#buffer.add(rxMs, MARKET_RANK, () => this.#sink.market(marketRow(row, index)));
  }

  #update(part: Buffer, symbol: string, columns: DepthColumns): void {
    const rows = [...sourceLines(part)].map(({ text }) => readAgain(columns, Buffer.from(text ?? "")));
    const [first] = rows as [DepthRow];
    const { rxMs, tsMs, native } = first;
    const event = depthOfRows(rows as [DepthRow, ...DepthRow[]]);
    this.#skew.add(rxMs, tsMs);
    const gap = this.#depth.next(symbol, event, tsMs);
    if (gap !== null) this.#input({ rxMs, tsMs, stream: "gap", payload: { ...gap } });
    this.#input({ rxMs, tsMs, stream: "depth", payload: depthPayload(symbol, event, { x: native }) });
  }

  #input(row: Parameters<RecordSink["input"]>[0]): void {
    this.#buffer.add(row.rxMs, streamRank(row.stream), () => this.#sink.input(row));
  }
}

/** A row that was read in the survey. */
function readAgain<Row extends object>(columns: { read(text: string): Row | RowProblem }, part: Buffer): Row {
  const row = columns.read(part.toString("utf8"));
  if ("what" in row) throw new InvariantError(`Cannot import a row that was read before: ${row.what}`);
  return row as Row;
}

function marketRow({ rxMs, tsMs, price, qty, native }: TradeRow, symbol: number) {
  return { rxMs, tsMs, symbol, kind: "trade" as const, price, qty, extra: { x: native } };
}
