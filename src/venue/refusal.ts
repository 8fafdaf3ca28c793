/**
 * A request the venue does not carry out, with Binance's code and text (fapi error codes, exchange.md 2.4).
 *
 * An object of a class, so that every result of a request can be told from it with `instanceof`.
 */
export class Refusal {
  readonly code: number;
  readonly text: string;
  /** Status of the HTTP answer; 400 for everything the order itself is to blame for. */
  readonly httpStatus: number;

  constructor(code: number, text: string, httpStatus = 400) {
    this.code = code;
    this.text = text;
    this.httpStatus = httpStatus;
  }
}

export function refuse(code: number, text: string, httpStatus = 400): Refusal {
  return new Refusal(code, text, httpStatus);
}

/** `-1102` of a parameter that is missing or malformed. */
export function mandatory(parameter: string): Refusal {
  return refuse(-1102, `Mandatory parameter '${parameter}' was not sent, was empty/null, or malformed.`);
}

/** `-1106` of a parameter that this kind of order may not carry. */
export function notRequired(parameter: string): Refusal {
  return refuse(-1106, `Parameter '${parameter}' sent when not required.`);
}

export function notionalTooSmall(notionalMin: string): Refusal {
  return refuse(-4164, `Order's notional must be no smaller than ${notionalMin} (unless you choose reduce only).`);
}

export const REFUSALS = {
  invalidTimeInForce: refuse(-1115, "Invalid timeInForce."),
  invalidOrderType: refuse(-1116, "Invalid orderType."),
  invalidSide: refuse(-1117, "Invalid side."),
  invalidSymbol: refuse(-1121, "Invalid symbol."),
  badPrecision: refuse(-1111, "Precision is over the maximum defined for this asset."),
  parameterCombination: refuse(-1128, "Combination of optional parameters invalid."),
  cancelRejected: refuse(-2011, "Unknown order sent."),
  noSuchOrder: refuse(-2013, "Order does not exist."),
  balanceInsufficient: refuse(-2018, "Balance is insufficient."),
  marginInsufficient: refuse(-2019, "Margin is insufficient."),
  unableToFill: refuse(-2020, "Unable to fill."),
  immediateTrigger: refuse(-2021, "Order would immediately trigger."),
  reduceOnlyRejected: refuse(-2022, "ReduceOnly Order is rejected."),
  inLiquidation: refuse(-2023, "User in liquidation mode now."),
  tooManyOpenOrders: refuse(-2025, "Reach max open order limit."),
  maxPositionAtLeverage: refuse(-2027, "Exceeded the maximum allowable position at current leverage."),
  leverageTooSmall: refuse(-2028, "Leverage is smaller than permitted: insufficient margin balance."),
  priceNotPositive: refuse(-4001, "Price less than 0."),
  priceAboveMax: refuse(-4002, "Price greater than max price."),
  qtyNotPositive: refuse(-4003, "Quantity less than or equal to zero."),
  qtyBelowMin: refuse(-4004, "Quantity less than min quantity."),
  qtyAboveMax: refuse(-4005, "Quantity greater than max quantity."),
  stopPriceNotPositive: refuse(-4006, "Stop price less than zero."),
  priceBelowMin: refuse(-4013, "Price less than min price."),
  priceOffTick: refuse(-4014, "Price not increased by tick size."),
  clientIdTooLong: refuse(-4015, "Client order id length should be less than 36 chars."),
  priceAboveMultiplier: refuse(-4016, "Limit price can't be higher than the mark price multiplier cap."),
  qtyOffStep: refuse(-4023, "Quantity not increased by step size."),
  priceBelowMultiplier: refuse(-4024, "Limit price can't be lower than the mark price multiplier floor."),
  invalidLeverage: refuse(-4028, "Leverage is not valid."),
  marginTypeUnchanged: refuse(-4046, "No need to change margin type."),
  marginTypeWithOrders: refuse(-4047, "Margin type cannot be changed if there exists open orders."),
  marginTypeWithPosition: refuse(-4048, "Margin type cannot be changed if there exists position."),
  noIsolatedPosition: refuse(-4050, "Cross balance insufficient."),
  isolatedBalanceInsufficient: refuse(-4051, "Isolated balance insufficient."),
  positionSideUnchanged: refuse(-4059, "No need to change position side."),
  positionSideMismatch: refuse(-4061, "Order's position side does not match user's setting."),
  positionSideWithOrders: refuse(-4067, "Position side cannot be changed if there exists open orders."),
  positionSideWithPosition: refuse(-4068, "Position side cannot be changed if there exists position."),
  duplicateClientOrderId: refuse(-4116, "ClientOrderId is duplicated."),
  reduceOnlyWithOpenOrders: refuse(
    -4118,
    "ReduceOnly Order Failed. Please check your existing position and open orders",
  ),
  useAlgoApi: refuse(
    -4120,
    "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead.",
  ),
  noCounterparty: refuse(-4131, "The counterparty's best price does not meet the PERCENT_PRICE filter limit."),
  openingNotAllowed: refuse(-4140, "Invalid symbol status for opening position."),
  symbolClosed: refuse(-4141, "Symbol is closed."),
  isolatedNotAllowed: refuse(-4168, "Unable to adjust to isolated-margin mode under the Multi-Assets mode."),
  isolatedReduceLeverage: refuse(
    -4161,
    "Leverage reduction is not supported in Isolated Margin Mode with open positions.",
  ),
  fillOrKill: refuse(-5021, "Due to the order could not be filled immediately, the FOK order has been rejected."),
  postOnly: refuse(
    -5022,
    "Due to the order could not be executed as maker, the Post Only order will be rejected. The order will not be recorded in the order history.",
  ),
  noNeedToModify: refuse(-5027, "No need to modify the order."),
  modifyNotAllowed: refuse(-5028, "Order modify is not supported for this order."),
  serverBusy: refuse(
    -1008,
    "Server is currently overloaded with other requests. Please try again in a few minutes.",
    503,
  ),
  statusUnknown: refuse(
    -1007,
    "Timeout waiting for response from backend server. Send status unknown; execution status unknown.",
    408,
  ),
} as const;
