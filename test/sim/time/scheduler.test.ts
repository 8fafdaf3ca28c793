import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { InvariantError } from "../../../src/diagnostics/invariant-error.ts";
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

  test("keeps nothing of a far timer that is set again and again, and loses none beside it", () => {
    const scheduler = new Scheduler<string>();
    for (let count = 0; count < 100; count++) scheduler.push(2_000_000 + count, 0, `thing ${count}`);
    for (let tsMs = 0; tsMs < 20_000; tsMs++) scheduler.setTimer("far", 1_000_000 + tsMs, 0, `far ${tsMs}`);
    expect(scheduler.size).toBe(101);
    expect(scheduler.save().waiting).toHaveLength(101);
    expect(scheduler.nextDueTsMs).toBe(1_019_999);
    const order = drain(scheduler);
    expect(order).toHaveLength(101);
    expect(order.slice(0, 3)).toEqual(["far 19999", "thing 0", "thing 1"]);
  });

  test("goes on from a saved state as if nothing had happened, at any point", () => {
    const step = fc.record({
      due: fc.integer({ min: 0, max: 30 }),
      rank: fc.integer({ min: 0, max: 2 }),
      timerId: fc.option(fc.constantFrom("a", "b", "c")),
      pops: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 50, size: "max" }), fc.nat(50), (steps, restoreAt) => {
        const plain = new Scheduler<string>();
        let restored = new Scheduler<string>();
        let nowTsMs = 0;
        steps.forEach(({ due, rank, timerId, pops }, index) => {
          if (index === restoreAt) restored = Scheduler.restore(JSON.parse(JSON.stringify(restored.save())));
          for (const scheduler of [plain, restored]) {
            if (timerId === null) scheduler.push(nowTsMs + due, rank, String(index));
            else scheduler.setTimer(timerId, nowTsMs + due, rank, String(index));
          }
          expect(restored.nextDueTsMs).toBe(plain.nextDueTsMs);
          if (!pops) return;
          const next = plain.pop()!;
          nowTsMs = next.dueTsMs;
          expect(restored.pop()).toEqual(next);
        });
        expect(restored.size).toBe(plain.size);
        expect(drain(restored)).toEqual(drain(plain));
      }),
      { numRuns: 300, seed: 9 },
    );
  });

  test("refuses a time that has passed or is no number", () => {
    const scheduler = new Scheduler<string>();
    scheduler.push(10, 0, "ten");
    scheduler.pop();
    scheduler.push(10, 0, "ten again");
    expect(() => scheduler.push(9, 0, "nine")).toThrow("cannot schedule at 9: the time is 10 already");
    expect(() => scheduler.setTimer("t", Number.NaN, 0, "never")).toThrow(InvariantError);
    expect(scheduler.size).toBe(1);
  });
});
