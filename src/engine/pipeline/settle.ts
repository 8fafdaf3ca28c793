import type { FundingSettled, OrderFilled } from "../domain/event.ts";
import { lotsToQty, notionalQuote, ticksToPrice } from "../domain/instrument.ts";
import { sideSign } from "../domain/intent.ts";
import { finishOrder } from "./execute.ts";
import { isRemembered, remember } from "./key-memory.ts";
import { commitLater } from "./ledger.ts";
import { applyFill, isReported, type Position, qtyLotsOf } from "./position-book.ts";
import { type ActiveOrder, decide, hasQuirk, instrumentOf, noteFinding, noteFindingOnce, type Step } from "./state.ts";

/** A fill: money, position, order, result, and the ledger a lag later. */
export function onOrderFilled(step: Step, event: OrderFilled): void {
  const { account, activeOrders, positions, seenTrades } = step.state;
  const tradeKey = `${event.symbol}:${event.tradeId}`;
  if (isRemembered(seenTrades, tradeKey)) {
    noteFinding(step, {
      code: "duplicate_fill",
      severity: "warn",
      symbol: event.symbol,
      text: `Trade ${event.tradeId} of ${event.symbol} was told twice and is booked once`,
      evidence: { tradeId: event.tradeId, orderId: event.orderId },
    });
    return;
  }
  noteHowLearnt(step, event);
  step.portfolio = null;
  remember(seenTrades, tradeKey, step.tsMs + step.state.policy.executor.doneTtl);
  const order = activeOrders.get(event.clientOrderId);
  const instrument = instrumentOf(step, event.symbol);
  const notional = notionalQuote(instrument, event.priceTicks, event.qtyLots);
  account.walletQuote += event.realizedPnlQuote - event.feeQuote;
  account.realizedPnlQuote += event.realizedPnlQuote;
  account.feesQuote += event.feeQuote;
  if (order === undefined && isReported(positions, event)) {
    noteReported(step, event);
    return;
  }
  const wasFlat = !positions.open.has(event.symbol);
  const position = applyFill(positions, {
    symbol: event.symbol,
    side: event.side,
    qtyLots: event.qtyLots,
    notionalQuote: notional,
    price: ticksToPrice(instrument, event.priceTicks),
    exchangeTsMs: event.exchangeTsMs,
  });
  step.state.lastExecutionTsMs.set(event.symbol, step.tsMs);
  if (position === null) step.state.lastProposals.delete(event.symbol);
  if (order === undefined) {
    noteFindingOnce(step, `foreign-fill:${event.orderId}`, {
      code: "fill_without_order",
      severity: "error",
      symbol: event.symbol,
      text: `A fill arrived for order ${event.clientOrderId}, which is not in flight`,
      evidence: { clientOrderId: event.clientOrderId, orderId: event.orderId },
    });
    commitLater(step, { ...event, deltaQtyLots: sideSign(event.side) * event.qtyLots });
    return;
  }
  order.orderId = event.orderId;
  order.filledQtyLots += event.qtyLots;
  order.filledNotionalQuote += notional;
  order.feeQuote += event.feeQuote;
  order.realizedPnlQuote += event.realizedPnlQuote;
  order.lastExchangeTsMs = event.exchangeTsMs;
  order.status = "partially-filled";
  const action = step.state.activePlans.get(order.order.planId)?.plan.action;
  if (position !== null && action !== undefined) position.rungsDone.add(action);
  if (position !== null && wasFlat) protect(step, order, position);
  if (!event.isOrderComplete) return;
  commitLater(step, { ...event, deltaQtyLots: sideSign(event.side) * order.filledQtyLots });
  finishOrder(step, event.clientOrderId, "FILLED", "none", "");
}

/**
 * A fill of an order that had been given up, told after the exchange's report of the position: that report had it, and
 * was adopted. The money is booked, the position and its ledger are not moved a second time.
 */
function noteReported(step: Step, event: OrderFilled): void {
  const { symbol, clientOrderId, orderId, exchangeTsMs } = event;
  const { positions, ledger } = step.state;
  const deltaQtyLots = sideSign(event.side) * event.qtyLots;
  const ownFillsQtyLots = (positions.ownFillsQtyLots.get(symbol) ?? 0) + deltaQtyLots;
  positions.ownFillsQtyLots.set(symbol, ownFillsQtyLots);
  noteFindingOnce(step, `foreign-fill:${orderId}`, {
    code: "fill_without_order",
    severity: "error",
    symbol,
    text: `A fill arrived for order ${clientOrderId}, which is not in flight; the exchange's report of the position had it`,
    evidence: { clientOrderId, orderId, exchangeTsMs },
  });
  decide(step, {
    type: "position.reconciled",
    symbol,
    exchangeQtyLots: qtyLotsOf(positions, symbol),
    ledgerQtyLots: ledger.get(symbol) ?? null,
    ownFillsQtyLots,
    unexplainedQtyLots: 0,
  });
  // With this quirk the report was kept from the ledger: it still has to learn of the fill.
  if (hasQuirk(step, "reconcile-deadlock")) commitLater(step, { ...event, deltaQtyLots });
}

/** The user stream is how fills are learnt at once; whatever else brought this one, it was blind meanwhile. */
function noteHowLearnt(step: Step, event: OrderFilled): void {
  const lateMs = step.tsMs - event.exchangeTsMs;
  const isAsked = event.learntBy === "query";
  if (!isAsked && lateMs <= step.state.policy.executor.orderTimeout) return;
  noteFinding(step, {
    code: isAsked ? "fill_learnt_by_query" : "fill_told_late",
    severity: "warn",
    symbol: event.symbol,
    text: isAsked
      ? `The user stream never told a fill of ${event.symbol}; asking for its order did`
      : `The user stream told a fill of ${event.symbol} later than an order is waited for`,
    evidence: { tradeId: event.tradeId, orderId: event.orderId, lateMs },
  });
}

export function onFundingSettled(step: Step, event: FundingSettled): void {
  step.portfolio = null;
  step.state.account.walletQuote += event.amountQuote;
  step.state.account.fundingQuote += event.amountQuote;
}

/** The first fill of a position sets its stop, its take profit and the distance that is one R. */
function protect(step: Step, order: ActiveOrder, position: Position): void {
  const plan = step.state.activePlans.get(order.order.planId)?.plan;
  const instrument = instrumentOf(step, position.symbol);
  const isLong = position.qtyLots > 0;
  const entry = Number(position.entryNotionalQuote) / 1e8 / lotsToQty(instrument, Math.abs(position.qtyLots));
  const fallback = entry * (1 - (isLong ? 1 : -1) * step.state.policy.harvest.stopDistanceDefaultPct);
  const wanted = plan?.newStopPrice ?? null;
  const isOnRightSide = wanted !== null && (isLong ? wanted < entry : wanted > entry);
  position.stopPrice = isOnRightSide ? wanted : fallback;
  position.riskPct = Math.abs(entry - position.stopPrice) / entry;
  position.takeProfitPrice = plan?.takeProfitPrice ?? null;
  decide(step, {
    type: "stop.moved",
    symbol: position.symbol,
    stopPrice: position.stopPrice,
    previousStopPrice: null,
    cause: "entry",
  });
}
