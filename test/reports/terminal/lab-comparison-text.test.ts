import { describe, expect, test } from "vitest";
import { compareRecords } from "../../../src/reports/comparison/compare-records.ts";
import { displayWidth } from "../../../src/reports/terminal/display-width.ts";
import { renderLabComparison } from "../../../src/reports/terminal/lab-comparison-report.ts";
import { HOUR_MS, recordOf } from "../comparison/record-builder.ts";

/** Two days of entries; each variant blocks those whose number its divisor divides. */
function variant(name: string, divisor: number | null) {
  const entries = Array.from({ length: 24 }, (_, index) => ({
    atMs: (index + 0.5) * 2 * HOUR_MS,
    pnl: divisor !== null && index % divisor === 0 ? null : index % 2 === 0 ? -5 - (index % 3) : 4,
  }));
  return recordOf({ variant: name, entries, hours: 48 });
}

const names = ["second", "third-of-a-very-long-name-that-needs-cutting", "fourth", "fifth", "sixth"];
const many = [variant("first", null), ...names.map((name, index) => variant(name, index + 2))];
const compare = (count: number) => compareRecords(many.slice(0, count), { replications: 199 });

describe("a comparison on the terminal", () => {
  test("has one row a variant in each table when there are more than three candidates, at every width", () => {
    for (const width of [80, 100, 120, 160, 200]) {
      const text = renderLabComparison(compare(6), { width });
      const lines = text.split("\n");
      expect(lines.filter((line) => displayWidth(line) > width)).toEqual([]);
      const from = lines.findIndex((line) => line.startsWith("DIFFERENCES"));
      const table = lines.slice(from, lines.indexOf("", from));
      expect(table.filter((line) => /^ {2}(second|third|fourth|fifth|sixth)/.test(line))).toHaveLength(5);
    }
  });

  test("has a section a candidate up to three, with the second opinion and what the data could have shown", () => {
    const text = renderLabComparison(compare(3), { width: 120 });
    expect(text.match(/^first -> /gm)).toHaveLength(2);
    expect(text).toMatch(/could have shown .* at 80 % power; (second opinion by blocks of|no second opinion)/);
    expect(text).toMatch(/N unknown/);
  });

  test("a verdict that flips says over what", () => {
    const flipping = [1, 2].flatMap((seed) =>
      ["fixed", "z"].map((name) => ({
        ...variant(name, name === "z" ? (seed === 1 ? 2 : null) : seed === 1 ? null : 2),
        variant: name,
        seed: String(seed),
      })),
    );
    const comparison = compareRecords(flipping, { replications: 199, metrics: ["net_pnl"] });
    expect(comparison.candidates[0]!.metrics[0]!.bySeed.isFlipping).toBe(true);
    const text = renderLabComparison(comparison, { width: 120 });
    expect(text).toMatch(/inconclusive \(flips\)/);
    expect(text).toMatch(/flips over seeds: better under 1; worse under 2/);
  });
});
