import { spawn, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createLiveRecording } from "../../../src/recording/live/live-recording.ts";
import { recoverRecording } from "../../../src/recording/live/recover-recording.ts";
import { sealRecovered } from "../../../src/recording/live/seal-recovered.ts";
import { openRecording } from "../../../src/recording/reader.ts";
import { verifyRecording } from "../../../src/recording/verify.ts";
import { createRandomStreams } from "../../../src/sim/time/random-streams.ts";
import { ensureBuilt } from "../../built-cli.ts";

const KILLS = 200;
const AT_ONCE = 4;

const here = fileURLToPath(new URL("./", import.meta.url));
const root = fileURLToPath(new URL("../../../", import.meta.url));

/** Module of the recorder that child processes load. */
let built: URL;
let base = "";

beforeAll(async () => {
  await ensureBuilt();
  base = mkdtempSync(join(tmpdir(), "killed-recorder-"));
  // A copy: a build that runs meanwhile writes dist/ anew, and children load it hundreds of times.
  const copy = join(base, "package");
  for (const folder of ["recording", "diagnostics", "engine"]) {
    cpSync(join(root, "dist", folder), join(copy, "dist", folder), { recursive: true });
  }
  cpSync(join(root, "package.json"), join(copy, "package.json"));
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  built = pathToFileURL(join(copy, "dist/recording/live/live-recording.js"));
});

afterAll(() => {
  if (base !== "") rmSync(base, { recursive: true, force: true });
});

/** Lets a recorder run in `dir` and kills it `afterMs` after it was ready; the last number it had acknowledged. */
function recordAndKill(dir: string, first: number, afterMs: number): Promise<number> {
  return new Promise((done, fail) => {
    const script = join(here, "children/record-until-killed.mjs");
    const child = spawn(process.execPath, [script, built.href, dir, String(first)], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let text = "";
    let errors = "";
    child.stderr.on("data", (chunk) => {
      errors += chunk;
    });
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      if (text === "") setTimeout(() => child.kill("SIGKILL"), afterMs);
      text += chunk;
    });
    child.on("error", fail);
    child.on("close", (_code, signal) => {
      if (signal !== "SIGKILL") fail(new Error(`the recorder ended by itself: ${errors}`));
      // The last line may be torn; it has a newline when it is whole.
      else done(Number(text.slice(0, text.lastIndexOf("\n")).split("\n").at(-1)) || 0);
    });
  });
}

/** Numbers of the rows of a sealed recording, in its order. */
function rowsOf(dir: string): number[] {
  const recording = openRecording(dir);
  const rows: [number, number][] = [];
  for (const { length, seq, price } of recording.batches()) {
    for (let i = 0; i < length; i++) rows.push([seq[i]!, price[i]! - 1]);
  }
  for (const { seq, stream, payload } of recording.inputs()) {
    if (stream === "trade.intent") rows.push([seq, payload["n"] as number]);
  }
  return rows.sort(([left], [right]) => left - right).map(([, n]) => n);
}

