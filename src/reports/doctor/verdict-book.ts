import type { IntentRejected, ResultRecorded } from "../../engine/domain/decision.ts";
import type { KillSwitchSet } from "../../engine/domain/event.ts";
import type { JournalEntry } from "../../engine/domain/journal.ts";
import type { Plan } from "../../engine/domain/plan.ts";
import { reasonHead } from "../../engine/domain/reason.ts";

const SYMBOLS_MAX = 1000;
const OPEN_PLANS_MAX = 10_000;

/**
 * What was judged: entries, an intent that never became a plan included, exits, and evaluations that do not say which they
 * are. Adding those to either would repeat the mistake of the incident.
 */
export type Lane = "entries" | "exits" | "unknown";

export interface ReasonCount {
  readonly reason: string;
  n: number;
  readonly symbols: Map<string, number>;
  /** Plan or entry id of the first one. */
  readonly example: string;
}

export interface LaneBook {
  judged: number;
  executed: number;
  lastExecuted: { readonly symbol: string; readonly tsMs: number; readonly planId: string } | null;
  readonly reasons: Map<string, ReasonCount>;
}

/** The last word on a symbol. */
export interface LastVerdict {
  readonly tsMs: number;
  readonly lane: Lane;
  /** `EXECUTE` while its result is not there. */
  readonly outcome: string;
  readonly reason: string;
  readonly detail: string;
  readonly id: string;
  /** Value and cutoff of the governor, `null` where none was compared. */
  readonly value: number | null;
  readonly cutoff: number | null;
}

interface Judged {
  readonly lane: Lane;
  readonly plan: Plan;
}

/**
 * Verdicts of a session as they fall, entries and exits apart: what `live doctor` counts. A plan is counted once, when
 * its fate is known: at its publication when it is blocked or skipped, else at its result.
 */
export class VerdictBook {
  readonly lanes: Readonly<Record<Lane, LaneBook>> = emptyLanes();
  readonly bySymbol = new Map<string, { readonly lanes: Record<Lane, LaneBook>; last: LastVerdict }>();
  readonly #open = new Map<string, Judged>();
  killSwitch: KillSwitchSet["scope"] = "off";
  intents = 0;
  isEnded = false;

  observe({ envelope, decisions }: JournalEntry): void {
    const { event, tsMs } = envelope;
    if (event.type === "operator.kill-switch-set") this.killSwitch = event.scope;
    else if (event.type === "intent.received") this.intents += 1;
    else if (event.type === "run.ended") this.isEnded = true;
    for (const decision of decisions) {
      if (decision.type === "intent.rejected") this.#rejected(decision, tsMs);
      else if (decision.type === "plan.published") this.#plan(decision.plan, tsMs);
      else if (decision.type === "result.recorded") this.#result(decision, tsMs);
    }
  }

  /** Plans that wanted to execute and have no result yet. */
  inFlight(lane: Lane): number {
    let count = 0;
    for (const judged of this.#open.values()) if (judged.lane === lane) count += 1;
    return count;
  }

  #rejected({ entryId, symbol, reason, detail }: IntentRejected, tsMs: number): void {
    const outcome = "REJECTED";
    const last = { tsMs, lane: "entries", outcome, reason, detail, id: entryId, value: null, cutoff: null } as const;
    this.#settle(symbol ?? "(no symbol)", last, false);
  }

  #plan(plan: Plan, tsMs: number): void {
    const lane = laneOf(plan);
    if (plan.decision !== "EXECUTE") {
      this.#settle(plan.symbol, verdictOf(plan, lane, tsMs), false);
      return;
    }
    if (this.#open.size >= OPEN_PLANS_MAX) this.#open.delete(this.#open.keys().next().value!);
    this.#open.set(plan.planId, { lane, plan });
    const known = this.bySymbol.get(plan.symbol);
    if (known !== undefined) known.last = verdictOf(plan, lane, tsMs);
  }

  #result(result: ResultRecorded, tsMs: number): void {
    const judged = this.#open.get(result.planId);
    if (judged === undefined) return;
    this.#open.delete(result.planId);
    const { status, reason, detail } = result;
    const last = { ...verdictOf(judged.plan, judged.lane, tsMs), outcome: status, reason: reason || status, detail };
    this.#settle(result.symbol, last, result.isExecuted);
  }

  #settle(symbol: string, last: LastVerdict, isExecuted: boolean): void {
    let known = this.bySymbol.get(symbol);
    if (known === undefined && this.bySymbol.size < SYMBOLS_MAX) {
      known = { lanes: emptyLanes(), last };
      this.bySymbol.set(symbol, known);
    }
    if (known !== undefined) known.last = last;
    for (const book of [this.lanes[last.lane], ...(known === undefined ? [] : [known.lanes[last.lane]])]) {
      book.judged += 1;
      if (isExecuted) {
        book.executed += 1;
        book.lastExecuted = { symbol, tsMs: last.tsMs, planId: last.id };
      } else countReason(book, symbol, last);
    }
  }
}

/** An exit is what is judged as one, and what reduces without saying so. */
function laneOf({ evalType, isReduceOnly }: Plan): Lane {
  if (evalType === "EXIT" || (evalType === "UNKNOWN" && isReduceOnly)) return "exits";
  return evalType === "ENTRY" ? "entries" : "unknown";
}

function verdictOf(plan: Plan, lane: Lane, tsMs: number): LastVerdict {
  const { planId, decision, reasonCodes, verdict } = plan;
  const reason = reasonCodes[0] ?? "none";
  const { value = null, cutoff = null } = verdict ?? {};
  return { tsMs, lane, outcome: decision, reason, detail: "", id: planId, value, cutoff };
}

function countReason({ reasons }: LaneBook, symbol: string, { reason: code, id }: LastVerdict): void {
  const reason = reasonHead(code);
  let known = reasons.get(reason);
  if (known === undefined) {
    known = { reason, n: 0, symbols: new Map(), example: id };
    reasons.set(reason, known);
  }
  known.n += 1;
  if (known.symbols.has(symbol) || known.symbols.size < SYMBOLS_MAX) {
    known.symbols.set(symbol, (known.symbols.get(symbol) ?? 0) + 1);
  }
}

function emptyLanes(): Record<Lane, LaneBook> {
  return { entries: emptyLane(), exits: emptyLane(), unknown: emptyLane() };
}

function emptyLane(): LaneBook {
  return { judged: 0, executed: 0, lastExecuted: null, reasons: new Map() };
}
