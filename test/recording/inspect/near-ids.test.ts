import fc from "fast-check";
import { expect, test } from "vitest";
import { nearIds } from "../../../src/recording/inspect/near-ids.ts";

test("ids one letter apart are found whether the letter was changed, lost or added", () => {
  const plan = "aeac68006721d7a7";
  const strays = ["aeac68006721d7a8", "aeac6800672d7a7", "aeac680067721d7a7", "0000000000000000"];
  expect(nearIds(strays, [plan, "ffffffffffffffff"])).toEqual([
    { id: "aeac68006721d7a8", near: plan },
    { id: "aeac6800672d7a7", near: plan },
    { id: "aeac680067721d7a7", near: plan },
  ]);
});

test("two changes, two swapped letters and the id itself are no variants; a pair of strays is said once", () => {
  expect(nearIds(["abcdef"], ["abcdef", "abdcef", "abcxyf", "badcfe", "abc"])).toEqual([]);
  expect(nearIds(["abcdef", "abcdex"], ["abcdef", "abcdex"])).toEqual([{ id: "abcdef", near: "abcdex" }]);
});

function isOneApart(left: string, right: string): boolean {
  if (left.length === right.length) return [...left].filter((letter, at) => letter !== right[at]).length === 1;
  const [short, long] = left.length < right.length ? [left, right] : [right, left];
  if (long.length - short.length !== 1) return false;
  return Array.from(long, (_, at) => long.slice(0, at) + long.slice(at + 1)).includes(short);
}

test("finds exactly the pairs that comparing each id with each other finds", () => {
  const id = fc.string({ unit: fc.constantFrom("a", "b", "c"), minLength: 4, maxLength: 6 });
  fc.assert(
    fc.property(fc.uniqueArray(id, { maxLength: 12 }), fc.uniqueArray(id, { maxLength: 12 }), (strays, ids) => {
      const expected = new Set<string>();
      for (const left of strays) {
        for (const right of ids) if (isOneApart(left, right)) expected.add([left, right].sort().join(" "));
      }
      const found = nearIds(strays, ids).map(({ id: left, near }) => [left, near].sort().join(" "));
      expect(found.sort()).toEqual([...expected].sort());
    }),
    { seed: 7, numRuns: 200 },
  );
});

test("the work is bounded: 20,000 strays among 20,000 others", () => {
  const ids = Array.from({ length: 20_000 }, (_, index) => `${(index * 2_654_435_761) % 2 ** 32}`.padStart(16, "0"));
  const strays = ids.map((id) => `x${id.slice(1)}`);
  expect(nearIds(strays.slice(0, 3), ids)).toHaveLength(3);
  expect(nearIds(strays, ids).length).toBeGreaterThanOrEqual(20_000);
});
