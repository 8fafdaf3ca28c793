import { performance } from "node:perf_hooks";
import type { OrderSubmitted } from "../../engine/domain/decision.ts";
import type { EngineEvent } from "../../engine/domain/event.ts";
import type { JournalEntry } from "../../engine/domain/journal.ts";
import type { IntentSource, JournalSink, LiveExchange } from "../ports.ts";
import type { Stage } from "./metrics.ts";

/** Beyond it the oldest is forgotten: it never got an answer, and its time is unknown then. */
const WAITING_MAX = 10_000;

export interface StageMeterOptions {
  stage(stage: Stage, durationMs: number): void;
  /** A monotonic clock, milliseconds with fractions; that of the process when absent. */
  nowMs?(): number;
}

/** Stands between a session and its ports, looks at the clock, and changes nothing. */
export interface StageMeter {
  intents(source: IntentSource): IntentSource;
  /** Calls back for every entry and price in their order, once each: what metrics and findings are fed with. */
  journal(sink: JournalSink, watcher?: JournalWatcher): JournalSink;
  exchange(port: LiveExchange): LiveExchange;
}

export interface JournalWatcher {
  /** Before the entry is on disk. It must not throw. */
  entry(entry: JournalEntry): void;
  price(tsMs: number): void;
}

/**
 * Times the way of an intent through the process: delivered, decided, durable, sent, answered. An order that waits for
 * another one's outcome waits between `durable` and `sent`.
 */
export function createStageMeter({ stage, nowMs = () => performance.now() }: StageMeterOptions): StageMeter {
  const arrivals = new Moments();
  const plans = new Moments();
  const durables = new Moments();
  const sents = new Moments();
  let unflushed: { readonly entry: JournalEntry; readonly decidedMs: number }[] = [];

  const decided = (entry: JournalEntry): void => {
    const decidedMs = nowMs();
    unflushed.push({ entry, decidedMs });
    const { event } = entry.envelope;
    if (event.type !== "intent.received") return;
    const arrivedMs = arrivals.take(event.entryId);
    if (arrivedMs === null) return;
    stage("entry_to_decision", decidedMs - arrivedMs);
    for (const decision of entry.decisions) {
      if (decision.type === "plan.published" && decision.plan.decision === "EXECUTE") {
        plans.set(decision.plan.planId, arrivedMs);
      }
    }
  };
  const durable = (entry: JournalEntry, decidedMs: number, durableMs: number): void => {
    stage("decision_to_durable", durableMs - decidedMs);
    for (const decision of entry.decisions) {
      if (decision.type === "order.submitted") durables.set(decision.clientOrderId, durableMs);
      else if (decision.type === "result.recorded") {
        plans.take(decision.planId);
        if (decision.clientOrderId !== null) sents.take(decision.clientOrderId);
      }
    }
  };
  const sent = ({ clientOrderId, planId }: OrderSubmitted): void => {
    const sentMs = nowMs();
    sents.set(clientOrderId, sentMs);
    const durableMs = durables.take(clientOrderId);
    if (durableMs !== null) stage("durable_to_sent", sentMs - durableMs);
    const arrivedMs = plans.take(planId);
    if (arrivedMs !== null) stage("entry_to_sent", sentMs - arrivedMs);
  };
  const answered = (event: EngineEvent): void => {
    if (!("clientOrderId" in event)) return;
    const sentMs = sents.take(event.clientOrderId);
    if (sentMs !== null) stage("sent_to_answer", nowMs() - sentMs);
  };

  return {
    intents: (source) => ({
      start: (listener, start) =>
        source.start(
          {
            intent(intent) {
              arrivals.set(intent.event.entryId, nowMs());
              listener.intent(intent);
            },
            gap: (gap) => listener.gap(gap),
          },
          start,
        ),
      pause: () => source.pause(),
      resume: () => source.resume(),
      close: () => source.close(),
    }),
    journal: (sink, watcher) => ({
      move(move) {
        sink.move(move);
        if (move.kind === "row") watcher?.price(move.row.tsMs);
      },
      append(entry) {
        sink.append(entry);
        decided(entry);
        watcher?.entry(entry);
      },
      async flush() {
        const batch = unflushed;
        unflushed = [];
        await sink.flush();
        const durableMs = nowMs();
        for (const { entry, decidedMs } of batch) durable(entry, decidedMs, durableMs);
      },
      close: () => sink.close(),
    }),
    exchange: (port) => ({
      connect: (listener, past) =>
        port.connect(
          {
            event(event) {
              answered(event);
              listener.event(event);
            },
            gap: (gap) => listener.gap(gap),
          },
          past,
        ),
      submit(order, tsMs) {
        sent(order);
        port.submit(order, tsMs);
      },
      query: (request, tsMs, order) => port.query(request, tsMs, order),
      requestSnapshot: (request, tsMs) => port.requestSnapshot(request, tsMs),
      reconcile: () => port.reconcile(),
      cancelOwnOrders: () => port.cancelOwnOrders(),
      close: () => port.close(),
      onRow: (row) => port.onRow?.(row),
      onFunding: (funding) => port.onFunding?.(funding),
    }),
  };
}

/** When something happened to a key, for a while. */
class Moments {
  readonly #byKey = new Map<string, number>();

  set(key: string, atMs: number): void {
    if (this.#byKey.size >= WAITING_MAX) this.#byKey.delete(this.#byKey.keys().next().value!);
    this.#byKey.set(key, atMs);
  }

  /** `null` when it is not known. */
  take(key: string): number | null {
    const atMs = this.#byKey.get(key);
    this.#byKey.delete(key);
    return atMs ?? null;
  }
}
