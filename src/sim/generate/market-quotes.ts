import { decimalsOf } from "../../engine/domain/instrument.ts";
import type { MinuteMarket } from "./minute-market.ts";

/** Where in a minute its prices are seen: the two extremes, then the close in the last millisecond. */
export const STEP_OFFSETS_MS = [20_000, 40_000, 59_999] as const;
export const STEPS_PER_MINUTE = STEP_OFFSETS_MS.length;

const CLOSE_STEP = STEPS_PER_MINUTE - 1;
/** From this multiple of the symbol's usual volatility on the spread is twice as wide. */
const WILD_VOLATILITY = 1.6;

/**
 * Turns the log prices of a minute into what a venue shows: whole ticks, a bid and an ask, whole lots.
 *
 * Columns have a row per step and symbol, `step * symbols + symbol`. An extreme that shows nothing new (the price is
 * where it was) has 0 ticks and is no event. There is no open: it is the close of the minute before.
 */
export class MarketQuotes {
  readonly priceTicks: Float64Array;
  readonly bidTicks: Float64Array;
  readonly askTicks: Float64Array;
  /** Lots traded in the minute, one per symbol; at least 1. */
  readonly qtyLots: Float64Array;
  readonly ticksPerUnit: Float64Array;
  readonly lotsPerUnit: Float64Array;
  readonly priceDecimals: Uint8Array;

  readonly #market: MinuteMarket;
  readonly #lastTicks: Float64Array;

  constructor(market: MinuteMarket) {
    const models = market.models;
    this.#market = market;
    this.priceTicks = new Float64Array(models.length * STEPS_PER_MINUTE);
    this.bidTicks = new Float64Array(models.length * STEPS_PER_MINUTE);
    this.askTicks = new Float64Array(models.length * STEPS_PER_MINUTE);
    this.qtyLots = new Float64Array(models.length);
    this.priceDecimals = Uint8Array.from(models, ({ tickSize }) => decimalsOf(tickSize));
    // Ticks and steps of the models are powers of ten, so units per price are whole and dividing by them is exact to
    // the last digit, which multiplying by 0.001 is not.
    this.ticksPerUnit = Float64Array.from(this.priceDecimals, powerOfTen);
    this.lotsPerUnit = Float64Array.from(models, ({ stepSize }) => powerOfTen(decimalsOf(stepSize)));
    this.#lastTicks = Float64Array.from(models, ({ basePrice }, symbol) =>
      Math.round(basePrice * this.ticksPerUnit[symbol]!),
    );
  }

  /** Makes the next minute of the market and its quotes. */
  step(): void {
    const market = this.#market;
    market.step();
    for (let symbol = 0; symbol < market.models.length; symbol++) this.#quote(symbol);
  }

  #quote(symbol: number): void {
    const market = this.#market;
    const count = market.models.length;
    const model = market.models[symbol]!;
    const high = market.highLogs[symbol]!;
    const low = market.lowLogs[symbol]!;
    const isHighFirst = market.isHighFirst[symbol] === 1;
    const baseTicks = model.basePrice * this.ticksPerUnit[symbol]!;
    const first = toTicks(baseTicks, isHighFirst ? high : low);
    const second = toTicks(baseTicks, isHighFirst ? low : high);
    const close = toTicks(baseTicks, market.closeLogs[symbol]!);
    // Makers step back in a wild market.
    const widening = market.volatilities[symbol]! > WILD_VOLATILITY ? 2 : 1;
    const spreadTicks = Math.max(1, Math.round((model.spreadBps / 10_000) * baseTicks)) * widening;
    this.#show(symbol, first, spreadTicks, false);
    this.#show(symbol + count, second, spreadTicks, false);
    this.#show(symbol + CLOSE_STEP * count, close, spreadTicks, true);
    const lots = (market.volumesQuote[symbol]! / (close / this.ticksPerUnit[symbol]!)) * this.lotsPerUnit[symbol]!;
    this.qtyLots[symbol] = twoDigits(Math.max(1, lots));
  }

  /** Whoever moved the price took it from the other side: after a rise it is the ask, after a fall the bid. */
  #show(row: number, ticks: number, spreadTicks: number, isClose: boolean): void {
    const symbol = row % this.#lastTicks.length;
    const last = this.#lastTicks[symbol]!;
    if (ticks === last && !isClose) {
      this.priceTicks[row] = 0;
      return;
    }
    const bid = ticks > last && ticks > spreadTicks ? ticks - spreadTicks : ticks;
    this.priceTicks[row] = ticks;
    this.bidTicks[row] = bid;
    this.askTicks[row] = bid + spreadTicks;
    this.#lastTicks[symbol] = ticks;
  }
}

function toTicks(baseTicks: number, log: number): number {
  return Math.max(1, Math.round(baseTicks * Math.exp(log)));
}

/** Volumes carry two significant digits, `1234` is `1200`: more would be noise that compresses badly. */
function twoDigits(lots: number): number {
  let unit = 1;
  while (lots >= unit * 100) unit *= 10;
  return Math.max(1, Math.round(lots / unit) * unit);
}

function powerOfTen(decimals: number): number {
  return Number(`1e${decimals}`);
}
