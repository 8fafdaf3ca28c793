import fc from "fast-check";
import { expect, test } from "vitest";
import { compactPath, compactSvg } from "../../../src/reports/html/charts/compact-svg.ts";

/** Places a path of the compact form goes through, by a reader that knows nothing of how it was written. */
function placesOf(path: string): [number, number][] {
  const places: [number, number][] = [];
  let [x, y, startX, startY] = [0, 0, 0, 0];
  for (const [, command, numbers] of path.matchAll(/([Mlhvz])([^Mlhvz]*)/g)) {
    const [first = 0, second = 0] = [...numbers!.matchAll(/-?(?:\d+\.?\d*|\.\d+)/g)].map(([text]) => Number(text));
    if (command === "M") [x, y, startX, startY] = [first, second, first, second];
    else if (command === "z") [x, y] = [startX, startY];
    else if (command === "h") x += first;
    else if (command === "v") y += first;
    else [x, y] = [x + first, y + second];
    places.push([x, y]);
  }
  return places;
}

const coordinate = fc.double({ min: -2000, max: 2000, noNaN: true }).map((value) => Number(value.toFixed(2)));

test("a compact path goes through every place of the long one, however long it is", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(coordinate, coordinate), { minLength: 1, maxLength: 300 }), (places) => {
      const long = places.map(([x, y], place) => `${place === 0 ? "M" : "L"}${x},${y}`).join("");
      const seen = placesOf(compactPath(long));
      // Places that fall into one tenth are one; all others are there, in their order.
      let at = 0;
      for (const [x, y] of places) {
        const isHere = () => Math.abs(seen[at]![0] - x) <= 0.051 && Math.abs(seen[at]![1] - y) <= 0.051;
        if (!isHere()) at += 1;
        expect(isHere(), `${x},${y} after ${at} of ${long}`).toBe(true);
      }
      expect(at).toBe(seen.length - 1);
    }),
  );
});

test("a spike of one place in ten thousand is still there", () => {
  const long = Array.from({ length: 10_000 }, (_, x) => `${x === 0 ? "M" : "L"}${x / 10},${x === 7000 ? 5 : 200}`).join(
    "",
  );
  const compact = compactPath(long);
  expect(Math.min(...placesOf(compact).map(([, y]) => y))).toBeCloseTo(5, 6);
  expect(compact.length).toBeLessThan(long.length / 2);
});

const marks = (count: number, look: string) =>
  Array.from(
    { length: count },
    (_, place) =>
      `<path stroke="${look}" d="M0,-6.22L5.387,3.11L-5.387,3.11Z" transform="translate(${place},${20.5})"><title>mark ${place}</title></path>`,
  ).join("");

test("few marks keep what they say; of many, those of one look become one shape and the rare ones stay", () => {
  const few = `<g>${marks(50, "a")}</g>`;
  expect(compactSvg(few).match(/<title>/g)).toHaveLength(50);
  const many = compactSvg(`<g fill="none">${marks(300, "a")}${marks(5, "b")}</g>`);
  expect(many.match(/<title>/g)).toHaveLength(5);
  expect(many.match(/<path/g)).toHaveLength(6);
  const [, one] = /<path stroke="a" d="([^"]*)"/.exec(many)!;
  expect(one!.match(/M/g)).toHaveLength(300);
  // The top of the first triangle, and its outline back to it.
  expect(
    placesOf(one!)
      .slice(0, 4)
      .map(([x, y]) => [Math.round(x * 10), Math.round(y * 10)]),
  ).toEqual([
    [0, 143],
    [54, 236],
    [-54, 236],
    [0, 143],
  ]);
});

test("dense dots are discs of their size in the colour of their group, ticks keep their length", () => {
  const dots = Array.from({ length: 250 }, (_, x) => `<circle r="1.4" cy="10" cx="${x}" />`).join("");
  const disc = compactSvg(`<g fill="red">${dots}</g>`);
  expect(disc).toContain('stroke="red" stroke-width="2.8" stroke-linecap="round"');
  expect(disc.match(/h0/g)).toHaveLength(250);
  const ticks = Array.from({ length: 250 }, (_, x) => `<line stroke="b" y2="30" y1="10.5" x2="${x}" x1="${x}" />`).join(
    "",
  );
  expect(compactSvg(`<g>${ticks}</g>`).match(/10\.5v19\.5/g)).toHaveLength(250);
});

test("what is not made of simple marks alone is left as it is", () => {
  const other = `<g>${marks(300, "a")}<text>here</text></g>`;
  expect(compactSvg(other).match(/<title>/g)).toHaveLength(300);
});
