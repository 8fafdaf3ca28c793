import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LabJob } from "../../../src/lab/tasks/lab-job.ts";
import type { LabAnswer } from "../../../src/lab/tasks/task-runner.ts";
import { createThreadRunner } from "../../../src/lab/tasks/thread-runner.ts";

let folder = "";
/** A thread that dies on what a job's variant says, and counts its lives in files. */
let worker: URL;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "rehearsal-threads-"));
  const file = join(folder, "thread.mjs");
  writeFileSync(
    file,
    `import { parentPort } from "node:worker_threads";
import { existsSync, writeFileSync } from "node:fs";
parentPort.on("message", (job) => {
  const [variant] = job.variants;
  const mark = ${JSON.stringify(folder)} + "/" + variant;
  if (variant.startsWith("always")) process.exit(3);
  if (variant.startsWith("once") && !existsSync(mark)) { writeFileSync(mark, ""); process.exit(3); }
  parentPort.postMessage({ records: [{ variant }] });
});`,
  );
  worker = pathToFileURL(file);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function answersOf(variants: readonly string[]): Promise<LabAnswer[]> {
  const answers: LabAnswer[] = [];
  const jobs = variants.map((variant) => ({ variants: [variant] }) as unknown as LabJob);
  const runner = createThreadRunner({ threads: 2, worker });
  await runner.run(
    jobs,
    (place, answer) => (answers[place] = answer),
    () => false,
  );
  return answers;
}

describe("threads that run jobs", () => {
  test("answer each in its place", async () => {
    expect(await answersOf(["a", "b", "c"])).toEqual(["a", "b", "c"].map((variant) => ({ records: [{ variant }] })));
  });

  test("that die are replaced, and their job runs again once", async () => {
    expect(await answersOf(["a", "once-x", "b"])).toEqual(
      ["a", "once-x", "b"].map((variant) => ({ records: [{ variant }] })),
    );
  });

  test("that die of a job every time give it up by name, and the others go on", async () => {
    const answers = await answersOf(["always-y", "a", "b"]);
    expect(answers[0]).toEqual({ crash: "the thread ended with code 3 before it answered" });
    expect(answers.slice(1)).toEqual(["a", "b"].map((variant) => ({ records: [{ variant }] })));
  });
});
