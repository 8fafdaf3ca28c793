import { spawnSync } from "node:child_process";
import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { ensureBuilt } from "../built-cli.ts";
import { createGoldenProject, WHY } from "./golden-project.ts";
import { readXml } from "./read-xml.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

interface Workflow {
  readonly jobs: { readonly verify: { readonly steps: readonly { readonly run?: string; readonly uses?: string }[] } };
}

const readme = readFileSync(`${root}README.md`, "utf8");
const block = /^## CI$[\s\S]*?```yaml\n([\s\S]*?)```/m.exec(readme)?.[1] ?? "";
const runs = (parse(block) as Workflow).jobs.verify.steps.flatMap(({ run }) => (run === undefined ? [] : [run]));

const project = createGoldenProject();
beforeAll(() => ensureBuilt());
afterAll(() => project.remove());

function step(command: string) {
  const env = { ...process.env, CI: "true", GITHUB_ACTIONS: "true", GITHUB_STEP_SUMMARY: project.path("summary.md") };
  return spawnSync("bash", ["-e", "-c", command], { cwd: project.folder, env, encoding: "utf8" });
}

test("the action of the README installs, then verifies", () => {
  expect(runs).toHaveLength(2);
  expect(runs[0]).toBe("npm ci --prefix .rehearsal");
});

test("its verify step passes on goldens that hold, and fails with annotation, summary and JUnit on one that does not", () => {
  // The checkout of the second step; `npm ci` in it is what every test has behind it.
  symlinkSync(root, project.path(".rehearsal"), "dir");
  const passed = step(runs[1]!);
  expect([passed.status, passed.stderr]).toEqual([0, ""]);
  expect(passed.stdout).toMatch(/passed 3 {3}diverged 0/);
  writeFileSync(project.path("summary.md"), "");
  project.edit(WHY, (text) =>
    text.replace("{ name: fixed-threshold }", "{ name: fixed-threshold, params: { warning: 0.77 } }"),
  );
  const failed = step(runs[1]!);
  expect(failed.status).toBe(11);
  expect(failed.stderr).toMatch(/^::error file=goldens\/why-no-execute\/origin\.ndjson,line=\d+::/m);
  expect(readFileSync(project.path("summary.md"), "utf8")).toMatch(/DIVERGED \| rule differs/);
  expect(readXml(readFileSync(project.path("verify.xml"), "utf8")).attributes["failures"]).toBe("2");
});
