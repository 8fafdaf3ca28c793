import type { OrderQueryRequested, OrderSubmitted, SnapshotRequested } from "./domain/decision.ts";
import type { JournalEntry } from "./domain/journal.ts";

/**
 * The five seams between the core and a world. The simulated world and the live one differ in these alone.
 * Nothing here returns an answer: answers come back through the inbox as events.
 */

/** Where orders and snapshot requests go. The implementation stamps the time it learns of the call. */
export interface Exchange {
  submit(order: OrderSubmitted, tsMs: number): void;
  query(request: OrderQueryRequested, tsMs: number): void;
  requestSnapshot(request: SnapshotRequested, tsMs: number): void;
}

/** Wakes the engine at a time; a timer id that is set again replaces the earlier due time. */
export interface Timers {
  set(timerId: string, dueTsMs: number): void;
}

/** Receives each entry before its effects are dispatched: what is not journalled did not happen. */
export interface JournalSink {
  append(entry: JournalEntry): void;
}
