import type { Decision } from "../../engine/domain/decision.ts";
import type { EngineEvent } from "../../engine/domain/event.ts";
import type { JournalEntry } from "../../engine/domain/journal.ts";
import { formatMoney } from "../../engine/domain/money.ts";
import { numberText } from "../format.ts";
import type { Units } from "./units.ts";

/** One journal entry as a person reads it. */
export interface EntryText {
  /** The event, in a few words. */
  readonly head: string;
  /** What was decided on it, a line each. */
  readonly lines: readonly string[];
  /** Symbols it is about, each once. */
  readonly symbols: readonly string[];
  /** Ids by which it is found: of plans, intents, orders and trades. */
  readonly ids: readonly string[];
  /** Something a person would step to; ticks and samples are not. */
  readonly isDecision: boolean;
}

/** Strings of streams are passed on as they are: whoever shows them shows text. */
export function textOfEntry({ envelope: { event }, decisions }: JournalEntry, units: Units): EntryText {
  const symbols = new Set<string>();
  const ids = new Set<string>();
  const head = textOfEvent(event, units, symbols, ids);
  const lines: string[] = [];
  let isDecision = event.type === "exchange.order-filled" || event.type === "run.ended";
  for (const decision of decisions) {
    const line = textOfDecision(decision, units, symbols, ids);
    if (line === null) continue;
    lines.push(line);
    if (decision.type !== "account.sampled" && decision.type !== "candidates.ranked") isDecision = true;
  }
  return { head, lines, symbols: [...symbols], ids: [...ids], isDecision };
}

function textOfEvent(event: EngineEvent, units: Units, symbols: Set<string>, ids: Set<string>): string {
  switch (event.type) {
    case "run.started":
      return `run starts with ${formatMoney(event.walletQuote)} USDT`;
    case "run.ended":
      return `run ends: ${event.cause}`;
    case "intent.received": {
      ids.add(event.entryId);
      return `intent ${event.entryId}`;
    }
    case "market-features.received":
      symbols.add(event.symbol);
      return `market state of ${event.symbol}`;
    case "timer.fired":
      return `timer ${event.timerId}`;
    case "exchange.snapshot-received":
      return `snapshot ${event.status}: ${event.positions.length} positions`;
    case "exchange.order-accepted":
      ids.add(event.clientOrderId).add(event.orderId);
      return `order ${event.clientOrderId} accepted`;
    case "exchange.order-rejected":
      ids.add(event.clientOrderId);
      return `order ${event.clientOrderId} refused: ${event.code} ${event.text}`;
    case "exchange.order-filled":
      symbols.add(event.symbol);
      ids.add(event.clientOrderId).add(event.orderId).add(event.tradeId);
      return `${event.side} ${units.qty(event.symbol, event.qtyLots)} ${event.symbol} filled at ${units.price(event.symbol, event.priceTicks)}, fee ${formatMoney(event.feeQuote)}`;
    case "exchange.order-ended":
      ids.add(event.clientOrderId).add(event.orderId);
      return `order ${event.clientOrderId} ended ${event.status}: ${event.reason}`;
    case "exchange.order-unknown":
      ids.add(event.clientOrderId);
      return `order ${event.clientOrderId}: outcome unknown, ${event.cause}`;
    case "exchange.order-queried":
      ids.add(event.clientOrderId);
      return `order ${event.clientOrderId} asked: ${event.status}`;
    case "exchange.funding-settled":
      symbols.add(event.symbol);
      return `funding of ${event.symbol}: ${formatMoney(event.amountQuote)} USDT at ${numberText(event.rate, 4)}`;
    case "operator.kill-switch-set":
      return `kill switch ${event.scope}, by ${event.source}`;
    default:
      return (event as { readonly type: string }).type;
  }
}

/** `null` for what nobody steps to: timers set, statistics, requests of snapshots. */
function textOfDecision(decision: Decision, units: Units, symbols: Set<string>, ids: Set<string>): string | null {
  switch (decision.type) {
    case "intent.rejected":
      if (decision.symbol !== null) symbols.add(decision.symbol);
      ids.add(decision.entryId);
      return `intent refused: ${decision.reason}${decision.detail === "" ? "" : ` (${decision.detail})`}`;
    case "plan.published": {
      const { plan } = decision;
      symbols.add(plan.symbol);
      ids.add(plan.planId);
      const { verdict } = plan;
      const compared =
        verdict?.value == null
          ? ""
          : `, ${numberText(verdict.value, 4)}${verdict.cutoff == null ? "" : ` against ${numberText(verdict.cutoff, 4)}`}`;
      return `${plan.evalType} ${plan.side} ${plan.symbol} ${plan.decision}: ${plan.reasonCodes.join(", ")}${compared}, plan ${plan.planId}`;
    }
    case "permit.granted":
      symbols.add(decision.symbol);
      return `permit ${decision.path} for ${decision.planId}: ${decision.reason}, snapshot ${decision.snapshotAgeMs} ms old`;
    case "permit.denied":
      symbols.add(decision.symbol);
      return `no permit for ${decision.planId}: ${decision.reason}`;
    case "order.submitted":
      symbols.add(decision.symbol);
      ids.add(decision.clientOrderId).add(decision.planId);
      return `order ${decision.clientOrderId}: ${decision.side} ${units.qty(decision.symbol, decision.qtyLots)} ${decision.symbol} ${decision.orderType}${decision.isReduceOnly ? ", reduce only" : ""}`;
    case "order.query-requested":
      ids.add(decision.clientOrderId);
      return `asks for order ${decision.clientOrderId}, attempt ${decision.attempt}`;
    case "result.recorded":
      symbols.add(decision.symbol);
      ids.add(decision.planId);
      return `result of ${decision.planId}: ${decision.status}${decision.reason === "none" ? "" : `, ${decision.reason}`}, ${units.qty(decision.symbol, decision.filledQtyLots)} of ${units.qty(decision.symbol, decision.requestedQtyLots)} filled`;
    case "ledger.committed":
      symbols.add(decision.symbol);
      ids.add(decision.orderId);
      return `ledger of ${decision.symbol} ${units.qty(decision.symbol, decision.ledgerQtyLots)}, ${decision.lagMs} ms after the match`;
    case "stop.moved":
      symbols.add(decision.symbol);
      return `stop of ${decision.symbol} at ${numberText(decision.stopPrice)}, ${decision.cause}`;
    case "position.reconciled":
      symbols.add(decision.symbol);
      return `exchange has ${units.qty(decision.symbol, decision.exchangeQtyLots)} ${decision.symbol}, own fills explain all but ${units.qty(decision.symbol, decision.unexplainedQtyLots)}`;
    case "finding.noted":
      if (decision.symbol !== null) symbols.add(decision.symbol);
      return `${decision.severity} ${decision.code}: ${decision.text}`;
    case "candidates.ranked":
      return `${decision.ranker} ranks ${decision.symbols.length}, ${decision.neededFresh} needed are fresh, ${decision.neededStale.length} stale, ${decision.neededNeverRanked.length} never ranked`;
    case "account.sampled":
      return `equity ${formatMoney(decision.equityQuote)} USDT, heat ${numberText(decision.portfolioHeat, 3)}, drawdown ${numberText(decision.drawdown, 3)}`;
    default:
      return null;
  }
}
