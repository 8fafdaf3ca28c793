import type { Decision } from "../engine/domain/decision.ts";
import type { EvalType } from "../engine/domain/intent.ts";
import type { JournalEntry } from "../engine/domain/journal.ts";
import { formatMoney } from "../engine/domain/money.ts";
import { stateOfRejection } from "./summary/terminal-state.ts";

/** One row of `decisions.ndjson`: flat, every column always there, so that any table tool reads it as it is. */
export interface DecisionRow {
  readonly seq: number;
  readonly tsMs: number;
  /** The same instant as ISO 8601 in UTC. */
  readonly time: string;
  readonly type: Decision["type"];
  readonly symbol: string | null;
  readonly evalType: EvalType | null;
  readonly entryId: string | null;
  readonly planId: string | null;
  readonly clientOrderId: string | null;
  readonly orderId: string | null;
  readonly action: string | null;
  readonly side: string | null;
  /** EXECUTE, BLOCKED or SKIP of a plan; ALLOW or DENY of a permit. */
  readonly decision: string | null;
  /** Terminal state of a result. */
  readonly status: string | null;
  readonly reason: string | null;
  readonly governor: string | null;
  /** Kill score, whatever the governor compared. */
  readonly score: number | null;
  /** What the governor compared, and with what. */
  readonly value: number | null;
  readonly cutoff: number | null;
  readonly margin: number | null;
  /** Base units, of plans; every other quantity is in whole lots. */
  readonly qty: number | null;
  readonly qtyLots: number | null;
  readonly feeQuote: string | null;
  readonly realizedPnlQuote: string | null;
  readonly taints: string | null;
  readonly detail: string | null;
}

const EMPTY = {
  symbol: null,
  evalType: null,
  entryId: null,
  planId: null,
  clientOrderId: null,
  orderId: null,
  action: null,
  side: null,
  decision: null,
  status: null,
  reason: null,
  governor: null,
  score: null,
  value: null,
  cutoff: null,
  margin: null,
  qty: null,
  qtyLots: null,
  feeQuote: null,
  realizedPnlQuote: null,
  taints: null,
  detail: null,
} as const;

type Columns = Partial<Omit<DecisionRow, "seq" | "tsMs" | "time" | "type">>;

/** Rows of one entry, in order. Timers are left out: they are the engine's own clockwork and decide nothing. */
export function decisionRows({ envelope: { seq, tsMs }, decisions }: JournalEntry): DecisionRow[] {
  const rows: DecisionRow[] = [];
  for (const decision of decisions) {
    const columns = columnsOf(decision);
    if (columns === null) continue;
    rows.push({ seq, tsMs, time: new Date(tsMs).toISOString(), type: decision.type, ...EMPTY, ...columns });
  }
  return rows;
}

/** The same as NDJSON text, `""` for an entry without decisions. */
export function decisionLines(entry: JournalEntry): string {
  return decisionRows(entry)
    .map((row) => `${JSON.stringify(row)}\n`)
    .join("");
}

function columnsOf(decision: Decision): Columns | null {
  switch (decision.type) {
    case "timer.set":
      return null;
    case "intent.rejected": {
      const { entryId, symbol, side, reason, detail } = decision;
      return { entryId, symbol, side, reason, detail, status: stateOfRejection(reason) };
    }
    case "plan.published": {
      const { plan } = decision;
      const { planId, symbol, evalType, action, side, qty, verdict } = plan;
      return {
        planId,
        symbol,
        evalType,
        action,
        side,
        qty,
        entryId: plan.intentEntryId,
        decision: plan.decision,
        reason: plan.reasonCodes.join(","),
        governor: verdict?.governor ?? null,
        score: plan.killScore?.score ?? null,
        value: verdict?.value ?? null,
        cutoff: verdict?.cutoff ?? null,
        margin: verdict?.margin ?? null,
        taints: plan.taints.length === 0 ? null : plan.taints.join(","),
      };
    }
    case "permit.granted": {
      const { planId, symbol, reason, path, safeQtyLots } = decision;
      return { planId, symbol, reason, decision: "ALLOW", qtyLots: safeQtyLots, detail: path };
    }
    case "permit.denied": {
      const { planId, symbol, reason, path } = decision;
      return { planId, symbol, reason, decision: "DENY", detail: path };
    }
    case "order.submitted": {
      const { clientOrderId, planId, symbol, evalType, side, qtyLots, orderType } = decision;
      return { clientOrderId, planId, symbol, evalType, side, qtyLots, detail: orderType };
    }
    case "order.query-requested":
      return { clientOrderId: decision.clientOrderId, detail: `attempt ${decision.attempt}` };
    case "result.recorded": {
      const { planId, symbol, evalType, status, reason, side, orderId, clientOrderId, detail } = decision;
      return {
        planId,
        symbol,
        evalType,
        status,
        reason,
        side,
        orderId,
        clientOrderId,
        detail,
        qtyLots: decision.filledQtyLots,
        feeQuote: formatMoney(decision.feeQuote),
        realizedPnlQuote: formatMoney(decision.realizedPnlQuote),
      };
    }
    case "ledger.committed":
      return { symbol: decision.symbol, orderId: decision.orderId, qtyLots: decision.deltaQtyLots };
    case "stop.moved":
      return { symbol: decision.symbol, reason: decision.cause, value: decision.stopPrice };
    case "position.reconciled":
      return {
        symbol: decision.symbol,
        qtyLots: decision.exchangeQtyLots,
        detail: `ledger ${decision.ledgerQtyLots ?? "none"}, own fills ${decision.ownFillsQtyLots}, unexplained ${decision.unexplainedQtyLots}`,
      };
    case "finding.noted":
      return { symbol: decision.symbol, reason: decision.code, status: decision.severity, detail: decision.text };
    case "snapshot.requested":
      return { reason: decision.cause, detail: `${decision.method} ${decision.symbols.join(",")}` };
    case "candidates.ranked":
      return { reason: decision.ranker, detail: decision.symbols.join(",") };
    case "statistics.published":
      return { detail: decision.window };
    case "account.sampled":
      return { detail: `equity ${formatMoney(decision.equityQuote)}, ${decision.openPositions} open` };
  }
}
