import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { REASONS, reasonHead, statusOfReason } from "../../../src/engine/domain/reason.ts";
import { repositoryPath } from "../../sim/run/run-helpers.ts";

const folder = repositoryPath("src/engine");
function textsOf(part: string): string[] {
  return readdirSync(join(folder, part))
    .filter((name) => name.endsWith(".ts"))
    .map((name) => readFileSync(join(folder, part, name), "utf8"));
}

/** The stages end plans. A governor has words of its own: what it blocks is policy, listed or not. */
const stages = textsOf("pipeline");
const files = [...stages, ...textsOf("governors")];

/** Codes that end something: the reasons of refusals and results. */
const PATTERNS = [
  /recordPlanResult\([^,]+,[^,]+,\s*[`"]([a-z0-9_]+)/g,
  /\bdeny\([^,]+,\s*"([a-z0-9_]+)"/g,
  /\breject\([^,]+,[^,]+,[^,]+,\s*"([a-z0-9_]+)"/g,
  /\breturn refuse\("([a-z0-9_]+)"/g,
  /\breason: "([a-z][a-z0-9_]+)"/g,
] as const;

const NOT_REFUSALS = new Set(["sanity_checks_passed", "none"]);

function usedCodes(): string[] {
  const codes = new Set<string>();
  for (const text of stages) {
    for (const pattern of PATTERNS) for (const match of text.matchAll(pattern)) codes.add(match[1]!);
  }
  return [...codes].filter((code) => !NOT_REFUSALS.has(code)).sort();
}

describe("reason codes", () => {
  test("that the core ends something with are all listed with their terminal state", () => {
    const codes = usedCodes();
    expect(codes.length).toBeGreaterThan(25);
    expect(codes.filter((code) => REASONS[code] === undefined)).toEqual([]);
  });

  test("that are listed are used", () => {
    const all = files.join("\n");
    expect(Object.keys(REASONS).filter((code) => !all.includes(code))).toEqual([]);
  });

  test("may carry a detail after a colon", () => {
    expect(reasonHead("symbol_not_in_allowlist:WAVESUSDT")).toBe("symbol_not_in_allowlist");
    expect(statusOfReason("symbol_not_in_allowlist:WAVESUSDT", "ERROR")).toBe("REJECTED_VENUE");
    expect(statusOfReason("a_word_of_a_plug_in", "BLOCKED_POLICY")).toBe("BLOCKED_POLICY");
  });
});
