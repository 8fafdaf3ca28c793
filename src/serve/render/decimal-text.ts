import { lotsToQtyText, ticksToPriceText } from "../../engine/domain/instrument.ts";
import { formatMoney, type Money } from "../../engine/domain/money.ts";
import type { SymbolRules } from "../../venue/symbol-rules.ts";

/** Eight decimals, as Binance prints money: `"10000.00000000"`. */
export function moneyText(amount: Money): string {
  const text = formatMoney(amount);
  const point = text.indexOf(".");
  return point < 0 ? `${text}.00000000` : text.padEnd(point + 9, "0");
}

export function priceText(rules: SymbolRules, ticks: number): string {
  return ticks === 0 ? "0" : ticksToPriceText(rules.contract.instrument, ticks);
}

export function qtyText(rules: SymbolRules, lots: number): string {
  return lotsToQtyText(rules.contract.instrument, lots);
}

/** Average of what has filled, 8 decimals truncated; `"0.00"` before. */
export function averageText(rules: SymbolRules, filledLots: number, filledQuote: Money): string {
  if (filledLots === 0) return "0.00";
  return trimmed(rules.contract.entryPrice(filledLots, filledQuote).toFixed(8));
}

/** A price that is no order price (mark, entry): at most 8 decimals. */
export function freePriceText(price: number): string {
  return price > 0 ? price.toFixed(8) : "0.00000000";
}

/** A quantity or price of the market without needless zeros. */
export function plainText(value: number): string {
  return Number.isFinite(value) ? trimmed(value.toFixed(8)) : "0";
}

function trimmed(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}
