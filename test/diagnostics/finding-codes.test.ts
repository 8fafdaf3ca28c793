import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findingCodes, isFindingCode, NOTED_CODES, RULE_CODES } from "../../src/diagnostics/finding-codes.ts";
import { RULES } from "../../src/reports/findings/index.ts";
import { repositoryPath } from "../sim/run/run-helpers.ts";

/** Codes of zod's own errors. */
const OTHERS = new Set(["custom", "too_small"]);

/** Every code that engine and simulation note, as it stands in their sources. */
function notedInSources(): Set<string> {
  const codes = new Set<string>();
  for (const folder of ["src/engine", "src/sim"]) {
    for (const entry of readdirSync(repositoryPath(folder), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !entry.name.endsWith(".ts")) continue;
      const text = readFileSync(join(entry.parentPath, entry.name), "utf8");
      for (const match of text.matchAll(/\bcode:\s*(?:[^,{};"]*\?\s*)?"([a-z_]+)"(?:\s*:\s*"([a-z_]+)")?/g)) {
        for (const code of match.slice(1)) if (code !== undefined && !OTHERS.has(code)) codes.add(code);
      }
    }
  }
  return codes;
}

test("the catalogue has every code a run notes of itself, and no other", () => {
  expect(Object.keys(NOTED_CODES)).toEqual([...notedInSources()].sort());
});

test("the catalogue has every rule of findings, and no other", () => {
  expect([...RULE_CODES]).toEqual(RULES.map(({ code }) => code).sort());
});

test("a code is known by the catalogue or as an invariant", () => {
  for (const code of findingCodes()) expect(isFindingCode(code)).toBe(true);
  expect(isFindingCode("invariant.plan-conservation")).toBe(true);
  expect(isFindingCode("dead_gat")).toBe(false);
  expect(isFindingCode("toString")).toBe(false);
});
