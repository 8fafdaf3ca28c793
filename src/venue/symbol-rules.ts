import type { Instrument } from "../engine/domain/instrument.ts";
import { type Money, parseMoney } from "../engine/domain/money.ts";
import type { LeverageBracket } from "../recording/leverage-brackets.ts";
import { BracketTable } from "./bracket-table.ts";
import { Contract } from "./contract.ts";

/** What the venue does with a symbol it lists. */
export type SymbolStatus = "TRADING" | "REDUCE_ONLY" | "CLOSED";

/** All rules of one symbol: filters of exchangeInfo in ticks and lots, and its leverage brackets. */
export interface SymbolRules {
  readonly symbol: string;
  readonly index: number;
  readonly contract: Contract;
  /** `false` where the venue does not list it: every request answers -1121. */
  readonly isListed: boolean;
  readonly priceTicksMin: number;
  readonly priceTicksMax: number;
  readonly limitLotsMin: number;
  readonly limitLotsMax: number;
  readonly marketLotsMin: number;
  readonly marketLotsMax: number;
  readonly notionalMinQuote: Money;
  readonly notionalMinText: string;
  /** PERCENT_PRICE: a limit price may be this many times the mark. */
  readonly multiplierUp: number;
  readonly multiplierDown: number;
  readonly openOrdersMax: number;
  readonly liquidationFeeRate: Money;
  readonly marketTakeBound: number;
  readonly orderTypes: ReadonlySet<string>;
  readonly timesInForce: ReadonlySet<string>;
  readonly brackets: BracketTable;
  /** The symbol's entry of the recorded exchangeInfo, or one made from the instrument. */
  readonly info: Readonly<Record<string, unknown>>;
}

type Filter = Readonly<Record<string, unknown>>;

const ORDER_TYPES = [
  "LIMIT",
  "MARKET",
  "STOP",
  "STOP_MARKET",
  "TAKE_PROFIT",
  "TAKE_PROFIT_MARKET",
  "TRAILING_STOP_MARKET",
] as const;
const TIMES_IN_FORCE = ["GTC", "IOC", "FOK", "GTX", "GTD"] as const;

/**
 * Rules of one symbol from its entry of a recorded `GET /fapi/v1/exchangeInfo`; `undefined` makes an entry from the
 * instrument, with Binance's usual values for what an instrument does not say (PERCENT_PRICE 0.5 to 1.5, 200 orders,
 * liquidation fee 1.25 %).
 */
export function symbolRules(
  instrument: Instrument,
  recorded: Readonly<Record<string, unknown>> | undefined,
  brackets: readonly LeverageBracket[] | undefined,
): SymbolRules {
  const known = rulesByInstrument.get(instrument);
  if (known !== undefined && known.recorded === recorded && known.brackets === brackets) return known.rules;
  const rules = readRules(instrument, recorded, brackets);
  rulesByInstrument.set(instrument, { recorded, brackets, rules });
  return rules;
}

/** What rules were last made of: venues that list the same instrument share them, thousands of objects each. */
interface KnownRules {
  readonly recorded: Readonly<Record<string, unknown>> | undefined;
  readonly brackets: readonly LeverageBracket[] | undefined;
  readonly rules: SymbolRules;
}

const rulesByInstrument = new WeakMap<Instrument, KnownRules>();

