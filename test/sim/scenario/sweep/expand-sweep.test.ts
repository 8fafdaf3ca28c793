import { describe, expect, test } from "vitest";
import { formatProblem, UserError } from "../../../../src/diagnostics/user-error.ts";
import { parseScenario } from "../../../../src/sim/scenario/load.ts";

const HEAD = `name: test
recording: ../recordings/x
seed: 3
pipeline: { governor: { name: z-score, params: { entryBase: 1.5, heatWeight: 0.3 } } }
variants:
  - { name: fixed, pipeline: { governor: { name: fixed-threshold } } }
  - { name: z, pipeline: { harvest: { killThreshold: 0.9 } } }
`;

const parsed = (text: string) => parseScenario(HEAD + text, "a.yaml");
const variantsOf = (text: string) => parsed(text).variants;

function problemIn(text: string): string {
  try {
    parsed(text);
  } catch (error) {
    if (error instanceof UserError) return error.problems.map(formatProblem).join("\n");
    throw error;
  }
  throw new Error("it was accepted");
}

describe("a sweep", () => {
  const GRID = `sweep:
  base: z
  parameters:
    pipeline.governor.params.entryBase: [0.5, 1]
    pipeline.harvest.killThreshold: [0.7, 0.8, 0.9]
`;

  test("makes a variant for each combination behind those that are written, which keep their place", () => {
    const variants = variantsOf(GRID);
    expect(variants.map(({ name }) => name)).toEqual(["fixed", "z", "z-1", "z-2", "z-3", "z-4", "z-5", "z-6"]);
    expect(variants[1]!.settings).toBeUndefined();
    expect(variants[3]!.settings).toEqual({
      "pipeline.governor.params.entryBase": 0.5,
      "pipeline.harvest.killThreshold": 0.8,
    });
    expect(variants[3]!.description).toBe(
      "pipeline.governor.params.entryBase = 0.5, pipeline.harvest.killThreshold = 0.8",
    );
  });

  test("changes what it names and nothing else of its base", () => {
    const [, base, ...points] = variantsOf(GRID);
    for (const { policy, settings, exchange } of points) {
      const params = policy.governor.params as unknown as { entryBase: number; heatWeight: number };
      expect(params.entryBase).toBe(settings!["pipeline.governor.params.entryBase"]);
      expect(params.heatWeight).toBe(0.3);
      expect(policy.harvest).toEqual({
        ...base!.policy.harvest,
        killThreshold: settings!["pipeline.harvest.killThreshold"],
      });
      expect(exchange).toEqual(base!.exchange);
    }
  });

  test("without a base changes the scenario itself, and leaves that in as the first variant", () => {
    const text = HEAD.replace(/variants:[\s\S]*/, "");
    const { variants } = parseScenario(`${text}matrix: { pipeline.harvest.killThreshold: [0.7, 0.8] }\n`, "a.yaml");
    expect(variants.map(({ name }) => name)).toEqual(["base", "point-1", "point-2"]);
  });

  test.each(["random", "sobol", "latin-hypercube"])(
    "by %s samples within its ranges, the same from the same seed",
    (method) => {
      const text = `sweep:
  method: ${method}
  count: 32
  parameters:
    pipeline.harvest.killThreshold: { min: 0.6, max: 0.9 }
    pipeline.killScore.halfLifeEvaluations: [1]
`.replace(
        / {4}pipeline\.killScore.*\n/,
        "    pipeline.permits.snapshotAgeMax: [2s, 5s]\n    pipeline.snapshots.budgetCalls: { min: 5, max: 9, integer: true }\n    pipeline.killScore.sigmaRef: { min: 0.0001, max: 0.01, log: true }\n",
      );
      const variants = variantsOf(text).slice(2);
      expect(variants).toHaveLength(32);
      for (const { policy } of variants) {
        expect(policy.harvest.killThreshold).toBeGreaterThanOrEqual(0.6);
        expect(policy.harvest.killThreshold).toBeLessThanOrEqual(0.9);
        expect([5, 6, 7, 8, 9]).toContain(policy.snapshots.budgetCalls);
        expect([2000, 5000]).toContain(policy.permits.snapshotAgeMax);
      }
      const small = variants.filter(({ policy }) => policy.killScore.sigmaRef < 0.001).length;
      expect(small).toBeGreaterThan(8);
      expect(small).toBeLessThan(24);
      expect(variantsOf(text)).toEqual(variantsOf(text));
      const again = parseScenario(HEAD.replace("seed: 3", "seed: 4") + text, "a.yaml").variants.slice(2);
      expect(again.map(({ settings }) => settings)).not.toEqual(variants.map(({ settings }) => settings));
    },
  );

  test.each([
    ["sweep: { parameters: { pipeline.harvest.killTreshold: [0.7] } }", /^a\.yaml:8:24.*did you mean "killThreshold"/s],
    ["sweep: { parameters: { pipeline.harvest.killThreshold: [x] } }", /^a\.yaml:8:\d+.*a number is needed/s],
    [
      "sweep: { parameters: { pipelin.harvest.killThreshold: [1] } }",
      /^a\.yaml:8:24.*did you mean "pipeline\.harvest/s,
    ],
    ["sweep: { base: zz, parameters: { pipeline.harvest.killThreshold: [1] } }", /^a\.yaml:8:\d+.*did you mean "z"/s],
    ["sweep: { parameters: { pipeline.harvest.killThreshold: [] } }", /its list is empty/],
    [
      "sweep: { parameters: { pipeline.harvest.killThreshold: { min: 1, max: 0 } }, method: random, count: 3 }",
      /range is 1 to 0/,
    ],
    [
      "sweep: { parameters: { pipeline.harvest.killThreshold: { min: 0, max: 1 } } }",
      /it is a range, a list of values is needed/,
    ],
    [
      "sweep: { parameters: { pipeline.harvest.killThreshold: { min: 0, max: 1 } }, method: sobol }",
      /the key count is missing/,
    ],
    [
      "sweep: { parameters: { pipeline.harvest.killThreshold: { min: 0, max: 1 } }, method: random, count: 10000000 }",
      /10000000 points/,
    ],
    [
      "sweep: { name: z, parameters: { pipeline.harvest.killThreshold: [0.7] } }\nmatrix: { pipeline.harvest.killThreshold: [0.7] }",
      /matrix and sweep together/,
    ],
    ["sweep: { parameters: { variants.0.name: [x] } }", /a variant has no variants/],
  ])("%s is refused where it stands", (text, expected) => {
    expect(problemIn(`${text}\n`)).toMatch(expected);
  });

  test("whose variant has the name of a written one is refused", () => {
    const text = HEAD.replace("name: fixed", "name: z-1");
    expect(() =>
      parseScenario(`${text}sweep: { base: z, parameters: { pipeline.harvest.killThreshold: [0.7] } }\n`, "a.yaml"),
    ).toThrow(/an earlier one has that name/);
  });
});
