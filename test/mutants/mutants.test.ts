import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { UserError } from "../../src/diagnostics/user-error.ts";
import { type BuildRun, examine } from "../../src/mutants/examine.ts";
import { MUTANTS } from "../../src/mutants/mutant-list.ts";
import { copyBuild, plant } from "../../src/mutants/plant.ts";
import { ensureBuilt, runSim } from "../built-cli.ts";

const project = fileURLToPath(new URL("../../", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "mutants-"));
const copy = join(folder, "copy");

beforeAll(async () => {
  await ensureBuilt();
  copyBuild(project, copy);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("at least twelve mutants are planted, each with a name of its own", () => {
  expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
  expect(MUTANTS.length).toBeGreaterThanOrEqual(12);
});

test.each(MUTANTS)("$name applies to the program as it is emitted now", ({ file, find, replace }) => {
  const source = readFileSync(join(copy, "dist", file), "utf8");
  expect(source.split(find)).toHaveLength(2);
  expect(replace).not.toBe(find);
});

test("a mutant whose line has gone is named, with the file to mend", () => {
  const gone = { ...MUTANTS[0]!, find: "a line that nobody wrote" };
  expect(() => plant(gone, copy)).toThrow(UserError);
  expect(() => plant(gone, copy)).toThrow(/map-order: it no longer applies, its text occurs 0 times/);
});

test("planting changes the copy and not the build it came from", () => {
  const [mutant] = MUTANTS;
  plant(mutant!, copy);
  expect(readFileSync(join(copy, "dist", mutant!.file), "utf8")).toContain(mutant!.replace);
  expect(readFileSync(join(project, "dist", mutant!.file), "utf8")).not.toContain(mutant!.replace);
});

test("a run that is equal to the original and to itself is a survivor, another seed is none", async () => {
  const run = async (seed: string): Promise<BuildRun> => {
    const out = join(folder, seed);
    const scenario = join(project, "scenarios/regression/edges.yaml");
    const { stdout } = await runSim([
      "run",
      scenario,
      "--to",
      "390m",
      "--out",
      out,
      "--seed",
      seed,
      "--json",
      "--quiet",
    ]);
    return { folder: join(out, JSON.parse(stdout).run.id), violations: [] };
  };
  const one = await run("1");
  const other = await run("2");
  expect(examine(one, one, one)).toEqual([]);
  expect(examine(one, other, other).map(({ catcher }) => catcher)).toEqual(["journal"]);
  expect(examine(one, one, other).map(({ catcher }) => catcher)).toEqual(["second run"]);
  const broken = { ...one, violations: ["the books do not add up"] };
  expect(examine(one, broken, broken).map(({ catcher }) => catcher)).toEqual(["invariant"]);
});
