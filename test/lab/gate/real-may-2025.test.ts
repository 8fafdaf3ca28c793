import { describe, expect, test } from "vitest";
import { judgeGate } from "../../../src/lab/gate/judge-gate.ts";
import { runVariants } from "../../../src/lab/run/run-variants.ts";
import { compareRecords } from "../../../src/reports/comparison/compare-records.ts";
import { labComparisonSchema } from "../../../src/reports/comparison/lab-comparison.ts";
import { gateDocumentSchema } from "../../../src/reports/gate/schema.ts";
import { loadScenario } from "../../../src/sim/scenario/load.ts";
import { overrideScenario } from "../../../src/sim/scenario/override.ts";
import { hasShared } from "../../shared-data.ts";
import { openMay2025 } from "../../sim/run/may-2025.ts";
import { repositoryPath } from "../../sim/run/run-helpers.ts";

/** The shipped scenarios of the lab over real days: what must hold whatever the market did. */
describe.skipIf(!hasShared)("the lab on real minutes of May 2025", () => {
  const recording = hasShared ? openMay2025() : undefined;

  test("five governors: records compare with intervals or reasons, and the family has its tests", async () => {
    const scenario = overrideScenario(loadScenario(repositoryPath("scenarios/regime-flip.yaml")), { to: "6d" });
    const records = await runVariants({ scenario, recording: recording! });
    const comparison = labComparisonSchema.parse(compareRecords(records));
    expect(comparison.candidates).toHaveLength(4);
    for (const { metrics } of comparison.candidates) {
      for (const { interval, difference } of metrics) {
        if (interval.value === null) expect(interval.reason).not.toBe("");
        else {
          expect(interval.value[0]).toBeLessThanOrEqual(difference.value!);
          expect(interval.value[1]).toBeGreaterThanOrEqual(difference.value!);
        }
      }
    }
  });

  test("the gate: its tables reconcile and its effects add up", async () => {
    const scenario = overrideScenario(loadScenario(repositoryPath("scenarios/regime-flip.yaml")), { to: "3d" });
    const gate = gateDocumentSchema.parse(await judgeGate({ scenario, recording: recording!, variantIndex: 1 }));
    expect(gate.isReconciled).toBe(true);
    expect(gate.entry.ENTRY.episodes).toBeGreaterThan(0);
  });

  test("a sweep: its written variants and points end every intent in one state", async () => {
    const scenario = overrideScenario(loadScenario(repositoryPath("scenarios/formula-sweep.yaml")), {
      to: "2d",
      variants: ["fixed-threshold", "cutoff", "cutoff-01", "cutoff-30", "cutoff-64"],
    });
    const records = await runVariants({ scenario, recording: recording! });
    expect(records).toHaveLength(5);
    for (const { summary } of records) {
      for (const { unaccounted, planUnaccounted } of summary.funnel) {
        expect([unaccounted.count, planUnaccounted.count]).toEqual([0, 0]);
      }
      expect(summary.findings.filter(({ code }) => code.startsWith("invariant."))).toEqual([]);
    }
  });
});
