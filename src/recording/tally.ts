import type { ManifestGap, ManifestSymbol } from "./manifest.ts";
import { decimalsOfText, type MarketRow, type NumberedInput, type NumberedMarketRow } from "./record.ts";
import { streamRank } from "./stream-rank.ts";

interface SymbolTally {
  records: number;
  priceDecimals: number;
  qtyDecimals: number;
}

interface GapTally {
  gaps: number;
  missing: number;
  longestMs: number;
  firstStartTs: number;
  lastEndTs: number;
}

/** Counts what passes a writer; its memory grows with symbols and streams, not with records. */
export class RecordingTally {
  readonly #symbols: readonly string[];
  readonly #perSymbol: readonly SymbolTally[];
  readonly #perStream = new Map<string, number>();
  readonly #perGapSymbol = new Map<string, GapTally>();
  marketRecords = 0;
  firstTsMs = Number.POSITIVE_INFINITY;
  lastTsMs = Number.NEGATIVE_INFINITY;

  constructor(symbols: readonly string[]) {
    this.#symbols = symbols;
    this.#perSymbol = symbols.map(() => ({ records: 0, priceDecimals: 0, qtyDecimals: 0 }));
  }

  market(row: MarketRow, numbered: NumberedMarketRow): void {
    const tally = this.#perSymbol[row.symbol]!;
    tally.records++;
    tally.priceDecimals = Math.max(tally.priceDecimals, decimalsOfText(row.price));
    if (row.bid !== undefined) tally.priceDecimals = Math.max(tally.priceDecimals, decimalsOfText(row.bid));
    if (row.ask !== undefined) tally.priceDecimals = Math.max(tally.priceDecimals, decimalsOfText(row.ask));
    if (row.qty !== undefined) tally.qtyDecimals = Math.max(tally.qtyDecimals, decimalsOfText(row.qty));
    this.marketRecords++;
    this.#record(numbered.stream, numbered.tsMs);
  }

  input(record: NumberedInput): void {
    this.#record(record.stream, record.tsMs);
    if (record.stream === "gap") this.#gap(record.payload);
  }

  staticRecord(stream: string): void {
    this.#perStream.set(stream, (this.#perStream.get(stream) ?? 0) + 1);
  }

  symbols(): ManifestSymbol[] {
    return this.#symbols.map((symbol, index) => ({ symbol, ...this.#perSymbol[index]! }));
  }

  /** By rank, then name. */
  streams(): { stream: string; rank: number; records: number }[] {
    return [...this.#perStream]
      .map(([stream, records]) => ({ stream, rank: streamRank(stream), records }))
      .sort((left, right) => left.rank - right.rank || (left.stream < right.stream ? -1 : 1));
  }

  /** By symbol name. */
  gaps(): ManifestGap[] {
    return [...this.#perGapSymbol]
      .map(([symbol, tally]) => ({ symbol, ...tally }))
      .sort((left, right) => (left.symbol < right.symbol ? -1 : 1));
  }

  #record(stream: string, tsMs: number): void {
    this.#perStream.set(stream, (this.#perStream.get(stream) ?? 0) + 1);
    if (tsMs < this.firstTsMs) this.firstTsMs = tsMs;
    if (tsMs > this.lastTsMs) this.lastTsMs = tsMs;
  }

  #gap(payload: Readonly<Record<string, unknown>>): void {
    const { sym, startTsMs, endTsMs, missing } = payload as Partial<GapPayload>;
    if (typeof sym !== "string" || typeof startTsMs !== "number" || typeof endTsMs !== "number") return;
    const known = this.#perGapSymbol.get(sym);
    this.#perGapSymbol.set(sym, {
      gaps: (known?.gaps ?? 0) + 1,
      missing: (known?.missing ?? 0) + (missing ?? 0),
      longestMs: Math.max(known?.longestMs ?? 0, endTsMs - startTsMs),
      firstStartTs: Math.min(known?.firstStartTs ?? startTsMs, startTsMs),
      lastEndTs: Math.max(known?.lastEndTs ?? endTsMs, endTsMs),
    });
  }
}

/** Payload of a `gap` record, written when the data resume: nobody knew the length of the hole before. */
export interface GapPayload {
  readonly sym: string;
  /** First instant without data, and the instant the data resume. */
  readonly startTsMs: number;
  readonly endTsMs: number;
  /** Records the source should have had in between. */
  readonly missing: number;
  readonly cause: string;
}
