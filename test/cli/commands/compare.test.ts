import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LabComparison, labComparisonSchema } from "../../../src/reports/comparison/lab-comparison.ts";
import { ensureBuilt, runSim } from "../../built-cli.ts";

let folder = "";
let run = "";

function scenarioText(name: string, recording = "rec"): string {
  return `
name: ${name}
recording: ${recording}
seed: 5
strategy: { name: ewma-cross, params: { fast: 5, slow: 20, cooldown: 5m } }
variants:
  - name: open
    pipeline: { governor: { name: none } }
  - name: fixed
    pipeline: { governor: { name: fixed-threshold } }
`;
}

const sim = (...args: string[]) => runSim(args, { cwd: folder });

async function compared(...args: string[]): Promise<{ file: string; comparison: LabComparison }> {
  const { code, stdout, stderr } = await sim("compare", ...args, "--json", "--metric", "net_pnl");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout) as { file: string; comparison: LabComparison };
}

beforeAll(async () => {
  await ensureBuilt();
  folder = mkdtempSync(join(tmpdir(), "rehearsal-compare-"));
  for (const seed of ["1", "2"]) {
    const out = join(folder, seed === "1" ? "rec" : "other");
    const made = await sim("generate", "market", "--out", out, "--symbols", "3", "--days", "1", "--seed", seed);
    expect(made).toMatchObject({ code: 0, stderr: "" });
  }
  writeFileSync(join(folder, "small.yaml"), scenarioText("small"));
  writeFileSync(join(folder, "alike.yaml"), scenarioText("alike"));
  writeFileSync(join(folder, "elsewhere.yaml"), scenarioText("elsewhere", "other"));
  const short = await sim("run", "small.yaml", "--quiet", "--to", "12h", "--out", "short");
  expect(short.code).toBe(0);
  const ran = await sim("run", "small.yaml", "--quiet");
  expect(ran.code).toBe(0);
  run = readdirSync(join(folder, "sim-out")).find((name) => name.startsWith("r-"))!;
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("sim compare", () => {
  test("a finished run is compared with its first variant, changed decisions before any difference", async () => {
    const { code, stdout, stderr } = await sim("compare", run);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^compare {2}baseline open {2}candidates fixed\n/);
    const [decisions, verdict, many] = ["DECISIONS THAT CHANGED", "verdict", "MANY VARIANTS"].map((text) =>
      stdout.indexOf(text),
    );
    expect(decisions).toBeGreaterThan(0);
    expect(verdict).toBeGreaterThan(decisions!);
    expect(many).toBeGreaterThan(verdict!);
  });

  test("the document on stdout is the file it names, and both keep the published schema", async () => {
    const { file, comparison } = await compared(run);
    const written: unknown = JSON.parse(readFileSync(join(folder, file), "utf8"));
    expect(written).toEqual(comparison);
    expect(labComparisonSchema.parse(written)).toEqual(comparison);
    expect(comparison.candidates[0]!.decisions.changed).toBeGreaterThan(0);
  });

  test("scenarios that run now give the comparison of their finished run", async () => {
    const [now, finished] = [await compared("small.yaml"), await compared(run)];
    expect(now).toEqual(finished);
  });

  test("variants of a run are compared in the order named, or with the baseline named", async () => {
    expect((await compared("fixed", "open", "--run", run)).comparison.baseline).toBe("fixed");
    expect((await compared(run, "--baseline", "fixed")).comparison.baseline).toBe("fixed");
  });

  test("variants of one name are told apart by their scenarios", async () => {
    const { comparison } = await compared("small.yaml", "alike.yaml");
    expect(comparison.variants.map(({ variant }) => variant)).toEqual([
      "small/open",
      "small/fixed",
      "alike/open",
      "alike/fixed",
    ]);
  });

  test("several seeds and profiles each have their case in every verdict", async () => {
    const { comparison } = await compared("small.yaml", "--seeds", "1..2", "--profile", "neutral,adverse");
    const [metric] = comparison.candidates[0]!.metrics;
    expect(comparison).toMatchObject({ seeds: ["1", "2"], profiles: ["neutral", "adverse"] });
    expect(metric!.bySeed.cases.map(({ name }) => name)).toEqual(["1", "2"]);
    expect(metric!.byProfile.cases.map(({ name }) => name)).toEqual(["neutral", "adverse"]);
  });

  test("every variant ever tried counts once, and a damaged ledger makes N unknown", async () => {
    const ledger = ["--trials", "trials.ndjson"];
    expect((await compared(run, ...ledger)).comparison.many.trials).toEqual({ value: 2, reason: null });
    expect((await compared(run, ...ledger)).comparison.many.trials).toEqual({ value: 2, reason: null });
    const lines = readFileSync(join(folder, "trials.ndjson"), "utf8");
    expect(lines.trim().split("\n")).toHaveLength(2);
    appendFileSync(join(folder, "trials.ndjson"), "torn");
    const { comparison } = await compared(run, ...ledger);
    expect(comparison.many.trials).toEqual({ value: null, reason: "ledger_damaged" });
    expect(comparison.variants[0]!.dsr.reason).not.toBe(null);
  });

  test.each([
    [
      "different recordings",
      ["small.yaml", "elsewhere.yaml"],
      14,
      /they ran on different recordings, [0-9a-f]{64} and [0-9a-f]{64}/,
    ],
    ["different windows", ["", "SHORT"], 2, /their windows differ, .* the same is needed/],
    ["no metric of that name", ["", "--metric", "net_pln"], 2, /did you mean net_pnl/],
    ["a margin in another unit", ["", "--margin", "net_pnl=25"], 2, /net_pnl=25\/day is needed/],
    ["seeds for a finished run", ["", "--seeds", "1..3"], 2, /every run named is finished/],
    ["a single variant", ["open", "--run"], 2, /there is one, open, two are needed/],
  ])("refuses %s", async (name, args, code, text) => {
    const short = join("short", readdirSync(join(folder, "short"))[0]!);
    const places: Readonly<Record<string, string>> = { "": run, SHORT: short };
    const named = name === "a single variant" ? [...args, run] : args.map((each) => places[each] ?? each);
    const refused = await sim("compare", ...named);
    expect({ code: refused.code, stdout: refused.stdout }).toEqual({ code, stdout: "" });
    expect(refused.stderr).toMatch(text);
  });

  test("a scenario that declares compare: gets its verdicts from sim run, on the screen and as a file", async () => {
    const declared = "compare: { baseline: fixed, metrics: [net_pnl], margins: { net_pnl: 1000/day } }";
    writeFileSync(join(folder, "declared.yaml"), `${scenarioText("declared")}${declared}\n`);
    const { code, stdout } = await sim("run", "declared.yaml", "--out", "declared");
    expect(code).toBe(0);
    expect(stdout).toMatch(/DECISIONS THAT CHANGED {2}from fixed/);
    expect(stdout).toMatch(/net pnl\/day .* equal within margin/);
    const [id] = readdirSync(join(folder, "declared"));
    const file = join(folder, "declared", id!, "lab-comparison.json");
    const lab = labComparisonSchema.parse(JSON.parse(readFileSync(file, "utf8")));
    expect(lab).toMatchObject({ baseline: "fixed", isDeclaredBefore: true, metrics: ["net_pnl"] });
    const { stdout: again } = await sim("compare", "declared.yaml", "--json");
    const { comparison } = JSON.parse(again) as { comparison: LabComparison };
    expect(comparison.candidates).toEqual(lab.candidates);
  });

  test("a table in Markdown names the verdict of every metric", async () => {
    const { stdout } = await sim("compare", run, "--markdown");
    expect(stdout).toMatch(/^### Comparison with open\n/);
    expect(stdout).toMatch(/\| fixed \| net pnl\/day \|/);
  });
});