function readRules(
  instrument: Instrument,
  recorded: Readonly<Record<string, unknown>> | undefined,
  brackets: readonly LeverageBracket[] | undefined,
): SymbolRules {
  // What a recorded entry leaves out (generated ones are short) clients still need.
  const info: Readonly<Record<string, unknown>> = { ...infoOf(instrument), ...recorded };
  const filters = new Map<string, Filter>();
  for (const filter of (info["filters"] as readonly Filter[] | undefined) ?? []) {
    filters.set(String(filter["filterType"]), filter);
  }
  const price = filters.get("PRICE_FILTER");
  const lot = filters.get("LOT_SIZE");
  const percent = filters.get("PERCENT_PRICE");
  const tick = Number(instrument.tickSize);
  const step = Number(instrument.stepSize);
  return {
    symbol: instrument.symbol,
    index: instrument.index,
    contract: new Contract(instrument),
    isListed: instrument.isOnVenue || info["status"] !== undefined,
    priceTicksMin: Math.max(1, Math.ceil(numberOf(price, "minPrice", tick) / tick - 1e-9)),
    priceTicksMax: Math.floor(numberOf(price, "maxPrice", Number.MAX_SAFE_INTEGER * tick) / tick + 1e-9),
    limitLotsMin: Math.max(1, Math.round(numberOf(lot, "minQty", step) / step)),
    limitLotsMax: Math.floor(numberOf(lot, "maxQty", instrument.qtyLotsMax * step) / step + 1e-9),
    marketLotsMin: instrument.qtyLotsMin,
    marketLotsMax: instrument.qtyLotsMax,
    notionalMinQuote: instrument.notionalMinQuote,
    notionalMinText: String(filters.get("MIN_NOTIONAL")?.["notional"] ?? "5"),
    multiplierUp: numberOf(percent, "multiplierUp", 1.5),
    multiplierDown: numberOf(percent, "multiplierDown", 0.5),
    openOrdersMax: numberOf(filters.get("MAX_NUM_ORDERS"), "limit", 200),
    liquidationFeeRate: parseMoney(String(info["liquidationFee"] ?? "0.0125")),
    marketTakeBound: Number(info["marketTakeBound"] ?? "0.05"),
    orderTypes: new Set((info["orderTypes"] as readonly string[] | undefined) ?? ORDER_TYPES),
    timesInForce: new Set((info["timeInForce"] as readonly string[] | undefined) ?? TIMES_IN_FORCE),
    brackets: new BracketTable(brackets ?? []),
    info,
  };
}

function numberOf(filter: Filter | undefined, key: string, absent: number): number {
  const value = Number(filter?.[key] ?? Number.NaN);
  return value > 0 ? value : absent;
}

/** An exchangeInfo entry that clients can work with, for symbols whose recording has none. */
function infoOf(instrument: Instrument): Readonly<Record<string, unknown>> {
  const { symbol, tickSize, stepSize } = instrument;
  const quote = ["USDT", "USDC", "FDUSD"].find((asset) => symbol.endsWith(asset)) ?? "USDT";
  const lotsMax = Math.min(instrument.qtyLotsMax, 1e12);
  const base = symbol.endsWith(quote) ? symbol.slice(0, -quote.length) : symbol;
  const qty = (lots: number) => String(Number((lots * Number(stepSize)).toPrecision(12)));
  return {
    symbol,
    pair: symbol,
    contractType: "PERPETUAL",
    deliveryDate: 4_133_404_800_000,
    onboardDate: 1_569_398_400_000,
    status: instrument.isOnVenue ? "TRADING" : undefined,
    maintMarginPercent: "2.5000",
    requiredMarginPercent: "5.0000",
    baseAsset: base,
    quoteAsset: quote,
    marginAsset: quote,
    pricePrecision: decimalsOf(tickSize),
    quantityPrecision: decimalsOf(stepSize),
    baseAssetPrecision: 8,
    quotePrecision: 8,
    underlyingType: "COIN",
    underlyingSubType: [],
    settlePlan: 0,
    triggerProtect: "0.0500",
    liquidationFee: "0.012500",
    marketTakeBound: "0.05",
    filters: [
      { filterType: "PRICE_FILTER", minPrice: tickSize, maxPrice: "100000000", tickSize },
      { filterType: "LOT_SIZE", minQty: qty(instrument.qtyLotsMin), maxQty: qty(lotsMax), stepSize },
      { filterType: "MARKET_LOT_SIZE", minQty: qty(instrument.qtyLotsMin), maxQty: qty(lotsMax), stepSize },
      { filterType: "MAX_NUM_ORDERS", limit: 200 },
      { filterType: "MIN_NOTIONAL", notional: String(Number(instrument.notionalMinQuote) / 1e8) },
      { filterType: "PERCENT_PRICE", multiplierUp: "1.5000", multiplierDown: "0.5000", multiplierDecimal: "4" },
    ],
    orderTypes: [...ORDER_TYPES],
    timeInForce: [...TIMES_IN_FORCE],
  };
}

function decimalsOf(text: string): number {
  const point = text.indexOf(".");
  return point < 0 ? 0 : text.slice(point + 1).replace(/0+$/, "").length;
}
