import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DueTimes } from "../../../src/sim/run/due-times.ts";
import { Watchers } from "../../../src/sim/run/watchers.ts";

describe("the times at which variants are due", () => {
  test("give the earliest, and the first variant that has it, after every change", () => {
    const change = fc.record({
      place: fc.nat(),
      tsMs: fc.oneof(fc.nat(5), fc.constant(Number.POSITIVE_INFINITY)),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.array(change, { maxLength: 40 }), (count, changes) => {
        const due = new DueTimes(count);
        const plain = new Array<number>(count).fill(Number.POSITIVE_INFINITY);
        for (const { place, tsMs } of changes) {
          due.set(place % count, tsMs);
          plain[place % count] = tsMs;
          expect(due.nextTsMs).toBe(Math.min(...plain));
          expect(due.first).toBe(plain.indexOf(Math.min(...plain)));
        }
      }),
    );
  });
});

describe("the variants that watch a symbol", () => {
  test("are listed in their order, once each, and the feed sees whether there are any", () => {
    const watchers = new Watchers(2);
    watchers.set(1, 3, true);
    watchers.set(1, 0, true);
    watchers.set(1, 3, true);
    expect(watchers.of(1)).toEqual([0, 3]);
    expect([...watchers.watched]).toEqual([0, 1]);
    const before = watchers.of(1);
    watchers.set(1, 0, false);
    watchers.set(1, 3, false);
    expect(before).toEqual([0, 3]);
    expect(watchers.of(1)).toEqual([]);
    expect([...watchers.watched]).toEqual([0, 0]);
  });
});
