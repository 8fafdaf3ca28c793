import { isOpen, type Order, type OrderRequest } from "../../venue/order.ts";
import { mandatory, REFUSALS, Refusal } from "../../venue/refusal.ts";
import type { SymbolRules } from "../../venue/symbol-rules.ts";
import { textOf } from "../json.ts";
import { ackJson, modifyJson, orderJson, tradeJson } from "../render/order-json.ts";
import type { ServeContext } from "../serve-context.ts";
import type { OrderCount, Params, Route, RouteCall } from "./http.ts";
import {
  readBoolean,
  readClientId,
  readLots,
  readOptionalSymbol,
  readPositionSide,
  readSelfTradeMode,
  readSide,
  readSymbol,
  readTicks,
  readTimeInForce,
  readWholeNumber,
} from "./read-params.ts";

const DAY_MS = 86_400_000;
/** How long orders can be asked for after their end: without a fill, and with one (exchange.md section 3). */
const UNFILLED_KEPT_MS = 3 * DAY_MS;
const KEPT_MS = 90 * DAY_MS;
const BATCH_MAX = 5;
export const ONE_ORDER: OrderCount = { per10s: 1, perMinute: 1 };
const BATCH_OF_ORDERS: OrderCount = { per10s: 5, perMinute: 1 };

const CONDITIONAL = ["STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"];

/** Reads `POST /fapi/v1/order` and places it. Also what `order.place` of the WebSocket API does. */
export function placeOrder({ context, params, account, tsMs }: RouteCall): Order | Refusal {
  const rules = readSymbol(context.session, params);
  if (rules instanceof Refusal) return rules;
  const type = params.get("type");
  if (type === undefined || type === "") return mandatory("type");
  if (CONDITIONAL.includes(type)) return REFUSALS.useAlgoApi;
  if (type !== "LIMIT" && type !== "MARKET") return REFUSALS.invalidOrderType;
  const side = readSide(params);
  if (side instanceof Refusal) return side;
  const positionSide = readPositionSide(params);
  if (positionSide instanceof Refusal) return positionSide;
  const timeInForce = readTimeInForce(params);
  if (timeInForce instanceof Refusal) return timeInForce;
  const qtyLots = readLots(params, "quantity", rules);
  if (qtyLots instanceof Refusal) return qtyLots;
  if (qtyLots === null) return mandatory("quantity");
  const priceTicks = readTicks(params, "price", rules);
  if (priceTicks instanceof Refusal) return priceTicks;
  const isReduceOnly = readBoolean(params, "reduceOnly");
  if (isReduceOnly instanceof Refusal) return isReduceOnly;
  const selfTradeMode = readSelfTradeMode(params);
  if (selfTradeMode instanceof Refusal) return selfTradeMode;
  const clientOrderId = readClientId(params, "newClientOrderId");
  if (clientOrderId instanceof Refusal) return clientOrderId;
  const goodTill = readWholeNumber(params, "goodTillDate", 0);
  if (goodTill instanceof Refusal) return goodTill;
  if (account.positionMode === "hedge" && params.has("reduceOnly") && isReduceOnly) {
    return new Refusal(-1106, "Parameter 'reduceonly' sent when not required.");
  }
  const request: OrderRequest = {
    symbolIndex: rules.index,
    side,
    positionSide,
    type,
    qtyLots,
    priceTicks,
    // A market order may name a time in force that clients send by habit; only a limit order has one.
    timeInForce: type === "MARKET" ? null : timeInForce,
    isReduceOnly,
    clientOrderId:
      clientOrderId ??
      `auto${account.index}-${tsMs}-${account.trades.length + account.ended.length + account.openOrders.size}`,
    selfTradeMode,
    ...(timeInForce === "GTD" && goodTill > 0 ? { goodTillTsMs: goodTill } : {}),
  };
  return context.session.venue.place(account, request, tsMs);
}

