import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { summarize } from "../../../src/reports/summary/run-summary.ts";
import { runSummarySchema } from "../../../src/reports/summary/schema.ts";
import { ensureBuilt, runSim } from "../../built-cli.ts";
import { header, incident } from "../../reports/journal-builder.ts";
import { repositoryPath } from "../../sim/run/run-helpers.ts";

beforeAll(ensureBuilt, 120_000);

const published = readdirSync(repositoryPath("schemas")).map((name) => name.replace(".schema.json", ""));

test("every document a program may read has its schema published", () => {
  expect(published.sort()).toEqual(
    ["comparison", "doctor", "drift", "gate", "scenario", "summary", "sweep", "walk-forward"].sort(),
  );
});

test.each(published)("schemas/%s.schema.json is what the program writes", async (name) => {
  const { code, stdout } = await runSim(["schema", "--of", name]);
  expect(code).toBe(0);
  expect(stdout === readFileSync(join(repositoryPath("schemas"), `${name}.schema.json`), "utf8")).toBe(true);
});

test("a summary is what its schema says, and one with a field too many or too few is not", () => {
  const summary = JSON.parse(JSON.stringify(summarize(header(), incident().entries))) as Record<string, unknown>;
  expect(runSummarySchema.safeParse(summary).success).toBe(true);
  expect(runSummarySchema.safeParse({ ...summary, extra: 1 }).success).toBe(false);
  const { funnel: _, ...without } = summary;
  expect(runSummarySchema.safeParse(without).success).toBe(false);
});
