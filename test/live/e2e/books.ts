import { expect } from "vitest";
import type { JournalEntry } from "../../../src/engine/domain/journal.ts";
import type { ServedWorld } from "./served-world.ts";

export interface Books {
  readonly fills: number;
  readonly orders: number;
  readonly plansWithoutEnd: readonly string[];
  readonly intents: readonly string[];
  readonly positions: ReadonlyMap<string, number>;
}

/** What the journal says happened. */
export function booksOf(entries: readonly JournalEntry[]): Books {
  const fills = new Set<string>();
  const orders = new Set<string>();
  const ends = new Set<string>();
  const executes = new Set<string>();
  const intents: string[] = [];
  const positions = new Map<string, number>();
  for (const { envelope, decisions } of entries) {
    const { event } = envelope;
    if (event.type === "intent.received") intents.push(event.entryId);
    if (event.type === "exchange.order-filled" && !fills.has(`${event.symbol} ${event.tradeId}`)) {
      fills.add(`${event.symbol} ${event.tradeId}`);
      const signed = event.side === "BUY" ? event.qtyLots : -event.qtyLots;
      positions.set(event.symbol, (positions.get(event.symbol) ?? 0) + signed);
    }
    for (const decision of decisions) {
      if (decision.type === "order.submitted") orders.add(decision.clientOrderId);
      if (decision.type === "plan.published" && decision.plan.decision === "EXECUTE")
        executes.add(decision.plan.planId);
      if (decision.type === "result.recorded") ends.add(decision.planId);
    }
  }
  for (const [symbol, lots] of positions) if (lots === 0) positions.delete(symbol);
  return {
    fills: fills.size,
    orders: orders.size,
    plansWithoutEnd: [...executes].filter((planId) => !ends.has(planId)),
    intents,
    positions,
  };
}

/** Journal and exchange hold the same, every plan has ended, and no intent was judged twice. */
export async function expectAgreement(world: ServedWorld, books: Books): Promise<void> {
  const truth = await world.truth();
  expect(truth.mismatch).toBeNull();
  expect(truth.openOrders).toBe(0);
  expect(books.fills).toBe(truth.trades);
  expect([...books.positions.keys()].sort()).toEqual([...truth.positions.keys()].sort());
  expect(books.plansWithoutEnd).toEqual([]);
  expect(new Set(books.intents).size).toBe(books.intents.length);
}
