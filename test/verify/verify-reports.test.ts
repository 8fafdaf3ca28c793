import { describe, expect, test } from "vitest";
import { plainPaint } from "../../src/reports/terminal/table.ts";
import type { Divergence } from "../../src/verify/compare/divergence.ts";
import { type Outcome, outcomeOf } from "../../src/verify/outcome.ts";
import { annotations, defused, defusedJson, stepSummary } from "../../src/verify/report/github.ts";
import { junitText } from "../../src/verify/report/junit.ts";
import { verifyText } from "../../src/verify/report/verify-text.ts";
import type { Verification } from "../../src/verify/verify.ts";
import { readXml } from "./read-xml.ts";

/** A symbol that would start a workflow command, end an element, or repaint a terminal if it could. */
const HOSTILE = 'X%\n::error file=a,line=1::gotcha\r##[add-mask]y<b>&"\u001b[2J]]>|`\ud800\uffff';

const divergence: Divergence = {
  class: "rule differs",
  recording: HOSTILE,
  decision: 3118,
  ofDecisions: 6692,
  goldenLine: 3119,
  seq: 41_002,
  tsMs: Date.UTC(2026, 1, 2, 0, 13, 42, 881),
  stage: "governor",
  type: "plan.published",
  event: "timer harvest",
  entry: HOSTILE,
  id: "91c0ab12",
  symbol: HOSTILE,
  evalType: "EXIT",
  fields: [
    { field: "outcome", golden: "BLOCKED", now: HOSTILE, isEqual: false, isMeasure: false },
    { field: "inputs hash", golden: "4be1", now: "4be1", isEqual: true, isMeasure: true },
  ],
  stateBefore: "equal",
  cause: "same inputs, other rule -> the engine",
  changes: [],
  before: [{ seq: 41_001, tsMs: 0, text: HOSTILE }],
  chain: [{ seq: 40_000, tsMs: 0, what: "intent", text: HOSTILE, detail: "" }],
  chainOf: "now",
  sameUntil: null,
  later: { changed: 57 },
  laterLines: [],
  effect: ["executed 5 -> 31"],
};

function diverged(golden: string): Outcome {
  const base = { scenario: "scenarios/a.yaml", status: "DIVERGED", class: "rule differs", exit: 11 } as const;
  return outcomeOf({ ...base, golden, divergence });
}

function verificationOf(outcomes: readonly Outcome[]): Verification {
  return { outcomes, scenarioCount: 1, problems: [], causes: [] };
}

const one = verificationOf([
  diverged(`goldens/a/${HOSTILE}.ndjson`),
  outcomeOf({ golden: "goldens/a/b.ndjson", scenario: "scenarios/a.yaml", status: "PASS", exit: 0 }),
  outcomeOf({
    golden: "goldens/b/c.ndjson",
    scenario: "scenarios/b.yaml",
    status: "CORRUPT",
    class: "golden damaged",
    problems: [{ file: "goldens/b/c.ndjson", line: 7, text: `Cannot compare: ${HOSTILE}` }],
    exit: 14,
  }),
]);

describe("the text", () => {
  const text = verifyText(one, { goldens: "goldens", exit: 14, width: 1000, paint: plainPaint });

  test("has both columns, an equal sign for what is equal, and the command that accepts", () => {
    expect(text).toMatch(/^sim verify goldens {3}scenarios 1 {3}goldens 3 {3}passed 1 {3}diverged 1 .* exit 14$/m);
    expect(text).toMatch(/first divergence at decision 3 118 of 6 692 {3}2026-02-02T00:13:42\.881Z/);
    expect(text).toMatch(/inputs hash +4be1 +4be1 += +state hash before: equal/);
    expect(text).toMatch(/later: 57 more differ after it: 57 changed {2}\(not listed; --all\)/);
    expect(text).toMatch(/accept: sim verify goldens\/a.*--update --because/);
  });

  test("lets nothing hostile begin a line or reach the terminal", () => {
    expect(text.split("\n").filter((line) => line.trimStart().startsWith("::"))).toEqual([]);
    expect(text).not.toContain("\r");
    expect(text).not.toContain("\u001b");
    expect(defused(text)).not.toContain("##[");
    const json = JSON.stringify(one);
    expect(json).toContain("##[");
    expect(defusedJson(json)).not.toContain("##[");
    expect(JSON.parse(defusedJson(json))).toEqual(JSON.parse(json));
  });
});

describe("JUnit", () => {
  test("reads back: a suite for each scenario, a case for each golden, one element each", () => {
    const root = readXml(junitText(one));
    expect(root).toMatchObject({ name: "testsuites", attributes: { tests: "3", failures: "1", errors: "1" } });
    expect(root.children.map(({ attributes }) => attributes["name"])).toEqual(["scenarios/a.yaml", "scenarios/b.yaml"]);
    const cases = root.children.flatMap(({ children }) => children);
    expect(cases.map(({ children }) => children.map(({ name }) => name))).toEqual([["failure"], [], ["error"]]);
    const [failure] = cases[0]!.children;
    expect(failure!.attributes["message"]).toMatch(/^rule differs: first divergence at decision 3 118/);
    expect(failure!.text).toContain('<b>&"');
    expect(failure!.text).toContain("executed 5 -> 31");
  });

  test("holds no character that XML cannot", () => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what must not be there
    expect(junitText(one)).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udfff]/);
  });

  test("says that there was nothing", () => {
    const root = readXml(junitText(verificationOf([])));
    expect(root.attributes).toMatchObject({ tests: "1", errors: "1" });
  });
});

describe("GitHub", () => {
  test("gets an annotation for each failure, at its line of the golden, on one line", () => {
    const lines = annotations(one);
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/^::error file=goldens\/a\/X%25\\x0a%3A%3Aerror file=a%2Cline=1.*,line=3119::/);
    expect(lines[1]).toMatch(/^::error file=goldens\/b\/c\.ndjson,line=7::b\/c CORRUPT, golden damaged: /);
    for (const line of lines) {
      expect(line).not.toMatch(/[\r\n]/);
      expect(line.match(/%(?!25|0A|0D|3A|2C)/)).toBeNull();
    }
    expect(lines[0]).toContain("%0A");
  });

  test("gets ten of a kind at most, the tenth counts the rest", () => {
    const many = annotations(
      verificationOf(Array.from({ length: 25 }, (_, place) => diverged(`goldens/${place}.ndjson`))),
    );
    expect(many).toHaveLength(10);
    expect(many[9]).toBe("::error::16 more: the log and the summary have them");
  });

  test("gets a summary within its limit, whatever there is to say", () => {
    const all = Array.from({ length: 2000 }, (_, place) => diverged(`goldens/${place}.ndjson`));
    const text = stepSummary(verificationOf(all));
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(900 * 1024);
    expect(text).toMatch(/The rest does not fit/);
    expect(stepSummary(verificationOf(all), 10)).toBe("");
    expect(stepSummary(one)).toMatch(/1 of 3 goldens pass/);
    expect(stepSummary(one)).not.toMatch(/<b>/);
  });
});
