import type { MarketEvent } from "./market-replay.ts";

const MINUTE_MS = 60_000;
const BARS_MAX = 1_500;
const TRADES_MAX = 1_000;
const DAY_MS = 86_400_000;

export interface Bar {
  readonly openTsMs: number;
  open: number;
  high: number;
  low: number;
  close: number;
  qty: number;
  quoteQty: number;
  trades: number;
}

export interface RecentTrade {
  readonly tradeId: number;
  readonly tsMs: number;
  readonly price: number;
  readonly qty: number;
  readonly isBuyerMaker: boolean;
}

export interface FundingPaid {
  readonly symbolIndex: number;
  readonly tsMs: number;
  readonly rate: number;
  readonly markPrice: number;
}

/** What clients may ask of the past: one-minute bars, recent trades, funding. Bounded per symbol. */
export class MarketHistory {
  readonly #bars = new Map<number, Bar[]>();
  readonly #trades = new Map<number, RecentTrade[]>();
  readonly funding: FundingPaid[] = [];

  /** Takes in one event; `price` is what a bar is made of. */
  observe(event: MarketEvent, price: number): void {
    if (event.kind === "funding") {
      this.funding.push({
        symbolIndex: event.symbolIndex,
        tsMs: event.tsMs,
        rate: event.rate,
        markPrice: event.markPrice,
      });
      if (this.funding.length > 20_000) this.funding.splice(0, 5_000);
      return;
    }
    if (event.kind === "depth" || !(price > 0)) return;
    const qty = event.kind === "trade" ? event.qty : 0;
    this.#toBar(event.symbolIndex, event.tsMs, price, qty);
    if (event.kind !== "trade") return;
    const trades = listOf(this.#trades, event.symbolIndex);
    const { tradeId, tsMs, isBuyerMaker } = event;
    trades.push({ tradeId, tsMs, price, qty, isBuyerMaker });
    if (trades.length > TRADES_MAX * 1.2) trades.splice(0, trades.length - TRADES_MAX);
  }

  trades(symbolIndex: number, limit: number): readonly RecentTrade[] {
    return (this.#trades.get(symbolIndex) ?? []).slice(-limit);
  }

  /** Bars of whole multiples of a minute, oldest first, the running one included. */
  bars(symbolIndex: number, intervalMs: number): Bar[] {
    const merged: Bar[] = [];
    for (const bar of this.#bars.get(symbolIndex) ?? []) {
      const openTsMs = Math.floor(bar.openTsMs / intervalMs) * intervalMs;
      const last = merged.at(-1);
      if (last === undefined || last.openTsMs !== openTsMs) {
        merged.push({ ...bar, openTsMs });
        continue;
      }
      last.high = Math.max(last.high, bar.high);
      last.low = Math.min(last.low, bar.low);
      last.close = bar.close;
      last.qty += bar.qty;
      last.quoteQty += bar.quoteQty;
      last.trades += bar.trades;
    }
    return merged;
  }

  /** One bar over the last 24 hours, or as much of them as is known; `null` before the first price. */
  day(symbolIndex: number, tsMs: number): Bar | null {
    const bars = (this.#bars.get(symbolIndex) ?? []).filter(({ openTsMs }) => openTsMs > tsMs - DAY_MS);
    const first = bars[0];
    if (first === undefined) return null;
    const day = { ...first };
    for (const bar of bars.slice(1)) {
      day.high = Math.max(day.high, bar.high);
      day.low = Math.min(day.low, bar.low);
      day.close = bar.close;
      day.qty += bar.qty;
      day.quoteQty += bar.quoteQty;
      day.trades += bar.trades;
    }
    return day;
  }

  #toBar(symbolIndex: number, tsMs: number, price: number, qty: number): void {
    const bars = listOf(this.#bars, symbolIndex);
    const openTsMs = Math.floor(tsMs / MINUTE_MS) * MINUTE_MS;
    let bar = bars.at(-1);
    if (bar === undefined || bar.openTsMs !== openTsMs) {
      bar = { openTsMs, open: price, high: price, low: price, close: price, qty: 0, quoteQty: 0, trades: 0 };
      bars.push(bar);
      if (bars.length > BARS_MAX * 1.2) bars.splice(0, bars.length - BARS_MAX);
    }
    if (price > bar.high) bar.high = price;
    if (price < bar.low) bar.low = price;
    bar.close = price;
    if (qty <= 0) return;
    bar.qty += qty;
    bar.quoteQty += qty * price;
    bar.trades += 1;
  }
}

function listOf<Row>(lists: Map<number, Row[]>, key: number): Row[] {
  let list = lists.get(key);
  if (list === undefined) {
    list = [];
    lists.set(key, list);
  }
  return list;
}
