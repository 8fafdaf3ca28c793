import { InvariantError } from "../diagnostics/invariant-error.ts";
import { MARKET_KIND } from "./batch.ts";
import { MARKET_RANK, MARKET_STREAMS, type MarketStream, streamRank } from "./stream-rank.ts";

/** One price as handed to a writer. Prices and quantities are decimal texts, so that nothing is rounded on the way. */
export interface MarketRow {
  /** Time received, whole milliseconds; never decreasing from record to record. */
  readonly rxMs: number;
  /** Exchange time, `rxMs` when absent. */
  readonly tsMs?: number;
  /** Index into the symbol table. */
  readonly symbol: number;
  /** `mark` when absent. */
  readonly kind?: MarketStream;
  readonly price: string;
  readonly bid?: string;
  readonly ask?: string;
  /** Base quantity traded since the previous row of the symbol. */
  readonly qty?: string;
  /** Further fields of the record, carried along; readers of prices ignore them. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

/** One record that is not a price. `payload` is kept as it came; it may not use the keys seq, rx, ts and s. */
export interface InputRow {
  readonly rxMs: number;
  readonly tsMs?: number;
  readonly stream: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** What every writer accepts, on disk and in memory. Call in replay order: `rxMs`, then stream rank. */
export interface RecordSink {
  market(row: MarketRow): void;
  input(row: InputRow): void;
  /** The venue's `exchangeInfo` answer, whole. */
  exchangeInfo(raw: unknown): void;
  /** Leverage brackets, whole, in a shape `parseLeverageBrackets` reads. */
  leverageBrackets(raw: unknown): void;
}

const ENVELOPE_KEYS = ["seq", "rx", "ts", "s"] as const;

/** Keys of a market record, in the order they are written. */
export const MARKET_KEYS = [...ENVELOPE_KEYS, "sym", "p", "b", "a", "q"] as const;

/** A market row after the checks: its place in the order, its numbers and its line. */
export interface NumberedMarketRow {
  readonly seq: number;
  readonly rxMs: number;
  readonly tsMs: number;
  readonly stream: MarketStream;
  readonly symbol: number;
  readonly kind: number;
  readonly price: number;
  readonly bid: number;
  readonly ask: number;
  readonly qty: number;
  readonly bidQty: number;
  readonly askQty: number;
  /** NDJSON record with its newline. */
  readonly line: string;
}

export interface NumberedInput {
  readonly seq: number;
  readonly rxMs: number;
  readonly tsMs: number;
  readonly stream: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly line: string;
}

/**
 * Numbers records in the order they are written, and refuses what a reader would refuse.
 *
 * @throws {InvariantError} on every refusal: whoever writes has checked people's data before (imports do), so a bad
 * row here is a bug of the caller.
 */
export class RecordNumbering {
  readonly #symbolCount: number;
  readonly #quotedSymbols: readonly string[];
  #seq = 0;
  #lastRxMs = Number.NEGATIVE_INFINITY;
  #lastRank = 0;

  constructor(symbols: readonly string[]) {
    checkSymbolTable(symbols);
    this.#symbolCount = symbols.length;
    this.#quotedSymbols = symbols.map((symbol) => JSON.stringify(symbol));
  }

