import { appendFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Outcome } from "../../src/verify/outcome.ts";
import { type CliResult, ensureBuilt, runSim } from "../built-cli.ts";
import { createGoldenProject, EDGES, EDGES_GOLDEN, type GoldenProject, WHY } from "./golden-project.ts";
import { readXml } from "./read-xml.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
/** The tests may run in CI themselves; each says for itself whether it does. */
const LOCAL = { CI: "", GITHUB_ACTIONS: "", GITHUB_STEP_SUMMARY: "", RECORDINGS_PATH: "" };

interface Document {
  readonly schema: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly outcomes: readonly Outcome[];
  readonly exit: { readonly code: number; readonly causes: readonly number[] };
}

const projects: GoldenProject[] = [];
beforeAll(() => ensureBuilt());
afterAll(() => {
  for (const project of projects) project.remove();
});

function newProject(isCopied = false): GoldenProject {
  const project = createGoldenProject({ isCopied });
  projects.push(project);
  return project;
}

function run(project: GoldenProject, args: readonly string[], env: Record<string, string> = {}): Promise<CliResult> {
  return runSim(["verify", ...args], { cwd: project.folder, env: { ...LOCAL, ...env } });
}

async function documentOf(
  project: GoldenProject,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<Document & { readonly code: number | null }> {
  const { stdout, code } = await run(project, [...args, "--json"], env);
  return { ...(JSON.parse(stdout) as Document), code };
}

function verdicts({ outcomes }: Document): string[] {
  return outcomes.map(({ golden, status, class: kind, exit }) => `${golden} ${status} ${kind} ${exit}`);
}

describe("sim verify", () => {
  test("passes for every scenario that is shipped, as in CI", async () => {
    const { stdout, code } = await runSim(["verify", "--json"], { cwd: root, env: { ...LOCAL, CI: "true" } });
    const { schema, counts, exit, outcomes } = JSON.parse(stdout) as Document;
    expect({ schema, exit, code }).toEqual({ schema: "sim.verify/1", exit: { code: 0, causes: [] }, code: 0 });
    expect(counts["scenarios"]).toBeGreaterThanOrEqual(12);
    expect(counts["goldens"]).toBeGreaterThanOrEqual(27);
    expect(counts).toMatchObject({ passed: counts["goldens"], diverged: 0, numericOnly: 0, missing: 0 });
    for (const { decisions, golden } of outcomes) expect(decisions, golden).toBeGreaterThan(1);
    expect(stdout.startsWith('{\n  "schema"')).toBe(true);
  });

  test("fails with 12 when there is nothing to verify", async () => {
    const project = newProject();
    for (const part of ["goldens", "scenarios"]) rmSync(project.path(part), { recursive: true });
    const { stdout, code } = await run(project, []);
    expect(code).toBe(12);
    expect(stdout).toMatch(/nothing to verify/);
  });

  test("diverges with 11, in text, JSON, JUnit, annotations and summary alike", async () => {
    const project = newProject();
    const governor = "governor: { name: fixed-threshold";
    project.edit(WHY, (text) => text.replace(governor, `${governor}, params: { warning: 0.77 }`));
    writeFileSync(project.path("summary.md"), "before\n");
    const env = { GITHUB_ACTIONS: "true", GITHUB_STEP_SUMMARY: project.path("summary.md"), CI: "true" };
    const { stdout, stderr, code } = await run(project, ["--junit", "out/verify.xml"], env);
    expect(code).toBe(11);
    expect(stdout).toMatch(/^!! why-no-execute\/origin {2}first divergence at decision \d+ of 75 {3}2026-02-02T/m);
    expect(stdout).toMatch(/outcome +BLOCKED +EXECUTE$/m);
    expect(stdout).toMatch(
      /cause: same inputs, other rule -> governor config "params\.warning" .*\(scenario line 28\)/,
    );
    expect(stderr).toMatch(/^::error file=goldens\/why-no-execute\/origin\.ndjson,line=\d+::/m);
    const xml = readXml(readFileSync(project.path("out/verify.xml"), "utf8"));
    expect(xml.attributes).toMatchObject({ tests: "3", failures: "2", errors: "0" });
    expect(readFileSync(project.path("summary.md"), "utf8")).toMatch(/^before\n## sim verify: 1 of 3 goldens pass/);
    const document = await documentOf(project, []);
    expect(document.code).toBe(11);
    expect(verdicts(document)).toEqual([
      "goldens/regression/edges/base.ndjson PASS null 0",
      "goldens/why-no-execute/origin.ndjson DIVERGED rule differs 11",
      "goldens/why-no-execute/strict.ndjson DIVERGED missing 11",
    ]);
  });

  test("tells damage from another version, of goldens and recordings, with 14", async () => {
    const project = newProject(true);
    project.edit(EDGES_GOLDEN, (text) => text.replace('"outcome":"EXECUTE"', '"outcome":"BLOCKED"'));
    project.edit("goldens/why-no-execute/strict.ndjson", (text) =>
      text.replace("rehearsal.golden/1", "rehearsal.golden/2"),
    );
    const part = project.path("recordings/why-no-execute/market.0001.ndjson.gz");
    const bytes = readFileSync(part);
    bytes[2000]! ^= 1;
    writeFileSync(part, bytes);
    const document = await documentOf(project, ["recordings", "goldens"]);
    expect(verdicts(document)).toEqual([
      "goldens/regression/edges/base.ndjson CORRUPT golden damaged 14",
      "goldens/why-no-execute/origin.ndjson CORRUPT recording damaged 14",
      "goldens/why-no-execute/strict.ndjson STALE_SCHEMA golden of another version 14",
    ]);
    expect(document.code).toBe(14);
    expect(document.outcomes[0]!.problems[0]!.text).toMatch(/its content has the SHA-256/);
    expect(document.outcomes[1]!.problems[0]!.file).toMatch(/why-no-execute\/market\.0001\.ndjson\.gz/);
  });

  test("tells a golden cut off in a line from one that lost a line", async () => {
    const project = newProject();
    const damaged = async (change: (text: string) => string) => {
      project.edit(EDGES_GOLDEN, change);
      const { outcomes } = await documentOf(project, [EDGES_GOLDEN]);
      return `${outcomes[0]!.status} ${outcomes[0]!.problems[0]!.text}`;
    };
    expect(
      await damaged((text) =>
        text
          .split("\n")
          .filter((_line, place) => place !== 40)
          .join("\n"),
      ),
    ).toMatch(/^CORRUPT .*909 lines .* says 910/);
    expect(await damaged((text) => text.slice(0, -20))).toMatch(/^CORRUPT .*the last line is cut off/);
    expect(await damaged(() => "not a golden\n")).toMatch(/^CORRUPT .*first line is no header/);
  });

  test("finds recordings by content or id, also through RECORDINGS_PATH, and says when there is none", async () => {
    const project = newProject(true);
    mkdirSync(project.path("elsewhere"));
    cpSync(project.path("recordings/regime-flip"), project.path("elsewhere/renamed"), { recursive: true });
    rmSync(project.path("recordings/regime-flip"), { recursive: true });
    const missing = await documentOf(project, ["goldens/regression"]);
    expect(verdicts(missing)).toEqual(["goldens/regression/edges/base.ndjson CANNOT_REPLAY recording missing 14"]);
    const found = await documentOf(project, ["goldens/regression"], { RECORDINGS_PATH: project.path("elsewhere") });
    expect(verdicts(found)).toEqual(["goldens/regression/edges/base.ndjson PASS null 0"]);
  });

  test("takes a missing golden, and one whose scenario is gone, for a failure in CI only", async () => {
    const project = newProject();
    rmSync(project.path(EDGES_GOLDEN));
    project.edit(WHY, (text) =>
      text.replace(/ {2}- name: strict\n(?: {4}.*\n)*/, "").replace(/.*variant: strict.*\n/g, ""),
    );
    const local = await documentOf(project, []);
    expect(verdicts(local)).toEqual([
      "goldens/regression/edges/base.ndjson CANNOT_REPLAY golden missing 0",
      "goldens/why-no-execute/origin.ndjson PASS null 0",
      "goldens/why-no-execute/strict.ndjson CANNOT_REPLAY obsolete 0",
    ]);
    expect(local.code).toBe(0);
    const inCi = await documentOf(project, [], { CI: "true" });
    expect(inCi.outcomes.map(({ exit }) => exit)).toEqual([12, 0, 12]);
    expect(inCi.code).toBe(12);
  });

  test("lists all causes, the gravest is the exit code", async () => {
    const project = newProject();
    project.edit(EDGES, (text) => text.replace("seed: 3", "seed: 4"));
    project.edit("goldens/why-no-execute/strict.ndjson", (text) =>
      text.replace("rehearsal.golden/1", "rehearsal.golden/0"),
    );
    writeFileSync(project.path("scenarios/broken.yaml"), "name: [\n");
    const { exit, code } = await documentOf(project, []);
    expect([...exit.causes].sort((left, right) => left - right)).toEqual([2, 12, 14]);
    expect([exit.code, code]).toEqual([14, 14]);
  });

  test("writes a golden where one is missing, with its reason, and it passes then", async () => {
    const project = newProject();
    rmSync(project.path(EDGES_GOLDEN));
    const { stdout, code } = await run(project, [EDGES_GOLDEN, "--update", "--because", "a first golden"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ok regression\/edges\/base {2}golden written$/m);
    expect(readFileSync(project.path(EDGES_GOLDEN), "utf8").split("\n")[0]).toContain('"reason":"a first golden"');
    expect((await run(project, [])).code).toBe(0);
  });

  test("writes nothing in CI, without a reason, or with a reason alone", async () => {
    const project = newProject();
    appendFileSync(project.path(EDGES_GOLDEN), "damage\n");
    const before = readFileSync(project.path(EDGES_GOLDEN), "utf8");
    const refused = async (args: readonly string[], env: Record<string, string>) => {
      const { code, stderr, stdout } = await run(project, args, env);
      expect([code, stdout]).toEqual([2, ""]);
      return stderr;
    };
    expect(await refused(["--update", "--because", "x"], { CI: "true" })).toMatch(/CI is set/);
    expect(await refused(["--update", "--because", "x"], { CI: "1" })).toMatch(/CI is set/);
    expect(await refused(["--update"], {})).toMatch(/no reason is given/);
    expect(await refused(["--update", "--because", "  "], {})).toMatch(/no reason is given/);
    expect(await refused(["--because", "x"], {})).toMatch(/--because is given alone/);
    expect(readFileSync(project.path(EDGES_GOLDEN), "utf8")).toBe(before);
    expect(existsSync(project.path("goldens/new"))).toBe(false);
  });
});
