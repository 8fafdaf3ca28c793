import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ensureBuilt, runSim } from "../built-cli.ts";
import { repositoryPath } from "../sim/run/run-helpers.ts";

const scenario = repositoryPath("scenarios/incidents/s09-permits-wait-behind-a-serial-snapshot-cycle.yaml");
let folder = "";
const sim = (...args: string[]) => runSim(args, { cwd: folder });

beforeAll(async () => {
  await ensureBuilt();
  folder = mkdtempSync(join(tmpdir(), "rehearsal-part-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Every file below a folder with its bytes. */
function filesOf(out: string): Record<string, string> {
  const root = join(folder, out);
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const named = files.map((entry) => join(entry.parentPath, entry.name)).sort();
  return Object.fromEntries(named.map((file) => [file.slice(root.length), readFileSync(file, "latin1")]));
}

describe("sim run --until, --checkpoint and --from", () => {
  test("leave the bytes of the run that went through: folder, report and exit code", async () => {
    const whole = await sim("run", scenario, "--out", "whole", "--seed", "3");
    const part = await sim(
      "run",
      scenario,
      "--out",
      "part",
      "--seed",
      "3",
      "--until",
      "150s",
      "--checkpoint",
      "a.ckpt",
    );
    expect(part.code).toBe(0);
    expect(part.stdout).toContain("this run is partial (stopped)");
    expect(part.stderr).toMatch(/^checkpoint at \S+Z \(envelopes: .*\): sim run .*\.yaml --from a\.ckpt\n$/);
    const [partial = ""] = readdirSync(join(folder, "part"));
    expect(partial).toMatch(/^r-[0-9a-f]{8}-partial$/);

    const rest = await sim("run", scenario, "--out", "rest", "--from", "a.ckpt");
    expect(rest).toEqual({ ...whole, stdout: whole.stdout.replaceAll("whole/r-", "rest/r-") });
    expect(Object.keys(filesOf("whole")).length).toBe(13);
    expect(filesOf("rest")).toEqual(filesOf("whole"));
  });

  test("stop a variant alone after exactly so many envelopes, in several parts", async () => {
    const { name } = await firstVariant();
    await sim("run", scenario, "--out", "alone", "--variant", name, "-q");
    await sim("run", scenario, "--out", "p1", "--variant", name, "--until", "77", "--checkpoint", "b.ckpt", "-q");
    const [id = ""] = readdirSync(join(folder, "p1"));
    const lines = readFileSync(join(folder, "p1", id, "journal.ndjson"), "utf8")
      .trim()
      .split("\n");
    expect(JSON.parse(lines.at(-1)!)).toMatchObject({
      envelope: { seq: 78, event: { type: "run.ended", cause: "stopped" } },
    });
    const next = await sim(
      "run",
      scenario,
      "--out",
      "p2",
      "--from",
      "b.ckpt",
      "--until",
      "300",
      "--checkpoint",
      "b.ckpt",
      "-q",
    );
    expect(next).toMatchObject({ code: 0, stderr: "" });
    await sim("run", scenario, "--out", "p3", "--from", "b.ckpt", "-q");
    expect(filesOf("p3")).toEqual(filesOf("alone"));
  });

  test("go on from the last checkpoint a whole run wrote on its way", async () => {
    const whole = await sim("run", scenario, "--out", "w1", "--checkpoint", "e.ckpt", "--checkpoint-every", "50s");
    expect(whole).toMatchObject({ code: 0, stderr: "" });
    const header = JSON.parse(readFileSync(join(folder, "e.ckpt"), "latin1").split("\n", 1)[0]!) as { tsMs: number };
    expect(header.tsMs).toBeGreaterThan(0);
    const rest = await sim("run", scenario, "--out", "w2", "--from", "e.ckpt");
    expect(rest.stdout).toBe(whole.stdout.replaceAll("w1/r-", "w2/r-"));
    expect(filesOf("w2")).toEqual(filesOf("w1"));
  });

  test("say what is missing: exit 2, with the next step", async () => {
    const cases: readonly [readonly string[], string][] = [
      [["--until", "100"], "the scenario has 3 variants that count for themselves"],
      [["--until", "soon"], 'Cannot stop at "soon"'],
      [["--from", "nowhere.ckpt"], "it is no time and no file"],
      [["--checkpoint-every", "1m"], "--checkpoint FILE is needed"],
    ];
    for (const [args, text] of cases) {
      const { code, stdout, stderr } = await sim("run", scenario, "--out", "none", ...args);
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(stderr).toContain(text);
    }
  });

  test("tell when the run was over before the stop, and then write no checkpoint", async () => {
    const { code, stderr } = await sim("run", scenario, "--out", "late", "--until", "9d", "--checkpoint", "late.ckpt");
    expect(code).toBe(0);
    expect(stderr).toContain("the run ended before --until: it is whole, and no checkpoint was written");
    expect(readdirSync(folder)).not.toContain("late.ckpt");
  });
});

async function firstVariant(): Promise<{ readonly name: string }> {
  const { stdout } = await sim("run", scenario, "--out", "names", "--until", "1s", "--json", "-q");
  const document = JSON.parse(stdout) as { summaries: { run: { variant: string } }[]; run: { end: string } };
  expect(document.run.end).toBe("stopped");
  return { name: document.summaries[0]!.run.variant };
}
