import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { lint } from "./lint.ts";
import { RULES } from "./rules.ts";

const source = fileURLToPath(new URL("../../src/", import.meta.url));

/** Exceptions in the code, by rule: one more or less belongs into the same commit as its reason. */
const ALLOWED_IN_ENGINE = { clock: 1, collected: 2, "module-state": 9, sort: 8, unordered: 9 };

/** SHA-256 over 2000 values each: an engine with other last bits would move kill scores, and must say so here. */
const EXP_LOG_BITS = "f882d750c17f575f1ac9f228265e3607de14eef682f35e0ee8ed4f55b8d1feb6";
const ALLOWED_IN_SIM = { arithmetic: 1, clock: 4, "module-state": 1, sort: 3, unordered: 19 };

/** A simulated world may read scenario files; everything else that makes a run repeatable holds for it too. */
const SIM_RULES = RULES.filter(({ name }) => name !== "io");

/** The one file that may touch a generator of random numbers: it gives each stream its seed. */
const SEEDED_DICE = "sim/time/random-streams.ts";

/** Loads the files of --plugin before any world begins, so it may wait for them and ask Node what it can read. */
const PLUG_IN_LOADER = "sim/plugins/load-plug-ins.ts";
const RULES_LIFTED: Readonly<Record<string, readonly string[]>> = {
  [SEEDED_DICE]: ["dice"],
  [PLUG_IN_LOADER]: ["async", "process"],
};

function filesBelow(folder: string): string[] {
  return readdirSync(join(source, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function lintFolder(folder: string, rules: typeof RULES) {
  const findings: string[] = [];
  const idle: string[] = [];
  const allowed: Record<string, number> = {};
  for (const file of filesBelow(folder)) {
    const name = relative(source, file);
    const own = rules.filter((rule) => RULES_LIFTED[name]?.includes(rule.name) !== true);
    const result = lint(readFileSync(file, "utf8"), own);
    findings.push(...result.findings.map(({ rule, line, source: text }) => `${name}:${line} ${rule}: ${text}`));
    idle.push(...result.idle.map((text) => `${name}: ${text}`));
    for (const rule of result.allowed) allowed[rule] = (allowed[rule] ?? 0) + 1;
  }
  return { findings, idle, allowed };
}

describe("every rule of the lint", () => {
  const firing = RULES.flatMap(({ name, fires }) => fires.map((code) => ({ name, code })));
  const passing = RULES.flatMap(({ name, passes }) => passes.map((code) => ({ name, code })));

  test.each(firing)("$name fires on: $code", ({ name, code }) => {
    expect(lint(code).findings.map(({ rule }) => rule)).toContain(name);
  });

  test.each(passing)("$name lets pass: $code", ({ name, code }) => {
    expect(lint(code).findings.filter(({ rule }) => rule === name)).toEqual([]);
  });
});

describe("an exception from a rule", () => {
  test("excuses the line it stands on or above, and nothing else", () => {
    const code =
      "// allow(clock): formats a time that was handed in,\n// and reads none\nnew Date(tsMs);\nnew Date(tsMs);";
    const { findings, allowed } = lint(code);
    expect(findings.map(({ line }) => line)).toEqual([4]);
    expect(allowed).toEqual(["clock"]);
  });

  test("without a reason excuses nothing", () => {
    const { findings, idle } = lint("// allow(clock)\nnew Date(tsMs);");
    expect(findings).toHaveLength(1);
    expect(idle).toHaveLength(1);
  });

  test("for a line that breaks no rule is named", () => {
    expect(lint("const tsMs = 1; // allow(clock): nothing here reads a clock").idle).toHaveLength(1);
  });
});

describe("the core is a pure function of its inputs", () => {
  test("engine/ breaks no rule, and its exceptions are counted", () => {
    expect(filesBelow("engine").length).toBeGreaterThan(50);
    expect(lintFolder("engine", RULES)).toEqual({ findings: [], idle: [], allowed: ALLOWED_IN_ENGINE });
  });

  test("sim/ breaks no rule but the one about IO, and its exceptions are counted", () => {
    expect(filesBelow("sim").length).toBeGreaterThan(40);
    expect(lintFolder("sim", SIM_RULES)).toEqual({ findings: [], idle: [], allowed: ALLOWED_IN_SIM });
  });

  test("chance comes into sim/ through one file only, which the rule would otherwise name", () => {
    const text = readFileSync(join(source, SEEDED_DICE), "utf8");
    expect(lint(text).findings.map(({ rule }) => rule)).toContain("dice");
  });

  test("exp and log of this JavaScript engine have the bits all journals were made with", () => {
    const bits = new Float64Array(4000);
    for (let index = 0; index < 2000; index++) {
      bits[index] = Math.exp((index - 1000) / 37);
      bits[2000 + index] = Math.log((index + 1) / 613);
    }
    expect(createHash("sha256").update(new Uint8Array(bits.buffer)).digest("hex")).toBe(EXP_LOG_BITS);
  });
});