  market(row: MarketRow): NumberedMarketRow {
    const tsMs = row.tsMs ?? row.rxMs;
    const stream = row.kind ?? "mark";
    const seq = this.#next(row.rxMs, tsMs, MARKET_RANK, stream);
    if (!(Number.isInteger(row.symbol) && row.symbol >= 0 && row.symbol < this.#symbolCount)) {
      throw new InvariantError(
        `Cannot record market row ${seq}: symbol index is ${row.symbol}, the table has ${this.#symbolCount} symbols`,
      );
    }
    return marketRecord(row, seq, this.#quotedSymbols[row.symbol]!);
  }

  input(row: InputRow): NumberedInput {
    checkInput(row);
    const seq = this.#next(row.rxMs, row.tsMs ?? row.rxMs, streamRank(row.stream), row.stream);
    return inputRecord(row, seq);
  }

  #next(rxMs: number, tsMs: number, rank: number, stream: string): number {
    const seq = this.#seq + 1;
    if (!(Number.isSafeInteger(rxMs) && Number.isSafeInteger(tsMs))) {
      throw new InvariantError(
        `Cannot record "${stream}" ${seq}: rx is ${rxMs}, ts is ${tsMs}, whole milliseconds needed`,
      );
    }
    if (rxMs < this.#lastRxMs || (rxMs === this.#lastRxMs && rank < this.#lastRank)) {
      throw new InvariantError(
        `Cannot record "${stream}" ${seq}: rx ${rxMs} with rank ${rank} comes after rx ${this.#lastRxMs} with rank ` +
          `${this.#lastRank}, records must be written in the order of rx and rank`,
      );
    }
    this.#seq = seq;
    this.#lastRxMs = rxMs;
    this.#lastRank = rank;
    return seq;
  }
}

/**
 * The record of a market row with a given number; `quotedSymbol` is the symbol's name as JSON.
 *
 * @throws {InvariantError} when a reader would refuse its values; its place in the order is not looked at.
 */
export function marketRecord(row: MarketRow, seq: number, quotedSymbol: string): NumberedMarketRow {
  const tsMs = row.tsMs ?? row.rxMs;
  const stream = row.kind ?? "mark";
  const price = decimal(row.price, seq, "price");
  if (price <= 0) throw new InvariantError(`Cannot record market row ${seq}: price is "${row.price}", > 0 is needed`);
  let line = `{"seq":${seq},"rx":${row.rxMs}`;
  if (tsMs !== row.rxMs) line += `,"ts":${tsMs}`;
  line += `,"s":"${stream}","sym":${quotedSymbol},"p":"${row.price}"`;
  let bid = Number.NaN;
  let ask = Number.NaN;
  let qty = 0;
  if (row.bid !== undefined) {
    bid = decimal(row.bid, seq, "bid");
    if (bid <= 0) throw new InvariantError(`Cannot record market row ${seq}: bid is "${row.bid}", > 0 is needed`);
    line += `,"b":"${row.bid}"`;
  }
  if (row.ask !== undefined) {
    ask = decimal(row.ask, seq, "ask");
    if (ask <= 0) throw new InvariantError(`Cannot record market row ${seq}: ask is "${row.ask}", > 0 is needed`);
    line += `,"a":"${row.ask}"`;
  }
  if (row.qty !== undefined) {
    qty = decimal(row.qty, seq, "quantity");
    line += `,"q":"${row.qty}"`;
  }
  if (row.extra !== undefined) line += extraText(row.extra);
  line += "}\n";
  const { rxMs, symbol } = row;
  const [bidQty, askQty] = quoteSizes(stream, row.extra?.["x"]);
  return { seq, rxMs, tsMs, stream, symbol, kind: MARKET_KIND[stream], price, bid, ask, qty, bidQty, askQty, line };
}

const NO_SIZES = [Number.NaN, Number.NaN] as const;

/**
 * Base quantities at bid and ask of a `book` record: `B` and `A` of the exchange's own event, which imports keep in `x`.
 * NaN for what is not there or is no decimal text; they are carried data, so nothing is refused.
 */
export function quoteSizes(stream: unknown, x: unknown): readonly [bidQty: number, askQty: number] {
  if (stream !== "book" || typeof x !== "object" || x === null) return NO_SIZES;
  const { B, A } = x as { readonly B?: unknown; readonly A?: unknown };
  return [sizeOf(B), sizeOf(A)];
}

function sizeOf(text: unknown): number {
  const value = typeof text === "string" && DECIMAL.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(value) ? value : Number.NaN;
}

/**
 * The record of an input with a given number.
 *
 * @throws {InvariantError} when a value of the payload is no finite number; `checkInput` looks at the names in it.
 */
export function inputRecord(row: InputRow, seq: number): NumberedInput {
  const tsMs = row.tsMs ?? row.rxMs;
  const head = tsMs === row.rxMs ? { seq, rx: row.rxMs } : { seq, rx: row.rxMs, ts: tsMs };
  const line = `${JSON.stringify({ ...head, s: row.stream, ...row.payload }, refuseNonFinite)}\n`;
  return { seq, rxMs: row.rxMs, tsMs, stream: row.stream, payload: row.payload, line };
}

/** @throws {InvariantError} when stream or payload of an input use names that belong to the envelope. */
export function checkInput(row: InputRow): void {
  if ((MARKET_STREAMS as readonly string[]).includes(row.stream)) {
    throw new InvariantError(`Cannot record an input of stream "${row.stream}": prices go through market()`);
  }
  for (const key of ENVELOPE_KEYS) {
    if (Object.hasOwn(row.payload, key)) {
      throw new InvariantError(`Cannot record an input of stream "${row.stream}": payload key "${key}" is reserved`);
    }
  }
}

/** Line of static exchange data: it has no place in the replay order, so it has neither `seq` nor `rx`. */
export function staticLine(stream: string, data: unknown): string {
  return `${JSON.stringify({ s: stream, data }, refuseNonFinite)}\n`;
}

/** Number of digits after the point: `"0.0661"` has 4, `"12"` has 0, `"12.50"` has 2. */
export function decimalsOfText(text: string): number {
  const point = text.indexOf(".");
  return point < 0 ? 0 : text.length - point - 1;
}

export function isDecimalText(text: string): boolean {
  return DECIMAL.test(text);
}

const DECIMAL = /^\d+(?:\.\d+)?$/;

function decimal(text: string, seq: number, what: string): number {
  const value = DECIMAL.test(text) ? Number(text) : Number.NaN;
  if (!Number.isFinite(value)) {
    throw new InvariantError(`Cannot record market row ${seq}: ${what} is "${text}", a plain decimal text is needed`);
  }
  return value;
}

/** @throws {InvariantError} when the table of a recording could not be given back. */
export function checkSymbolTable(symbols: readonly string[]): void {
  if (symbols.length > 65_536) {
    throw new InvariantError(`Cannot record ${symbols.length} symbols: a market column holds at most 65536`);
  }
  const seen = new Set<string>();
  for (const symbol of symbols) {
    if (symbol === "" || seen.has(symbol) || Buffer.from(symbol).toString() !== symbol) {
      throw new InvariantError(
        `Cannot record symbol "${symbol}": the table needs unique, non-empty, well-formed names`,
      );
    }
    seen.add(symbol);
  }
}

function extraText(extra: Readonly<Record<string, unknown>>): string {
  for (const key of MARKET_KEYS) {
    if (Object.hasOwn(extra, key)) {
      throw new InvariantError(`Cannot record extra field "${key}" of a market row: the key is reserved`);
    }
  }
  const text = JSON.stringify(extra, refuseNonFinite);
  return text === "{}" ? "" : `,${text.slice(1, -1)}`;
}

/** `JSON.stringify` writes NaN as null without a word; here it is an error. */
function refuseNonFinite(key: string, value: unknown): unknown {
  if (typeof value === "number" && !Number.isFinite(value)) {
    throw new InvariantError(`Cannot record payload field "${key}": its value is ${value}, a finite number is needed`);
  }
  return value;
}
