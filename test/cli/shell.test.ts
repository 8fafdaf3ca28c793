import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { gravest } from "../../src/cli/shell.ts";
import { EXIT } from "../../src/diagnostics/user-error.ts";
import { ensureBuilt, runSim, SIM } from "../built-cli.ts";

let folder = "";
beforeAll(async () => {
  await ensureBuilt();
  folder = mkdtempSync(join(tmpdir(), "rehearsal-cli-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const place = (name: string, text: string): string => {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
};

describe("sim", () => {
  test("--help shows examples and exit codes", async () => {
    const { code, stdout } = await runSim(["--help"]);
    expect(code).toBe(0);
    expect(stdout).toContain("sim run scenarios/regime-flip.yaml");
    expect(stdout).toContain("14 recording unusable");
  });

  test("--help loads neither zod nor yaml nor the engine: commands are loaded when they run", () => {
    const cli = fileURLToPath(new URL("../../src/cli/", import.meta.url));
    const seen = new Set<string>();
    const packages = new Set<string>();
    const visit = (file: string) => {
      if (seen.has(file)) return;
      seen.add(file);
      const statics = readFileSync(file, "utf8").matchAll(/^import (?!type\b)(?:[^"';]* from )?"([^"]+)";/gm);
      for (const [, target = ""] of statics) {
        if (target.startsWith(".")) visit(resolve(dirname(file), target));
        else if (!target.startsWith("node:")) packages.add(target);
      }
    };
    visit(join(cli, "sim.ts"));
    expect(seen.size).toBeGreaterThan(8);
    expect([...packages]).toEqual(["commander"]);
    const elsewhere = [...seen].map((file) => relative(cli, file)).filter((file) => file.startsWith(".."));
    expect(elsewhere.filter((file) => !/^\.\.\/(diagnostics|reports\/visible-text)/.test(file))).toEqual([]);
  });

  test("--version is that of the package", async () => {
    const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
      version: string;
    };
    expect(await runSim(["--version"])).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
  });

  test("without a command shows help and exits 2", async () => {
    const { code, stderr } = await runSim([]);
    expect(code).toBe(2);
    expect(stderr).toContain("Usage: sim");
  });

  test("suggests the nearest command and option, and exits 2 with nothing on stdout", async () => {
    const command = await runSim(["rnu", "x.yaml"]);
    expect(command).toMatchObject({ code: 2, stdout: "" });
    expect(command.stderr).toBe("Cannot run the command: unknown command 'rnu'; did you mean run?\n");
    const option = await runSim(["run", "x.yaml", "--sead", "1"]);
    expect(option).toMatchObject({ code: 2, stdout: "" });
    expect(option.stderr).toContain("unknown option '--sead'; did you mean --seed?");
    const choice = await runSim(["run", "x.yaml", "--progress", "loud"]);
    expect(choice.code).toBe(2);
    expect(choice.stderr).toContain("auto, bar, plain, none");
  });

  test("lists governors and rankers with parameters and defaults, as text and as JSON", async () => {
    const text = await runSim(["governors"]);
    expect(text.code).toBe(0);
    expect(text.stdout).toMatch(/^fixed-threshold\n {2}the origin's gate.*\n {4}warning +0\.6 /m);
    const { stdout } = await runSim(["rankers", "--json"]);
    const document = JSON.parse(stdout) as {
      schema: string;
      rankers: { name: string; params: { name: string; default: unknown }[] }[];
    };
    expect(document.schema).toBe("sim.rankers/1");
    const tiered = document.rankers.find(({ name }) => name === "tiered");
    expect(tiered?.params).toContainEqual({ name: "intentWindow", default: "1800s", description: expect.any(String) });
  });

  test("lists the metrics a threshold may name", async () => {
    const { code, stdout } = await runSim(["metrics"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^funnel\.unaccounted +count /m);
  });

  test("prints the JSON Schema that is committed", async () => {
    const { stdout } = await runSim(["schema"]);
    expect(stdout === readFileSync(new URL("../../schemas/scenario.schema.json", import.meta.url), "utf8")).toBe(true);
  });
});

describe("a mistake", () => {
  test("in a scenario is printed on stderr with its place and no stack, and exits 2", async () => {
    const file = place("typo.yaml", "name: typo\nrecording: r\npipelin: {}\nwarmup: 5\n");
    const { code, stdout, stderr } = await runSim(["run", file]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr.split("\n")).toHaveLength(3);
    expect(stderr).toContain(`${file}:3:1 pipelin: Cannot use the key "pipelin"`);
    expect(stderr).toContain(`${file}:4:9 warmup:`);
    expect(stderr).not.toContain("    at ");
  });

  test("with --json is one document on stdout", async () => {
    const file = place("typo2.yaml", "name: typo\nrecording: r\npipelin: {}\n");
    const { code, stdout, stderr } = await runSim(["run", file, "--json"]);
    expect({ code, stderr }).toEqual({ code: 2, stderr: "" });
    expect(JSON.parse(stdout)).toMatchObject({
      schema: "sim.error/1",
      error: { problems: [{ file, line: 3, column: 1, path: "pipelin", hint: 'did you mean "pipeline"?' }] },
      exit: { code: 2, causes: [2] },
    });
    const usage = await runSim(["run", "--json"]);
    expect(JSON.parse(usage.stdout)).toMatchObject({ schema: "sim.error/1", exit: { code: 2 } });
  });

  test("in several files is told for all of them before anything runs", async () => {
    const first = place("first.yaml", "name: first\n");
    const second = place("second.yaml", "recording: r\n");
    const { code, stderr } = await runSim(["run", first, second]);
    expect(code).toBe(2);
    expect(stderr).toContain("first.yaml");
    expect(stderr).toContain("second.yaml");
  });

  test("cannot repaint the terminal through a name in the file", async () => {
    const file = place("hostile.yaml", 'name: x\nrecording: r\n"\\e[2Jevil": 1\n');
    const { stderr } = await runSim(["run", file]);
    expect(stderr).toContain("evil");
    expect(stderr).not.toContain("\u001b");
  });

  test("of a missing recording exits 14, of an empty folder 2", async () => {
    const file = place("lost.yaml", "name: lost\nrecording: nowhere\n");
    expect((await runSim(["run", file, "--out", join(folder, "out")])).code).toBe(14);
    const empty = mkdtempSync(join(folder, "empty-"));
    const { code, stderr } = await runSim(["run", empty]);
    expect(code).toBe(2);
    expect(stderr).toContain("it has no scenario");
  });
});

test("a reader that leaves early is no failure: no stack, the work's own exit code", () => {
  const shell = (command: string) => spawnSync("bash", ["-c", `set -o pipefail; ${command}`], { encoding: "utf8" });
  const sim = `"${process.execPath}" "${SIM}"`;
  const ok = shell(`${sim} schema | head -1`);
  expect(ok).toMatchObject({ status: 0, stdout: "{\n", stderr: "" });
  const failing = shell(`${sim} run none.yaml --json | true`);
  expect(failing).toMatchObject({ status: 2, stderr: "" });
});

test("the gravest of several causes is the exit code", () => {
  expect(gravest([])).toBe(EXIT.ok);
  expect(gravest([12, 10])).toBe(10);
  expect(gravest([10, 14, 12])).toBe(14);
  expect(gravest([10, 130])).toBe(130);
});
