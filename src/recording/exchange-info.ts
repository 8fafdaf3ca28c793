import { z } from "zod";
import type { Instrument } from "../engine/domain/instrument.ts";
import { parseMoney } from "../engine/domain/money.ts";
import { parseDecimal, unitsAt } from "./decimal.ts";
import type { ManifestSymbol } from "./manifest.ts";

/** What the venue says of one symbol, as far as orders need it. Texts are the venue's own decimals. */
export interface VenueSymbol {
  readonly symbol: string;
  readonly status: string;
  readonly tickSize: string;
  readonly stepSize: string;
  readonly qtyLotsMin: number;
  readonly qtyLotsMax: number;
  readonly notionalMin: string;
}

const filterSchema = z.looseObject({ filterType: z.string() });
const exchangeInfoSchema = z.looseObject({
  symbols: z.array(
    z.looseObject({ symbol: z.string().min(1), status: z.string().optional(), filters: z.array(filterSchema) }),
  ),
});

/**
 * Reads the answer of `GET /fapi/v1/exchangeInfo` (or the spot one): PRICE_FILTER, LOT_SIZE, MARKET_LOT_SIZE,
 * MIN_NOTIONAL (spot: NOTIONAL). Market limits of "0" mean that LOT_SIZE rules.
 *
 * Problems are returned with their path, all at once; a symbol with a problem is left out of `venue`.
 */
export function parseExchangeInfo(raw: unknown): {
  venue: ReadonlyMap<string, VenueSymbol>;
  problems: readonly { path: string; text: string }[];
} {
  const venue = new Map<string, VenueSymbol>();
  const problems: { path: string; text: string }[] = [];
  const parsed = exchangeInfoSchema.safeParse(raw);
  if (!parsed.success) {
    for (const issue of parsed.error.issues) {
      problems.push({ path: issue.path.join("."), text: `Cannot read exchangeInfo: ${issue.message}` });
    }
    return { venue, problems };
  }
  parsed.data.symbols.forEach(({ symbol, status, filters }, index) => {
    const path = `symbols.${index}`;
    if (venue.has(symbol)) {
      problems.push({ path, text: `Cannot read exchangeInfo: "${symbol}" is listed twice, once is needed` });
      return;
    }
    const found = venueSymbol(
      symbol,
      status ?? "TRADING",
      new Map(filters.map((filter) => [filter.filterType, filter])),
    );
    if (typeof found === "string") problems.push({ path, text: `Cannot read exchangeInfo of "${symbol}": ${found}` });
    else venue.set(symbol, found);
  });
  return { venue, problems };
}

type Filters = ReadonlyMap<string, Readonly<Record<string, unknown>>>;

function venueSymbol(symbol: string, status: string, filters: Filters): VenueSymbol | string {
  const tickSize = positiveText(filters, "PRICE_FILTER", "tickSize");
  const stepSize = positiveText(filters, "LOT_SIZE", "stepSize");
  if (tickSize === null) return "PRICE_FILTER has no positive tickSize, orders need one";
  if (stepSize === null) return "LOT_SIZE has no positive stepSize, orders need one";
  // A smallest quantity of 0 (TUSDT on the testnet) still leaves one step as the least that can be ordered.
  const qtyMin =
    positiveText(filters, "MARKET_LOT_SIZE", "minQty") ?? positiveText(filters, "LOT_SIZE", "minQty") ?? stepSize;
  const qtyMax = positiveText(filters, "MARKET_LOT_SIZE", "maxQty") ?? positiveText(filters, "LOT_SIZE", "maxQty");
  if (qtyMax === null) return "LOT_SIZE has no positive maxQty, orders need one";
  const notionalMin =
    positiveText(filters, "MIN_NOTIONAL", "notional") ??
    positiveText(filters, "MIN_NOTIONAL", "minNotional") ??
    positiveText(filters, "NOTIONAL", "minNotional") ??
    "0";
  const qtyLotsMin = lots(qtyMin, stepSize, "up");
  const qtyLotsMax = lots(qtyMax, stepSize, "down");
  return { symbol, status, tickSize, stepSize, qtyLotsMin, qtyLotsMax, notionalMin };
}

