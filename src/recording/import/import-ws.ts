import { basename } from "node:path";
import { InvariantError } from "../../diagnostics/invariant-error.ts";
import { EXIT, type Problem, UserError } from "../../diagnostics/user-error.ts";
import type { Fidelity } from "../manifest.ts";
import type { RecordSink } from "../record.ts";
import { MARKET_RANK, streamRank } from "../stream-rank.ts";
import type { GapPayload } from "../tally.ts";
import { createRecordingWriter, type SealedRecording } from "../writer.ts";
import { ClockSkew } from "./clock-skew.ts";
import { DepthChain } from "./depth-chain.ts";
import { depthPayload } from "./depth-event.ts";
import { DepthSurvey } from "./depth-survey.ts";
import { kindHint } from "./file-kind.ts";
import { MapperUse } from "./mappers.ts";
import { clockStep, ReceivedOrder } from "./received-order.ts";
import { SameTimeBuffer } from "./same-time-buffer.ts";
import { badSource, readSource, type SourceFile } from "./source-file.ts";
import { invalidUtf8, sourceLines } from "./source-lines.ts";
import { TradeIds } from "./trade-ids.ts";
import { readVenueFiles, type VenueOptions } from "./venue-files.ts";
import { readWsLine, type WsEvent, type WsLine, type WsOther, type WsPrice, wsEvents } from "./ws-frame.ts";

const PROBLEMS_PER_FILE_MAX = 5;
const TICK_NOTE =
  "no exchangeInfo: ticks come from the decimals seen, and mark prices and middles have more of them than orders may; " +
  '"sim import exchange-info FILE --from THIS" adds it';

export interface WsImportOptions extends VenueOptions {
  readonly files: readonly string[];
  /** Directory of the new recording. */
  readonly out: string;
  /** Name of the directory when absent. */
  readonly id?: string;
  readonly createdBy?: string;
}

/** What a first look at all lines finds out. */
interface Capture {
  readonly sources: readonly SourceFile[];
  readonly order: ReceivedOrder;
  readonly symbols: readonly string[];
  /** Symbols with single trades: their aggregated trades would count the volume twice. */
  readonly withTrades: ReadonlySet<string>;
  /** Frames by event type. */
  readonly types: ReadonlyMap<string, number>;
  readonly fidelity: Fidelity;
  readonly mappers: MapperUse;
  /** Symbols of depth events by their place: a snapshot does not say it. */
  readonly symbolOfDepth: ReadonlyMap<string, string>;
}

/**
 * Imports captures of Binance websockets, lines `{"local_ns","frame"}`.
 *
 * Book tickers, trades and mark prices become prices; depth updates and snapshots go into stream `depth`, whole;
 * everything else is carried in streams `ws.<event type>`, frame as it came. Trade ids and depth update ids are checked: a hole is a `gap` record. Records are in the order of the time
 * received, then rank; exchange time (`E`) may be later, which is only reported.
 *
 * @throws {UserError} with all problems of the files at once.
 */
export function importWs(options: WsImportOptions): SealedRecording {
  const { files, out, id = basename(out), createdBy = "rehearsal import" } = options;
  if (files.length === 0) {
    throw new UserError([{ text: "Cannot import a capture: no file is named, one at least is needed" }], EXIT.usage);
  }
  const venue = readVenueFiles(options);
  const capture = survey(files);
  const { symbols, fidelity, types, order, sources } = capture;
  const counts = [...types].sort(([left], [right]) => (left < right ? -1 : 1));
  const notes = [`frames ${order.length}: ${counts.map(([type, count]) => `${type} ${count}`).join(", ")}`];
  const stepped = order.note("frames");
  if (stepped !== null) notes.push(stepped);
  if (fidelity === "book" || fidelity === "depth")
    notes.push('the price of a book record is the exact middle of "b" and "a"');
  if (options.exchangeInfo === undefined) notes.push(TICK_NOTE);
  const inputs = [...sources.map(({ input }) => input), ...venue.inputs];
  const carried = { mappers: capture.mappers.used() };
  const writer = createRecordingWriter({ dir: out, id, createdBy, symbols, fidelity, notes, inputs, carried });
  try {
    venue.write(writer);
    for (const note of new CaptureWriter(capture, writer).write()) writer.note(note);
  } catch (error) {
    writer.abort();
    throw error;
  }
  return writer.seal();
}

