import { FEATURE_BARS_MIN, featuresOfLogs, sigmaOfLogs } from "./estimator.ts";
import type { MarketFeatures } from "./features.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const HOURS = 24;

export interface MarketStateOptions {
  readonly symbols: readonly string[];
  /** One-minute closes kept per symbol; the estimator uses at most so many. */
  readonly windowBars: number;
  /** Fewer closes than this give no features (pipeline.md 1.4: 257 of 300). */
  readonly pointsMin: number;
  /** Features are those of the last minute that is a multiple of this, whoever asks first and whenever. */
  readonly refreshBars: number;
}

/** A market at rest between two events: its columns, in a fixed order, and the features known. */
export interface MarketSnapshot {
  readonly columns: readonly (Float64Array | Int32Array)[];
  readonly features: readonly (MarketFeatures | null)[];
  readonly recorded: ReadonlyMap<number, MarketFeatures>;
}

/**
 * The market as the engine has seen it: one row per symbol, columns of doubles, shared read-only by every engine.
 *
 * `update` is the hot path (once per market event); everything derived is computed when a decision asks for it and kept
 * for the rest of the interval. `NaN` means "never seen".
 */
export class MarketState {
  readonly symbols: readonly string[];
  /** Last price per symbol: mark, trade or middle, as the recording has it. */
  readonly price: Float64Array;
  readonly bid: Float64Array;
  readonly ask: Float64Array;
  /** When the engine last heard of the symbol, and when its price last moved; ms, 0 when never. */
  readonly lastTsMs: Float64Array;
  readonly movedTsMs: Float64Array;
  /** EWMA mean and variance (lambda 0.94) of one-minute log returns. */
  readonly returnMean: Float64Array;
  readonly returnVariance: Float64Array;
  readonly returnVarianceLong: Float64Array;

  readonly #windowBars: number;
  readonly #pointsMin: number;
  readonly #refreshBars: number;
  /** Closes kept: the window and what may have to be left out of it. */
  readonly #capacity: number;
  readonly #closes: Float64Array;
  readonly #closeCount: Int32Array;
  readonly #minute: Float64Array;
  readonly #previousClose: Float64Array;
  readonly #hourVolume: Float64Array;
  /** Sum of the 24 hour slots as of the symbol's last hour. */
  readonly #dayVolume: Float64Array;
  readonly #hour: Float64Array;
  readonly #featureMinute: Float64Array;
  readonly #features: (MarketFeatures | null)[];
  readonly #fundingRate: Float64Array;
  readonly #recorded = new Map<number, MarketFeatures>();
  /** Logarithms of `#closes`, place by place: they follow from them and are not saved. */
  readonly #logs: Float64Array;
  /** Of the last minute that is a multiple of the interval; asked again after a load, so not saved either. */
  readonly #sigmaMinute: Float64Array;
  readonly #sigmas: (number | null)[];
  readonly #scratch: Float64Array;
  /** Minute and hour of the last event, and the span for which they hold: most events are of the minute of the last. */
  #clockFromMs = 0;
  #clockToMs = 0;
  #clockMinute = 0;
  #clockHour = 0;

  constructor(options: MarketStateOptions) {
    const count = options.symbols.length;
    this.symbols = options.symbols;
    this.#windowBars = options.windowBars;
    this.#pointsMin = Math.max(FEATURE_BARS_MIN, options.pointsMin);
    this.#refreshBars = Math.max(1, options.refreshBars);
    this.price = new Float64Array(count).fill(Number.NaN);
    this.bid = new Float64Array(count).fill(Number.NaN);
    this.ask = new Float64Array(count).fill(Number.NaN);
    this.lastTsMs = new Float64Array(count);
    this.movedTsMs = new Float64Array(count);
    this.returnMean = new Float64Array(count);
    this.returnVariance = new Float64Array(count);
    this.returnVarianceLong = new Float64Array(count);
    this.#capacity = options.windowBars + this.#refreshBars;
    this.#closes = new Float64Array(count * this.#capacity);
    this.#closeCount = new Int32Array(count);
    this.#minute = new Float64Array(count).fill(-1);
    this.#previousClose = new Float64Array(count).fill(Number.NaN);
    this.#hourVolume = new Float64Array(count * HOURS);
    this.#dayVolume = new Float64Array(count);
    this.#hour = new Float64Array(count).fill(-1);
    this.#featureMinute = new Float64Array(count).fill(-1);
    this.#fundingRate = new Float64Array(count).fill(Number.NaN);
    this.#features = new Array<MarketFeatures | null>(count).fill(null);
    this.#logs = new Float64Array(count * this.#capacity);
    this.#sigmaMinute = new Float64Array(count).fill(-1);
    this.#sigmas = new Array<number | null>(count).fill(null);
    this.#scratch = new Float64Array(options.windowBars);
  }

