import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, expect, test } from "vitest";
import { verifySideBySide } from "../../src/verify/pool.ts";
import type { VerifyTask } from "../../src/verify/verify-task.ts";

const folder = mkdtempSync(join(tmpdir(), "verify-pool-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A worker that answers after as many ms as its scenario says, or dies as it says. */
const worker = join(folder, "worker.mjs");
writeFileSync(
  worker,
  `import { parentPort } from "node:worker_threads";
parentPort.on("message", async ({ scenario, goldens }) => {
  if (scenario === "throws") throw new Error("out of luck");
  if (scenario === "exits") process.exit(3);
  if (scenario === "crashes") return parentPort.postMessage({ crash: "RangeError: a hole\\n    at x" });
  if (scenario === "refuses") return parentPort.postMessage({ problems: [{ text: "Cannot write" }], exit: 2 });
  await new Promise((done) => setTimeout(done, Number(scenario)));
  parentPort.postMessage({ outcomes: goldens.map(({ file }) => ({ golden: file, status: "PASS", class: null, exit: 0 })) });
});
`,
);

function taskOf(scenario: string, place: number): VerifyTask {
  const goldens = [{ file: `${place}`, variant: "base" }];
  return { scenario, recording: "r", goldens, isStrict: false, isAll: false, because: null };
}

function run(scenarios: readonly string[], threads: number) {
  return verifySideBySide(scenarios.map(taskOf), { threads, worker: pathToFileURL(worker) });
}

test("outcomes are in the order of the tasks, whichever is done first", async () => {
  const outcomes = await run(["60", "1", "30", "1", "1", "1", "1", "1"], 3);
  expect(outcomes.map(({ golden }) => golden)).toEqual(["0", "1", "2", "3", "4", "5", "6", "7"]);
});

test("a thread that dies takes its task with it and no other", async () => {
  const outcomes = await run(["1", "throws", "1", "exits", "1", "crashes", "1"], 2);
  expect(outcomes.map(({ status, class: kind, exit }) => `${status} ${kind} ${exit}`)).toEqual([
    "PASS null 0",
    "CANNOT_REPLAY worker crashed 1",
    "PASS null 0",
    "CANNOT_REPLAY worker crashed 1",
    "PASS null 0",
    "CANNOT_REPLAY worker crashed 1",
    "PASS null 0",
  ]);
  const texts = outcomes.flatMap(({ problems }) => problems ?? []).map(({ text }) => text);
  expect(texts[0]).toMatch(/the worker crashed, out of luck/);
  expect(texts[1]).toMatch(/ended with code 3/);
  expect(texts[2]).toBe("Cannot replay the recording: the worker crashed, RangeError: a hole");
});

test("what a person can mend ends the whole", async () => {
  await expect(run(["1", "refuses", "1"], 2)).rejects.toThrow(/Cannot write/);
});
