import type { MarketState } from "../../engine/market/market-state.ts";
import { MARKET_KIND } from "../../recording/batch.ts";
import type { AppliedRow, FeedRow, MarketMove } from "../ports.ts";

/** A row of the feed with the session's stamp; NaN is unknown. */
export function applyStamp(row: FeedRow, tsMs: number): AppliedRow {
  return {
    symbolIndex: row.symbolIndex,
    tsMs,
    exchangeTsMs: row.tsMs ?? tsMs,
    kind: MARKET_KIND[row.kind],
    price: Number(row.price),
    bid: numberOf(row.bid),
    ask: numberOf(row.ask),
    qty: row.qty === undefined ? 0 : Number(row.qty),
    bidQty: numberOf(row.bidQty),
    askQty: numberOf(row.askQty),
  };
}

const DECIMAL = /^\d+(?:\.\d+)?$/;

/** What is wrong with a row of the feed, `null` when nothing is: a feed is untrusted input. */
export function problemOfRow(row: FeedRow, symbolCount: number): string | null {
  const { symbolIndex, price, bid, ask, qty, bidQty, askQty, tsMs } = row;
  if (!(Number.isInteger(symbolIndex) && symbolIndex >= 0 && symbolIndex < symbolCount)) {
    return `symbol index ${symbolIndex} is not in the table of ${symbolCount}`;
  }
  if (tsMs !== null && !Number.isSafeInteger(tsMs)) return `time ${tsMs} is no whole number of milliseconds`;
  for (const [name, text] of [
    ["price", price],
    ["bid", bid],
    ["ask", ask],
  ] as const) {
    if (text !== undefined && !(DECIMAL.test(text) && Number(text) > 0 && Number.isFinite(Number(text)))) {
      return `${name} ${JSON.stringify(text.slice(0, 40))} is no decimal above 0`;
    }
  }
  for (const text of [qty, bidQty, askQty]) {
    if (text !== undefined && !(DECIMAL.test(text) && Number.isFinite(Number(text)))) {
      return `quantity ${JSON.stringify(text.slice(0, 40))} is no decimal`;
    }
  }
  return null;
}

function numberOf(text: string | undefined): number {
  return text === undefined ? Number.NaN : Number(text);
}

/** Moves the market as the engine sees it; every way through a session's inputs uses this one. */
export function applyMove(market: MarketState, move: MarketMove): void {
  if (move.kind === "funding") {
    market.setFundingRate(move.symbolIndex, move.rate);
    return;
  }
  const { symbolIndex, tsMs, price, bid, ask, qty } = move.row;
  market.update(symbolIndex, tsMs, price, bid, ask, qty);
}

/** One line of the write-ahead market file, without its line end. Doubles print so that they read back to the last bit. */
export function moveLine(move: MarketMove): string {
  if (move.kind === "funding") return `F,${move.symbolIndex},${move.rate}`;
  const { symbolIndex, tsMs, exchangeTsMs, kind, price, bid, ask, qty, bidQty, askQty } = move.row;
  return `${symbolIndex},${tsMs},${exchangeTsMs},${kind},${price},${field(bid)},${field(ask)},${qty},${field(bidQty)},${field(askQty)}`;
}

function field(value: number): string {
  return Number.isNaN(value) ? "" : String(value);
}

/** The move of a line, `null` when it is none. */
export function readMoveLine(line: string): MarketMove | null {
  const parts = line.split(",");
  if (parts[0] === "F") {
    const [symbolIndex, rate] = [Number(parts[1]), Number(parts[2])];
    return parts.length === 3 && Number.isSafeInteger(symbolIndex) ? { kind: "funding", symbolIndex, rate } : null;
  }
  if (parts.length !== 10) return null;
  const [symbolIndex, tsMs, exchangeTsMs, kind, price, bid, ask, qty, bidQty, askQty] = parts.map((part) =>
    part === "" ? Number.NaN : Number(part),
  ) as [number, number, number, number, number, number, number, number, number, number];
  if (![symbolIndex, tsMs, exchangeTsMs, kind].every((each) => Number.isSafeInteger(each)) || !(price > 0)) return null;
  return { kind: "row", row: { symbolIndex, tsMs, exchangeTsMs, kind, price, bid, ask, qty, bidQty, askQty } };
}
