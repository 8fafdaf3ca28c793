import type { Inspection } from "./inspection.ts";
import { type Quote, SpreadTally } from "./spread-tally.ts";

type Market = Inspection["market"];

const GAP_MS = 5_000;
/** A silence is a gap when it is longer than so many steps of the recording's own grid. */
const GAP_STEPS = 4;
const FROZEN_MS = 15 * 60_000;
const GRIDS_KEPT = 10_000;

interface SymbolState {
  lastRxMs: number;
  price: string;
  samePriceFromMs: number;
  samePriceRows: number;
  minute: number;
  minutes: number;
}

/** Grid, gaps and frozen prices; one small state a symbol. */
export class MarketTally {
  readonly #states = new Map<string, SymbolState>();
  readonly #intervals = new Map<number, number>();
  readonly #spreads = new SpreadTally();
  readonly #frozen = new Map<string, Market["frozen"][number]>();
  #events = 0;
  #quoted = 0;
  #intervalCount = 0;
  #lastRxMs = Number.NEGATIVE_INFINITY;
  /** Intervals over 5 s by whole seconds: what counts as a gap is known when the grid is. */
  readonly #longSec = new Map<number, number>();
  #longest: Market["longestGap"] = null;

  add(symbol: string, rxMs: number, price: string, quote: Quote | null): void {
    this.#events++;
    if (rxMs > this.#lastRxMs) this.#lastRxMs = rxMs;
    if (quote !== null) {
      this.#quoted++;
      this.#spreads.add(quote);
    }
    const minute = Math.floor(rxMs / 60_000);
    const state = this.#states.get(symbol);
    if (state === undefined) {
      this.#states.set(symbol, { lastRxMs: rxMs, price, samePriceFromMs: rxMs, samePriceRows: 1, minute, minutes: 1 });
      return;
    }
    this.#interval(symbol, state.lastRxMs, rxMs - state.lastRxMs);
    if (minute !== state.minute) state.minutes++;
    state.minute = minute;
    state.lastRxMs = rxMs;
    if (price !== state.price) {
      state.price = price;
      state.samePriceFromMs = rxMs;
      state.samePriceRows = 1;
      return;
    }
    state.samePriceRows++;
    const lengthMs = rxMs - state.samePriceFromMs;
    if (lengthMs < FROZEN_MS || lengthMs <= (this.#frozen.get(symbol)?.lengthMs ?? 0)) return;
    const { samePriceFromMs: startRxMs, samePriceRows: rows } = state;
    this.#frozen.set(symbol, { symbol, startRxMs, lengthMs, rows });
  }

  /** Last price of all; `null` without prices. */
  get endMs(): number | null {
    return this.#events === 0 ? null : this.#lastRxMs;
  }

  /** Symbols with a price in at least so many different minutes. */
  symbolsWithMinutes(minutes: number): number {
    return [...this.#states.values()].filter((state) => state.minutes >= minutes).length;
  }

  summary(symbols: number): Market {
    const grids = [...this.#intervals].sort((left, right) => right[1] - left[1] || left[0] - right[0]);
    const gridMs = grids[0]?.[0] ?? null;
    const gapMs = Math.max(GAP_MS, GAP_STEPS * (gridMs ?? 0));
    let gaps = 0;
    for (const [seconds, count] of this.#longSec) if (seconds * 1000 > gapMs) gaps += count;
    return {
      symbols,
      symbolsWithRows: this.#states.size,
      events: this.#events,
      gridMs,
      gridShare: gridMs === null ? null : grids[0]![1] / this.#intervalCount,
      gapMs,
      gaps,
      isGapPolicyNeeded: gaps > 0,
      longestGap: (this.#longest?.lengthMs ?? 0) > gapMs ? this.#longest : null,
      frozen: [...this.#frozen.values()].sort((left, right) => (left.symbol < right.symbol ? -1 : 1)),
      quoteShare: this.#events === 0 ? null : this.#quoted / this.#events,
      spreadBps: this.#spreads.percentiles(),
      crossedQuotes: this.#spreads.crossed,
    };
  }

  #interval(symbol: string, startRxMs: number, lengthMs: number): void {
    this.#intervalCount++;
    if (this.#intervals.has(lengthMs) || this.#intervals.size < GRIDS_KEPT) {
      this.#intervals.set(lengthMs, (this.#intervals.get(lengthMs) ?? 0) + 1);
    }
    if (lengthMs <= GAP_MS) return;
    const seconds = Math.ceil(lengthMs / 1000);
    this.#longSec.set(seconds, (this.#longSec.get(seconds) ?? 0) + 1);
    if (lengthMs > (this.#longest?.lengthMs ?? 0)) this.#longest = { symbol, startRxMs, lengthMs };
  }
}
