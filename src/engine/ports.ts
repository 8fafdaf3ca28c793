import type { OrderQueryRequested, OrderSubmitted, SnapshotRequested } from "./domain/decision.ts";

/**
 * Where orders, queries and snapshot requests go: the one port whose implementations differ in kind, a simulated venue
 * or a real one. It returns nothing; answers come back through the inbox as events. Timers, journal and streams need no
 * port: they are decisions (`timer.set`, every entry, `plan.published`) that a world carries out.
 */
export interface Exchange {
  submit(order: OrderSubmitted, tsMs: number): void;
  query(request: OrderQueryRequested, tsMs: number): void;
  requestSnapshot(request: SnapshotRequested, tsMs: number): void;
}
