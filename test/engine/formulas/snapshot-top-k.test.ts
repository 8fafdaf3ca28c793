import { describe, expect, test } from "vitest";
import { snapshotTopK, updateCallLatencyEwmaMs } from "../../../src/engine/formulas/snapshot-top-k.ts";
import { casesOf } from "../../vectors/pipeline-vectors.ts";

describe("snapshot top K", () => {
  test.each(casesOf("p33_snapshot_topk"))("is the origin's: $label", (one) => {
    const k = snapshotTopK(one.number("ewma_ms"), one.number("target_cycle_sec") * 1000, one.number("min_top_k"));
    expect(k).toBe(one.outNumber("K"));
  });

  test("falls from 30 to the minimum of 20 after one cycle at 300 ms a call", () => {
    const afterOne = updateCallLatencyEwmaMs(100, 300);
    expect(afterOne).toBeCloseTo(160, 9);
    expect(snapshotTopK(100, 3000, 20)).toBe(30);
    expect(snapshotTopK(afterOne, 3000, 20)).toBe(20);
  });

  test("is finite when calls cost nothing, and never below its minimum", () => {
    expect(Number.isFinite(snapshotTopK(0, 3000, 20))).toBe(true);
    expect(snapshotTopK(1e9, 3000, 20)).toBe(20);
  });

  test("moves its latency toward what cycles measure", () => {
    let ewmaMs = 100;
    for (let cycle = 0; cycle < 40; cycle++) ewmaMs = updateCallLatencyEwmaMs(ewmaMs, 300);
    expect(ewmaMs).toBeCloseTo(300, 3);
  });
});
