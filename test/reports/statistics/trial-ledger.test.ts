import { spawn } from "node:child_process";
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { UserError } from "../../../src/diagnostics/user-error.ts";
import {
  decodeLedger,
  distinctVariants,
  encodeTrial,
  type Trial,
  trialsOn,
  trialVariance,
} from "../../../src/reports/statistics/trial-ledger.ts";
import { appendTrials, readTrialLedger } from "../../../src/reports/statistics/trial-ledger-file.ts";
import { ensureBuilt } from "../../built-cli.ts";

const folder = mkdtempSync(join(tmpdir(), "trial-ledger-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const trial = (variant: string, value: number | null = 0.1, recording = "rec-a"): Trial => ({
  recording,
  variant,
  metric: "sharpe",
  value,
  tsMs: 1_769_472_000_000,
});

describe("the trial ledger", () => {
  test("comes back from its lines as it was", () => {
    const text = fc.string({ minLength: 1, maxLength: 50 });
    const value = fc.option(fc.double({ noNaN: true, noDefaultInfinity: true }).map((each) => each + 0));
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text, text, value), { maxLength: 10 }), (rows) => {
        const trials = rows.map(([recording, variant, metric, each], tsMs) => ({
          recording,
          variant,
          metric,
          value: each,
          tsMs,
        }));
        const lines = trials.map(encodeTrial);
        for (const line of lines) expect(line.indexOf("\n")).toBe(line.length - 1);
        expect(decodeLedger(lines.join(""))).toEqual({ trials, damaged: [] });
      }),
    );
  });

  test("counts a variant once, whatever its name, its metric and how often it ran, and per recording", () => {
    const trials = [trial("a"), trial("a", 0.3), { ...trial("a"), metric: "net" }, trial("b"), trial("c", 0, "rec-b")];
    const ledger = { trials, damaged: [] };
    expect(trialsOn(ledger, "rec-a").value).toBe(2);
    expect(trialsOn(ledger, "rec-b").value).toBe(1);
    expect(distinctVariants(ledger, "rec-a")).toEqual(["a", "b"]);
  });

  test("counts a variant whose metric was undefined: it was tried all the same", () => {
    expect(trialsOn({ trials: [trial("a", null)], damaged: [] }, "rec-a").value).toBe(1);
  });

  test("without trials or with a damaged line says N unknown instead of a smaller N", () => {
    expect(trialsOn({ trials: [], damaged: [] }, "rec-a").reason).toBe("n_unknown");
    const torn = decodeLedger(`${encodeTrial(trial("a"))}{"v":1,"recording":"rec-a","vari`);
    expect(torn.damaged).toEqual([{ line: 2, text: '{"v":1,"recording":"rec-a","vari' }]);
    expect(trialsOn(torn, "rec-a").reason).toBe("ledger_damaged");
  });

  test.each([
    "null",
    "[]",
    '{"v":2,"recording":"r","variant":"v","metric":"m","value":1,"tsMs":1}',
    '{"v":1,"recording":"","variant":"v","metric":"m","value":1,"tsMs":1}',
    '{"v":1,"recording":"r","variant":"v","metric":"m","value":"1","tsMs":1}',
    '{"v":1,"recording":"r","variant":"v","metric":"m","value":1e999,"tsMs":1}',
    '{"v":1,"recording":"r","variant":"v","metric":"m","value":1,"tsMs":0.5}',
  ])("takes %s for damage", (line) => {
    expect(decodeLedger(`\n${line}\n\n`)).toMatchObject({ trials: [], damaged: [{ line: 2 }] });
  });

  test("takes the variance over the latest value of each variant, n - 1", () => {
    const trials = [trial("a", 9), trial("a", 1), trial("b", 3), trial("c", null)];
    expect(trialVariance({ trials, damaged: [] }, { recording: "rec-a", metric: "sharpe" }).value).toBe(2);
    expect(trialVariance({ trials, damaged: [] }, { recording: "rec-a", metric: "net" }).reason).toBe("too_few");
  });

  test.each([
    [{ ...trial("a"), variant: "" }, "variant has 0 characters"],
    [trial("a", Number.NaN), "value NaN"],
    [{ ...trial("a"), tsMs: 0.5 }, "time 0.5"],
  ])("refuses to write %o", (bad, message) => {
    expect(() => encodeTrial(bad)).toThrow(message);
  });
});

describe("the ledger file", () => {
  test("does not exist before the first trial, then grows by appending", () => {
    const path = join(folder, "new/.sim/trials.ndjson");
    expect(readTrialLedger(path)).toEqual({ trials: [], damaged: [] });
    appendTrials(path, []);
    appendTrials(path, [trial("a")]);
    const before = readFileSync(path, "utf8");
    appendTrials(path, [trial("b"), trial("c")]);
    expect(readFileSync(path, "utf8").startsWith(before)).toBe(true);
    expect(readTrialLedger(path).trials.map(({ variant }) => variant)).toEqual(["a", "b", "c"]);
  });

  test("closes the line of a killed writer, which costs only itself", () => {
    const path = join(folder, "torn.ndjson");
    appendTrials(path, [trial("a")]);
    appendFileSync(path, encodeTrial(trial("b")).slice(0, 30));
    appendTrials(path, [trial("c")]);
    const { trials, damaged } = readTrialLedger(path);
    expect(trials.map(({ variant }) => variant)).toEqual(["a", "c"]);
    expect(damaged).toHaveLength(1);
  });

  test("that cannot be written or read is the user's to repair, and says what reports do without it", () => {
    const path = join(folder, "is-a-folder");
    mkdirSync(path);
    for (const attempt of [() => appendTrials(path, [trial("a")]), () => readTrialLedger(path)]) {
      expect(attempt).toThrow(UserError);
      expect(attempt).toThrow(/Cannot (append to|read) the trial ledger: EISDIR.*N unknown/);
    }
  });

  describe("under several processes", () => {
    beforeAll(ensureBuilt, 120_000);

    test("loses and mixes no line", async () => {
      const path = join(folder, "shared.ndjson");
      const script = join(folder, "append.mjs");
      const module = fileURLToPath(new URL("../../../dist/reports/statistics/trial-ledger-file.js", import.meta.url));
      writeFileSync(
        script,
        `const { appendTrials } = await import(${JSON.stringify(pathToFileURL(module).href)});
        const [path, writer] = process.argv.slice(2);
        for (let index = 0; index < 200; index += 1) {
          appendTrials(path, ["own-" + writer + "-" + index, "common"].map((variant) => (
            { recording: "rec", variant, metric: "sharpe", value: index / 7, tsMs: index })));
        }`,
      );
      const writers = [0, 1, 2, 3].map(
        (writer) =>
          new Promise<number | null>((done) => {
            spawn(process.execPath, [script, path, String(writer)], { stdio: "inherit" }).on("close", done);
          }),
      );
      expect(await Promise.all(writers)).toEqual([0, 0, 0, 0]);
      const ledger = readTrialLedger(path);
      expect(ledger.damaged).toEqual([]);
      expect(ledger.trials).toHaveLength(4 * 200 * 2);
      expect(trialsOn(ledger, "rec").value).toBe(4 * 200 + 1);
    }, 60_000);
  });
});
