import type { PlanDecision } from "../../../engine/domain/plan.ts";
import { Beat } from "./beat.ts";
import { Count, need } from "./count.ts";

const PLANS_KEPT = 20_000;
const FILLS_SHOWN = 20;
const BASES_KEPT = 4096;
/** Opened again this soon after it was closed, a position was not really closed. */
const RE_ENTRY_MS = 300_000;

/** A plan while its orders and results may still come. */
export interface OpenPlan {
  readonly planId: string;
  readonly symbol: string;
  readonly decision: PlanDecision;
  readonly isEntry: boolean;
  /** What refused it although it went on, `null` when nothing did. */
  readonly refusedBy: string | null;
  readonly tsMs: number;
  orders: number;
  filled: boolean;
  verdict: string | null;
}

export interface FillFact {
  readonly planId: string | null;
  readonly symbol: string;
  readonly side: "BUY" | "SELL";
  /** Base units. */
  readonly qty: number;
  readonly price: number | null;
  readonly tsMs: number;
  readonly isReduceOnly: boolean | null;
  /** Mark the decision was taken at. */
  readonly decisionPrice: number | null;
  readonly realizedPnlQuote: number;
  readonly orderKey: string;
}

interface SymbolFills {
  orders: number;
  fills: number;
  readonly shown: { readonly tsMs: number; readonly side: string; readonly qty: number; readonly planId: string }[];
  readonly beat: Beat;
  /** Signed base units that own fills explain, on top of what was there. */
  ownQty: number;
  adds: number;
  firstAddQty: number;
  heldAtFirstAdd: number;
  /** Non-reducing fills against an open position. */
  opposing: number;
  closes: number;
  reEntries: number;
  closedTsMs: number | null;
  realizedPnlQuote: number;
  lastOrderKey: string;
  /** Signed base units of the last fill. */
  lastQty: number;
}

/** What reached the venue, and what came of it. */
export class ExecutionFacts {
  readonly bySymbol = new Map<string, SymbolFills>();
  readonly held = new Map<string, number>();
  readonly statuses = new Count();
  readonly refusals = new Count();
  readonly refusedSymbols = new Map<string, Count>();
  readonly ordersAbove = new Count();
  readonly bypassed = new Map<string, { count: number; readonly symbols: Count; planId: string }>();
  readonly executedEmpty = new Count();
  readonly twoVerdicts = new Count();
  readonly withoutReason = new Count();
  readonly blockedAsOrders = new Count();
  readonly droppedCloses = new Count();
  readonly closesOfNothing = new Map<string, { count: number; planId: string }>();
  readonly killed = { sets: 0, scope: "off" as "off" | "entries" | "all", orders: 0, planId: "" };
  readonly basisBps: number[] = [];
  readonly words = new Count();
  readonly #plans = new Map<string, OpenPlan>();
  /** Ids in `#plans` as they came; the next one takes the place of the oldest. */
  readonly #order: string[] = [];
  readonly #waiting = new Map<string, OpenPlan>();
  #place = 0;
  filledOrders = 0;
  lastFillTsMs: number | null = null;
  results = 0;

  plan(fact: Omit<OpenPlan, "orders" | "filled" | "verdict">): void {
    const known = this.#plans.get(fact.planId);
    if (known !== undefined) {
      // Published again: the earlier publication has had its answer.
      if (known.verdict !== null) this.#plans.set(fact.planId, { ...fact, orders: 0, filled: false, verdict: null });
      return;
    }
    this.#makeRoom(fact.planId);
    this.#waiting.delete(fact.planId);
    this.#plans.set(fact.planId, { ...fact, orders: 0, filled: false, verdict: null });
  }

  /** The oldest plan goes; one that still waits for its result is kept aside. */
  #makeRoom(planId: string): void {
    const oldest = this.#order[this.#place];
    this.#order[this.#place] = planId;
    this.#place = (this.#place + 1) % PLANS_KEPT;
    if (oldest === undefined) return;
    const plan = this.#plans.get(oldest)!;
    this.#plans.delete(oldest);
    if (plan.decision !== "EXECUTE" || plan.verdict !== null) return;
    if (this.#waiting.size < PLANS_KEPT) this.#waiting.set(oldest, plan);
  }

  isAnythingHeld(): boolean {
    for (const qty of this.held.values()) if (qty !== 0) return true;
    return false;
  }

  find(planId: string): OpenPlan | null {
    return this.#plans.get(planId) ?? this.#waiting.get(planId) ?? null;
  }

  /** Plans that wanted to execute and have no result. */
  withoutResult(): OpenPlan[] {
    return [...this.#waiting.values(), ...this.#plans.values()].filter(
      ({ decision, verdict }) => decision === "EXECUTE" && verdict === null,
    );
  }

  order(planId: string, isEntry: boolean): void {
    const plan = this.find(planId);
    if (this.killed.scope === "all" || (this.killed.scope === "entries" && isEntry)) {
      if (this.killed.orders === 0) this.killed.planId = planId;
      this.killed.orders += 1;
    }
    if (plan === null) return;
    plan.orders += 1;
    if (plan.orders === 2) this.ordersAbove.add(plan.symbol, planId);
  }

