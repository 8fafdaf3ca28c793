import type { Decision, LedgerCommitted, ResultRecorded } from "../../engine/domain/decision.ts";
import type { SnapshotReceived } from "../../engine/domain/event.ts";
import type { Intent } from "../../engine/domain/intent.ts";
import type { JournalEntry } from "../../engine/domain/journal.ts";
import type { Plan } from "../../engine/domain/plan.ts";
import { parseIntent } from "../../engine/pipeline/intent-codec.ts";
import type { Command } from "../redis/link.ts";
import type { PublishedNames, RedisPlansOptions } from "./options.ts";
import {
  BLOCK_TTL_MS,
  governorBlock,
  governorPermit,
  PERMIT_TTL_MS,
  positionDenial,
  positionPermit,
} from "./permit-fields.ts";
import { numberText, planFields, STRICT_SOURCE, unixSeconds } from "./plan-fields.ts";
import { PublishedBook } from "./published-book.ts";
import { nameFor, openPlansKey, PUBLISHED_NAMES } from "./published-names.ts";
import { type OpenPlan, resultFields } from "./result-fields.ts";

const SNAPSHOT_TTL_S = 3600;
const ON_DEMAND_TTL_S = 300;
const LEDGER_TTL_S = 86_400;
const ORDERS_REMEMBERED = 10_000;

/**
 * Turns journal entries into writes. What a later entry needs of an earlier one is written too (`open-plans`), so a
 * restart goes on with the same words.
 */
export class EntryWrites {
  readonly #options: RedisPlansOptions;
  readonly #names: PublishedNames;
  readonly #prefix: string;
  readonly #maxLen: number;
  readonly #openKey: string;
  readonly #book: PublishedBook;
  readonly #openPlans = new Map<string, OpenPlan>();
  readonly #onDemand = new Set<string>();
  /** Plan of an order, for the ledger that follows its result. */
  readonly #planOfOrder = new Map<string, string>();

  constructor(options: RedisPlansOptions) {
    this.#options = options;
    this.#names = { ...PUBLISHED_NAMES, ...options.names };
    this.#prefix = options.prefix ?? "";
    this.#maxLen = options.maxLen ?? 10_000;
    this.#openKey = openPlansKey(this.#prefix, options.session);
    this.#book = new PublishedBook(options.instruments);
  }

  /** What an earlier process wrote for plans without a result: plan id to JSON. */
  restore(openPlans: ReadonlyMap<string, string>): void {
    for (const [planId, text] of openPlans) this.#openPlans.set(planId, JSON.parse(text) as OpenPlan);
  }

  /** @param nowMs permits that were to end before this time are not written: they would allow again */
  writes({ envelope, decisions }: JournalEntry, nowMs: number): Command[] {
    const { event, tsMs } = envelope;
    const commands: Command[] = [];
    if (event.type === "run.started") this.#book.begin();
    else if (event.type === "exchange.order-filled") this.#book.fill(event);
    else if (event.type === "exchange.snapshot-received" && event.status === "ok")
      this.#snapshot(commands, event, tsMs);
    for (const decision of decisions) this.#decision(commands, { envelope, decisions }, decision, nowMs);
    return commands;
  }

