import { MARKET_KIND, type RecordingSource } from "../../recording/batch.ts";

const MINUTE_MS = 60_000;

/** A stretch of one symbol's prices that somebody will ask for, both ends included. */
export interface PriceWindow {
  readonly symbol: string;
  readonly fromTsMs: number;
  readonly toTsMs: number;
}

/** One moment of a symbol's market; `bid` and `ask` are NaN where the recording has no quotes. */
export interface PricePoint {
  /** When it was told; not after the time asked for. */
  readonly tsMs: number;
  /** Mark price, else the middle of the book, else the last trade: what positions are valued at. */
  readonly price: number;
  readonly bid: number;
  readonly ask: number;
}

/** Columns of one symbol, one row a change. */
interface Path {
  readonly tsMs: Float64Array;
  readonly price: Float64Array;
  readonly bid: Float64Array;
  readonly ask: Float64Array;
}

export interface FundingRate {
  readonly tsMs: number;
  readonly rate: number;
  /** Price it was settled at; `null` when the recording does not say. */
  readonly markPrice: number | null;
}

/**
 * Prices of a recording after the fact: the judgement of a refusal may read what came later, decisions never do. Only
 * the windows asked for are kept, and only changes, so a day of one symbol at one price a second is 2.8 MB.
 */
export class PricePaths {
  /** Exchange time of the last row of the recording. */
  readonly endTsMs: number;
  readonly #paths: ReadonlyMap<string, Path>;
  readonly #volumes: ReadonlyMap<string, ReadonlyMap<number, number>>;
  readonly #funding: ReadonlyMap<string, readonly FundingRate[]>;

  constructor(parts: {
    readonly endTsMs: number;
    readonly paths: ReadonlyMap<string, Path>;
    readonly volumes: ReadonlyMap<string, ReadonlyMap<number, number>>;
    readonly funding: ReadonlyMap<string, readonly FundingRate[]>;
  }) {
    this.endTsMs = parts.endTsMs;
    this.#paths = parts.paths;
    this.#volumes = parts.volumes;
    this.#funding = parts.funding;
  }

  /** The market as it was told last at or before that time; `null` when nothing was told by then. */
  at(symbol: string, tsMs: number): PricePoint | null {
    const path = this.#paths.get(symbol);
    if (path === undefined) return null;
    const row = lastRowAt(path.tsMs, tsMs);
    if (row < 0) return null;
    return { tsMs: path.tsMs[row]!, price: path.price[row]!, bid: path.bid[row]!, ask: path.ask[row]! };
  }

  /** Times and prices after `fromTsMs` up to `toTsMs`, in time order. A view: nothing is copied. */
  between(
    symbol: string,
    fromTsMs: number,
    toTsMs: number,
  ): { readonly tsMs: Float64Array; readonly price: Float64Array } {
    const path = this.#paths.get(symbol);
    if (path === undefined) return { tsMs: new Float64Array(0), price: new Float64Array(0) };
    const first = lastRowAt(path.tsMs, fromTsMs) + 1;
    const end = Math.max(first, lastRowAt(path.tsMs, toTsMs) + 1);
    return { tsMs: path.tsMs.subarray(first, end), price: path.price.subarray(first, end) };
  }

  /** Base quantity traded in the last whole clock minute, else in the running one; 0 when neither is known. */
  minuteVolumeQty(symbol: string, tsMs: number): number {
    const volumes = this.#volumes.get(symbol);
    if (volumes === undefined) return 0;
    const minute = Math.floor(tsMs / MINUTE_MS);
    return volumes.get(minute - 1) ?? volumes.get(minute) ?? 0;
  }

  /** Settlements after `fromTsMs` up to `toTsMs`, in time order. */
  fundingBetween(symbol: string, fromTsMs: number, toTsMs: number): readonly FundingRate[] {
    return (this.#funding.get(symbol) ?? []).filter(({ tsMs }) => tsMs > fromTsMs && tsMs <= toTsMs);
  }
}

/** Reads a recording once and keeps what the windows ask for. Windows may overlap and come in any order. */
export function readPricePaths(recording: RecordingSource, windows: readonly PriceWindow[]): PricePaths {
  const spans = mergeWindows(windows);
  const recorders = recording.symbols.map((symbol) => {
    const own = spans.get(symbol);
    return own === undefined ? null : new PathRecorder(own);
  });
  let clockMs = Number.NEGATIVE_INFINITY;
  for (const { length, tsMs, symbol, kind, price, bid, ask, qty } of recording.batches()) {
    for (let row = 0; row < length; row++) {
      if (tsMs[row]! > clockMs) clockMs = tsMs[row]!;
      recorders[symbol[row]!]?.take(clockMs, kind[row]!, price[row]!, bid[row]!, ask[row]!, qty[row]!);
    }
  }
  const paths = new Map<string, Path>();
  const volumes = new Map<string, ReadonlyMap<number, number>>();
  recording.symbols.forEach((symbol, index) => {
    const recorder = recorders[index];
    if (recorder === null || recorder === undefined) return;
    paths.set(symbol, recorder.path());
    volumes.set(symbol, recorder.volumes);
  });
  const endTsMs = Number.isFinite(clockMs) ? Math.max(clockMs, recording.lastTsMs) : recording.lastTsMs;
  return new PricePaths({ endTsMs, paths, volumes, funding: readFunding(recording, spans) });
}

/** What one symbol's market looks like, row by row; written down inside its windows when it changes. */
class PathRecorder {
  readonly volumes = new Map<number, number>();
  readonly #spans: readonly PriceWindow[];
  #span = 0;
  #length = 0;
  #tsMs = new Float64Array(256);
  #price = new Float64Array(256);
  #bid = new Float64Array(256);
  #ask = new Float64Array(256);
  #now = { tsMs: Number.NaN, mark: Number.NaN, last: Number.NaN, bid: Number.NaN, ask: Number.NaN };