  fill(fact: FillFact): void {
    const symbol = need(this.bySymbol, fact.symbol, startFills);
    const { side, qty, tsMs, price, decisionPrice } = fact;
    const isNewOrder = symbol.lastOrderKey !== fact.orderKey;
    symbol.lastOrderKey = fact.orderKey;
    symbol.fills += 1;
    symbol.realizedPnlQuote += fact.realizedPnlQuote;
    this.lastFillTsMs = tsMs;
    const before = this.held.get(fact.symbol) ?? 0;
    const signed = side === "BUY" ? qty : -qty;
    const after = clean(before + signed);
    this.held.set(fact.symbol, after);
    symbol.lastQty = signed;
    symbol.ownQty = clean(symbol.ownQty + signed);
    if (isNewOrder) {
      symbol.orders += 1;
      this.filledOrders += 1;
      symbol.beat.add(tsMs);
      if (symbol.shown.length < FILLS_SHOWN) symbol.shown.push({ tsMs, side, qty, planId: fact.planId ?? "" });
      if (before !== 0 && before * signed > 0) {
        if (symbol.adds === 0) Object.assign(symbol, { firstAddQty: qty, heldAtFirstAdd: before });
        symbol.adds += 1;
      }
      if (before * signed < 0 && fact.isReduceOnly === false) symbol.opposing += 1;
      const sinceCloseMs = symbol.closedTsMs === null ? Number.POSITIVE_INFINITY : tsMs - symbol.closedTsMs;
      if (before === 0 && sinceCloseMs <= RE_ENTRY_MS) symbol.reEntries += 1;
    }
    if (before !== 0 && after === 0) {
      symbol.closes += 1;
      symbol.closedTsMs = tsMs;
    }
    if (price !== null && decisionPrice !== null && decisionPrice > 0 && this.basisBps.length < BASES_KEPT) {
      this.basisBps.push((price / decisionPrice - 1) * 10_000);
    }
    const plan = fact.planId === null ? null : this.find(fact.planId);
    if (plan === null || plan.filled) return;
    plan.filled = true;
    const refusedBy = plan.refusedBy ?? (plan.decision === "EXECUTE" ? null : "its own verdict");
    if (refusedBy === null) return;
    const known = need(this.bypassed, refusedBy, () => ({ count: 0, symbols: new Count(), planId: plan.planId }));
    known.count += 1;
    known.symbols.add(plan.symbol, plan.planId);
  }

  /** One `apply.result`; `verdict` is status and reason in the writer's words. */
  result(fact: {
    readonly planId: string;
    readonly symbol: string;
    readonly status: string;
    readonly reason: string;
    readonly isExecuted: boolean;
    readonly filledQty: number | null;
    readonly isEntry: boolean;
  }): void {
    const { planId, symbol, status, reason, isExecuted, filledQty } = fact;
    this.results += 1;
    this.statuses.add(status, planId);
    if (isExecuted && filledQty === 0) this.executedEmpty.add(symbol, planId);
    if (!isExecuted) {
      const head = reason === "" ? "(no reason)" : reason;
      this.refusals.add(head, planId);
      need(this.refusedSymbols, head, () => new Count()).add(symbol, planId);
      if (reason === "" || reason === "none") this.withoutReason.add(status, planId);
    }
    this.#close(fact);
    const plan = this.find(planId);
    if (plan === null) return;
    if (reason.startsWith("missing_required_fields") && plan.decision !== "EXECUTE") {
      this.blockedAsOrders.add(symbol, planId);
    }
    const verdict = `${status} ${reason}`;
    if (plan.verdict === null) plan.verdict = verdict;
    else if (plan.verdict !== verdict) this.twoVerdicts.add(symbol, planId);
  }

  #close({
    planId,
    symbol,
    reason,
    isEntry,
  }: {
    planId: string;
    symbol: string;
    reason: string;
    isEntry: boolean;
  }): void {
    const isSkippedFlat = /flat_sell|nothing_to_reduce|no_position|skip_flat/i.test(reason);
    if (isEntry || !isSkippedFlat) return;
    if ((this.held.get(symbol) ?? 0) !== 0) this.droppedCloses.add(symbol, planId);
    else need(this.closesOfNothing, symbol, () => ({ count: 0, planId })).count += 1;
  }
}

function startFills(): SymbolFills {
  return {
    orders: 0,
    fills: 0,
    shown: [],
    beat: new Beat(),
    ownQty: 0,
    adds: 0,
    firstAddQty: 0,
    heldAtFirstAdd: 0,
    opposing: 0,
    closes: 0,
    reEntries: 0,
    closedTsMs: null,
    realizedPnlQuote: 0,
    lastOrderKey: "",
    lastQty: 0,
  };
}

/** Sums of decimals: what is left below a billionth is the binary, not the position. */
function clean(qty: number): number {
  return Number(qty.toFixed(9));
}
