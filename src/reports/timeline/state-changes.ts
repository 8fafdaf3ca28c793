import type { JournalEntry } from "../../engine/domain/journal.ts";
import { formatMoney } from "../../engine/domain/money.ts";
import { numberText } from "../format.ts";
import type { Units } from "./units.ts";

/** What of a symbol is shown at an instant, in the order of the table's columns. */
export const SYMBOL_FIELDS = ["position", "ledger", "score", "verdict", "permit", "order", "stop"] as const;
/** What of the account is shown. */
export const ACCOUNT_FIELDS = ["equity", "wallet", "drawdown", "heat", "open positions", "kill switch"] as const;

export type StateField = (typeof SYMBOL_FIELDS)[number] | (typeof ACCOUNT_FIELDS)[number];

/** One thing that is another after an entry. `null` means gone. */
export interface Change {
  /** `""` for the account. */
  readonly symbol: string;
  readonly field: StateField;
  readonly value: string | null;
}

/**
 * What changes with each entry, as far as a journal lets one know: the state at an instant is the last value of every
 * field up to there. All knowledge of the pipeline is here; whoever shows it only assigns.
 */
export class StateChanges {
  readonly #units: Units;
  readonly #lots = new Map<string, number>();
  readonly #orderOf = new Map<string, { readonly symbol: string; readonly text: string }>();

  constructor(units: Units) {
    this.#units = units;
  }

  of({ envelope: { tsMs, event }, decisions }: JournalEntry): readonly Change[] {
    const changes: Change[] = [];
    const set = (symbol: string, field: StateField, value: string | null) => changes.push({ symbol, field, value });
    switch (event.type) {
      case "run.started":
        set("", "wallet", formatMoney(event.walletQuote));
        break;
      case "operator.kill-switch-set":
        set("", "kill switch", event.scope === "off" ? null : event.scope);
        break;
      case "exchange.order-filled": {
        const lots = (this.#lots.get(event.symbol) ?? 0) + (event.side === "BUY" ? event.qtyLots : -event.qtyLots);
        this.#lots.set(event.symbol, lots);
        set(event.symbol, "position", lots === 0 ? null : this.#units.qty(event.symbol, lots));
        if (event.isOrderComplete) this.#endOrder(event.clientOrderId, set);
        break;
      }
      case "exchange.order-ended":
      case "exchange.order-rejected":
        this.#endOrder(event.clientOrderId, set);
        break;
      case "exchange.order-unknown": {
        const order = this.#orderOf.get(event.clientOrderId);
        if (order !== undefined) set(order.symbol, "order", `${order.text}, outcome unknown`);
        break;
      }
      default:
    }
    for (const decision of decisions) {
      switch (decision.type) {
        case "account.sampled":
          set("", "equity", formatMoney(decision.equityQuote));
          set("", "wallet", formatMoney(decision.walletQuote));
          set("", "drawdown", numberText(decision.drawdown, 4));
          set("", "heat", numberText(decision.portfolioHeat, 4));
          set("", "open positions", String(decision.openPositions));
          break;
        case "plan.published": {
          const { symbol, killScore, verdict, evalType, decision: said } = decision.plan;
          if (killScore !== null) set(symbol, "score", numberText(killScore.score, 6));
          const against = verdict?.cutoff == null ? "" : ` against ${numberText(verdict.cutoff, 4)}`;
          const value = verdict?.value == null ? "" : ` ${numberText(verdict.value, 4)}`;
          set(symbol, "verdict", `${evalType} ${said}${value}${against}`);
          break;
        }
        case "permit.granted": {
          const safe =
            decision.safeQtyLots === null ? "" : ` up to ${this.#units.qty(decision.symbol, decision.safeQtyLots)}`;
          set(decision.symbol, "permit", `${decision.path}${safe} for ${decision.expiresTsMs - tsMs} ms`);
          break;
        }
        case "permit.denied":
          set(decision.symbol, "permit", `denied: ${decision.reason}`);
          break;
        case "order.submitted": {
          const text = `${decision.side} ${this.#units.qty(decision.symbol, decision.qtyLots)}`;
          this.#orderOf.set(decision.clientOrderId, { symbol: decision.symbol, text });
          set(decision.symbol, "order", text);
          break;
        }
        case "result.recorded":
          set(decision.symbol, "permit", null);
          break;
        case "ledger.committed":
          set(decision.symbol, "ledger", this.#units.qty(decision.symbol, decision.ledgerQtyLots));
          break;
        case "position.reconciled":
          this.#lots.set(decision.symbol, decision.exchangeQtyLots);
          set(
            decision.symbol,
            "position",
            decision.exchangeQtyLots === 0 ? null : this.#units.qty(decision.symbol, decision.exchangeQtyLots),
          );
          if (decision.ledgerQtyLots !== null)
            set(decision.symbol, "ledger", this.#units.qty(decision.symbol, decision.ledgerQtyLots));
          break;
        case "stop.moved":
          set(decision.symbol, "stop", numberText(decision.stopPrice));
          break;
        default:
      }
    }
    return changes;
  }

  #endOrder(clientOrderId: string, set: (symbol: string, field: StateField, value: null) => void): void {
    const order = this.#orderOf.get(clientOrderId);
    if (order === undefined) return;
    this.#orderOf.delete(clientOrderId);
    set(order.symbol, "order", null);
  }
}
