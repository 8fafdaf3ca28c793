import type { OrderSubmitted } from "../../engine/domain/decision.ts";
import { formatMoney, type Money } from "../../engine/domain/money.ts";
import type { Contract } from "../../venue/contract.ts";

/** An order the exchange does not take, with Binance's code and text (fapi error codes). */
export interface Refusal {
  readonly code: number;
  readonly text: string;
}

/** What the venue does with a symbol it lists but does not trade normally. */
export type Suspension = "reduce-only" | "closed";

function refusal(code: number, text: string): Refusal {
  return { code, text };
}

export const INVALID_SYMBOL = refusal(-1121, "Invalid symbol.");
export const SYMBOL_CLOSED = refusal(-4141, "Symbol is closed.");
export const OPENING_NOT_ALLOWED = refusal(-4140, "Invalid symbol status for opening position.");
export const PRICE_MISSING = refusal(-1102, "Mandatory parameter 'price' was not sent, was empty/null, or malformed.");
export const TIME_IN_FORCE_MISSING = refusal(
  -1102,
  "Mandatory parameter 'timeInForce' was not sent, was empty/null, or malformed.",
);
export const PRICE_NOT_REQUIRED = refusal(-1106, "Parameter 'price' sent when not required.");
export const TIME_IN_FORCE_NOT_REQUIRED = refusal(-1106, "Parameter 'timeInForce' sent when not required.");
export const QTY_NOT_POSITIVE = refusal(-4003, "Quantity less than or equal to zero.");
export const PRICE_NOT_POSITIVE = refusal(-4001, "Price less than 0.");
export const BAD_PRECISION = refusal(-1111, "Precision is over the maximum defined for this asset.");
export const QTY_BELOW_MIN = refusal(-4004, "Quantity less than min quantity.");
export const QTY_ABOVE_MAX = refusal(-4005, "Quantity greater than max quantity.");
export const QTY_OFF_STEP = refusal(-4023, "Quantity not increased by step size.");
export const PRICE_OFF_TICK = refusal(-4014, "Price not increased by tick size.");
export const DUPLICATE_CLIENT_ORDER_ID = refusal(-4116, "ClientOrderId is duplicated.");
export const TOO_MANY_OPEN_ORDERS = refusal(-2025, "Reach max open order limit.");
export const REDUCE_ONLY_REJECTED = refusal(-2022, "ReduceOnly Order is rejected.");
export const MARGIN_INSUFFICIENT = refusal(-2019, "Margin is insufficient.");

export function notionalTooSmall(notionalMinQuote: Money): Refusal {
  return refusal(
    -4164,
    `Order's notional must be no smaller than ${formatMoney(notionalMinQuote)} (unless you choose reduce only).`,
  );
}

/**
 * Checks an order against what is known without looking at the account, in this order: parameters that belong to the
 * type, quantity (sign, precision, bounds, step), price (sign, precision, tick), smallest notional. Nothing is rounded:
 * an order that does not fit is refused.
 *
 * @param referencePrice price a MARKET order's notional is judged at (the mark); NaN when unknown, then the check is left out
 */
export function refuseByFilters(order: OrderSubmitted, contract: Contract, referencePrice: number): Refusal | null {
  const { instrument } = contract;
  const { qtyLots, limitPriceTicks, timeInForce } = order;
  const isLimit = order.orderType === "LIMIT";
  if (isLimit && timeInForce === null) return TIME_IN_FORCE_MISSING;
  if (isLimit && limitPriceTicks === null) return PRICE_MISSING;
  if (!isLimit && timeInForce !== null) return TIME_IN_FORCE_NOT_REQUIRED;
  if (!isLimit && limitPriceTicks !== null) return PRICE_NOT_REQUIRED;

  if (!(qtyLots > 0)) return QTY_NOT_POSITIVE;
  if (!isWhole(qtyLots * contract.stepUnits)) return BAD_PRECISION;
  if (qtyLots < instrument.qtyLotsMin) return QTY_BELOW_MIN;
  if (qtyLots > instrument.qtyLotsMax) return QTY_ABOVE_MAX;
  if (!Number.isInteger(qtyLots)) return QTY_OFF_STEP;

  if (limitPriceTicks !== null) {
    if (!(limitPriceTicks > 0)) return PRICE_NOT_POSITIVE;
    if (!isWhole(limitPriceTicks * contract.tickUnits)) return BAD_PRECISION;
    if (!Number.isInteger(limitPriceTicks)) return PRICE_OFF_TICK;
  }
  if (order.isReduceOnly) return null;
  if (limitPriceTicks === null && !(referencePrice > 0)) return null;
  const notional =
    limitPriceTicks === null
      ? contract.valueQuote(referencePrice, qtyLots)
      : contract.notionalQuote(limitPriceTicks, qtyLots);
  return notional < instrument.notionalMinQuote ? notionalTooSmall(instrument.notionalMinQuote) : null;
}

/** A part of a lot may still be a whole number of the last decimal; products of decimals carry binary noise. */
function isWhole(units: number): boolean {
  return Math.abs(units - Math.round(units)) < 1e-9 * Math.max(1, Math.abs(units));
}
