import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import * as statistics from "../../../src/reports/statistics/index.ts";

const folder = fileURLToPath(new URL("../../../src/reports/statistics/", import.meta.url));
const files = readdirSync(folder).filter((name) => name.endsWith(".ts"));

/** Comments may talk about anything. */
function codeOf(file: string): string {
  return readFileSync(folder + file, "utf8")
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/\/\/.*$/gm, "");
}

describe("the statistics library", () => {
  test("is read whole: an empty listing would let everything pass", () => {
    expect(files.length).toBeGreaterThan(30);
    expect(Object.keys(statistics).length).toBeGreaterThan(80);
  });

  test("has no clock, no dice and no locale inside", () => {
    const forbidden = /Math\.random|\bDate\b|performance\.|toLocale|\bIntl\b|localeCompare|crypto|setTimeout|process\./;
    expect(files.filter((file) => forbidden.test(codeOf(file)))).toEqual([]);
  });

  test("touches files in one module only, and that one is not part of the public index", () => {
    const withFiles = files.filter((file) => codeOf(file).includes("node:"));
    expect(withFiles).toEqual(["trial-ledger-file.ts"]);
    expect(codeOf("index.ts")).not.toContain("trial-ledger-file");
  });

  test("has every other module in its index, so that nothing is forgotten", () => {
    const index = codeOf("index.ts");
    const missing = files.filter(
      (file) => !["index.ts", "trial-ledger-file.ts"].includes(file) && !index.includes(file),
    );
    expect(missing).toEqual([]);
  });
});
