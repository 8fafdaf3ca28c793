import { isUtf8 } from "node:buffer";
import { MARKET_KIND } from "./batch.ts";
import { type MutableMarketBatch, setSizes } from "./columns.ts";
import { unusable } from "./manifest.ts";
import { RECORD_BYTES_MAX } from "./part-reader.ts";
import { isDecimalText, MARKET_KEYS, quoteSizes } from "./record.ts";
import { MARKET_STREAMS, type MarketStream } from "./stream-rank.ts";
import { SymbolIndex } from "./symbol-index.ts";

const NEWLINE = 0x0a;
const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const TILDE = 0x7e;
const CLOSE = 0x7d;
const CAPITAL_A = 0x41;
const CAPITAL_B = 0x42;
const LETTER_A = 0x61;
const LETTER_B = 0x62;
const LETTER_Q = 0x71;

/** Integers and decimals of at most 15 digits are exact as doubles, so mantissa / 10^n rounds once, as `Number` does. */
const DIGITS_MAX = 15;
const TENS = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15] as const;

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const SEQ = ascii('{"seq":');
const RX = ascii(',"rx":');
const TS = ascii(',"ts":');
const STREAM = ascii(',"s":"');
const MARK = ascii('mark","sym":"');
const BOOK = ascii('book","sym":"');
const TRADE = ascii('trade","sym":"');
const PRICE = ascii('","p":"');
const LOCAL_NS = ascii(',"local_ns":"');
const NATIVE = ascii(',"x":{');
const TRUE = ascii("true");
const FALSE = ascii("false");

/**
 * Turns the lines of market parts into columns.
 *
 * A line in the writer's own form, alone or with what an import of a capture carries along (`local_ns`, `x`), is read
 * byte by byte; any other line goes through `JSON.parse`, which also carries fields this version does not know. Both ways end in the same checks: `seq` strictly increasing and `rx` never
 * decreasing over all parts, known symbols, prices above zero.
 */
export class MarketScanner {
  readonly #symbols: SymbolIndex;
  #bytes: Uint8Array = new Uint8Array(0);
  #file = "";
  #at = 0;
  #lastSeq = 0;
  #lastRxMs = Number.NEGATIVE_INFINITY;
  // Result of the last number or decimal read: returning two values would allocate for each of them.
  #value = 0;
  #slow: SlowRow | null = null;
  #bidQty = Number.NaN;
  #askQty = Number.NaN;
  /** Lines that needed `JSON.parse`. */
  slowLines = 0;

  constructor(symbols: readonly string[]) {
    this.#symbols = new SymbolIndex(symbols);
  }

  /** Begins the next part; `file` is what errors name. */
  load(content: Uint8Array, file: string): void {
    this.#bytes = content;
    this.#file = file;
    this.#at = 0;
  }

