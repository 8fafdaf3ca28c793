import { decimalsOf } from "../../engine/domain/instrument.ts";
import type { SymbolModel } from "./symbol-model.ts";

/**
 * An `exchangeInfo` answer with the field names of Binance's USD-M venue, for the generated symbols alone: what orders
 * are checked against and nothing else. The numbers are the models', not the venue's of any day.
 */
export function generatedExchangeInfo(models: readonly SymbolModel[], serverTimeMs: number): Record<string, unknown> {
  return {
    timezone: "UTC",
    serverTime: serverTimeMs,
    futuresType: "U_MARGINED",
    rateLimits: [
      { rateLimitType: "REQUEST_WEIGHT", interval: "MINUTE", intervalNum: 1, limit: 2_400 },
      { rateLimitType: "ORDERS", interval: "MINUTE", intervalNum: 1, limit: 1_200 },
      { rateLimitType: "ORDERS", interval: "SECOND", intervalNum: 10, limit: 300 },
    ],
    exchangeFilters: [],
    symbols: models.map(symbolInfo),
  };
}

function symbolInfo(model: SymbolModel): Record<string, unknown> {
  const { symbol, tickSize, stepSize, qtyMax, notionalMin } = model;
  const priceDecimals = decimalsOf(tickSize);
  // The venue refuses prices far from any it has seen; a hundredth and a hundred times the first price is far.
  const priceMin = Math.max(Number(tickSize), model.basePrice / 100).toFixed(priceDecimals);
  const priceMax = (model.basePrice * 100).toFixed(priceDecimals);
  return {
    symbol,
    pair: symbol,
    contractType: "PERPETUAL",
    status: "TRADING",
    baseAsset: symbol.replace(/USDT$/, ""),
    quoteAsset: "USDT",
    marginAsset: "USDT",
    pricePrecision: priceDecimals,
    quantityPrecision: decimalsOf(stepSize),
    maintMarginPercent: "2.5000",
    requiredMarginPercent: "5.0000",
    liquidationFee: "0.012500",
    marketTakeBound: "0.05",
    filters: [
      { filterType: "PRICE_FILTER", minPrice: priceMin, maxPrice: priceMax, tickSize },
      { filterType: "LOT_SIZE", minQty: stepSize, maxQty: qtyMax, stepSize },
      { filterType: "MARKET_LOT_SIZE", minQty: stepSize, maxQty: qtyMax, stepSize },
      { filterType: "MAX_NUM_ORDERS", limit: 200 },
      { filterType: "MIN_NOTIONAL", notional: notionalMin },
      { filterType: "PERCENT_PRICE", multiplierUp: "1.0500", multiplierDown: "0.9500", multiplierDecimal: "4" },
    ],
    orderTypes: ["LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"],
    timeInForce: ["GTC", "IOC", "FOK", "GTX", "GTD"],
  };
}
