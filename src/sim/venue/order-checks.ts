import type { OrderSubmitted } from "../../engine/domain/decision.ts";
import { type Instrument, notionalQuote } from "../../engine/domain/instrument.ts";
import { formatMoney } from "../../engine/domain/money.ts";
import { sideSign } from "../../engine/domain/intent.ts";

/** A refusal in Binance's own words. */
export interface Refusal {
  readonly code: number;
  readonly text: string;
}

export interface OrderContext {
  readonly isListed: boolean;
  readonly isDuplicate: boolean;
  readonly positionLots: number;
  /** Price the order would trade at, in ticks; `null` when there is no market. */
  readonly referenceTicks: number | null;
  /** Free margin in quote after the positions that are open; the order may need no more. */
  readonly isMarginEnough: (increasingLots: number) => boolean;
}

/**
 * The filters a new order has to pass, in the order in which the venue names them (docs/exchange.md of the research,
 * section 2.4). Ticks and lots are whole numbers, so precision and step errors show as numbers that are not.
 */
export function checkOrder(order: OrderSubmitted, instrument: Instrument, context: OrderContext): Refusal | null {
  if (!context.isListed) return { code: -1121, text: "Invalid symbol." };
  if (context.isDuplicate) return { code: -4116, text: "ClientOrderId is duplicated." };
  if (!Number.isInteger(order.qtyLots)) {
    return { code: -1111, text: "Precision is over the maximum defined for this asset." };
  }
  if (order.qtyLots <= 0) return { code: -4003, text: "Quantity less than or equal to zero." };
  if (order.qtyLots < instrument.qtyLotsMin) return { code: -4004, text: "Quantity less than min quantity." };
  if (order.qtyLots > instrument.qtyLotsMax) return { code: -4005, text: "Quantity greater than max quantity." };
  if (order.orderType === "LIMIT") {
    if (order.limitPriceTicks === null || !Number.isInteger(order.limitPriceTicks)) {
      return { code: -4014, text: "Price not increased by tick size." };
    }
    if (order.limitPriceTicks <= 0) return { code: -4001, text: "Price less than 0." };
    if (order.timeInForce === null) {
      return { code: -1102, text: "Mandatory parameter 'timeinforce' was not sent, was empty/null, or malformed." };
    }
  }
  const signedLots = sideSign(order.side) * order.qtyLots;
  if (order.isReduceOnly && (context.positionLots === 0 || Math.sign(signedLots) === Math.sign(context.positionLots))) {
    return { code: -2022, text: "ReduceOnly Order is rejected." };
  }
  if (context.referenceTicks === null) {
    return { code: -4131, text: "The counterparty's best price does not meet the PERCENT_PRICE filter limit." };
  }
  if (order.isReduceOnly) return null;
  const priceTicks = order.limitPriceTicks ?? context.referenceTicks;
  if (notionalQuote(instrument, priceTicks, order.qtyLots) < instrument.notionalMinQuote) {
    const least = formatMoney(instrument.notionalMinQuote);
    return { code: -4164, text: `Order's notional must be no smaller than ${least} (unless you choose reduce only).` };
  }
  const increasingLots = Math.max(0, Math.abs(context.positionLots + signedLots) - Math.abs(context.positionLots));
  if (increasingLots > 0 && !context.isMarginEnough(increasingLots)) {
    return { code: -2019, text: "Margin is insufficient." };
  }
  return null;
}
