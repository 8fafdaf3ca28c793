import type { AlgoOrder } from "../../venue/algo-order.ts";
import type { Order, Trade } from "../../venue/order.ts";
import type { SymbolRules } from "../../venue/symbol-rules.ts";
import { averageText, moneyText, priceText, qtyText } from "./decimal-text.ts";

type Json = Record<string, unknown>;

/** What the query endpoints answer: with average price and quote sum. */
export function orderJson(rules: SymbolRules, order: Order): Json {
  return {
    ...common(rules, order),
    avgPrice: averageText(rules, order.filledLots, order.filledQuote),
    cumQuote: moneyText(order.filledQuote),
    time: order.createdTsMs,
  };
}

/** Answer to placing, changing or cancelling: since 2026-06-30 without average price and quote sum. */
export function ackJson(rules: SymbolRules, order: Order, isLegacy: boolean): Json {
  const ack = { ...common(rules, order), cumQty: qtyText(rules, order.filledLots) };
  if (!isLegacy) return ack;
  return {
    ...ack,
    avgPrice: averageText(rules, order.filledLots, order.filledQuote),
    cumQuote: moneyText(order.filledQuote),
  };
}

/** Answer to changing an order: the ack with what only it has. */
export function modifyJson(rules: SymbolRules, order: Order, isLegacy: boolean): Json {
  return {
    ...ackJson(rules, order, isLegacy),
    pair: String(rules.info["pair"] ?? rules.symbol),
    modifyId: order.priority,
  };
}

function common(rules: SymbolRules, order: Order): Json {
  return {
    orderId: BigInt(order.orderId),
    symbol: rules.symbol,
    status: order.status,
    clientOrderId: order.clientOrderId,
    price: priceText(rules, order.priceTicks),
    origQty: qtyText(rules, order.qtyLots),
    executedQty: qtyText(rules, order.filledLots),
    timeInForce: order.timeInForce,
    type: order.type === "LIQUIDATION" ? "LIMIT" : order.type,
    reduceOnly: order.isReduceOnly,
    closePosition: order.isClosePosition,
    side: order.side,
    positionSide: order.positionSide,
    stopPrice: priceText(rules, order.stopPriceTicks),
    workingType: "CONTRACT_PRICE",
    priceProtect: false,
    origType: order.origType === "LIQUIDATION" ? "LIMIT" : order.origType,
    priceMatch: "NONE",
    selfTradePreventionMode: order.selfTradeMode,
    goodTillDate: order.goodTillTsMs,
    updateTime: order.updatedTsMs,
  };
}

export function algoJson(rules: SymbolRules, algo: AlgoOrder): Json {
  const { request } = algo;
  return {
    algoId: BigInt(algo.algoId),
    clientAlgoId: request.clientAlgoId,
    algoType: "CONDITIONAL",
    orderType: request.type,
    symbol: rules.symbol,
    side: request.side,
    positionSide: request.positionSide,
    timeInForce: request.timeInForce,
    quantity: request.qtyLots === null ? "0" : qtyText(rules, request.qtyLots),
    algoStatus: algo.status,
    actualOrderId: algo.orderId ?? "",
    actualPrice: "0",
    actualType: "",
    actualQty: "0",
    tpOrderType: "",
    triggerPrice: priceText(rules, request.triggerTicks ?? 0),
    price: priceText(rules, request.priceTicks ?? 0),
    icebergQuantity: null,
    selfTradePreventionMode: request.selfTradeMode ?? "NONE",
    workingType: request.workingType,
    priceMatch: "NONE",
    closePosition: request.isClosePosition,
    priceProtect: false,
    reduceOnly: request.isReduceOnly,
    ...(request.type === "TRAILING_STOP_MARKET"
      ? { activatePrice: priceText(rules, request.activateTicks ?? 0), callbackRate: String(request.callbackRatePct) }
      : {}),
    createTime: algo.createdTsMs,
    updateTime: algo.updatedTsMs,
    triggerTime: algo.triggeredTsMs,
    goodTillDate: request.goodTillTsMs ?? 0,
  };
}

export function tradeJson(rules: SymbolRules, trade: Trade): Json {
  const asset = String(rules.info["marginAsset"] ?? "USDT");
  return {
    buyer: trade.side === "BUY",
    commission: moneyText(trade.feeQuote),
    commissionAsset: asset,
    id: trade.tradeId,
    maker: trade.isMaker,
    orderId: BigInt(trade.orderId),
    price: priceText(rules, trade.priceTicks),
    qty: qtyText(rules, trade.qtyLots),
    quoteQty: moneyText(trade.notionalQuote),
    marginAsset: asset,
    realizedPnl: moneyText(trade.realizedPnlQuote),
    side: trade.side,
    positionSide: trade.positionSide,
    symbol: rules.symbol,
    time: trade.tsMs,
  };
}