function positiveText(filters: Filters, filter: string, field: string): string | null {
  const text = filters.get(filter)?.[field];
  if (typeof text !== "string") return null;
  const value = parseDecimal(text);
  return value !== null && value.units > 0n ? text : null;
}

function lots(qtyText: string, stepText: string, rounding: "up" | "down"): number {
  const qty = parseDecimal(qtyText)!;
  const step = parseDecimal(stepText)!;
  const decimals = Math.max(qty.decimals, step.decimals);
  const stepUnits = unitsAt(step, decimals);
  const qtyUnits = unitsAt(qty, decimals);
  const whole = rounding === "up" ? (qtyUnits + stepUnits - 1n) / stepUnits : qtyUnits / stepUnits;
  return Number(whole > BigInt(Number.MAX_SAFE_INTEGER) ? BigInt(Number.MAX_SAFE_INTEGER) : whole);
}

/** Minimum notional assumed where no exchangeInfo says one: the usual one of USD-M symbols. */
export const DEFAULT_NOTIONAL_MIN = "5";

/**
 * One instrument per symbol of the table, in its order.
 *
 * A symbol that the venue does not list, or lists without trading it, is not on the venue. What the venue does not say
 * is a default: tick and step from the most decimals seen in recorded prices and quantities, smallest quantity one
 * step, no largest quantity, minimum notional 5. Without any exchangeInfo every symbol has defaults and counts as
 * tradable, because nothing says otherwise. Each of these is said in `notes`.
 */
export function buildInstruments(
  symbols: readonly ManifestSymbol[],
  venue: ReadonlyMap<string, VenueSymbol> | null,
): { instruments: readonly Instrument[]; notes: readonly string[] } {
  const unlisted: string[] = [];
  const suspended: string[] = [];
  const instruments = symbols.map((entry, index): Instrument => {
    const listed = venue?.get(entry.symbol);
    if (listed === undefined) {
      unlisted.push(entry.symbol);
      return defaultInstrument(entry, index, venue === null);
    }
    if (listed.status !== "TRADING") suspended.push(`${entry.symbol} (${listed.status})`);
    return {
      symbol: entry.symbol,
      index,
      tickSize: listed.tickSize,
      stepSize: listed.stepSize,
      qtyLotsMin: listed.qtyLotsMin,
      qtyLotsMax: listed.qtyLotsMax,
      notionalMinQuote: parseMoney(listed.notionalMin),
      isOnVenue: listed.status === "TRADING",
    };
  });
  const notes: string[] = [];
  const defaults = `tick and step from recorded decimals, minimum notional ${DEFAULT_NOTIONAL_MIN}`;
  if (venue === null && symbols.length > 0) {
    notes.push(
      `no exchangeInfo is recorded: all ${symbols.length} symbols count as tradable with defaults (${defaults})`,
    );
  } else if (unlisted.length > 0) {
    notes.push(`not on the venue (not in the recorded exchangeInfo), defaults (${defaults}): ${nameSome(unlisted)}`);
  }
  if (suspended.length > 0) notes.push(`not on the venue (listed, but not trading): ${nameSome(suspended)}`);
  return { instruments, notes };
}

function defaultInstrument(entry: ManifestSymbol, index: number, isOnVenue: boolean): Instrument {
  return {
    symbol: entry.symbol,
    index,
    tickSize: stepOfDecimals(entry.priceDecimals),
    stepSize: stepOfDecimals(entry.qtyDecimals),
    qtyLotsMin: 1,
    qtyLotsMax: Number.MAX_SAFE_INTEGER,
    notionalMinQuote: parseMoney(DEFAULT_NOTIONAL_MIN),
    isOnVenue,
  };
}

/** More than 12 decimals are beyond what instruments support; prices that fine are rounded to ticks. */
function stepOfDecimals(decimals: number): string {
  const bounded = Math.min(decimals, 12);
  return bounded === 0 ? "1" : `0.${"0".repeat(bounded - 1)}1`;
}

/** `nameSome(["A", "B", "C"], 2)` is `"3: A, B and 1 more"`. */
export function nameSome(names: readonly string[], limit = 8): string {
  const shown = names.slice(0, limit).join(", ");
  const rest = names.length - limit;
  return `${names.length}: ${shown}${rest > 0 ? ` and ${rest} more` : ""}`;
}
