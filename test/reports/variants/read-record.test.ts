import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { executeScenario } from "../../../src/cli/execute-scenario.ts";
import { UserError } from "../../../src/diagnostics/user-error.ts";
import { runVariants } from "../../../src/lab/run/run-variants.ts";
import { openRecording } from "../../../src/recording/reader.ts";
import { readVariantRecord, readVariantRecords } from "../../../src/reports/variants/read-record.ts";
import { loadScenario } from "../../../src/sim/scenario/load.ts";
import { overrideScenario } from "../../../src/sim/scenario/override.ts";
import { repositoryPath } from "../../sim/run/run-helpers.ts";

const scenario = overrideScenario(loadScenario(repositoryPath("scenarios/regime-flip.yaml")), {
  to: "12h",
  variants: ["fixed-threshold", "z-score"],
});
let outDir: string;
let run: string;

beforeAll(async () => {
  outDir = mkdtempSync(join(tmpdir(), "rehearsal-records-"));
  const executed = await executeScenario(scenario, {
    outDir,
    isReplaceAllowed: false,
    isReported: false,
    furtherRecordings: [],
    cache: "off",
    onNote: () => {},
    onWarning: () => {},
    onProgress: () => {},
    shouldStop: () => false,
    onLeave: () => {},
  });
  run = executed.folder;
});
afterAll(() => rmSync(outDir, { recursive: true, force: true }));

test("records read from the files of a run are the records the run itself gives", async () => {
  const recording = openRecording(repositoryPath("recordings/regime-flip"), { cache: "off" });
  const expected = await runVariants({ scenario, recording });
  const read = readVariantRecords(run);
  expect(read.map(({ variant }) => variant)).toEqual(["fixed-threshold", "z-score"]);
  expect(read[0]!.judgements.length).toBeGreaterThan(10);
  for (const record of expected) expect(read.find(({ variant }) => variant === record.variant)).toEqual(record);
  expect(readVariantRecord(run, "z-score")).toEqual(expected.find(({ variant }) => variant === "z-score"));
});

test("the folder of one variant is a run of one", () => {
  expect(readVariantRecord(join(run, "fixed-threshold"))).toEqual(readVariantRecord(run, "fixed-threshold"));
  expect(readFileSync(join(run, "fixed-threshold/journal.ndjson"), "utf8")).not.toBe("");
});

test("a variant that is not there, a choice not made and a folder without a run are refused with what is needed", () => {
  expect(() => readVariantRecord(run, "zscore")).toThrow(
    /none of that name, one of fixed-threshold, z-score is needed/,
  );
  expect(() => readVariantRecord(run)).toThrow(/it has 2, the name of one is needed/);
  const empty = join(outDir, "empty");
  mkdirSync(empty);
  expect(() => readVariantRecords(empty)).toThrow(UserError);
});