  #decision(commands: Command[], entry: JournalEntry, decision: Decision, nowMs: number): void {
    const { tsMs } = entry.envelope;
    switch (decision.type) {
      case "plan.published":
        this.#plan(commands, entry, decision.plan, nowMs);
        break;
      case "permit.granted": {
        const { planId, symbol } = decision;
        const body = positionPermit(decision, this.#quantities(symbol, decision), tsMs, this.#options.shape);
        this.#key(commands, this.#names.positionPermit, { planId, symbol }, body, decision.expiresTsMs - nowMs);
        const plan = this.#openPlans.get(planId);
        if (plan !== undefined) this.#open(commands, planId, { ...plan, permit: body });
        break;
      }
      case "permit.denied": {
        const { planId, symbol } = decision;
        const body = positionDenial(decision, this.#quantities(symbol, decision), tsMs, this.#options.shape);
        this.#key(commands, this.#names.positionPermit, { planId, symbol }, body, tsMs + PERMIT_TTL_MS - nowMs);
        break;
      }
      case "snapshot.requested":
        if (decision.cause === "on-demand") this.#onDemand.add(decision.requestId);
        break;
      case "result.recorded":
        this.#result(commands, decision, tsMs);
        break;
      case "ledger.committed":
        this.#ledger(commands, decision, tsMs);
        break;
      default:
    }
  }

  #plan(commands: Command[], { envelope }: JournalEntry, plan: Plan, nowMs: number): void {
    const { tsMs } = envelope;
    const { planId, symbol, decision, origin, action, isReduceOnly } = plan;
    const { shape } = this.#options;
    this.#book.sawMark(symbol, plan.markPrice);
    this.#add(commands, this.#names.plan, planFields(plan, tsMs, shape, intentOf(envelope, plan)));
    const of = { planId, symbol };
    if (decision === "EXECUTE") {
      const endTsMs = tsMs + PERMIT_TTL_MS;
      this.#key(commands, this.#names.governorPermit, of, governorPermit(plan, tsMs, shape), endTsMs - nowMs);
      // The Apply Layer wants a third permit, and only for its own plans (pipeline.md 1.7).
      if (origin === "harvest") this.#key(commands, this.#names.heatPermit, of, "1", endTsMs - nowMs);
      this.#open(commands, planId, { lane: origin, action, isReduceOnly, permit: null });
    } else if (decision === "BLOCKED") {
      this.#key(commands, this.#names.governorBlock, of, governorBlock(plan, tsMs), tsMs + BLOCK_TTL_MS - nowMs);
    }
  }