  /** Takes in one market event. `bid` and `ask` are NaN when the event has none; `qty` is base volume since the last. */
  update(symbol: number, tsMs: number, price: number, bid: number, ask: number, qty: number): void {
    if (tsMs < this.#clockFromMs || tsMs >= this.#clockToMs) this.#turnClock(tsMs);
    const minute = this.#clockMinute;
    const known = this.#minute[symbol]!;
    if (minute !== known) this.#closeMinutes(symbol, known, minute);
    if (price !== this.price[symbol]) {
      this.price[symbol] = price;
      this.movedTsMs[symbol] = tsMs;
    }
    if (bid > 0) {
      this.bid[symbol] = bid;
      this.ask[symbol] = ask;
    }
    this.lastTsMs[symbol] = tsMs;
    if (qty > 0) this.#addVolume(symbol, this.#clockHour, qty);
  }

  /** Base volume of the last 24 clock hours, the running one included, times the price; 0 when unknown. */
  volume24hQuote(symbol: number, tsMs: number): number {
    const price = this.price[symbol]!;
    if (!(price > 0)) return 0;
    const lastHour = this.#hour[symbol]!;
    if (lastHour < 0) return 0;
    const hour = Math.floor(tsMs / 3_600_000);
    if (hour === lastHour) return this.#dayVolume[symbol]! * price;
    let total = 0;
    for (let back = 0; back < HOURS; back++) {
      const at = hour - back;
      if (at > lastHour || at <= lastHour - HOURS) continue;
      total += this.#hourVolume[symbol * HOURS + (((at % HOURS) + HOURS) % HOURS)]!;
    }
    return total * price;
  }

  /** Takes in a funding settlement: what governors know of funding is what has been settled. */
  setFundingRate(symbol: number, rate: number): void {
    this.#fundingRate[symbol] = rate;
  }

  /** Last settled funding rate, positive when longs pay; `null` before the first. */
  fundingRateOf(symbol: number): number | null {
    const rate = this.#fundingRate[symbol];
    return rate === undefined || Number.isNaN(rate) ? null : rate;
  }

  /** Features a recorded `marketstate` entry states: they win over computed ones until replaced. */
  setRecordedFeatures(symbol: number, features: MarketFeatures): void {
    this.#recorded.set(symbol, features);
  }

  /** Recorded features, else computed from the closes; `null` until enough closes are there. */
  features(symbol: number): MarketFeatures | null {
    const recorded = this.#recorded.size === 0 ? undefined : this.#recorded.get(symbol);
    if (recorded !== undefined) return recorded;
    const minute = this.#minute[symbol]!;
    const newest = minute % this.#refreshBars;
    if (this.#featureMinute[symbol] !== minute - newest) {
      this.#featureMinute[symbol] = minute - newest;
      this.#features[symbol] = this.#compute(symbol, newest);
    }
    return this.#features[symbol]!;
  }

  /** `sigma` of `features`, for whoever needs nothing else: the slopes, which are most of the work, are left out. */
  sigma(symbol: number): number | null {
    const recorded = this.#recorded.size === 0 ? undefined : this.#recorded.get(symbol);
    if (recorded !== undefined) return recorded.sigma;
    const minute = this.#minute[symbol]!;
    const newest = minute % this.#refreshBars;
    const asOf = minute - newest;
    if (this.#featureMinute[symbol] === asOf) return this.#features[symbol]?.sigma ?? null;
    if (this.#sigmaMinute[symbol] !== asOf) {
      this.#sigmaMinute[symbol] = asOf;
      const count = this.#window(symbol, newest);
      this.#sigmas[symbol] = count < this.#pointsMin ? null : sigmaOfLogs(this.#scratch, count);
    }
    return this.#sigmas[symbol]!;
  }

  hasRecordedFeatures(symbol: number): boolean {
    return this.#recorded.has(symbol);
  }

  closeCount(symbol: number): number {
    return Math.min(this.#closeCount[symbol]!, this.#capacity);
  }

  /** Spread of the last quote in basis points; `null` without a quote. */
  spreadBps(symbol: number): number | null {
    const bid = this.bid[symbol]!;
    const ask = this.ask[symbol]!;
    if (!(bid > 0) || !(ask > 0)) return null;
    return ((ask - bid) / ((ask + bid) / 2)) * 10_000;
  }

  /**
   * Short over long volatility of the symbol (EWMA lambda 0.94 against 0.997), `null` before both have data.
   * 1 is normal; the volatility regime is read from it.
   */
  volatilityRatio(symbol: number): number | null {
    const long = this.returnVarianceLong[symbol]!;
    if (this.#closeCount[symbol]! < 30 || !(long > 0)) return null;
    return Math.sqrt(this.returnVariance[symbol]! / long);
  }

  /** Columns and features as they are, not copies. What is asked for later is computed from them alone. */
  save(): MarketSnapshot {
    return { columns: this.#columns(), features: this.#features, recorded: this.#recorded };
  }

  /** Goes on where the saved market stopped; the options must be the same. */
  load({ columns, features, recorded }: MarketSnapshot): void {
    this.#columns().forEach((column, place) => {
      column.set(columns[place]!);
    });
    features.forEach((each, symbol) => {
      this.#features[symbol] = each;
    });
    for (const [symbol, each] of recorded) this.#recorded.set(symbol, each);
    this.#closes.forEach((close, place) => {
      this.#logs[place] = Math.log(close);
    });
  }

  #turnClock(tsMs: number): void {
    this.#clockMinute = Math.floor(tsMs / MINUTE_MS);
    this.#clockHour = Math.floor(tsMs / HOUR_MS);
    this.#clockFromMs = this.#clockMinute * MINUTE_MS;
    this.#clockToMs = this.#clockFromMs + MINUTE_MS;
  }

