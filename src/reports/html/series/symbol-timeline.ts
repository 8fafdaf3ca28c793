import type { JournalEntry, JournalHeader } from "../../../engine/domain/journal.ts";
import { type Lineage, LineageLog } from "./lineage.ts";
import type { SeriesPoint } from "./run-series.ts";
import { ThinnedSeries } from "./thinned-series.ts";

/** Row of a symbol's timeline an event is drawn in, from the outside in to the money. */
export const LANES = ["intent", "plan", "permit", "order", "fill", "result", "ledger"] as const;
export type Lane = (typeof LANES)[number];

/** Whether the event let the action go on. */
export type LaneOutcome = "passed" | "stopped" | "neutral";

export interface LaneEvent {
  readonly tsMs: number;
  readonly lane: Lane;
  readonly outcome: LaneOutcome;
  readonly text: string;
  /** Ties the events of one action together. */
  readonly planId: string | null;
}

export interface SymbolTimeline {
  readonly symbol: string;
  readonly price: readonly SeriesPoint[];
  /** Signed base units by our own fills. */
  readonly position: readonly SeriesPoint[];
  /** As the ledger had it: later, and wrong when it never heard. */
  readonly ledger: readonly SeriesPoint[];
  readonly events: readonly LaneEvent[];
  /** Events that happened; more than are listed when the list is full. */
  readonly eventCount: number;
  /** What became of its plans, the first and the last ones. */
  readonly lineage: readonly Lineage[];
  readonly omittedLineage: number;
}

const EVENTS_MAX = 600;

interface Log {
  readonly price: ThinnedSeries;
  readonly position: ThinnedSeries;
  readonly ledger: ThinnedSeries;
  events: LaneEvent[];
  eventCount: number;
  positionLots: number;
}

/** What happened to each symbol, lane by lane. A full list keeps what was stopped and thins the rest. */
export class SymbolLog {
  readonly #logs = new Map<string, Log>();
  readonly #lineage = new LineageLog();
  readonly #unitsPerLot: ReadonlyMap<string, number>;
  readonly #unitsPerTick: ReadonlyMap<string, number>;

  constructor({ symbols, stepSizes, tickSizes }: JournalHeader) {
    this.#unitsPerLot = new Map(symbols.map((symbol, place) => [symbol, Number(stepSizes[place])]));
    this.#unitsPerTick = new Map(symbols.map((symbol, place) => [symbol, Number(tickSizes[place])]));
  }

  observe(entry: JournalEntry): void {
    this.#lineage.observe(entry);
    const {
      envelope: { tsMs, event },
      decisions,
    } = entry;
    if (event.type === "exchange.order-filled") {
      const log = this.#log(event.symbol);
      log.positionLots += event.side === "BUY" ? event.qtyLots : -event.qtyLots;
      log.position.add(tsMs, log.positionLots * this.#lot(event.symbol));
      log.price.add(tsMs, event.priceTicks * (this.#unitsPerTick.get(event.symbol) ?? 1));
      const text = `${event.side} filled at ${event.priceTicks * (this.#unitsPerTick.get(event.symbol) ?? 1)}`;
      this.#note(event.symbol, { tsMs, lane: "fill", outcome: "passed", text, planId: null });
    }
    for (const decision of decisions) {
      switch (decision.type) {
        case "intent.rejected":
          if (decision.symbol !== null) {
            const text = `intent refused: ${decision.reason}`;
            this.#note(decision.symbol, { tsMs, lane: "intent", outcome: "stopped", text, planId: null });
          }
          break;
        case "plan.published": {
          const { plan } = decision;
          if (plan.markPrice !== null) this.#log(plan.symbol).price.add(tsMs, plan.markPrice);
          const outcome: LaneOutcome = plan.decision === "EXECUTE" ? "passed" : "stopped";
          if (event.type === "intent.received") {
            const intent = `intent ${event.entryId} to ${plan.side}`;
            this.#note(plan.symbol, { tsMs, lane: "intent", outcome: "neutral", text: intent, planId: plan.planId });
          }
          const text = `${plan.evalType} ${plan.side} ${plan.decision}: ${plan.reasonCodes[0] ?? "none"}`;
          this.#note(plan.symbol, { tsMs, lane: "plan", outcome, text, planId: plan.planId });
          break;
        }
        case "permit.granted":
          this.#note(decision.symbol, {
            tsMs,
            lane: "permit",
            outcome: "passed",
            text: `permit ${decision.path}: ${decision.reason}`,
            planId: decision.planId,
          });
          break;
        case "permit.denied":
          this.#note(decision.symbol, {
            tsMs,
            lane: "permit",
            outcome: "stopped",
            text: `no permit: ${decision.reason}`,
            planId: decision.planId,
          });
          break;
        case "order.submitted":
          this.#note(decision.symbol, {
            tsMs,
            lane: "order",
            outcome: "neutral",
            text: `${decision.side} ${decision.orderType} sent`,
            planId: decision.planId,
          });
          break;
        case "result.recorded":
          this.#note(decision.symbol, {
            tsMs,
            lane: "result",
            outcome: decision.isExecuted ? "passed" : "stopped",
            text: `${decision.status}: ${decision.reason}`,
            planId: decision.planId,
          });
          break;
        case "ledger.committed":
          this.#log(decision.symbol).ledger.add(tsMs, decision.ledgerQtyLots * this.#lot(decision.symbol));
          this.#note(decision.symbol, {
            tsMs,
            lane: "ledger",
            outcome: "neutral",
            text: `ledger ${decision.ledgerQtyLots * this.#lot(decision.symbol)}, ${decision.lagMs} ms after the match`,
            planId: null,
          });
          break;
        default:
      }
    }
  }

  finish(symbolsMax: number): { readonly symbols: readonly SymbolTimeline[]; readonly omittedSymbols: number } {
    const busiest = [...this.#logs].sort(
      ([left, a], [right, b]) => b.eventCount - a.eventCount || (left < right ? -1 : 1),
    );
    return {
      symbols: busiest.slice(0, symbolsMax).map(([symbol, { price, position, ledger, events, eventCount }]) => {
        const { rows: lineage, omitted: omittedLineage } = this.#lineage.of(symbol);
        return {
          symbol,
          price: price.points(),
          position: position.points(),
          ledger: ledger.points(),
          events,
          eventCount,
          lineage,
          omittedLineage,
        };
      }),
      omittedSymbols: Math.max(0, busiest.length - symbolsMax),
    };
  }

  #lot(symbol: string): number {
    return this.#unitsPerLot.get(symbol) ?? 1;
  }

  #log(symbol: string): Log {
    let log = this.#logs.get(symbol);
    if (log === undefined) {
      log = {
        price: new ThinnedSeries(300),
        position: new ThinnedSeries(300),
        ledger: new ThinnedSeries(300),
        events: [],
        eventCount: 0,
        positionLots: 0,
      };
      this.#logs.set(symbol, log);
    }
    return log;
  }

  #note(symbol: string, event: LaneEvent): void {
    const log = this.#log(symbol);
    log.eventCount += 1;
    log.events.push(event);
    if (log.events.length <= EVENTS_MAX) return;
    let place = 0;
    const kept = log.events.filter(({ outcome }) => outcome === "stopped" || place++ % 2 === 0);
    log.events = kept.length <= EVENTS_MAX * 0.9 ? kept : log.events.filter((_, index) => index % 2 === 0);
  }
}
