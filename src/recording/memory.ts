import { createHash, type Hash } from "node:crypto";
import { InvariantError } from "../diagnostics/invariant-error.ts";
import { UserError } from "../diagnostics/user-error.ts";
import type { Instrument } from "../engine/domain/instrument.ts";
import type { InputRecord, MarketBatch, RecordingSource } from "./batch.ts";
import { BATCH_ROWS, createColumns, type MutableMarketBatch, setSizes } from "./columns.ts";
import { buildInstruments, parseExchangeInfo } from "./exchange-info.ts";
import { type Fidelity, recordingHash } from "./manifest.ts";
import { type InputRow, type MarketRow, RecordNumbering, type RecordSink, staticLine } from "./record.ts";
import { MARKET_RANK, streamRank } from "./stream-rank.ts";
import { RecordingTally } from "./tally.ts";
import type { RecordingOptions } from "./writer.ts";

export interface MemoryWriter extends RecordSink {
  note(text: string): void;
  /** Ends the recording; its hash is the one the same rows have on disk. */
  seal(): RecordingSource;
}

export interface MemoryRecordingOptions {
  readonly id?: string;
  readonly symbols: readonly string[];
  readonly fidelity?: Fidelity;
  readonly notes?: readonly string[];
  /** Raw `exchangeInfo`; without it instruments have defaults. */
  readonly exchangeInfo?: unknown;
  /** Takes the place of instruments built from `exchangeInfo`. */
  readonly instruments?: readonly Instrument[];
  /** In the order of `rxMs`. */
  readonly market?: readonly MarketRow[];
  /** In the order of `rxMs` and stream rank. */
  readonly inputs?: readonly InputRow[];
}

/**
 * A recording held in memory, from rows: for tests and small imports. Rows pass the checks of the writer on disk, and
 * market rows and inputs are merged in replay order.
 *
 * @example createMemoryRecording({ symbols: ["BTCUSDT"], market: [{ rxMs: 0, symbol: 0, price: "95467.7" }] })
 */
export function createMemoryRecording(options: MemoryRecordingOptions): RecordingSource {
  const { id = "memory", fidelity = "mark", symbols, notes = [] } = options;
  const writer = new ColumnWriter({ id, fidelity, symbols, notes, createdBy: "memory" }, options.instruments ?? null);
  if (options.exchangeInfo !== undefined) writer.exchangeInfo(options.exchangeInfo);
  const market = options.market ?? [];
  let next = 0;
  for (const input of options.inputs ?? []) {
    const rank = streamRank(input.stream);
    while (next < market.length && isBefore(market[next]!.rxMs, MARKET_RANK, input.rxMs, rank)) {
      writer.market(market[next++]!);
    }
    writer.input(input);
  }
  while (next < market.length) writer.market(market[next++]!);
  return writer.seal();
}

/** The writer of `createRecordingWriter` without a disk; memory grows with the number of rows (67 bytes a price). */
export function createMemoryWriter(options: RecordingOptions): MemoryWriter {
  return new ColumnWriter(options, null);
}

function isBefore(rxMs: number, rank: number, otherRxMs: number, otherRank: number): boolean {
  return rxMs < otherRxMs || (rxMs === otherRxMs && rank <= otherRank);
}

class ColumnWriter implements MemoryWriter {
  readonly #options: RecordingOptions;
  readonly #givenInstruments: readonly Instrument[] | null;
  readonly #numbering: RecordNumbering;
  readonly #tally: RecordingTally;
  readonly #notes: string[];
  readonly #batches: MutableMarketBatch[] = [];
  readonly #inputs: InputRecord[] = [];
  readonly #marketHash = new TextHash();
  readonly #inputHash = new TextHash();
  readonly #exchangeHash = new TextHash();
  #exchangeInfo: { raw: unknown } | null = null;
  #isSealed = false;

