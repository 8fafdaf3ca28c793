import type { EngineEvent, OrderFilled, OrderQueried } from "../../engine/domain/event.ts";
import { type Instrument, priceToTicks } from "../../engine/domain/instrument.ts";
import { lotsOf, moneyOf, type Raw } from "./account-report.ts";

/** Order of a message, in the words of `ORDER_TRADE_UPDATE` (exchange.md 2.2). */
export function eventOfUpdate(update: Raw, instrument: Instrument, eventTsMs: number): EngineEvent | null {
  const clientOrderId = String(update["c"]);
  const orderId = String(update["i"]);
  const lots = (key: string) => lotsOf(instrument, Number(update[key]));
  switch (update["x"]) {
    case "NEW":
      return { type: "exchange.order-accepted", clientOrderId, orderId };
    case "TRADE":
    case "CALCULATED":
      return {
        type: "exchange.order-filled",
        clientOrderId,
        orderId,
        tradeId: String(update["t"]),
        symbol: instrument.symbol,
        side: update["S"] === "SELL" ? "SELL" : "BUY",
        qtyLots: lots("l"),
        priceTicks: priceToTicks(instrument, Number(update["L"])),
        cumulativeQtyLots: lots("z"),
        isOrderComplete: update["X"] === "FILLED",
        isMaker: update["m"] === true || update["m"] === "true",
        feeQuote: moneyOf(update["n"] ?? "0"),
        realizedPnlQuote: moneyOf(update["rp"] ?? "0"),
        exchangeTsMs: Number(update["T"] ?? eventTsMs),
      };
    case "CANCELED":
    case "EXPIRED":
      return {
        type: "exchange.order-ended",
        clientOrderId,
        orderId,
        status: update["x"],
        cumulativeQtyLots: lots("z"),
        reason: update["x"] === "CANCELED" ? "cancelled" : `expired (er ${String(update["er"] ?? "0")})`,
      };
    default:
      return null;
  }
}

/** Fills of one order from `/fapi/v1/userTrades`, in the order of their trade ids. */
export function fillsOfTrades(
  trades: readonly Raw[],
  order: { readonly clientOrderId: string; readonly orderId: string; readonly qtyLots: number },
  instrument: Instrument,
): OrderFilled[] {
  let cumulativeQtyLots = 0;
  return [...trades]
    .filter((trade) => String(trade["orderId"]) === order.orderId)
    .sort((left, right) => Number(left["id"]) - Number(right["id"]))
    .map((trade): OrderFilled => {
      const qtyLots = lotsOf(instrument, Number(trade["qty"]));
      cumulativeQtyLots += qtyLots;
      return {
        type: "exchange.order-filled",
        clientOrderId: order.clientOrderId,
        orderId: order.orderId,
        tradeId: String(trade["id"]),
        symbol: instrument.symbol,
        side: trade["side"] === "SELL" ? "SELL" : "BUY",
        qtyLots,
        priceTicks: priceToTicks(instrument, Number(trade["price"])),
        cumulativeQtyLots,
        isOrderComplete: cumulativeQtyLots === order.qtyLots,
        isMaker: trade["maker"] === true || trade["maker"] === "true",
        feeQuote: moneyOf(trade["commission"] ?? "0"),
        realizedPnlQuote: moneyOf(trade["realizedPnl"] ?? "0"),
        exchangeTsMs: Number(trade["time"]),
        learntBy: "query",
      };
    });
}

const STATUSES: ReadonlySet<string> = new Set(["NEW", "PARTIALLY_FILLED", "FILLED", "CANCELED", "EXPIRED", "REJECTED"]);

/** Status of `GET /fapi/v1/order` in the engine's words. */
export function statusOf(raw: unknown): OrderQueried["status"] {
  const status = String(raw);
  if (status === "EXPIRED_IN_MATCH") return "EXPIRED";
  return STATUSES.has(status) ? (status as OrderQueried["status"]) : "NEW";
}
