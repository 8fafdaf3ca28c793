import { spawnSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ensureBuilt, runSim } from "../../built-cli.ts";

const project = fileURLToPath(new URL("../../../", import.meta.url));
const folder = realpathSync(mkdtempSync(join(tmpdir(), "bisect-test-")));
let repository = join(folder, "project");
const temporary = join(folder, "temporary");
const GOVERNOR = "src/engine/governors/fixed-threshold.ts";
const SCENARIO = "scenarios/incidents/s02-exits-from-a-position-that-does-not-exist.yaml";
const RECORDING = "recordings/why-no-execute";

function git(...args: string[]): string {
  const identity = ["-c", "user.name=test", "-c", "user.email=test@localhost", "-c", "commit.gpgsign=false"];
  const { status, stdout, stderr } = spawnSync("git", [...identity, ...args], { cwd: repository, encoding: "utf8" });
  if (status !== 0) throw new Error(`git ${args.join(" ")}: ${stderr}`);
  return stdout.trim();
}

function commit(subject: string, file: string, change: (text: string) => string): string {
  const path = join(repository, file);
  const before = readFileSync(path, "utf8");
  const after = change(before);
  if (after === before) throw new Error(`${subject}: nothing changed in ${file}`);
  writeFileSync(path, after);
  git("commit", "-q", "-a", "-m", subject);
  return git("rev-parse", "HEAD");
}

/** Builds of revisions start in the folder for temporary files: in one of our own nobody else's can be mistaken. */
const bisect = (...args: string[]) =>
  runSim(["bisect", ...args], { cwd: repository, env: { TMPDIR: temporary, npm_config_update_notifier: "false" } });

let culprit = "";

