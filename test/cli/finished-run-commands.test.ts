import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ensureBuilt, runSim } from "../built-cli.ts";

let folder = "";
let run = "";

const SCENARIO = `
name: small
recording: rec
seed: 5
strategy: { name: ewma-cross, params: { fast: 5, slow: 20, cooldown: 5m } }
variants:
  - { name: fixed, pipeline: { governor: { name: fixed-threshold } } }
  - { name: open, pipeline: { governor: { name: none } } }
`;

const sim = (...args: string[]) => runSim(args, { cwd: folder });
const onlyRun = (out: string) => join(out, readdirSync(join(folder, out))[0]!);
const read = (...path: string[]) => readFileSync(join(folder, ...path), "utf8");

beforeAll(async () => {
  await ensureBuilt();
  folder = mkdtempSync(join(tmpdir(), "rehearsal-finished-"));
  await sim("generate", "market", "--out", "rec", "--symbols", "3", "--days", "1");
  writeFileSync(join(folder, "small.yaml"), SCENARIO);
  await sim("run", "small.yaml");
  run = onlyRun("sim-out");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("sim report", () => {
  test("makes of the journals the very bytes the run left", async () => {
    const before = [read(run, "report.html"), read(run, "summary.md")];
    rmSync(join(folder, run, "report.html"));
    rmSync(join(folder, run, "summary.md"));
    const { code, stdout, stderr } = await sim("report");
    expect({ code, stderr, stdout }).toEqual({ code: 0, stderr: "", stdout: `${run.slice(8)}  ${run}/report.html\n` });
    expect([read(run, "report.html"), read(run, "summary.md")]).toEqual(before);
  });

  test("is asked to prove that it makes the same bytes twice, and does", async () => {
    const { code, stderr } = await sim("report", "--reproducible");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });

  test("reports a journal that was cut short, and says that it was", async () => {
    const cut = join("sim-out", "r-cut");
    mkdirSync(join(folder, cut, "fixed"), { recursive: true });
    const journal = read(run, "fixed", "journal.ndjson");
    writeFileSync(join(folder, cut, "fixed", "journal.ndjson"), journal.slice(0, journal.length - 200));
    const { code, stdout, stderr } = await sim("report", "r-cut", "--json");
    expect(code).toBe(0);
    const { reports } = JSON.parse(stdout) as { reports: { run: string; gaps: string[] }[] };
    expect(reports[0]!.run).toBe("r-cut");
    expect(reports[0]!.gaps.join(" ")).toMatch(/the last line is torn .* its summary is missing/);
    expect(stderr).toContain("torn");
    expect(read(cut, "report.html")).toContain("PARTIAL");
    rmSync(join(folder, cut), { recursive: true });
  });

  test("names the runs there are when it knows none of that name", async () => {
    const { code, stderr } = await sim("report", "r-nothing");
    expect(code).toBe(2);
    expect(stderr).toContain(`runs: ${run.slice(8)}`);
  });
});

describe("sim diff", () => {
  test("finds nothing between a run and itself", async () => {
    const { code, stdout } = await sim("diff", run, run);
    expect(code).toBe(0);
    expect(stdout.match(/every event and decision is the same/g)).toHaveLength(2);
  });

  test("names the first difference of each variant and what changed, and exits 11", async () => {
    writeFileSync(
      join(folder, "other.yaml"),
      SCENARIO.replace("fixed-threshold }", "fixed-threshold, params: { warning: 0.9, critical: 0.95 } }"),
    );
    const other = await sim("run", "other.yaml", "--out", "other", "--no-report");
    expect(other).toMatchObject({ code: 0 });
    const { code, stdout } = await sim("diff", run, onlyRun("other"), "--json");
    expect(code).toBe(11);
    const { diffs } = JSON.parse(stdout) as {
      diffs: {
        variant: string;
        firstDifference: { stage: string; path: string } | null;
        comparison: { candidates: { changed: number }[] } | null;
      }[];
    };
    expect(diffs.map(({ variant, firstDifference }) => [variant, firstDifference === null])).toEqual([
      ["fixed", false],
      ["open", true],
    ]);
    expect(diffs[0]!.firstDifference!.stage).toMatch(/^(finding\.noted|plan\.published)$/);
    expect(diffs[0]!.comparison!.candidates[0]!.changed).toBeGreaterThan(0);
  });

  test("says which variants there are when both have none of one name", async () => {
    const { code, stderr } = await sim("diff", run, run, "--variant", "fixt");
    expect(code).toBe(2);
    expect(stderr).toContain("has fixed, open");
  });
});