  constructor(options: RecordingOptions, instruments: readonly Instrument[] | null) {
    this.#options = options;
    this.#givenInstruments = instruments;
    this.#numbering = new RecordNumbering(options.symbols);
    this.#tally = new RecordingTally(options.symbols);
    this.#notes = [...(options.notes ?? [])];
  }

  market(row: MarketRow): void {
    this.#expectOpen();
    const numbered = this.#numbering.market(row);
    this.#tally.market(row, numbered);
    this.#marketHash.update(numbered.line);
    let batch = this.#batches.at(-1);
    if (batch === undefined || batch.length === BATCH_ROWS) {
      batch = createColumns(BATCH_ROWS);
      this.#batches.push(batch);
    }
    const at = batch.length++;
    batch.seq[at] = numbered.seq;
    batch.tsMs[at] = numbered.tsMs;
    batch.rxMs[at] = numbered.rxMs;
    batch.symbol[at] = numbered.symbol;
    batch.kind[at] = numbered.kind;
    batch.price[at] = numbered.price;
    batch.bid[at] = numbered.bid;
    batch.ask[at] = numbered.ask;
    batch.qty[at] = numbered.qty;
    setSizes(batch, at, numbered.bidQty, numbered.askQty);
  }

  input(row: InputRow): void {
    this.#expectOpen();
    const { line, ...record } = this.#numbering.input(row);
    this.#tally.input({ line, ...record });
    this.#inputHash.update(line);
    this.#inputs.push(record);
  }

  exchangeInfo(raw: unknown): void {
    this.#expectOpen();
    this.#exchangeInfo = { raw };
    this.#exchangeHash.update(staticLine("exchangeInfo", raw));
  }

  leverageBrackets(raw: unknown): void {
    this.#expectOpen();
    this.#exchangeHash.update(staticLine("leverageBrackets", raw));
  }

  note(text: string): void {
    this.#notes.push(text);
  }

  seal(): RecordingSource {
    this.#expectOpen();
    this.#isSealed = true;
    const { id, symbols, fidelity } = this.#options;
    const { instruments, notes } = this.#instruments();
    const batches: readonly MarketBatch[] = this.#batches;
    const inputs: readonly InputRecord[] = this.#inputs;
    const content = {
      market: this.#marketHash.digest(),
      inputs: this.#inputHash.digest(),
      exchange: this.#exchangeHash.digest(),
    };
    const isEmpty = this.#tally.firstTsMs > this.#tally.lastTsMs;
    return {
      id,
      hash: recordingHash({ symbols, fidelity, content }),
      symbols,
      instruments,
      firstTsMs: isEmpty ? 0 : this.#tally.firstTsMs,
      lastTsMs: isEmpty ? 0 : this.#tally.lastTsMs,
      marketEventCount: this.#tally.marketRecords,
      fidelity,
      hasDepth: this.#tally.streams().some(({ stream }) => stream === "depth"),
      notes: [...this.#notes, ...notes],
      batches: () => batches,
      inputs: () => inputs,
    };
  }

  #instruments(): { instruments: readonly Instrument[]; notes: readonly string[] } {
    if (this.#givenInstruments !== null) return { instruments: this.#givenInstruments, notes: [] };
    const parsed = this.#exchangeInfo === null ? null : parseExchangeInfo(this.#exchangeInfo.raw);
    if (parsed !== null && parsed.problems.length > 0) throw new UserError(parsed.problems);
    return buildInstruments(this.#tally.symbols(), parsed?.venue ?? null);
  }

  #expectOpen(): void {
    if (this.#isSealed) {
      throw new InvariantError(`Cannot write recording "${this.#options.id}": it is sealed, an open one is needed`);
    }
  }
}

/** SHA-256 of many short texts: each is too short to be worth a call of its own. */
class TextHash {
  readonly #hash: Hash = createHash("sha256");
  #pending = "";

  update(text: string): void {
    this.#pending += text;
    if (this.#pending.length < 64 * 1024) return;
    this.#hash.update(this.#pending);
    this.#pending = "";
  }

  digest(): string {
    return this.#hash.update(this.#pending).digest("hex");
  }
}
