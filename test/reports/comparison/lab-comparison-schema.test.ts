import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { labComparisonJsonSchemaText } from "../../../src/reports/comparison/lab-comparison.ts";

test("schemas/comparison.schema.json is what `sim schema --of comparison` writes", () => {
  const stored = readFileSync(new URL("../../../schemas/comparison.schema.json", import.meta.url), "utf8");
  expect(stored === labComparisonJsonSchemaText()).toBe(true);
  expect(JSON.parse(stored)).toMatchObject({ properties: { schema: { const: "sim.lab-comparison/1" } } });
});
