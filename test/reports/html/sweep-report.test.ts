import { expect, test } from "vitest";
import type { SweepDocument, SweepRow } from "../../../src/reports/comparison/sweep-document.ts";
import { shortParameterNames, sweepMap, sweptParameters } from "../../../src/reports/comparison/sweep-map.ts";
import { renderSweepReport } from "../../../src/reports/html/render-sweep.ts";

function row(settings: SweepRow["settings"], net: string, changes: Partial<SweepRow> = {}): SweepRow {
  return {
    variant: Object.values(settings).join(" "),
    settings,
    entryIntents: 10,
    entryFilled: 5,
    entryBlocked: 5,
    exitFilled: 5,
    trades: 5,
    netPnlQuote: net,
    maxDrawdownQuote: "1",
    netPnlOrdered: [Number(net)],
    netPnlMedianBounds: null,
    journalSha256: "00",
    badge: "E2",
    verdict: "no difference shown",
    isFlipping: false,
    ...changes,
  };
}

function sweep(rows: readonly SweepRow[], changes: Partial<SweepDocument> = {}): SweepDocument {
  return {
    schema: "rehearsal.sweep/1",
    scenario: "s",
    scenarioHash: "c41e0000",
    recording: "rec",
    recordingHash: "9bd00000",
    engineVersion: "0.1.0",
    seeds: ["1"],
    profiles: [],
    rows: [...rows],
    failed: [],
    stopping: null,
    comparison: null,
    ...changes,
  };
}

const GRID = sweep([
  row({ "a.level": 2, "a.weight": "low" }, "4"),
  row({ "a.level": 1, "a.weight": "low" }, "-2", { badge: "E0", verdict: null }),
  row({ "a.level": 1, "a.weight": "high" }, "1"),
  row({ "a.level": 2, "a.weight": "high" }, "3"),
]);

test("two parameters are a map in the order of their values, each cell with its net and its evidence", () => {
  expect(sweptParameters(GRID)).toEqual(["a.level", "a.weight"]);
  const map = sweepMap(GRID, "a.level", "a.weight")!;
  expect(map.downValues).toEqual([1, 2]);
  expect(map.acrossValues).toEqual(["high", "low"]);
  expect(map.cells.map(({ netPnlQuote, badge }) => [netPnlQuote, badge])).toEqual([
    [1, "E2"],
    [-2, "E0"],
    [3, "E2"],
    [4, "E2"],
  ]);
});

test("a third parameter is folded into the median, and the weakest evidence of a cell is its evidence", () => {
  const rows = [1, 2].flatMap((x) =>
    [1, 2].flatMap((y) =>
      [1, 2, 3].map((z) => row({ x, y, z }, String(100 * x + 10 * y + z * z), z === 3 ? { badge: "E1" } : {})),
    ),
  );
  const map = sweepMap(sweep(rows), "x", "y")!;
  expect(map.cells.map(({ netPnlQuote, rows: count, badge }) => [netPnlQuote, count, badge])).toEqual([
    [114, 3, "E1"],
    [124, 3, "E1"],
    [214, 3, "E1"],
    [224, 3, "E1"],
  ]);
});

test("a parameter that was not turned, and a pair that was never tried, make no map", () => {
  expect(sweepMap(sweep([row({ x: 1, y: 1 }, "1"), row({ x: 1, y: 2 }, "2")]), "x", "y")).toBeNull();
  const holes = [row({ x: 1, y: 1 }, "1"), row({ x: 1, y: 2 }, "2"), row({ x: 2, y: 1 }, "3")];
  expect(sweepMap(sweep(holes), "x", "y")).toBeNull();
});

test("parameters of one last name keep the whole one", () => {
  expect([...shortParameterNames(["a.level", "b.level", "b.weight"]).values()]).toEqual([
    "a.level",
    "b.level",
    "weight",
  ]);
});

test("the page hatches what cannot be judged, says the order is no verdict, and shows markup in a name as text", () => {
  const hostile = `<img src=x onerror="alert(1)">`;
  const page = renderSweepReport(
    sweep([...GRID.rows, row({}, "0", { variant: hostile })], {
      failed: [{ variant: hostile, seed: "1", profile: null, reason: "it broke" }],
    }),
  );
  expect(page).toContain("Highest net 4 USDT at level 2, weight low; 1 of 4 cells are hatched: not estimable.");
  expect(page.match(/url\(#hatch\)/g)).toHaveLength(1);
  expect(page).toContain("the order is no verdict");
  expect(page).toContain("failed with seed 1: it broke");
  expect(page).not.toContain("<img");
  expect(page).toContain("&#60;img");
  expect(page).toBe(
    renderSweepReport(
      sweep([...GRID.rows, row({}, "0", { variant: hostile })], {
        failed: [{ variant: hostile, seed: "1", profile: null, reason: "it broke" }],
      }),
    ),
  );
});
