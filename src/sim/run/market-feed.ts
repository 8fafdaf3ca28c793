import type { MarketState } from "../../engine/market/market-state.ts";
import { MARKET_KIND, type MarketBatch } from "../../recording/batch.ts";
import { addVolume, type VenueMarket } from "../../venue/venue-market.ts";
import type { DepthCursor, DepthCursorSnapshot } from "./depth-cursor.ts";

const MARK = MARKET_KIND.mark;
const TRADE = MARKET_KIND.trade;
const BOOK = MARKET_KIND.book;

export interface MarketFeedOptions {
  readonly batches: Iterable<MarketBatch>;
  /**
   * Delay from the exchange to the engine of the next row, in whole ms, on top of what the recording itself measured;
   * asked once per row, in order. `null` is no delay at all.
   */
  readonly nextFeedLatencyMs: (() => number) | null;
  /** Times in which no engine gets a row: of one symbol, or of all. */
  readonly gaps?: readonly FeedGap[];
  readonly markets: readonly MarketState[];
  readonly venueMarket: VenueMarket;
  readonly symbolCount: number;
  /** 1 where a price can matter to some exchange; may change at any time. One of the feed's own when absent. */
  readonly watched?: Uint8Array;
  /** Order books of the recording; `null` when it has none. They move at exchange time, and no engine sees them. */
  readonly depth: DepthCursor | null;
  /**
   * Called when the price of a watched symbol, or its book, has changed on the exchange; `kind` is one of `MARKET_KIND`,
   * `tradedQty` the base quantity of a trade and otherwise 0. May schedule things: the feed looks at
   * `limit.tsMs` again after every call.
   */
  onWatched(symbol: number, tsMs: number, kind: number, tradedQty: number): void;
}

/** The engines' market stream is cut: rows that would arrive in it never do. */
export interface FeedGap {
  readonly fromTsMs: number;
  readonly untilTsMs: number;
  /** Place in the recording's symbol table; every symbol when absent. */
  readonly symbol?: number;
}

/** Where both cursors are, in rows from the start of the recording, and when each moves next. */
export interface MarketFeedSnapshot {
  readonly exchangeRows: number;
  readonly engineRows: number;
  readonly nextExchangeTsMs: number;
  readonly nextEngineTsMs: number;
  readonly exchangeClockMs: number;
  readonly engineTsMaxMs: number;
  readonly engineClockMs: number;
  readonly depth: DepthCursorSnapshot | null;
}

/** The time the feed must not run past; `onWatched` may bring it nearer. */
export interface FeedLimit {
  tsMs: number;
}

/**
 * Moves two cursors over the same rows: the exchange sees a row at its exchange time, the engine when it was received,
 * never earlier, plus the feed latency. So an order that arrives while a price is on its way meets the newer price, and
 * the engine cannot look ahead. At the same instant the exchange comes first.
 *
 * A recorded clock may run behind the exchange's (`rx < ts`); then the exchange time counts, because nobody receives an
 * event before it happens.
 */
export class MarketFeed {
  /** Rows the exchange has seen. */
  exchangeRows = 0;
  /** Watched symbols: 1 where a price can matter to some exchange (resting order or open position). */
  readonly watched: Uint8Array;

  readonly #options: MarketFeedOptions;
  readonly #source: Iterator<MarketBatch>;
  readonly #queue: MarketBatch[] = [];
  #exchangeBatch = -1;
  #exchangeRow = 0;
  #engineRow = 0;
  /** Rows the engine has seen. */
  #engineRows = 0;
  #isSourceDone = false;
  /** What the exchange sees next is a change of a book and no row. */
  #isDepthNext = false;
  /** Times of what each cursor sees next; Infinity at the end of the recording. */
  #nextExchangeTsMs = Number.POSITIVE_INFINITY;
  #nextEngineTsMs = Number.POSITIVE_INFINITY;
  #exchangeClockMs = Number.NEGATIVE_INFINITY;
  /** What `#exchangeClockMs` was at the engine's row: exchange time never runs backwards for either. */
  #engineTsMaxMs = Number.NEGATIVE_INFINITY;
  /** When the engine got the row before. */
  #engineClockMs = Number.NEGATIVE_INFINITY;

