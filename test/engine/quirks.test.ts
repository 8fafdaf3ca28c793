import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ORIGIN_QUIRKS, QUIRK_NAMES, QUIRKS } from "../../src/engine/quirks.ts";
import { repositoryPath } from "../sim/run/run-helpers.ts";

const folder = repositoryPath("src/engine");
const sources = readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith(".ts") && entry.name !== "quirks.ts")
  .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"))
  .join("\n");

describe("quirks", () => {
  test.each(QUIRK_NAMES)("%s is a switch that some stage reads, with the incident it reproduces", (quirk) => {
    expect(sources).toContain(`"${quirk}"`);
    expect(QUIRKS[quirk]).toMatch(/\((section )?\d|\(I\d|\d, /);
  });

  test("of the origin's profile are all quirks and none twice", () => {
    expect(new Set(ORIGIN_QUIRKS).size).toBe(ORIGIN_QUIRKS.length);
    for (const quirk of ORIGIN_QUIRKS) expect(QUIRK_NAMES).toContain(quirk);
  });
});
