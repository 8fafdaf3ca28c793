import { describe, expect, test } from "vitest";
import { allocate, clusterFactor, drawdownFactor } from "../../../src/engine/portfolio/allocation.ts";
import { casesOf, groupOf } from "../../vectors/pipeline-vectors.ts";

const factors = casesOf("p29_allocation").filter((one) => "cluster_factor" in one.out);
const PLAIN = {
  baseUsd: 1000,
  regime: "MR",
  clusterStress: 0,
  drawdown: 0,
  performance: 1,
  equityUsd: 100_000,
  clusterAllocatedUsd: 0,
  inputAgeMs: 0,
} as const;

describe("allocation", () => {
  test.each(factors)("has the origin's cluster factor: $label", (one) => {
    expect(one.isNear(clusterFactor(one.number("cluster_stress")), "cluster_factor")).toBe(true);
  });

  test("gives the computed target (full)", () => {
    const one = casesOf("p29_allocation").find(({ id }) => id === "full")!;
    const { targetUsd } = allocate({
      ...PLAIN,
      baseUsd: one.number("base"),
      regime: one.text("regime") as "CHOP",
      clusterStress: one.number("cluster_stress"),
      drawdown: one.number("drawdown"),
      performance: one.number("performance"),
      equityUsd: one.number("equity"),
    });
    expect(one.isNear(targetUsd, "target_usd"), `${targetUsd}`).toBe(true);
    expect(factors.length + 1).toBe(groupOf("p29_allocation").cases.length);
  });

  test("has its drawdown steps at 5 and 15 percent", () => {
    expect([0, 0.049, 0.05, 0.149, 0.15, 0.5].map(drawdownFactor)).toEqual([1, 1, 0.7, 0.7, 0.4, 0.4]);
  });

  test("favours trends and halves chop, nearly", () => {
    const targetIn = (regime: "TREND" | "MR" | "CHOP") => allocate({ ...PLAIN, regime }).targetUsd;
    expect([targetIn("TREND"), targetIn("MR"), targetIn("CHOP")]).toEqual([1200, 1000, 600]);
  });

  test("caps a symbol at 40 percent of equity and its cluster at 60", () => {
    expect(allocate({ ...PLAIN, baseUsd: 90_000 })).toEqual({ targetUsd: 40_000, reason: "symbol_cap" });
    expect(allocate({ ...PLAIN, baseUsd: 90_000, clusterAllocatedUsd: 50_000 })).toEqual({
      targetUsd: 10_000,
      reason: "cluster_cap",
    });
    expect(allocate({ ...PLAIN, clusterAllocatedUsd: 70_000 })).toEqual({ targetUsd: 0, reason: "cluster_cap" });
  });

  test("keeps the base budget when its inputs are older than a minute, or of unknown age", () => {
    expect(allocate({ ...PLAIN, regime: "CHOP", inputAgeMs: 60_000 }).targetUsd).toBe(600);
    for (const inputAgeMs of [60_001, Number.NaN]) {
      expect(allocate({ ...PLAIN, regime: "CHOP", inputAgeMs })).toEqual({ targetUsd: 1000, reason: "stale_inputs" });
    }
  });
});
