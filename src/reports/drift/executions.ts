import type { EvalType, Side } from "../../engine/domain/intent.ts";
import type { JournalEntry } from "../../engine/domain/journal.ts";
import type { Money } from "../../engine/domain/money.ts";

/** One order that filled, whole or in part. */
export interface Execution {
  readonly planId: string;
  readonly clientOrderId: string;
  readonly symbol: string;
  readonly side: Side;
  readonly evalType: EvalType;
  readonly decidedTsMs: number;
  /** Mark the engine saw when it decided; `null` when it saw none. */
  readonly decisionPrice: number | null;
  readonly fills: readonly Fill[];
}

export interface Fill {
  readonly qtyLots: number;
  readonly priceTicks: number;
  readonly feeQuote: Money;
  /** Time of the match on the exchange. */
  readonly exchangeTsMs: number;
  /** When the engine learnt of it. */
  readonly learntTsMs: number;
}

/** What a journal says about money that moved. */
export interface Ledger {
  readonly executions: readonly Execution[];
  /** Received minus paid. */
  readonly fundingQuote: Money;
}

export interface LedgerBuilder {
  observe(entry: JournalEntry): void;
  finish(): Ledger;
}

/** Collects the executions of a journal in the order of their decisions; a fill told twice counts once. */
export function createLedgerBuilder(): LedgerBuilder {
  const orders = new Map<string, Omit<Execution, "fills"> & { readonly fills: Fill[] }>();
  const trades = new Set<string>();
  let fundingQuote: Money = 0n;
  return {
    observe({ envelope: { event, tsMs }, decisions }) {
      if (event.type === "exchange.funding-settled") fundingQuote += event.amountQuote;
      if (event.type === "exchange.order-filled") {
        const trade = `${event.symbol} ${event.tradeId}`;
        const order = orders.get(event.clientOrderId);
        if (order !== undefined && !trades.has(trade)) {
          trades.add(trade);
          const { qtyLots, priceTicks, feeQuote, exchangeTsMs } = event;
          order.fills.push({ qtyLots, priceTicks, feeQuote, exchangeTsMs, learntTsMs: tsMs });
        }
      }
      for (const decision of decisions) {
        if (decision.type !== "order.submitted") continue;
        const { planId, clientOrderId, symbol, side, evalType, decisionMarkPrice } = decision;
        orders.set(clientOrderId, {
          planId,
          clientOrderId,
          symbol,
          side,
          evalType,
          decidedTsMs: tsMs,
          decisionPrice: decisionMarkPrice,
          fills: [],
        });
      }
    },
    finish: () => ({ executions: [...orders.values()].filter(({ fills }) => fills.length > 0), fundingQuote }),
  };
}
