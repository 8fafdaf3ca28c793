import { qtyToLots } from "../engine/domain/instrument.ts";
import { type InputRecord, MARKET_KIND, type MarketBatch, type RecordingSource } from "../recording/batch.ts";
import { type DepthChange, DepthFeed } from "../venue/depth-feed.ts";
import type { Venue } from "../venue/venue.ts";
import { addVolume, type VenueMarket } from "../venue/venue-market.ts";

/** Something the market did, for those who publish it; the columns of `VenueMarket` hold the rest. */
export type MarketEvent =
  | { readonly kind: "mark" | "book"; readonly symbolIndex: number; readonly tsMs: number }
  | {
      readonly kind: "trade";
      readonly symbolIndex: number;
      readonly tsMs: number;
      readonly price: number;
      readonly qty: number;
      readonly tradeId: number;
      /** Told by the tick rule: a trade below the one before was made by a seller. */
      readonly isBuyerMaker: boolean;
    }
  | ({ readonly kind: "depth"; readonly symbolIndex: number; readonly tsMs: number } & DepthChange)
  | {
      readonly kind: "funding";
      readonly symbolIndex: number;
      readonly tsMs: number;
      readonly rate: number;
      readonly markPrice: number;
    };

export interface MarketReplayOptions {
  readonly recording: RecordingSource;
  readonly market: VenueMarket;
  readonly venue: Venue;
  readonly fromTsMs: number;
  onEvent(event: MarketEvent): void;
  /** The recorded book of a symbol cannot be followed. */
  onDepthBreak?(symbolIndex: number, tsMs: number, text: string): void;
}

/**
 * Plays a recording into a venue by exchange time: the columns first, then the venue where the symbol matters, then
 * whoever publishes. Exchange time never runs backwards: a late row is due at the clock it is late against.
 */
export class MarketReplay {
  /** Market rows played. */
  rows = 0;
  readonly #options: MarketReplayOptions;
  readonly #batches: Iterator<MarketBatch>;
  readonly #inputs: Iterator<InputRecord>;
  readonly #symbols: ReadonlyMap<string, number>;
  readonly #lastTrade: Float64Array;
  readonly #depthFeed: DepthFeed;
  #batch: MarketBatch | null = null;
  #row = 0;
  #input: InputRecord | null = null;
  #clockMs = Number.NEGATIVE_INFINITY;
  #tradeCount = 0;