  #result(commands: Command[], result: ResultRecorded, tsMs: number): void {
    const { planId, symbol, orderId, requestedQtyLots, filledQtyLots } = result;
    const plan = this.#openPlans.get(planId) ?? null;
    const quantities = {
      requestedQty: this.#book.qty(symbol, requestedQtyLots) ?? 0,
      filledQty: this.#book.qty(symbol, filledQtyLots) ?? 0,
    };
    this.#add(
      commands,
      this.#names.result,
      resultFields(result, plan, quantities, { tsMs, shape: this.#options.shape }),
    );
    if (plan !== null) {
      this.#openPlans.delete(planId);
      commands.push(["HDEL", this.#openKey, planId]);
    }
    if (orderId === null) return;
    this.#planOfOrder.set(orderId, planId);
    if (this.#planOfOrder.size > ORDERS_REMEMBERED) {
      const [oldest] = this.#planOfOrder.keys();
      this.#planOfOrder.delete(oldest!);
    }
  }

  #ledger(commands: Command[], { symbol, orderId, deltaQtyLots, ledgerQtyLots }: LedgerCommitted, tsMs: number): void {
    const qty = this.#book.qty(symbol, ledgerQtyLots) ?? 0;
    const filled = Math.abs(this.#book.qty(symbol, deltaQtyLots) ?? 0);
    const average = this.#book.averagePrice(symbol);
    const mark = this.#book.markPrice(symbol);
    const amount = numberText(qty);
    const side = sideOf(qty);
    const fields = [
      "position_amt",
      amount,
      "side",
      side,
      "last_order_id",
      orderId,
      "last_filled_qty",
      numberText(filled),
    ];
    if (average !== null || qty === 0) fields.push("avg_entry_price", numberText(average ?? 0));
    if (qty === 0) fields.push("unrealized_pnl", "0.0");
    else if (average !== null && mark !== null) fields.push("unrealized_pnl", numberText((mark - average) * qty));
    fields.push(...this.#leverage(symbol), "last_update_ts", unixSeconds(tsMs));
    const planId = this.#planOfOrder.get(orderId);
    this.#planOfOrder.delete(orderId);
    if (this.#options.shape === "strict") {
      if (planId !== undefined) fields.push("last_plan_id", planId);
      fields.push("last_update_ts_ms", String(tsMs), "source", STRICT_SOURCE);
    } else {
      // The key has a schema per reader (pipeline.md 2.8): the executor's, P3.3's and P3.4's names say the same here.
      fields.push(
        "source",
        "intent_executor_exactly_once",
        "last_known_amt",
        amount,
        "last_side",
        deltaQtyLots > 0 ? "BUY" : "SELL",
      );
      fields.push("last_executed_qty", numberText(filled), "updated_at", unixSeconds(tsMs));
      if (planId !== undefined) fields.push("last_result_plan_id", planId);
      fields.push("ledger_amt", amount, "ledger_side", side, "ts_epoch", unixSeconds(tsMs));
    }
    this.#hash(commands, this.#names.ledger, symbol, fields, LEDGER_TTL_S);
    const notional = mark === null ? [] : ["notional_usd", numberText(Math.abs(qty) * mark)];
    this.#hash(commands, this.#names.bridgeLedger, symbol, ["position_amt", amount, ...notional], LEDGER_TTL_S);
  }

  #snapshot(commands: Command[], event: SnapshotReceived, tsMs: number): void {
    const reported = new Map(event.positions.map((position) => [position.symbol, position]));
    const isOnDemand = this.#onDemand.has(event.requestId);
    if (event.isFinal) this.#onDemand.delete(event.requestId);
    // The call for all reports what is open: everything else is flat.
    const symbols = event.symbols.length === 0 ? this.#book.symbols : event.symbols;
    for (const symbol of symbols) {
      const report = reported.get(symbol) ?? null;
      this.#book.snapshot(symbol, report, event.asOfTsMs);
      const qty = this.#book.qty(symbol, report?.qtyLots ?? 0);
      if (qty === null) continue;
      const entry = qty === 0 ? 0 : report!.entryPrice;
      const mark = this.#book.markPrice(symbol);
      const fields = ["position_amt", numberText(qty), "side", sideOf(qty), "entry_price", numberText(entry)];
      if (mark !== null) fields.push("mark_price", numberText(mark));
      fields.push("unrealized_pnl", numberText(qty === 0 || mark === null ? 0 : (mark - entry) * qty));
      fields.push(...this.#leverage(symbol), "ts_epoch", unixSeconds(event.asOfTsMs));
      if (this.#options.shape === "strict") {
        fields.push("as_of_ts_ms", String(event.asOfTsMs), "ts_ms", String(tsMs), "source", STRICT_SOURCE);
      } else fields.push("source", "p3.3");
      this.#hash(commands, this.#names.snapshot, symbol, fields, isOnDemand ? ON_DEMAND_TTL_S : SNAPSHOT_TTL_S);
    }
  }

  #quantities(
    symbol: string,
    lots: {
      readonly safeQtyLots?: number | null;
      readonly exchangeQtyLots: number | null;
      readonly ledgerQtyLots: number | null;
    },
  ): { readonly safeQty: number | null; readonly exchangeQty: number | null; readonly ledgerQty: number | null } {
    return {
      safeQty: this.#book.qty(symbol, lots.safeQtyLots ?? null),
      exchangeQty: this.#book.qty(symbol, lots.exchangeQtyLots),
      ledgerQty: this.#book.qty(symbol, lots.ledgerQtyLots),
    };
  }

  #leverage(symbol: string): readonly string[] {
    const leverage = this.#options.leverageOf?.(symbol) ?? null;
    return leverage === null ? [] : ["leverage", String(leverage)];
  }

  #open(commands: Command[], planId: string, plan: OpenPlan): void {
    this.#openPlans.set(planId, plan);
    commands.push(["HSET", this.#openKey, planId, JSON.stringify(plan)]);
  }

  #add(commands: Command[], pattern: string | null, fields: readonly string[]): void {
    const stream = nameFor(pattern, this.#prefix, {});
    if (stream === null) return;
    const trim = this.#maxLen === 0 ? [] : ["MAXLEN", "~", this.#maxLen];
    commands.push(["XADD", stream, ...trim, "*", ...fields]);
  }

  #key(
    commands: Command[],
    pattern: string | null,
    of: { readonly planId: string; readonly symbol: string },
    body: Readonly<Record<string, unknown>> | string,
    ttlMs: number,
  ): void {
    const key = nameFor(pattern, this.#prefix, of);
    if (key === null || ttlMs <= 0) return;
    commands.push(["SET", key, typeof body === "string" ? body : JSON.stringify(body), "PX", Math.ceil(ttlMs)]);
  }

  #hash(commands: Command[], pattern: string | null, symbol: string, fields: readonly string[], ttlS: number): void {
    const key = nameFor(pattern, this.#prefix, { symbol });
    if (key === null) return;
    commands.push(["HSET", key, ...fields], ["EXPIRE", key, ttlS]);
  }
}

function sideOf(qty: number): "LONG" | "SHORT" | "NONE" {
  if (qty === 0) return "NONE";
  return qty > 0 ? "LONG" : "SHORT";
}

function intentOf({ event }: JournalEntry["envelope"], plan: Plan): Intent | null {
  if (event.type !== "intent.received" || event.entryId !== plan.intentEntryId) return null;
  const parsed = parseIntent(event.entryId, event.fields);
  return parsed.ok ? parsed.intent : null;
}
