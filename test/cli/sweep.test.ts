import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runVariants } from "../../src/lab/run/run-variants.ts";
import { openRecording } from "../../src/recording/reader.ts";
import { sweepDocumentSchema, sweepJsonSchemaText } from "../../src/reports/comparison/sweep-document.ts";
import { loadScenario } from "../../src/sim/scenario/load.ts";
import { ensureBuilt, runSim } from "../built-cli.ts";
import { hasRedis, RedisServer } from "../live/redis-server.ts";
import { repositoryPath } from "../sim/run/run-helpers.ts";

let folder = "";
let scenario = "";

const SCENARIO = `
name: small-sweep
recording: ${repositoryPath("recordings/regime-flip")}
seed: 7
window: { to: 20h }
warmup: 5h
strategy: { name: ewma-cross, params: { fast: 30, slow: 120, band: 0.0008, cooldown: 30m } }
exchange: { latency: { order: { median: 80ms, sigma: 0.5 } } }
pipeline:
  trackers: { marketStateInterval: 15m }
  killScore: { sigmaRef: 0.0015 }
  governor: { name: z-score }
sweep:
  parameters:
    pipeline.governor.params.entryBase: [0.5, 1, 2]
    pipeline.harvest.killThreshold: [0.7, 0.8]
`;

beforeAll(async () => {
  await ensureBuilt();
  folder = mkdtempSync(join(tmpdir(), "rehearsal-sweep-"));
  scenario = join(folder, "small.yaml");
  writeFileSync(scenario, SCENARIO);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const sim = (...args: string[]) => runSim(args, { cwd: folder });
const sweepFolder = (out: string) => join(folder, out, "sweep", readdirSync(join(folder, out, "sweep"))[0]!);
const sweepFile = (out: string) => readFileSync(join(sweepFolder(out), "sweep.json"), "utf8");
/** The ledger counts what was ever tried, so each sweep of a test has its own. */
const own = (out: string) => ["--out", out, "--trials", `${out}.trials`];

describe("sim sweep", () => {
  test("gives every variant the journal it has alone, ranks them, and says nothing is best", async () => {
    const { code, stdout } = await sim("sweep", scenario, ...own("one"), "--quiet");
    expect(code).toBe(0);
    const document = sweepDocumentSchema.parse(JSON.parse(sweepFile("one")));
    const loaded = loadScenario(scenario);
    const alone = await runVariants({ scenario: loaded, recording: openRecording(loaded.recordingPath) });
    expect(Object.fromEntries(document.rows.map((row) => [row.variant, row.journalSha256]))).toEqual(
      Object.fromEntries(alone.map((record) => [record.variant, record.journalSha256])),
    );
    const nets = document.rows.map(({ netPnlQuote }) => Number(netPnlQuote));
    expect(nets).toEqual([...nets].sort((left, right) => right - left));
    expect(stdout).toContain("NET BY entryBase (down) AND killThreshold (across)");
    expect(stdout).not.toMatch(/\bbest\b/);
    expect(document.comparison!.candidates).toHaveLength(6);
    expect(readFileSync(join(folder, "one.trials"), "utf8").trim().split("\n").length).toBeGreaterThan(3);
  });

  test("is the same bytes with one thread, and when it goes on after a kill", async () => {
    await sim("sweep", scenario, ...own("single"), "--jobs", "1", "--quiet");
    expect(sweepFile("single")).toBe(sweepFile("one"));
    const killed = await runSim(["sweep", scenario, ...own("killed"), "--jobs", "1"], {
      cwd: folder,
      onStart: (child) =>
        child.stderr!.on("data", (text: string) => {
          if (/^sweep {2}[1-5] of/m.test(String(text))) child.kill("SIGKILL");
        }),
    });
    expect(killed.code).toBeNull();
    const kept = readdirSync(join(sweepFolder("killed"), "records")).filter((name) => name.endsWith(".json")).length;
    expect(kept).toBeGreaterThan(0);
    expect(kept).toBeLessThan(7);
    const again = await sim("sweep", scenario, ...own("killed"), "--resume");
    expect(again.code).toBe(0);
    expect(again.stderr).toMatch(new RegExp(`of 7 runs, ${kept} kept`));
    expect(sweepFile("killed")).toBe(sweepFile("one"));
  });

  test("runs every variant under every seed and profile, and shows the spread and what flips", async () => {
    const { code } = await sim(
      "sweep",
      scenario,
      ...own("many"),
      "--quiet",
      "--to",
      "12h",
      "--seeds",
      "1..2",
      "--profile",
      "neutral,adverse",
    );
    expect(code).toBe(0);
    const { rows, seeds, profiles, comparison } = sweepDocumentSchema.parse(JSON.parse(sweepFile("many")));
    expect([seeds, profiles]).toEqual([
      ["1", "2"],
      ["neutral", "adverse"],
    ]);
    for (const { netPnlOrdered } of rows) {
      expect(netPnlOrdered).toHaveLength(4);
      expect(netPnlOrdered).toEqual([...netPnlOrdered].sort((left, right) => left - right));
    }
    expect(comparison!.candidates[0]!.metrics[0]!.bySeed.cases).toHaveLength(2);
    expect(comparison!.candidates[0]!.metrics[0]!.byProfile.cases).toHaveLength(2);
  });

  test("lets go of dominated variants only when asked, and names each with who dominates it", async () => {
    const { code, stdout } = await sim("sweep", scenario, ...own("stopped"), "--quiet", "--stop-dominated", "0.6");
    expect(code).toBe(0);
    const { stopping, rows } = sweepDocumentSchema.parse(JSON.parse(sweepFile("stopped")));
    expect(stopping!.stopped.length).toBeGreaterThan(0);
    expect(rows.length + stopping!.stopped.length).toBe(7);
    for (const { variant } of stopping!.stopped) expect(rows.map((row) => row.variant)).not.toContain(variant);
    expect(stdout).toMatch(/STOPPED EARLY {2}\d[\s\S]*dominated by/);
  });

  test.each([
    [["--jobs", "0"], /--jobs "0": a whole number from 1/],
    [["--stop-dominated", "2"], /a share above 0 and below 1/],
    [["--baseline", "nobody"], /no variant of that name/],
    [["--queue", "nowhere"], /redis:\/\/127\.0\.0\.1:6379/],
  ])("%j is refused", async (more, expected) => {
    const { code, stderr } = await sim("sweep", scenario, ...own("bad"), "--quiet", ...more);
    expect(code).toBe(2);
    expect(stderr).toMatch(expected);
  });

  test("stops at Ctrl-C with what it has, and says how to go on", async () => {
    const { code, stderr } = await runSim(["sweep", scenario, ...own("stopping"), "--jobs", "1"], {
      cwd: folder,
      onStart: (child) => child.stderr!.once("data", () => child.kill("SIGINT")),
    });
    expect(code).toBe(130);
    expect(stderr).toMatch(/runs are missing; --resume goes on/);
  });
});

describe.skipIf(!hasRedis)("sim sweep --queue", () => {
  test("has the bytes of a local sweep although one of its workers is killed", async () => {
    const server = await RedisServer.start();
    const workers: { kill(signal: NodeJS.Signals): unknown; done: Promise<unknown> }[] = [];
    const startWorker = (onTaken?: (kill: () => void) => void) => {
      let child: { kill(signal: NodeJS.Signals): unknown } | undefined;
      const done = runSim(["worker", "--queue", server.url, "--jobs", "1", "--lease", "2s"], {
        cwd: folder,
        onStart: (started) => {
          child = started;
          started.stderr!.on("data", (text: string) => {
            if (String(text).includes("done")) onTaken?.(() => started.kill("SIGKILL"));
          });
        },
      });
      workers.push({ kill: (signal) => child?.kill(signal), done });
    };
    try {
      let isKilled = false;
      startWorker((kill) => {
        if (isKilled) return;
        isKilled = true;
        kill();
      });
      const sweeping = sim("sweep", scenario, ...own("queued"), "--queue", server.url, "--quiet");
      while (!isKilled) await new Promise((resume) => setTimeout(resume, 50));
      startWorker();
      const { code, stderr } = await sweeping;
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(sweepFile("queued")).toBe(sweepFile("one"));
    } finally {
      for (const { kill } of workers) kill("SIGKILL");
      await Promise.all(workers.map(({ done }) => done));
      await server.close();
    }
  });
});

test("schemas/sweep.schema.json is what `sim schema --of sweep` writes", () => {
  expect(sweepJsonSchemaText()).toBe(readFileSync(repositoryPath("schemas/sweep.schema.json"), "utf8"));
});
