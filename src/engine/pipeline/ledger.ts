import { isRemembered, remember } from "./key-memory.ts";
import { decide, hasQuirk, noteFindingOnce, type PendingLedger, type Step, setTimer } from "./state.ts";

/** What an ended order changed goes to the ledger after the configured lag: the exchange is ahead of it until then. */
export function commitLater(step: Step, fills: PendingLedger): void {
  if (hasQuirk(step, "ledger-never")) {
    noteFindingOnce(step, "ledger-never", {
      code: "ledger_never_updates",
      severity: "error",
      symbol: fills.symbol,
      text: 'Fills never reach the ledger: its reader wants `executed` = "True" and a steps_results list, the executor writes "true" and details',
      evidence: { firstOrderId: fills.orderId },
    });
    return;
  }
  const { orderId, symbol, deltaQtyLots, exchangeTsMs } = fills;
  step.state.pendingLedger.set(orderId, { orderId, symbol, deltaQtyLots, exchangeTsMs });
  setTimer(step, `ledger:${orderId}`, step.tsMs + step.state.policy.ledger.lag);
}

/** Timer "ledger:<order id>": the result reader has caught up. Exactly once per order id. */
export function onLedgerDue(step: Step, orderId: string): void {
  const pending = step.state.pendingLedger.get(orderId);
  if (pending === undefined) return;
  step.state.pendingLedger.delete(orderId);
  const { ledger, ledgerOrders } = step.state;
  if (isRemembered(ledgerOrders, orderId)) return;
  remember(ledgerOrders, orderId, step.tsMs + step.state.policy.executor.doneTtl);
  const before = ledger.get(pending.symbol) ?? step.state.positions.adoptedQtyLots.get(pending.symbol) ?? 0;
  const after = hasQuirk(step, "ledger-unsigned")
    ? Math.abs(Math.abs(before) + pending.deltaQtyLots)
    : before + pending.deltaQtyLots;
  ledger.set(pending.symbol, after);
  decide(step, {
    type: "ledger.committed",
    symbol: pending.symbol,
    orderId,
    deltaQtyLots: pending.deltaQtyLots,
    ledgerQtyLots: after,
    lagMs: step.tsMs - pending.exchangeTsMs,
  });
}
