import { type Instrument, lotsToQty, ticksToPrice } from "../engine/domain/instrument.ts";
import { MONEY_DECIMALS, MONEY_SCALE, type Money } from "../engine/domain/money.ts";

/** Funding rates are read to 12 decimals; Binance publishes 8. */
const RATE_SCALE = 1e12;

/** An instrument with the factors of its exact money arithmetic worked out once. */
export class Contract {
  readonly instrument: Instrument;
  /** Base quantity of one lot and price of one tick, for estimates and comparisons: never summed into money. */
  readonly qtyPerLot: number;
  readonly tickSize: number;
  /** Units of the last decimal per step and per tick: `"0.10"` is 10 units of 1e-2. */
  readonly stepUnits: number;
  readonly tickUnits: number;
  readonly #stepUnits: bigint;
  readonly #stepScale: bigint;
  /** Money of one lot at one tick, as `factor / divisor`. */
  readonly #tickFactor: bigint;
  readonly #tickDivisor: bigint;

  constructor(instrument: Instrument) {
    const step = decimal(instrument.stepSize);
    const tick = decimal(instrument.tickSize);
    this.instrument = instrument;
    this.qtyPerLot = lotsToQty(instrument, 1);
    this.tickSize = Number(instrument.tickSize);
    this.stepUnits = Number(step.units);
    this.tickUnits = Number(tick.units);
    this.#stepUnits = step.units;
    this.#stepScale = powerOfTen(step.decimals);
    const decimals = step.decimals + tick.decimals;
    this.#tickFactor = step.units * tick.units * powerOfTen(Math.max(0, MONEY_DECIMALS - decimals));
    this.#tickDivisor = powerOfTen(Math.max(0, decimals - MONEY_DECIMALS));
  }

  priceOfTicks(priceTicks: number): number {
    return ticksToPrice(this.instrument, priceTicks);
  }

  /** Price times quantity of whole ticks and lots: exact, truncated only where tick and step exceed 8 decimals. */
  notionalQuote(priceTicks: number, qtyLots: number): Money {
    const product = priceTicks * qtyLots;
    const exact = Number.isSafeInteger(product) ? BigInt(product) : BigInt(priceTicks) * BigInt(qtyLots);
    return this.#tickDivisor === 1n ? exact * this.#tickFactor : (exact * this.#tickFactor) / this.#tickDivisor;
  }

  /**
   * Value of a quantity at a price that need not be on a tick (a mark price has 8 decimals), truncated to 8 decimals.
   * 0.009 at 67502.68519858 is 607.52416678 (a real position: vectors, `realMainnetPosition`).
   */
  valueQuote(price: number, qtyLots: number): Money {
    return (priceUnits(price) * BigInt(qtyLots) * this.#stepUnits) / this.#stepScale;
  }

  /** Profit of an open position at a price, truncated toward zero to 8 decimals; `entryCostQuote` is never negative. */
  unrealizedQuote(price: number, signedLots: number, entryCostQuote: Money): Money {
    const value = priceUnits(price) * BigInt(signedLots) * this.#stepUnits;
    const cost = (signedLots < 0 ? -entryCostQuote : entryCostQuote) * this.#stepScale;
    return (value - cost) / this.#stepScale;
  }

  /**
   * Funding of a position: `-(qty * mark * rate)`, so longs pay when the rate is positive (Binance FAQ 360033525031).
   * Truncated toward zero to 8 decimals.
   */
  fundingQuote(markPrice: number, signedLots: number, rate: number): Money {
    const paid = priceUnits(markPrice) * BigInt(signedLots) * this.#stepUnits * BigInt(Math.round(rate * RATE_SCALE));
    return -paid / (this.#stepScale * BigInt(RATE_SCALE));
  }

  /** Average entry price to 8 decimals, half up; 0 when flat, as Binance reports it. */
  entryPrice(signedLots: number, entryCostQuote: Money): number {
    if (signedLots === 0) return 0;
    const qtyUnits = BigInt(Math.abs(signedLots)) * this.#stepUnits;
    return Number((2n * entryCostQuote * this.#stepScale + qtyUnits) / (2n * qtyUnits)) / 1e8;
  }
}

/** Fee of a notional at a rate (0.0005 is `50_000n`), truncated toward zero to 8 decimals; negative for a rebate. */
export function feeOf(notionalQuote: Money, rate: Money): Money {
  return (notionalQuote * rate) / MONEY_SCALE;
}

function priceUnits(price: number): bigint {
  return BigInt(Math.round(price * 1e8));
}

function powerOfTen(exponent: number): bigint {
  return BigInt(`1${"0".repeat(exponent)}`);
}

function decimal(text: string): { readonly units: bigint; readonly decimals: number } {
  const point = text.indexOf(".");
  if (point < 0) return { units: BigInt(text), decimals: 0 };
  return { units: BigInt(text.slice(0, point) + text.slice(point + 1)), decimals: text.length - point - 1 };
}