  #columns(): readonly (Float64Array | Int32Array)[] {
    return [
      this.price,
      this.bid,
      this.ask,
      this.lastTsMs,
      this.movedTsMs,
      this.returnMean,
      this.returnVariance,
      this.returnVarianceLong,
      this.#closes,
      this.#closeCount,
      this.#minute,
      this.#previousClose,
      this.#hourVolume,
      this.#dayVolume,
      this.#hour,
      this.#featureMinute,
      this.#fundingRate,
    ];
  }

  /** Fills the minutes between two prices with the last close, so that a bar is a minute and not an event. */
  #closeMinutes(symbol: number, known: number, minute: number): void {
    this.#minute[symbol] = minute;
    const last = this.price[symbol]!;
    if (known < 0 || !(last > 0)) return;
    const missing = Math.min(minute - known, this.#capacity);
    for (let bar = 0; bar < missing; bar++) this.#pushClose(symbol, last);
  }

  #pushClose(symbol: number, close: number): void {
    const count = this.#closeCount[symbol]!;
    const place = symbol * this.#capacity + (count % this.#capacity);
    this.#closes[place] = close;
    this.#logs[place] = Math.log(close);
    this.#closeCount[symbol] = count + 1;
    const previous = this.#previousClose[symbol]!;
    this.#previousClose[symbol] = close;
    if (!(previous > 0)) return;
    const logReturn = Math.log(close / previous);
    const mean = this.returnMean[symbol]!;
    this.returnMean[symbol] = mean + 0.06 * (logReturn - mean);
    const squared = logReturn * logReturn;
    if (count <= 1) {
      this.returnVariance[symbol] = squared;
      this.returnVarianceLong[symbol] = squared;
      return;
    }
    this.returnVariance[symbol] = 0.94 * this.returnVariance[symbol]! + 0.06 * squared;
    // Until the long memory is filled it averages evenly, otherwise the first return would weigh for hours.
    const weight = Math.max(0.003, 1 / count);
    this.returnVarianceLong[symbol] = (1 - weight) * this.returnVarianceLong[symbol]! + weight * squared;
  }

  #addVolume(symbol: number, hour: number, qty: number): void {
    const lastHour = this.#hour[symbol]!;
    if (hour !== lastHour) {
      const cleared = lastHour < 0 ? HOURS : Math.min(HOURS, hour - lastHour);
      for (let step = 0; step < cleared; step++) {
        this.#hourVolume[symbol * HOURS + ((hour - step) % HOURS)] = 0;
      }
      this.#hour[symbol] = hour;
      // Summed anew each hour, so that rounding never builds up.
      let day = 0;
      for (let slot = symbol * HOURS; slot < (symbol + 1) * HOURS; slot++) day += this.#hourVolume[slot]!;
      this.#dayVolume[symbol] = day;
    }
    const slot = symbol * HOURS + (hour % HOURS);
    this.#hourVolume[slot] = this.#hourVolume[slot]! + qty;
    this.#dayVolume[symbol] = this.#dayVolume[symbol]! + qty;
  }

  #compute(symbol: number, newest: number): MarketFeatures | null {
    const count = this.#window(symbol, newest);
    return count < this.#pointsMin ? null : featuresOfLogs(this.#scratch, count);
  }

  /**
   * Lays out the window of the estimator, oldest first, and gives its length. Leaves out the `newest` closes, so that the
   * answer does not depend on when within the interval it is asked.
   */
  #window(symbol: number, newest: number): number {
    const total = this.#closeCount[symbol]! - newest;
    const count = Math.min(total, this.#windowBars);
    if (count < this.#pointsMin) return count;
    const base = symbol * this.#capacity;
    let from = (total - count) % this.#capacity;
    for (let bar = 0; bar < count; bar++) {
      this.#scratch[bar] = this.#logs[base + from]!;
      from += 1;
      if (from === this.#capacity) from = 0;
    }
    return count;
  }
}
