import type { ManifestGap, ManifestPart, ManifestSymbol } from "../manifest.ts";
import { decimalsOfText } from "../record.ts";
import { streamRank } from "../stream-rank.ts";

/** Place and extent of the records of one segment, as the entry of its part says them. */
export type SegmentExtent = Pick<
  ManifestPart,
  "records" | "streams" | "firstSeq" | "lastSeq" | "firstRx" | "lastRx" | "firstTs" | "lastTs"
>;

/** JSON form of a tally: kept beside a packed segment until the manifest is written. */
export interface TallySnapshot {
  readonly extent: SegmentExtent;
  readonly symbols: readonly ManifestSymbol[];
  readonly perStream: readonly { readonly stream: string; readonly records: number }[];
  readonly gaps: readonly ManifestGap[];
}

interface MarketFields {
  readonly symbol: string;
  readonly price: string;
  readonly bid?: string | undefined;
  readonly ask?: string | undefined;
  readonly qty?: string | undefined;
}

interface Place {
  readonly seq: number;
  readonly rxMs: number;
  readonly tsMs: number;
}

/** Counts the records of one segment; its memory grows with symbols and streams, not with records. */
export class SegmentTally {
  readonly #symbols = new Map<string, ManifestSymbol>();
  readonly #perStream = new Map<string, number>();
  readonly #gaps = new Map<string, ManifestGap>();
  #records = 0;
  #first: Place | null = null;
  #last: Place | null = null;
  #tsMin = Number.POSITIVE_INFINITY;
  #tsMax = Number.NEGATIVE_INFINITY;

  market(stream: string, place: Place, { symbol, price, bid = "", ask = "", qty = "" }: MarketFields): void {
    const known = this.#symbols.get(symbol);
    const digits = Math.max(decimalsOfText(price), decimalsOfText(bid), decimalsOfText(ask));
    this.#symbols.set(symbol, {
      symbol,
      records: (known?.records ?? 0) + 1,
      priceDecimals: Math.max(known?.priceDecimals ?? 0, digits),
      qtyDecimals: Math.max(known?.qtyDecimals ?? 0, decimalsOfText(qty)),
    });
    this.#place(stream, place);
  }

  input(stream: string, place: Place, payload: Readonly<Record<string, unknown>>): void {
    this.#place(stream, place);
    if (stream !== "gap") return;
    const { sym, startTsMs, endTsMs, missing } = payload;
    if (typeof sym !== "string" || typeof startTsMs !== "number" || typeof endTsMs !== "number") return;
    this.#gaps.set(
      sym,
      joinGaps(this.#gaps.get(sym), {
        symbol: sym,
        gaps: 1,
        missing: typeof missing === "number" ? missing : 0,
        longestMs: Math.max(0, endTsMs - startTsMs),
        firstStartTs: startTsMs,
        lastEndTs: endTsMs,
      }),
    );
  }

  staticRecord(stream: string): void {
    this.#count(stream);
  }

  snapshot(): TallySnapshot {
    return {
      extent: {
        records: this.#records,
        streams: [...this.#perStream.keys()].sort(),
        firstSeq: this.#first?.seq ?? null,
        lastSeq: this.#last?.seq ?? null,
        firstRx: this.#first?.rxMs ?? null,
        lastRx: this.#last?.rxMs ?? null,
        firstTs: this.#first === null ? null : this.#tsMin,
        lastTs: this.#first === null ? null : this.#tsMax,
      },
      symbols: [...this.#symbols.values()],
      perStream: [...this.#perStream].map(([stream, records]) => ({ stream, records })),
      gaps: [...this.#gaps.values()],
    };
  }

  #place(stream: string, place: Place): void {
    this.#count(stream);
    this.#first ??= place;
    this.#last = place;
    if (place.tsMs < this.#tsMin) this.#tsMin = place.tsMs;
    if (place.tsMs > this.#tsMax) this.#tsMax = place.tsMs;
  }

  #count(stream: string): void {
    this.#records++;
    this.#perStream.set(stream, (this.#perStream.get(stream) ?? 0) + 1);
  }
}

/** The tables of a manifest, from the tallies of all its segments; `symbols` gives their order. */
export function joinTallies(tallies: readonly TallySnapshot[], symbols: readonly string[]) {
  const perSymbol = new Map<string, ManifestSymbol>(
    symbols.map((symbol) => [symbol, { symbol, records: 0, priceDecimals: 0, qtyDecimals: 0 }]),
  );
  const perStream = new Map<string, number>();
  const gaps = new Map<string, ManifestGap>();
  for (const tally of tallies) {
    for (const { symbol, records, priceDecimals, qtyDecimals } of tally.symbols) {
      const known = perSymbol.get(symbol);
      perSymbol.set(symbol, {
        symbol,
        records: (known?.records ?? 0) + records,
        priceDecimals: Math.max(known?.priceDecimals ?? 0, priceDecimals),
        qtyDecimals: Math.max(known?.qtyDecimals ?? 0, qtyDecimals),
      });
    }
    for (const { stream, records } of tally.perStream) perStream.set(stream, (perStream.get(stream) ?? 0) + records);
    for (const gap of tally.gaps) gaps.set(gap.symbol, joinGaps(gaps.get(gap.symbol), gap));
  }
  return {
    symbols: [...perSymbol.values()],
    streams: [...perStream]
      .map(([stream, records]) => ({ stream, rank: streamRank(stream), records }))
      .sort((left, right) => left.rank - right.rank || (left.stream < right.stream ? -1 : 1)),
    gaps: [...gaps.values()].sort((left, right) => (left.symbol < right.symbol ? -1 : 1)),
  };
}

function joinGaps(left: ManifestGap | undefined, right: ManifestGap): ManifestGap {
  if (left === undefined) return right;
  return {
    symbol: right.symbol,
    gaps: left.gaps + right.gaps,
    missing: left.missing + right.missing,
    longestMs: Math.max(left.longestMs, right.longestMs),
    firstStartTs: Math.min(left.firstStartTs, right.firstStartTs),
    lastEndTs: Math.max(left.lastEndTs, right.lastEndTs),
  };
}
