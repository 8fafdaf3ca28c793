import { describe, expect, test } from "vitest";
import { formatProblem, UserError } from "../../../src/diagnostics/user-error.ts";
import { parseScenario } from "../../../src/sim/scenario/load.ts";

const HEAD = "name: test\nrecording: ../recordings/x\n";

function problemsIn(text: string): string[] {
  try {
    parseScenario(text, "a.yaml");
  } catch (error) {
    if (error instanceof UserError) return error.problems.map(formatProblem);
    throw error;
  }
  return [];
}

const governor = (params: string) => `${HEAD}pipeline:\n  governor:\n    name: formula\n    params:\n${params}`;

describe("a mistake in a formula of a scenario", () => {
  test.each([
    ["plain", "      entry: { cutoff: 0.6 + portfolio_hea }\n", "a.yaml:7:30", 7],
    ["in quotes", `      entry: { cutoff: "0.6 + portfolio_hea" }\n`, "a.yaml:7:31", 7],
    [
      "in a folded block",
      "      entry:\n        cutoff: >-\n          0.6\n          + portfolio_hea\n",
      "a.yaml:10:13",
      7,
    ],
    [
      "in a literal block",
      "      entry:\n        cutoff: |\n          0.6 +\n            portfolio_hea\n",
      "a.yaml:10:13",
      9,
    ],
    ["over two plain lines", "      entry:\n        cutoff: 0.6 +\n          portfolio_hea\n", "a.yaml:9:11", 7],
  ])("stands at its own line and column when it is written %s", (_, params, place, character) => {
    const problems = problemsIn(governor(params));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(
      new RegExp(`^${place} pipeline\\.governor\\.params\\.entry\\.cutoff: Cannot use "0\\.6 \\+ portfolio_hea ?":`),
    );
    expect(problems[0]).toContain(`at character ${character} "portfolio_hea" is no driver and no state variable`);
    expect(problems[0]).toContain('did you mean "portfolio_heat"?');
  });

  test("every mistake is told at once, those of rankers too", () => {
    const text = `${governor("      entry: { cutoff: 1 / drawdown, qty_scale: 2 }\n      state: {}\n")}  snapshots: { ranker: { name: formula, params: { score: volume_24 } } }\n`;
    const problems = problemsIn(text);
    expect(problems).toHaveLength(3);
    expect(problems[0]).toContain(
      "at character 5 drawdown divides and can be 0: it is 0 or more, a divisor that cannot",
    );
    expect(problems[1]).toContain("it can be 2, a share above 0 and at most 1");
    expect(problems[2]).toContain('did you mean "volume_24h"?');
  });

  test("a formula of a variant may read a state variable of the base, and is placed in the variant", () => {
    const base = governor("      state: { slow: 'ewma(kill_score, 100)' }\n");
    const variants = (cutoff: string) =>
      `${base}variants:\n  - name: a\n    pipeline: { governor: { params: { entry: { cutoff: ${cutoff} } } } }\n`;
    const named = (cutoff: string) =>
      variants(cutoff).replace("governor: { params", "governor: { name: formula, params");
    expect(problemsIn(named("slow + 0.1"))).toEqual([]);
    const [problem] = problemsIn(named("slw + 0.1"));
    expect(problem).toMatch(/^a\.yaml:10:\d+ variants\[0\]\.pipeline\.governor\.params\.entry\.cutoff: /);
    expect(problem).toContain('did you mean "slow"?');
  });

  test("a claim of monotony that does not hold shows two points that contradict it", () => {
    const [problem] = problemsIn(
      governor(
        "      entry: { cutoff: 0.6 + portfolio_heat }\n      monotone:\n        - { of: entry.cutoff, in: portfolio_heat, direction: never-rises }\n",
      ),
    );
    expect(problem).toContain("a.yaml:9:11 pipeline.governor.params.monotone[0]: ");
    expect(problem).toContain("entry.cutoff rises from 0.6 to 0.6312 when portfolio_heat goes from 0 to 0.03125");
  });

  test("a claim that only samples support is a warning with their number", () => {
    const claim = "      monotone: [{ of: entry.cutoff, in: drawdown, direction: never-rises }]\n";
    const params = (cutoff: string) => `      entry: { cutoff: '${cutoff}' }\n${claim}`;
    const warningsOf = (cutoff: string) =>
      parseScenario(governor(params(cutoff)), "a.yaml").warnings.map(formatProblem);
    expect(warningsOf("0.8 - drawdown")).toEqual([]);
    const [warning] = warningsOf("0.8 - drawdown * drawdown * drawdown + drawdown * drawdown - drawdown");
    expect(warning).toMatch(
      /^a\.yaml:8:18 .*Cannot prove that entry\.cutoff never rises in drawdown: it held between \d{4} pairs/,
    );
  });

  test("what can never have an effect is a warning at its formula", () => {
    const { warnings } = parseScenario(governor("      entry: { cutoff: 0.99 }\n"), "a.yaml");
    expect(warnings.map(formatProblem)[0]).toMatch(/^a\.yaml:7:24 .*never meet: it never blocks/);
  });
});
