import { describe, expect, test } from "vitest";
import { type Problem, UserError } from "../../../src/diagnostics/user-error.ts";
import { parseScenario } from "../../../src/sim/scenario/load.ts";

const HEAD = "name: test\nrecording: x\nvariants:\n  - name: fixed\n  - name: z-score\n";

function problemsIn(text: string): readonly Problem[] {
  try {
    parseScenario(text, "a.yaml");
  } catch (error) {
    if (error instanceof UserError) return error.problems;
    throw error;
  }
  throw new Error("the scenario was accepted");
}

describe("compare: in a scenario", () => {
  test("declares baseline, metrics and margins, and leaves the hash of the scenario alone", () => {
    const declared = parseScenario(
      `${HEAD}compare:\n  baseline: z-score\n  metrics: [net_pnl, exit_delay]\n  margins: { net_pnl: 25/day, exit_delay: 60s }\n`,
      "a.yaml",
    );
    expect(declared.compare).toEqual({
      baseline: "z-score",
      metrics: ["net_pnl", "exit_delay"],
      margins: { net_pnl: "25/day", exit_delay: "60s" },
    });
    expect(declared.hash).toBe(parseScenario(HEAD, "a.yaml").hash);
  });

  test.each([
    ["a baseline that is no variant", "compare: { baseline: zscore }", 6, 22, 'Cannot compare with baseline "zscore"'],
    ["a metric that is none", "compare: { metrics: [net_pln] }", 6, 22, "metrics[0]"],
    ["a metric declared twice", "compare: { metrics: [net_pnl, net_pnl] }", 6, 31, "twice"],
    ["a margin without its unit", "compare: { margins: { net_pnl: 25 } }", 6, 32, "net_pnl"],
    ["a margin in another unit", "compare: { margins: { exit_delay: 3% } }", 6, 35, "60s"],
    ["a key nobody knows", "compare: { margin: {} }", 6, 12, "margin"],
  ])("refuses %s at its line and column", (_name, line, lineNumber, column, text) => {
    const [problem] = problemsIn(`${HEAD}${line}\n`);
    expect(problem).toMatchObject({ file: "a.yaml", line: lineNumber, column });
    expect(`${problem!.path} ${problem!.text} ${problem!.hint ?? ""}`).toContain(text);
  });

  test("needs two variants", () => {
    const [problem] = problemsIn("name: test\nrecording: x\ncompare: {}\n");
    expect(problem).toMatchObject({ line: 3, text: expect.stringContaining("two are needed") });
  });
});
