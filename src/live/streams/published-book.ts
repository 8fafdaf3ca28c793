import type { OrderFilled, SnapshotReceived } from "../../engine/domain/event.ts";
import { type Instrument, lotsToQty, notionalQuote, ticksToPrice } from "../../engine/domain/instrument.ts";
import {
  adoptPosition,
  applyFill,
  createPositionBook,
  entryPriceOf,
  type PositionBook,
} from "../../engine/pipeline/position-book.ts";

/**
 * Average prices and last marks for the keys that want them, from the same fills and snapshots the engine had. After a
 * restart a symbol is unknown until the exchange has been heard on it; nothing is invented until then.
 */
export class PublishedBook {
  readonly #instruments: ReadonlyMap<string, Instrument>;
  readonly #book: PositionBook = createPositionBook();
  readonly #known = new Set<string>();
  readonly #marks = new Map<string, number>();

  constructor(instruments: readonly Instrument[]) {
    this.#instruments = new Map(instruments.map((instrument) => [instrument.symbol, instrument]));
  }

  instrument(symbol: string): Instrument | null {
    return this.#instruments.get(symbol) ?? null;
  }

  get symbols(): IterableIterator<string> {
    return this.#instruments.keys();
  }

  /** Base units of whole lots; `null` for a symbol nobody knows. */
  qty(symbol: string, qtyLots: number | null): number | null {
    const instrument = this.#instruments.get(symbol);
    return instrument === undefined || qtyLots === null ? null : lotsToQty(instrument, qtyLots);
  }

  markPrice(symbol: string): number | null {
    return this.#marks.get(symbol) ?? null;
  }

  sawMark(symbol: string, price: number | null): void {
    if (price !== null && price > 0) this.#marks.set(symbol, price);
  }

  /** `null` when it is flat or not known. */
  averagePrice(symbol: string): number | null {
    const position = this.#book.open.get(symbol);
    const instrument = this.#instruments.get(symbol);
    if (position === undefined || instrument === undefined || !this.#known.has(symbol)) return null;
    return entryPriceOf(position, lotsToQty(instrument, 1));
  }

  /** A session began with an account that is flat or adopted later. */
  begin(): void {
    for (const symbol of this.#instruments.keys()) this.#known.add(symbol);
  }

  fill(fill: OrderFilled): void {
    const instrument = this.#instruments.get(fill.symbol);
    if (instrument === undefined) return;
    const price = ticksToPrice(instrument, fill.priceTicks);
    const notional = notionalQuote(instrument, fill.priceTicks, fill.qtyLots);
    const { symbol, side, qtyLots, exchangeTsMs } = fill;
    applyFill(this.#book, { symbol, side, qtyLots, notionalQuote: notional, price, exchangeTsMs });
    this.sawMark(symbol, price);
  }

  snapshot(symbol: string, report: SnapshotReceived["positions"][number] | null, asOfTsMs: number): void {
    const instrument = this.#instruments.get(symbol);
    if (instrument === undefined) return;
    this.sawMark(symbol, report?.markPrice ?? null);
    // The report may be from before a fill that is in the book already.
    if ((this.#book.lastFillTsMs.get(symbol) ?? -1) > asOfTsMs) return;
    const { qtyLots, entryPrice } = report ?? { qtyLots: 0, entryPrice: 0 };
    if (this.#known.has(symbol) && (this.#book.open.get(symbol)?.qtyLots ?? 0) === qtyLots) return;
    adoptPosition(this.#book, { symbol, qtyLots, entryPrice }, lotsToQty(instrument, 1), asOfTsMs);
    this.#known.add(symbol);
  }
}
