import type { EvalType, Side } from "../../../engine/domain/intent.ts";
import type { JournalEntry } from "../../../engine/domain/journal.ts";

/** What became of one plan, step by step; a step that never came is `null`. */
export interface Lineage {
  readonly planId: string;
  readonly tsMs: number;
  readonly evalType: EvalType;
  readonly side: Side;
  readonly decision: string;
  readonly reason: string;
  /** Further plans right after it that were refused for the same reason. */
  repeats: number;
  permit: { readonly waitMs: number; readonly text: string } | null;
  orderWaitMs: number | null;
  /** First fill, after the order. */
  fillWaitMs: number | null;
  result: { readonly waitMs: number; readonly text: string } | null;
  /** Ledger commit, after the first fill. */
  ledgerWaitMs: number | null;
}

export interface LineageList {
  readonly rows: readonly Lineage[];
  readonly omitted: number;
}

/** Rows kept of a symbol: so many of the first, and so many of the last. */
const KEPT_EACH_END = 20;

interface Log {
  readonly first: Lineage[];
  readonly last: Lineage[];
  omitted: number;
}

interface OpenPlan {
  readonly row: Lineage;
  orderTsMs: number | null;
  fillTsMs: number | null;
}

/** The way of every plan of a symbol from decision to ledger; refusals that repeat are one row. */
export class LineageLog {
  readonly #logs = new Map<string, Log>();
  readonly #open = new Map<string, OpenPlan>();
  readonly #planOfOrder = new Map<string, string>();

  observe({ envelope: { tsMs, event }, decisions }: JournalEntry): void {
    if (event.type === "exchange.order-filled") {
      const planId = this.#planOfOrder.get(event.clientOrderId);
      const open = planId === undefined ? undefined : this.#open.get(planId);
      if (planId !== undefined && open !== undefined) {
        this.#planOfOrder.set(event.orderId, planId);
        if (open.fillTsMs === null) {
          open.fillTsMs = tsMs;
          open.row.fillWaitMs = tsMs - (open.orderTsMs ?? open.row.tsMs);
        }
      }
    }
    for (const decision of decisions) {
      switch (decision.type) {
        case "plan.published": {
          const { plan } = decision;
          this.#plan(plan.symbol, {
            planId: plan.planId,
            tsMs,
            evalType: plan.evalType,
            side: plan.side,
            decision: plan.decision,
            reason: plan.reasonCodes[0] ?? "none",
            repeats: 0,
            permit: null,
            orderWaitMs: null,
            fillWaitMs: null,
            result: null,
            ledgerWaitMs: null,
          });
          break;
        }
        case "permit.granted":
        case "permit.denied": {
          const row = this.#open.get(decision.planId)?.row;
          const verdict = decision.type === "permit.granted" ? "granted" : "denied";
          if (row !== undefined) {
            row.permit = { waitMs: tsMs - row.tsMs, text: `${verdict}: ${decision.reason}` };
          }
          break;
        }
        case "order.submitted": {
          const open = this.#open.get(decision.planId);
          if (open === undefined) break;
          open.orderTsMs = tsMs;
          open.row.orderWaitMs = tsMs - open.row.tsMs;
          this.#planOfOrder.set(decision.clientOrderId, decision.planId);
          break;
        }
        case "result.recorded": {
          const row = this.#open.get(decision.planId)?.row;
          if (row !== undefined)
            row.result = { waitMs: tsMs - row.tsMs, text: `${decision.status}: ${decision.reason}` };
          // A ledger books after the result; a plan that filled nothing has nothing to book.
          if (!decision.isExecuted) this.#close(decision.planId, decision.clientOrderId);
          break;
        }
        case "ledger.committed": {
          const planId = this.#planOfOrder.get(decision.orderId);
          const open = planId === undefined ? undefined : this.#open.get(planId);
          if (planId === undefined || open === undefined) break;
          open.row.ledgerWaitMs = tsMs - (open.fillTsMs ?? open.row.tsMs);
          if (open.row.result !== null) this.#close(planId, decision.orderId);
          break;
        }
        default:
      }
    }
  }

  of(symbol: string): LineageList {
    const log = this.#logs.get(symbol);
    return log === undefined ? { rows: [], omitted: 0 } : { rows: [...log.first, ...log.last], omitted: log.omitted };
  }

  #plan(symbol: string, row: Lineage): void {
    let log = this.#logs.get(symbol);
    if (log === undefined) {
      log = { first: [], last: [], omitted: 0 };
      this.#logs.set(symbol, log);
    }
    const before = log.last.at(-1) ?? log.first.at(-1);
    const isSame =
      before !== undefined &&
      row.decision !== "EXECUTE" &&
      before.decision === row.decision &&
      before.evalType === row.evalType &&
      before.reason === row.reason;
    if (isSame) {
      before.repeats += 1;
      return;
    }
    if (row.decision === "EXECUTE") this.#open.set(row.planId, { row, orderTsMs: null, fillTsMs: null });
    if (log.first.length < KEPT_EACH_END) {
      log.first.push(row);
      return;
    }
    log.last.push(row);
    if (log.last.length > KEPT_EACH_END) {
      log.last.shift();
      log.omitted += 1;
    }
  }

  #close(planId: string, orderId: string | null): void {
    this.#open.delete(planId);
    if (orderId !== null) this.#planOfOrder.delete(orderId);
  }
}