function survey(files: readonly string[]): Capture {
  const problems: Problem[] = [];
  const order = new ReceivedOrder();
  const symbols = new Set<string>();
  const withTrades = new Set<string>();
  const types = new Map<string, number>();
  const kinds = new Set<string>();
  const priced = new Set<string>();
  const depth = new DepthSurvey();
  const mappers = new MapperUse();
  const sources = files.map((path) => readSource(path, "ws-capture"));
  for (const [file, { bytes, path }] of sources.entries()) {
    let bad = 0;
    for (const { line, text, start, end } of sourceLines(bytes)) {
      if (text === "") continue;
      const read = readEvents(text);
      if (typeof read === "string") {
        const problem = { file: path, line, text: `Cannot import the frame: ${read}` };
        if (text === null) problems.push(invalidUtf8(path, line, bytes.subarray(start, end), "the frame"));
        else problems.push(line === 1 ? { ...problem, ...kindHint(bytes, "sim import ws") } : problem);
        if (++bad === PROBLEMS_PER_FILE_MAX) break;
        continue;
      }
      const { rxMs, restNs } = read.line;
      order.add(rxMs, restNs, { file, line, start, end });
      for (const [index, event] of read.events.entries()) {
        mappers.add(`ws.${event.type}`, rxMs, "ms", event.fields);
        if (event.kind !== "other") {
          priced.add(event.symbol);
          depth.price(event.symbol, Number(event.price));
        } else if (event.depth !== null) {
          depth.event({ rxMs, restNs, key: `${file}:${start}:${index}` }, event.symbol, event.depth.event);
        }
        types.set(event.type, (types.get(event.type) ?? 0) + 1);
        kinds.add(event.kind);
        const isFollowed = event.kind !== "other" || event.depth !== null || event.id !== null;
        if (event.symbol !== null && isFollowed) symbols.add(event.symbol);
        if (event.kind === "trade" && event.type === "trade") withTrades.add(event.symbol);
      }
    }
  }
  if (problems.length > 0) throw badSource(problems);
  const { symbolOfKey, isWhole } = depth.finish();
  for (const symbol of symbolOfKey.values()) symbols.add(symbol);
  const isDepth = priced.size > 0 && [...priced].every(isWhole);
  const fidelity = isDepth ? "depth" : kinds.has("book") ? "book" : kinds.has("trade") ? "trades" : "mark";
  const table = [...symbols].sort();
  return { sources, order, symbols: table, withTrades, types, fidelity, mappers, symbolOfDepth: symbolOfKey };
}

function readEvents(text: string | null): { line: WsLine; events: readonly WsEvent[] } | string {
  if (text === null) return "the line is no UTF-8, text in UTF-8 is needed";
  const line = readWsLine(text);
  if (typeof line === "string") return line;
  const events = wsEvents(line.frame);
  return typeof events === "string" ? events : { line, events };
}

class CaptureWriter {
  readonly #capture: Capture;
  readonly #sink: RecordSink;
  readonly #indexOf: ReadonlyMap<string, number>;
  readonly #buffer = new SameTimeBuffer();
  readonly #trades = new TradeIds();
  readonly #aggTrades = new TradeIds();
  readonly #depth = new DepthChain();
  readonly #skew = new ClockSkew();
  /** Events of price types that are no price, by reason. */
  readonly #unpriced = new Map<string, number>();

  constructor(capture: Capture, sink: RecordSink) {
    this.#capture = capture;
    this.#sink = sink;
    this.#indexOf = new Map(capture.symbols.map((symbol, index) => [symbol, index]));
  }

