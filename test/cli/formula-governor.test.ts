import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ensureBuilt, runSim } from "../built-cli.ts";
import { repositoryPath } from "../sim/run/run-helpers.ts";

let folder = "";
let runFolder = "";

beforeAll(async () => {
  await ensureBuilt();
  folder = mkdtempSync(join(tmpdir(), "rehearsal-formula-"));
  const args = ["run", repositoryPath("scenarios/formula-governor.yaml"), "--out", folder, "--progress", "none"];
  const { code, stdout, stderr } = await runSim([...args, "--json"]);
  expect(stderr).toBe("");
  expect(code).toBe(0);
  runFolder = join(folder, (JSON.parse(stdout) as { run: { id: string } }).run.id);
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Row {
  readonly type: string;
  readonly planId: string | null;
  readonly decision: string | null;
  readonly reason: string | null;
}

function rowsOf(variant: string): Row[] {
  const text = readFileSync(join(runFolder, variant, "decisions.ndjson"), "utf8");
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Row);
}

describe("the shipped scenario of formulas", () => {
  test("the built-in threshold and its formula send the same orders for the same plans", () => {
    const deeds = (variant: string) =>
      rowsOf(variant)
        .filter(({ type }) => type === "plan.published" || type.startsWith("order."))
        .map(({ reason: _, ...row }) => JSON.stringify({ ...row, governor: null }));
    expect(deeds("dynamic").length).toBeGreaterThan(40);
    expect(deeds("dynamic-as-formula")).toEqual(deeds("dynamic"));
  });

  test("sim explain shows every term of a blocked plan, the parts of its formula, and what would have flipped it", async () => {
    // The last one: its score has a history by then.
    const blocked = rowsOf("heat-aware")
      .filter(({ reason }) => reason === "formula_above_cutoff")
      .at(-1)!;
    const args = ["explain", blocked.planId!, "--run", runFolder, "--variant", "heat-aware"];
    const { code, stdout } = await runSim(args);
    expect(code).toBe(0);
    const told = stdout.replace(/\s+/g, " ");
    expect(told).toContain("governor formula: BLOCKED formula_above_cutoff");
    expect(told).toMatch(/value \d\S* cutoff \d\S* margin \d/);
    expect(told).toMatch(/terms .*kill_z (none|-?\d\S*), .*portfolio_heat \d/);
    expect(told).toMatch(/0\.75 \* volatility_regime = 0\.\d+/);
    expect(told).toMatch(/would flip if kill_score below 0\.\d+ \(it was 0\.\d+\)/);
  });
});

/** YAML of docs/*.md under `pipeline:`, each put into a scenario of its own. */
function examplesOf(file: string): string[] {
  const text = readFileSync(repositoryPath(file), "utf8");
  return [...text.matchAll(/```yaml\n(pipeline:[\s\S]*?)```/g)].map((match) => match[1]!);
}

describe("docs/formulas.md", () => {
  const examples = examplesOf("docs/formulas.md");

  test("has an example of a governor and of a ranker, and each runs as it stands", async () => {
    expect(examples).toHaveLength(2);
    for (const [index, example] of examples.entries()) {
      const file = join(folder, `example-${index}.yaml`);
      const recording = repositoryPath("recordings/regime-flip");
      const head = `name: example\nrecording: ${recording}\nwindow: { to: 30m }\nintents: none\n`;
      writeFileSync(file, `${head}${example}`);
      const { code, stderr } = await runSim(["run", file, "--out", folder, "--progress", "none"]);
      expect(stderr).toBe("");
      expect(code).toBe(0);
    }
  });
});

describe("docs/plugins.md", () => {
  test("the governor it writes loads and blocks what it says", async () => {
    const text = readFileSync(repositoryPath("docs/plugins.md"), "utf8");
    const code = /```js\n([\s\S]*?)```/.exec(text)![1]!.replace(/^ {3}/gm, "");
    const variants = /```yaml\n([\s\S]*?)```/.exec(text)![1]!.replace(/^ {3}/gm, "");
    writeFileSync(join(folder, "my-governor.js"), code);
    const file = join(folder, "mine.yaml");
    const recording = repositoryPath("recordings/regime-flip");
    const strategy = "strategy: { name: ewma-cross, params: { fast: 30, slow: 120, band: 0.0008 } }";
    writeFileSync(
      file,
      `name: mine\nrecording: ${recording}\nwindow: { to: 12h }\n${strategy}\n${variants.replace("spreadMaxBps: 3", "spreadMaxBps: 0.5")}`,
    );
    const args = ["run", file, "--plugin", join(folder, "my-governor.js"), "--out", folder, "--progress", "none"];
    const run = await runSim([...args, "--json"]);
    expect(run.code).toBe(0);
    expect(run.stdout).toContain("spread_too_wide");
  });
});
