import type { Money } from "./money.ts";
import { MONEY_DECIMALS } from "./money.ts";

/**
 * One tradable contract with the filters of the venue's `exchangeInfo`.
 *
 * Prices are whole ticks and quantities whole lots inside the core; this file is the one place that converts.
 */
export interface Instrument {
  readonly symbol: string;
  /** Position of the symbol in the run's symbol table: the index of every market column. */
  readonly index: number;
  readonly tickSize: string;
  readonly stepSize: string;
  /** Smallest and largest quantity of one market order, in lots. */
  readonly qtyLotsMin: number;
  readonly qtyLotsMax: number;
  /** MIN_NOTIONAL filter in quote money; reduce-only orders are exempt. */
  readonly notionalMinQuote: Money;
  /** `false` when the universe names the symbol but the venue does not list or trade it. */
  readonly isOnVenue: boolean;
}

/** Exact powers of ten: `**` may differ between engines in the last digit, a literal never does. */
const TENS = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12] as const;

// allow(module-state): remembers how a text reads, never what a run did
const stepCache = new Map<string, StepSize>();

interface StepSize {
  readonly value: number;
  readonly decimals: number;
  /** Units per power of ten: `"0.10"` is 1 unit of 1e-1, `"0.005"` is 5 units of 1e-3. */
  readonly units: number;
  readonly power: number;
}

function step(text: string): StepSize {
  let known = stepCache.get(text);
  if (known === undefined) {
    const value = Number(text);
    if (!(value > 0) || !Number.isFinite(value)) {
      throw new RangeError(`Cannot use step size "${text}": it must be a positive decimal`);
    }
    const point = text.indexOf(".");
    const decimals = point < 0 ? 0 : text.slice(point + 1).replace(/0+$/, "").length;
    if (decimals >= TENS.length) throw new RangeError(`Cannot use step size "${text}": at most 12 decimals`);
    const power = TENS[decimals]!;
    known = { value, decimals, units: Math.round(value * power), power };
    stepCache.set(text, known);
  }
  return known;
}

/** Decimals needed to print a multiple of the step: `"0.10"` gives 1, `"1"` gives 0. */
export function decimalsOf(stepText: string): number {
  return step(stepText).decimals;
}

/** Whole ticks nearest to a price. A recorded price is a multiple of its tick, so this only removes binary noise. */
export function priceToTicks(instrument: Instrument, price: number): number {
  return Math.round(price / step(instrument.tickSize).value);
}

export function ticksToPrice(instrument: Instrument, priceTicks: number): number {
  const { units, power } = step(instrument.tickSize);
  return (priceTicks * units) / power;
}

/** `ticksToPriceText` prints the exact decimal, e.g. `"95467.7"` with the decimals of the tick. */
export function ticksToPriceText(instrument: Instrument, priceTicks: number): string {
  return ticksToPrice(instrument, priceTicks).toFixed(step(instrument.tickSize).decimals);
}

export type LotRounding = "down" | "half-even";

/** Whole lots of a quantity; the quotient within 1e-9 of an integer counts as that integer (binary noise). */
export function qtyToLots(instrument: Instrument, qty: number, rounding: LotRounding): number {
  return roundSteps(qty / step(instrument.stepSize).value, rounding);
}

export function lotsToQty(instrument: Instrument, qtyLots: number): number {
  const { units, power } = step(instrument.stepSize);
  return (qtyLots * units) / power;
}

export function lotsToQtyText(instrument: Instrument, qtyLots: number): string {
  return lotsToQty(instrument, qtyLots).toFixed(step(instrument.stepSize).decimals);
}

/**
 * Exact notional of a quantity at a price, truncated to 8 decimals of quote.
 *
 * Ticks and lots are integers, so the product is exact; only instruments whose tick and step have more than 8
 * decimals together lose anything, and they lose it by truncation as the venue does.
 */
export function notionalQuote(instrument: Instrument, priceTicks: number, qtyLots: number): Money {
  const tick = step(instrument.tickSize);
  const lot = step(instrument.stepSize);
  const decimals = tick.decimals + lot.decimals;
  const product = BigInt(priceTicks) * BigInt(qtyLots) * BigInt(tick.units) * BigInt(lot.units);
  if (decimals <= MONEY_DECIMALS) return product * powerOfTen(MONEY_DECIMALS - decimals);
  return product / powerOfTen(decimals - MONEY_DECIMALS);
}

const POWERS: readonly bigint[] = Array.from({ length: 31 }, (_, exponent) => BigInt(`1${"0".repeat(exponent)}`));

function powerOfTen(exponent: number): bigint {
  const power = POWERS[exponent];
  if (power === undefined) throw new RangeError(`Cannot scale money by 1e${exponent}: 0 to 30 is supported`);
  return power;
}

function roundSteps(quotient: number, rounding: LotRounding): number {
  const nearest = Math.round(quotient);
  if (Math.abs(quotient - nearest) < 1e-9 * Math.max(1, Math.abs(quotient))) return nearest;
  if (rounding === "down") return Math.trunc(quotient);
  return roundHalfEven(quotient);
}

/** Round half to even on the floating quotient, as the origin's language does. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const fraction = value - floor;
  if (fraction < 0.5) return floor;
  if (fraction > 0.5) return floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}
