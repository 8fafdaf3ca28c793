import { describe, expect, test } from "vitest";
import { pipelineSchema } from "../../../src/engine/policy.ts";
import { findContradictions } from "../../../src/engine/policy-check.ts";

type Params = Readonly<Record<string, unknown>>;

function found(params: Params, killThreshold = 0.6): string[] {
  const governor = { name: "formula", params } as never;
  return findContradictions(pipelineSchema.parse({ governor, harvest: { killThreshold } })).map(
    ({ code, severity, text }) => `${severity} ${code}: ${text}`,
  );
}

describe("contradictions between formulas, before the run", () => {
  test.each([
    [
      "a cutoff above every possible score",
      { entry: { cutoff: "0.95" } },
      /^warn unreachable_threshold: kill_score \(0\.5 to 0\.9206\) and entry\.cutoff \(0\.95\) never meet/,
    ],
    [
      "a cutoff below every possible score",
      { entry: { cutoff: "clamp(portfolio_heat, 0, 0.4)" } },
      /^error always_blocks: kill_score .* leave no room/,
    ],
    [
      "a condition that always holds",
      { entry: { block_when: "drawdown >= 0 or kill_score > 0.9" } },
      /^error always_blocks: entry\.block_when .* is always true/,
    ],
    [
      "a condition that never holds",
      { entry: { block_when: "regime_flip > 1" } },
      /^warn unreachable_threshold: entry\.block_when regime_flip > 1 is never true/,
    ],
    [
      "an exit that refuses what the score asks for (incident I14)",
      { exit: { cutoff: "0.65" } },
      /^error close_requested_and_refused: Scores from 0\.65\d* to 0\.9206 request a close \(from 0\.6\) and are refused by exit whatever else holds/,
    ],
    [
      "an exit that refuses it for some drivers",
      { exit: { block_when: "kill_score > 0.7 and portfolio_heat > 0.5" } },
      /^warn close_requested_and_refused: Scores from 0\.70\d* to 0\.9206 .* for some drivers/,
    ],
  ])("%s", (_, params, expected) => {
    const contradictions = found(params);
    expect(contradictions).toHaveLength(1);
    expect(contradictions[0]).toMatch(expected);
  });

  test.each([
    ["the origin's newest threshold", { entry: { cutoff: "clamp(0.85 - 0.15 * regime_flip, 0.6, 0.95)" } }],
    ["an exit above what is asked", { exit: { cutoff: "if(kill_score < 0.6, 0.55, 2)" } }],
    ["a formula with mistakes, which are told elsewhere", { entry: { cutoff: "nonsense" } }],
  ])("none in %s", (_, params) => {
    expect(found(params)).toEqual([]);
  });
});
