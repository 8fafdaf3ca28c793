import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ensureBuilt, runSim } from "../../built-cli.ts";
import { repositoryPath } from "../run/run-helpers.ts";

const examples = repositoryPath("examples");
const EXAMPLES = ["step-governor.js", "stale-first-ranker.js", "momentum-strategy.js"];
let folder = "";

beforeAll(async () => {
  await ensureBuilt();
  folder = mkdtempSync(join(tmpdir(), "rehearsal-plug-ins-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

/** The example scenario from our own folder, with other words in it. */
function scenarioWith(name: string, ...changes: readonly (readonly [string, string])[]): string {
  let text = readFileSync(join(examples, "plugins.yaml"), "utf8")
    .replace("../recordings", repositoryPath("recordings"))
    .replace("to: 12h", "to: 6h");
  for (const [from, to] of changes) text = text.replace(from, to);
  return write(name, text);
}

async function run(scenario: string, plugIns: readonly string[], ...more: readonly string[]) {
  const plugInArgs = plugIns.flatMap((file) => ["--plugin", file]);
  const args = ["run", scenario, ...plugInArgs, "--out", join(folder, "out"), "--progress", "none", "--json", ...more];
  const { code: status, stdout, stderr } = await runSim(args);
  return { status, stderr, document: JSON.parse(stdout) as Record<string, never> & { run?: { id: string } } };
}

/** What `sim run` says on stderr to one who reads it, and its exit code. */
async function runPlainly(scenario: string, plugIns: readonly string[]) {
  const plugInArgs = plugIns.flatMap((file) => ["--plugin", file]);
  const args = ["run", scenario, ...plugInArgs, "--out", join(folder, "out"), "--progress", "none", "--force"];
  const { code, stderr } = await runSim(args);
  return { status: code, stderr };
}

const all = EXAMPLES.map((name) => join(examples, name));

describe("the examples", () => {
  test("run together, leave their marks in the results, and give the same run twice", async () => {
    const first = await run(scenarioWith("a.yaml"), all);
    expect(first.stderr).toBe("");
    expect(first.status).toBe(0);
    const text = JSON.stringify(first.document);
    expect(text).toContain("above_the_step");
    expect(text).toContain("stale-first");
    expect((await run(scenarioWith("a.yaml"), all)).document).toEqual(first.document);
  });

  test("keep their memory over a checkpoint: two parts give the bytes of one run", async () => {
    const scenario = scenarioWith("parts.yaml");
    const checkpoint = join(folder, "half.ckpt");
    const whole = await run(scenario, all);
    await run(scenario, all, "--until", "3h", "--checkpoint", checkpoint, "--force");
    const rest = await run(scenario, all, "--from", checkpoint, "--force");
    expect(rest.status).toBe(0);
    expect(rest.document["summaries"]).toEqual(whole.document["summaries"]);
  });

  test("a changed file is another run", async () => {
    const original = readFileSync(all[0]!, "utf8");
    const same = write("same.js", original);
    const other = write("other.js", `${original}\n// another byte\n`);
    const scenario = scenarioWith("b.yaml", ["to: 6h", "to: 330m"]);
    const idOf = async (file: string) => (await run(scenario, [file, ...all.slice(1)])).document.run?.id;
    const id = await idOf(all[0]!);
    expect(id).toMatch(/^r-/);
    expect(await idOf(same)).toBe(id);
    expect(await idOf(other)).not.toBe(id);
  });

  test("parameters are read by the plug-in's own schema, with line and column", async () => {
    const scenario = scenarioWith("c.yaml", ["step: 0.05", "step: 5"], ["topK: 6", "topk: 6"]);
    const { status, stderr } = await runPlainly(scenario, all);
    expect(status).toBe(2);
    expect(stderr).toMatch(
      /c\.yaml:\d+:\d+ variants\[0\]\.pipeline\.governor\.params\.step: Cannot use 5: it is too large/,
    );
    expect(stderr).toMatch(/c\.yaml:\d+:\d+ pipeline\.snapshots\.ranker\.params\.topk: Cannot use the key "topk"/);
  });

  test("without --plugin its name is not known", async () => {
    const { status, stderr } = await runPlainly(scenarioWith("d.yaml"), all.slice(1));
    expect(status).toBe(2);
    expect(stderr).toContain('Cannot use "step": it is not a known value');
  });
});

const HEAD = 'import { defineGovernor, defineRanker, defineStrategy, execute, z } from "rehearsal";\n';
const governor = (name: string, judge: string) =>
  `${HEAD}export default defineGovernor({ name: "${name}", summary: "a test", params: z.strictObject({}), ${judge} });\n`;

describe("a plug-in that cannot be used", () => {
  test.each([
    ["missing.js", null, "there is no such file"],
    ["syntax.js", "export default {", "it is no JavaScript module"],
    ["throws.js", 'throw new Error("no luck");', "it threw when it was loaded: no luck"],
    ["nothing.js", "export const name = 1;", "it has no default export"],
    ["name.js", governor("My Governor", "judge() {}"), 'its name is "My Governor"'],
    ["taken.js", governor("z-score", "judge() {}"), 'Cannot load the governor "z-score": the program itself has one'],
    [
      "params.js",
      'export default { name: "a", summary: "b", judge() {} };',
      '"a" has no params, a zod schema is needed',
    ],
    ["kind.js", governor("idle", "think() {}"), '"idle" has none of judge, rank and create'],
    ["two.js", 'import "./other.js";\nexport default 1;', "it imports another file"],
    ["notes.txt", "hello", 'it ends in ".txt"'],
  ])("%s: %s", async (name, text, expected) => {
    const file = text === null ? join(folder, name) : write(name, text);
    const { status, stderr } = await runPlainly(scenarioWith("e.yaml"), [file]);
    expect(status).toBe(2);
    expect(stderr).toContain(file);
    expect(stderr).toContain(expected);
    expect(stderr).not.toContain("internal error");
  });

  test("one in TypeScript loads where Node reads it, and elsewhere is told how to compile", async () => {
    const file = write(
      "typed.ts",
      `${governor("typed", 'judge() { const reasonCode: string = "x"; return execute({ governor: "typed", reasonCode }); }')}`,
    );
    const scenario = scenarioWith("f.yaml", ["name: step, params: { step: 0.05 }", "name: typed"]);
    const { status, stderr } = await runPlainly(scenario, [file, ...all.slice(1)]);
    const { typescript } = process.features as { typescript?: unknown };
    if (typescript !== undefined && typescript !== false) expect(status).toBe(0);
    else {
      expect(status).toBe(2);
      expect(stderr).toContain("does not read TypeScript");
      expect(stderr).toContain("npx tsc");
    }
  });

  test("the same name twice names both files", async () => {
    const { status, stderr } = await runPlainly(scenarioWith("g.yaml"), [
      ...all,
      write("again.js", readFileSync(all[0]!, "utf8")),
    ]);
    expect(status).toBe(2);
    expect(stderr).toContain("step-governor.js has one of that name");
  });

  test.each([
    ["judge() { return null.x; }", "it threw \"Cannot read properties of null (reading 'x')\""],
    ['judge() { return execute({ governor: "bad", reasonCode: "x", value: 0 / 0 }); }', "its value is NaN"],
    ['judge() { return { decision: "MAYBE" }; }', 'its decision is "MAYBE", EXECUTE or BLOCKED'],
    ["judge() {}", "it answered nothing"],
  ])("while it runs: %s", async (judge, expected) => {
    const file = write("bad.js", governor("bad", judge));
    const scenario = scenarioWith(
      "h.yaml",
      ["name: step, params: { step: 0.05 }", "name: bad"],
      ["warmup: 5h", "warmup: 0s"],
    );
    const { status, stderr } = await runPlainly(scenario, [file, ...all.slice(1)]);
    expect(status).toBe(2);
    expect(stderr).toContain(file);
    expect(stderr).toContain(`Cannot let governor "bad" judge a plan: ${expected}`);
  });
});
