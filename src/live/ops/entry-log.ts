import type { Decision } from "../../engine/domain/decision.ts";
import type { JournalEntry } from "../../engine/domain/journal.ts";
import { formatMoney } from "../../engine/domain/money.ts";
import type { Log } from "./logger.ts";

/**
 * Tells the log what a person would want to read of an entry: findings at their severity, orders, refusals of the
 * exchange, results that filled, the kill switch. Verdicts and rejected intents are for `debug`, because the journal
 * holds every one of them; the heartbeat is not told at all.
 */
export function logEntry(log: Log, { envelope, decisions }: JournalEntry): void {
  const { seq, event } = envelope;
  switch (event.type) {
    case "operator.kill-switch-set":
      log.warn("kill switch set", { seq, scope: event.scope, source: event.source });
      break;
    case "exchange.order-rejected": {
      const { clientOrderId, code, text } = event;
      log.warn("order refused", { seq, clientOrderId, code, text });
      break;
    }
    case "exchange.order-unknown":
      log.warn("outcome of an order is unknown", { seq, clientOrderId: event.clientOrderId, cause: event.cause });
      break;
    case "run.ended":
      log.info("session ended", { seq, cause: event.cause });
      break;
    default:
  }
  for (const decision of decisions) logDecision(log, decision, seq);
}

function logDecision(log: Log, decision: Decision, seq: number): void {
  switch (decision.type) {
    case "finding.noted": {
      const { code, symbol, text, evidence, severity } = decision;
      log[severity](text, { seq, code, symbol, evidence });
      break;
    }
    case "order.submitted": {
      const { clientOrderId, planId, symbol, evalType, side, qtyLots } = decision;
      log.info("order decided", { seq, clientOrderId, planId, symbol, evalType, side, qtyLots });
      break;
    }
    case "result.recorded": {
      const { planId, symbol, evalType, status, reason, isExecuted, filledQtyLots, feeQuote } = decision;
      const fields = { seq, planId, symbol, evalType, status, reason };
      if (isExecuted) log.info("filled", { ...fields, filledQtyLots, feeQuote: formatMoney(feeQuote) });
      else log.debug("not filled", fields);
      break;
    }
    case "intent.rejected": {
      const { entryId, symbol, reason, detail } = decision;
      log.debug("intent rejected", { seq, entryId, symbol, reason, detail });
      break;
    }
    case "plan.published": {
      const { planId, symbol, evalType, decision: verdict, reasonCodes } = decision.plan;
      log.debug("plan judged", { seq, planId, symbol, evalType, verdict, reasons: reasonCodes });
      break;
    }
    default:
  }
}
