import type { EvalType } from "../../../engine/domain/intent.ts";
import type { JournalEntry } from "../../../engine/domain/journal.ts";
import type { Money } from "../../../engine/domain/money.ts";

/** What was asked, what was let through and what it brought, of one symbol or of one hour of the day. */
export interface ActivityRow {
  readonly name: string;
  entryEvaluations: number;
  exitEvaluations: number;
  /** Evaluations of any kind that were not let through. */
  stopped: number;
  executed: number;
  fills: number;
  realizedQuote: Money;
  feesQuote: Money;
  fundingQuote: Money;
}

/** One reason under one kind of evaluation and one outcome. */
export interface ReasonRow {
  readonly evalType: EvalType | "-";
  /** `EXECUTE`, `BLOCKED`, `SKIP` of the governor, `no plan` of the bridge, `no permit`, or the state of a result. */
  readonly outcome: string;
  readonly reason: string;
  count: number;
  readonly symbols: Set<string>;
  readonly firstTsMs: number;
}

export interface Breakdowns {
  /** Busiest first; equal ones by name. */
  readonly symbols: readonly ActivityRow[];
  /** Most frequent first. */
  readonly reasons: readonly ReasonRow[];
  /** The 24 hours of a UTC day, those in which something happened, in order. */
  readonly hours: readonly ActivityRow[];
}

const HOUR_MS = 3_600_000;

/** Counts by symbol, by reason and by hour of the day, after the warm-up. */
export class BreakdownLog {
  readonly #warmupUntilTsMs: number;
  readonly #symbols = new Map<string, ActivityRow>();
  readonly #hours = new Map<number, ActivityRow>();
  readonly #reasons = new Map<string, ReasonRow>();
  readonly #evalTypes = new Map<string, EvalType>();

  constructor(warmupUntilTsMs: number) {
    this.#warmupUntilTsMs = warmupUntilTsMs;
  }

  observe({ envelope: { tsMs, event }, decisions }: JournalEntry): void {
    if (tsMs < this.#warmupUntilTsMs) return;
    if (event.type === "exchange.order-filled") {
      for (const row of this.#rows(event.symbol, tsMs)) {
        row.fills += 1;
        row.realizedQuote += event.realizedPnlQuote;
        row.feesQuote += event.feeQuote;
      }
    } else if (event.type === "exchange.funding-settled") {
      for (const row of this.#rows(event.symbol, tsMs)) row.fundingQuote += event.amountQuote;
    }
    for (const decision of decisions) {
      switch (decision.type) {
        case "intent.rejected":
          this.#reason("-", "no plan", decision.reason, decision.symbol, tsMs);
          break;
        case "plan.published": {
          const { plan } = decision;
          for (const row of this.#rows(plan.symbol, tsMs)) {
            if (plan.evalType === "ENTRY") row.entryEvaluations += 1;
            else row.exitEvaluations += 1;
            if (plan.decision !== "EXECUTE") row.stopped += 1;
          }
          if (plan.decision === "EXECUTE") this.#evalTypes.set(plan.planId, plan.evalType);
          this.#reason(plan.evalType, plan.decision, plan.reasonCodes[0] ?? "none", plan.symbol, tsMs);
          break;
        }
        case "permit.denied": {
          const evalType = this.#evalTypes.get(decision.planId) ?? "-";
          this.#reason(evalType, "no permit", decision.reason, decision.symbol, tsMs);
          break;
        }
        case "result.recorded":
          if (decision.isExecuted) for (const row of this.#rows(decision.symbol, tsMs)) row.executed += 1;
          this.#evalTypes.delete(decision.planId);
          this.#reason(decision.evalType, decision.status, decision.reason, decision.symbol, tsMs);
          break;
        default:
      }
    }
  }

  finish(): Breakdowns {
    const busy = (row: ActivityRow) => row.entryEvaluations + row.exitEvaluations + row.fills;
    return {
      symbols: [...this.#symbols.values()].sort(
        (left, right) => busy(right) - busy(left) || (left.name < right.name ? -1 : 1),
      ),
      reasons: [...this.#reasons.entries()]
        .sort(([a, left], [b, right]) => right.count - left.count || (a < b ? -1 : 1))
        .map(([, row]) => row),
      hours: [...this.#hours].sort(([left], [right]) => left - right).map(([, row]) => row),
    };
  }

  #rows(symbol: string, tsMs: number): readonly [ActivityRow, ActivityRow] {
    const hour = Math.floor(tsMs / HOUR_MS) % 24;
    return [
      rowOf(this.#symbols, symbol, symbol),
      rowOf(this.#hours, hour, `${String(hour).padStart(2, "0")}:00`),
    ] as const;
  }

  #reason(evalType: ReasonRow["evalType"], outcome: string, reason: string, symbol: string | null, tsMs: number): void {
    const key = `${evalType} ${outcome} ${reason}`;
    let row = this.#reasons.get(key);
    if (row === undefined) {
      row = { evalType, outcome, reason, count: 0, symbols: new Set(), firstTsMs: tsMs };
      this.#reasons.set(key, row);
    }
    row.count += 1;
    if (symbol !== null) row.symbols.add(symbol);
  }
}

function rowOf<Key>(rows: Map<Key, ActivityRow>, key: Key, name: string): ActivityRow {
  let row = rows.get(key);
  if (row === undefined) {
    row = {
      name,
      entryEvaluations: 0,
      exitEvaluations: 0,
      stopped: 0,
      executed: 0,
      fills: 0,
      realizedQuote: 0n,
      feesQuote: 0n,
      fundingQuote: 0n,
    };
    rows.set(key, row);
  }
  return row;
}
