import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Scheduler } from "../../../src/sim/time/scheduler.ts";

function drain(scheduler: Scheduler<string>): string[] {
  const order: string[] = [];
  for (let due = scheduler.pop(); due !== undefined; due = scheduler.pop()) order.push(due.item);
  return order;
}

describe("Scheduler", () => {
  test("gives things out by time, then rank, then order of scheduling", () => {
    const scheduler = new Scheduler<string>();
    scheduler.push(20, 0, "late");
    scheduler.push(10, 1, "second rank");
    scheduler.push(10, 0, "first");
    scheduler.push(10, 0, "second");
    expect(scheduler.nextDueTsMs).toBe(10);
    expect(drain(scheduler)).toEqual(["first", "second", "second rank", "late"]);
    expect(scheduler.nextDueTsMs).toBe(Number.POSITIVE_INFINITY);
  });

  test("lets a timer that is set again forget its earlier time, earlier or later", () => {
    const scheduler = new Scheduler<string>();
    scheduler.setTimer("a", 10, 0, "a at 10");
    scheduler.setTimer("a", 30, 0, "a at 30");
    scheduler.setTimer("b", 50, 0, "b at 50");
    scheduler.setTimer("b", 20, 0, "b at 20");
    expect(scheduler.nextDueTsMs).toBe(20);
    expect(scheduler.size).toBe(2);
    expect(drain(scheduler)).toEqual(["b at 20", "a at 30"]);
  });

  test("keeps nothing of timers that are set again and again", () => {
    const scheduler = new Scheduler<string>();
    for (let tsMs = 0; tsMs < 10_000; tsMs++) {
      scheduler.setTimer("tick", tsMs, 0, "tick");
      scheduler.pop();
    }
    expect(scheduler.size).toBe(0);
  });

  test("orders any sequence like a stable sort", () => {
    const item = fc.record({ due: fc.integer({ min: 0, max: 20 }), rank: fc.integer({ min: 0, max: 2 }) });
    fc.assert(
      fc.property(fc.array(item, { maxLength: 60 }), (items) => {
        const scheduler = new Scheduler<string>();
        items.forEach(({ due, rank }, index) => {
          scheduler.push(due, rank, String(index));
        });
        const expected = items
          .map((each, index) => ({ ...each, index }))
          .sort((left, right) => left.due - right.due || left.rank - right.rank || left.index - right.index)
          .map(({ index }) => String(index));
        expect(drain(scheduler)).toEqual(expected);
      }),
      { numRuns: 200, seed: 5 },
    );
  });
});
