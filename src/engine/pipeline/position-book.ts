import type { Side } from "../domain/intent.ts";
import { sideSign } from "../domain/intent.ts";
import type { Money } from "../domain/money.ts";
import { moneyFromNumber, moneyToNumber } from "../domain/money.ts";

/** One open position as the engine knows it: own fills, corrected by what the exchange reports. */
export interface Position {
  readonly symbol: string;
  /** Signed lots: long is positive. */
  qtyLots: number;
  /** Sum of price times quantity over the entries still open, never negative; the average price is derived. */
  entryNotionalQuote: Money;
  openedTsMs: number;
  stopPrice: number | null;
  takeProfitPrice: number | null;
  /** Distance of the first stop from the entry, as a fraction: the unit of R. */
  riskPct: number | null;
  peakPrice: number;
  troughPrice: number;
  /** Ladder rungs that have fired for this position. */
  readonly rungsDone: Set<string>;
}

export interface Snapshot {
  readonly qtyLots: number;
  readonly asOfTsMs: number;
}

export interface PositionBook {
  /** Flat symbols are absent. Insertion order is the order in which positions were opened. */
  readonly open: Map<string, Position>;
  /** Last report of the exchange per symbol; flat is present with 0. */
  readonly snapshots: Map<string, Snapshot>;
  /** When a report that covered every symbol was true, 0 before the first. */
  allAsOfTsMs: number;
  /** Exchange time of the last own fill per symbol: older reports do not contain it. */
  readonly lastFillTsMs: Map<string, number>;
  /** Sum of own fills per symbol, signed lots. */
  readonly ownFillsQtyLots: Map<string, number>;
  /** First quantity the exchange reported for the symbol before any own fill. */
  readonly adoptedQtyLots: Map<string, number>;
}

export function createPositionBook(): PositionBook {
  return {
    open: new Map(),
    snapshots: new Map(),
    allAsOfTsMs: 0,
    lastFillTsMs: new Map(),
    ownFillsQtyLots: new Map(),
    adoptedQtyLots: new Map(),
  };
}

export function qtyLotsOf(book: PositionBook, symbol: string): number {
  return book.open.get(symbol)?.qtyLots ?? 0;
}

/** Average entry price in quote per base unit. */
export function entryPriceOf(position: Position, qtyPerLot: number): number {
  return moneyToNumber(position.entryNotionalQuote) / (Math.abs(position.qtyLots) * qtyPerLot);
}

export interface Fill {
  readonly symbol: string;
  readonly side: Side;
  readonly qtyLots: number;
  readonly notionalQuote: Money;
  readonly price: number;
  readonly exchangeTsMs: number;
}

/**
 * Books one own fill. Reducing takes the proportional share of the entry notional (the rest stays to the last unit);
 * crossing zero opens the other side with what is left.
 *
 * @returns the position after the fill, `null` when it is flat
 */
export function applyFill(book: PositionBook, fill: Fill): Position | null {
  const signedLots = sideSign(fill.side) * fill.qtyLots;
  book.ownFillsQtyLots.set(fill.symbol, (book.ownFillsQtyLots.get(fill.symbol) ?? 0) + signedLots);
  book.lastFillTsMs.set(fill.symbol, fill.exchangeTsMs);
  const position = book.open.get(fill.symbol);
  if (position === undefined) {
    return open(book, fill.symbol, signedLots, fill.notionalQuote, fill.price, fill.exchangeTsMs);
  }
  const before = position.qtyLots;
  const after = before + signedLots;
  if (Math.sign(before) === Math.sign(signedLots)) {
    position.qtyLots = after;
    position.entryNotionalQuote += fill.notionalQuote;
    return position;
  }
  if (after === 0) {
    book.open.delete(fill.symbol);
    return null;
  }
  if (Math.sign(after) === Math.sign(before)) {
    position.entryNotionalQuote -= (position.entryNotionalQuote * BigInt(fill.qtyLots)) / BigInt(Math.abs(before));
    position.qtyLots = after;
    return position;
  }
  book.open.delete(fill.symbol);
  const remaining = (fill.notionalQuote * BigInt(Math.abs(after))) / BigInt(fill.qtyLots);
  return open(book, fill.symbol, after, remaining, fill.price, fill.exchangeTsMs);
}

/**
 * Whether what we hold is what the exchange reported when this fill had happened already. Own fills are told in order, so
 * it is true only of a fill that was told late: after a report had it, and after that report was adopted.
 */
export function isReported(
  book: PositionBook,
  fill: { readonly symbol: string; readonly exchangeTsMs: number },
): boolean {
  const snapshot = snapshotOf(book, fill.symbol);
  if (snapshot === null || snapshot.asOfTsMs < fill.exchangeTsMs) return false;
  if ((book.lastFillTsMs.get(fill.symbol) ?? 0) > snapshot.asOfTsMs) return false;
  return snapshot.qtyLots === qtyLotsOf(book, fill.symbol);
}

/** Takes the exchange's word for a position that own fills do not explain. */
export function adoptPosition(
  book: PositionBook,
  report: { readonly symbol: string; readonly qtyLots: number; readonly entryPrice: number },
  qtyPerLot: number,
  tsMs: number,
): Position | null {
  const known = book.open.get(report.symbol);
  if (report.qtyLots === 0) {
    book.open.delete(report.symbol);
    return null;
  }
  const notional = moneyFromNumber(Math.abs(report.qtyLots) * qtyPerLot * report.entryPrice);
  if (known !== undefined && Math.sign(known.qtyLots) === Math.sign(report.qtyLots)) {
    known.qtyLots = report.qtyLots;
    known.entryNotionalQuote = notional;
    return known;
  }
  book.open.delete(report.symbol);
  return open(book, report.symbol, report.qtyLots, notional, report.entryPrice, tsMs);
}

/** Age in ms of what the exchange last said about the symbol; `null` when it never said anything. */
export function snapshotOf(book: PositionBook, symbol: string): Snapshot | null {
  const own = book.snapshots.get(symbol);
  if (book.allAsOfTsMs === 0) return own ?? null;
  if (own !== undefined && own.asOfTsMs >= book.allAsOfTsMs) return own;
  return { qtyLots: own?.asOfTsMs === book.allAsOfTsMs ? own.qtyLots : 0, asOfTsMs: book.allAsOfTsMs };
}

function open(
  book: PositionBook,
  symbol: string,
  qtyLots: number,
  entryNotionalQuote: Money,
  price: number,
  tsMs: number,
): Position {
  const position: Position = {
    symbol,
    qtyLots,
    entryNotionalQuote,
    openedTsMs: tsMs,
    stopPrice: null,
    takeProfitPrice: null,
    riskPct: null,
    peakPrice: price,
    troughPrice: price,
    rungsDone: new Set(),
  };
  book.open.set(symbol, position);
  return position;
}
