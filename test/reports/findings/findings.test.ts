import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { INVARIANTS } from "../../../src/engine/invariants.ts";
import { NOTED_CODES, notedCode, RULES } from "../../../src/reports/findings/index.ts";
import "./cases/intents.ts";
import "./cases/ledger.ts";
import "./cases/orders.ts";
import "./cases/permits.ts";
import "./cases/plans.ts";
import "./cases/streams.ts";
import { codesIn, notedRows, ruleRows, sourceCodes } from "./documentation.ts";
import { seen } from "./helpers.ts";

const CODES = RULES.map(({ code }) => code);

// Last in this file: the cases above have run by now.
describe("every rule", () => {
  test("has a name of its own", () => {
    expect(CODES.length).toBeGreaterThan(60);
    expect(new Set(CODES).size).toBe(CODES.length);
  });

  test("was seen to fire on a source, and to be silent on one", () => {
    expect(CODES.filter((code) => !seen.firing.has(code))).toEqual([]);
    expect(CODES.filter((code) => !seen.silent.has(code))).toEqual([]);
  });
});

describe("codes of the journal", () => {
  test("are known, every one that a source file notes", () => {
    const written = sourceCodes();
    expect(written.length).toBeGreaterThan(30);
    expect(written.filter((code) => notedCode(code) === null)).toEqual([]);
  });

  test("are noted somewhere, every one that is known", () => {
    const written = new Set([...sourceCodes(), ...Object.keys(INVARIANTS).map((name) => `invariant.${name}`)]);
    expect([...NOTED_CODES.keys()].filter((code) => !written.has(code))).toEqual([]);
  });

  test("repeat the engine's promises in its own words", () => {
    for (const [name, promise] of Object.entries(INVARIANTS))
      expect(notedCode(`invariant.${name}`)?.meaning).toBe(`broken: ${promise}`);
  });

  test("are covered by rules under names that exist", () => {
    const known = new Set([...CODES, ...NOTED_CODES.keys()]);
    expect(RULES.flatMap(({ covers }) => covers).filter((code) => !known.has(code))).toEqual([]);
  });
});

describe("docs/findings.md", () => {
  const text = readFileSync(new URL("../../../docs/findings.md", import.meta.url), "utf8");
  const section = (title: string) => text.split(`\n## ${title}\n`)[1]!.split("\n## ")[0]!;

  test("has the row of every rule, with severity, evidence, command, advice and incidents as the code has them", () => {
    for (const row of ruleRows()) expect(section("Rules")).toContain(row);
    expect(codesIn(section("Rules"))).toEqual(CODES);
  });

  test("has the row of every code that a run notes itself, and no other", () => {
    for (const row of notedRows()) expect(section("Codes the run notes itself")).toContain(row);
    expect(codesIn(section("Codes the run notes itself"))).toEqual([...NOTED_CODES.keys()]);
  });

  test("tells of each of the 36 incidents who tells of it, as the code does, or why nobody can", () => {
    const rows = [...section("Incidents of the origin").matchAll(/^\| (I\d+) \| .+ \| (.+) \|$/gm)];
    expect(rows.map(([, id]) => id)).toEqual(Array.from({ length: 36 }, (_, index) => `I${index + 1}`));
    for (const [, id, told] of rows) {
      const rules = RULES.filter(({ incidents }) => incidents.includes(id!)).map(({ code }) => code);
      const noted = [...NOTED_CODES].filter(([, { incidents }]) => incidents.includes(id!)).map(([code]) => code);
      const tellers = new Set([...rules, ...noted]);
      if (tellers.size === 0) expect(told, id).toMatch(/^not shown/);
      else
        for (const code of tellers)
          expect(told, id).toContain(`\`${code === "live.gap." ? "live.gap.<kind>" : code}\``);
    }
  });
});