  /** @param saved where an earlier feed over the same rows stopped */
  constructor(options: MarketFeedOptions, saved?: MarketFeedSnapshot) {
    this.#options = options;
    this.watched = options.watched ?? new Uint8Array(options.symbolCount);
    this.#source = options.batches[Symbol.iterator]();
    if (saved !== undefined) {
      this.#goTo(saved);
      return;
    }
    this.#openNextBatch();
    this.#peekExchange();
    this.#peekEngine();
  }

  save(): MarketFeedSnapshot {
    return {
      exchangeRows: this.exchangeRows,
      engineRows: this.#engineRows,
      nextExchangeTsMs: this.#nextExchangeTsMs,
      nextEngineTsMs: this.#nextEngineTsMs,
      exchangeClockMs: this.#exchangeClockMs,
      engineTsMaxMs: this.#engineTsMaxMs,
      engineClockMs: this.#engineClockMs,
      depth: this.#options.depth?.save() ?? null,
    };
  }

  /** Time of the next thing the market does to anybody; Infinity when the recording is over. */
  get nextTsMs(): number {
    return Math.min(this.#nextExchangeTsMs, this.#nextEngineTsMs);
  }

  /** Lets go of the source before its end: it may hold files. */
  close(): void {
    this.#isSourceDone = true;
    this.#source.return?.();
    this.#options.depth?.close();
  }

  /** Takes in every row due at or before `limit.tsMs`, in time order. */
  advance(limit: FeedLimit): void {
    if (this.#options.nextFeedLatencyMs === null && !this.#hasGaps) {
      this.#advanceTogether(limit);
      return;
    }
    for (;;) {
      if (this.#nextExchangeTsMs <= this.#nextEngineTsMs) {
        if (!(this.#nextExchangeTsMs <= limit.tsMs)) return;
        this.#stepExchange();
      } else {
        if (!(this.#nextEngineTsMs <= limit.tsMs)) return;
        this.#stepEngine();
      }
    }
  }

  /** Without a latency and with `rx` at most `ts` both cursors are one; a batch where `rx` is later goes row by row. */
  #advanceTogether(limit: FeedLimit): void {
    const { markets, venueMarket, depth } = this.#options;
    const market = markets.length === 1 ? markets[0]! : null;
    const { mark: exchangeMark, last: exchangeLast, bid: exchangeBid, ask: exchangeAsk, updatedTsMs } = venueMarket;
    const { bidQty: exchangeBidQty, askQty: exchangeAskQty } = venueMarket;
    const watched = this.watched;
    while (this.#nextExchangeTsMs <= limit.tsMs || this.#nextEngineTsMs <= limit.tsMs) {
      if (
        this.#isDepthNext ||
        this.#nextExchangeTsMs !== this.#nextEngineTsMs ||
        this.#exchangeBatch !== 0 ||
        this.#exchangeRow !== this.#engineRow
      ) {
        if (this.#nextExchangeTsMs <= this.#nextEngineTsMs) this.#stepExchange();
        else this.#stepEngine();
        continue;
      }
      const batch = this.#queue[0]!;
      const { length, tsMs, rxMs, symbol, kind, price, bid, ask, qty, bidQty, askQty } = batch;
      let row = this.#exchangeRow;
      let clockMs = this.#exchangeClockMs;
      const depthTsMs = depth?.nextTsMs ?? Number.POSITIVE_INFINITY;
      const start = row;
      while (row < length) {
        const exchangeTsMs = tsMs[row]!;
        const due = Math.max(exchangeTsMs, clockMs);
        if (due > limit.tsMs || rxMs[row]! > due || depthTsMs < exchangeTsMs) break;
        clockMs = due;
        const index = symbol[row]!;
        const value = price[row]!;
        const bidValue = bid[row]!;
        if (kind[row] === MARK) exchangeMark[index] = value;
        else if (kind[row] === TRADE) exchangeLast[index] = value;
        if (bidValue > 0) {
          exchangeBid[index] = bidValue;
          exchangeAsk[index] = ask[row]!;
          exchangeBidQty[index] = bidQty === null ? Number.NaN : bidQty[row]!;
          exchangeAskQty[index] = askQty === null ? Number.NaN : askQty[row]!;
        }
        updatedTsMs[index] = exchangeTsMs;
        if (qty[row]! > 0) addVolume(venueMarket, index, exchangeTsMs, qty[row]!);
        if (watched[index] === 1) {
          this.#options.onWatched(index, due, kind[row]!, kind[row] === TRADE ? qty[row]! : 0);
        }
        if (market !== null) market.update(index, due, value, bidValue, ask[row]!, qty[row]!);
        else for (const each of markets) each.update(index, due, value, bidValue, ask[row]!, qty[row]!);
        row += 1;
      }
      this.exchangeRows += row - start;
      this.#engineRows += row - start;
      this.#exchangeClockMs = clockMs;
      this.#engineTsMaxMs = clockMs;
      this.#exchangeRow = row;
      this.#engineRow = row;
      this.#peekExchange();
      this.#peekEngine();
    }
  }

  #stepDepth(): void {
    const symbol = this.#options.depth!.applyNext(this.#nextExchangeTsMs);
    this.#exchangeClockMs = this.#nextExchangeTsMs;
    if (symbol >= 0 && this.watched[symbol] === 1) this.#options.onWatched(symbol, this.#nextExchangeTsMs, BOOK, 0);
    this.#peekExchange();
  }

  #stepExchange(): void {
    if (this.#isDepthNext) {
      this.#stepDepth();
      return;
    }
    const batch = this.#queue[this.#exchangeBatch]!;
    const row = this.#exchangeRow;
    const { venueMarket } = this.#options;
    const index = batch.symbol[row]!;
    if (batch.kind[row] === MARK) venueMarket.mark[index] = batch.price[row]!;
    else if (batch.kind[row] === TRADE) venueMarket.last[index] = batch.price[row]!;
    // A row without quotes says nothing about them.
    if (batch.bid[row]! > 0) {
      venueMarket.bid[index] = batch.bid[row]!;
      venueMarket.ask[index] = batch.ask[row]!;
      venueMarket.bidQty[index] = batch.bidQty?.[row] ?? Number.NaN;
      venueMarket.askQty[index] = batch.askQty?.[row] ?? Number.NaN;
    }
    venueMarket.updatedTsMs[index] = batch.tsMs[row]!;
    if (batch.qty[row]! > 0) addVolume(venueMarket, index, batch.tsMs[row]!, batch.qty[row]!);
    this.#exchangeClockMs = this.#nextExchangeTsMs;
    if (this.watched[index] === 1) {
      const tradedQty = batch.kind[row] === TRADE ? batch.qty[row]! : 0;
      this.#options.onWatched(index, this.#nextExchangeTsMs, batch.kind[row]!, tradedQty);
    }
    this.exchangeRows += 1;
    this.#exchangeRow += 1;
    this.#peekExchange();
  }

  #stepEngine(): void {
    const batch = this.#queue[0]!;
    const row = this.#engineRow;
    const isLost = this.#hasGaps && this.#isInGap(batch.symbol[row]!, this.#nextEngineTsMs);
    for (const market of isLost ? [] : this.#options.markets) {
      market.update(
        batch.symbol[row]!,
        this.#nextEngineTsMs,
        batch.price[row]!,
        batch.bid[row]!,
        batch.ask[row]!,
        batch.qty[row]!,
      );
    }
    this.#engineRow += 1;
    this.#engineRows += 1;
    this.#peekEngine();
  }

  get #hasGaps(): boolean {
    return this.#options.gaps !== undefined && this.#options.gaps.length > 0;
  }

  #isInGap(index: number, tsMs: number): boolean {
    return this.#options.gaps!.some(({ fromTsMs, untilTsMs, symbol }) => {
      return tsMs >= fromTsMs && tsMs < untilTsMs && (symbol === undefined || symbol === index);
    });
  }

  /**
   * Batches may be cut differently than when it was saved, so places are counted in rows. Times are taken over and not
   * worked out again: the latency of the engine's next row has been drawn already.
   */
  #goTo(saved: MarketFeedSnapshot): void {
    let rowsBefore = 0;
    while (this.#openNextBatch()) {
      const { length } = this.#queue[0]!;
      if (rowsBefore + length > saved.engineRows) break;
      rowsBefore += length;
      this.#queue.shift();
    }
    this.#engineRow = saved.engineRows - rowsBefore;
    this.#exchangeBatch = this.#queue.length === 0 ? -1 : 0;
    this.#exchangeRow = saved.exchangeRows - rowsBefore;
    while (this.#exchangeBatch >= 0 && this.#exchangeRow >= this.#queue[this.#exchangeBatch]!.length) {
      if (!this.#openNextBatch()) break;
      this.#exchangeRow -= this.#queue[this.#exchangeBatch]!.length;
      this.#exchangeBatch += 1;
    }
    this.exchangeRows = saved.exchangeRows;
    this.#engineRows = saved.engineRows;
    this.#nextExchangeTsMs = saved.nextExchangeTsMs;
    this.#nextEngineTsMs = saved.nextEngineTsMs;
    this.#exchangeClockMs = saved.exchangeClockMs;
    this.#engineTsMaxMs = saved.engineTsMaxMs;
    this.#engineClockMs = saved.engineClockMs;
    if (saved.depth !== null) this.#options.depth?.load(saved.depth);
    this.#isDepthNext = this.#isDepthBefore(this.#rowTsMs());
  }

  /**
   * Exchange time never runs backwards: a late row is due at the clock it is late against. Of a row and a change of a
   * book at one instant the row comes first.
   */
  #peekExchange(): void {
    const rowTsMs = this.#rowTsMs();
    this.#isDepthNext = this.#isDepthBefore(rowTsMs);
    const tsMs = this.#isDepthNext ? this.#options.depth!.nextTsMs : rowTsMs;
    this.#nextExchangeTsMs = Math.max(tsMs, this.#exchangeClockMs);
  }

  #isDepthBefore(rowTsMs: number): boolean {
    return this.#options.depth !== null && this.#options.depth.nextTsMs < rowTsMs;
  }

  /** Exchange time of the exchange's next row as recorded; Infinity after the last one. */
  #rowTsMs(): number {
    while (this.#exchangeBatch >= 0 && this.#exchangeRow >= this.#queue[this.#exchangeBatch]!.length) {
      if (this.#exchangeBatch + 1 >= this.#queue.length && !this.#openNextBatch()) return Number.POSITIVE_INFINITY;
      this.#exchangeBatch += 1;
      this.#exchangeRow = 0;
    }
    return this.#exchangeBatch < 0
      ? Number.POSITIVE_INFINITY
      : this.#queue[this.#exchangeBatch]!.tsMs[this.#exchangeRow]!;
  }

  #peekEngine(): void {
    while (this.#queue.length > 0 && this.#engineRow >= this.#queue[0]!.length) {
      if (this.#queue.length === 1 && !this.#openNextBatch()) {
        this.#nextEngineTsMs = Number.POSITIVE_INFINITY;
        return;
      }
      // The exchange is never behind the engine, so the first batch is finished for both.
      this.#queue.shift();
      this.#exchangeBatch -= 1;
      if (this.#exchangeBatch < 0) {
        this.#exchangeBatch = 0;
        this.#exchangeRow = 0;
      }
      this.#engineRow = 0;
    }
    const batch = this.#queue[0];
    if (batch === undefined) {
      this.#nextEngineTsMs = Number.POSITIVE_INFINITY;
      return;
    }
    const tsMs = batch.tsMs[this.#engineRow]!;
    const rxMs = batch.rxMs[this.#engineRow]!;
    if (tsMs > this.#engineTsMaxMs) this.#engineTsMaxMs = tsMs;
    const arrivalTsMs = Math.max(this.#engineTsMaxMs, rxMs) + (this.#options.nextFeedLatencyMs?.() ?? 0);
    // One connection: a row never overtakes the row before it.
    this.#nextEngineTsMs = Math.max(arrivalTsMs, this.#engineClockMs);
    this.#engineClockMs = this.#nextEngineTsMs;
  }

  #openNextBatch(): boolean {
    if (this.#isSourceDone) return false;
    const next = this.#source.next();
    if (next.done === true) {
      this.#isSourceDone = true;
      return false;
    }
    this.#queue.push(next.value);
    if (this.#exchangeBatch < 0) this.#exchangeBatch = 0;
    return true;
  }
}