  constructor(spans: readonly PriceWindow[]) {
    this.#spans = spans;
  }

  take(tsMs: number, kind: number, price: number, bid: number, ask: number, qty: number): void {
    while (this.#span < this.#spans.length && tsMs > this.#spans[this.#span]!.toTsMs) {
      // A window between two rows has no row of its own: what was told last is its price.
      this.#write();
      this.#span += 1;
    }
    const span = this.#spans[this.#span];
    if (span === undefined) return;
    const isInside = tsMs >= span.fromTsMs;
    if (isInside) this.#write();
    const now = this.#now;
    now.tsMs = tsMs;
    if (kind === MARKET_KIND.mark) now.mark = price;
    else if (kind === MARKET_KIND.trade) now.last = price;
    if (bid > 0) {
      now.bid = bid;
      now.ask = ask;
    }
    if (isInside) this.#write();
    if (qty > 0 && tsMs >= span.fromTsMs - 2 * MINUTE_MS) {
      const minute = Math.floor(tsMs / MINUTE_MS);
      this.volumes.set(minute, (this.volumes.get(minute) ?? 0) + qty);
    }
  }

  path(): Path {
    if (this.#span < this.#spans.length) this.#write();
    const cut = (column: Float64Array): Float64Array => column.slice(0, this.#length);
    return { tsMs: cut(this.#tsMs), price: cut(this.#price), bid: cut(this.#bid), ask: cut(this.#ask) };
  }

  #write(): void {
    const { tsMs, mark, last, bid, ask } = this.#now;
    const middle = bid > 0 && ask > 0 ? (bid + ask) / 2 : last;
    const price = mark > 0 ? mark : middle;
    if (!(price > 0)) return;
    const before = this.#length - 1;
    if (
      before >= 0 &&
      Object.is(this.#price[before], price) &&
      Object.is(this.#bid[before], bid) &&
      Object.is(this.#ask[before], ask)
    ) {
      return;
    }
    // Several changes at one instant are one: nobody can ask for the time between them.
    const row = before >= 0 && this.#tsMs[before] === tsMs ? before : this.#length;
    if (row === this.#tsMs.length) this.#grow();
    this.#tsMs[row] = tsMs;
    this.#price[row] = price;
    this.#bid[row] = bid;
    this.#ask[row] = ask;
    this.#length = row + 1;
  }

  #grow(): void {
    const grown = (column: Float64Array): Float64Array<ArrayBuffer> => {
      const larger = new Float64Array(column.length * 2);
      larger.set(column);
      return larger;
    };
    this.#tsMs = grown(this.#tsMs);
    this.#price = grown(this.#price);
    this.#bid = grown(this.#bid);
    this.#ask = grown(this.#ask);
  }
}

/** By symbol, in time order, without overlaps. */
function mergeWindows(windows: readonly PriceWindow[]): Map<string, PriceWindow[]> {
  const ordered = [...windows].sort(
    (left, right) =>
      (left.symbol < right.symbol ? -1 : left.symbol > right.symbol ? 1 : 0) ||
      left.fromTsMs - right.fromTsMs ||
      left.toTsMs - right.toTsMs,
  );
  const merged = new Map<string, PriceWindow[]>();
  for (const window of ordered) {
    const own = merged.get(window.symbol) ?? [];
    merged.set(window.symbol, own);
    const last = own.at(-1);
    if (last !== undefined && window.fromTsMs <= last.toTsMs) {
      own[own.length - 1] = { ...last, toTsMs: Math.max(last.toTsMs, window.toTsMs) };
    } else own.push(window);
  }
  return merged;
}

function readFunding(
  recording: RecordingSource,
  spans: ReadonlyMap<string, readonly PriceWindow[]>,
): Map<string, FundingRate[]> {
  const funding = new Map<string, FundingRate[]>();
  for (const { stream, rxMs, tsMs, payload } of recording.inputs()) {
    if (stream !== "funding") continue;
    const symbol = payload["sym"];
    const rate = Number(payload["rate"]);
    if (typeof symbol !== "string" || !spans.has(symbol) || !Number.isFinite(rate)) continue;
    const markPrice = Number(payload["markPrice"] ?? payload["mark"]);
    const own = funding.get(symbol) ?? [];
    funding.set(symbol, own);
    own.push({ tsMs: Math.max(rxMs, tsMs), rate, markPrice: markPrice > 0 ? markPrice : null });
  }
  return funding;
}

/** Last row not after that time, -1 when there is none. */
function lastRowAt(times: Float64Array, tsMs: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (times[middle]! <= tsMs) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
