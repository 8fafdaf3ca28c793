import type { Decision, FindingNoted } from "../../engine/domain/decision.ts";
import type { EngineEvent } from "../../engine/domain/event.ts";
import { isRoutine, type JournalEntry } from "../../engine/domain/journal.ts";
import type { Engine } from "../../engine/engine.ts";
import type { InvariantChecker } from "../../engine/invariants.ts";
import type { ExchangeArrival } from "../exchange/exchange-options.ts";
import type { SimulatedExchange } from "../exchange/simulated-exchange.ts";
import type { Scheduler } from "../time/scheduler.ts";

/**
 * Order of things due at the same instant in one variant's world: what reaches the exchange, then what reaches the
 * engine from outside, then the engine's own timers (docs/architecture.md, rule 5).
 */
export const RANK = { exchange: 0, event: 1, timer: 2 } as const;

export type Scheduled =
  | { readonly kind: "exchange"; readonly arrival: ExchangeArrival }
  | { readonly kind: "event"; readonly event: EngineEvent }
  | { readonly kind: "timer"; readonly timerId: string };

export interface VariantWorldParts {
  readonly engine: Engine;
  readonly exchange: SimulatedExchange;
  readonly scheduler: Scheduler<Scheduled>;
  readonly invariants: InvariantChecker;
  /** Envelopes between two state hashes; 0 is never. */
  readonly stateHashInterval: number;
  onEntry(entry: JournalEntry): void;
}

/** How far a world is. */
export interface WorldSnapshot {
  readonly seq: number;
  readonly intents: number;
  readonly fills: number;
  readonly entries: number;
  readonly nextHashSeq: number;
  readonly notes: readonly FindingNoted[];
}

/** One variant: its engine, its exchange account and its queue of things to come, over the market all variants share. */
export class VariantWorld {
  intents = 0;
  fills = 0;
  entries = 0;
  readonly #parts: VariantWorldParts;
  #seq = 0;
  /** Findings of the simulated world since the last envelope: they are written down with the next one. */
  #notes: FindingNoted[] = [];
  /** From this envelope on the next entry carries a state hash. */
  #nextHashSeq: number;

  constructor(parts: VariantWorldParts) {
    this.#parts = parts;
    this.#nextHashSeq = parts.stateHashInterval;
  }

  /** Envelopes delivered. */
  get seq(): number {
    return this.#seq;
  }

  /** Writes a finding of the simulated world into the journal, beside what the engine decides next. */
  note(finding: FindingNoted): void {
    this.#notes.push(finding);
  }

  save(): WorldSnapshot {
    const { intents, fills, entries } = this;
    return { seq: this.#seq, intents, fills, entries, nextHashSeq: this.#nextHashSeq, notes: this.#notes };
  }

  load({ seq, intents, fills, entries, nextHashSeq, notes }: WorldSnapshot): void {
    this.#seq = seq;
    this.intents = intents;
    this.fills = fills;
    this.entries = entries;
    this.#nextHashSeq = nextHashSeq;
    this.#notes = [...notes];
  }

  get nextDueTsMs(): number {
    return this.#parts.scheduler.nextDueTsMs;
  }

  /** Runs the next thing of the queue; nothing when it is empty. One thing is at most one envelope. */
  runNext(): void {
    const next = this.#parts.scheduler.pop();
    if (next === undefined) return;
    const { dueTsMs, item } = next;
    switch (item.kind) {
      case "exchange":
        this.#parts.exchange.arrive(item.arrival, dueTsMs);
        return;
      case "event":
        this.deliver(dueTsMs, item.event);
        return;
      case "timer":
        this.deliver(dueTsMs, { type: "timer.fired", timerId: item.timerId });
        return;
    }
  }

  /** One envelope through the core: decide, check, write down, then act. */
  deliver(tsMs: number, event: EngineEvent): void {
    const { engine, invariants, onEntry } = this.#parts;
    this.#seq += 1;
    if (event.type === "intent.received") this.intents += 1;
    if (event.type === "exchange.order-filled") this.fills += 1;
    const envelope = { seq: this.#seq, tsMs, event };
    const decisions = engine.handle(envelope);
    const plain = { envelope, decisions };
    const violations = invariants.check(plain);
    const hasFindings = violations.length > 0 || this.#notes.length > 0;
    const entry = hasFindings ? { envelope, decisions: [...decisions, ...violations, ...this.#notes] } : plain;
    if (hasFindings) this.#notes = [];
    if (!isRoutine(entry)) {
      this.entries += 1;
      onEntry(this.#isHashDue(event) ? { ...entry, stateHash: engine.stateHash() } : entry);
    }
    for (const decision of decisions) this.#dispatch(decision, tsMs);
  }

  #isHashDue(event: EngineEvent): boolean {
    const { stateHashInterval } = this.#parts;
    if (stateHashInterval === 0 || (this.#seq < this.#nextHashSeq && event.type !== "run.ended")) return false;
    this.#nextHashSeq = (Math.floor(this.#seq / stateHashInterval) + 1) * stateHashInterval;
    return true;
  }

  #dispatch(decision: Decision, tsMs: number): void {
    const { exchange, scheduler } = this.#parts;
    switch (decision.type) {
      case "timer.set":
        scheduler.setTimer(decision.timerId, decision.dueTsMs, RANK.timer, {
          kind: "timer",
          timerId: decision.timerId,
        });
        return;
      case "order.submitted":
        exchange.submit(decision, tsMs);
        return;
      case "order.query-requested":
        exchange.query(decision, tsMs);
        return;
      case "snapshot.requested":
        exchange.requestSnapshot(decision, tsMs);
        return;
      case "intent.rejected":
      case "plan.published":
      case "permit.granted":
      case "permit.denied":
      case "candidates.ranked":
      case "result.recorded":
      case "ledger.committed":
      case "stop.moved":
      case "statistics.published":
      case "account.sampled":
      case "position.reconciled":
      case "finding.noted":
        return;
    }
  }
}