  get isPartDone(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /**
   * Appends rows until the part ends or the columns are full.
   *
   * @throws {UserError} naming file and line of the first line that is not a valid market record.
   */
  fill(columns: MutableMarketBatch): void {
    const bytes = this.#bytes;
    const { seq, tsMs, rxMs, symbol, kind, price, bid, ask, qty } = columns;
    const capacity = seq.length;
    let row = columns.length;
    let at = this.#at;
    while (row < capacity && at < bytes.length) {
      const start = at;
      let next = this.#fastLine(columns, row, at);
      if (next < 0) {
        next = this.#slowLine(start);
        const slow = this.#slow!;
        seq[row] = slow.seq;
        rxMs[row] = slow.rxMs;
        tsMs[row] = slow.tsMs;
        symbol[row] = slow.symbol;
        kind[row] = slow.kind;
        price[row] = slow.price;
        bid[row] = slow.bid;
        ask[row] = slow.ask;
        qty[row] = slow.qty;
        this.#bidQty = slow.bidQty;
        this.#askQty = slow.askQty;
      }
      setSizes(columns, row, this.#bidQty, this.#askQty);
      // NaN for an absent bid or ask passes; what is present must be above zero.
      const isValid = seq[row]! > this.#lastSeq && rxMs[row]! >= this.#lastRxMs && price[row]! > 0;
      if (!isValid || bid[row]! <= 0 || ask[row]! <= 0) this.#refuseRow(columns, row, start);
      this.#lastSeq = seq[row]!;
      this.#lastRxMs = rxMs[row]!;
      at = next;
      row++;
    }
    columns.length = row;
    this.#at = at;
  }

  /** Reads one line in the writer's form into a row; -1 when the line has another form. */
  #fastLine(columns: MutableMarketBatch, row: number, start: number): number {
    const bytes = this.#bytes;
    if (!matches(bytes, start, SEQ)) return -1;
    let at = this.#integer(start + SEQ.length);
    if (at < 0 || !matches(bytes, at, RX)) return -1;
    columns.seq[row] = this.#value;
    at = this.#integer(at + RX.length);
    if (at < 0) return -1;
    columns.rxMs[row] = this.#value;
    columns.tsMs[row] = this.#value;
    if (matches(bytes, at, TS)) {
      at = this.#integer(at + TS.length);
      if (at < 0) return -1;
      columns.tsMs[row] = this.#value;
    }
    if (!matches(bytes, at, STREAM)) return -1;
    at += STREAM.length;
    if (matches(bytes, at, MARK)) {
      columns.kind[row] = MARKET_KIND.mark;
      at += MARK.length;
    } else if (matches(bytes, at, BOOK)) {
      columns.kind[row] = MARKET_KIND.book;
      at += BOOK.length;
    } else if (matches(bytes, at, TRADE)) {
      columns.kind[row] = MARKET_KIND.trade;
      at += TRADE.length;
    } else return -1;
    const symbolStart = at;
    while (at < bytes.length && bytes[at] !== QUOTE) at++;
    const symbol = this.#symbols.find(bytes, symbolStart, at);
    if (symbol < 0 || !matches(bytes, at, PRICE)) return -1;
    columns.symbol[row] = symbol;
    at = this.#decimal(at + PRICE.length);
    if (at < 0) return -1;
    columns.price[row] = this.#value;
    columns.bid[row] = Number.NaN;
    columns.ask[row] = Number.NaN;
    columns.qty[row] = 0;
    at = this.#optional(columns.bid, row, at, LETTER_B);
    if (at > 0) at = this.#optional(columns.ask, row, at, LETTER_A);
    if (at > 0) at = this.#optional(columns.qty, row, at, LETTER_Q);
    this.#bidQty = Number.NaN;
    this.#askQty = Number.NaN;
    if (at > 0 && bytes[at] === COMMA) at = this.#carried(at, columns.kind[row] === MARKET_KIND.book);
    if (at < 0 || bytes[at] !== CLOSE || bytes[at + 1] !== NEWLINE) return -1;
    return at + 2;
  }

  /** `,"b":"0.1"` when the next key is that letter; `at` unchanged when it is not; -1 when the value is no decimal. */
  #optional(column: Float64Array, row: number, at: number, letter: number): number {
    const bytes = this.#bytes;
    if (bytes[at] !== COMMA || bytes[at + 1] !== QUOTE || bytes[at + 2] !== letter || bytes[at + 3] !== QUOTE)
      return at;
    if (bytes[at + 4] !== COLON || bytes[at + 5] !== QUOTE) return -1;
    const end = this.#decimal(at + 6);
    if (end > 0) column[row] = this.#value;
    return end;
  }