  /** Writes everything and returns the notes. */
  write(): string[] {
    const { sources, order } = this.#capture;
    for (const place of order.inOrder()) {
      const { file, start, end } = place;
      const read = readEvents(sources[file]!.bytes.subarray(start, end).toString("utf8"));
      if (typeof read === "string") throw new InvariantError(`Cannot import a frame that was read before: ${read}`);
      if (place.stepBackMs !== null) {
        const step = clockStep(place, sources[file]!.input.file);
        this.#buffer.add(place.rxMs, streamRank(step.stream), () => this.#sink.input(step));
      }
      for (const [index, event] of read.events.entries()) {
        const symbol = event.symbol ?? this.#capture.symbolOfDepth.get(`${file}:${start}:${index}`) ?? null;
        this.#event(read.line, symbol === event.symbol ? event : ({ ...event, symbol } as WsEvent));
      }
    }
    this.#buffer.flush();
    const skew = this.#skew.note();
    const unpriced = [...this.#unpriced].sort(([left], [right]) => (left < right ? -1 : 1));
    return [
      ...(skew === null ? [] : [skew]),
      ...unpriced.map(([reason, count]) => `no price, carried as it came: ${reason}: ${count}`),
      ...this.#trades.notes(),
      ...this.#aggTrades.notes().map((note) => `aggregated: ${note}`),
      ...this.#depth.notes(),
      ...this.#capture.mappers.notes(),
    ];
  }

  #event(line: WsLine, event: WsEvent): void {
    const tsMs = event.tsMs ?? line.rxMs;
    if (event.tsMs !== null) this.#skew.add(line.rxMs, event.tsMs);
    if (event.kind !== "other") {
      this.#price(line, event, tsMs);
      return;
    }
    // A trade outside the market has a trade id all the same: without it the ids would seem to have a hole.
    if (event.reason !== null) this.#count(`${event.type} with ${event.reason}`);
    if (event.id !== null) this.#follow(line, event.type, event.symbol!, event.id, tsMs);
    if (event.depth !== null && event.symbol !== null) this.#depthRecord(line, event.symbol, event.depth, tsMs);
    else this.#carry(line, event, tsMs);
  }

  #price(line: WsLine, event: WsPrice, tsMs: number): void {
    if (event.id !== null) {
      const isFresh = this.#follow(line, event.type, event.symbol, event.id, tsMs);
      const isDouble = event.type === "aggTrade" && this.#capture.withTrades.has(event.symbol);
      if (isDouble) this.#count("aggTrade of a symbol with trades");
      if (!isFresh || isDouble) {
        this.#carry(line, event, tsMs);
        return;
      }
    }
    const { kind, price, bid, ask, qty, native } = event;
    const row = {
      rxMs: line.rxMs,
      tsMs,
      symbol: this.#indexOf.get(event.symbol)!,
      kind,
      price,
      ...(bid === undefined ? {} : { bid }),
      ...(ask === undefined ? {} : { ask }),
      ...(qty === undefined ? {} : { qty }),
      extra: { local_ns: line.localNs, x: native, ...extraOf(line) },
    };
    this.#buffer.add(line.rxMs, MARKET_RANK, () => this.#sink.market(row));
  }

  /** Whether the trade id is a new one. */
  #follow(line: WsLine, type: string, symbol: string, id: bigint, tsMs: number): boolean {
    const found = (type === "aggTrade" ? this.#aggTrades : this.#trades).next(symbol, id, tsMs);
    if (found === "repeated") return false;
    if (found !== "next") this.#gap(line, found, tsMs);
    return true;
  }

  #gap({ rxMs }: WsLine, gap: GapPayload | null, tsMs: number): void {
    if (gap === null) return;
    this.#buffer.add(rxMs, streamRank("gap"), () =>
      this.#sink.input({ rxMs, tsMs, stream: "gap", payload: { ...gap } }),
    );
  }

  #depthRecord(
    line: WsLine,
    symbol: string,
    { event, stream, native }: NonNullable<WsOther["depth"]>,
    tsMs: number,
  ): void {
    this.#gap(line, this.#depth.next(symbol, event, tsMs), tsMs);
    const more = { local_ns: line.localNs, ...(stream === null ? {} : { stream }), x: native, ...extraOf(line) };
    const row = { rxMs: line.rxMs, tsMs, stream: "depth", payload: depthPayload(symbol, event, more) };
    this.#buffer.add(line.rxMs, streamRank("depth"), () => this.#sink.input(row));
  }

  #carry(line: WsLine, { type, symbol, frame }: WsEvent, tsMs: number): void {
    const stream = `ws.${type}`;
    const sym = symbol === null ? {} : { sym: symbol };
    const payload = { ...sym, local_ns: line.localNs, frame, ...extraOf(line) };
    const { rxMs } = line;
    this.#buffer.add(rxMs, streamRank(stream), () => this.#sink.input({ rxMs, tsMs, stream, payload }));
  }

  #count(reason: string): void {
    this.#unpriced.set(reason, (this.#unpriced.get(reason) ?? 0) + 1);
  }
}

function extraOf({ extra }: WsLine): { line?: Readonly<Record<string, unknown>> } {
  return Object.keys(extra).length === 0 ? {} : { line: extra };
}
