import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  type FoldRecords,
  judgeFold,
  spearman,
  totalsOf,
  walkForwardJsonSchemaText,
} from "../../../src/lab/walkforward/walk-forward.ts";
import type { VariantRecord } from "../../../src/reports/variants/variant-record.ts";
import { repositoryPath } from "../../sim/run/run-helpers.ts";

const DAY_MS = 86_400_000;
const FOLD = { train: { fromTsMs: 0, toTsMs: 2 * DAY_MS }, test: { fromTsMs: 2 * DAY_MS, toTsMs: 3 * DAY_MS } };

const record = (variant: string, days: number, net: number): VariantRecord =>
  ({
    variant,
    journalSha256: `${variant} ${days}`,
    buckets: { equityQuote: [1000, 1000 + net] },
    summary: { money: { startWalletQuote: "1000" }, run: { startTsMs: 0, endTsMs: days * DAY_MS } },
  }) as unknown as VariantRecord;

function records(nets: Readonly<Record<string, readonly [train: number, test: number]>>): FoldRecords {
  const names = Object.keys(nets);
  return {
    train: names.map((name) => record(name, 2, nets[name]![0])),
    test: names.map((name) => record(name, 1, nets[name]![1])),
  };
}

describe("a fold", () => {
  test("chooses by the training alone, and says what the choice, the baseline and an oracle made afterwards", () => {
    const fold = judgeFold(FOLD, records({ base: [10, 1], a: [30, -5], b: [20, 9] }), "base");
    expect(fold).toMatchObject({
      chosen: "a",
      chosenTrainPerDay: 15,
      chosenTestPerDay: -5,
      baselineTestPerDay: 1,
      oracle: "b",
      oracleTestPerDay: 9,
    });
    expect(fold.rankCorrelation.value).toBeCloseTo(-0.5, 12);
  });

  test("breaks a tie by name, so that no order of the variants decides", () => {
    expect(judgeFold(FOLD, records({ b: [5, 0], a: [5, 0], c: [1, 0] }), "c").chosen).toBe("a");
  });
});

describe("the whole of a walk-forward", () => {
  const fold = (chosenTest: number, baselineTest: number, chosenTrain = 10) => ({
    ...judgeFold(FOLD, records({ base: [0, baselineTest], a: [2 * chosenTrain, chosenTest], z: [-100, -100] }), "base"),
  });

  test("means over the tests, and counts in how many the choice was ahead", () => {
    const folds = [fold(4, 1), fold(2, 3), fold(6, 2), fold(1, 1)];
    const totals = totalsOf(folds);
    expect(totals.chosenTestPerDay).toBe(3.25);
    expect(totals.baselineTestPerDay).toBe(1.75);
    expect(totals.wins).toBe(2);
    expect(totals.efficiency).toEqual({ value: 0.325, reason: null });
    // Two ahead, one behind, one equal: 0.5 + 0.5.
    expect(totals.signP.value).toBe(1);
  });

  test("has no efficiency when there was nothing to lose, and says so", () => {
    const loser = judgeFold(FOLD, records({ base: [-4, 1], a: [-2, 1], z: [-8, 1] }), "base");
    expect(totalsOf([loser]).efficiency).toEqual({ value: null, reason: "no_edge_in_sample" });
  });

  test("ten of ten ahead is p 0.002", () => {
    expect(totalsOf(Array.from({ length: 10 }, () => fold(2, 1))).signP.value).toBeCloseTo(2 / 1024, 12);
  });
});

test("Spearman's correlation has mean ranks of ties, and none where all are equal", () => {
  expect(spearman([1, 2, 3, 4], [10, 20, 30, 40]).value).toBe(1);
  expect(spearman([1, 2, 3, 4], [4, 3, 2, 1]).value).toBe(-1);
  // Ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4.
  expect(spearman([1, 2, 2, 3], [1, 2, 3, 4]).value).toBeCloseTo(0.9486832980505138, 12);
  expect(spearman([1, 1, 1], [1, 2, 3]).value).toBeNull();
});

test("schemas/walk-forward.schema.json is what `sim schema --of walk-forward` writes", () => {
  expect(walkForwardJsonSchemaText()).toBe(readFileSync(repositoryPath("schemas/walk-forward.schema.json"), "utf8"));
});