/** The order that `orderId` or `origClientOrderId` names; -2013 when the account has none of that symbol. */
export function findOrder(call: RouteCall, rules: SymbolRules): Order | Refusal {
  const { context, params, account, tsMs } = call;
  const { venue } = context.session;
  const orderId = params.get("orderId");
  const clientId = params.get("origClientOrderId");
  if (orderId === undefined && clientId === undefined) return mandatory("orderId");
  const order = orderId !== undefined ? venue.findOrder(account, orderId) : venue.findByClientId(account, clientId!);
  if (order === undefined || order.symbolIndex !== rules.index || !isKept(order, tsMs)) return REFUSALS.noSuchOrder;
  return order;
}

export function cancelOrder(call: RouteCall): { rules: SymbolRules; order: Order } | Refusal {
  const rules = readSymbol(call.context.session, call.params);
  if (rules instanceof Refusal) return rules;
  const order = findOrder(call, rules);
  if (order instanceof Refusal) return order === REFUSALS.noSuchOrder ? REFUSALS.cancelRejected : order;
  const cancelled = call.context.session.venue.cancel(call.account, order.orderId, call.tsMs);
  return cancelled instanceof Refusal ? cancelled : { rules, order: cancelled };
}

export function modifyOrder(call: RouteCall): { rules: SymbolRules; order: Order } | Refusal {
  const { context, params, account, tsMs } = call;
  const rules = readSymbol(context.session, params);
  if (rules instanceof Refusal) return rules;
  const order = findOrder(call, rules);
  if (order instanceof Refusal) return order;
  if (!isOpen(order)) return REFUSALS.noSuchOrder;
  const qtyLots = readLots(params, "quantity", rules);
  if (qtyLots instanceof Refusal) return qtyLots;
  if (qtyLots === null) return mandatory("quantity");
  const priceTicks = readTicks(params, "price", rules);
  if (priceTicks instanceof Refusal) return priceTicks;
  if (priceTicks === null) return mandatory("price");
  if (params.has("side") && params.get("side") !== order.side) return REFUSALS.modifyNotAllowed;
  const changed = context.session.venue.modify(account, order.orderId, priceTicks, qtyLots, tsMs);
  return changed instanceof Refusal ? changed : { rules, order: changed };
}

function isKept(order: Order, tsMs: number): boolean {
  return isOpen(order) || tsMs - order.updatedTsMs <= (order.filledLots > 0 ? KEPT_MS : UNFILLED_KEPT_MS);
}

function isLegacy(context: ServeContext): boolean {
  return context.settings.isLegacyAck;
}

/** Ack of a new order: `RESULT` says what has become of it, `ACK` only that it was taken. */
function newOrderAck(call: RouteCall, order: Order): unknown {
  const rules = call.context.session.venue.rules[order.symbolIndex]!;
  const ack = ackJson(rules, order, isLegacy(call.context));
  if ((call.params.get("newOrderRespType") ?? "ACK") === "RESULT") return ack;
  return { ...ack, status: "NEW", executedQty: "0", cumQty: "0" };
}

function batch(call: RouteCall, name: string, run: (params: Params) => unknown): unknown {
  const list = listOf(call.params.get(name));
  if (list === null || list.length === 0) return mandatory(name);
  if (list.length > BATCH_MAX) return new Refusal(-4082, "Invalid number of batch place orders.");
  return list.map((entry) => {
    const answer = run(paramsOf(entry));
    return answer instanceof Refusal ? { code: answer.code, msg: answer.text } : answer;
  });
}