beforeAll(async () => {
  await ensureBuilt();
  for (const file of [
    "src",
    "package.json",
    "package-lock.json",
    "tsconfig.json",
    "tsconfig.build.json",
    SCENARIO,
    RECORDING,
  ]) {
    cpSync(join(project, file), join(repository, file), { recursive: true });
  }
  cpSync(join(project, ".gitignore"), join(repository, ".gitignore"));
  mkdirSync(temporary);
  symlinkSync(join(project, "node_modules"), join(repository, "node_modules"), "dir");
  writeFileSync(join(repository, ".git-exclude"), "node_modules\n");
  git("init", "-q", "-b", "main");
  git("config", "core.excludesFile", join(repository, ".git-exclude"));
  git("add", "-A");
  git("commit", "-q", "-m", "the project as it is");
  git("tag", "good");
  commit("a version that does not build", GOVERNOR, (text) => `${text}\nconst open: number = ;\n`);
  commit("builds again", GOVERNOR, (text) => text.replace("\nconst open: number = ;\n", ""));
  culprit = commit("the warning is told too high", GOVERNOR, (text) =>
    text.replace("warning: params.warning,", "warning: params.warning + 0.05,"),
  );
  git("tag", "bad");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/**
 * A project that only answers as `sim run` does: its build copies a file, its journal says one word. What `sim bisect`
 * does with revisions needs no more, and the compiler is what takes the time.
 */
function inSmallProject(words: readonly string[]): void {
  repository = mkdtempSync(join(folder, "small-"));
  const journal = (word: string): string =>
    [
      { schema: "rehearsal.journal/1" },
      { envelope: { event: { type: "run.started" }, seq: 1, tsMs: 0 }, decisions: [] },
      {
        envelope: { event: { type: "timer.fired" }, seq: 2, tsMs: 5 },
        decisions: [{ type: "finding.noted", code: word }],
      },
    ]
      .map((line) => `${JSON.stringify(line)}\n`)
      .join("");
  const sim = `import { cpSync, mkdirSync } from "node:fs";
const out = process.argv[process.argv.indexOf("--out") + 1] + "/r-1";
mkdirSync(out, { recursive: true });
cpSync("src/journal.ndjson", out + "/journal.ndjson");
`;
  const build = `import { cpSync, readFileSync } from "node:fs";
if (readFileSync("src/word", "utf8") === "broken") process.exit(1);
cpSync("src/sim.js", "dist/cli/sim.js");
`;
  mkdirSync(join(repository, "src"));
  mkdirSync(join(repository, "node_modules"));
  writeFileSync(join(repository, ".gitignore"), "node_modules\ndist\n");
  writeFileSync(join(repository, "package.json"), '{ "type": "module", "scripts": { "build": "node build.js" } }\n');
  writeFileSync(join(repository, "package-lock.json"), "{}\n");
  writeFileSync(join(repository, "build.js"), build);
  writeFileSync(join(repository, "src/sim.js"), sim);
  writeFileSync(join(repository, "a.yaml"), "");
  git("init", "-q", "-b", "main");
  for (const [index, word] of words.entries()) {
    writeFileSync(join(repository, "src/word"), word);
    writeFileSync(join(repository, "src/journal.ndjson"), journal(word));
    git("add", "-A");
    git("commit", "-q", "--allow-empty", "-m", `${index}: ${word}`);
  }
}

describe("sim bisect", () => {
  test("names the commit that changed a governor and the first plan on which it shows, past one that does not build", async () => {
    const { code, stdout, stderr } = await bisect("--good", "good", "--bad", "bad", SCENARIO, "--json");
    expect(stderr).toContain("3 commits");
    expect(code).toBe(11);
    const { found, skipped, trials } = JSON.parse(stdout);
    expect(found.commit).toEqual({ id: culprit, subject: "the warning is told too high" });
    expect(found.candidates).toEqual([]);
    expect(found.difference).toMatchObject({
      kind: "decision",
      stage: "plan.published",
      expected: "0.6",
      actual: "0.65",
    });
    expect(found.difference.path).toBe("plan.verdict.terms.warning");
    expect(found.difference.seq).toBeGreaterThan(1);
    expect(skipped.map(({ commit: { subject } }: { commit: { subject: string } }) => subject)).toEqual([
      "a version that does not build",
    ]);
    expect(skipped[0].reason).toContain("does not build: src/engine/governors/fixed-threshold.ts");
    expect(trials).toBe(4);
  });

  test("leaves no worktree, no branch and no file behind", () => {
    expect(git("worktree", "list").split("\n")).toHaveLength(1);
    expect(git("status", "--porcelain")).toBe("");
    expect(readdirSync(temporary)).toEqual([]);
  });

  test("says so when both ends decide the same, and exits 0", async () => {
    inSmallProject(["same", "same"]);
    const { code, stdout } = await bisect("--good", "main~1", "--bad", "main", "a.yaml", "--quiet");
    expect(stdout).toContain("the same decisions at both ends");
    expect(code).toBe(0);
  });

  test("names the skipped commits beside the one it found, when they cannot be told apart", async () => {
    inSmallProject(["same", "broken", "broken", "other", "other"]);
    const { code, stdout } = await bisect("--good", "main~4", "--bad", "main", "a.yaml", "--quiet");
    expect(stdout).toMatch(
      /first commit that decides otherwise: \w{10} 3: other\n {2}or \w{10} 1: broken.*\n {2}or \w{10} 2: broken/,
    );
    expect(stdout).toMatch(
      /seq 2 .* on timer.fired\n {2}finding.noted {2}code\n {4}before {2}same\n {4}after {3}other/,
    );
    expect(code).toBe(11);
  });

  test("takes the scenario of each revision when asked to", async () => {
    inSmallProject(["same", "same"]);
    writeFileSync(join(repository, "b.yaml"), "");
    git("add", "b.yaml");
    git("commit", "-q", "-m", "a later scenario");
    const { code, stderr } = await bisect("--good", "main~1", "--bad", "main", "b.yaml", "--scenario-of", "revision");
    expect(stderr).toMatch(/the good revision .* has no b.yaml, both ends must build and run/);
    expect(code).toBe(2);
  });

  test("installs what a revision with another lock file asks for, and says so when it cannot", async () => {
    inSmallProject(["same", "other"]);
    const lock = join(repository, "package-lock.json");
    writeFileSync(lock, '{ "lockfileVersion": 3 }\n');
    const installed = await bisect("--good", "main~1", "--bad", "main", "a.yaml", "--quiet");
    expect(installed.stderr).toBe("");
    expect(installed.code).toBe(11);
    writeFileSync(lock, "no lock file at all\n");
    git("commit", "-q", "-a", "-m", "a lock file that nobody can install");
    writeFileSync(lock, "{}\n");
    const refused = await bisect("--good", "main~1", "--bad", "main", "a.yaml", "--quiet");
    expect(refused.stderr).toMatch(/the bad revision .* does not install: /);
    expect(refused.code).toBe(2);
  });

  test("refuses an end that does not build, and cleans up", async () => {
    inSmallProject(["same", "broken"]);
    const { code, stderr } = await bisect("--good", "main~1", "--bad", "main", "a.yaml", "--quiet");
    expect(code).toBe(2);
    expect(stderr).toMatch(/the bad revision .* does not build/);
    expect(readdirSync(temporary)).toEqual([]);
  });

  test("cleans up when it is interrupted, and exits 130", async () => {
    inSmallProject(["same", "same", "slow", "other"]);
    const { code, stdout } = await runSim(["bisect", "--good", "main~3", "--bad", "main", "a.yaml", "--json"], {
      cwd: repository,
      env: { TMPDIR: temporary },
      onStart: (child) => child.stderr!.once("data", () => child.kill("SIGINT")),
    });
    expect(JSON.parse(stdout)).toEqual({ schema: "sim.bisect/1", interrupted: true });
    expect(code).toBe(130);
    expect(readdirSync(temporary)).toEqual([]);
    expect(git("worktree", "list").split("\n")).toHaveLength(1);
  });

  test("refuses unknown revisions, other branches and merges, and a scenario that is not there", async () => {
    inSmallProject(["same", "other"]);
    git("tag", "good", "main~1");
    git("tag", "bad", "main");
    expect((await bisect("--good", "nobody", "--bad", "bad", "a.yaml")).stderr).toContain('"nobody" is no commit');
    expect((await bisect("--good", "bad", "--bad", "good", "a.yaml")).stderr).toContain("is not an ancestor of");
    git("checkout", "-q", "-b", "side", "good");
    git("commit", "-q", "--allow-empty", "-m", "on the side");
    git("checkout", "-q", "main");
    git("merge", "-q", "--no-ff", "-m", "both lines", "side");
    const merged = await bisect("--good", "good", "--bad", "main", "a.yaml");
    expect(merged.stderr).toMatch(/both lines between them is a merge/);
    expect(merged.code).toBe(2);
    const missing = await bisect("--good", "good", "--bad", "bad", "nothing.yaml");
    expect(missing.stderr).toContain("the file is missing");
  });
});