  /** `,"local_ns":"1680652700423575000","x":{...}` as an import of a capture writes it; position after it, or -1. */
  #carried(start: number, isBook: boolean): number {
    const bytes = this.#bytes;
    if (!matches(bytes, start, LOCAL_NS)) return -1;
    let at = start + LOCAL_NS.length;
    while (bytes[at]! >= ZERO && bytes[at]! <= NINE) at++;
    if (bytes[at] !== QUOTE || !matches(bytes, at + 1, NATIVE)) return -1;
    return this.#native(at + 1 + NATIVE.length, isBook);
  }

  /** Members of a flat object of plain texts, numbers and truth values, up to its end; sizes of a book are kept. */
  #native(start: number, isBook: boolean): number {
    const bytes = this.#bytes;
    let at = start;
    if (bytes[at] === CLOSE) return at + 1;
    for (;;) {
      if (bytes[at] !== QUOTE) return -1;
      const keyEnd = this.#plainText(at + 1);
      if (keyEnd < 0 || bytes[keyEnd + 1] !== COLON) return -1;
      const key = keyEnd === at + 2 ? bytes[at + 1]! : 0;
      const value = keyEnd + 2;
      if (isBook && (key === CAPITAL_B || key === CAPITAL_A)) {
        at = bytes[value] === QUOTE ? this.#decimal(value + 1) : -1;
        if (key === CAPITAL_B) this.#bidQty = this.#value;
        else this.#askQty = this.#value;
      } else at = this.#skipValue(value);
      if (at < 0) return -1;
      if (bytes[at] === CLOSE) return at + 1;
      if (bytes[at] !== COMMA) return -1;
      at++;
    }
  }

  /** Position after a text without escapes, a plain number or a truth value; -1 for anything else. */
  #skipValue(start: number): number {
    const bytes = this.#bytes;
    if (bytes[start] === QUOTE) {
      const end = this.#plainText(start + 1);
      return end < 0 ? -1 : end + 1;
    }
    if (matches(bytes, start, TRUE)) return start + TRUE.length;
    if (matches(bytes, start, FALSE)) return start + FALSE.length;
    return this.#integer(start);
  }

  /** Position of the quote that ends a text of printable ASCII without escapes; -1 for any other text. */
  #plainText(start: number): number {
    const bytes = this.#bytes;
    let at = start;
    while (bytes[at]! >= SPACE && bytes[at]! <= TILDE && bytes[at] !== QUOTE && bytes[at] !== BACKSLASH) at++;
    return bytes[at] === QUOTE ? at : -1;
  }

  /** Unsigned integer of at most 15 digits into `#value`; position after it, or -1. */
  #integer(start: number): number {
    const bytes = this.#bytes;
    let at = start;
    let value = 0;
    for (; at < bytes.length; at++) {
      const byte = bytes[at]!;
      if (byte < ZERO || byte > NINE) break;
      value = value * 10 + (byte - ZERO);
    }
    const digits = at - start;
    if (digits === 0 || digits > DIGITS_MAX || (digits > 1 && bytes[start] === ZERO)) return -1;
    this.#value = value;
    return at;
  }

  /** Unsigned decimal and its closing quote; position after the quote, or -1. */
  #decimal(start: number): number {
    const bytes = this.#bytes;
    let at = start;
    let mantissa = 0;
    let point = -1;
    for (; at < bytes.length; at++) {
      const byte = bytes[at]!;
      if (byte >= ZERO && byte <= NINE) mantissa = mantissa * 10 + (byte - ZERO);
      else if (byte === POINT && point < 0) point = at;
      else break;
    }
    if (bytes[at] !== QUOTE) return -1;
    const digits = at - start - (point < 0 ? 0 : 1);
    if (digits === 0 || digits > DIGITS_MAX || point === start || point === at - 1) return -1;
    this.#value = point < 0 ? mantissa : mantissa / TENS[at - 1 - point]!;
    return at + 1;
  }

  #slowLine(start: number): number {
    const bytes = this.#bytes;
    const end = bytes.indexOf(NEWLINE, start);
    if (end < 0) this.#refuse(start, "it is cut off, a record ends in a newline", "the part is torn: import it again");
    this.slowLines++;
    if (end - start > RECORD_BYTES_MAX) {
      this.#refuse(start, `it has ${end - start} bytes, at most ${RECORD_BYTES_MAX} are needed`);
    }
    const line = bytes.subarray(start, end);
    if (!isUtf8(line)) this.#refuse(start, "it holds bytes that are no UTF-8, text in UTF-8 is needed");
    const record = this.#parse(start, Buffer.from(line.buffer, line.byteOffset, line.length).toString("utf8"));
    this.#slow = this.#checkRecord(start, record);
    return end + 1;
  }

  #parse(start: number, text: string): Record<string, unknown> {
    let record: unknown;
    try {
      record = JSON.parse(text);
    } catch (error) {
      this.#refuse(start, `it is no JSON (${error instanceof Error ? error.message : String(error)})`);
    }
    if (typeof record !== "object" || record === null || Array.isArray(record)) {
      this.#refuse(start, `it is ${shown(record)}, a JSON object is needed`);
    }
    return record as Record<string, unknown>;
  }

  #checkRecord(start: number, record: Record<string, unknown>): SlowRow {
    const [seq, rxMs, ts, stream, sym] = MARKET_KEYS.map((key) => record[key]);
    if (!isWhole(seq)) this.#refuse(start, `seq is ${shown(seq)}, a whole number is needed`);
    if (!isWhole(rxMs)) this.#refuse(start, `rx is ${shown(rxMs)}, whole milliseconds are needed`);
    if (ts !== undefined && !isWhole(ts)) this.#refuse(start, `ts is ${shown(ts)}, whole milliseconds are needed`);
    if (!(MARKET_STREAMS as readonly unknown[]).includes(stream)) {
      this.#refuse(start, `s is ${shown(stream)}, one of ${MARKET_STREAMS.join(", ")} is needed`);
    }
    const symbol = typeof sym === "string" ? this.#symbols.indexOf(sym) : -1;
    if (symbol < 0) {
      this.#refuse(start, `symbol ${shown(sym)} is unknown, one of the manifest's symbol table is needed`);
    }
    const [bidQty, askQty] = quoteSizes(stream, record["x"]);
    return {
      seq,
      rxMs,
      tsMs: ts ?? rxMs,
      symbol,
      kind: MARKET_KIND[stream as MarketStream],
      price: this.#decimalField(start, record, "p", Number.NaN),
      bid: this.#decimalField(start, record, "b", Number.NaN),
      ask: this.#decimalField(start, record, "a", Number.NaN),
      qty: this.#decimalField(start, record, "q", 0),
      bidQty,
      askQty,
    };
  }

  #decimalField(start: number, record: Record<string, unknown>, key: "p" | "b" | "a" | "q", absent: number): number {
    const text = record[key];
    if (text === undefined && key !== "p") return absent;
    const name = { p: "price", b: "bid", a: "ask", q: "quantity" }[key];
    if (typeof text !== "string" || !isDecimalText(text)) {
      this.#refuse(start, `${name} "${key}" is ${shown(text)}, a plain decimal text such as "95467.7" is needed`);
    }
    const value = Number(text);
    if (!Number.isFinite(value)) this.#refuse(start, `${name} "${key}" is ${shown(text)}, a finite number is needed`);
    return value;
  }

  #refuseRow(columns: MutableMarketBatch, row: number, start: number): never {
    const seq = columns.seq[row]!;
    const rxMs = columns.rxMs[row]!;
    if (seq <= this.#lastSeq) {
      const what = seq === this.#lastSeq ? "is there twice" : `comes after ${this.#lastSeq}`;
      this.#refuse(start, `seq ${seq} ${what}, seq must increase from record to record`);
    }
    if (rxMs < this.#lastRxMs) {
      this.#refuse(start, `rx ${rxMs} comes after ${this.#lastRxMs}, the time received must not go backwards`);
    }
    if (!(columns.price[row]! > 0)) this.#refuse(start, `price "p" is ${columns.price[row]}, more than 0 is needed`);
    const name = columns.bid[row]! <= 0 ? 'bid "b"' : 'ask "a"';
    this.#refuse(start, `${name} is 0, more than 0 is needed`);
  }

  #refuse(start: number, what: string, hint = "import the recording again from its source"): never {
    // Lines are only counted when one is refused.
    let line = 1;
    for (let at = this.#bytes.indexOf(NEWLINE); at >= 0 && at < start; at = this.#bytes.indexOf(NEWLINE, at + 1))
      line++;
    throw unusable([{ file: this.#file, line, text: `Cannot read the market record: ${what}`, hint }]);
  }
}

interface SlowRow {
  readonly seq: number;
  readonly rxMs: number;
  readonly tsMs: number;
  readonly symbol: number;
  readonly kind: number;
  readonly price: number;
  readonly bid: number;
  readonly ask: number;
  readonly qty: number;
  readonly bidQty: number;
  readonly askQty: number;
}

function matches(bytes: Uint8Array, at: number, token: Uint8Array): boolean {
  for (let offset = 0; offset < token.length; offset++) {
    if (bytes[at + offset] !== token[offset]) return false;
  }
  return true;
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function shown(value: unknown): string {
  return value === undefined ? "missing" : (JSON.stringify(value) ?? String(value));
}