  constructor(options: MarketReplayOptions) {
    const { recording } = options;
    this.#options = options;
    this.#batches = recording.batches()[Symbol.iterator]();
    this.#inputs = recording.inputs()[Symbol.iterator]();
    this.#symbols = new Map(recording.symbols.map((symbol, index) => [symbol, index]));
    this.#lastTrade = new Float64Array(recording.symbols.length).fill(Number.NaN);
    this.#depthFeed = new DepthFeed({
      market: options.market,
      contractOf: (symbolIndex) => options.venue.rules[symbolIndex]!.contract,
      onBreak: (symbolIndex, tsMs, text) => options.onDepthBreak?.(symbolIndex, tsMs, text),
    });
    this.#nextBatch();
    this.#nextInput();
  }

  /** When the market next does something; Infinity at the end of the recording. */
  get nextTsMs(): number {
    const row = this.#batch === null ? Number.POSITIVE_INFINITY : this.#batch.tsMs[this.#row]!;
    const input = this.#input === null ? Number.POSITIVE_INFINITY : this.#input.tsMs;
    return Math.max(this.#clockMs, Math.min(row, input));
  }

  /** Plays everything due at or before that time. */
  advance(untilTsMs: number): void {
    while (this.nextTsMs <= untilTsMs) {
      const row = this.#batch === null ? Number.POSITIVE_INFINITY : this.#batch.tsMs[this.#row]!;
      const input = this.#input === null ? Number.POSITIVE_INFINITY : this.#input.tsMs;
      this.#clockMs = Math.max(this.#clockMs, Math.min(row, input));
      if (row <= input) this.#playRow(this.#clockMs);
      else this.#playInput(this.#clockMs);
    }
  }

  #playRow(tsMs: number): void {
    const { market, venue, onEvent, recording } = this.#options;
    const batch = this.#batch!;
    const row = this.#row;
    const symbolIndex = batch.symbol[row]!;
    const kind = batch.kind[row]!;
    const price = batch.price[row]!;
    const qty = batch.qty[row]!;
    const previous = this.#lastTrade[symbolIndex]!;
    if (kind === MARKET_KIND.mark) market.mark[symbolIndex] = price;
    if (kind === MARKET_KIND.trade) {
      market.last[symbolIndex] = price;
      this.#lastTrade[symbolIndex] = price;
    }
    // As in a run: a row without a bid says nothing about quotes, and volume counts for the minute it was recorded in.
    if (batch.bid[row]! > 0) {
      market.bid[symbolIndex] = batch.bid[row]!;
      market.ask[symbolIndex] = batch.ask[row]!;
      market.bidQty[symbolIndex] = batch.bidQty?.[row] ?? Number.NaN;
      market.askQty[symbolIndex] = batch.askQty?.[row] ?? Number.NaN;
    }
    if (qty > 0) addVolume(market, symbolIndex, batch.tsMs[row]!, qty);
    market.updatedTsMs[symbolIndex] = batch.tsMs[row]!;
    this.rows += 1;
    this.#row += 1;
    if (this.#row >= batch.length) this.#nextBatch();
    if (venue.watched[symbolIndex] === 1) {
      const lots =
        kind === MARKET_KIND.trade && qty > 0 ? qtyToLots(recording.instruments[symbolIndex]!, qty, "down") : 0;
      venue.onMarket(symbolIndex, tsMs, kind, lots);
    }
    if (kind === MARKET_KIND.trade) {
      this.#tradeCount += 1;
      const isBuyerMaker = price < previous;
      onEvent({ kind: "trade", symbolIndex, tsMs, price, qty, tradeId: this.#tradeCount, isBuyerMaker });
      return;
    }
    if (batch.bid[row]! > 0) onEvent({ kind: "book", symbolIndex, tsMs });
    if (kind === MARKET_KIND.mark) onEvent({ kind: "mark", symbolIndex, tsMs });
  }

  #playInput(tsMs: number): void {
    const input = this.#input!;
    this.#nextInput();
    const symbolIndex = this.#symbols.get(String(input.payload["sym"]));
    if (symbolIndex === undefined) return;
    if (input.stream === "funding") this.#fund(symbolIndex, input, tsMs);
    else if (input.stream === "depth") this.#depth(symbolIndex, input, tsMs);
  }

  #fund(symbolIndex: number, input: InputRecord, tsMs: number): void {
    const { market, venue, fromTsMs, onEvent } = this.#options;
    const rate = Number(input.payload["rate"]);
    const recorded = Number(input.payload["markPrice"] ?? input.payload["mark"] ?? Number.NaN);
    if (!Number.isFinite(rate)) return;
    market.fundingRate[symbolIndex] = rate;
    const markPrice = recorded > 0 ? recorded : market.mark[symbolIndex]!;
    if (tsMs >= fromTsMs) venue.settleFunding(symbolIndex, rate, recorded > 0 ? recorded : null, tsMs);
    onEvent({ kind: "funding", symbolIndex, tsMs, rate, markPrice });
  }

  #depth(symbolIndex: number, input: InputRecord, tsMs: number): void {
    const { venue, onEvent } = this.#options;
    const change = this.#depthFeed.apply(symbolIndex, input.payload, tsMs);
    if (change === null) return;
    if (venue.watched[symbolIndex] === 1) venue.onMarket(symbolIndex, tsMs, MARKET_KIND.book);
    onEvent({ kind: "depth", symbolIndex, tsMs, ...change });
    onEvent({ kind: "book", symbolIndex, tsMs });
  }

  #nextBatch(): void {
    for (;;) {
      const next = this.#batches.next();
      this.#batch = next.done === true ? null : next.value;
      this.#row = 0;
      if (this.#batch === null || this.#batch.length > 0) return;
    }
  }

  /** Only what the exchange itself did: funding and depth. Intents are somebody else's. */
  #nextInput(): void {
    for (;;) {
      const next = this.#inputs.next();
      this.#input = next.done === true ? null : next.value;
      if (this.#input === null || this.#input.stream === "funding" || this.#input.stream === "depth") return;
    }
  }
}
