import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ensureBuilt, runSim } from "../built-cli.ts";

let folder = "";
let scenario = "";

const SCENARIO = `
name: small
recording: rec
seed: 5
strategy: { name: ewma-cross, params: { fast: 5, slow: 20, cooldown: 5m } }
thresholds:
  funnel.unaccounted: { expr: "count == 0" }
variants:
  - name: fixed
    pipeline: { governor: { name: fixed-threshold } }
  - name: open
    pipeline: { governor: { name: none } }
`;

beforeAll(async () => {
  await ensureBuilt();
  folder = mkdtempSync(join(tmpdir(), "rehearsal-run-"));
  const made = await runSim(["generate", "market", "--out", join(folder, "rec"), "--symbols", "3", "--days", "1"]);
  expect(made).toMatchObject({ code: 0, stderr: "" });
  scenario = place("small.yaml", SCENARIO);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function place(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

const sim = (...args: string[]) => runSim(args, { cwd: folder });
const runsIn = (out: string) => readdirSync(join(folder, out));

interface RunDocument {
  schema: string;
  run: { id: string; partial: boolean; marketEvents: number };
  summaries: { run: { id: string; variant: string; seeds: string[]; partial: boolean; entries: number } }[];
  exit: { code: number; causes: number[] };
}

describe("sim run", () => {
  test("reports on stdout, keeps stderr for notices, and leaves whole files under the run's id", async () => {
    const { code, stdout, stderr } = await sim("run", scenario, "--out", "first");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const id = /^run (r-[0-9a-f]{8}) {2}scenario small @/.exec(stdout)?.[1];
    expect(runsIn("first")).toEqual([id]);
    expect(readdirSync(join(folder, "first", id!)).sort()).toEqual([
      "comparison.json",
      "fixed",
      "junit.xml",
      "open",
      "report.html",
      "summary.md",
    ]);
    for (const variant of ["fixed", "open"]) {
      const files = join(folder, "first", id!, variant);
      expect(readdirSync(files).sort()).toEqual(["decisions.ndjson", "journal.ndjson", "summary.json"]);
      const journal = readFileSync(join(files, "journal.ndjson"), "utf8").split("\n");
      expect(JSON.parse(journal[0]!)).toMatchObject({ schema: "rehearsal.journal/1", runId: id, variant });
      expect(journal.length).toBeGreaterThan(20);
      expect(journal.at(-1)).toBe("");
      const summary = JSON.parse(readFileSync(join(files, "summary.json"), "utf8"));
      expect(summary).toMatchObject({ schema: "sim.summary/1", run: { id, variant, partial: false } });
      expect(summary.thresholds).toEqual([expect.objectContaining({ metric: "funnel.unaccounted", status: "ok" })]);
    }
  });

  test("a second time reuses the run: same id, same bytes on stdout, same files", async () => {
    const first = await sim("run", scenario, "--out", "again", "--reproducible");
    const second = await sim("run", scenario, "--out", "again", "--reproducible");
    expect(second).toEqual(first);
    expect(runsIn("again")).toHaveLength(1);
  });

  test("refuses to overwrite a run whose files were changed, until --force says so", async () => {
    await sim("run", scenario, "--out", "edited");
    const [id] = runsIn("edited");
    const file = join(folder, "edited", id!, "open/summary.json");
    writeFileSync(file, "{}");
    const refused = await sim("run", scenario, "--out", "edited");
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("--force replaces it");
    expect(readFileSync(file, "utf8")).toBe("{}");
    expect((await sim("run", scenario, "--out", "edited", "--force")).code).toBe(0);
    expect(readFileSync(file, "utf8")).toContain("sim.summary/1");
    expect(runsIn("edited")).toEqual([id]);
  });

  test("seed, variants and window are chosen on the command line and belong to the id", async () => {
    const document = async (...args: string[]) => {
      const { stdout } = await sim("run", scenario, "--out", "chosen", "--json", ...args);
      return JSON.parse(stdout) as RunDocument;
    };
    const base = await document();
    expect(base).toMatchObject({ schema: "sim.run/1", exit: { code: 0, causes: [] } });
    expect(base.summaries.map(({ run }) => run.variant)).toEqual(["fixed", "open"]);
    const seeded = await document("--seed", "6");
    const alone = await document("--variant", "open");
    const short = await document("--from", "2h", "--to", "20h");
    expect(seeded.summaries[0]?.run.seeds).toEqual(["6"]);
    expect(alone.summaries.map(({ run }) => run.variant)).toEqual(["open"]);
    expect(short.run.marketEvents).toBeLessThan(base.run.marketEvents);
    expect(new Set([base, seeded, alone, short].map(({ run }) => run.id)).size).toBe(4);
    expect(runsIn("chosen")).toHaveLength(4);
  });

  test("a variant alone decides exactly as among others", async () => {
    await sim("run", scenario, "--out", "many");
    await sim("run", scenario, "--out", "one", "--variant", "open");
    const [many] = runsIn("many");
    const [one] = runsIn("one");
    const body = (file: string) => readFileSync(join(folder, file), "utf8").split("\n").slice(1);
    const alone = body(`one/${one}/journal.ndjson`);
    expect(alone.length).toBeGreaterThan(20);
    expect(body(`many/${many}/open/journal.ndjson`)).toEqual(alone);
  });

  test("exits 10 when a threshold fails, 12 when one has no data, and 10 when an expectation fails", async () => {
    const withKeys = (name: string, keys: string) =>
      sim("run", place(name, `name: x\nrecording: rec\nintents: none\n${keys}\n`), "--out", "codes");
    const failed = await withKeys("f.yaml", 'thresholds: { entry.requests: { expr: "count > 5" } }');
    expect(failed.code).toBe(10);
    expect(failed.stdout).toContain("entry.requests");
    expect((await withKeys("n.yaml", 'thresholds: { entry.fill_rate: { expr: "rate > 0.5" } }')).code).toBe(12);
    const both = await withKeys(
      "b.yaml",
      'thresholds: { entry.fill_rate: { expr: "rate > 0.5" }, entry.requests: { expr: "count > 5" } }',
    );
    expect(both.code).toBe(10);
    const expected = await withKeys("e.yaml", "expect: { findings: [{ code: kill_switch_inert }] }");
    expect(expected.code).toBe(10);
    expect(expected.stdout).toContain("!!  base: finding kill_switch_inert at least 1x, found 0x");
    const absent = await withKeys("a.yaml", "expect: { findings: [{ code: kill_switch_inert, present: false }] }");
    expect(absent.code).toBe(0);
  });

  test("a folder gives one table and one exit code, and one unusable recording does not hide the others", async () => {
    const mixed = mkdtempSync(join(folder, "mixed-"));
    writeFileSync(join(mixed, "a.yaml"), "name: good\nrecording: ../rec\nintents: none\n");
    writeFileSync(join(mixed, "b.yaml"), "name: lost\nrecording: nowhere\n");
    const { code, stdout, stderr } = await sim("run", mixed, "--out", "table");
    expect(code).toBe(14);
    expect(stdout).toMatch(/^OK {2}good +passed/m);
    expect(stdout).toMatch(/^!! {2}lost +recording unusable/m);
    expect(stdout).toContain("2 scenarios   1 passed   1 not passed");
    expect(stderr).toContain("nowhere");
    const json = await sim("run", mixed, "--out", "table", "--json");
    expect(JSON.parse(json.stdout)).toMatchObject({ schema: "sim.runs/1", exit: { code: 14, causes: [14] } });
  });

  test("names symbols and windows that do not fit the recording before it runs", async () => {
    const file = place(
      "unfit.yaml",
      "name: unfit\nrecording: rec\nwindow: { from: 9d }\naccount: { positions: [{ symbol: NOPEUSDT, qty: 1, entryPrice: 2 }] }\n",
    );
    const { code, stderr } = await sim("run", file, "--out", "unfit");
    expect(code).toBe(2);
    expect(stderr).toContain('Cannot use symbol "NOPEUSDT"');
    expect(stderr).toContain("window.from: Cannot run the window");
    expect(existsSync(join(folder, "unfit"))).toBe(false);
  });

  test("an output folder that cannot be written is refused before the run", async () => {
    const blocked = place("blocked", "a file");
    const { code, stdout, stderr } = await sim("run", scenario, "--out", blocked);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain("a writable folder is needed; --out DIR chooses another");
  });

  test("keeps its exit code and leaves no stack when the reader of stdout leaves", () => {
    const command = `set -o pipefail; "${process.execPath}" "${process.cwd()}/dist/cli/sim.js" run small.yaml --out pipe | head -1`;
    const { status, stdout, stderr } = spawnSync("bash", ["-c", command], { cwd: folder, encoding: "utf8" });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(/^run r-/);
  });
});

describe("sim explain", () => {
  test("answers from the newest run, by id, by prefix, and by symbol and time", async () => {
    await sim("run", scenario, "--out", "told");
    const [id] = runsIn("told");
    const rows = readFileSync(join(folder, "told", id!, "open/decisions.ndjson"), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { type: string; planId: string; symbol: string; time: string });
    const plan = rows.find(({ type }) => type === "plan.published")!;
    const byId = await sim("explain", plan.planId, "--out", "told", "--variant", "open");
    expect(byId.code).toBe(0);
    expect(byId.stdout).toContain(plan.planId);
    const document = await sim("explain", plan.planId, "--out", "told", "--variant", "open", "--json");
    expect(JSON.parse(document.stdout)).toMatchObject({
      schema: "sim.explain/1",
      id: plan.planId,
      run: { variant: "open" },
    });
    const place = await sim(
      "explain",
      "--symbol",
      plan.symbol,
      "--at",
      plan.time,
      "--out",
      "told",
      "--variant",
      "open",
    );
    expect(place.stdout).toContain(plan.planId);
  });

  test("refuses an unknown id with the nearest ones, an unknown variant and a missing question", async () => {
    await sim("run", scenario, "--out", "told");
    const unknown = await sim("explain", "zzzzzzzz", "--out", "told");
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toContain("nearest: ");
    expect((await sim("explain", "x", "--out", "told", "--variant", "opne")).stderr).toContain("did you mean open?");
    expect((await sim("explain", "--out", "told")).code).toBe(2);
    expect((await sim("explain", "x", "--out", "nothing-here")).stderr).toContain("sim run SCENARIO makes one");
  });
});

describe("Ctrl-C", () => {
  test("stops at the next tick, writes a partial report under its own name and exits 130", async () => {
    await sim("generate", "market", "--out", "long", "--symbols", "12", "--days", "10");
    const file = place("long.yaml", "name: long\nrecording: long\nstrategy: { name: ewma-cross }\n");
    const { code, stdout, stderr } = await runSim(["run", file, "--out", "stopped", "--json", "--progress", "bar"], {
      cwd: folder,
      onStart: (child) => {
        child.stderr?.once("data", () => child.kill("SIGINT"));
      },
    });
    expect(code).toBe(130);
    expect(stderr).toContain("stopping at the next tick");
    const document = JSON.parse(stdout) as RunDocument;
    expect(document.run.partial).toBe(true);
    expect(document.summaries[0]?.run.partial).toBe(true);
    expect(document.exit.code).toBe(130);
    expect(runsIn("stopped")).toEqual([`${document.run.id}-partial`]);
  });

  test("twice leaves at once: 130, and nothing half-written", async () => {
    const { code } = await runSim(["run", "long.yaml", "--out", "left", "--progress", "bar"], {
      cwd: folder,
      onStart: (child) => {
        child.stderr?.once("data", () => {
          child.kill("SIGINT");
          child.kill("SIGINT");
        });
      },
    });
    expect(code).toBe(130);
    // Whether the second one came in time or the run had stopped by then: whole files or none.
    const left = runsIn("left");
    expect(left.filter((name) => !/^r-[0-9a-f]{8}-partial$/.test(name))).toEqual([]);
  });
});
