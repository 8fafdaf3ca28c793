import { type Fields, textOf } from "../../../recording/inspect/entry-fields.ts";
import { readResult } from "../../../recording/inspect/read-result.ts";
import type { Facts } from "./facts.ts";

/** Printed quantities are rounded to the step of the symbol. */
const QTY_TOLERANCE = 1e-6;

/** What an `apply.result` entry says of orders, fills, the permit it went under and the ledger that permit read. */
export function addResult(facts: Facts, fields: Fields, tsMs: number): void {
  const result = readResult(fields);
  if (result === null) {
    facts.execution.words.add(
      `unreadable: executed=${textOf(fields["executed"]) || "(none)"}`,
      textOf(fields["plan_id"]),
    );
    return;
  }
  const { planId, symbol, writer, isExecuted, decision, reason, orders, permit } = result;
  const { execution, positions } = facts;
  const isEntry = execution.find(planId)?.isEntry ?? true;
  const shape = `${writer}: executed=${result.executedWord}, ${result.hasSteps ? "steps_results" : "details"}`;
  execution.words.add(shape, planId);
  if (decision === "UNKNOWN" || decision.startsWith("UNKNOWN:")) execution.words.add(`counted as ${decision}`, planId);
  for (const _order of orders) execution.order(planId, isEntry);
  const filledQty = orders.some((order) => order.filledQty !== null)
    ? orders.reduce((sum, order) => sum + (order.filledQty ?? 0), 0)
    : null;
  if (permit !== null) {
    const { exchangeQty, ledgerQty, safeQty } = permit;
    positions.granted.count += 1;
    if (exchangeQty !== null) compareWithFills(facts, symbol, { exchangeQty, ledgerQty: ledgerQty || null }, tsMs);
    const side = orders[0]?.side ?? null;
    const isAdding = exchangeQty !== null && (side === "BUY" ? exchangeQty > 0 : side === "SELL" && exchangeQty < 0);
    if (isEntry && isAdding && safeQty !== null && safeQty >= Math.abs(exchangeQty)) {
      const known = positions.addOns.get(symbol);
      const planQty = orders[0]?.requestedQty ?? 0;
      positions.addOns.set(symbol, {
        count: (known?.count ?? 0) + 1,
        safeQty,
        planQty,
        planId: known?.planId ?? planId,
      });
    }
    // P3.3 writes 0.0 when it found no record.
    if (exchangeQty !== null && exchangeQty !== 0) positions.ledgerRead(symbol, ledgerQty !== null && ledgerQty !== 0);
  }
  for (const order of orders) {
    if (!isExecuted || order.side === null || order.filledQty === null || order.filledQty <= 0) continue;
    execution.fill({
      planId,
      symbol,
      side: order.side,
      qty: order.filledQty,
      price: null,
      tsMs,
      isReduceOnly: null,
      decisionPrice: null,
      realizedPnlQuote: 0,
      orderKey: order.orderId ?? planId,
    });
    positions.filled(symbol, order.orderId ?? "", planId);
  }
  execution.result({
    planId,
    symbol,
    status: decision,
    reason: reason ?? "",
    isExecuted,
    filledQty,
    isEntry,
  });
}

/**
 * The position on the exchange that the permit saw against what own fills explain. A snapshot may be one fill behind, and
 * a default of 0 is written where nothing was found: neither is a foreign hand.
 */
function compareWithFills(
  { execution, positions }: Facts,
  symbol: string,
  { exchangeQty, ledgerQty }: { readonly exchangeQty: number; readonly ledgerQty: number | null },
  tsMs: number,
): void {
  const known = execution.held.get(symbol);
  if (known === undefined) {
    if (exchangeQty !== 0) execution.held.set(symbol, exchangeQty);
    return;
  }
  const behind = known - (execution.bySymbol.get(symbol)?.lastQty ?? 0);
  const isExplained = [known, behind].some((qty) => Math.abs(exchangeQty - qty) <= QTY_TOLERANCE * Math.abs(qty));
  if (exchangeQty === 0 || isExplained) return;
  const qty = Number((exchangeQty - known).toFixed(9));
  positions.reconciled(symbol, { tsMs, qty, exchangeQty }, ledgerQty, false);
  execution.held.set(symbol, exchangeQty);
}