function listOf(text: string | undefined): unknown[] | null {
  try {
    const value: unknown = JSON.parse(text ?? "");
    return Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

function paramsOf(entry: unknown): Params {
  if (typeof entry !== "object" || entry === null) return new Map();
  return new Map(Object.entries(entry).map(([key, value]) => [key, textOf(value)]));
}

export const ORDER_ROUTES: readonly Route[] = [
  {
    method: "POST",
    path: "/fapi/v1/order",
    security: "signed",
    weight: 0,
    orders: ONE_ORDER,
    handle(call) {
      const order = placeOrder(call);
      return order instanceof Refusal ? order : newOrderAck(call, order);
    },
  },
  {
    method: "POST",
    path: "/fapi/v1/order/test",
    security: "signed",
    weight: 0,
    handle(call) {
      const rules = readSymbol(call.context.session, call.params);
      return rules instanceof Refusal ? rules : {};
    },
  },
  {
    method: "PUT",
    path: "/fapi/v1/order",
    security: "signed",
    weight: 0,
    orders: ONE_ORDER,
    handle(call) {
      const changed = modifyOrder(call);
      return changed instanceof Refusal ? changed : modifyJson(changed.rules, changed.order, isLegacy(call.context));
    },
  },
  {
    method: "DELETE",
    path: "/fapi/v1/order",
    security: "signed",
    weight: 1,
    handle(call) {
      const cancelled = cancelOrder(call);
      return cancelled instanceof Refusal
        ? cancelled
        : ackJson(cancelled.rules, cancelled.order, isLegacy(call.context));
    },
  },
  {
    method: "GET",
    path: "/fapi/v1/order",
    security: "signed",
    weight: 1,
    handle(call) {
      const rules = readSymbol(call.context.session, call.params);
      if (rules instanceof Refusal) return rules;
      const order = findOrder(call, rules);
      return order instanceof Refusal ? order : orderJson(rules, order);
    },
  },
  {
    method: "GET",
    path: "/fapi/v1/openOrder",
    security: "signed",
    weight: 1,
    handle(call) {
      const rules = readSymbol(call.context.session, call.params);
      if (rules instanceof Refusal) return rules;
      const order = findOrder(call, rules);
      if (order instanceof Refusal) return order;
      return isOpen(order) ? orderJson(rules, order) : REFUSALS.noSuchOrder;
    },
  },
  {
    method: "POST",
    path: "/fapi/v1/batchOrders",
    security: "signed",
    weight: 5,
    orders: BATCH_OF_ORDERS,
    handle: (call) =>
      batch(call, "batchOrders", (params) => {
        const order = placeOrder({ ...call, params });
        return order instanceof Refusal
          ? order
          : ackJson(call.context.session.venue.rules[order.symbolIndex]!, order, isLegacy(call.context));
      }),
  },
  {
    method: "PUT",
    path: "/fapi/v1/batchOrders",
    security: "signed",
    weight: 5,
    orders: BATCH_OF_ORDERS,
    handle: (call) =>
      batch(call, "batchOrders", (params) => {
        const changed = modifyOrder({ ...call, params });
        return changed instanceof Refusal ? changed : modifyJson(changed.rules, changed.order, isLegacy(call.context));
      }),
  },
  {
    method: "DELETE",
    path: "/fapi/v1/batchOrders",
    security: "signed",
    weight: 1,
    handle(call) {
      const { params } = call;
      const symbol = params.get("symbol") ?? "";
      const ids = listOf(params.get("orderIdList")?.replace(/\b(\d{16,})\b/g, '"$1"')) ?? [];
      const clientIds = listOf(params.get("origClientOrderIdList")) ?? [];
      const asked = [
        ...ids.map((id) => ["orderId", String(id)] as const),
        ...clientIds.map((id) => ["origClientOrderId", String(id)] as const),
      ];
      if (asked.length === 0) return mandatory("orderIdList");
      if (asked.length > 10) return new Refusal(-4082, "Invalid number of batch place orders.");
      return asked.map((pair) => {
        const cancelled = cancelOrder({ ...call, params: new Map([["symbol", symbol], pair]) });
        if (cancelled instanceof Refusal) return { code: cancelled.code, msg: cancelled.text };
        return ackJson(cancelled.rules, cancelled.order, isLegacy(call.context));
      });
    },
  },
  {
    method: "DELETE",
    path: "/fapi/v1/allOpenOrders",
    security: "signed",
    weight: 1,
    handle({ context, params, account, tsMs }) {
      const rules = readSymbol(context.session, params);
      if (rules instanceof Refusal) return rules;
      context.session.venue.cancelAll(account, rules.index, tsMs);
      return { code: 200, msg: "The operation of cancel all open order is done." };
    },
  },
  {
    method: "POST",
    path: "/fapi/v1/countdownCancelAll",
    security: "signed",
    weight: 10,
    handle({ context, params, account, tsMs }) {
      const rules = readSymbol(context.session, params);
      if (rules instanceof Refusal) return rules;
      if (!params.has("countdownTime")) return mandatory("countdownTime");
      const countdownMs = readWholeNumber(params, "countdownTime", 0);
      if (countdownMs instanceof Refusal) return countdownMs;
      context.session.venue.countdownCancelAll(account, rules.index, countdownMs, tsMs);
      return { symbol: rules.symbol, countdownTime: String(countdownMs) };
    },
  },
  {
    method: "GET",
    path: "/fapi/v1/openOrders",
    security: "signed",
    weight: (params) => (params.has("symbol") ? 1 : 40),
    handle({ context, params, account }) {
      const rules = readOptionalSymbol(context.session, params);
      if (rules instanceof Refusal) return rules;
      return [...account.openOrders.values()]
        .filter((order) => rules === null || order.symbolIndex === rules.index)
        .map((order) => orderJson(context.session.venue.rules[order.symbolIndex]!, order));
    },
  },
  {
    method: "GET",
    path: "/fapi/v1/allOrders",
    security: "signed",
    weight: 5,
    handle({ context, params, account, tsMs }) {
      const rules = readSymbol(context.session, params);
      if (rules instanceof Refusal) return rules;
      const limit = readWholeNumber(params, "limit", 500);
      if (limit instanceof Refusal) return limit;
      const from = params.get("orderId");
      if (from !== undefined && !/^\d{1,20}$/.test(from))
        return new Refusal(-1100, "Illegal characters found in parameter 'orderId'; legal range is '^[0-9]{1,20}$'.");
      const orders = [...account.ended, ...account.openOrders.values()]
        .filter(
          (order) => order.symbolIndex === rules.index && isKept(order, tsMs) && isInTime(params, order.createdTsMs),
        )
        .sort((left, right) => (BigInt(left.orderId) < BigInt(right.orderId) ? -1 : 1));
      const wanted =
        from === undefined
          ? orders.slice(-limit)
          : orders.filter(({ orderId }) => BigInt(orderId) >= BigInt(from)).slice(0, limit);
      return wanted.map((order) => orderJson(rules, order));
    },
  },
  {
    method: "GET",
    path: "/fapi/v1/forceOrders",
    security: "signed",
    weight: (params) => (params.has("symbol") ? 20 : 50),
    handle({ context, params, account }) {
      const rules = readOptionalSymbol(context.session, params);
      if (rules instanceof Refusal) return rules;
      const limit = readWholeNumber(params, "limit", 50);
      if (limit instanceof Refusal) return limit;
      return account.ended
        .filter(
          (order) =>
            order.type === "LIQUIDATION" &&
            (rules === null || order.symbolIndex === rules.index) &&
            isInTime(params, order.createdTsMs),
        )
        .slice(-Math.min(limit, 100))
        .map((order) => orderJson(context.session.venue.rules[order.symbolIndex]!, order));
    },
  },
  {
    method: "GET",
    path: "/fapi/v1/userTrades",
    security: "signed",
    weight: 5,
    handle({ context, params, account }) {
      const rules = readSymbol(context.session, params);
      if (rules instanceof Refusal) return rules;
      const limit = readWholeNumber(params, "limit", 500);
      if (limit instanceof Refusal) return limit;
      const orderId = params.get("orderId");
      const fromId = Number(params.get("fromId") ?? Number.NaN);
      const trades = account.trades.filter(
        (trade) =>
          trade.symbolIndex === rules.index &&
          (orderId === undefined || trade.orderId === orderId) &&
          !(trade.tradeId < fromId) &&
          isInTime(params, trade.tsMs),
      );
      const wanted = Number.isNaN(fromId) ? trades.slice(-limit) : trades.slice(0, limit);
      return wanted.map((trade) => tradeJson(rules, trade));
    },
  },
];

export function isInTime(params: Params, tsMs: number): boolean {
  return (
    !(tsMs < Number(params.get("startTime") ?? Number.NaN)) && !(tsMs > Number(params.get("endTime") ?? Number.NaN))
  );
}