test(`a recorder killed ${KILLS} times at random instants keeps every record it acknowledged, in order`, async () => {
  const random = createRandomStreams("killed-recorder").stream("instants");
  const lives = Array.from({ length: AT_ONCE }, (_, index) => ({
    dir: join(base, `live-${index}`),
    // Kills fall anywhere between the first write and some dozens of flushes and rotations later.
    delaysMs: Array.from({ length: KILLS / AT_ONCE }, () => random.next() * 40),
    sessions: [] as { first: number; acknowledged: number }[],
  }));
  await Promise.all(
    lives.map(async ({ dir, delaysMs, sessions }) => {
      let first = 1;
      for (const delayMs of delaysMs) {
        const acknowledged = await recordAndKill(dir, first, delayMs);
        sessions.push({ first, acknowledged });
        // A later session uses numbers no earlier one can have reached.
        first += 1_000_000;
      }
    }),
  );
  let records = 0;
  let torn = 0;
  for (const [index, { dir, sessions }] of lives.entries()) {
    const report = recoverRecording(dir);
    expect(report.recorder).toBe("died");
    const sealed = sealRecovered(dir, join(base, `sealed-${index}`), "test 1");
    verifyRecording(openRecording(sealed.dir));
    const rows = rowsOf(sealed.dir);
    const kept = new Set(rows);
    for (const [at, n] of rows.entries()) if (at > 0) expect(n).toBeGreaterThan(rows[at - 1]!);
    for (const { first, acknowledged } of sessions) {
      for (let n = first; n <= acknowledged; n++) if (!kept.has(n)) expect.fail(`row ${n} of ${dir} was acknowledged`);
    }
    const written = sessions.filter(({ first }) => kept.has(first)).length;
    expect(sealed.counts["restart"] ?? 0).toBeGreaterThanOrEqual(written - 1);
    expect(report.restarts).toBe(sessions.length - 1);
    records += rows.length;
    torn += report.setAside.length;
  }
  expect(records).toBeGreaterThan(KILLS);
  console.log(`killed ${KILLS} times: ${records} records kept, ${torn} torn tails set aside`);
});

test("a killed recording goes on in the same folder and seals to one recording", async () => {
  const dir = join(base, "goes-on");
  const acknowledged = await recordAndKill(dir, 1, 20);
  const live = createLiveRecording({ dir, id: "killed", createdBy: "test 1", fidelity: "mark" });
  live.market({ rxMs: 1_800_000_000_000, symbol: 0, price: "900000001" });
  const sealed = await live.seal();

  verifyRecording(openRecording(sealed.dir));
  const rows = rowsOf(sealed.dir);
  expect(rows.length).toBeGreaterThan(acknowledged);
  expect(rows.slice(0, acknowledged)).toEqual(Array.from({ length: acknowledged }, (_, index) => index + 1));
  expect(sealed.counts["restart"]).toBe(1);
});

test("a folder that another process records into is refused, until that process is dead", async () => {
  const dir = join(base, "taken");
  const script = join(here, "children/record-until-killed.mjs");
  const child = spawn(process.execPath, [script, built.href, dir, "1"], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((done) => child.on("close", done));
  await new Promise((done) => child.stdout.once("data", done));
  const again = { dir, id: "killed", createdBy: "test 1", fidelity: "mark" } as const;

  expect(() => createLiveRecording(again)).toThrow(`process ${child.pid} records "killed" into it`);

  child.kill("SIGKILL");
  await ended;
  createLiveRecording(again).close();
});

test("a full disk stops the recording, names what is safe, and leaves a prefix that can be verified", () => {
  const dir = join(base, "full");
  // 64 blocks of 1,024 bytes a file: the system answers EFBIG, as it answers ENOSPC on a full disk.
  const command = `ulimit -f 64; exec "$0" "$@"`;
  const script = join(here, "children/record-until-full.mjs");
  const child = spawnSync("bash", ["-c", command, process.execPath, script, built.href, dir], { encoding: "utf8" });
  const { name, message, hint, flushed, again } = JSON.parse(child.stdout) as Record<string, string | number>;

  expect(name).toBe("UserError");
  expect(flushed).toBeGreaterThanOrEqual(500);
  expect(message).toContain(
    `Cannot go on recording into the folder: the system answers EFBIG, a writable folder with free space is needed; ${flushed} records, to seq ${flushed}, are safe on the disk;`,
  );
  expect(hint).toContain(`"sim inspect ${dir}"`);
  expect(again, "no later row is taken quietly").toBe(message);
  const report = recoverRecording(dir);
  expect(report.verified).toMatchObject({ firstSeq: 1, records: report.verified.lastSeq });
  expect(report.verified.records).toBeGreaterThanOrEqual(flushed as number);
  expect(report.recorder).toBe("died");
  verifyRecording(openRecording(sealRecovered(dir, join(base, "full-sealed"), "test 1").dir));
});
