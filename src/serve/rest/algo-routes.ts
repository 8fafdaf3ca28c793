import type { AlgoOrder, AlgoRequest } from "../../venue/algo-order.ts";
import type { ConditionalType } from "../../venue/order.ts";
import { mandatory, REFUSALS, Refusal, refuse } from "../../venue/refusal.ts";
import { algoJson } from "../render/order-json.ts";
import type { Route, RouteCall } from "./http.ts";
import { ONE_ORDER } from "./order-routes.ts";
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

const TYPES: readonly string[] = ["STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"];

/** Reads `POST /fapi/v1/algoOrder` and places the conditional order. */
export function placeAlgoOrder({ context, params, account, tsMs }: RouteCall): AlgoOrder | Refusal {
  const rules = readSymbol(context.session, params);
  if (rules instanceof Refusal) return rules;
  if (params.get("algoType") !== "CONDITIONAL") return mandatory("algoType");
  const type = params.get("type");
  if (type === undefined || type === "") return mandatory("type");
  if (!TYPES.includes(type)) return REFUSALS.invalidOrderType;
  const side = readSide(params);
  if (side instanceof Refusal) return side;
  const positionSide = readPositionSide(params);
  if (positionSide instanceof Refusal) return positionSide;
  const timeInForce = readTimeInForce(params);
  if (timeInForce instanceof Refusal) return timeInForce;
  const qtyLots = readLots(params, "quantity", rules);
  if (qtyLots instanceof Refusal) return qtyLots;
  const priceTicks = readTicks(params, "price", rules);
  if (priceTicks instanceof Refusal) return priceTicks;
  const triggerTicks = readTicks(params, "triggerPrice", rules);
  if (triggerTicks instanceof Refusal) return triggerTicks;
  const activateTicks = readTicks(params, params.has("activatePrice") ? "activatePrice" : "activationPrice", rules);
  if (activateTicks instanceof Refusal) return activateTicks;
  const isReduceOnly = readBoolean(params, "reduceOnly");
  if (isReduceOnly instanceof Refusal) return isReduceOnly;
  const isClosePosition = readBoolean(params, "closePosition");
  if (isClosePosition instanceof Refusal) return isClosePosition;
  const selfTradeMode = readSelfTradeMode(params);
  if (selfTradeMode instanceof Refusal) return selfTradeMode;
  const clientAlgoId = readClientId(params, "clientAlgoId");
  if (clientAlgoId instanceof Refusal) return clientAlgoId;
  const goodTill = readWholeNumber(params, "goodTillDate", 0);
  if (goodTill instanceof Refusal) return goodTill;
  const workingType = params.get("workingType") ?? "CONTRACT_PRICE";
  if (workingType !== "CONTRACT_PRICE" && workingType !== "MARK_PRICE")
    return refuse(-1130, "Data sent for parameter 'workingType' is not valid.");
  const callbackRatePct = Number(params.get("callbackRate") ?? Number.NaN);
  const request: AlgoRequest = {
    symbolIndex: rules.index,
    side,
    positionSide,
    type: type as ConditionalType,
    qtyLots,
    priceTicks,
    triggerTicks,
    workingType,
    timeInForce: timeInForce ?? "GTC",
    isReduceOnly,
    isClosePosition,
    clientAlgoId:
      clientAlgoId ?? `algo${account.index}-${tsMs}-${account.openAlgoOrders.size + account.endedAlgoOrders.length}`,
    selfTradeMode,
    ...(Number.isNaN(callbackRatePct) ? {} : { callbackRatePct }),
    ...(activateTicks === null ? {} : { activateTicks }),
    ...(goodTill > 0 ? { goodTillTsMs: goodTill } : {}),
  };
  return context.session.venue.placeAlgo(account, request, tsMs);
}

function findAlgo({ params, account }: RouteCall): AlgoOrder | Refusal {
  const algoId = params.get("algoId");
  const clientAlgoId = params.get("clientAlgoId");
  if (algoId === undefined && clientAlgoId === undefined) return mandatory("algoId");
  const all = [...account.endedAlgoOrders, ...account.openAlgoOrders.values()].reverse();
  const found = all.find((algo) =>
    algoId !== undefined ? algo.algoId === algoId : algo.request.clientAlgoId === clientAlgoId,
  );
  return found ?? REFUSALS.noSuchOrder;
}

function render({ context }: RouteCall, algo: AlgoOrder): unknown {
  return algoJson(context.session.venue.rules[algo.request.symbolIndex]!, algo);
}

export const ALGO_ROUTES: readonly Route[] = [
  {
    method: "POST",
    path: "/fapi/v1/algoOrder",
    security: "signed",
    weight: 0,
    orders: ONE_ORDER,
    handle(call) {
      const algo = placeAlgoOrder(call);
      return algo instanceof Refusal ? algo : render(call, algo);
    },
  },
  {
    method: "GET",
    path: "/fapi/v1/algoOrder",
    security: "signed",
    weight: 1,
    handle(call) {
      const algo = findAlgo(call);
      return algo instanceof Refusal ? algo : render(call, algo);
    },
  },
  {
    method: "DELETE",
    path: "/fapi/v1/algoOrder",
    security: "signed",
    weight: 1,
    handle(call) {
      const algo = findAlgo(call);
      if (algo instanceof Refusal) return algo === REFUSALS.noSuchOrder ? REFUSALS.cancelRejected : algo;
      const cancelled = call.context.session.venue.cancelAlgo(call.account, algo.algoId, call.tsMs);
      if (cancelled instanceof Refusal) return cancelled;
      return { algoId: BigInt(algo.algoId), clientAlgoId: algo.request.clientAlgoId, code: "200", msg: "success" };
    },
  },
  {
    method: "GET",
    path: "/fapi/v1/openAlgoOrders",
    security: "signed",
    weight: (params) => (params.has("symbol") ? 1 : 40),
    handle(call) {
      const rules = readOptionalSymbol(call.context.session, call.params);
      if (rules instanceof Refusal) return rules;
      return [...call.account.openAlgoOrders.values()]
        .filter(({ request }) => rules === null || request.symbolIndex === rules.index)
        .map((algo) => render(call, algo));
    },
  },
  {
    method: "GET",
    path: "/fapi/v1/allAlgoOrders",
    security: "signed",
    weight: 5,
    handle(call) {
      const rules = readSymbol(call.context.session, call.params);
      if (rules instanceof Refusal) return rules;
      return [...call.account.endedAlgoOrders, ...call.account.openAlgoOrders.values()]
        .filter(({ request }) => request.symbolIndex === rules.index)
        .map((algo) => render(call, algo));
    },
  },
  {
    method: "DELETE",
    path: "/fapi/v1/algoOpenOrders",
    security: "signed",
    weight: 1,
    handle({ context, params, account, tsMs }) {
      const rules = readSymbol(context.session, params);
      if (rules instanceof Refusal) return rules;
      context.session.venue.cancelAllAlgo(account, rules.index, tsMs);
      return { code: 200, msg: "The operation of cancel all open order is done." };
    },
  },
];
